# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a student tries within a container to get at the machine: one attack a run, by its name.

The module seat_attack gives the text of this file to the image's own Python; so nothing is needed
here but its library. Each attack first proves that it could see its success, on something that a
student may reach. It tells lines of JSON: C(tool), whether that was so; C(got), what it has
reached, which only root on the machine can judge; C(why) it has not. Of what is root's it reads a
hash, a byte or a list of names, and writes what was there before.
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
from typing import Any

# Where the machine's root directory is, in a container that mounts it.
HOST = "/host"
# Seconds, after which an attack ends itself: nobody may be there any more to end it.
LONGEST = 20
# Bytes, of a file whose hash is told.
MOST_BYTES = 2**20
# ptrace(2); init_module(2), by the machine's type; mount(2) needs no flag.
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
INIT_MODULE = {"x86_64": 175, "aarch64": 105}
# How a message of D-Bus begins; and of those that are no calls and no signals, the types.
BUS_HEAD = struct.Struct("<cBBBIII")
BUS_RETURN, BUS_ERROR = 2, 3
# What of the kernel's is everybody's: what it runs where a process dies, and how it uses memory.
KERNEL = ("/proc/sys/kernel/core_pattern", "/proc/sys/vm/swappiness")

Given = dict[str, Any]


class NoToolError(Exception):
    """An attack could not be tried: what would show its success does not work here."""


def tell(**said: object) -> None:
    """Tell one thing."""
    print(json.dumps(said), flush=True)


def prove(works: bool, what: str) -> None:
    """Tell that what shows the success of an attack works. Raises NoToolError where it does not."""
    if not works:
        raise NoToolError(what)
    tell(tool=True)


def digest(path: str) -> str:
    """Give the SHA-256 of a file's beginning. Raises OSError."""
    with Path(path).open("rb") as file:
        return hashlib.sha256(file.read(MOST_BYTES)).hexdigest()


def library() -> ctypes.CDLL:
    """Give the C library."""
    return ctypes.CDLL(None, use_errno=True)


def done(status: int) -> None:
    """Take what a function of the C library gave. Raises OSError."""
    if status < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def same_again(path: str) -> None:
    """Write into a file of the kernel's what it says. Raises OSError."""
    value = Path(path).read_bytes()
    with Path(path).open("wb", buffering=0) as file:
        file.write(value)


def each(paths: list[str], reach: Callable[[str], object]) -> None:
    """Tell which of several can be reached, and why the first of the others cannot.

    Raises NoToolError where none of them is there.
    """
    reasons: dict[str, OSError] = {}
    for path in paths:
        try:
            reach(path)
        except OSError as error:  # noqa: PERF203  # each is tried
            reasons[path] = error
    if len(reasons) == len(paths) and all(one.errno == errno.ENOENT for one in reasons.values()):
        raise NoToolError("none of them is there")
    whys = [str(one) for one in reasons.values() if one.errno != errno.ENOENT]
    tell(got=[path for path in paths if path not in reasons], why=(whys or [""])[0])


def read_shadow(given: Given) -> None:
    """Read /etc/shadow through a mount of the machine's root directory, or of its /etc."""
    prove(digest(f"{HOST}/etc/passwd") == given["passwd"], f"{HOST}/etc is not the seat's")
    tell(got=digest(f"{HOST}/etc/shadow"))


def list_homes(given: Given) -> None:
    """List the homes of others."""
    os.listdir(HOST + given["open"])
    prove(True, "")
    each(given["homes"], lambda home: os.listdir(HOST + home))


def write_usr(given: Given) -> None:
    """Make a file in a directory that is root's."""
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
    """Open the disk by a name that it has."""
    open_node("/dev/zero")
    prove(True, "")
    each(given["paths"], open_node)


def make_device(given: Given) -> None:
    """Open the disk by a name that is made for it."""
    open_node("/dev/zero")
    prove(True, "")
    os.mknod("/labocloud", stat.S_IFBLK | 0o600, os.makedev(given["major"], given["minor"]))
    open_node("/labocloud")
    tell(got="opened")


