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
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  check_mode:
    support: none
    details: A check tries nothing.
  diff_mode:
    support: none
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

import json
import os
import pwd
import re
import secrets
import signal
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.attacks import attacker
from ansible_collections.labocloud.room.plugins.module_utils.attacks.attempts import (
    ALL_SECONDS,
    ATTACK_SECONDS,
    ATTACKS,
    MARK,
    SHORT_SECONDS,
    Account,
    Attack,
    Ended,
    Given,
    Ground,
    UntriedError,
    ground_for,
    limited,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import SOCKET

DOCKER = "/usr/bin/docker"
# So that nothing of a container stays, and nothing is looked up elsewhere.
ALWAYS = ("--rm", "--pull=never", "--log-driver=none", "--entrypoint=python3", "--user=0")
# What an engine says that itself may not do what would be an attack: mount what all others see
# then; show the machine's processes, as a kernel refuses it to who does not own them (before Docker
# 23 no engine without root could). Any other reason why no container starts is no proof.
REFUSED = re.compile(r'is not a shared mount|mounting "proc" to rootfs .*operation not permitted')
# Characters of a reason that is told.
LONGEST_REASON = 400


def last_words(printed: str) -> str:
    """Give the last of what was printed that is not an attack's own lines, in one line."""
    lines = [line.strip() for line in printed.splitlines() if not line.startswith("{")]
    # The client ends with where its help is.
    told = [line for line in lines if line and not line.startswith(("See '", "Run '"))]
    return " ".join(told)[:LONGEST_REASON]


def said(printed: str) -> dict[str, Any]:
    """Give what an attack has told, which is a student's word: of each key the last value."""
    told: dict[str, Any] = {}
    for line in printed.splitlines():
        if line.startswith("{"):
            with suppress(ValueError, RecursionError):
                value = json.loads(line)
                told.update(value if isinstance(value, dict) else {})
    return told


def outcome(ended: Ended, *, succeeded: bool) -> tuple[str, str]:
    """Give what came of an attack, and why it has not succeeded.

    succeeded: whether what it has reached was seen from outside. That it has not is a proof where
    the attack has told first that it could see its success, and then that it was tried; or where
    the engine itself refuses what it asks for.
    """
    if succeeded:
        return "succeeded", ""
    told, words = said(ended.printed), last_words(ended.printed)
    why = str(told.get("why") or words)[:LONGEST_REASON]
    if not why and told.get("got"):
        why = f"it has reached no more than {told['got']}"[:LONGEST_REASON]
    if told.get("tool") is True and ("got" in told or "why" in told) and "late" not in told:
        return "withstood", why
    if not told and ended.status and REFUSED.search(ended.printed):
        return "withstood", words
    if ended.status is None or "late" in told:
        return "untried", f"it has not ended in time {why}".strip()
    return "untried", why or f"it ended with status {ended.status}"


class Client:
    """The client, as an account uses it: with no setting of its own, at this machine's engine."""

    def __init__(self, account: Account, docker_socket: str, image: str) -> None:
        self.account = account
        self.image = image
        self.variables = {
            "DOCKER_HOST": f"unix://{docker_socket}",
            "DOCKER_CONFIG": "/nonexistent",
            "HOME": "/nonexistent",
        }

    def docker(self, *arguments: str, seconds: float = SHORT_SECONDS) -> Ended:
        """Run the client."""
        return limited([DOCKER, *arguments], self.account, seconds, **self.variables)

    def check(self) -> None:
        """Raise UntriedError where it cannot start a container."""
        if not Path(DOCKER).exists():
            raise UntriedError(f"there is no {DOCKER}")
        ended = self.docker("version", "--format={{.Server.Version}}")
        if ended.status != 0:
            why = last_words(ended.printed)
            raise UntriedError(f"{self.account.name} cannot use Docker there ({why})")
        if self.docker("image", "inspect", "--format={{.Id}}", self.image).status != 0:
            raise UntriedError(f"there is no image {self.image}")

    def run(self, attack: Attack, given: Given) -> Ended:
        """Start a container that tries an attack, and see to it that it is gone then."""
        name = f"{MARK}{secrets.token_hex(8)}"
        # Of a disk, the option has the name.
        options = [option.format(**given) for option in attack.options]
        if not any(option.startswith("--network=") for option in options):
            options.append("--network=none")
        command = [f"--name={name}", *ALWAYS, *options, self.image]
        what = ["-c", text_of_attacks(), attack.run.__name__, json.dumps(given)]
        ended = self.docker("run", *command, *what, seconds=ATTACK_SECONDS)
        if ended.status is None:
            self.docker("rm", "--force", name)
        return ended


def text_of_attacks() -> str:
    """Give the text of attacker.py, wherever this module lies: a machine gets it packed."""
    spec = find_spec(attacker.__name__)
    told: str = spec.loader.get_source(attacker.__name__)  # type: ignore[union-attr]
    return told


def account_named(name: str) -> Account:
    """Give an account. Raises UntriedError."""
    try:
        one = pwd.getpwnam(name)
    except KeyError:
        raise UntriedError(f"there is no account {name}") from None
    if one.pw_uid == 0:
        raise UntriedError(f"{name} is root, whom nothing keeps out")
    return Account(name, one.pw_uid, one.pw_gid, os.getgrouplist(name, one.pw_gid))


def tried(attack: Attack, ground: Ground, client: Client, end: float) -> tuple[str, str]:
    """Try an attack, and give what came of it, and why it has not succeeded.

    end: when there is no more time, on the monotonic clock.
    """
    if time.monotonic() > end:
        return "untried", "there was no more time"
    try:
        given = attack.goal.given(ground)
        ended = client.run(attack, given)
        got = said(ended.printed).get("got")
        return outcome(ended, succeeded=attack.goal.seen(ground, given, got))
    except UntriedError as error:
        return "untried", str(error)
    except (OSError, subprocess.SubprocessError) as error:
        return "untried", str(error)[:LONGEST_REASON]


def attacked(name: str, docker_socket: str, image: str) -> dict[str, Any]:
    """Try all attacks as an account, and give what came of them."""
    told: dict[str, Any] = {"account": name, "why": "", "tried": []}
    try:
        if os.geteuid() != 0:
            raise UntriedError("what comes of an attack only root can see")
        account = account_named(name)
        client = Client(account, docker_socket, image)
        client.check()
        end = time.monotonic() + ALL_SECONDS
        with ground_for(account) as ground:
            for attack in ATTACKS:
                result, why = tried(attack, ground, client, end)
                told["tried"].append({"name": attack.name, "outcome": result, "why": why})
    except UntriedError as error:
        told["why"] = str(error)
    except OSError as error:
        told["why"] = str(error)
    return told


def ended(_signal: int, _frame: FrameType | None) -> None:
    """End what is under way."""
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
    # What was made is removed also where somebody ends this.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
    asked = module.params
    attacks = attacked(asked["account"], asked["docker_socket"], asked["image"])
    module.exit_json(changed=False, attacks=attacks)


if __name__ == "__main__":
    main()
