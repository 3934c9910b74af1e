#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Try, as a student, to get at the machine by all that Docker offers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_attack
short_description: Try, as an account of the machine, to get at it by Docker
description:
  - Tries, one after the other, nearly thirty ways by which who may use Docker is root on a machine
    whose engine is. Each is a container that O(account) starts with the client, from O(image), and
    that first proves that it could see its success; what it then has reached is looked at from
    outside of it, as root.
  - Nothing is left changed. Of what is root's it reads a hash, a byte or a list of names; it writes
    into settings what is in them; the process that it ends, the sockets that it connects to and the
    directory that it mounts on were made for it; files and a control group that it could make are
    removed. Where it is ended in the middle there may stay what is called C(labocloud-attack-…) in
    C(/var/tmp), C(/usr) or C(/sys/fs/cgroup), or a container of that name, until it ends by itself
    within half a minute.
  - Needs no network. It judges nothing but whether each attack has succeeded; the action of this
    name has the answer judged.
options:
  account:
    description: Name of the account, one that a student has.
    type: str
    required: true
  image:
    description: The image that the containers are made from, which has a Python.
    type: str
    default: labocloud20202021:base
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  check_mode:
    details: A check tries nothing.
  idempotent:
    support: full
    details: What it has changed it has undone.
"""

EXAMPLES = r"""
- name: Try to get at the machine, as a student
  labocloud.room.seat_attack:
    account: student
"""

RETURN = r"""
attacks:
  description: What came of it.
  returned: always
  type: dict
  contains:
    account:
      description: The account that has tried.
      type: str
    why:
      description: Why nothing could be tried; empty where it was.
      type: str
    tried:
      description: >-
        Each attack, its C(name); C(outcome), V(succeeded), V(withstood), or V(untried) where it
        could not be tried, which is no proof; and C(why) it has not succeeded.
      type: list
      elements: dict
"""

import inspect
import json
import os
import pwd
import re
import secrets
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.attacks import attacker
from ansible_collections.labocloud.room.plugins.module_utils.attacks.accounts import (
    Account,
    Ended,
    limited,
)
from ansible_collections.labocloud.room.plugins.module_utils.attacks.attacker import Given
from ansible_collections.labocloud.room.plugins.module_utils.attacks.attempts import (
    ALL_SECONDS,
    ATTACK_SECONDS,
    ATTACKS,
    MARK,
    SHORT_SECONDS,
    Attack,
    Ground,
    UntriedError,
    ground_for,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import SOCKET

DOCKER = "/usr/bin/docker"
# The options of each container: nothing of it stays, and no image is pulled.
ALWAYS = ("--rm", "--pull=never", "--log-driver=none", "--entrypoint=python3", "--user=0")
# The messages of an engine that may not itself do what the attack needs: make a shared mount; show
# the machine's processes, which a kernel refuses to who does not own them (before Docker 23, to
# each engine without root). Any other reason why no container starts is no proof.
_REFUSED = re.compile(r'is not a shared mount|mounting "proc" to rootfs .*operation not permitted')
# Characters of a reason.
LONGEST_REASON = 400


def last_words(printed: str) -> str:
    """Return in one line what was printed beside an attack's lines of JSON."""
    lines = [line.strip() for line in printed.splitlines() if not line.startswith("{")]
    # The client's last line says where its help is.
    words = [line for line in lines if line and not line.startswith(("See '", "Run '"))]
    return " ".join(words)[:LONGEST_REASON]


def reported(printed: str) -> dict[str, object]:
    """Return what an attack has reported in its lines of JSON, by key the last value.

    A student's container has printed it, so it may be anything.
    """
    report: dict[str, object] = {}
    for line in printed.splitlines():
        if line.startswith("{"):
            with suppress(ValueError, RecursionError):
                value = json.loads(line)
                report.update(value if isinstance(value, dict) else {})
    return report


def outcome(ended: Ended, *, succeeded: bool) -> tuple[str, str]:
    """Return the outcome of an attack, and why it has not succeeded.

    succeeded: whether its success was seen from outside. That it has not succeeded is proved where
    the attack has reported that it could see its success, and then that it was tried; or where the
    engine itself refuses what it needs.
    """
    if succeeded:
        return "succeeded", ""
    report, words = reported(ended.printed), last_words(ended.printed)
    why = str(report.get("why") or words)[:LONGEST_REASON]
    if not why and report.get("got"):
        why = f"it has reached no more than {report['got']}"[:LONGEST_REASON]
    if report.get("tool") is True and ("got" in report or "why" in report) and "late" not in report:
        return "withstood", why
    if not report and ended.status and _REFUSED.search(ended.printed):
        return "withstood", words
    if ended.status is None or "late" in report:
        return "untried", f"it has not ended in time {why}".strip()
    return "untried", why or f"it ended with status {ended.status}"


