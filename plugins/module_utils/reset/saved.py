# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What removing, saving and bringing back the things of a seat have in common."""

from __future__ import annotations

import fcntl
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    STREAM_SECONDS,
    DockerConnection,
)
from ansible_collections.labocloud.room.plugins.module_utils.files import sha256_of_stream

# What images are called in an archive: those that students tagged, and the containers' file
# systems, each with the first 12 digits of its ID.
REPOSITORY = "labocloud-saved"
LOCK = Path("/run/labocloud-reset.lock")
# The options of a volume whose data are on a device of its own, and stay there.
DEVICE = {"device", "type"}
# A tar or zstd that a user put first on the path is not meant.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
# Characters of what zstd says, which is a line.
LONGEST_WORDS = 1000
# A file in a directory while the files of a save are made there. Whoever makes them has the lock.
UNFINISHED = "unfinished"
# How long, in seconds, a directory that is not unfinished is left to the run that may fetch from
# it, or copy to it: others cannot tell whether its control machine is still there.
FRESH = 12 * 3600


def environment(docker_socket: str) -> dict[str, str]:
    """Give the environment of a docker command that is for the engine at a socket."""
    return ENVIRONMENT | {"DOCKER_HOST": f"unix://{docker_socket}"}


def run(
    command: list[str],
    docker_socket: str,
    *,
    check: bool = True,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    """Run a docker command for the engine at a socket, which may never end it by itself.

    Raises subprocess.CalledProcessError where it fails and check says so, and OSError, also where
    it takes too long.
    """
    try:
        return subprocess.run(  # noqa: S603  # no shell
            command,
            env=environment(docker_socket),
            check=check,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            errors="replace",
            timeout=STREAM_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        words = " ".join(command[:2])
        raise TimeoutError(f"{words} has not ended after {STREAM_SECONDS:.0f} s") from error


def age(directory: Path) -> float:
    """Give the seconds since something in a directory was last changed. Raises OSError."""
    return time.time() - max(path.lstat().st_mtime for path in (directory, *directory.iterdir()))


def clear(directory: Path) -> None:
    """Remove what runs that ended early have left beside a directory. The lock has to be ours."""
    for other in directory.parent.glob(f"{REPOSITORY}-*"):
        try:
            # A time to come is no reason to keep it for ever.
            left = (other / UNFINISHED).exists() or abs(age(other)) > FRESH
        except OSError:
            continue
        if other != directory and left:
            shutil.rmtree(other, ignore_errors=True)


@contextmanager
def alone(directory: Path | None = None) -> Iterator[None]:
    """Work while no other does: a run whose control machine was lost may still be at it.

    directory: where the files pass through. What runs that ended early have left beside it is
    removed.
    """
    with LOCK.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if directory:
            clear(directory)
        yield


def directory_stamp(docker: DockerConnection, directory: str) -> str:
    """Return what differs as soon as anything in a directory was written, or it is another one.

    The time at which the kernel has changed a file is set by nobody, and its number tells a file
    from another of its name. It is read with the engine's rights, as its bytes are. Raises OSError.
    """
    words = ["find", directory, "-xdev", "-printf", r"%D %i %C@ %p\0"]
    with subprocess.Popen(  # noqa: S603  # no shell
        docker.with_its_rights(words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=ENVIRONMENT,
        start_new_session=True,
    ) as find:
        found = sha256_of_stream(cast("IO[bytes]", find.stdout))
    if find.returncode != 0:
        raise OSError(f"{directory} cannot be read to its end")
    return found


def volume_stamp(docker: DockerConnection, volume: dict[str, Any]) -> str:
    """Return the stamp of a volume, which is empty where its data stay when it is removed.

    volume: the engine's description. Raises OSError.
    """
    elsewhere = volume["Driver"] != "local" or DEVICE & set(volume["Options"] or {})
    return "" if elsewhere else directory_stamp(docker, volume["Mountpoint"])


def container_stamp(docker: DockerConnection, container: dict[str, Any]) -> str:
    """Return what differs as soon as a container was started, or its own files were written.

    container: the engine's description. Raises OSError.
    """
    layer = ((container.get("GraphDriver") or {}).get("Data") or {}).get("UpperDir")
    files = directory_stamp(docker, layer) if layer else ""
    return f"{container['State']['StartedAt']} {files}"


@contextmanager
def unpacked(archive: Path) -> Iterator[IO[bytes]]:
    """Give what a packed archive holds: docker load of Debian 12 does not unpack zstd.

    Raises subprocess.CalledProcessError, with what zstd said as its stderr, where it cannot be
    unpacked to its end: whoever reads it then fails too, and can tell less.
    """
    command = ["zstd", "-dcq", str(archive)]
    failed: Exception | None = None
    with tempfile.TemporaryFile() as why:
        with subprocess.Popen(  # noqa: S603  # no shell, and a path of our own
            command, stdout=subprocess.PIPE, stderr=why, env=ENVIRONMENT
        ) as zstd:
            try:
                yield cast("IO[bytes]", zstd.stdout)
            except Exception as error:  # who is to blame is known when zstd has ended
                failed = error
        why.seek(0)
        said = why.read(LONGEST_WORDS).decode(errors="replace").strip()
    # One that nobody reads any more is stopped by that.
    if zstd.returncode != 0 and not (failed and zstd.returncode == -signal.SIGPIPE):
        raise subprocess.CalledProcessError(
            zstd.returncode, "zstd", stderr=said or f"zstd ends with {zstd.returncode}"
        ) from failed
    if failed:
        raise failed
