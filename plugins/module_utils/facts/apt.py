# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What is installed on a seat, what an interrupted installation has left, and apt's own proxy."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd, read
from ansible_collections.labocloud.room.plugins.module_utils.files import matching

STATUS = "/var/lib/dpkg/status"
# Bytes; that of a desktop with everything has 10 MB. And packages, some ten times those of one.
LARGEST_STATUS, MOST_PACKAGES = 64 * 2**20, 50_000
# Where dpkg writes down what it does, before it is in its status; the files are numbered.
DPKG_JOURNAL = "/var/lib/dpkg/updates/[0-9]*"
# What dpkg(1) calls a package that is between absent and installed.
UNFINISHED = {
    "half-installed",
    "unpacked",
    "half-configured",
    "triggers-awaited",
    "triggers-pending",
}
POLICY_RC_D = "/usr/sbin/policy-rc.d"
# What Ansible's apt writes there; after a power cut it may be empty.
ANSIBLES_POLICY = {"#!/bin/sh\nexit 101\n", ""}
APT_CONFIG = ("/usr/bin/apt-config", "dump")
# It reads a few files; its answer has some 20 kB.
APT_SECONDS, APT_BYTES = 5, 2**20
PROXY = re.compile(r'^Acquire::https?::Proxy "(.*)";$', re.MULTILINE | re.IGNORECASE)


def parse_dpkg_status(text: str) -> tuple[dict[str, str], list[str], list[str]]:
    """Read dpkg's status file.

    Gives the installed packages with their versions, the names of the held ones among them, and
    the names of those that dpkg has begun to install, or to remove, and not finished.
    """
    packages: dict[str, str] = {}
    held: list[str] = []
    unfinished: list[str] = []
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Status|Version): (.*)$", paragraph, re.MULTILINE))
        want, _, state = fields.get("Status", "").partition(" ")
        if "Package" not in fields:
            continue
        if state == "ok installed":
            packages[fields["Package"]] = fields.get("Version", "")
            if want == "hold":
                held.append(fields["Package"])
        elif state.rpartition(" ")[2] in UNFINISHED:
            unfinished.append(fields["Package"])
    return packages, held, unfinished


def policy_rc_d(used: bool, odd: Odd | None = None) -> str:
    """Tell whose policy-rc.d there is: absent, left or other, as seat has it.

    used: whether the record says that the toolkit was using one. It has one written only where
    there is none; one of the same text may be anybody's.
    """
    if not os.path.lexists(POLICY_RC_D):
        return "absent"
    if not os.path.isfile(POLICY_RC_D):
        return "other"
    return "left" if used and read(POLICY_RC_D, odd) in ANSIBLES_POLICY else "other"


def apt_facts(
    brought: dict[str, Any], unfinished: list[str], odd: Odd | None = None
) -> dict[str, Any]:
    """Give what was left of an installation. brought: the record of what the toolkit brought."""
    return {
        "unfinished": unfinished,
        "journal": any(True for _ in matching(DPKG_JOURNAL)),
        "interrupted": "coming" in brought,
        "policy_rc_d": policy_rc_d(brought.get("policy_rc_d", False), odd),
    }


def configuration(odd: Odd) -> str:
    """Give apt's configuration, as apt understands its files; empty where there is no apt."""
    if not os.path.isfile(APT_CONFIG[0]):
        return ""
    with tempfile.TemporaryFile() as told:
        try:
            done = subprocess.run(  # noqa: S603  # no shell, and a path of our own
                APT_CONFIG,
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=subprocess.DEVNULL,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
                timeout=APT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            odd.add(f"apt-config does not tell apt's configuration ({error})")
            return ""
        if done.returncode != 0:
            odd.add(f"apt-config cannot read apt's configuration (it ends with {done.returncode})")
            return ""
        told.seek(0)
        return told.read(APT_BYTES).decode(errors="replace")


def proxies(text: str) -> list[str]:
    """Give the proxies in apt's configuration, as apt-config prints it."""
    return PROXY.findall(text)
