# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find out what apt would do on this machine, by package lists that are fresh."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.passwords import without_passwords
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal

LISTS = Path("/var/lib/apt/lists")
SOURCES = Path("/etc/apt")
# Seconds for which lists are fresh, for which another apt is waited for, and between two tries.
_FRESH, PATIENCE, PAUSE = 600, 60, 5
# Ansible's apt needs this package, and installs it where it is absent.
LIBRARY = "python3-apt"
# Without the option the command succeeds although a list could not be fetched.
UPDATE = ("apt-get", "--quiet", "--option=APT::Update::Error-Mode=any", "update")
SIMULATE = (
    *("apt-get", "--simulate", "--no-install-recommends", "--allow-downgrades"),
    *("--allow-change-held-packages", "install"),
)
# What completes an installation that was interrupted.
MEND = (
    *("apt-get", "--simulate", "--no-install-recommends", "--no-remove"),
    *("--fix-broken", "install"),
)
_NEW = re.compile(r"^Inst ([^ :]+)[^ ]* [(]", re.MULTILINE)
# A package that comes, new or in the place of another version: its name, version, the archives that
# have it, and its architecture.
_COMES = re.compile(r"^Inst ([^ :]+)\S* (?:\[\S+\] )?\((\S+) (.*) \[([^ \]]+)\]\)", re.MULTILINE)
_GOES = re.compile(r"^(?:Remv|Purg) ([^ :]+)", re.MULTILINE)
_HELD = re.compile(r"^The following held packages will be changed:\n((?: .*\n)*)", re.MULTILINE)
_UNFINISHED = re.compile(r"^[1-9]\d* not fully installed or removed", re.MULTILINE)
_ERROR = re.compile(r"^E: (.+)", re.MULTILINE)
# The last lines of an error that are shown.
_LAST_LINES = 3


class ListsError(Exception):
    """The package lists cannot be read; the text says why, and what to do."""


class Plan(NamedTuple):
    """What apt would do.

    files: the names of the packages' files that it would install, as apt itself names them.
    problem: why it is not to do that, in a clause; empty where it may.
    """

    files: list[str]
    problem: str


def _run(command: Iterable[str]) -> subprocess.CompletedProcess[str]:
    """Run an apt-get command, with messages in English."""
    return subprocess.run(  # noqa: S603  # no shell
        [*command],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def plan(coming: Iterable[str], going: Collection[str], own: Collection[str], origin: str) -> Plan:
    """Return what apt would do to install packages from one archive and from no other.

    coming: packages as apt is asked for them, name or name=version; where there are none, apt is to
    complete an installation that was interrupted. going: names of those that are removed first.
    own: names of those whose hold is the toolkit's. origin: that of the archive.
    """
    if coming := [*coming]:
        removals = (f"{name}-" for name in going)
        simulation = _run([*SIMULATE, LIBRARY, *coming, *removals])
    else:
        simulation = _run(MEND)
    text, comes = simulation.stdout, _COMES.findall(simulation.stdout)
    removed = sorted({*_GOES.findall(text)} - {*going})
    held = sorted({*" ".join(_HELD.findall(text)).split()} - {*own, *going})
    others = sorted(name for name, _, archives, _ in comes if not archives.startswith(f"{origin}:"))
    problem = ""
    if simulation.returncode:
        errors = _ERROR.findall(simulation.stderr)
        problem = without_passwords(errors[0] if errors else "apt-get cannot plan it")
    elif removed:
        problem = f"apt would remove {', '.join(removed)}"
    elif held:
        problem = f"somebody holds {', '.join(held)}, which apt would change"
    elif coming and _UNFINISHED.search(text):
        problem = "dpkg has not finished with what is installed"
    elif others:
        problem = f"apt would take {', '.join(others)} from elsewhere"
    files = (f"{name}_{version.replace(':', '%3a')}_{arch}.deb" for name, version, _, arch in comes)
    return Plan(sorted(files), problem)


def are_fresh() -> bool:
    """Return whether the lists are of the last minutes, and of the sources as they are now."""
    if not any(LISTS.glob("*Release")):
        return False
    parts = SOURCES / "sources.list.d"
    sources = [SOURCES / "sources.list", parts, *parts.glob("*")]
    changed = max((path.stat().st_mtime for path in sources if path.exists()), default=0)
    written = LISTS.stat().st_mtime
    return changed < written and 0 <= time.time() - written < _FRESH


def read_lists() -> None:
    """Have apt read its package lists, where they are not fresh. Raises ListsError and OSError.

    Lists of a configuration that the task names were read by whoever wrote it.
    """
    if "APT_CONFIG" in os.environ or are_fresh():
        return
    end = time.monotonic() + PATIENCE
    while (update := _run(UPDATE)).returncode and " lock" in update.stderr:
        if time.monotonic() >= end:
            break
        time.sleep(PAUSE)
    # apt leaves the directory's time alone where nothing was new, and changes it where it failed
    # half-way.
    os.utime(LISTS, (0, 0) if update.returncode else None)
    if update.returncode:
        why = "; ".join(update.stderr.strip().splitlines()[-_LAST_LINES:])
        raise ListsError(
            Refusal(
                f"apt cannot read its package lists ({without_passwords(why)})",
                "see to it that it reaches the hosts in /etc/apt/sources.list and sources.list.d;"
                " `apt-get update` on the seat shows whether it does.",
            )
        )


def new_packages(coming: list[str], going: list[str], installed: Iterable[str]) -> list[str]:
    """Return the names of the packages that apt will install.

    coming: packages as apt is asked for them, name or name=version. going: names of those that are
    removed first. installed: names of those that are on the machine. Where the simulation fails,
    the names in coming stand for its result: the installation will say why it fails.
    """
    simulation = _run([*SIMULATE, LIBRARY, *coming, *(f"{name}-" for name in going)])
    names = [LIBRARY, *(package.partition("=")[0] for package in coming)]
    if simulation.returncode == 0:
        names = _NEW.findall(simulation.stdout)
    return sorted({*names} - {*installed})
