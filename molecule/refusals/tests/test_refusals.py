"""Each refusal names the seat or the variable, the value and the fix, and changes nothing.

The conditions are made for real: a process on the port, a small disk, another release's name.
"""

import difflib
import json
import shlex
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from instances import machine, wait
from playbook import PROJECT, changed, run, said
from testinfra.host import Host

SCENARIO = Path(__file__).parents[1]
BARE = "refusals-bare"
READY = "refusals-ready"


@contextmanager
def unchanged(host: Host) -> Iterator[None]:
    """A seat that has to be the same afterwards."""
    before = host.check_output("/root/seat_state.sh").splitlines()
    yield
    after = host.check_output("/root/seat_state.sh").splitlines()
    assert list(difflib.unified_diff(before, after, lineterm="", n=0)) == []


@contextmanager
def condition(host: Host, make: str, undo: str) -> Iterator[None]:
    """A condition on the seat, for as long as the test needs it."""
    host.check_output(make)
    try:
        yield
    finally:
        host.check_output(undo)


INPUTS = {
    "a port that is a word": (
        {"flask_container_host_port": "huit"},
        ["flask_container_host_port", "huit", "int"],
    ),
    "settings of the container that Docker would refuse": (
        {
            "flask_container_host_port": 0,
            "flask_container_memory": "1k",
            "flask_container_bind_address": "203.0.113.7",
        },
        [
            "flask_container_host_port is 0",
            "1 to 65535",
            "flask_container_memory is 1k",
            "6M or more",
            "flask_container_bind_address is 203.0.113.7",
            "an address of the seat (127.0.0.1, ",
        ],
    ),
    "an unknown source": (
        {"docker_engine_source": "snap"},
        ["docker_engine_source", "distro, upstream", "snap"],
    ),
    "an unknown lifecycle": (
        {"flask_container_lifecycle": "eternal"},
        ["flask_container_lifecycle", "ephemeral, persistent", "eternal"],
    ),
    "options that are no dictionary": (
        {"docker_engine_daemon_options": ["debug"]},
        ["docker_engine_daemon_options", "list", "dict"],
    ),
    "a key with another fingerprint": (
        {
            "docker_engine_source": "upstream",
            "docker_engine_upstream_key": str(SCENARIO / "files/other.asc"),
        },
        [
            "docker_engine_upstream_key",
            "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
            "find out which",
        ],
    ),
    "a key that is none": (
        {
            "docker_engine_source": "upstream",
            "docker_engine_upstream_key": str(PROJECT / "site.yml"),
        },
        ["no OpenPGP key"],
    ),
    "a user who is not root and may not use sudo": (
        {"ansible_user": "student"},
        [f"{BARE}: it cannot be asked: sudo: a password is required", "-K asks for its password"],
    ),
}


@pytest.mark.parametrize("case", INPUTS)
def test_what_is_refused_before_anything_is_changed(host: Host, case: str) -> None:
    variables, words = INPUTS[case]
    with unchanged(host):
        result = run(BARE, **variables)
    assert result.returncode != 0
    for word in words:
        assert word in said(result), said(result)


