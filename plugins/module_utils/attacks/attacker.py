# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Try, in a student's container, to get at the machine: one attack a run, by its name.

The module seat_attack passes the text of this file to the image's own Python, so only the standard
library is used. Each attack first proves that it could see its success, on something that a student
may reach. It prints lines of JSON: C(tool), whether that is proved; C(got), what it has reached,
which only root on the machine can judge; C(why) it has reached nothing. Of what is root's it reads
a hash, a byte or a list of names, and writes the content that was there before.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import signal
import socket
import stat
import struct
import sys
import time
from collections.abc import Callable
from io import BufferedIOBase
from pathlib import Path
from types import FrameType
from typing import TypedDict

# The machine's root directory in a container that mounts it.
HOST = "/host"
# Seconds after which an attack ends itself, in case the run that started it has been killed.
_LONGEST = 20
# Bytes of a file that are hashed.
_MOST_BYTES = 2**20
# ptrace(2); init_module(2), by the machine's type; mount(2) needs no flag.
_PTRACE_ATTACH, _PTRACE_DETACH = 16, 17
INIT_MODULE = {"x86_64": 175, "aarch64": 105}
# The fixed beginning of a D-Bus message, and the types of the messages that answer a call.
_BUS_HEAD = struct.Struct("<cBBBIII")
_BUS_RETURN, _BUS_ERROR = 2, 3
# Settings of the kernel for the whole machine: what it runs when a process crashes, and its use of
# swap.
_KERNEL = ("/proc/sys/kernel/core_pattern", "/proc/sys/vm/swappiness")


class Given(TypedDict, total=False):
    """What attacks need to know, each of them some of it.

    passwd: the SHA-256 of that file. open: a directory where everybody may write. paths: those that
    the attack tries to reach. major, minor: a disk's numbers, and name: its name in /dev. place: a
    directory to mount on. processes: the directory of the machine's processes. process, variable:
    a process of root's, and the variable of it, or of systemd, that the attack is about. group,
    program, socket: the names of these. error: the kernel's for root.
    """

    passwd: str
    open: str
    paths: list[str]
    name: str
    major: int
    minor: int
    place: str
    processes: str
    process: int
    variable: str
    group: str
    program: str
    socket: str
    error: int


class NoToolError(Exception):
    """An attack could not be tried: what would show its success does not work here."""


def tell(**values: object) -> None:
    """Print a line of JSON for the module."""
    print(json.dumps(values), flush=True)


def prove(is_working: bool, reason: str) -> None:
    """Report that an attack could see its success, or raise NoToolError with the reason."""
    if not is_working:
        raise NoToolError(reason)
    tell(tool=True)


def digest(path: str) -> str:
    """Return the SHA-256 of a file's beginning, in hexadecimal digits. Raises OSError."""
    with Path(path).open("rb") as file:
        return hashlib.sha256(file.read(_MOST_BYTES)).hexdigest()


def library() -> ctypes.CDLL:
    """Return the C library."""
    return ctypes.CDLL(None, use_errno=True)


def check_status(status: int) -> None:
    """Raise OSError where a function of the C library has failed."""
    if status < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def same_again(path: str) -> None:
    """Write to a file of the kernel's the value that it has. Raises OSError."""
    value = Path(path).read_bytes()
    with Path(path).open("wb", buffering=0) as file:
        file.write(value)


def each(paths: list[str], reach: Callable[[str], object]) -> None:
    """Report which of several paths can be reached, and why the first of the others cannot.

    reach: raises OSError for a path that cannot. Raises NoToolError where none of them exists.
    """
    reasons: dict[str, OSError] = {}
    for path in paths:
        try:
            reach(path)
        except OSError as error:  # noqa: PERF203  # each is tried
            reasons[path] = error
    errors = reasons.values()
    if len(reasons) == len(paths) and all(error.errno == errno.ENOENT for error in errors):
        raise NoToolError("none of them is there")
    whys = [str(error) for error in errors if error.errno != errno.ENOENT]
    tell(got=[path for path in paths if path not in reasons], why=(whys or [""])[0])


def read_shadow(given: Given) -> None:
    """Read /etc/shadow through a mount of the machine's root directory, or of its /etc."""
    prove(digest(f"{HOST}/etc/passwd") == given["passwd"], f"{HOST}/etc is not the seat's")
    tell(got=digest(f"{HOST}/etc/shadow"))


def list_homes(given: Given) -> None:
    """List the homes of others."""
    os.listdir(HOST + given["open"])
    prove(True, "")
    each(given["paths"], lambda home: os.listdir(HOST + home))


def write_usr(given: Given) -> None:
    """Create a file in a directory that is root's."""
    own = Path(HOST + given["open"]) / "own"
    own.touch()
    own.unlink()
    prove(True, "")
    each(given["paths"], lambda path: Path(HOST + path).touch(exist_ok=False))


