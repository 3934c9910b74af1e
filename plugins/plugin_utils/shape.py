# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Bring what a machine says of itself into its documented shape."""

from typing import Any


def shaped(answer: dict[str, Any]) -> dict[str, Any]:
    """Give the facts of a module's answer."""
    told: dict[str, Any] = answer["ansible_facts"]["seat"]
    return told
