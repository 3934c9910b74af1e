# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""List the attacks of the module seat_attack, and see from outside whether one has succeeded."""

from __future__ import annotations

import errno
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.attacks import attacker
from ansible_collections.labocloud.room.plugins.module_utils.attacks.accounts import (
    Account,
    limited,
)
from ansible_collections.labocloud.room.plugins.module_utils.attacks.attacker import Given

# The names of what is created on the machine begin with this.
MARK = "labocloud-attack-"
# Seconds: for a container, from its start to its end; for all of them; for a short command.
ATTACK_SECONDS, ALL_SECONDS, SHORT_SECONDS = 60, 480, 20
_MOST_HOMES = 50
_FIRST_USER, _NOBODY = 1000, 65534
_SYSTEMCTL = "/usr/bin/systemctl"
# The sockets that give root's rights, or nearly, to who connects to them.
_POWERFUL = re.compile(r"docker|containerd|buildkit|podman|crio|libvirt|lxd|incus|systemd/private")
# proc(5), net/unix: the flags and the type of a listening stream socket, and the number of fields.
_LISTENS, _STREAM, _FIELDS = "00010000", "0001", 8
# umount2(2): follow no symbolic link; unmount at once, whoever uses it.
_UMOUNT_NOFOLLOW, _MNT_DETACH = 8, 2
# unix(7), SO_PEERCRED: a process, a user and a group.
CREDENTIALS = struct.Struct("iii")

# The options that containers are started with.
_ROOT = "--volume=/:/host"
_PRIVILEGED = ("--privileged", "--userns=host")
_PROCESSES = (*_PRIVILEGED, "--pid=host")
_UNCONFINED = (
    *("--cap-add=ALL", "--userns=host"),
    *("--security-opt=apparmor=unconfined", "--security-opt=seccomp=unconfined"),
)
# The mount is private: otherwise the engine, which unmounts it in the end, would unmount on the
# machine what is mounted below /etc.
_VOLUME = (
    '--mount=type=volume,dst=/host/etc,volume-opt=type=none,"volume-opt=o=rbind,rprivate"'
    ",volume-opt=device=/etc"
)


class UntriedError(Exception):
    """An attack, or all of them, cannot be tried; the text gives the reason."""


class Disk(NamedTuple):
    """A block device that root can read: its name in /dev, and its numbers."""

    name: str
    major: int
    minor: int


class Ground:
    """The targets of the attacks on the machine.

    open: a directory created for them, where everybody may write. shadow and passwd: the SHA-256 of
    these files. process: root's, with a variable whose value only root can read. abstract: a
    listening socket without a path.
    """

    def __init__(
        self,
        directory: Path,
        account: Account,
        process: subprocess.Popen[bytes],
        variable: str,
        value: str,
    ) -> None:
        self.name = directory.name
        self.open = directory / "open"
        self.account = account
        self.process = process
        self.variable, self.value = variable, value
        self.shadow, self.passwd = (
            attacker.digest(f"/etc/{file}") for file in ("shadow", "passwd")
        )
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind(b"\0" + self.name.encode())
        self.abstract.listen()
        self.abstract.setblocking(False)


def names_of(text: str) -> list[str]:
    """Return the paths of the listening sockets that give power. text: proc(5)'s net/unix."""
    rows = [line.split(maxsplit=_FIELDS - 1) for line in text.splitlines()[1:]]
    paths = [
        row[7] for row in rows if len(row) == _FIELDS and (row[3], row[4]) == (_LISTENS, _STREAM)
    ]
    return sorted({path for path in paths if path.startswith("/") and _POWERFUL.search(path)})


class Goal(NamedTuple):
    """What an attack has to reach.

    given: returns what the attack needs to know in its container; raises UntriedError. seen:
    returns whether the attack has succeeded, seen from outside, by that and by what the attack
    reports that it has reached; it also undoes what the attack has changed.
    """

    given: Callable[[Ground], Given]
    seen: Callable[[Ground, Given, object], bool]


class Attack(NamedTuple):
    """One way to get at the machine.

    name: as docs/security.md explains it. run: the function of attacker.py that runs in a
    container. options: those of docker run.
    """

    name: str
    run: Callable[[Given], None]
    options: Sequence[str]
    goal: Goal


def shadow_seen(ground: Ground, _given: Given, got: object) -> bool:
    """Return whether the hash is that of /etc/shadow."""
    return got == ground.shadow


