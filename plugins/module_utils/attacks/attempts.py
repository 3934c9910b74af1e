# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The attacks of the module seat_attack, and what shows, from outside, that one has succeeded."""

from __future__ import annotations

import errno
import os
import pwd
import re
import secrets
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.attacks import attacker

# What is made on the machine begins so.
MARK = "labocloud-attack-"
# Seconds: for a container, from its start to its end; for all of them; for a short question.
ATTACK_SECONDS, ALL_SECONDS, SHORT_SECONDS = 60, 480, 20
# Characters of all that a run prints.
MOST_PRINTED = 2**16
MOST_HOMES = 50
FIRST_USER, NOBODY = 1000, 65534
SYSTEMCTL = "/usr/bin/systemctl"
# The sockets by which who connects is root, or near to it.
POWERFUL = re.compile(r"docker|containerd|buildkit|podman|crio|libvirt|lxd|incus|systemd/private")
# proc(5), net/unix: a socket that listens, of the type stream; and its fields, the path the last.
LISTENS, STREAM, FIELDS = "00010000", "0001", 8
# umount2(2): of what a link points to, nothing; at once, whoever uses it.
UMOUNT_NOFOLLOW, MNT_DETACH = 8, 2
# Of unix(7): a process, a user and a group.
CREDENTIALS = struct.Struct("iii")

# What a container is started with.
ROOT = "--volume=/:/host"
PRIVILEGED = ("--privileged", "--userns=host")
PROCESSES = (*PRIVILEGED, "--pid=host")
UNCONFINED = (
    *("--cap-add=ALL", "--userns=host"),
    *("--security-opt=apparmor=unconfined", "--security-opt=seccomp=unconfined"),
)
# Private: the engine unmounts it in the end, and else all that is mounted below /etc with it.
VOLUME = (
    '--mount=type=volume,dst=/host/etc,volume-opt=type=none,"volume-opt=o=rbind,rprivate"'
    ",volume-opt=device=/etc"
)

Given = dict[str, Any]


class UntriedError(Exception):
    """An attack, or all of them, cannot be tried; the text says why."""


class Account(NamedTuple):
    """An account of the machine, and the groups that it is in."""

    name: str
    uid: int
    gid: int
    groups: list[int]


class Disk(NamedTuple):
    """A block device that root can read: its name in /dev, and its numbers."""

    name: str
    major: int
    minor: int


class Ended(NamedTuple):
    """How a command ended: its status, none where it was ended, and what it has printed."""

    status: int | None
    printed: str


class Ground:
    """What there is on the machine for attacks to get at.

    directory: made for them; below it is open, where everybody may write. shadow and passwd: the
    SHA-256 of these files. process: root's, with a variable that only root knows the value of.
    """

    def __init__(
        self, directory: Path, account: Account, process: subprocess.Popen[bytes], value: str
    ) -> None:
        self.name = directory.name
        self.open = directory / "open"
        self.account = account
        self.process = process
        self.value = value
        # A name that a shell takes, too.
        self.variable = self.name.replace("-", "_").upper()
        self.shadow, self.passwd = (attacker.digest(f"/etc/{one}") for one in ("shadow", "passwd"))
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind(b"\0" + self.name.encode())
        self.abstract.listen()
        self.abstract.setblocking(False)


def names_of(rest: str) -> list[str]:
    """Give the paths in proc(5)'s net/unix at which something listens that gives power."""
    fields = [line.split(maxsplit=FIELDS - 1) for line in rest.splitlines()[1:]]
    paths = [
        one[7] for one in fields if len(one) == FIELDS and (one[3], one[4]) == (LISTENS, STREAM)
    ]
    return sorted({path for path in paths if path.startswith("/") and POWERFUL.search(path)})


def limited(
    command: Sequence[str], account: Account | None, seconds: float, **variables: str
) -> Ended:
    """Run a command, as an account where one is given, and give how it ended.

    It gets so much time, and may print so much; what goes on after that is ended.
    """
    who: dict[str, Any] = {}
    if account:
        who = {"user": account.uid, "group": account.gid, "extra_groups": account.groups}
    printed = b""
    end = time.monotonic() + seconds
    with subprocess.Popen(  # noqa: S603  # no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", **variables},
        start_new_session=True,
        **who,
    ) as process:
        pipe = process.stdout.fileno() if process.stdout else -1
        try:
            while len(printed) < MOST_PRINTED:
                left = max(end - time.monotonic(), 0)
                if not select.select([pipe], [], [], left)[0]:
                    break
                piece = os.read(pipe, 4096)
                if not piece:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(max(end - time.monotonic(), 0))
                    break
                printed += piece
        finally:
            status = process.poll()
            # With its children, in a session of their own; of one that has ended, the number may
            # be another's.
            if status is None:
                os.killpg(process.pid, signal.SIGKILL)
    return Ended(status, printed[:MOST_PRINTED].decode(errors="replace"))


