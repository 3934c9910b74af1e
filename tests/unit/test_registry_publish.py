"""Show what a registry keeps, and the unit that pushes; molecule/room pushes for real."""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import commands
from ansible_collections.labocloud.room.plugins.modules import registry_publish

TAGS = {"python-1": 1.0, "python-2": 2.0, "python-3": 3.0, "base-1": 1.0}
STORAGE = "/var/lib/docker-registry/room"
# The stand-in listens as a registry would, and notes the configuration that it was started with.
REGISTRY = """\
[ "$1" = serve ] || { echo "$@" >>"$NOTES/collected"; exit; }
cp "$2" "$NOTES/config.json"
exec python3 -c '
import os, socket, time
listening = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
time.sleep(60)
'"""
SKOPEO = """\
echo "$@" >>"$NOTES/copied"
[ ! -e "$NOTES/broken" ] || { echo "no such image" >&2; exit 1; }"""


def test_the_newest_of_each_kind_stay() -> None:
    assert registry_publish.outdated(TAGS, set(), 2) == ["python-1"]
    assert registry_publish.outdated(TAGS, set(), 3) == []


def test_what_is_pushed_now_stays_and_counts() -> None:
    """A revision to which the room went back is the oldest one, and in use."""
    assert registry_publish.outdated(TAGS, {"python-1"}, 2) == ["python-2"]
    assert registry_publish.outdated(TAGS, {"python-1"}, 1) == ["python-2", "python-3"]


def command(images: dict[str, str], old: list[str], storage: str = STORAGE) -> list[str]:
    return registry_publish.unit(images, "course", storage, old, "net:[1]")


def test_systemd_replaces_nothing_in_the_script() -> None:
    assert "${" not in registry_publish.SCRIPT


def properties() -> dict[str, str]:
    words = [word for word in command({"a": "x"}, []) if word.startswith("--property=")]
    return dict(word.removeprefix("--property=").split("=", 1) for word in words)


def test_systemd_ends_a_push_whatever_becomes_of_who_asked_for_it() -> None:
    words = command({"a": "x"}, [])
    assert words[0] == "systemd-run"
    assert "--scope" not in words  # which would be this process's own child
    assert int(properties()["RuntimeMaxSec"]) <= 15 * 60


def test_a_push_has_an_account_a_sandbox_and_a_network_of_its_own() -> None:
    settings = properties()
    assert settings["User"] == "labocloud-push"
    assert settings["PrivateNetwork"] == "yes"
    assert settings["ProtectSystem"] == "strict"
    assert settings["ReadWritePaths"] == STORAGE
    assert settings["CapabilityBoundingSet"] == ""


def test_the_engine_at_the_socket_saves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in.program(tmp_path / "docker", 'echo "$DOCKER_HOST $*"')
    monkeypatch.setitem(commands.ENVIRONMENT, "PATH", str(tmp_path))
    with tempfile.TemporaryFile() as file:
        registry_publish.save(["a:1"], file, "/run/other.sock")
        assert file.read() == b"unix:///run/other.sock save a:1\n"


class Host:
    """A host with stand-ins for the commands of the unit, whose script runs without systemd."""

    def __init__(self, directory: Path) -> None:
        self.notes = directory
        self.storage = directory / "storage"
        self.commands = directory / "bin"
        for name, text in (("docker-registry", REGISTRY), ("skopeo", SKOPEO)):
            stand_in.program(self.commands / name, text)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def tag(self, name: str) -> Path:
        """Make a tag in the storage."""
        path = self.storage / "docker/registry/v2/repositories/course/_manifests/tags" / name
        (path / "current").mkdir(parents=True)
        (path / "current/link").write_text("sha256:0")
        return path

    def run(
        self, images: dict[str, str], old: list[str], network: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the script of the unit, in its environment."""
        words = command(images, old, str(self.storage))
        assignments = [word.split("=", 2)[1:] for word in words if word.startswith("--setenv=")]
        environment = dict(assignments) | {
            "PORT": str(self.port),
            "NOTES": str(self.notes),
            "PATH": f"{self.commands}:{os.environ['PATH']}",
            "RUNTIME_DIRECTORY": str(self.notes),
        }
        if network:
            environment["HOST_NETWORK"] = network
        script = words[words.index("--") + 1 :]
        errors = self.notes / "errors"
        with errors.open("w") as output:
            process = subprocess.Popen(
                script, env=environment, stderr=output, start_new_session=True
            )
            process.wait(timeout=120)
        # Like systemd, this ends what the script leaves behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        return subprocess.CompletedProcess(script, process.returncode, "", errors.read_text())

    def noted(self, name: str) -> str:
        """Return what a stand-in has noted."""
        path = self.notes / name
        return path.read_text() if path.exists() else ""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_two_pushes_into_one_storage_wait_for_each_other(tmp_path: Path) -> None:
    storage = str(tmp_path)
    directory = os.open(storage, os.O_RDONLY)
    with registry_publish.alone(storage), pytest.raises(BlockingIOError):
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(directory)


def test_each_image_is_pushed_from_the_archive_and_old_ones_go(host: Host) -> None:
    kept, old = host.tag("python-2"), host.tag("python-1")
    uploads = kept.parents[2] / "_uploads/half"
    uploads.mkdir(parents=True)
    process = host.run({"python-3": "course:python", "base-1": "course:base"}, ["python-1"])
    assert process.returncode == 0, process.stderr
    copied = [line.split()[-2:] for line in host.noted("copied").splitlines()]
    archive, target = "docker-archive:/proc/self/fd/0:", f"docker://127.0.0.1:{host.port}/"
    assert copied == [
        [f"{archive}course:python", f"{target}course:python-3"],
        [f"{archive}course:base", f"{target}course:base-1"],
    ]
    assert kept.exists()
    assert not old.exists()
    assert not uploads.exists()
    assert host.noted("collected") != ""
    config = json.loads(host.noted("config.json"))
    assert config["http"]["addr"] == "127.0.0.1:5000"
    assert config["storage"]["filesystem"]["rootdirectory"] == str(host.storage)


def test_nothing_is_removed_where_a_push_fails(host: Host) -> None:
    old = host.tag("python-1")
    (host.notes / "broken").touch()
    process = host.run({"python-3": "course:python"}, ["python-1"])
    assert process.returncode != 0
    assert "no such image" in process.stderr
    assert old.exists()
    assert host.noted("collected") == ""


def test_no_registry_is_opened_in_the_hosts_own_network(host: Host) -> None:
    """Where systemd may not make a network, it runs a unit without one."""
    process = host.run({"python-3": "course:python"}, [], os.readlink("/proc/self/ns/net"))
    assert process.returncode != 0
    assert "a network of its own" in process.stderr
    assert host.noted("config.json") == ""


def test_a_registry_that_does_not_start_is_told_with_its_reason(host: Host) -> None:
    (host.commands / "docker-registry").write_text("#!/bin/sh\necho full disk >&2; exit 1\n")
    process = host.run({"python-3": "course:python"}, [])
    assert process.returncode != 0
    assert "full disk" in process.stderr