def some_seen(_ground: Ground, given: Given, got: object) -> bool:
    """Return whether any of the given paths was reached."""
    return isinstance(got, list) and any(path in given["paths"] for path in got)


def itself(account: Account, test: str, paths: Sequence[str]) -> list[str]:
    """Return the paths that an account can use without Docker, so that to reach them is no attack.

    test: the option of test(1) that finds this out, "-r" or "-w".
    """
    return [path for path in paths if limited(["test", test, path], account, 5).status == 0]


def homes_given(ground: Ground) -> Given:
    """Return the homes that are closed to the account. Raises UntriedError where none is."""
    homes = {"/root"}
    for entry in pwd.getpwall():
        if _FIRST_USER <= entry.pw_uid < _NOBODY and entry.pw_uid != ground.account.uid:
            homes.add(entry.pw_dir)
    directories = sorted(home for home in homes if Path(home).is_dir())[:_MOST_HOMES]
    readable = itself(ground.account, "-r", directories)
    closed = [home for home in directories if home not in readable]
    if not closed:
        raise UntriedError("no home is closed to the account as it is")
    return {"open": str(ground.open), "paths": closed}


def usr_seen(_ground: Ground, given: Given, _got: object) -> bool:
    """Return whether the file was created, and remove it."""
    exists = False
    for path in given["paths"]:
        with suppress(FileNotFoundError):
            os.unlink(path)
            exists = True
    return exists


def disk() -> Disk:
    """Return the largest disk that root can read. Raises UntriedError where there is none."""
    disks = []
    for directory in sorted(Path("/sys/class/block").glob("*")):
        # To open a drive without a disk in it may take long.
        if directory.name.startswith(("sr", "fd")):
            continue
        with suppress(OSError, ValueError):
            major, minor = map(int, (directory / "dev").read_text().split(":"))
            size = int((directory / "size").read_text())
            disks.append((-size, Disk(directory.name.replace("!", "/"), major, minor)))
    for _, candidate in sorted(disks):
        if is_readable(candidate):
            return candidate
    raise UntriedError("there is no disk that root itself can open")


def is_readable(candidate: Disk) -> bool:
    """Return whether root can read a block device."""
    with tempfile.TemporaryDirectory(prefix=MARK, dir="/dev") as directory:
        node = f"{directory}/disk"
        try:
            device = os.makedev(candidate.major, candidate.minor)
            os.mknod(node, stat.S_IFBLK | 0o600, device)
            attacker.open_node(node)
        except OSError:
            return False
    return True


def _disk_given(_ground: Ground) -> Given:
    """Return a disk, and the paths that it may have in a container."""
    target = disk()
    paths = [f"{root}/dev/{target.name}" for root in ("", attacker.HOST)]
    return {"name": target.name, "major": target.major, "minor": target.minor, "paths": paths}


def word_seen(word: str) -> Callable[[Ground, Given, object], bool]:
    """Return a function that returns whether the attack itself reports success by this word.

    That counts where nothing can be seen from outside.
    """
    return lambda _ground, _given, got: got == word


def mount_given(ground: Ground) -> Given:
    """Return the directory of the machine on which the attack mounts something."""
    return {"place": str(ground.open / "mount")}


def mount_seen(_ground: Ground, given: Given, _got: object) -> bool:
    """Return whether something is mounted on the directory, and unmount it."""
    is_mounted = False
    libc = attacker.library()
    while os.path.ismount(given["place"]):
        is_mounted = True
        if libc.umount2(os.fsencode(given["place"]), _UMOUNT_NOFOLLOW | _MNT_DETACH) != 0:
            break
    return is_mounted


def processes_given(processes: str) -> Callable[[Ground], Given]:
    """Return a function that returns root's process, or raises UntriedError where it has ended.

    processes: the directory of the machine's processes in the container.
    """

    def given(ground: Ground) -> Given:
        if ground.process.poll() is not None:
            raise UntriedError("root's process has been ended")
        return {
            "process": ground.process.pid,
            "processes": processes,
            "variable": ground.variable,
        }

    return given


def value_seen(ground: Ground, _given: Given, got: object) -> bool:
    """Return whether the value is that of the variable of root's process."""
    return got == ground.value


def end_seen(ground: Ground, _given: Given, _got: object) -> bool:
    """Return whether root's process was ended by a signal."""
    with suppress(subprocess.TimeoutExpired):
        return ground.process.wait(1) == -signal.SIGTERM
    return False


def nothing_given(_ground: Ground) -> Given:
    """Return nothing, for an attack that needs to know nothing."""
    return {}


