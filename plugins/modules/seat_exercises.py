#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Put the practical's files on a seat, whole or not at all, or remove them."""

DOCUMENTATION = r"""
module: seat_exercises
short_description: Have the exercises' command and the course's files on a lab machine
description:
  - Unpacks an archive into a new directory beside C(/usr/local/share/labocloud), which is a link to
    such a directory, and then has the link lead to it, in one step. What led there before goes.
  - Makes the link C(/usr/local/bin/labo) to the command in it, and C(/var/lib/labo), where that
    remembers, which all accounts may write to.
  - Where one of the three is somebody's own, fails before anything is changed.
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
      The images that the toolkit has ever brought to this machine, as the fact C(delivered) of
      M(labocloud.room.seat) has them. The command reads them in a file beside it, and tells by them
      the course's images from a student's.
    type: list
    elements: dict
    default: []
  around:
    description: >-
      What the room has around this machine, in the shape of C(Around) in
      plugins/module_utils/lesson/fields.py. The action gives it, and the command reads it in a file
      beside it.
    type: dict
    default: {}
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
    delivered: "{{ images }}"

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
seat: {description: As of M(labocloud.room.seat)., returned: success, type: dict}
"""

import base64
import io
import os
import secrets
import stat
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.facts.answer import (
    ARGUMENTS,
    LateError,
    answer,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import (
    DIRECTORY_MODE,
    MODE_OF_MEMORY,
    NAMES,
    PLACES,
    PLAIN,
    Entry,
    Places,
    digest,
    exercise_facts,
    listing,
    wanted,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Exercises
from ansible_collections.labocloud.room.plugins.module_utils.files import sync_directory
from ansible_collections.labocloud.room.plugins.module_utils.images import delivered
from ansible_collections.labocloud.room.plugins.module_utils.lesson import around
from ansible_collections.labocloud.room.plugins.module_utils.reset.emptying import (
    ForeignEntryError,
    clear,
    is_mounted,
    remove,
)


def unpacked(archive: str) -> dict[str, Entry]:
    """Return the files and links in an archive, by their paths. Raises ValueError.

    archive: a tar, packed by zlib, in base64.
    """
    entries = {}
    try:
        data = zlib.decompress(base64.b64decode(archive))
        with tarfile.open(fileobj=io.BytesIO(data)) as packed:
            for member in packed:
                if ".." in (path := PurePosixPath(member.name)).parts or path.is_absolute():
                    raise ValueError(f"{member.name} leads out of the folder")
                file = packed.extractfile(member) if member.isreg() else None
                kind = stat.S_IFREG if file else stat.S_IFLNK
                content = file.read() if file else member.linkname.encode()
                entries[member.name] = Entry(kind | member.mode, content)
    except (zlib.error, tarfile.TarError) as error:
        raise ValueError(f"the archive cannot be read: {error}") from error
    return entries


def _make_directory(path: Path, mode: int = DIRECTORY_MODE) -> None:
    """Make a directory, and those that it is in. Raises OSError."""
    if not path.is_dir():
        _make_directory(path.parent)
        path.mkdir()
        # mkdir() obeys the umask, and chmod() does not.
        path.chmod(stat.S_IMODE(mode))


def _write(entries: dict[str, Entry], folder: Path) -> None:
    """Write a folder, and sync it to the disk. entries: by their paths. Raises OSError."""
    _make_directory(folder)
    for name, entry in entries.items():
        path = folder / name
        _make_directory(path.parent)
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


def _exchange(entries: dict[str, Entry], places: Places) -> None:
    """Exchange the folder for one that holds these entries. Raises OSError.

    Where it is interrupted, the folder is either the previous or the new one. What else is left is
    a fact of the seat, and the next call removes it.
    """
    fresh = places.folder.with_name(f"{places.folder.name}-{secrets.token_hex(8)}")
    _write(entries, fresh)
    link = fresh.with_name(f"{fresh.name}.link")
    link.symlink_to(fresh.name)
    link.replace(places.folder)
    sync_directory(places.folder.parent)


def _tidy(places: Places) -> None:
    """Remove what the folder does not lead to. Raises OSError and ForeignEntryError."""
    current = places.current()
    for path in places.own_paths():
        if path != current:
            remove(path)


def _refuse_others(facts: Exercises, places: Places) -> None:
    """Raise ForeignEntryError where one of the places is not the toolkit's."""
    others = [str(getattr(places, name)) for name in NAMES if facts[name] == "other"]
    if others:
        raise ForeignEntryError(
            f"{', '.join(others)} is not the toolkit's, and nothing is done to it"
        )


def _lines_of(places: Places) -> list[str]:
    """Return the lines of what there is, for the difference that Ansible shows."""
    current = places.current()
    lines = listing(current) if current else []
    return lines + [str(path) for path in (places.command, places.memory) if os.path.lexists(path)]


def put(entries: dict[str, Entry], places: Places, *, check: bool) -> bool:
    """Put the practical in its places, and return whether anything had to be changed.

    check: whether nothing is changed. Raises OSError and ForeignEntryError.
    """
    facts = exercise_facts(places)
    _refuse_others(facts, places)
    is_folder_right = facts["digest"] == digest(wanted(entries))
    is_rest_right = facts["command"] == "ours" and facts["open"] and not facts["left"]
    if check or (is_folder_right and is_rest_right):
        return not (is_folder_right and is_rest_right)
    _make_directory(places.memory)
    places.memory.chmod(MODE_OF_MEMORY)
    _make_directory(places.folder.parent)
    if not is_folder_right:
        _exchange(entries, places)
    _tidy(places)
    if facts["command"] == "absent":
        _make_directory(places.command.parent)
        places.command.symlink_to(places.program)
    return True


def _remove_memory(path: Path) -> list[str]:
    """Remove what the command remembers, and return the paths of what stays. Raises OSError."""
    stays = clear(path)
    if not stays and not is_mounted(path):
        path.rmdir()
        return []
    # Students have nothing to write there any more.
    path.chmod(stat.S_IMODE(DIRECTORY_MODE))
    return [str(path), *stays]


def remove_all(places: Places, *, check: bool) -> tuple[bool, list[str]]:
    """Remove the practical, and return whether any of it was there, and the paths of what stays.

    What is somebody's own, is mounted, or is a file system's own stays. check: whether nothing is
    removed. Raises OSError and ForeignEntryError.
    """
    stays: list[str] = []
    facts = exercise_facts(places)
    ours = [name for name in NAMES if facts[name] == "ours"]
    if not check:
        for name in ("command", "folder"):
            if name in ours:
                getattr(places, name).unlink()
        _tidy(places)
        if "memory" in ours:
            stays = _remove_memory(places.memory)
    return bool(ours or facts["left"]), stays


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            # It is no secret, but long: no_log keeps it out of the answer.
            "archive": {"type": "str", "default": "", "no_log": True},
            "delivered": {"type": "list", "elements": "dict", "default": []},
            "around": {"type": "dict", "default": {}},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    arguments = module.params
    changed = False
    stays: list[str] = []
    try:
        before = _lines_of(PLACES)
        after = []
        if arguments["state"] == "present":
            entries = unpacked(arguments["archive"])
            told = delivered.content(arguments["delivered"])
            entries[delivered.FILE] = Entry(PLAIN, told)
            beside = around.content(around.shaped(arguments["around"]))
            entries[around.FILE] = Entry(PLAIN, beside)
            changed = put(entries, PLACES, check=module.check_mode)
            after = [*wanted(entries), str(PLACES.command), str(PLACES.memory)]
        else:
            changed, stays = remove_all(PLACES, check=module.check_mode)
        seat = answer(arguments)
    except (OSError, ForeignEntryError, ValueError, LateError) as error:
        module.fail_json(msg=str(error), changed=changed)
    diff = {"before": "\n".join(before) + "\n", "after": "\n".join(after) + "\n"}
    module.exit_json(changed=changed, diff=diff, stays=stays, seat=seat)


if __name__ == "__main__":
    main()
