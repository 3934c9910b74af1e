"""A room of twelve seats, one for each kind of finding, and the picture of its page.

    ./lab env PYTHONPATH=.collections python tests/unit/sample_room.py

writes docs/images/room.png with Debian's chromium.
"""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from ansible.plugins.loader import init_plugin_loader
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import judge, silent, unanswered
from ansible_collections.labocloud.room.plugins.plugin_utils.page import ROOM, page
from ansible_collections.labocloud.room.plugins.plugin_utils.report import report
from sample_seat import COURSE, OLD, SEAT, builder, image, sample_settings, seat

PROJECT = Path(__file__).parents[2]
PICTURE = PROJECT / "docs/images/room.png"
NOW = 1_795_500_002.3
SEATS = [f"pc{number:02}" for number in range(1, 13)]


def answer(name: str, *changes: tuple[str, object], **settings: object) -> dict[str, Any]:
    """Return the facts and the verdict of a seat that has answered, changed at some paths."""
    has, groups = seat(*changes), {"lab": SEATS}
    return {
        "seat": has,
        "verdict": judge(has, sample_settings(groups, name, **settings), builder()),
    }


def off(name: str, why: str) -> dict[str, Any]:
    """Return the facts and the verdict of a seat that could not be reached."""
    return {"seat": None, "verdict": silent(unanswered(name, why), why)}


def room(*names: str) -> dict[str, Any]:
    """Return a room of these seats; the first one is the builder."""
    return {"seats": list(names), "servers": [], "builder": names[0]}


def sample() -> dict[str, Any]:
    """Return the report of the room, made as a run makes it."""
    flask = SEAT["containers"]["flask"]
    tomcat = {"port": 8080, "address": "::", "process": "tomcat9", "pid": 812, "container": None}
    old = image(OLD)
    stopped = SEAT["docker"] | {"running": False, "why": "stopped"}
    away = ("containers", {}), ("listeners", []), ("page", None)
    changed: dict[str, list[tuple[str, object]]] = {
        "pc01": [],
        "pc02": [],
        "pc03": [*away],
        "pc04": [],
        "pc05": [
            (f"images/{COURSE}", old),
            ("containers/flask/labels/labocloud.revision", OLD),
            ("containers/flask/image_id", old["id"]),
            ("page/revision", OLD),
        ],
        "pc07": [*away, ("listeners", [tomcat])],
        "pc08": [*away, ("docker", stopped)],
        "pc09": [("docker/free_mb", 412)],
        "pc10": [("page", {"status": 500, "revision": None, "why": "INTERNAL SERVER ERROR"})],
        "pc11": [("network/routes", [{"to": "198.18.0.0/15", "interface": "tun0"}])],
        "pc12": [("containers/flask", flask | {"state": "exited"}), ("page", None)],
    }
    answers = {name: answer(name, *changes) for name, changes in changed.items()}
    answers["pc06"] = off("pc06", "ssh: connect to host pc06: timed out")
    return report(answers, room(*sorted(answers)), {}, NOW, seconds=2.3)


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "room.html"
        path.write_text(page(ROOM, sample(), "en"), encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1280,910"]
        command = ["chromium", *options, f"--screenshot={PICTURE}", path.as_uri()]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    init_plugin_loader()
    main()
