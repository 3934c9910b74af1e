# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a machine's module has answered: why there is no answer, and how much of one is taken.

Root of a machine decides what any module answers there.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.labocloud.room.plugins.module_utils.limits import few
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.module_utils.shapes import too_deep
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line, printable

# Bytes. A seat with thousands of packages and hundreds of images answers with less than half of it.
LARGEST_ANSWER = 2_000_000
# Levels of a module's answer; those of its facts are fewer.
DEEPEST_ANSWER = 50
# What people are shown of an answer: lists of lines, and sentences.
LINES = ("told", "lines", "unsaved", "left", "left_out", "missing")
STREAMS = ("module_stdout", "module_stderr")
SENTENCES = ("msg", "refused", *STREAMS)
# Characters of such a sentence.
LONGEST_SENTENCE = 10_000
# What Ansible's own code says on a Python that it does not run on, or Python of that code.
TOO_OLD = (
    re.compile(
        r"requires Python [\d.]+ or newer on the target\. Current version: (?P<version>[\d.]+)"
    ),
    re.compile("future feature annotations is not defined"),
)
OLDEST_PYTHON = "3.9"
# What Ansible says where something else has answered, such as sudo, which is not in its message.
NO_JSON = "Module result deserialization failed"


@dataclass(frozen=True)
class NoConnection:
    """What there is of a machine that the connection has brought no answer from.

    why: the connection's own words. A module's answer cannot be one of these, whatever it holds.
    """

    why: str


Answer = Mapping[str, object] | NoConnection


def refusal(name: str, answer: Mapping[str, object]) -> Refusal | None:
    """Return why all that a machine's module has answered is not taken; None where it can be."""
    if too_deep(answer, DEEPEST_ANSWER):
        return Refusal(
            f"{name} tells what is nested deeper than anything that a seat has",
            "look at who is root there, and at its Python; no seat says that by itself.",
        )
    words = " ".join(str(answer.get(key, "")) for key in ("msg", *STREAMS))
    too_old = next(filter(None, (pattern.search(words) for pattern in TOO_OLD)), None)
    if answer.get("failed") and too_old:
        version = too_old.groupdict().get("version", "older than 3.7")
        return Refusal(
            f"{name} has Python {version}, and Ansible needs {OLDEST_PYTHON} or newer there",
            "install a newer one, and name its path as ansible_python_interpreter.",
        )
    # Ansible puts values that are no JSON into the answer of a module that failed.
    size = len(json.dumps(answer, default=str))
    if size > LARGEST_ANSWER:
        return Refusal(
            f"{name} tells {size} bytes of itself, and at most {LARGEST_ANSWER} are taken",
            "remove containers, images or labels there that are not needed.",
        )
    return None


def reason(answer: Mapping[str, object]) -> str:
    """Return in one line why a module has failed."""
    message, instead = (one_line(str(answer.get(key, ""))) for key in ("msg", "module_stderr"))
    return instead if instead and message.startswith(NO_JSON) else f"{message} {instead}".strip()


def shown(name: str, answer: Mapping[str, object]) -> dict[str, object]:
    """Return the result of a task: an answer, or why it is refused.

    What people are shown of it is printable, and has limits.
    """
    if refused := refusal(name, answer):
        return {"failed": True, "msg": str(refused)}
    result = dict(answer)
    for key in LINES:
        if isinstance(lines := result.get(key), list):
            result[key] = few([printable(str(line)) for line in lines])
    for key in SENTENCES:
        if key in result:
            result[key] = printable(str(result[key]))[:LONGEST_SENTENCE]
    return result
