"""Have a real engine make the objects that the modules' tests are about, and record its answers.

It is run by hand and as root, for an engine that is not recorded yet, on a machine whose Docker is
empty (the objects stay there). IMAGES.tar is the output of `docker save labocloud20202021:python`
on any seat. In the folder of a checkout that was copied there:

    PYTHONPATH=.collections python3 tests/unit/recorded/record.py IMAGES.tar > 28.5.json

The recordings are of docker.io in instances of Debian 12, 13 and forky, which no test needs.
forky changes: record its present engine under that engine's name, and add the name to
test_recorded.py with the version to ask it in; its tests then show whether the modules understand
it. (For the present recording, dockerd was started by hand, since systemd of forky did not start in
an instance.)

A recording has `api` and `oldest`, the newest and the oldest version that the engine speaks, and
`answers`, path to answer: JSON, or `refused` with a status and a message. It has no facts of the
machine, and of /info only the fields about Docker.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    SOCKET,
    DockerConnection,
    EngineError,
)

COURSE = "labocloud20202021:python"
DOCKERFILE = f"FROM {COURSE}\nCOPY hello /hello\nLABEL student.work=1\n"
# DOCKER_BUILDKIT's value, and a name for what that builder builds.
BUILDERS = {"1": "student:buildkit", "0": "student:classic"}
ABOUT_DOCKER = (
    *("ServerVersion", "DockerRootDir", "Driver", "DriverStatus", "LoggingDriver", "Swarm"),
    *("HttpProxy", "HttpsProxy", "NoProxy", "NCPU", "CpuCfsQuota", "CgroupVersion", "Plugins"),
    *("SecurityOptions", "LiveRestoreEnabled"),
)
# These fields are long and no test needs them: paths of layers, and of a container's files.
LEFT_OUT = {
    *("GraphDriver", "SandboxID", "SandboxKey", "HostnamePath", "HostsPath", "LogPath"),
    *("ResolvConfPath", "MaskedPaths", "ReadonlyPaths", "Health"),
}
LISTS = ("/images/json?all=true", "/containers/json?all=true", "/networks", "/volumes")
OTHERS = ("/images/json", "/system/df", "/plugins", "/services", "/secrets", "/configs")


def docker(*arguments: str, **environment: str) -> None:
    """Run a docker command."""
    command = ["docker", *arguments]
    subprocess.run(command, check=True, stdout=sys.stderr, env=os.environ | environment)


def make(images: str) -> None:
    """Make one object of each kind: the toolkit's container, and a student's work."""
    docker("load", "--input", images)
    docker(
        *("run", "--detach", "--name", "flask", "--label", "labocloud.managed=true"),
        *("--publish", "127.0.0.1:8080:8888", COURSE),
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "hello").write_text("hello\n")
        Path(folder, "Dockerfile").write_text(DOCKERFILE)
        for buildkit, name in BUILDERS.items():
            docker("build", "--network", "none", "--tag", name, folder, DOCKER_BUILDKIT=buildkit)
    docker("network", "create", "lan")
    docker("volume", "create", "data")
    docker("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "options")
    docker(
        *("create", "--name", "work", "--network", "lan", "--volume", "data:/data"),
        "student:buildkit",
    )


def cut(answer: Any) -> Any:  # noqa: ANN401  # JSON
    """Return an answer without the fields of LEFT_OUT, at any depth."""
    if isinstance(answer, dict):
        return {key: cut(value) for key, value in answer.items() if key not in LEFT_OUT}
    return [cut(value) for value in answer] if isinstance(answer, list) else answer


def record(engine: DockerConnection) -> dict[str, Any]:
    """Return the recording of an engine."""
    answers: dict[str, Any] = {}

    def ask(path: str) -> Any:  # noqa: ANN401  # JSON
        try:
            answer = engine.ask(path)
        except EngineError as error:
            refusal = json.loads(str(error)[str(error).index("{") :])
            answers[path] = {"refused": [error.status, refusal["message"]]}
            return None
        answers[path] = cut(answer)
        return answer

    version, info = engine.ask("/version"), engine.ask("/info")
    answers["/info"] = {key: info[key] for key in ABOUT_DOCKER}
    images, containers, networks, volumes = map(ask, LISTS)
    for image in images:
        ask(f"/images/{image['Id']}/json")
    for container in containers:
        ask(f"/containers/{container['Id']}/json")
    for network in networks:
        ask(f"/networks/{network['Id']}")
    for volume in volumes["Volumes"]:
        ask(f"/volumes/{volume['Name']}")
    for path in OTHERS:
        ask(path)
    return {"api": version["ApiVersion"], "oldest": version["MinAPIVersion"], "answers": answers}


if __name__ == "__main__":
    make(sys.argv[1])
    with closing(DockerConnection(SOCKET)) as connection:
        print(json.dumps(record(connection), indent=1, sort_keys=True))
