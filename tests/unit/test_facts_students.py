"""Test the facts on who may use a seat's engine, from its files and its kernel."""

import os
import pwd
import socket
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.engine import client
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.facts import students as facts_students
from ansible_collections.labocloud.room.plugins.module_utils.facts.engine import engine_facts
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd
from hypothesis import given
from hypothesis import strategies as st
from mutated import bounded

SUBUID = "alice:100000:65536\nlabocloud-engine:2100000000:65536\n# no\nx:y\nbob:1:99999999999\n"
# user::rw-, user:995:rw-, group::r--, group:20010:rw-, group:7:r--, mask::rw-, other::---
ENTRIES = [(1, 6, -1), (2, 6, 995), (4, 4, -1), (8, 6, 20010), (8, 4, 7), (16, 6, -1), (32, 0, -1)]


def acl(*entries: tuple[int, int, int]) -> bytes:
    packed = (
        facts_students.ENTRY.pack(tag, perm, number & 0xFFFFFFFF) for tag, perm, number in entries
    )
    return facts_students.HEAD.pack(2) + b"".join(packed)


def test_ranges_are_read_as_far_as_they_are_some() -> None:
    assert facts_students.parse_ranges(SUBUID) == [
        ("alice", 100_000, 65_536),
        ("labocloud-engine", 2_100_000_000, 65_536),
    ]


@bounded
@given(st.text())
def test_ranges_of_any_file(text: str) -> None:
    assert all(count >= 0 for _, _, count in facts_students.parse_ranges(text))


def test_an_acl_names_the_groups_that_may_read_and_write() -> None:
    assert facts_students.parse_acl(acl(*ENTRIES)) == [20010]


@bounded
@given(st.binary())
def test_an_acl_of_any_bytes(data: bytes) -> None:
    assert all(number >= 0 for number in facts_students.parse_acl(data))


@pytest.fixture
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a seat's files, with the account of an engine without root."""
    for kind in ("subuids", "subgids"):
        monkeypatch.setitem(facts_students.SUBORDINATE, kind, str(tmp_path / kind))
        (tmp_path / kind).write_text(SUBUID)
    monkeypatch.setattr(facts_students, "SHADOW", str(tmp_path / "shadow"))
    (tmp_path / "shadow").write_text("root:*:1\nlabocloud-engine:!:20000::::::\n")
    entry = pwd.struct_passwd(("labocloud-engine", "x", 995, 996, "", "/h", "/usr/sbin/nologin"))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: {"labocloud-engine": entry}[name])
    return tmp_path


@pytest.mark.usefixtures("seat")
def test_an_account_is_told_with_its_own_ranges_and_those_of_others() -> None:
    facts = facts_students.student_facts("", Odd())
    own = [[2_100_000_000, 65_536]]
    account = {"uid": 995, "gid": 996, "locked": True, "subuids": own, "subgids": own}
    assert facts["account"] == account
    assert facts["ranges"] == [[100_000, 65_536]] * 2


@pytest.mark.parametrize(
    ("password", "shell", "locked"),
    [
        ("!", "/usr/sbin/nologin", True),
        ("*", "/usr/sbin/nologin", True),
        ("$y$j9T$x", "/usr/sbin/nologin", False),
        ("", "/usr/sbin/nologin", False),
        ("!", "/bin/bash", False),
    ],
)
def test_an_account_is_locked_that_has_no_password_and_no_shell(
    seat: Path, monkeypatch: pytest.MonkeyPatch, password: str, shell: str, locked: bool
) -> None:
    (seat / "shadow").write_text(f"labocloud-engine:{password}:20000::::::\n")
    entry = pwd.struct_passwd(("labocloud-engine", "x", 995, 996, "", "/h", shell))
    monkeypatch.setattr(pwd, "getpwnam", lambda _name: entry)
    account = facts_students.student_facts("", Odd())["account"]
    assert account
    assert account["locked"] is locked


def test_a_group_is_told_by_its_number_and_one_that_nobody_knows_is_none() -> None:
    root = facts_students.student_facts("root", Odd())["group"]
    assert root == {"name": "root", "gid": 0}
    for name in ("", "no-such-group", "a\0b", "é" * 9999):
        assert facts_students.student_facts(name, Odd())["group"] is None


def test_a_socket_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "docker.sock"
    assert facts_students.socket_facts(str(path)) is None
    assert facts_students.socket_facts("a\0b") is None
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        path.chmod(0o660)
        own = {"uid": os.getuid(), "gid": os.getgid(), "mode": 0o660}
        assert facts_students.socket_facts(str(path)) == {**own, "groups": []}
        monkeypatch.setattr(os, "getxattr", lambda *_: acl(*ENTRIES))
        assert facts_students.socket_facts(str(path)) == {**own, "groups": [20010]}


