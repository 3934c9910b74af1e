#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Put the practical's files on a seat, whole or not at all, or take them away."""

DOCUMENTATION = r"""
module: seat_exercises
short_description: Have the exercises' command and the course's files on a lab machine
description:
  - Unpacks an archive into a new directory beside C(/usr/local/share/labocloud), which is a link to
    such a directory, and then has the link lead to it, in one step. What led there before goes.
  - Makes the link C(/usr/local/bin/labo) to the command in it, and C(/var/lib/labo), where that
    remembers, which all accounts may write to.
  - Where one of the three is somebody's own, fails before anything is changed.
  - Answers like M(labocloud.room.seat), with what the machine has afterwards. The action of this
    name gives the archive, and judges the answer.
options:
  state:
    description: Whether they are to be there.
    type: str
    choices: [present, absent]
    default: present
  archive:
    description: A tar archive of the folder, packed by zlib, in base64. The action gives it.
    type: str
    default: ""
  delivered:
    description: >-
      Fingerprints of the images that the toolkit has brought to this machine. The command reads
      them in a file beside it, and tells by them a student's own images.
    type: list
    elements: str
    default: []
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
  - labocloud.room.answer
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows the files by their modes and digests.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Have the exercises there
  labocloud.room.seat_exercises:
    delivered: "{{ fingerprints }}"

- name: Take them away
  labocloud.room.seat_exercises:
    state: absent
"""

RETURN = r"""
stays:
  description: >-
    Paths of what is not removed with the rest: where something is mounted, and C(lost+found).
  returned: success
  type: list
  elements: str
seat:
  description: As of M(labocloud.room.seat).
  returned: success
  type: dict
"""

