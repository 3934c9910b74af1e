#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Remove what Docker kept in its directories, where nothing was in them before."""

DOCUMENTATION = r"""
module: docker_root
short_description: Remove what Docker kept in its directories
description:
  - Removes what Docker kept in those that were absent or empty before the toolkit let it keep its
    data there, as C(seat_state) has it remembered. It never follows a mount or a link, and never
    crosses into another file system.
  - Before anything is removed, it refuses a directory that holds anything but Docker's own
    entries, or that something is mounted below. What a killed engine has left mounted, and what is
    mounted on a volume, is unmounted.
options:
  paths:
    description: The directories, as dockerd and containerd are configured to use them.
    type: list
    elements: path
    required: true
  state:
    description: What is to be there of what Docker kept.
    type: str
    choices: [absent]
    default: absent
extends_documentation_fragment:
  - labocloud.room.attributes
attributes:
  check_mode:
    support: full
    details: Refuses what it would refuse.
  idempotent:
    support: full
    details: A directory that is gone is left alone.
"""

EXAMPLES = r"""
- name: Remove what Docker kept
  labocloud.room.docker_root:
    paths: [/srv/docker, /var/lib/containerd]
    state: absent
"""

RETURN = r"""
staying:
  description: >-
    Directories that stay as they are: they hold something, and it is not remembered that nothing
    was there before.
  returned: always
  type: list
  elements: str
"""

import ctypes
import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine.roots import (
    NOBODYS,
    state_of,
)
from ansible_collections.labocloud.room.plugins.module_utils.mounts import Mount, read_mounts
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.module_utils.reset.emptying import (
    ForeignEntryError,
    empty,
)
from ansible_collections.labocloud.room.plugins.module_utils.state import DIRECTORY, read

# The names at the top of the directories of the engine, 20.10 to 29, and of containerd, 1.4 to 2;
# 100000.100000 is the engine's directory for containers with users of their own.
_OWN_ENTRIES = re.compile(
    r"""
    aufs|btrfs|builder|buildkit|containerd|containers|devicemapper|engine-id|fuse-overlayfs|image
    |network|nuke-graph-directory\.sh|overlay2?|plugins|rootfs|runtimes|secrets|swarm|tmp(-old)?
    |trust|vfs|volumes|zfs|\d+\.\d+|io\.containerd\.[\w.-]+|opt|tmpmounts
    """,
    re.VERBOSE,
)
# The types of the mounts for a container's files, its /dev/shm and secrets, and its network.
_OWN_TYPES = {"overlay", "fuse.fuse-overlayfs", "tmpfs", "nsfs"}
_VOLUME = re.compile(r"(\d+\.\d+/)?volumes/[^/]+/_data")
# The flag of umount2(2) that keeps it from following a link.
_UMOUNT_NOFOLLOW = 8


def is_dockers(mount: Mount, root: str) -> bool:
    """Return whether a mount below a root is the engine's: of a container, or on a volume."""
    below = mount.path[len(root) + 1 :]
    if "volumes" in below.split("/")[:2]:
        return bool(_VOLUME.fullmatch(below))
    return mount.type in _OWN_TYPES


def mounts_below(root: str, mounts: list[Mount]) -> list[Mount]:
    """Return those of the machine's mounts below root, in which order they can be unmounted."""
    return [mount for mount in reversed(mounts) if mount.path.startswith(f"{root}/")]


def _refuse_others(root: str, below: list[Mount]) -> None:
    """Raise ForeignEntryError where an entry of a root, or a mount below it, is not Docker's."""
    foreign = sorted(
        name for name in os.listdir(root) if not _OWN_ENTRIES.fullmatch(name) and name != NOBODYS
    )
    if foreign:
        raise ForeignEntryError(
            Refusal(
                f"{root} holds what is not Docker's: {', '.join(foreign)}."
                " Nothing is removed there",
                "move it elsewhere, or leave out docker_engine_purge",
            )
        )
    others = sorted(mount.path for mount in below if not is_dockers(mount, root))
    if others:
        raise ForeignEntryError(
            Refusal(
                f"something is mounted below {root} that is not Docker's: {', '.join(others)}."
                " Nothing is removed there",
                "unmount it, or leave out docker_engine_purge",
            )
        )


def _unmount(path: str) -> None:
    """Remove the last mount at a path. Raises ForeignEntryError where that fails."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(path), _UMOUNT_NOFOLLOW) != 0:
        why = os.strerror(ctypes.get_errno())
        raise ForeignEntryError(
            Refusal(
                f"{path} is mounted and cannot be unmounted ({why}). Nothing is removed there",
                "stop what uses it, and unmount it",
            )
        )


def _purge(root: str, was: str, check: bool) -> bool:
    """Remove what Docker kept in a root, and return whether there was anything to do.

    was: what it was like before the toolkit, "absent" or "empty". check: whether nothing is
    removed. Raises ForeignEntryError before anything is removed, ValueError and OSError.
    """
    place = os.path.realpath(root)
    if state_of(place) == "absent":
        return False
    mounts = read_mounts()
    below = mounts_below(place, mounts)
    _refuse_others(place, below)
    # A mount point, and a directory that a link leads to, are not Docker's to remove.
    is_mounted = place in [mount.path for mount in mounts]
    stays = was == "empty" or is_mounted or os.path.islink(root)
    if check:
        return not stays or state_of(place) == "in use"
    for mount in below:
        _unmount(mount.path)
    # Something may have come in the meantime.
    _refuse_others(place, below=[])
    if left := mounts_below(place, read_mounts()):
        raise ForeignEntryError(
            Refusal(f"{left[0].path} is mounted again", "find out by what, and stop it")
        )
    changed = not stays or state_of(place) == "in use"
    empty(place)
    if not stays:
        os.rmdir(place)
    return changed


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "path", "required": True},
            "state": {"type": "str", "choices": ["absent"], "default": "absent"},
        },
        supports_check_mode=True,
    )
    paths = list(dict.fromkeys(os.path.normpath(path) for path in module.params["paths"]))
    try:
        state = read()
        if state.before is None:
            raise ForeignEntryError(f"{DIRECTORY} has no record of what was there before")
        before = state.before.get("roots", {})
        ours = [path for path in paths if before.get(path) in ("absent", "empty")]
        staying = [path for path in paths if path not in ours and state_of(path) == "in use"]
        # All of them are checked before anything is removed.
        changed = [_purge(path, before[path], check=True) for path in ours]
        if not module.check_mode:
            changed = [_purge(path, before[path], check=False) for path in ours]
    except ForeignEntryError as error:
        module.fail_json(msg=f"{error}.".encode(errors="backslashreplace").decode())
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"Docker's directories cannot be emptied: {error}")
    module.exit_json(changed=any(changed), staying=staying)


if __name__ == "__main__":
    main()
