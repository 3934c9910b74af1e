# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Write the room page, on the control machine, without a process of its own.

Arguments: report, as the filter room_report gives it; template, in the role; language, en or fr,
which the page shows first; directory. The task never counts as a change: it changes no seat.
"""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
from ansible.plugins.action import ActionBase


def local_time(text: str) -> str:
    """Give a time, in ISO 8601, as the control machine's clock shows it."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")


def page(report: dict[str, Any], template: str, language: str) -> str:
    """Give the page of a report. Everything is escaped; what it lacks is an error."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["local_time"] = local_time
    return environment.from_string(template).render(report=report, language=language)


def write(path: Path, text: str) -> None:
    """Write a file that others may be reading: they see the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


class ActionModule(ActionBase):
    """The action, as Ansible looks for it."""

    _supports_check_mode = True
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Write room.html and room.json."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = self._task.args
        directory = Path(arguments["directory"])
        template = Path(self._find_needle("templates", arguments["template"]))
        text = template.read_text(encoding="utf-8")
        report = arguments["report"]
        write(directory / "room.html", page(report, text, arguments["language"]))
        told = json.dumps(report, ensure_ascii=False, indent=2)
        write(directory / "room.json", f"{told}\n")
        return result | {"changed": False, "report": report}
