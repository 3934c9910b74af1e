"""Test the attacks within a container, each of which first proves that it could see success."""

import errno
import inspect
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.attacks import attacker
from ansible_collections.labocloud.room.plugins.modules import seat_attack


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory that stands for the machine's root directory, with a few files in it."""
    monkeypatch.setattr(attacker, "HOST", str(tmp_path))
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (tmp_path / "open").mkdir()
    return tmp_path


Attack = Callable[..., dict[str, object]]


@pytest.fixture
def try_it(capsys: pytest.CaptureFixture[str]) -> Attack:
    """Return a function that tries an attack, and returns its report."""

    def attack(name: str, **arguments: object) -> dict[str, object]:
        attacker.main(name, json.dumps(arguments))
        signal.alarm(0)
        return seat_attack.reported(capsys.readouterr().out)

    return attack


def test_a_hash_is_told_and_never_the_file(host: Path, try_it: Attack) -> None:
    (host / "etc/shadow").write_text("root:$y$secret:1::::::\n")
    report = try_it("read_shadow", passwd=attacker.digest(str(host / "etc/passwd")))
    assert report == {"tool": True, "got": attacker.digest(str(host / "etc/shadow"))}


def test_what_is_not_the_hosts_is_no_tool(host: Path, try_it: Attack) -> None:
    (host / "etc/shadow").write_text("of the image")
    other = attacker.digest("/dev/null")
    report = try_it("read_shadow", passwd=other)
    assert report["tool"] is False
    assert "got" not in report


def test_why_it_was_not_read_is_told(host: Path, try_it: Attack) -> None:
    report = try_it("read_shadow", passwd=attacker.digest(str(host / "etc/passwd")))
    assert report["tool"] is True
    assert "No such file" in str(report["why"])


def test_of_several_each_is_tried_and_the_first_reason_is_told(host: Path, try_it: Attack) -> None:
    (host / "own").mkdir()
    (host / "file").touch()
    report = try_it("list_homes", open="/open", paths=["/file", "/own", "/away"])
    assert report["got"] == ["/own"]
    assert "Not a directory" in str(report["why"])


def test_where_none_exist_nothing_was_tried(host: Path, try_it: Attack) -> None:
    assert host.exists()
    report = try_it("list_homes", open="/open", paths=["/a", "/b"])
    assert report["tool"] is False
    assert report["why"] == "none of them is there"


def test_a_directory_for_all_shows_that_files_can_be_made(host: Path, try_it: Attack) -> None:
    (host / "usr").mkdir()
    report = try_it("write_usr", open="/open", paths=["/usr/x"])
    assert report["got"] == ["/usr/x"]
    assert os.listdir(host / "open") == []
    # A file that exists already is not taken for the attack's work.
    assert try_it("write_usr", open="/open", paths=["/usr/x"])["got"] == []
    (host / "open").rmdir()
    assert "tool" not in try_it("write_usr", open="/open", paths=["/usr/y"])


