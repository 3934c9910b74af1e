# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Run `labo save`, which writes a student's work to one file to take home."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.images import delivered
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    engine_access,
    memory,
    save_text,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson import save as saving
from ansible_collections.labocloud.room.plugins.module_utils.lesson.command_line import WrongError
from ansible_collections.labocloud.room.plugins.module_utils.lesson.words import Terminal, say

# The most names that one message about a save lists.
_MOST_NAMES = 10


def save(
    words: list[str], program: Path, terminal: Terminal, complain: Callable[[str], object]
) -> saving.Saved | None:
    """Save the work of this account, print what that has, and return it; None where there is none.

    words: of the command line, the file's path if there is one. complain: prints what is not in the
    file. Raises WrongError.
    """
    folder = Path.home() / saving.FOLDER
    path = save_text.save_path(words, folder)
    with engine_access.connected() as docker, engine_access.interrupted_by_signals():
        saving.clear(docker)
        images = delivered.read(program)
        work = saving.own_work(docker, {image["fingerprint"] for image in images})
        if not (work.names or work.volumes or folder.is_dir()):
            terminal.say(terminal.lines(say("save_nothing", folder=folder)))
            return None
        # The work may be larger than the disk, so the path is printed before it is written.
        terminal.say(terminal.lines(say("save_to", path=path)))
        when = time.strftime("%Y-%m-%d %H:%M")

        def readme(saved: saving.Work) -> str:
            head = say("readme_head", account=engine_access.account(), when=when)
            return "\n".join([head, "", *save_text.at_home(path, saved, folder), ""])

        def report(name: str, count: int) -> None:
            short = saving.ANONYMOUS.sub(lambda match: f"{match[0][:12]}…", name)
            text = say("save_thing", name=short, size=saving.size(count))
            terminal.say(terminal.lines(text, "  "))

        try:
            result = saving.save(docker, work, folder, path, readme, report=report)
        except OSError as error:
            raise WrongError(save_text.not_saved(error, path)) from error
    _report(result, path, folder, terminal, complain)
    return result


def _report(
    result: saving.Saved,
    path: Path,
    folder: Path,
    terminal: Terminal,
    complain: Callable[[str], object],
) -> None:
    """Print what a save has and has not."""
    unsaved = [say("kind_volumes", name=name) for name in result.closed]
    unsaved += [memory.printable(str(file)) for file in result.unread]
    if unsaved:
        complain(say("save_left", names=", ".join(unsaved[:_MOST_NAMES])))
    terminal.say(terminal.lines(say("saved", path=path, size=saving.size(path.stat().st_size))))
    terminal.say("\n".join(["", *save_text.at_home(path, result.work, folder)]))
    if result.torn:
        complain(say("save_torn", names=", ".join(result.torn[:_MOST_NAMES])))
