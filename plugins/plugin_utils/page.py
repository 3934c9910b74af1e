# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Show reports as the room page and as the board, and keep them."""

import functools
import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import jinja2
import markupsafe
from ansible_collections.labocloud.room.plugins.module_utils.languages import in_language
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, faults
from ansible_collections.labocloud.room.plugins.plugin_utils import board, catalogue
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.progress import (
    BoardReport,
    LastBoard,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.report import (
    STATES,
    LastReport,
    Report,
)

ROW: Shape = {
    "name": str,
    "state": str,
    "time": (str, None),
    "findings": [board.FINDING],
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
TEMPLATES = Path(__file__).parents[2] / "roles/room_page/templates"
ROOM, BOARD, PROGRESS = "room.html", "board.html", "progress.json"


def local_time(text: str, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return a time, in ISO 8601, as the control machine's clock shows it."""
    return datetime.fromisoformat(text).astimezone().strftime(form)


def _each(texts: Mapping[str, str]) -> markupsafe.Markup:
    """Return a text in each language; the style sheet hides all but one of them."""
    return markupsafe.Markup().join(
        markupsafe.Markup('<span lang="{}">{}</span>').format(language, text)
        for language, text in texts.items()
    )


def _all(texts: Mapping[str, str]) -> dict[str, str]:
    """Return a text of a report in each language that there is now."""
    return {language: in_language(texts, language) for language in catalogue.LANGUAGES}


def _said(key: str, /, count: int = 1, **values: object) -> dict[str, str]:
    """Return a text of the pages, filled in, by language.

    values: one that is a text of a report is taken in that language. count: as catalogue.say()
    takes it.
    """
    return {
        language: catalogue.say(
            language,
            "pages",
            key,
            count,
            **{
                name: in_language(value, language) if isinstance(value, Mapping) else value
                for name, value in values.items()
            },
        )
        for language in catalogue.LANGUAGES
    }


@functools.cache
def templates() -> jinja2.Environment:
    """Return what renders pages, made once: the board is written after each seat's answer."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "each": lambda texts: _each(_all(texts)),
        "joined": lambda texts, sign: sign.join(dict.fromkeys(_all(texts).values())),
        "local_time": local_time,
        "minutes_since": board.minutes_since,
    }
    environment.globals |= {
        "languages": {
            language: catalogue.say(language, "language", "name")
            for language in catalogue.LANGUAGES
        },
        "said": _said,
        "say": lambda key, count=1, **values: _each(_said(key, count, **values)),
    }
    return environment


def page(name: str, report: Mapping[str, object], language: str, other: str = "") -> str:
    """Return a report's page. Everything is escaped; a value that it lacks is an error.

    name: ROOM or BOARD. language: the one that the page shows first. other: the name of the page to
    lead to, empty where there is none.
    """
    template = templates().get_template(f"{name}.j2")
    return template.render(report=report, language=language, other=other)


def last(directory: Path) -> LastReport:
    """Return the last report, empty where there is none that can be read, and shown again."""
    try:
        report = json.loads((directory / "room.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if next(faults(report, REPORT, "report"), None) or report["version"] != 1:
        return {}
    states = {row["state"] for row in (*report["seats"], *report["servers"])}
    return report if states <= set(STATES) else {}


def write(path: Path, text: str) -> None:
    """Write a file that others may be reading: they see the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def beside(directory: Path, name: str) -> str:
    """Return the name of a page where it is there, else nothing."""
    return name if (directory / name).exists() else ""


def as_json(report: Mapping[str, object]) -> str:
    """Return a report as it is kept."""
    return f"{json.dumps(report, ensure_ascii=False, indent=2)}\n"


def keep(report: Report, directory: Path, language: str) -> None:
    """Write room.html and room.json. Raises OSError."""
    write(directory / ROOM, page(ROOM, report, language, beside(directory, BOARD)))
    write(directory / "room.json", as_json(report))


def last_progress(directory: Path) -> LastBoard:
    """Return the last report of the board, empty where there is none to go on from."""
    try:
        return board.usable_report(json.loads((directory / PROGRESS).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return {}


def keep_progress(report: BoardReport, directory: Path, language: str) -> None:
    """Write board.html, progress.json and progress.csv. Raises OSError."""
    write(directory / BOARD, page(BOARD, report, language, beside(directory, ROOM)))
    write(directory / PROGRESS, as_json(report))
    write(directory / "progress.csv", board.table(report))