def test_sockets_are_connected_to_by_paths_of_any_length(
    host: Path, try_it: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = host / ("d" * 100) / "run"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
        first.bind("it")
        first.listen()
        monkeypatch.chdir(host / "open")
        second.bind("socket")
        second.listen()
        path = f"/{'d' * 100}/run/it"
        report = try_it("connect", open="/open", paths=[path, "/none/such"])
    assert report["got"] == [path]


def test_an_abstract_socket_is_connected_to(try_it: Attack) -> None:
    name = f"labocloud-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(b"\0" + name.encode())
        server.listen()
        assert try_it("connect_abstract", socket=name)["got"] == "connected"
    assert try_it("connect_abstract", socket=name)["tool"] is True


def test_a_variable_of_a_process_is_read(try_it: Attack) -> None:
    with subprocess.Popen(["sleep", "60"], env={"A": "1", "IT": "value=2", "Z": "3"}) as process:
        arguments = {"process": process.pid, "processes": "/proc", "variable": "IT"}
        # The process has its variables a moment after it has begun.
        while not Path(f"/proc/{process.pid}/environ").read_bytes():
            time.sleep(0.01)
        report = try_it("read_environment", **arguments)
        process.kill()
    assert report["got"] == "value=2"
    later = try_it("read_environment", **arguments)
    assert later["tool"] is False


def test_a_process_is_ended(try_it: Attack) -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        assert try_it("end_process", process=process.pid)["got"] == "sent"
        assert process.wait(120) == -signal.SIGTERM


def test_a_setting_gets_its_own_value(tmp_path: Path) -> None:
    (tmp_path / "setting").write_bytes(b"|/usr/share/apport %p\n")
    attacker.same_again(str(tmp_path / "setting"))
    assert (tmp_path / "setting").read_bytes() == b"|/usr/share/apport %p\n"
    with pytest.raises(OSError, match="No such file"):
        attacker.same_again(str(tmp_path / "none"))


def test_of_a_kernel_whose_call_is_not_known_nothing_is_asked(
    try_it: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attacker, "INIT_MODULE", {})
    assert attacker.nonsense_module() == errno.ENOSYS
    assert try_it("load_module")["tool"] is False


# As `busctl` sends it, but for the serial number: org.freedesktop.systemd1.Manager SetEnvironment.
def test_a_call_is_as_d_bus_has_it() -> None:
    name, path = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
    message = attacker.call(name, path, ".Manager.SetEnvironment", "A=1")
    _, kind, _, version, body, _, head = struct.unpack("<cBBBIII", message[:16])
    assert (kind, version, body) == (1, 1, 12)
    assert len(message) == 16 + head + -head % 8 + body
    assert message[-body:] == struct.pack("<II", 8, 3) + b"A=1\0"
    assert b"org.freedesktop.systemd1.Manager\0" in message
    assert b"SetEnvironment\0" in message


def test_of_a_buss_answers_signals_are_passed_by() -> None:
    def message(kind: int) -> bytes:
        return struct.pack("<cBBBIII", b"l", kind, 0, 1, 3, 1, 5) + b"x" * 8 + b"abc"

    bus = BytesIO(message(4) + message(2) + message(3) + b"l")
    assert attacker.answered(bus)
    assert not attacker.answered(bus)
    with pytest.raises(EOFError):
        attacker.answered(bus)


@pytest.mark.parametrize(("answer", "got"), [(2, True), (3, False)])
def test_systemd_takes_a_variable_or_refuses_it(
    host: Path, try_it: Attack, monkeypatch: pytest.MonkeyPatch, answer: int, got: bool
) -> None:
    (host / "run/dbus").mkdir(parents=True)
    monkeypatch.chdir(host)
    # The path of a socket is short, and that of a test's directory is not.
    monkeypatch.setattr(attacker, "HOST", ".")

    def message(kind: int) -> bytes:
        return struct.pack("<cBBBIII", b"l", kind, 0, 1, 0, 1, 0)

    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind("run/dbus/system_bus_socket")
        bus.listen()

        def serve() -> None:
            with bus.accept()[0] as connection:
                connection.sendall(
                    b"DATA\r\nOK 1234\r\n" + message(2) + message(4) + message(answer)
                )
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        report = try_it("tell_systemd", variable="IT")
        thread.join()
    assert report["tool"] is True
    assert report["got"] is got


def test_its_text_runs_by_itself_on_a_python_that_has_nothing_of_ansibles() -> None:
    text = inspect.getsource(attacker)
    arguments = json.dumps({"open": "/", "paths": []})
    completed = subprocess.run(
        [sys.executable, "-I", "-S", "-c", text, "no_such", arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "KeyError: 'no_such'" in completed.stderr
    completed = subprocess.run(
        [sys.executable, "-I", "-S", "-c", text, "read_shadow", '{"passwd": ""}'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "why" in seat_attack.reported(completed.stdout)
