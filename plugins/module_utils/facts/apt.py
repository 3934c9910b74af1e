# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read what is installed, what an interrupted installation has left, and the proxy of apt."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile

from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd, read
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Apt
from ansible_collections.labocloud.room.plugins.module_utils.files import matching
from ansible_collections.labocloud.room.plugins.module_utils.state import Brought

STATUS = "/var/lib/dpkg/status"
# Bytes; the status of a desktop with everything has 10 MB.
LARGEST_STATUS = 64 * 2**20
# Numbered files, in which dpkg writes down what it does before it is in its status.
DPKG_JOURNAL = "/var/lib/dpkg/updates/[0-9]*"
# The states in dpkg(1) between absent and installed.
_UNFINISHED = {
    "half-installed",
    "unpacked",
    "half-configured",
    "triggers-awaited",
    "triggers-pending",
}
POLICY_RC_D = "/usr/sbin/policy-rc.d"
# What Ansible's module apt writes to policy-rc.d; a power cut may leave the file empty.
ANSIBLES_POLICY = {"#!/bin/sh\nexit 101\n", ""}
APT_CONFIG = ("/usr/bin/apt-config", "dump")
# The command reads a few files, and its output has some 20 kB.
APT_SECONDS, _APT_BYTES = 5, 2**20
_PROXY = re.compile(r'^Acquire::https?::Proxy "(.*)";$', re.MULTILINE | re.IGNORECASE)


def parse_dpkg_status(text: str) -> tuple[dict[str, str], list[str], list[str]]:
    """Return the packages in dpkg's status file.

    These are the installed ones, name to version; the names of the held ones among them; and the
    names of those that dpkg has begun to install, or to remove, and not finished.
    """
    packages: dict[str, str] = {}
    held: list[str] = []
    unfinished: list[str] = []
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Status|Version): (.*)$", paragraph, re.MULTILINE))
        selection, _, state = fields.get("Status", "").partition(" ")
        if "Package" not in fields:
            continue
        if state == "ok installed":
            packages[fields["Package"]] = fields.get("Version", "")
            if selection == "hold":
                held.append(fields["Package"])
        elif state.rpartition(" ")[2] in _UNFINISHED:
            unfinished.append(fields["Package"])
    return packages, held, unfinished


def _policy_rc_d(used: bool, odd: Odd | None = None) -> str:
    """Return whether policy-rc.d is "absent", "left" by the toolkit, or any "other" one.

    used: whether the seat's record says that the toolkit was using one. The toolkit writes the file
    only where there is none. Its text alone proves nothing: any program may write the same.
    """
    if not os.path.lexists(POLICY_RC_D):
        return "absent"
    if not os.path.isfile(POLICY_RC_D):
        return "other"
    return "left" if used and read(POLICY_RC_D, odd) in ANSIBLES_POLICY else "other"


def apt_facts(brought: Brought, unfinished: list[str], odd: Odd | None = None) -> Apt:
    """Return what was left of an installation, as the fact C(apt).

    brought: the record of what the toolkit brought. unfinished: as parse_dpkg_status() returns it.
    """
    return {
        "unfinished": unfinished,
        "journal": any(True for _ in matching(DPKG_JOURNAL)),
        "interrupted": "coming" in brought,
        "policy_rc_d": _policy_rc_d(brought.get("policy_rc_d", False), odd),
    }


def configuration(odd: Odd) -> str:
    """Return apt's configuration, as apt understands its files; empty where there is no apt."""
    if not os.path.isfile(APT_CONFIG[0]):
        return ""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.run(  # noqa: S603  # no shell, and a path of our own
                APT_CONFIG,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                env=ENVIRONMENT,
                timeout=APT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            odd.add(f"apt-config does not tell apt's configuration ({error})")
            return ""
        if process.returncode != 0:
            code = process.returncode
            odd.add(f"apt-config cannot read apt's configuration (it ends with {code})")
            return ""
        output.seek(0)
        return output.read(_APT_BYTES).decode(errors="replace")


def proxies(text: str) -> list[str]:
    """Return the proxies in apt's configuration. text: as apt-config prints it."""
    return _PROXY.findall(text)
