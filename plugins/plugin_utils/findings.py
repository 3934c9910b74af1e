# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Word what the judge finds: findings.toml has each thing that can be wrong, locale/ its words."""

import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.languages import SOURCE
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils import catalogue
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line

TABLE = Path(__file__).with_suffix(".toml")
# Characters of one text. Of a room of a hundred, the names have as many; a seat may tell more.
LONGEST = 3000


class Finding(TypedDict):
    """One thing that is wrong with a machine; nobody changes it once it is made.

    It is a dictionary, since it is JSON wherever it goes: to host variables and to the reports, and
    by these keys tasks and templates read it, also out of the last report. cause, advice: language
    to sentence. command: as people type it.
    """

    id: str
    severity: Literal["warning", "error"]
    cause: dict[str, str]
    advice: dict[str, str] | None
    command: str


class Entry(NamedTuple):
    """What a finding is, whatever the language.

    severity: warning, error, or refused, which is an error that keeps the roles from the seat.
    command: for str.format, as people type it: each value is one word of it, or of the command that
    a word of it is.
    """

    severity: str
    command: str


def rows() -> Iterator[tuple[str, dict[str, Entry]]]:
    """Yield each row of the table: what the judge compares, and the findings that come of it."""
    for row in tomllib.loads(TABLE.read_text(encoding="utf-8"))["row"]:
        yield (
            row.pop("compared"),
            {
                name: Entry(severity, command)
                for severity, commands in row.items()
                for name, command in commands.items()
            },
        )


# Every finding there is.
VOCABULARY = {name: entry for _, entries in rows() for name, entry in entries.items()}
# Read now: each of a run's workers would read them again.
catalogue.texts("findings")


def _command(template: str, values: Mapping[str, object]) -> str:
    """Return a command filled in, to be pasted: whatever a value holds, it is a word and no more.

    template: as an entry has it. values: a list is as many words.
    """
    # Ansible would read a template in an argument that holds these.
    cleaned = {
        key: [
            one_line(str(word)[:LONGEST]).translate({ord(brace): "?" for brace in "{}"})
            for word in (value if isinstance(value, list) else [value])
        ]
        for key, value in values.items()
    }
    plain = {key: " ".join(words) for key, words in cleaned.items()}
    quoted = {key: shlex.join(words) for key, words in cleaned.items()}
    # One with blanks is a command itself, which the seat's side splits once more.
    return shlex.join(
        word.format(**(quoted if " " in word else plain)) for word in shlex.split(template)
    )


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return the beginning of a text that is longer than anybody reads, and the end of it."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]} … {text[-half:]}"


def finding(name: str, seat: str, /, **values: object) -> Finding:
    """Return the finding of that name in the vocabulary, filled in.

    What a seat has said is in the values, so what is made of them is made printable, and cut; in
    the command each is quoted. values: texts and numbers, or lists of words.
    """
    entry = VOCABULARY[name]
    joined = {
        key: " ".join(value) if isinstance(value, list) else value for key, value in values.items()
    }

    def in_each_language(key: str) -> dict[str, str]:
        return {
            language: shortened(one_line(catalogue.say(language, "findings", key, **joined)))
            for language in catalogue.LANGUAGES
        }

    has_advice = f"{name}.advice" in catalogue.texts("findings")[SOURCE]
    return {
        "id": name,
        "severity": "warning" if entry.severity == "warning" else "error",
        "cause": in_each_language(f"{name}.cause"),
        "advice": in_each_language(f"{name}.advice") if has_advice else None,
        "command": _command(entry.command, {"seat": seat, **values}),
    }


def of_seats(found: Finding, seat: str, seats: str) -> Finding:
    """Return a finding of a seat with the command for others too: names with commas, or a group."""
    before, names_it, _ = VOCABULARY[found["id"]].command.partition("{seat}")
    own = f"{before}{seat}"
    if not names_it or not found["command"].startswith(own):
        return found
    return {**found, "command": f"{before}{seats}{found['command'][len(own) :]}"}


def in_words(findings: Sequence[Finding]) -> str:
    """Return in one line, in English, what is wrong and how to mend it."""
    advice = [f"{found['advice'][SOURCE]}: " if found["advice"] else "" for found in findings]
    # What ends with a command is told from what comes next.
    return "; and ".join(
        str(Refusal(found["cause"][SOURCE].rstrip("."), f"{first}{found['command']}"))
        for found, first in zip(findings, advice, strict=True)
    )