def _namespace_seen(kind: str) -> Callable[[Ground, Given, object], bool]:
    """Return a function that returns whether the machine's own namespace of a kind was changed."""
    return lambda _ground, _given, got: got == os.readlink(f"/proc/self/ns/{kind}")


def group_given(ground: Ground) -> Given:
    """Return the name of a control group that the attack tries to create."""
    return {"group": ground.name}


def group_seen(_ground: Ground, given: Given, _got: object) -> bool:
    """Return whether the control group was created, and remove it."""
    exists = False
    for hierarchy in (Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*/")):
        with suppress(OSError):
            (hierarchy / given["group"]).rmdir()
            exists = True
    return exists


def setuid_given(ground: Ground) -> Given:
    """Return where the attack tries to create a program, and its name."""
    return {"open": str(ground.open), "program": "id"}


def setuid_seen(ground: Ground, given: Given, _got: object) -> bool:
    """Return whether the account is root when it runs the program."""
    program = ground.open / given["program"]
    try:
        status = program.lstat()
    except FileNotFoundError:
        return False
    if status.st_uid != 0 or not status.st_mode & stat.S_ISUID:
        return False
    return limited([str(program), "-u"], ground.account, 5).printed.strip() == "0"


def _sockets_given(ground: Ground) -> Given:
    """Return root's sockets that are closed to the account. Raises UntriedError where none is."""
    sockets = [
        path
        for path in names_of(Path("/proc/net/unix").read_text(errors="replace"))
        if os.path.exists(path) and os.lstat(path).st_uid == 0
    ]
    writable = itself(ground.account, "-w", sockets)
    closed = [path for path in sockets if path not in writable]
    if not closed:
        raise UntriedError("no socket of root's is closed to the account as it is")
    return {"open": str(ground.open), "paths": closed}


def abstract_seen(ground: Ground, _given: Given, _got: object) -> bool:
    """Return whether root of this machine has connected to the socket."""
    is_root = False
    with suppress(BlockingIOError):
        while True:
            caller, _ = ground.abstract.accept()
            with caller:
                peer = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
                is_root = is_root or CREDENTIALS.unpack(peer)[1] == 0
    return is_root


def module_given(_ground: Ground) -> Given:
    """Return the kernel's error for root. Raises UntriedError where others get the same error."""
    error = attacker.nonsense_module()
    if error in (0, errno.EPERM, errno.ENOSYS):
        raise UntriedError(f"the kernel takes no modules of root's ({os.strerror(error)})")
    return {"error": error}


def module_seen(_ground: Ground, given: Given, got: object) -> bool:
    """Return whether the kernel's error for the attack is the one for root."""
    return bool(got == given["error"])


def _systemd_given(ground: Ground) -> Given:
    """Return a variable for systemd. Raises UntriedError where no systemd can be reached."""
    if not Path("/run/systemd/system").is_dir() or not Path("/run/dbus/system_bus_socket").exists():
        raise UntriedError("there is no systemd, or no bus to reach it by")
    return {"variable": ground.variable}


def _systemd_seen(_ground: Ground, given: Given, _got: object) -> bool:
    """Return whether systemd has the variable, and remove it."""
    environment = limited([_SYSTEMCTL, "show-environment"], None, SHORT_SECONDS).printed
    if not re.search(rf"^{given['variable']}=", environment, re.MULTILINE):
        return False
    limited([_SYSTEMCTL, "unset-environment", given["variable"]], None, SHORT_SECONDS)
    return True


# docs/security.md explains each attack in a line.
_SHADOW = Goal(lambda ground: {"passwd": ground.passwd}, shadow_seen)
_HOMES = Goal(homes_given, some_seen)
_USR = Goal(lambda ground: {"open": str(ground.open), "paths": [f"/usr/{ground.name}"]}, usr_seen)
_SETUID = Goal(setuid_given, setuid_seen)
_MOUNT = Goal(mount_given, mount_seen)
_DISK = Goal(_disk_given, some_seen)
_NODE = Goal(_disk_given, word_seen("opened"))
_SEEN, _MOUNTED = processes_given("/proc"), processes_given(f"{attacker.HOST}/proc")
_KERNEL = Goal(nothing_given, lambda _ground, _given, got: bool(got))
_MODULE = Goal(module_given, module_seen)
_NAME = Goal(nothing_given, _namespace_seen("uts"))
_NETWORK = Goal(nothing_given, _namespace_seen("net"))
_ABSTRACT = Goal(lambda ground: {"socket": ground.name}, abstract_seen)
_CGROUP = Goal(group_given, group_seen)
_SOCKETS = Goal(_sockets_given, some_seen)
_SYSTEMD = Goal(_systemd_given, _systemd_seen)

ATTACKS = (
    Attack("shadow", attacker.read_shadow, (_ROOT,), _SHADOW),
    Attack("shadow-userns", attacker.read_shadow, (_ROOT, "--userns=host"), _SHADOW),
    Attack("shadow-unconfined", attacker.read_shadow, (_ROOT, *_UNCONFINED), _SHADOW),
    Attack("shadow-privileged", attacker.read_shadow, (_ROOT, *_PRIVILEGED), _SHADOW),
    Attack("shadow-volume", attacker.read_shadow, (_VOLUME, *_PRIVILEGED), _SHADOW),
    Attack("home", attacker.list_homes, (_ROOT, *_PRIVILEGED), _HOMES),
    Attack("usr", attacker.write_usr, (_ROOT, *_PRIVILEGED), _USR),
    Attack("setuid", attacker.make_setuid, (_ROOT, *_PRIVILEGED), _SETUID),
    Attack("mount", attacker.mount, (f"{_ROOT}:rshared", *_PRIVILEGED), _MOUNT),
    Attack("disk", attacker.open_device, (_ROOT, *_PRIVILEGED), _DISK),
    Attack("disk-device", attacker.open_device, ("--device=/dev/{name}", *_UNCONFINED), _DISK),
    Attack(
        "disk-mknod", attacker.make_device, ("--device-cgroup-rule=b *:* rwm", *_UNCONFINED), _NODE
    ),
    Attack("environment", attacker.read_environment, _PROCESSES, Goal(_SEEN, value_seen)),
    Attack(
        "environment-mount",
        attacker.read_environment,
        (_ROOT, *_PRIVILEGED),
        Goal(_MOUNTED, value_seen),
    ),
    Attack("process-root", attacker.root_of_first, _PROCESSES, Goal(_SEEN, shadow_seen)),
    Attack(
        "process-root-mount",
        attacker.root_of_first,
        (_ROOT, *_PRIVILEGED),
        Goal(_MOUNTED, shadow_seen),
    ),
    Attack("nsenter", attacker.enter, _PROCESSES, Goal(_SEEN, shadow_seen)),
    Attack("nsenter-mount", attacker.enter, (_ROOT, *_PRIVILEGED), Goal(_MOUNTED, shadow_seen)),
    Attack("trace", attacker.trace, _PROCESSES, Goal(_SEEN, word_seen("traced"))),
    # It ends root's process, so it is the last attack that needs that.
    Attack("signal", attacker.end_process, _PROCESSES, Goal(_SEEN, end_seen)),
    Attack("kernel", attacker.write_kernel, _PRIVILEGED, _KERNEL),
    Attack("module", attacker.load_module, _PRIVILEGED, _MODULE),
    Attack("hostname", attacker.name_machine, ("--uts=host", *_PRIVILEGED), _NAME),
    Attack("network", attacker.change_network, ("--network=host", *_PRIVILEGED), _NETWORK),
    Attack("abstract", attacker.connect_abstract, ("--network=host", *_PRIVILEGED), _ABSTRACT),
    Attack("cgroup", attacker.make_group, ("--cgroupns=host", *_PRIVILEGED), _CGROUP),
    Attack("sockets", attacker.connect, (_ROOT, *_PRIVILEGED), _SOCKETS),
    Attack("systemd", attacker.tell_systemd, (_ROOT, *_PRIVILEGED), _SYSTEMD),
)


@contextmanager
def ground_for(account: Account) -> Iterator[Ground]:
    """Yield the targets of the attacks, and remove them."""
    value = secrets.token_hex(16)
    with ExitStack() as after:
        directory = Path(tempfile.mkdtemp(prefix=MARK, dir="/var/tmp"))
        after.callback(shutil.rmtree, directory, ignore_errors=True)
        directory.chmod(0o711)
        # The directory is closed to others until all of it is created.
        (directory / "open").mkdir(mode=0o700)
        (directory / "open" / "mount").mkdir()
        listening = after.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(directory / "open" / "socket"))
        (directory / "open" / "socket").chmod(0o666)
        listening.listen()
        (directory / "open").chmod(0o1777)
        # The name is valid in a shell too.
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
        ground = Ground(directory, account, process, variable, value)
        after.enter_context(ground.abstract)
        yield ground
