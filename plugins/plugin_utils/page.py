# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Show a report as the room page, and keep both."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, faults
from ansible_collections.labocloud.room.plugins.plugin_utils.report import STATES

TEXTS: Shape = {"en": str, "fr": str, ...: object}
FINDING: Shape = {"cause": TEXTS, "advice": (TEXTS, None), "command": str, ...: object}
ROW: Shape = {
    "name": str,
    "state": str,
    "time": (str, None),
    "findings": [FINDING],
    ...: object,
}
# What of the last report is shown again; docs/room.schema.json describes all of it.
REPORT: Shape = {
    "version": int,
    "revision": (str, None),
    "seats": [ROW],
    "servers": [ROW],
    ...: object,
}
TEMPLATE = Path(__file__).parents[2] / "roles/room_page/templates/room.html.j2"


def local_time(text: str) -> str:
    """Give a time, in ISO 8601, as the control machine's clock shows it."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")


def page(report: dict[str, Any], language: str) -> str:
    """Give the page of a report. Everything is escaped; what it lacks is an error.

    language: en or fr, which the page shows first.
    """
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["local_time"] = local_time
    template = TEMPLATE.read_text(encoding="utf-8")
    return environment.from_string(template).render(report=report, language=language)


def last(directory: Path) -> dict[str, Any]:
    """Give the last report, empty where there is none that can be read, and shown again."""
    try:
        told = json.loads((directory / "room.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if next(faults(told, REPORT, "report"), None) or told["version"] != 1:
        return {}
    states = {row["state"] for row in (*told["seats"], *told["servers"])}
    return told if states <= set(STATES) else {}


def write(path: Path, text: str) -> None:
    """Write a file that others may be reading: they see the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def keep(report: dict[str, Any], directory: Path, language: str) -> None:
    """Write room.html and room.json. Raises OSError."""
    write(directory / "room.html", page(report, language))
    write(directory / "room.json", f"{json.dumps(report, ensure_ascii=False, indent=2)}\n")