def mount(given: Given) -> None:
    """Mount something on a directory of the machine."""

    def tmpfs(path: str) -> None:
        done(library().mount(b"labocloud", os.fsencode(path), b"tmpfs", 0, b"size=4k"))

    Path("/labocloud").mkdir()
    tmpfs("/labocloud")
    prove(True, "")
    tmpfs(HOST + given["place"])
    tell(got="mounted")


def see(given: Given) -> Path:
    """Give where the machine's processes are seen, and prove that they are."""
    processes = Path(given["processes"])
    prove((processes / str(given["process"])).exists(), "it does not see the seat's processes")
    return processes


def read_environment(given: Given) -> None:
    """Read the environment of a process of root's."""
    place = see(given) / str(given["process"]) / "environ"
    found = place.read_text(errors="replace").partition(f"{given['variable']}=")[2]
    tell(got=found.partition("\0")[0])


def end_process(given: Given) -> None:
    """End a process of root's."""
    child = os.fork()
    if not child:
        time.sleep(LONGEST)
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
        done(ptrace(PTRACE_ATTACH, process, None, None))
        os.waitpid(process, getattr(os, "__WALL", 0x40000000))
        done(ptrace(PTRACE_DETACH, process, None, None))

    child = os.fork()
    if not child:
        time.sleep(LONGEST)
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
        done(library().setns(namespace.fileno(), 0))
    tell(got=digest("/etc/shadow"))


def write_kernel(given: Given) -> None:
    """Write a setting of the kernel's that is the whole machine's."""
    del given
    same_again("/proc/self/oom_score_adj")
    prove(True, "")
    each(list(KERNEL), same_again)


def change_network(given: Given) -> None:
    """Write a setting of the machine's network."""
    del given
    network = os.readlink("/proc/self/ns/net")
    prove(bool(network), "")
    same_again("/proc/sys/net/ipv4/ip_default_ttl")
    tell(got=network)


def name_machine(given: Given) -> None:
    """Give the machine the name that it has."""
    del given
    names = os.readlink("/proc/self/ns/uts")
    prove(bool(names), "")
    socket.sethostname(socket.gethostname())
    tell(got=names)


def make_group(given: Given) -> None:
    """Make a control group at the top of each hierarchy."""
    top = Path("/sys/fs/cgroup")
    tops = [top, *sorted(path.parent for path in top.glob("*/release_agent"))]
    read_only = os.statvfs(top).f_flag & os.ST_RDONLY
    prove(not read_only, "control groups are mounted read-only")
    each([str(path / given["group"]) for path in tops], os.mkdir)


def make_setuid(given: Given) -> None:
    """Make a program in a bind mount that runs as who has made it."""
    made = Path(HOST + given["open"]) / given["program"]
    made.write_bytes(Path(HOST + "/usr/bin/id").read_bytes())
    prove(True, "")
    os.chown(made, 0, 0)
    made.chmod(0o4755)
    tell(got="made")


def connected(path: str) -> None:
    """Connect to a socket by its path, which may be longer than the kernel takes at once."""
    os.chdir(Path(path).parent)
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(2)
        one.connect(Path(path).name)


def connect(given: Given) -> None:
    """Connect to sockets of root's: another engine's, containerd's, systemd's own."""
    connected(HOST + given["open"] + "/socket")
    prove(True, "")
    each(given["sockets"], lambda path: connected(HOST + path))


def connect_abstract(given: Given) -> None:
    """Connect to a socket of root's that has no place in any directory."""
    with socket.socket(socket.AF_UNIX) as own, socket.socket(socket.AF_UNIX) as other:
        own.bind(b"\0labocloud-own")
        own.listen()
        other.connect(b"\0labocloud-own")
    prove(True, "")
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(b"\0" + given["socket"].encode())
    tell(got="connected")


def nonsense_module() -> int:
    """Have the kernel load a module that is none, and give its error."""
    number = INIT_MODULE.get(os.uname().machine)
    if number is None:
        return errno.ENOSYS
    text = b"none"
    if library().syscall(number, text, len(text), b"") == 0:
        return 0
    return ctypes.get_errno()