CONDITIONS = {
    # setarch makes uname(2) answer so, for the module as for anybody.
    "another architecture": (
        "printf '#!/bin/sh\\nexec setarch i686 python3 \"$@\"\\n' > /usr/local/bin/python3-i686"
        " && chmod +x /usr/local/bin/python3-i686",
        "rm /usr/local/bin/python3-i686",
        ["i686", "x86_64 and aarch64", "out of the inventory"],
    ),
    "another system": (
        "mv /etc/os-release /etc/kept && printf 'ID=arch\\nPRETTY_NAME=Arch\\n' > /etc/os-release",
        "mv /etc/kept /etc/os-release",
        ["Arch", "not supported", "debian-12, debian-13"],
    ),
    "a full disk": (
        "mount -t tmpfs -o size=100m tmpfs /var/lib/docker",
        "umount /var/lib/docker",
        ["100 MiB free at /var/lib/docker", "docker_engine_min_free_mb", "3000", "make room"],
    ),
    "a process on the port": (
        "systemd-run --quiet --unit=squatter python3 -m http.server 8080"
        " && timeout 300 sh -c 'until ss -ltn | grep -q :8080; do sleep 0.2; done'",
        "systemctl stop squatter",
        ["port 8080 is held by python3 (pid ", "flask_container_host_port"],
    ),
    "a command labo that is somebody's own": (
        "printf '#!/bin/sh\n' > /usr/local/bin/labo",
        "rm /usr/local/bin/labo",
        ["/usr/local/bin/labo is there and is not the toolkit's", "move it elsewhere"],
    ),
    "a daemon.json that says something else": (
        'mkdir /etc/docker && echo \'{"data-root": "/srv/docker"}\' > /etc/docker/daemon.json',
        "rm -r /etc/docker",
        ["/etc/docker/daemon.json of its own", "data-root", "docker_engine_daemon_options"],
    ),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_what_is_refused_on_the_seats_own_account(host: Host, tmp_path: Path, case: str) -> None:
    make, undo, words = CONDITIONS[case]
    python = "/usr/local/bin/python3-i686" if "architecture" in case else "/usr/bin/python3"
    inventory = tmp_path / "python.yml"
    seat = {"ansible_python_interpreter": python}
    inventory.write_text(json.dumps({"all": {"hosts": {BARE: seat}}}))
    with condition(host, make, undo), unchanged(host):
        result = run(BARE, "--inventory", str(inventory))
    assert result.returncode != 0
    for word in [BARE, *words]:
        assert word in said(result), said(result)


@pytest.fixture(scope="module")
def ready() -> Host:
    """The seat that is ready."""
    return machine(READY)


def squatter(ready: Host, name: str) -> AbstractContextManager[None]:
    """Somebody else's container, on the toolkit's port, while the toolkit's own is away."""
    return condition(
        ready,
        f"docker rm -f flask; docker run -d --name {name} -p 8080:80 --entrypoint sleep"
        " labocloud20202021:base 600",
        f"docker rm -f {name}",
    )


def test_a_port_that_a_students_container_holds(ready: Host) -> None:
    with squatter(ready, "mon-site"):
        result = run(READY)
        assert result.returncode != 0
        assert "port 8080 is held by container mon-site (labocloud20202021:base)" in said(result)
        assert ready.check_output("docker ps --format '{{.Names}}'") == "mon-site"


def test_a_container_of_that_name_that_is_a_students_own(ready: Host) -> None:
    """Made from the base, and with a copy of our label. No other playbook has looked before."""
    label = "--label labocloud.managed=true --label labocloud.image=course"
    theirs = f"docker run -d --name flask {label} --entrypoint sleep labocloud20202021:base 600"
    with condition(ready, f"docker rm -f flask; {theirs}", "docker rm -f flask"):
        result = run(READY, playbook="playbooks/flask.yml")
        assert result.returncode != 0
        assert f"{READY}: it has a container flask that runs labocloud20202021:base" in said(result)
        assert ready.check_output("docker ps --format '{{.Image}}'") == "labocloud20202021:base"


def test_a_docker_of_another_source_is_not_replaced(ready: Host) -> None:
    result = run(
        READY, docker_engine_source="upstream", docker_engine_upstream_fingerprint="0" * 40
    )
    assert result.returncode != 0
    for word in (READY, "docker.io", "docker_engine_replace"):
        assert word in said(result), said(result)
    assert ready.package("docker.io").is_installed


def test_too_little_disk_for_the_image(ready: Host) -> None:
    ready.check_output(
        "docker rm -f flask; docker rmi -f $(docker images -q labocloud20202021:python)"
    )
    result = run(READY, course_image_min_free_mb=10**9)
    assert result.returncode != 0
    for word in (READY, "MiB free at /var/lib/docker", "course_image_min_free_mb", "make room"):
        assert word in said(result), said(result)
    assert run(READY).returncode == 0


def test_a_room_whose_builder_is_away_says_so_for_each_seat(ready: Host) -> None:
    """No seat counts as ready that is not."""
    with condition(ready, "systemctl stop docker.socket docker", "systemctl start docker"):
        result = run(BARE, playbook="playbooks/image.yml")
        assert result.returncode != 0
        assert f"0 seats done, 1 needs you: {BARE}: {READY} builds for the room" in said(result)


def test_a_room_on_which_somebody_else_works(ready: Host) -> None:
    """A run that is done leaves no lock; a check needs none."""
    free = "test ! -e /run/labocloud.lock"
    wait(ready, free)
    owner = {"user": "prof", "host": "desk", "machine": "f0", "process": "boot 812 9034"}
    lock = json.dumps({"owner": owner, "since": "2026-11-25T08:30:00+00:00"})
    # The container may have ended with the engine, in a test before this.
    make = f"docker stop flask; echo {shlex.quote(lock)} > /run/labocloud.lock"
    with condition(ready, make, "rm -f /run/labocloud.lock"):
        result = run(READY)
        assert result.returncode != 0
        assert "prof@desk works on this room since 2026-11-25" in said(result)
        assert said(result).endswith("-e room_lock_take_over=yes")
        assert run(READY, "--check", playbook="playbooks/flask.yml").returncode == 0
        assert ready.check_output("docker ps --quiet") == ""
        assert changed(run(READY, playbook="playbooks/flask.yml", room_lock_take_over=True)) > 0
        wait(ready, free)


def test_of_a_machine_that_is_refused_nothing_is_removed(ready: Host) -> None:
    theirs = "docker run -d --name theirs --entrypoint sleep labocloud20202021:base 600"
    with condition(ready, theirs, "docker rm --force theirs"):
        wrong = {"room_page_min_free_mb": "viel", "docker_engine_purge": True}
        result = run(READY, playbook="playbooks/remove.yml", **wrong)
        assert result.returncode != 0
        for word in (READY, "room_page_min_free_mb", "viel"):
            assert word in said(result), said(result)
        assert "theirs" in ready.check_output("docker ps --format '{{.Names}}'").split()


def test_a_broken_option_never_leaves_a_seat_without_docker(ready: Host) -> None:
    """Debian 12's engine cannot validate: it is started with the option, and then without."""
    before = ready.file("/etc/docker/daemon.json").content_string
    result = run(READY, docker_engine_daemon_options={"no-such-option": True})
    assert result.returncode != 0
    for word in (READY, "no-such-option", "docker_engine_daemon_options", "Fix: correct"):
        assert word in said(result), said(result)
    assert ready.file("/etc/docker/daemon.json").content_string == before
    assert ready.service("docker").is_running
    assert ready.run("docker info").rc == 0


def test_a_user_that_is_no_account(ready: Host) -> None:
    """On the command line, -e docker_engine_users=NAME is a text."""
    result = run(READY, docker_engine_users="nobody-knows-me")
    assert result.returncode != 0
    for word in (READY, "docker_engine_users", "nobody-knows-me", "Fix: make the account"):
        assert word in said(result), said(result)


def test_an_app_that_does_not_answer_shows_its_log(ready: Host) -> None:
    """The container exists, and yet the page does not answer: 4 MiB of memory are too few."""
    result = run(READY, flask_container_memory="6M", flask_container_start_timeout=3)
    assert result.returncode != 0
    for word in (READY, "does not answer", "flask_container_memory (6M)"):
        assert word in said(result), said(result)
    assert run(READY).returncode == 0


def test_a_broken_option_on_a_bare_seat(host: Host) -> None:
    """The last test, since it installs: Docker runs with the defaults, and the run says why."""
    result = run(BARE, docker_engine_daemon_options={"no-such-option": True})
    assert result.returncode != 0
    for word in (BARE, "no-such-option", "docker_engine_daemon_options", "Fix: correct"):
        assert word in said(result), said(result)
    assert host.service("docker").is_running
    assert "no-such-option" not in host.file("/etc/docker/daemon.json").content_string
