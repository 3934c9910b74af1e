"""A room of twelve seats, one of each kind, and the picture of its page.

    ./lab env PYTHONPATH=.collections python tests/sample_room.py

writes docs/images/room.png with Debian's chromium.
"""

import copy
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from ansible_collections.labocloud.room.plugins.action import room_page
from ansible_collections.labocloud.room.plugins.filter import room_report

PROJECT = Path(__file__).parents[1]
TEMPLATE = PROJECT / "roles/room_page/templates/room.html.j2"
PICTURE = PROJECT / "docs/images/room.png"
NOW = 1_795_500_000.0
REVISION, OLD = "3097063f8284" + "0" * 52, "a81cd0447e02" + "0" * 52
COURSE, BASE = "labocloud20202021:python", "labocloud20202021:base"


def image(revision: str) -> dict[str, str]:
    """Give an image as seat_facts does, as far as it is judged."""
    return {"revision": revision, "fingerprint": f"print of {revision}"}


FACTS = {
    "os": {"name": "Debian GNU/Linux 13 (trixie)"},
    "service_manager": "systemd",
    "clock": {"control": NOW - 2.3, "ahead": 0.2},
    "docker": {
        "running": True,
        "version": "26.1.5+dfsg1",
        "enabled": True,
        "outdated": False,
        "root": "/var/lib/docker",
        "free_mb": 91_000,
        "cpus": 4,
    },
    "images": {BASE: image(REVISION), COURSE: image(REVISION)},
    "containers": {
        "flask": {
            "image": COURSE,
            "state": "running",
            "labels": {"labocloud.managed": "true", "labocloud.revision": REVISION},
        }
    },
    "listeners": [{"port": 8080, "process": "docker-proxy", "pid": 9, "container": "flask"}],
    "network": {
        "interface": "eth0",
        "mtu": 1500,
        "routes": [{"to": "192.0.2.0/24", "interface": "eth0"}],
        "docker": [{"name": "bridge", "subnet": "198.18.0.0/24"}],
        "docker_mtu": 1500,
        "docker_proxy": False,
        "proxy": "",
        "registries": {},
    },
}
EXPECTED = {
    "builder": "pc01",
    "min_free_mb": 1000,
    "max_clock_offset": 30,
    "min_docker": "20.10",
    "engine": {"installed": True, "configured": True, "trusted": True},
    "config": {"default-address-pools": [{"base": "198.18.0.0/16", "size": 24}]},
    "registries": ["registry.example:5000"],
    "images": {BASE: image(REVISION), COURSE: image(REVISION)},
    "revision": REVISION,
    "container": {
        "name": "flask",
        "port": 8080,
        "url": "http://127.0.0.1:8080",
        "ours": True,
        "rights": [],
        "limits": [],
        "cpus": 1.0,
        "page": {"json": {"revision": REVISION}, "msg": "OK"},
    },
}


def changed(whole: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Give a copy of a structure, with another value at a path like docker/running."""
    made = copy.deepcopy(whole)
    place = made
    *way, last = path.split("/")
    for key in way:
        place = place[key]
    place[last] = value
    return made


def asked(facts: dict[str, Any] = FACTS, expected: dict[str, Any] = EXPECTED) -> dict[str, Any]:
    """Give the variables of a seat that has answered."""
    return {
        "__seat_asked": {"changed": False},
        "__room_page_expected": expected,
        "ansible_facts": {"seat": facts},
    }


def report() -> dict[str, Any]:
    """Give the report of the room, made as a run makes it."""
    flask = FACTS["containers"]["flask"]
    held = [{"port": 8080, "process": "tomcat9", "pid": 812, "container": None}]
    old = {"json": {"revision": OLD}}
    no_page = {"msg": "Status code was 500: HTTP Error 500: INTERNAL SERVER ERROR"}
    away = changed(FACTS, "containers", {})
    stopped = changed(FACTS, "docker", {**FACTS["docker"], "running": False, "why": "stopped"})
    behind = changed(FACTS, "containers/flask/labels/labocloud.revision", OLD)
    route = {"to": "198.18.0.0/15", "interface": "tun0"}
    rooms = [
        asked(),
        asked(),
        asked(away),
        asked(),
        asked(
            changed(behind, "images", {BASE: image(REVISION), COURSE: image(OLD)}),
            changed(EXPECTED, "container/page", old),
        ),
        {"__seat_asked": {"unreachable": True, "msg": "ssh: connect to host pc06: timed out"}},
        asked(changed(away, "listeners", held)),
        asked(changed(stopped, "listeners", [])),
        asked(changed(FACTS, "docker/free_mb", 412)),
        asked(FACTS, changed(EXPECTED, "container/page", no_page)),
        asked(changed(FACTS, "network/routes", [route])),
        asked(changed(FACTS, "containers/flask", {**flask, "state": "exited"})),
    ]
    hostvars = {f"pc{number:02}": variables for number, variables in enumerate(rooms, 1)}
    return room_report.room_report(
        list(hostvars), hostvars, servers=[], builder="pc01", before={}, now=NOW
    )


def main() -> None:
    """Take the picture."""
    page = room_page.page(report(), TEMPLATE.read_text(encoding="utf-8"), "en")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "room.html"
        path.write_text(page, encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1280,910"]
        command = ["chromium", *options, f"--screenshot={PICTURE}", path.as_uri()]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
