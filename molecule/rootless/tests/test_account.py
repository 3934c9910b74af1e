"""Show who runs the parts of an engine without root, and who may use it."""

import json
import re
from typing import Any

import pytest
from testinfra.host import Host

ACCOUNT, GROUP = "labocloud-engine", "labocloud-docker"
DIRECTORY = "/run/labocloud-engine"


@pytest.fixture
def account(host: Host) -> Any:  # noqa: ANN401
    return host.user(ACCOUNT)


def test_nobody_can_be_root_by_docker(host: Host) -> None:
    assert host.group("docker").members == []
    assert host.user("student").groups == ["student", GROUP]
    assert host.group(GROUP).members == ["student"]


def test_nobody_logs_in_as_the_engines_account(host: Host, account: Any) -> None:  # noqa: ANN401
    assert account.shell == "/usr/sbin/nologin"
    assert account.password == "!"  # noqa: S105
    assert account.groups == [GROUP]
    assert host.run("su - student -c 'su --shell /bin/sh %s -c id'", ACCOUNT).rc != 0
    # Nothing that it starts with lies where it may write.
    home = host.file(account.home)
    assert (home.user, home.mode & 0o022) == ("root", 0)


@pytest.mark.parametrize("file", ["/etc/subuid", "/etc/subgid"])
def test_its_ids_are_nobody_elses(host: Host, file: str) -> None:
    """They are also no IDs of a directory's accounts: sssd counts from 200000 to 2000200000."""
    ranges = [line.split(":") for line in host.file(file).content_string.splitlines()]
    [(first, count)] = [
        (int(fields[1]), int(fields[2])) for fields in ranges if fields[0] == ACCOUNT
    ]
    assert first > 2_000_200_000
    assert count == 65536
    assert first + count < 2**32


def test_the_socket_is_for_the_group_alone(host: Host) -> None:
    link = host.file("/run/docker.sock")
    assert link.linked_to == f"{DIRECTORY}/docker.sock"
    socket, directory = host.file(link.linked_to), host.file(DIRECTORY)
    assert (socket.user, socket.group, socket.mode) == (ACCOUNT, GROUP, 0o660)
    assert (directory.user, directory.group, directory.mode) == (ACCOUNT, GROUP, 0o750)
    assert host.run("su - student -c 'docker ps'").rc == 0
    assert "permission denied" in host.run("su - other -c 'docker ps'").stderr


def test_no_engine_of_roots_runs_or_can_be_started(host: Host) -> None:
    processes = [
        line.split()
        for line in host.check_output("ps -e -o user:32=,comm=").splitlines()
        if re.search(r"dockerd|containerd|rootlesskit|slirp4netns|docker-proxy", line)
    ]
    assert len(processes) >= 4
    assert {user for user, _ in processes} == {ACCOUNT}
    for unit in ("docker.socket", "containerd.service"):
        assert host.check_output("systemctl show -P LoadState %s", unit) == "masked"
    host.run("systemctl start docker.socket containerd.service")
    assert host.run("systemctl is-active docker.socket containerd.service").rc != 0
    assert host.check_output("systemctl show -P User docker.service") == ACCOUNT
    assert host.run("ls /run/containerd/containerd.sock").rc != 0


def test_root_in_a_container_is_the_account_and_others_are_nobody(host: Host) -> None:
    """The kernel shows this; docker info could be wrong."""
    started = "docker run --rm -d --user %s --entrypoint sleep labocloud20202021:base 60"
    owners = []
    for user in ("0", "1000"):
        container = host.check_output(started, user)
        pid = host.check_output("docker inspect --format '{{.State.Pid}}' %s", container)
        owners.append(int(host.check_output("stat --format %%u /proc/%s", pid)))
        host.check_output("docker rm --force %s", container)
    first = int(host.check_output("sed -n 's/^labocloud-engine:\\([0-9]*\\):.*/\\1/p' /etc/subuid"))
    assert owners == [host.user(ACCOUNT).uid, first + 999]


def test_nothing_listens_that_was_not_asked_for(host: Host) -> None:
    listening = {
        line.split()[3]
        for line in host.check_output("ss --listening --tcp --numeric --no-header").splitlines()
    }
    # 127.0.0.11 is the name server that the instance has of the Docker that runs it.
    expected = {"127.0.0.1:8080", "0.0.0.0:22", "[::]:22"}
    assert {address for address in listening if not address.startswith("127.0.0.11:")} == expected


def test_the_container_is_the_toolkits_and_as_confined_as_it_can_be(host: Host) -> None:
    [container] = json.loads(host.check_output("docker inspect flask"))
    flags = container["HostConfig"]
    assert container["Config"]["Labels"]["labocloud.managed"] == "true"
    assert flags["ReadonlyRootfs"]
    assert flags["CapDrop"] == ["ALL"]
    assert flags["SecurityOpt"] == ["no-new-privileges"]
    assert flags["AutoRemove"]
