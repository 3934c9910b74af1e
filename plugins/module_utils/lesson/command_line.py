# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Parse a command line of `labo`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.lesson.words import say


class WrongError(Exception):
    """A command cannot be carried out; the text gives the reason and what to do about it."""


class CommandLine(NamedTuple):
    """A command line: the command, its words and its options."""

    command: str
    words: list[str]
    options: set[str]


# How many words each command accepts; those of an answer are its text.
_MOST = {
    "": 0,
    "start": 1,
    "check": 1,
    "next": 0,
    "hint": 1,
    "answer": sys.maxsize,
    "save": 1,
    "mistakes": 0,
}
_OPTIONS = {"check": {"--json", "--watch"}}


def _fix(arguments: list[str], wrong: str, right: Iterable[str]) -> str:
    """Return in words the command line with the most similar right word, else where they are."""
    for word in get_close_matches(wrong, filter(None, right), 1):
        line = ("labo", *(word if argument == wrong else argument for argument in arguments))
        return say("did_you_mean", command=" ".join(line))
    return say("try_help")


def parse(arguments: list[str]) -> CommandLine:
    """Return the command line that the program's arguments make. Raises WrongError."""
    if "--help" in arguments[:2] or "-h" in arguments[:2] or arguments[:1] == ["help"]:
        return CommandLine("--help", [], set())
    command, words = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command not in _MOST or (arguments and not command):
        fix = _fix(arguments, command, _MOST)
        if command.isdecimal():
            fix = f"labo start {command}, labo check {command}. {fix}"
        raise WrongError(say("no_command", word=command, fix=fix))
    # The text of an answer may begin with hyphens.
    options = set() if command == "answer" else {word for word in words if word.startswith("--")}
    for option in sorted(options - _OPTIONS.get(command, set())):
        fix = _fix(arguments, option, _OPTIONS.get(command, set()))
        raise WrongError(say("no_option", command=f"labo {command}", word=option, fix=fix))
    rest = [word for word in words if word not in options]
    if extra := rest[_MOST[command] :]:
        raise WrongError(say("too_much", command=f"labo {command}", word=extra[0]))
    return CommandLine(command, rest, options)