class Client:
    """Docker's client as an account uses it: without its settings, at this machine's engine."""

    def __init__(self, account: Account, docker_socket: str, image: str) -> None:
        self.account = account
        self.image = image
        self.variables = {
            "DOCKER_HOST": f"unix://{docker_socket}",
            "DOCKER_CONFIG": "/nonexistent",
            "HOME": "/nonexistent",
        }

    def docker(self, *arguments: str, seconds: float = SHORT_SECONDS) -> Ended:
        """Run the client and return how it ended."""
        return limited([DOCKER, *arguments], self.account, seconds, **self.variables)

    def check(self) -> None:
        """Raise UntriedError where the account cannot use Docker, or the image is missing."""
        if not Path(DOCKER).exists():
            raise UntriedError(f"there is no {DOCKER}")
        ended = self.docker("version", "--format={{.Server.Version}}")
        if ended.status != 0:
            why = last_words(ended.printed)
            raise UntriedError(f"{self.account.name} cannot use Docker there ({why})")
        if self.docker("image", "inspect", "--format={{.Id}}", self.image).status != 0:
            raise UntriedError(f"there is no image {self.image}")

    def run(self, attack: Attack, given: Given) -> Ended:
        """Run an attack in a container, and remove that where it does not end in time."""
        name = f"{MARK}{secrets.token_hex(8)}"
        # The option --device has the name of a disk.
        options = [option.format(**given) for option in attack.options]
        if not any(option.startswith("--network=") for option in options):
            options.append("--network=none")
        container = [f"--name={name}", *ALWAYS, *options, self.image]
        # On a machine, the file is in Ansible's archive of the module.
        arguments = ["-c", inspect.getsource(attacker), attack.run.__name__, json.dumps(given)]
        ended = self.docker("run", *container, *arguments, seconds=ATTACK_SECONDS)
        if ended.status is None:
            self.docker("rm", "--force", name)
        return ended


def _account_named(name: str) -> Account:
    """Return the account of a name. Raises UntriedError where there is none, and for root."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise UntriedError(f"there is no account {name}") from None
    if entry.pw_uid == 0:
        raise UntriedError(f"{name} is root, whom nothing keeps out")
    return Account(name, entry.pw_uid, entry.pw_gid, os.getgrouplist(name, entry.pw_gid))


def _attempt(attack: Attack, ground: Ground, client: Client, end: float) -> tuple[str, str]:
    """Try an attack, and return its outcome and why it has not succeeded, as outcome() does.

    end: the time on the monotonic clock after which no attack is tried.
    """
    if time.monotonic() > end:
        return "untried", "there was no more time"
    try:
        given = attack.goal.given(ground)
        ended = client.run(attack, given)
        got = reported(ended.printed).get("got")
        return outcome(ended, succeeded=attack.goal.seen(ground, given, got))
    except UntriedError as error:
        return "untried", str(error)
    except (OSError, subprocess.SubprocessError) as error:
        return "untried", str(error)[:LONGEST_REASON]


def _attempt_all(name: str, docker_socket: str, image: str) -> tuple[list[dict[str, str]], str]:
    """Try all attacks as an account, and return those tried, and why not all of them were."""
    tried = []
    try:
        if os.geteuid() != 0:
            raise UntriedError("what comes of an attack only root can see")
        account = _account_named(name)
        client = Client(account, docker_socket, image)
        client.check()
        end = time.monotonic() + ALL_SECONDS
        with ground_for(account) as ground:
            for attack in ATTACKS:
                result, why = _attempt(attack, ground, client, end)
                tried.append({"name": attack.name, "outcome": result, "why": why})
    except (UntriedError, OSError) as error:
        return tried, str(error)
    return tried, ""


def _exit(_signal: int, _frame: FrameType | None) -> None:
    """Exit at a signal, by an exception."""
    raise SystemExit(1)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "account": {"type": "str", "required": True},
            "image": {"type": "str", "default": "labocloud20202021:base"},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    # The exception lets what was created be removed where the module is ended by a signal.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)
    options = module.params
    name = options["account"]
    tried, why = _attempt_all(name, options["docker_socket"], options["image"])
    module.exit_json(changed=False, attacks={"account": name, "why": why, "tried": tried})


if __name__ == "__main__":
    main()
