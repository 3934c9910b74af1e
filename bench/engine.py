#!/usr/bin/python3
"""Measure a seat's Docker: its start, its memory, the course's page, a load, and a build.

Runs on the seat itself, as root, with the seat's own Python, and wrk from its distribution:
`./lab ansible pc03 -m ansible.builtin.script -a bench/engine.py`. To compare the two kinds of seat,
run it on one, have `docker_engine_students` changed, and run it again. Docker is restarted, which
stops the containers that run. Prints JSON of medians. Seconds: `restart` until Docker is up again,
`page` from `docker run` to the first answer, `load` of an image of 80 MB, `build` of the one of the
page How it works; `rate`, requests of the cheat sheet a second, on 32 connections; `latency`, the
median of the milliseconds that those for /healthz take, on one. MiB of memory after ten idle
seconds: `private_dirty` is what the engine's processes have written for themselves, `pss` has their
programs' files too. Everything that it creates is called labocloud-bench, and is removed.
"""

import argparse
import contextlib
import json
import re
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

NAME = "labocloud-bench"
IMAGE = "labocloud20202021:python"
PORT = 8099
# roles/flask_container sets limits too, which not every machine can give.
HARDENED = "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges"
DOCKERFILE = """\
FROM labocloud20202021:base
WORKDIR /python-app
COPY . /python-app
RUN pip install --no-index flask
"""
# These programs run for an engine; without root, all processes of its account do.
PROGRAMS = {"dockerd", "containerd", "rootlesskit", "exe", "slirp4netns"}
ACCOUNT = "labocloud-engine"


def sh(command: str) -> str:
    """Run a line of shell and return its output. Raises CalledProcessError where it fails."""
    done = subprocess.run(["/bin/sh", "-ec", command], capture_output=True, text=True, check=True)
    return done.stdout


def seconds(command: str) -> float:
    """Return the seconds that a line of shell takes."""
    begin = time.monotonic()
    sh(command)
    return time.monotonic() - begin


def memory() -> dict[str, float]:
    """Return the MiB of the engine's processes, as the kernel counts their pages."""
    kib = {"Private_Dirty": 0, "Pss": 0}
    for proc in Path("/proc").glob("[0-9]*"):
        # A process may have ended meanwhile, and its user may have no name.
        with contextlib.suppress(OSError, KeyError):
            if (proc / "comm").read_text().strip() in PROGRAMS or proc.owner() == ACCOUNT:
                rollup = (proc / "smaps_rollup").read_text()
                for kind, size in re.findall(r"^(Private_Dirty|Pss): +(\d+)", rollup, re.MULTILINE):
                    kib[kind] += int(size)
    return {kind.lower(): size / 1024 for kind, size in kib.items()}


def load(path: str, connections: int) -> tuple[float, float]:
    """Request a page for five seconds; return requests a second and their median milliseconds."""
    output = sh(
        f"wrk --latency --duration=5s --threads=1 --connections={connections}"
        f" http://127.0.0.1:{PORT}{path}"
    )
    [(half, unit)] = re.findall(r"50% +([\d.]+)(us|ms|s)\b", output)
    [rate] = re.findall(r"Requests/sec: +([\d.]+)", output)
    return float(rate), float(half) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def wait_for_page() -> None:
    """Wait until the page answers. Raises OSError where it does not in ten seconds."""
    end = time.monotonic() + 10
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=2).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def measure(work: Path) -> dict[str, float]:
    """Measure everything once. work: a directory for what is built and loaded."""
    sh(f"docker rm -f {NAME} 2>/dev/null || true")  # an interrupted measurement has left it
    results = {"restart": seconds("systemctl restart docker.service")}
    time.sleep(10)  # the engine has done by then what it does at its start
    results |= memory()
    begin = time.monotonic()
    sh(f"docker run -d --name {NAME} -p 127.0.0.1:{PORT}:8888 {HARDENED} {IMAGE}")
    wait_for_page()
    results["page"] = time.monotonic() - begin
    results["rate"] = load("/fr/cheat-sheet", 32)[0]
    results["latency"] = load("/healthz", 1)[1]
    # The import puts the same files in one layer, which no image has yet.
    sh(f"docker export {NAME} | docker import - {NAME}:load")
    sh(f"docker rm -f {NAME}; docker save -o {work}/image.tar {NAME}:load; docker rmi {NAME}:load")
    results["load"] = seconds(f"docker load -i {work}/image.tar")
    (work / "context").mkdir(exist_ok=True)
    (work / "context/Dockerfile").write_text(DOCKERFILE)
    results["build"] = seconds(
        f"docker build --no-cache --network none -t {NAME}:build {work}/context"
    )
    sh(f"docker rmi {NAME}:load {NAME}:build; rm {work}/image.tar")
    return results


def main() -> None:
    """Measure some times, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as work:
        turns = [measure(Path(work)) for _ in range(options.turns)]
    medians = {key: round(statistics.median(turn[key] for turn in turns), 2) for key in turns[0]}
    print(json.dumps(medians))


if __name__ == "__main__":
    main()
