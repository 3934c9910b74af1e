# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What apt would bring to this machine, by package lists that are fresh."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.passwords import without_passwords

LISTS = Path("/var/lib/apt/lists")
SOURCES = Path("/etc/apt")
# Seconds that lists are fresh for; that another apt is waited for; and between two tries.
FRESH, PATIENCE, PAUSE = 600, 60, 5
# Ansible's apt needs it, and brings it where it lacks.
LIBRARY = "python3-apt"
# Without the option it ends well where a list could not be fetched.
UPDATE = ("apt-get", "--quiet", "--option=APT::Update::Error-Mode=any", "update")
SIMULATE = (
    *("apt-get", "--simulate", "--no-install-recommends", "--allow-downgrades"),
    *("--allow-change-held-packages", "install"),
)
NEW = re.compile(r"^Inst ([^ :]+)[^ ]* [(]", re.MULTILINE)
# Lines of an error that are told.
LAST = 3


class ListsError(Exception):
    """The package lists cannot be read; the text says why, and what to do."""


def run(command: Iterable[str]) -> subprocess.CompletedProcess[str]:
    """Have apt-get do something, in words that can be read."""
    return subprocess.run(  # noqa: S603  # no shell
        [*command],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def fresh() -> bool:
    """Tell whether the lists are of the last minutes, and of the sources that there are now."""
    if not any(LISTS.glob("*Release")):
        return False
    parts = SOURCES / "sources.list.d"
    sources = [SOURCES / "sources.list", parts, *parts.glob("*")]
    changed = max((one.stat().st_mtime for one in sources if one.exists()), default=0)
    written = LISTS.stat().st_mtime
    return changed < written and 0 <= time.time() - written < FRESH


def read_lists() -> None:
    """Have apt read its package lists, where they are not fresh. Raises ListsError and OSError."""
    if fresh():
        return
    until = time.monotonic() + PATIENCE
    while (done := run(UPDATE)).returncode and " lock" in done.stderr and time.monotonic() < until:
        time.sleep(PAUSE)
    # apt leaves the time as it was where it found nothing new, and not where it failed half-way.
    os.utime(LISTS, (0, 0) if done.returncode else None)
    if done.returncode:
        said = "; ".join(done.stderr.strip().splitlines()[-LAST:])
        raise ListsError(
            f"apt cannot read its package lists ({without_passwords(said)}). Fix: see to it that it"
            " reaches the hosts in /etc/apt/sources.list and sources.list.d; `apt-get update` on"
            " the seat shows whether it does."
        )


def new_packages(asked: list[str], going: list[str], there: Iterable[str]) -> list[str]:
    """Give the names of the packages that apt will bring.

    asked: as apt is asked for them. going: those that go first. there: names of those that are
    there. Where apt has no answer, the installation tells why; what was asked for is known.
    """
    done = run([*SIMULATE, LIBRARY, *asked, *(f"{name}-" for name in going)])
    names = [LIBRARY, *(name.partition("=")[0] for name in asked)]
    if done.returncode == 0:
        names = NEW.findall(done.stdout)
    return sorted({*names} - {*there})
