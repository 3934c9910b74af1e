"""The container flask: the course's flags, the hardening, the page."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from instances import wait
from testinfra.host import Host


@pytest.fixture
def container(docker: Callable[..., Any]) -> dict[str, Any]:
    [description] = docker("inspect", "flask")
    return description


def test_it_runs_with_the_courses_flags(
    container: dict[str, Any], settings: dict[str, Any]
) -> None:
    """--rm -d --name flask -p 8080:8888 labocloud20202021:python."""
    assert container["State"]["Running"]
    assert container["Config"]["Image"] == "labocloud20202021:python"
    assert container["HostConfig"]["AutoRemove"]
    assert not container["Config"]["AttachStdout"]
    assert container["HostConfig"]["PortBindings"] == {
        "8888/tcp": [
            {
                "HostIp": settings["flask_container_bind_address"],
                "HostPort": str(settings["flask_container_host_port"]),
            }
        ]
    }


def test_it_becomes_healthy(host: Host) -> None:
    """Docker asks for the first time one interval after the start."""
    command = "docker inspect --format '{{.State.Health.Status}}' flask"
    wait(host, f"{command} | grep -qx healthy")


def test_it_is_hardened(container: dict[str, Any], settings: dict[str, Any]) -> None:
    flags = container["HostConfig"]
    assert flags["ReadonlyRootfs"]
    assert flags["CapDrop"] == ["ALL"]
    assert not flags["CapAdd"]
    assert flags["SecurityOpt"] == ["no-new-privileges"]
    assert not flags["Privileged"]
    assert flags["Memory"] == flags["MemorySwap"] == 128 * 2**20
    assert flags["NanoCpus"] == settings["flask_container_cpus"] * 10**9
    assert flags["PidsLimit"] == settings["flask_container_pids_limit"]
    assert not container["Mounts"]


def test_its_process_is_not_root_and_cannot_become_it(host: Host) -> None:
    pid = host.check_output("docker inspect --format '{{.State.Pid}}' flask")
    status = dict(
        line.split(":\t", 1)
        for line in host.file(f"/proc/{pid}/status").content_string.splitlines()
    )
    assert status["Uid"].split() == ["10001"] * 4
    assert status["Gid"].split() == ["10001"] * 4
    assert status["NoNewPrivs"] == "1"
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd")} == {0}


@pytest.mark.parametrize("place", ["/", "/python-app", "/usr/bin"])
def test_it_cannot_write_its_own_files(host: Host, place: str) -> None:
    for user in ("10001", "0"):
        written = host.run(f"docker exec --user {user} flask touch {place}/written")
        assert written.rc != 0
        assert "Read-only file system" in written.stderr


def test_the_limits_are_in_force_inside(host: Host) -> None:
    """The container's own cgroup shows them, whichever version of cgroups the seat runs."""
    files = "/sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes"
    assert host.run(f"docker exec flask cat {files}").stdout.split() == [str(128 * 2**20)]


def test_the_page_answers_on_the_seat(container: dict[str, Any], get: Callable[[str], str]) -> None:
    page = get("http://localhost:8080/")
    assert "<h1>Votre conteneur répond</h1>" in page
    assert container["Config"]["Hostname"] in page
    assert container["Config"]["Labels"]["labocloud.revision"][:12] in page


def test_the_health_page_tells_the_same_as_the_image(
    container: dict[str, Any], get: Callable[[str], str]
) -> None:
    health = json.loads(get("http://localhost:8080/healthz"))
    assert health["status"] == "ok"
    assert health["container"] == container["Config"]["Hostname"]
    assert health["revision"] == container["Config"]["Labels"]["labocloud.revision"]


def test_it_is_marked_as_the_toolkits(container: dict[str, Any]) -> None:
    assert container["Config"]["Labels"]["labocloud.managed"] == "true"
