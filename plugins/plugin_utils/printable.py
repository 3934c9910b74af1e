# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Make printable what a seat says, which may be anything: it moves no cursor and rings no bell."""

from typing import Any

# Text of several lines needs these, such as a certificate.
LAYOUT = "\n\t"
# The key of a task's result under which an action passes the callbacks what it publishes. Ansible
# prints no key that begins so, and takes it from no module.
UNSHOWN = "_ansible_labocloud_facts"


def printable(text: str) -> str:
    """Return a text with a space for each character that cannot be seen; its lines stay lines."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in LAYOUT else " " for char in text)


def one_line(text: str) -> str:
    """Return a text as one line that moves no cursor."""
    return " ".join(printable(text).split())


def cleaned(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Return a copy of JSON data in which all text is printable, the keys too."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {cleaned(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    return value
