#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Take or release the lock of the room, a file on the machine that builds for it."""

DOCUMENTATION = r"""
module: room_lock
short_description: Take or release the lock of the room
description:
  - The lock is a file, for root alone; a reboot takes it away. It says who works on the room
    and since when. The action of this name decides who may take it over from whom; the module sees
    to it that of two that come at once one gets it.
options:
  state:
    description: V(present) takes it, V(absent) releases it where it is the owner's.
    type: str
    choices: [present, absent]
    default: present
  owner:
    description: What tells the run from any other, as the action has it.
    type: dict
    required: true
  instead_of:
    description: Take the lock over from this owner. If another owner has it, that one keeps it.
    type: dict
    default: {}
  path:
    description: The lock.
    type: path
    default: /run/labocloud.lock
extends_documentation_fragment:
  - labocloud.room.attributes
attributes:
  check_mode:
    details: A run with C(--check) needs no lock.
  idempotent:
    support: full
    details: A lock that is the owner's already stays as it is. No call counts as a change.
"""

EXAMPLES = r"""
- name: Take the lock
  labocloud.room.room_lock:
    owner: {user: prof, host: desk, machine: 5f0c…, process: 9a1b… 812 9034}
"""

RETURN = r"""
lock:
  description: The lock's C(owner), and C(since), in ISO 8601, by the machine's clock.
  type: dict
  returned: where the state is present
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TextIO, TypedDict

from ansible.module_utils.basic import AnsibleModule


class _Lock(TypedDict):
    """Who has the lock, and since when, in ISO 8601."""

    owner: dict[str, str]
    since: str


def _is_at(path: Path, file: TextIO) -> bool:
    """Return whether an open file is the one at path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Open the lock's file, made where it is absent, for this process alone. Raises OSError."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        with open(os.open(path, flags, 0o600), "r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Another process may have released the lock meanwhile, which removes the file.
            if _is_at(path, file):
                yield file
                return


def _read(file: TextIO) -> _Lock | None:
    """Return the content of the file; None if it is empty, or its writer was killed halfway."""
    try:
        content = json.load(file)
    except ValueError:
        return None
    is_whole = isinstance(content, dict) and isinstance(content.get("owner"), dict)
    return content if is_whole else None


def take(path: Path, owner: dict[str, str], instead_of: dict[str, str], now: str) -> _Lock:
    """Take the lock for owner if nobody or instead_of has it, and return who has it now.

    Raises OSError.
    """
    with opened(path) as file:
        current = _read(file)
        if current and current["owner"] != instead_of:
            return current
        current = {"owner": owner, "since": now}
        file.seek(0)
        file.truncate()
        file.write(json.dumps(current))
        return current


def release(path: Path, owner: dict[str, str]) -> None:
    """Remove the lock where it is the owner's, or nobody's. Raises OSError."""
    with opened(path) as file:
        current = _read(file)
        if not current or current["owner"] == owner:
            path.unlink()


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "owner": {"type": "dict", "required": True},
            "instead_of": {"type": "dict", "default": {}},
            "path": {"type": "path", "default": "/run/labocloud.lock"},
        }
    )
    path = Path(module.params["path"])
    owner = module.params["owner"]
    try:
        if module.params["state"] == "absent":
            release(path, owner)
            module.exit_json(changed=False)
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        current = take(path, owner, module.params["instead_of"], now)
    except OSError as error:
        module.fail_json(msg=f"the lock {path} cannot be used: {error}")
    module.exit_json(changed=False, lock=current)


if __name__ == "__main__":
    main()