def load_module(given: Given) -> None:
    """Have the kernel load a module: it says whether it was tried, or is not permitted."""
    del given
    prove(os.uname().machine in INIT_MODULE, "how to ask this kernel is not known")
    tell(got=nonsense_module())


def padded(text: bytes, to: int = 8) -> bytes:
    """Give bytes, and as many zeros as make their number a multiple."""
    return text + bytes(-len(text) % to)


def counted(text: str) -> bytes:
    """Give a text as D-Bus writes one."""
    return struct.pack("<I", len(text)) + text.encode() + b"\0"


def call(name: str, path: str, method: str, *texts: str) -> bytes:
    """Give a call of a method with a list of texts, or with nothing, as D-Bus writes one.

    name: of who has it, and of its interface without the last part, which is in method.
    """
    interface, _, member = f"{name}{method}".rpartition(".")
    told = {1: ("o", path), 2: ("s", interface), 3: ("s", member), 6: ("s", name)}
    fields = [
        bytes((code, 1)) + kind.encode() + b"\0" + counted(value)
        for code, (kind, value) in told.items()
    ]
    body = b""
    if texts:
        fields.append(bytes((8, 1)) + b"g\0" + bytes((2,)) + b"as\0")
        listed = b"".join(padded(counted(one), 4) for one in texts[:-1]) + counted(texts[-1])
        body = struct.pack("<I", len(listed)) + listed
    head = b"".join(padded(one) for one in fields[:-1]) + fields[-1]
    start = BUS_HEAD.pack(b"l", 1, 0, 1, len(body), 1, len(head))
    return start + padded(head) + body


def answered(bus: BufferedIOBase) -> bool:
    """Wait for the answer to a call, and tell whether it is no error. Raises EOFError."""
    while True:
        start = bus.read(BUS_HEAD.size)
        if len(start) < BUS_HEAD.size:
            raise EOFError("the bus has hung up")
        _, kind, _, _, body, _, head = BUS_HEAD.unpack(start)
        bus.read(head + -head % 8 + body)
        if kind in (BUS_RETURN, BUS_ERROR):
            return bool(kind == BUS_RETURN)


def tell_systemd(given: Given) -> None:
    """Have the machine's systemd take a variable, as systemctl does: who is not root cannot."""
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(LONGEST / 2)
        one.connect(f"{HOST}/run/dbus/system_bus_socket")
        with one.makefile("rwb") as bus:
            # The kernel tells the bus who this is.
            bus.write(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n")
            bus.write(call("org.freedesktop.DBus", "/org/freedesktop/DBus", ".Hello"))
            bus.flush()
            bus.readline()
            prove(bus.readline().startswith(b"OK ") and answered(bus), "the bus lets nobody in")
            name, path = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
            variable = f"{given['variable']}=1"
            bus.write(call(name, path, ".Manager.SetEnvironment", variable))
            bus.flush()
            taken = answered(bus)
            tell(got=taken, why="" if taken else "systemd has refused")


ATTACKS: dict[str, Callable[[Given], None]] = {
    one.__name__: one
    for one in (
        *(read_shadow, list_homes, write_usr, open_device, make_device, mount),
        *(read_environment, end_process, trace, root_of_first, enter),
        *(write_kernel, change_network, name_machine, make_group, make_setuid),
        *(connect, connect_abstract, load_module, tell_systemd),
    )
}


def late(_signal: int, _frame: FrameType | None) -> None:
    """End: the first process of a container is not ended by an alarm that it does not handle."""
    tell(late=True)
    os._exit(1)


def main(name: str, given: str) -> None:
    """Try one attack. given: what it needs to know, as JSON."""
    signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    try:
        ATTACKS[name](json.loads(given))
    except NoToolError as error:
        tell(tool=False, why=str(error))
    except (OSError, EOFError, ValueError) as error:
        tell(why=str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