def open_node(path: str) -> None:
    """Read the first byte of a device. Raises OSError."""
    device = os.open(path, os.O_RDONLY)
    try:
        os.read(device, 1)
    finally:
        os.close(device)


def open_device(given: Given) -> None:
    """Open the disk by a device node that exists."""
    open_node("/dev/zero")
    prove(True, "")
    each(given["paths"], open_node)


def make_device(given: Given) -> None:
    """Open the disk by a device node that is created for it."""
    open_node("/dev/zero")
    prove(True, "")
    os.mknod("/labocloud", stat.S_IFBLK | 0o600, os.makedev(given["major"], given["minor"]))
    open_node("/labocloud")
    tell(got="opened")


def mount(given: Given) -> None:
    """Mount something on a directory of the machine."""

    def tmpfs(path: str) -> None:
        check_status(library().mount(b"labocloud", os.fsencode(path), b"tmpfs", 0, b"size=4k"))

    Path("/labocloud").mkdir()
    tmpfs("/labocloud")
    prove(True, "")
    tmpfs(HOST + given["place"])
    tell(got="mounted")


def see(given: Given) -> Path:
    """Return the directory of the machine's processes, and prove that they can be seen."""
    processes = Path(given["processes"])
    prove((processes / str(given["process"])).exists(), "it does not see the seat's processes")
    return processes


def read_environment(given: Given) -> None:
    """Read the environment of a process of root's."""
    path = see(given) / str(given["process"]) / "environ"
    value = path.read_text(errors="replace").partition(f"{given['variable']}=")[2]
    tell(got=value.partition("\0")[0])


def end_process(given: Given) -> None:
    """End a process of root's."""
    child = os.fork()
    if not child:
        time.sleep(_LONGEST)
        os._exit(0)
    os.kill(child, signal.SIGTERM)
    prove(os.WIFSIGNALED(os.waitpid(child, 0)[1]), "it cannot end its own")
    os.kill(given["process"], signal.SIGTERM)
    tell(got="sent")


def trace(given: Given) -> None:
    """Trace a process of root's, and let it go."""
    ptrace = library().ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    ptrace.restype = ctypes.c_long

    def attach(process: int) -> None:
        check_status(ptrace(_PTRACE_ATTACH, process, None, None))
        os.waitpid(process, getattr(os, "__WALL", 0x40000000))
        check_status(ptrace(_PTRACE_DETACH, process, None, None))

    child = os.fork()
    if not child:
        time.sleep(_LONGEST)
        os._exit(0)
    try:
        attach(child)
    finally:
        os.kill(child, signal.SIGKILL)
    prove(True, "")
    attach(given["process"])
    tell(got="traced")


def root_of_first(given: Given) -> None:
    """Read /etc/shadow through the root directory of the machine's first process."""
    tell(got=digest(str(see(given) / "1/root/etc/shadow")))


def enter(given: Given) -> None:
    """Enter the machine's file systems, as nsenter does, and read /etc/shadow there."""
    with (see(given) / "1/ns/mnt").open() as namespace:
        check_status(library().setns(namespace.fileno(), 0))
    tell(got=digest("/etc/shadow"))


def write_kernel(_given: Given) -> None:
    """Write settings of the kernel for the whole machine."""
    same_again("/proc/self/oom_score_adj")
    prove(True, "")
    each(list(_KERNEL), same_again)


def change_network(_given: Given) -> None:
    """Write a setting of the machine's network."""
    network = os.readlink("/proc/self/ns/net")
    prove(bool(network), "")
    same_again("/proc/sys/net/ipv4/ip_default_ttl")
    tell(got=network)


def name_machine(_given: Given) -> None:
    """Set the machine's name to the one that it has."""
    names = os.readlink("/proc/self/ns/uts")
    prove(bool(names), "")
    socket.sethostname(socket.gethostname())
    tell(got=names)


def make_group(given: Given) -> None:
    """Create a control group at the top of each hierarchy."""
    top = Path("/sys/fs/cgroup")
    tops = [top, *sorted(path.parent for path in top.glob("*/release_agent"))]
    read_only = os.statvfs(top).f_flag & os.ST_RDONLY
    prove(not read_only, "control groups are mounted read-only")
    each([str(path / given["group"]) for path in tops], os.mkdir)


def make_setuid(given: Given) -> None:
    """Create a program in a bind mount that runs as root, its owner."""
    program = Path(HOST + given["open"]) / given["program"]
    program.write_bytes(Path(HOST + "/usr/bin/id").read_bytes())
    prove(True, "")
    os.chown(program, 0, 0)
    program.chmod(0o4755)
    tell(got="made")


def connect_to(path: str) -> None:
    """Connect to a socket by its path, which may be too long for connect(2). Raises OSError."""
    os.chdir(Path(path).parent)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(Path(path).name)


def connect(given: Given) -> None:
    """Connect to sockets of root's: another engine's, containerd's, systemd's own."""
    connect_to(HOST + given["open"] + "/socket")
    prove(True, "")
    each(given["paths"], lambda path: connect_to(HOST + path))