class Goal(NamedTuple):
    """What an attack is to get at.

    given: what it needs to know for that, in a container; raises UntriedError. seen: whether it has
    got there, from that and from what it has told, by a look from outside, which undoes it, too.
    """

    given: Callable[[Ground], Given]
    seen: Callable[[Ground, Given, Any], bool]


class Attack(NamedTuple):
    """One way to get at the machine.

    name: as docs/security.md explains it. run: what is run within a container. options: those of
    docker run.
    """

    name: str
    run: Callable[[Given], None]
    options: Sequence[str]
    goal: Goal


def files_given(ground: Ground) -> Given:
    """Give what a reader of /etc/shadow needs to know."""
    return {"passwd": ground.passwd}


def shadow_seen(ground: Ground, _given: Given, got: object) -> bool:
    """Tell whether the hash is that of /etc/shadow."""
    return got == ground.shadow


def some_seen(given: str) -> Callable[[Ground, Given, Any], bool]:
    """Give what tells whether any of those that were given was reached."""

    def seen(_ground: Ground, was: Given, got: object) -> bool:
        return isinstance(got, list) and any(one in was[given] for one in got)

    return seen


def itself(account: Account, test: str, paths: Sequence[str]) -> list[str]:
    """Give those of the paths of which an account can do without Docker what is tried by it.

    test: a letter of test(1).
    """
    return [path for path in paths if limited(["test", test, path], account, 5).status == 0]


def homes_given(ground: Ground) -> Given:
    """Give the homes that are closed to the account."""
    homes = {"/root"}
    for one in pwd.getpwall():
        if FIRST_USER <= one.pw_uid < NOBODY and one.pw_uid != ground.account.uid:
            homes.add(one.pw_dir)
    there = sorted(home for home in homes if Path(home).is_dir())[:MOST_HOMES]
    open_ = itself(ground.account, "-r", there)
    closed = [home for home in there if home not in open_]
    if not closed:
        raise UntriedError("no home is closed to the account as it is")
    return {"open": str(ground.open), "homes": closed}


def usr_given(ground: Ground) -> Given:
    """Give the path of a file that is to be made."""
    return {"open": str(ground.open), "paths": [f"/usr/{ground.name}"]}


def usr_seen(_ground: Ground, given: Given, _got: object) -> bool:
    """Tell whether the file was made, and remove it."""
    found = False
    for path in given["paths"]:
        with suppress(FileNotFoundError):
            os.unlink(path)
            found = True
    return found


def disk() -> Disk:
    """Give a disk that root can read, one with something on it before others.

    Raises UntriedError.
    """
    there = []
    for place in sorted(Path("/sys/class/block").glob("*")):
        # A drive without a disk in it may wait for one.
        if place.name.startswith(("sr", "fd")):
            continue
        with suppress(OSError, ValueError):
            major, minor = map(int, (place / "dev").read_text().split(":"))
            size = int((place / "size").read_text())
            there.append((-size, Disk(place.name.replace("!", "/"), major, minor)))
    for _, one in sorted(there):
        if node_opens(one.major, one.minor):
            return one
    raise UntriedError("there is no disk that root itself can open")


def node_opens(major: int, minor: int) -> bool:
    """Tell whether root can read a block device."""
    with tempfile.TemporaryDirectory(prefix=MARK, dir="/dev") as directory:
        node = f"{directory}/disk"
        try:
            os.mknod(node, stat.S_IFBLK | 0o600, os.makedev(major, minor))
            attacker.open_node(node)
        except OSError:
            return False
    return True


def disk_given(_ground: Ground) -> Given:
    """Give a disk, and where it may be found."""
    one = disk()
    paths = [f"{place}/dev/{one.name}" for place in ("", attacker.HOST)]
    return {**one._asdict(), "paths": paths}


def word_seen(word: str) -> Callable[[Ground, Given, Any], bool]:
    """Give what tells whether the attack itself says that it succeeded, where nothing else can."""
    return lambda _ground, _given, got: got == word


def any_seen(_ground: Ground, _given: Given, got: object) -> bool:
    """Tell whether anything was reached."""
    return bool(got)


def mount_given(ground: Ground) -> Given:
    """Give the directory that is mounted on."""
    return {"place": str(ground.open / "mount")}


def mount_seen(_ground: Ground, given: Given, _got: object) -> bool:
    """Tell whether something is mounted there, and unmount it."""
    found = False
    libc = attacker.library()
    while os.path.ismount(given["place"]):
        found = True
        if libc.umount2(os.fsencode(given["place"]), UMOUNT_NOFOLLOW | MNT_DETACH) != 0:
            break
    return found


