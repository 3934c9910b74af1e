#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Write the small files that configure a service, all of them in one call."""

DOCUMENTATION = r"""
module: text_files
short_description: Write small text files with their directories, and remove others, in one call
description:
  - What M(ansible.builtin.file) and M(ansible.builtin.copy) do for each file in several remote
    calls, for all the files of a service in one.
  - All that O(validate) names is validated before anything is written. Each file is written whole.
options:
  files:
    description: Path of each file, to its text. Everybody may read them.
    type: dict
    default: {}
  secrets:
    description: As O(files), for those that only root may read; they are not shown.
    type: dict
    default: {}
  validate:
    description:
      - Path of a file, to the command that has to succeed before it is written, with C(%s) where
        the path of the new one goes. In check mode nothing is validated.
    type: dict
    default: {}
  absent:
    description: Paths of files that go.
    type: list
    elements: path
    default: []
  empty:
    description: Directories that go where they are empty then, in this order.
    type: list
    elements: path
    default: []
extends_documentation_fragment:
  - labocloud.room.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Those of O(secrets) are not shown.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Configure Docker Engine
  labocloud.room.text_files:
    files:
      /etc/docker/daemon.json: "{}\n"
    validate:
      /etc/docker/daemon.json: dockerd --validate --config-file=%s
    absent: [/etc/docker/labocloud-proxy.env]
"""

RETURN = r"""
written:
  description: Paths of the files that had another text, or another mode, or were not there.
  returned: always
  type: list
  elements: str
removed:
  description: Paths of the files and directories that went.
  returned: always
  type: list
  elements: str
"""

import os
import shlex
import stat
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

_PUBLIC = 0o644
_SECRET = 0o600
_DIRECTORY = 0o755


def _text_of(path: str) -> str | None:
    """Return the text of a regular file, None for anything else, and where there is nothing."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None


def _differs(path: str, text: str, mode: int) -> bool:
    """Return whether a path is no regular file of that text and that mode. Raises OSError."""
    return _text_of(path) != text or stat.S_IMODE(os.lstat(path).st_mode) != mode


def _make_directory(path: Path) -> None:
    """Make a directory that all may look into, and those that it is in. Raises OSError."""
    if not path.exists():
        _make_directory(path.parent)
        path.mkdir()
        # mkdir() obeys the umask, and chmod() does not.
        path.chmod(_DIRECTORY)


def _new_file_for(path: str, text: str, mode: int) -> str:
    """Write a text beside the file that it is for, and return its path. Raises OSError."""
    directory = Path(path).parent
    _make_directory(directory)
    descriptor, new_file = tempfile.mkstemp(prefix=".labocloud-", dir=directory)
    with open(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    return new_file


def _refusal(module: AnsibleModule, command: str, new_file: str) -> str | None:
    """Return why a command refuses a new file, None where it accepts it. new_file: its path."""
    code, out, err = module.run_command(shlex.split(command.replace("%s", shlex.quote(new_file))))
    return None if code == 0 else (err or out).strip() or f"{command} failed ({code})"


def _write(module: AnsibleModule, wanted: dict[str, tuple[str, int]]) -> None:
    """Write files, all of them, or none where a command refuses one. Raises OSError.

    wanted: path to text and mode.
    """
    new_files: dict[str, str] = {}
    try:
        for path, (text, mode) in wanted.items():
            new_files[path] = _new_file_for(path, text, mode)
            command = module.params["validate"].get(path)
            if command and (why := _refusal(module, command, new_files[path])):
                module.fail_json(msg=f"{path} is refused: {why}")
        for path in list(new_files):
            Path(new_files[path]).replace(path)
            del new_files[path]
    finally:
        for new_file in new_files.values():
            os.unlink(new_file)


def _is_emptied(path: str, gone: set[str]) -> bool:
    """Return whether a directory holds nothing but paths that go. Raises OSError."""
    try:
        return {str(entry) for entry in Path(path).iterdir()} <= gone
    except (FileNotFoundError, NotADirectoryError):
        return False


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "dict", "default": {}},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "validate": {"type": "dict", "default": {}},
            "absent": {"type": "list", "elements": "path", "default": []},
            "empty": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    arguments = module.params
    wanted = {path: (text, _PUBLIC) for path, text in arguments["files"].items()}
    wanted |= {path: (text, _SECRET) for path, text in arguments["secrets"].items()}
    try:
        changing = {path: file for path, file in wanted.items() if _differs(path, *file)}
        removed = [path for path in arguments["absent"] if os.path.lexists(path)]
        diff = [
            {
                "before": _text_of(path) or "",
                "after": arguments["files"].get(path, ""),
                "before_header": path,
                "after_header": path,
            }
            for path in [*changing, *removed]
            if path in arguments["files"] or path in arguments["absent"]
        ]
        if not module.check_mode:
            _write(module, changing)
            for path in removed:
                os.unlink(path)
        for path in arguments["empty"]:
            if _is_emptied(path, set(removed)):
                removed.append(path)
                if not module.check_mode:
                    os.rmdir(path)
    except OSError as error:
        module.fail_json(msg=f"the files cannot be written: {error}")
    module.exit_json(
        changed=bool(changing or removed), written=list(changing), removed=removed, diff=diff
    )


if __name__ == "__main__":
    main()