def connect_abstract(given: Given) -> None:
    """Connect to a socket of root's that has no path."""
    with socket.socket(socket.AF_UNIX) as own, socket.socket(socket.AF_UNIX) as other:
        own.bind(b"\0labocloud-own")
        own.listen()
        other.connect(b"\0labocloud-own")
    prove(True, "")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(b"\0" + given["socket"].encode())
    tell(got="connected")


def nonsense_module() -> int:
    """Make the kernel load a module that is none, and return its error number, 0 without one."""
    number = INIT_MODULE.get(os.uname().machine)
    if number is None:
        return errno.ENOSYS
    text = b"none"
    if library().syscall(number, text, len(text), b"") == 0:
        return 0
    return ctypes.get_errno()


def load_module(_given: Given) -> None:
    """Make the kernel load a module: its error shows whether it was tried or is not permitted."""
    prove(os.uname().machine in INIT_MODULE, "how to ask this kernel is not known")
    tell(got=nonsense_module())


def padded(data: bytes, size: int = 8) -> bytes:
    """Return bytes, with zeros behind them up to a multiple of a size."""
    return data + bytes(-len(data) % size)


def counted(text: str) -> bytes:
    """Return a string in the format of D-Bus: its length, its bytes and a zero."""
    return struct.pack("<I", len(text)) + text.encode() + b"\0"


def call(name: str, path: str, method: str, *texts: str) -> bytes:
    """Return a method call in the format of D-Bus, with a list of texts or without arguments.

    name: of the service, with which the interface begins. method: the rest of the interface, and
    the member. The codes of the header fields are path, interface, member, destination, signature.
    """
    interface, _, member = f"{name}{method}".rpartition(".")
    values = {1: ("o", path), 2: ("s", interface), 3: ("s", member), 6: ("s", name)}
    fields = [
        bytes((code, 1)) + kind.encode() + b"\0" + counted(value)
        for code, (kind, value) in values.items()
    ]
    body = b""
    if texts:
        fields.append(bytes((8, 1)) + b"g\0" + bytes((2,)) + b"as\0")
        items = b"".join(padded(counted(text), 4) for text in texts[:-1]) + counted(texts[-1])
        body = struct.pack("<I", len(items)) + items
    head = b"".join(padded(field) for field in fields[:-1]) + fields[-1]
    start = _BUS_HEAD.pack(b"l", 1, 0, 1, len(body), 1, len(head))
    return start + padded(head) + body


def answered(bus: BufferedIOBase) -> bool:
    """Return whether the next answer to a call is no error; other messages are skipped.

    Raises EOFError where the bus hangs up.
    """
    while True:
        start = bus.read(_BUS_HEAD.size)
        if len(start) < _BUS_HEAD.size:
            raise EOFError("the bus has hung up")
        _, kind, _, _, body, _, head = _BUS_HEAD.unpack(start)
        bus.read(head + -head % 8 + body)
        if kind in (_BUS_RETURN, _BUS_ERROR):
            return bool(kind == _BUS_RETURN)


def tell_systemd(given: Given) -> None:
    """Set a variable of the machine's systemd, as systemctl does for root alone."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_LONGEST / 2)
        client.connect(f"{HOST}/run/dbus/system_bus_socket")
        with client.makefile("rwb") as bus:
            # The bus gets the account from the kernel, so no name is sent.
            bus.write(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n")
            bus.write(call("org.freedesktop.DBus", "/org/freedesktop/DBus", ".Hello"))
            bus.flush()
            bus.readline()
            prove(bus.readline().startswith(b"OK ") and answered(bus), "the bus lets nobody in")
            name, path = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
            variable = f"{given['variable']}=1"
            bus.write(call(name, path, ".Manager.SetEnvironment", variable))
            bus.flush()
            is_set = answered(bus)
            tell(got=is_set, why="" if is_set else "systemd has refused")


ATTACKS: dict[str, Callable[[Given], None]] = {
    attack.__name__: attack
    for attack in (
        *(read_shadow, list_homes, write_usr, open_device, make_device, mount),
        *(read_environment, end_process, trace, root_of_first, enter),
        *(write_kernel, change_network, name_machine, make_group, make_setuid),
        *(connect, connect_abstract, load_module, tell_systemd),
    )
}


def late(_signal: int, _frame: FrameType | None) -> None:
    """Exit at the alarm, which ends the first process of a container only where it is handled."""
    tell(late=True)
    os._exit(1)


def main(name: str, given: str) -> None:
    """Try the attack of a name. given: what it needs to know, as JSON."""
    signal.signal(signal.SIGALRM, late)
    signal.alarm(_LONGEST)
    try:
        ATTACKS[name](json.loads(given))
    except NoToolError as error:
        tell(tool=False, why=str(error))
    except (OSError, EOFError, ValueError) as error:
        tell(why=str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
