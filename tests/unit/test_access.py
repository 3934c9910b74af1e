"""Test that an engine is closed to its users for a while, and opened again in any case."""

import os
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import commands
from ansible_collections.labocloud.room.plugins.module_utils.engine import access
from ansible_collections.labocloud.room.plugins.module_utils.facts import students as facts_students
from ansible_collections.labocloud.room.plugins.module_utils.reset.lock import LOCK
from ansible_collections.labocloud.room.plugins.modules import docker_access

NOBODY = 65534


@pytest.fixture
def place(shared: Path) -> Iterator[Path]:
    """Yield the path of a socket that its group may use, in a directory that is open to all."""
    path = shared / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o660)
        yield path


@pytest.fixture(autouse=True)
def systemd_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the log of systemd's commands. A file `refuses` beside it refuses a timer."""
    log = tmp_path / "said"
    log.touch()
    programs = tmp_path / "programs"
    refusing = f"test ! -e {tmp_path}/refuses || {{ echo no bus >&2; exit 1; }}"
    for name, script in {"systemctl": "", "systemd-run": refusing}.items():
        stand_in.program(programs / name, f'echo "{name} $*" >> {log}\n{script}')
    monkeypatch.setitem(commands.ENVIRONMENT, "PATH", f"{programs}:{commands.ENVIRONMENT['PATH']}")
    monkeypatch.setattr(access, "SYSTEMD", str(tmp_path))
    return log


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_engine_is_closed_and_opened_and_a_timer_would_open_it(
    place: Path, systemd_log: Path
) -> None:
    access.close(str(place))
    assert mode(place) == 0o600
    stop = "systemctl stop labocloud-opening.timer labocloud-opening.service"
    stopped, timer = systemd_log.read_text().splitlines()
    assert stopped == stop
    assert timer.startswith("systemd-run --unit=labocloud-opening --on-active=1h ")
    # Not while somebody saves or removes.
    command = timer.partition(" flock ")[2].split()
    assert command[0] == str(LOCK)
    subprocess.run(command[1:], check=True)
    assert mode(place) == 0o660
    access.close(str(place))
    access.open_again(str(place))
    assert mode(place) == 0o660
    assert systemd_log.read_text().splitlines()[-1] == stop


def test_an_acl_is_closed_and_opened_with_it(place: Path) -> None:
    """Show it for a directory's group that may use the engine."""
    head, entry = struct.pack("<I", 2), struct.Struct("<HHI").pack
    nobody = 2**32 - 1
    entries = [(1, 6, nobody), (4, 6, nobody), (8, 6, 20010), (16, 6, nobody), (32, 0, nobody)]
    acl = head + b"".join(entry(*fields) for fields in entries)
    try:
        os.setxattr(place, "system.posix_acl_access", acl)
    except OSError:
        pytest.skip("no ACLs here")
    access.close(str(place))
    effective = entry(16, 0, nobody)
    assert effective in os.getxattr(place, "system.posix_acl_access")
    access.open_again(str(place))
    assert os.getxattr(place, "system.posix_acl_access") == acl


def test_what_would_not_be_opened_is_not_closed(
    place: Path, systemd_log: Path, tmp_path: Path
) -> None:
    (tmp_path / "refuses").touch()
    answer = stand_in.run(docker_access.main, state="closed", docker_socket=str(place))
    assert answer == {"failed": True, "msg": "systemd does not take a timer: no bus"}
    assert mode(place) == 0o660


def test_where_no_systemd_runs_the_next_run_opens_it(
    place: Path, systemd_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "SYSTEMD", "/nonexistent")
    assert stand_in.run(docker_access.main, state="closed", docker_socket=str(place)) == {
        "changed": False
    }
    assert (mode(place), systemd_log.read_text()) == (0o600, "")
    stand_in.run(docker_access.main, state="open", docker_socket=str(place))
    assert mode(place) == 0o660


def test_one_that_cannot_be_closed_is_told_and_one_that_is_gone_is_nobodys(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be closed to students: find"):
        access.close(str(tmp_path / "none"))
    access.open_again(str(tmp_path / "none"))


def test_the_socket_of_an_engine_without_root_is_changed_by_its_account(tmp_path: Path) -> None:
    """Show that the account's rights are used: root would follow a link in the socket's place."""
    (tmp_path / "docker.sock").symlink_to("labocloud-engine/docker.sock")
    command = access.changing(str(tmp_path / "docker.sock"), access.CLOSED)
    assert command[:4] == ["runuser", "--user", "labocloud-engine", "--"]
    assert command[5] == f"{tmp_path}/labocloud-engine/docker.sock"


def test_root_follows_no_link(tmp_path: Path) -> None:
    """Show it for a timer that outlives root's engine, and finds a link in its socket's place."""
    (tmp_path / "shadow").touch(0o600)
    (tmp_path / "docker.sock").symlink_to("shadow")
    access.open_again(str(tmp_path / "docker.sock"))
    assert mode(tmp_path / "shadow") == 0o600


ACCEPTS = """
import socket, sys
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind(sys.argv[1])
    listening.listen()
    print(flush=True)
    held = [listening.accept() for _ in range(2)]
    print(flush=True)
    input()
"""


def connect(path: Path, uid: int) -> socket.socket:
    """Connect to a socket as an account."""
    connection = socket.socket(socket.AF_UNIX)
    os.seteuid(uid)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    finally:
        os.seteuid(0)
    connection.setblocking(False)
    return connection


def ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False


@pytest.mark.skipif(os.geteuid() != 0, reason="others' connections are root's to end")
def test_connections_of_others_than_root_end_but_no_process(place: Path, tmp_path: Path) -> None:
    program, pipe = tmp_path / "dockerd", subprocess.PIPE
    program.symlink_to(sys.executable)
    place.unlink()
    with subprocess.Popen([program, "-c", ACCEPTS, place], stdin=pipe, stdout=pipe) as engine:
        assert engine.stdout
        engine.stdout.readline()
        place.chmod(0o666)
        with closing(connect(place, 0)) as roots, closing(connect(place, NOBODY)) as others:
            engine.stdout.readline()
            assert (ended(roots), ended(others)) == (False, False)
            access.close(str(place))
            assert (ended(roots), ended(others)) == (False, True)
        with pytest.raises(PermissionError):
            connect(place, NOBODY)
        connect(place, 0).close()
        assert engine.poll() is None
        engine.kill()


def test_an_engine_in_a_container_is_another_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show that its connections are left alone, although its socket has the same path."""
    links: dict[str, Any] = {"/proc/7/ns/pid": "pid:[1]", "/proc/self/ns/pid": "pid:[2]"}
    monkeypatch.setattr(access.os, "readlink", links.__getitem__)
    monkeypatch.setattr(access.os, "pidfd_open", lambda _: pytest.fail("it is looked into"))
    access.hang_up(7, "/run/docker.sock")


def test_an_engine_that_lets_nobody_look_is_closed_all_the_same(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(access, "engines", lambda _: [1, 2])
    monkeypatch.setattr(access, "hang_up", refuse)
    access.close(str(place))
    assert mode(place) == 0o600
    assert facts_students.socket_facts(str(place))["mode"] == 0o600