import base64
import io
import os
import secrets
import stat
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.facts.answer import (
    ARGUMENTS,
    LateError,
    answer,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import (
    DIRECTORY_MODE,
    MODE_OF_MEMORY,
    PLACES,
    PLAIN,
    Entry,
    Places,
    digest,
    exercise_facts,
    listing,
    wanted,
)
from ansible_collections.labocloud.room.plugins.module_utils.files import sync_directory
from ansible_collections.labocloud.room.plugins.module_utils.lesson.save import DELIVERED, told_of
from ansible_collections.labocloud.room.plugins.module_utils.reset.emptying import (
    ForeignEntryError,
    clear,
    is_mounted,
    remove,
)


def unpacked(archive: str) -> dict[str, Entry]:
    """Give what an archive holds, by its paths. Raises ValueError where it is none."""
    told = {}
    try:
        data = zlib.decompress(base64.b64decode(archive))
        with tarfile.open(fileobj=io.BytesIO(data)) as packed:
            for one in packed:
                if ".." in (path := PurePosixPath(one.name)).parts or path.is_absolute():
                    raise ValueError(f"{one.name} leads out of the folder")
                file = packed.extractfile(one) if one.isreg() else None
                kind = stat.S_IFREG if file else stat.S_IFLNK
                held = file.read() if file else one.linkname.encode()
                told[one.name] = Entry(kind | one.mode, held)
    except (zlib.error, tarfile.TarError) as error:
        raise ValueError(f"the archive cannot be read: {error}") from error
    return told


def make_directory(path: Path, mode: int = DIRECTORY_MODE) -> None:
    """Make a directory, and those that it is in. Raises OSError."""
    if not path.is_dir():
        make_directory(path.parent)
        path.mkdir()
        # Whatever the mask is.
        path.chmod(stat.S_IMODE(mode))


def write(entries: dict[str, Entry], folder: Path) -> None:
    """Write a folder, and have it on the disk. Raises OSError."""
    make_directory(folder)
    for name, entry in entries.items():
        path = folder / name
        make_directory(path.parent)
        if stat.S_ISLNK(entry.mode):
            path.symlink_to(entry.data.decode())
            continue
        with path.open("xb") as file:
            file.write(entry.data)
            os.fchmod(file.fileno(), stat.S_IMODE(entry.mode))
            file.flush()
            os.fsync(file.fileno())
    for directory, _, _ in os.walk(folder):
        sync_directory(Path(directory))
    sync_directory(folder.parent)


def exchange(entries: dict[str, Entry], places: Places) -> None:
    """Have the folder be one that holds these. Raises OSError.

    Ended at any moment, it leaves the one of before or the new one; what else it leaves, the seat
    tells of, and the next call removes.
    """
    fresh = places.folder.with_name(f"{places.folder.name}-{secrets.token_hex(8)}")
    write(entries, fresh)
    leads = fresh.with_name(f"{fresh.name}.link")
    leads.symlink_to(fresh.name)
    leads.replace(places.folder)
    sync_directory(places.folder.parent)


def tidy(places: Places) -> None:
    """Remove what the folder's link does not lead to. Raises OSError and ForeignEntryError."""
    current = places.current()
    for one in places.own_paths():
        if one != current:
            remove(one)


def refuse_others(facts: dict[str, Any], places: Places) -> None:
    """Refuse what is somebody's own. Raises ForeignEntryError."""
    others = [str(getattr(places, one)) for one in places._fields if facts[one] == "other"]
    if others:
        raise ForeignEntryError(
            f"{', '.join(others)} is not the toolkit's, and nothing is done to it"
        )


def lines_of(places: Places) -> list[str]:
    """Give the listing of what is there by now."""
    current = places.current()
    told = listing(current) if current else []
    return told + [str(one) for one in (places.command, places.memory) if os.path.lexists(one)]


def put(entries: dict[str, Entry], places: Places, *, check: bool) -> bool:
    """Have it there, and tell whether it was not. Raises OSError and ForeignEntryError."""
    facts = exercise_facts(places)
    refuse_others(facts, places)
    right = facts["digest"] == digest(wanted(entries))
    rest = facts["command"] == "ours" and facts["open"] and not facts["left"]
    if check or (right and rest):
        return not (right and rest)
    make_directory(places.memory)
    places.memory.chmod(MODE_OF_MEMORY)
    make_directory(places.folder.parent)
    if not right:
        exchange(entries, places)
    tidy(places)
    if facts["command"] == "absent":
        make_directory(places.command.parent)
        places.command.symlink_to(places.program)
    return True


def take_memory(path: Path) -> list[str]:
    """Take away what was remembered, and give the paths of what stays. Raises OSError."""
    stays = clear(path)
    if not stays and not is_mounted(path):
        path.rmdir()
        return []
    # Nobody writes there any more.
    path.chmod(stat.S_IMODE(DIRECTORY_MODE))
    return [str(path), *stays]


def take(places: Places, *, check: bool) -> tuple[bool, list[str]]:
    """Take it away, but what is somebody's own, is mounted, or is a file system's own.

    Tells whether any was there, and gives the paths of what stays. Raises as put().
    """
    stays: list[str] = []
    facts = exercise_facts(places)
    ours = [one for one in places._fields if facts[one] == "ours"]
    if not check:
        for one in ("command", "folder"):
            if one in ours:
                getattr(places, one).unlink()
        tidy(places)
        if "memory" in ours:
            stays = take_memory(places.memory)
    return bool(ours or facts["left"]), stays


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            # Not a secret, but long: it is not to come back with the answer.
            "archive": {"type": "str", "default": "", "no_log": True},
            "delivered": {"type": "list", "elements": "str", "default": []},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    asked = module.params
    changed = False
    stays: list[str] = []
    try:
        before = lines_of(PLACES)
        after = []
        if asked["state"] == "present":
            entries = unpacked(asked["archive"])
            entries[DELIVERED] = Entry(PLAIN, told_of(asked["delivered"]))
            changed = put(entries, PLACES, check=module.check_mode)
            after = [*wanted(entries), str(PLACES.command), str(PLACES.memory)]
        else:
            changed, stays = take(PLACES, check=module.check_mode)
        seat = answer(asked)
    except (OSError, ForeignEntryError, ValueError, LateError) as error:
        module.fail_json(msg=str(error), changed=changed)
    diff = {"before": "\n".join(before) + "\n", "after": "\n".join(after) + "\n"}
    module.exit_json(changed=changed, diff=diff, stays=stays, seat=seat)


if __name__ == "__main__":
    main()