def processes_given(place: str) -> Callable[[Ground], Given]:
    """Give what gives root's process, and where the machine's processes are to be seen."""

    def given(ground: Ground) -> Given:
        if ground.process.poll() is not None:
            raise UntriedError("root's process has been ended")
        return {"process": ground.process.pid, "processes": place, "variable": ground.variable}

    return given


def value_seen(ground: Ground, _given: Given, got: object) -> bool:
    """Tell whether the value is that of the process' variable."""
    return got == ground.value


def end_seen(ground: Ground, _given: Given, _got: object) -> bool:
    """Tell whether the process was ended."""
    with suppress(subprocess.TimeoutExpired):
        return ground.process.wait(1) == -signal.SIGTERM
    return False


def nothing_given(_ground: Ground) -> Given:
    """Give nothing."""
    return {}


def namespace_seen(kind: str) -> Callable[[Ground, Given, Any], bool]:
    """Give what tells whether what was changed is the machine's own network, or name."""
    return lambda _ground, _given, got: got == os.readlink(f"/proc/self/ns/{kind}")


def group_given(ground: Ground) -> Given:
    """Give the name of a control group."""
    return {"group": ground.name}


def group_seen(_ground: Ground, given: Given, _got: object) -> bool:
    """Tell whether there is such a control group, and remove it."""
    found = False
    for place in (Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*/")):
        with suppress(OSError):
            (place / given["group"]).rmdir()
            found = True
    return found


def setuid_given(ground: Ground) -> Given:
    """Give where a program is to be made."""
    return {"open": str(ground.open), "program": "id"}


def setuid_seen(ground: Ground, given: Given, _got: object) -> bool:
    """Tell whether the account is root by that program."""
    program = ground.open / given["program"]
    try:
        made = program.lstat()
    except FileNotFoundError:
        return False
    if made.st_uid != 0 or not made.st_mode & stat.S_ISUID:
        return False
    return limited([str(program), "-u"], ground.account, 5).printed.strip() == "0"


def sockets_given(ground: Ground) -> Given:
    """Give the sockets that are closed to the account."""
    there = [
        path
        for path in names_of(Path("/proc/net/unix").read_text(errors="replace"))
        if os.path.exists(path) and os.lstat(path).st_uid == 0
    ]
    open_ = itself(ground.account, "-w", there)
    closed = [path for path in there if path not in open_]
    if not closed:
        raise UntriedError("no socket of root's is closed to the account as it is")
    return {"open": str(ground.open), "sockets": closed}


def abstract_given(ground: Ground) -> Given:
    """Give the name of a socket."""
    return {"socket": ground.name}


def abstract_seen(ground: Ground, _given: Given, _got: object) -> bool:
    """Tell whether somebody has connected to it who is root here."""
    found = False
    with suppress(BlockingIOError):
        while True:
            caller, _ = ground.abstract.accept()
            with caller:
                told = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
                found = found or CREDENTIALS.unpack(told)[1] == 0
    return found


def module_given(_ground: Ground) -> Given:
    """Give what the kernel tells root. Raises UntriedError where it is no other than to others."""
    told = attacker.nonsense_module()
    if told in (0, errno.EPERM, errno.ENOSYS):
        raise UntriedError(f"the kernel takes no modules of root's ({os.strerror(told)})")
    return {"error": told}


def module_seen(_ground: Ground, given: Given, got: object) -> bool:
    """Tell whether the kernel says what it tells root."""
    return bool(got == given["error"])


def systemd_given(ground: Ground) -> Given:
    """Give a variable for systemd. Raises UntriedError where it is not to be had here."""
    if not Path("/run/systemd/system").is_dir() or not Path("/run/dbus/system_bus_socket").exists():
        raise UntriedError("there is no systemd, or no bus to reach it by")
    return {"variable": ground.variable}


def systemd_seen(_ground: Ground, given: Given, _got: object) -> bool:
    """Tell whether systemd has that variable, and have it forgotten."""
    told = limited([SYSTEMCTL, "show-environment"], None, SHORT_SECONDS).printed
    if not re.search(rf"^{given['variable']}=", told, re.MULTILINE):
        return False
    limited([SYSTEMCTL, "unset-environment", given["variable"]], None, SHORT_SECONDS)
    return True


# docs/security.md explains each in a line.
SHADOW = Goal(files_given, shadow_seen)
HOMES = Goal(homes_given, some_seen("homes"))
USR = Goal(usr_given, usr_seen)
SETUID = Goal(setuid_given, setuid_seen)
MOUNT = Goal(mount_given, mount_seen)
DISK = Goal(disk_given, some_seen("paths"))
NODE = Goal(disk_given, word_seen("opened"))
SEEN, MOUNTED = processes_given("/proc"), processes_given(f"{attacker.HOST}/proc")
KERNEL = Goal(nothing_given, any_seen)
MODULE = Goal(module_given, module_seen)
NAME = Goal(nothing_given, namespace_seen("uts"))
NETWORK = Goal(nothing_given, namespace_seen("net"))
ABSTRACT = Goal(abstract_given, abstract_seen)
CGROUP = Goal(group_given, group_seen)
SOCKETS = Goal(sockets_given, some_seen("sockets"))
SYSTEMD = Goal(systemd_given, systemd_seen)

ATTACKS = (
    Attack("shadow", attacker.read_shadow, (ROOT,), SHADOW),
    Attack("shadow-userns", attacker.read_shadow, (ROOT, "--userns=host"), SHADOW),
    Attack("shadow-unconfined", attacker.read_shadow, (ROOT, *UNCONFINED), SHADOW),
    Attack("shadow-privileged", attacker.read_shadow, (ROOT, *PRIVILEGED), SHADOW),
    Attack("shadow-volume", attacker.read_shadow, (VOLUME, *PRIVILEGED), SHADOW),
    Attack("home", attacker.list_homes, (ROOT, *PRIVILEGED), HOMES),
    Attack("usr", attacker.write_usr, (ROOT, *PRIVILEGED), USR),
    Attack("setuid", attacker.make_setuid, (ROOT, *PRIVILEGED), SETUID),
    Attack("mount", attacker.mount, (f"{ROOT}:rshared", *PRIVILEGED), MOUNT),
    Attack("disk", attacker.open_device, (ROOT, *PRIVILEGED), DISK),
    Attack("disk-device", attacker.open_device, ("--device=/dev/{name}", *UNCONFINED), DISK),
    Attack(
        "disk-mknod", attacker.make_device, ("--device-cgroup-rule=b *:* rwm", *UNCONFINED), NODE
    ),
    Attack("environment", attacker.read_environment, PROCESSES, Goal(SEEN, value_seen)),
    Attack(
        "environment-mount",
        attacker.read_environment,
        (ROOT, *PRIVILEGED),
        Goal(MOUNTED, value_seen),
    ),
    Attack("process-root", attacker.root_of_first, PROCESSES, Goal(SEEN, shadow_seen)),
    Attack(
        "process-root-mount",
        attacker.root_of_first,
        (ROOT, *PRIVILEGED),
        Goal(MOUNTED, shadow_seen),
    ),
    Attack("nsenter", attacker.enter, PROCESSES, Goal(SEEN, shadow_seen)),
    Attack("nsenter-mount", attacker.enter, (ROOT, *PRIVILEGED), Goal(MOUNTED, shadow_seen)),
    Attack("trace", attacker.trace, PROCESSES, Goal(SEEN, word_seen("traced"))),
    # The last that needs this process.
    Attack("signal", attacker.end_process, PROCESSES, Goal(SEEN, end_seen)),
    Attack("kernel", attacker.write_kernel, PRIVILEGED, KERNEL),
    Attack("module", attacker.load_module, PRIVILEGED, MODULE),
    Attack("hostname", attacker.name_machine, ("--uts=host", *PRIVILEGED), NAME),
    Attack("network", attacker.change_network, ("--network=host", *PRIVILEGED), NETWORK),
    Attack("abstract", attacker.connect_abstract, ("--network=host", *PRIVILEGED), ABSTRACT),
    Attack("cgroup", attacker.make_group, ("--cgroupns=host", *PRIVILEGED), CGROUP),
    Attack("sockets", attacker.connect, (ROOT, *PRIVILEGED), SOCKETS),
    Attack("systemd", attacker.tell_systemd, (ROOT, *PRIVILEGED), SYSTEMD),
)


@contextmanager
def ground_for(account: Account) -> Iterator[Ground]:
    """Have for a while what attacks are to get at."""
    value = secrets.token_hex(16)
    with ExitStack() as after:
        directory = Path(tempfile.mkdtemp(prefix=MARK, dir="/var/tmp"))
        after.callback(shutil.rmtree, directory, ignore_errors=True)
        directory.chmod(0o711)
        # Nobody else is in there until all of it is.
        (directory / "open").mkdir(mode=0o700)
        (directory / "open" / "mount").mkdir()
        listening = after.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(directory / "open" / "socket"))
        (directory / "open" / "socket").chmod(0o666)
        listening.listen()
        (directory / "open").chmod(0o1777)
        variable = directory.name.replace("-", "_").upper()
        process = subprocess.Popen(  # noqa: S603  # no shell
            ["/bin/sleep", str(ALL_SECONDS + ATTACK_SECONDS)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={variable: value},
        )
        after.enter_context(process)
        after.callback(process.kill)
        ground = Ground(directory, account, process, value)
        after.enter_context(ground.abstract)
        yield ground
