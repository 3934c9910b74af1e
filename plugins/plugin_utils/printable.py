# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Make printable what a seat says, which may be anything: it moves no cursor and rings no bell."""

from collections.abc import Mapping
from typing import Any

# What text of several lines needs, such as a certificate.
LAYOUT = "\n\t"
# What Ansible says where something else has answered, such as sudo, which is not in its message.
NO_JSON = "Module result deserialization failed"
# What an action tells the callbacks. Of a task's result Ansible prints no key that begins so, and
# takes it from no module.
UNSHOWN = "_ansible_labocloud_facts"


def printable(text: str) -> str:
    """Give text with a space for each character that cannot be seen; its lines stay lines."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in LAYOUT else " " for char in text)


def one_line(text: str) -> str:
    """Give text as one line that moves no cursor."""
    return " ".join(printable(text).split())


def no_answer(said: Mapping[str, Any]) -> str:
    """Give in one line why a module has not answered."""
    message, instead = (one_line(str(said.get(key, ""))) for key in ("msg", "module_stderr"))
    return instead if instead and message.startswith(NO_JSON) else f"{message} {instead}".strip()


def cleaned(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Give a copy of JSON data in which all text is printable, the keys too."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {cleaned(key): cleaned(one) for key, one in value.items()}
    if isinstance(value, list):
        return [cleaned(one) for one in value]
    return value