@pytest.mark.parametrize("uid", [0, 65534])
def test_an_engine_of_roots_is_found_by_its_processes(tmp_path: Path, uid: int) -> None:
    program, pipe = tmp_path / "dockerd", subprocess.PIPE
    program.symlink_to(sys.executable)
    code = f"import os; os.getuid() or os.setuid({uid}); print(flush=True); input()"
    before = facts_students.engines(0)
    with subprocess.Popen([program, "-c", code], stdin=pipe, stdout=pipe) as process:
        assert process.stdout
        process.stdout.readline()
        engines = facts_students.engines(0)
        assert set(engines) - set(before) == ({process.pid} if os.getuid() == uid == 0 else set())
        process.kill()


def test_a_file_system_is_the_last_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = (
        f"a / ext4 rw\nb {tmp_path} nfs4 rw\nc {tmp_path}x vfat rw\nshort\nd {tmp_path} xfs rw\n"
    )
    monkeypatch.setattr(facts_students, "read", lambda _path: mounts)
    assert facts_students.file_system(f"{tmp_path}/none/deeper") == "xfs"
    assert facts_students.file_system("/") == "ext4"
    (tmp_path / "link").symlink_to("/")
    assert facts_students.file_system(f"{tmp_path}/link/none") == "ext4"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the texts that the kernel's files have, by path; other paths are in a folder."""
    files: dict[str, str] = {}
    monkeypatch.setattr(facts_students, "read", lambda path, *_: files.get(path, ""))
    for name in ("_CGROUPS", "_TUN", "_PROFILES"):
        monkeypatch.setattr(facts_students, name, str(tmp_path / name.strip("_")))
    (tmp_path / "CGROUPS").mkdir()
    return files


@pytest.mark.parametrize(
    ("files", "namespaces"),
    [
        ({}, True),
        ({"user/max_user_namespaces": "0"}, False),
        ({"user/max_user_namespaces": "28633"}, True),
        ({"user/max_user_namespaces": "many"}, False),
        ({"kernel/unprivileged_userns_clone": "0"}, False),
        ({"kernel/unprivileged_userns_clone": "1"}, True),
    ],
)
def test_namespaces_are_allowed_where_nothing_forbids_them(
    kernel: dict[str, str], files: dict[str, str], namespaces: bool
) -> None:
    kernel |= {f"/proc/sys/{name}": f"{value}\n" for name, value in files.items()}
    assert facts_students.able_facts()["namespaces"] is namespaces


def test_apparmor_is_in_the_way_without_a_profile(kernel: dict[str, str], tmp_path: Path) -> None:
    assert facts_students.able_facts()["apparmor"] is False
    kernel["/proc/sys/kernel/apparmor_restrict_unprivileged_userns"] = "1\n"
    assert facts_students.able_facts()["apparmor"] is True
    (tmp_path / "PROFILES").touch()
    assert facts_students.able_facts()["apparmor"] is False


def test_cgroups_are_of_version_2_where_no_other_is(kernel: dict[str, str], tmp_path: Path) -> None:
    del kernel
    assert facts_students.able_facts()["cgroup2"] is False
    (tmp_path / "CGROUPS/cgroup.controllers").touch()
    assert facts_students.able_facts()["cgroup2"] is True


def test_the_device_of_networks_is_for_anybody(
    kernel: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del kernel
    assert facts_students.able_facts()["tun"] is False
    (tmp_path / "TUN").touch()
    (tmp_path / "TUN").chmod(0o666)
    assert facts_students.able_facts()["tun"] is False
    monkeypatch.setattr(facts_students, "_TUN", os.devnull)
    assert facts_students.able_facts()["tun"] is stat.S_ISCHR(os.stat(os.devnull).st_mode)
    for_reading = os.stat_result([stat.S_IFCHR | 0o664] + [0] * 9)
    monkeypatch.setattr(os, "stat", lambda *_, **__: for_reading)
    assert facts_students.able_facts()["tun"] is False


def test_who_answers_is_who_listens(engine: stand_in.Engine) -> None:
    engine.become("28.5")
    assert engine_facts(engine.path, Odd())["engine"]["uid"] == os.getuid()


def test_nobody_answers_where_an_engine_without_root_has_to_but_its_account(
    engine: stand_in.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Show that a link to another's socket is refused, which users of that engine could make."""
    link = tmp_path / "link.sock"
    link.symlink_to(engine.path)
    with closing(DockerConnection(str(link))) as docker:
        assert docker.negotiate()
    monkeypatch.setattr(client, "LINK", engine.path)
    for account in ("labocloud-engine", "nobody"):
        monkeypatch.setattr(client, "ACCOUNT", account)
        with (
            closing(DockerConnection(str(link))) as docker,
            pytest.raises(OSError, match=f"where {account} has to"),
        ):
            docker.negotiate()
    monkeypatch.setattr(client, "ACCOUNT", pwd.getpwuid(os.getuid()).pw_name)
    with closing(DockerConnection(str(link))) as docker:
        assert docker.negotiate()
