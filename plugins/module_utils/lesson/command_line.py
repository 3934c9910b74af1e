# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Parse a command line of `labo`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.lesson.words import say


class WrongError(Exception):
    """A command cannot be carried out; the text gives the reason and what to do about it."""


class CommandLine(NamedTuple):
    """A command line: the command, its words and its options."""

    command: str
    words: list[str]
    options: set[str]


# The options that each command accepts.
_OPTIONS: Mapping[str, set[str]] = {
    "": set(),
    "start": set(),
    "check": {"--json", "--watch"},
    "answer": set(),
    "save": set(),
    "mistakes": set(),
}


def parse(arguments: list[str]) -> CommandLine:
    """Return the command line that the arguments of the program make.

    Raises WrongError for an unknown command or option, and for too many words.
    """
    if "--help" in arguments[:2] or "-h" in arguments[:2]:
        return CommandLine("--help", [], set())
    command, words = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command not in _OPTIONS or (arguments and not command):
        fix = say("try_help")
        if command.isdecimal():
            fix = f"labo start {command}, labo check {command}. {fix}"
        raise WrongError(say("no_command", word=command, fix=fix))
    # The text of an answer may begin with hyphens.
    options = set() if command == "answer" else {word for word in words if word.startswith("--")}
    for option in sorted(options - _OPTIONS[command]):
        raise WrongError(say("no_option", command=f"labo {command}", word=option))
    rest = [word for word in words if word not in options]
    most = {"start": 1, "check": 1, "save": 1, "answer": len(rest)}.get(command, 0)
    if len(rest) > most:
        raise WrongError(say("too_much", command=f"labo {command}", word=rest[most]))
    return CommandLine(command, rest, options)
