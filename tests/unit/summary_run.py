"""A run of a playbook over a room of three seats, as Ansible reports it to room_summary."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template
from ansible_collections.labocloud.room.plugins.callback import room_summary
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from sample_plays import plays_of_ours

SEAT, LOCK = "labocloud.room.seat", "labocloud.room.room_lock"
LOOK = "labocloud.room.seat_progress"


def tried(**outcomes: int) -> dict[str, Any]:
    """Return the result of attacks. outcomes: how many attacks ended with each outcome."""
    attempts = [{"outcome": name} for name, number in outcomes.items() for _ in range(number)]
    return {"account": "student", "tried": attempts}


def judged(
    name: str, *names: str, named: bool = True, refused: str = "", **students: object
) -> dict[str, Any]:
    """Return the facts and the verdict of a seat.

    names: of findings. named: whether the course's tag is on the revision that the seat
    should have. refused: the name of the finding for which the seat is refused, if any. students:
    values of that part's verdict.
    """
    values = {"container": "flask", "why": "off", "had": "a", "wanted": "b", "seconds": "+99"}
    findings = [finding(finding_id, name, **values) for finding_id in names]
    refusals = [finding(refused, name, **values)] if refused else []
    verdicts = {
        "machine": verdict(findings, refused=refusals),
        "students": {**verdict(), **students},
    }
    # The builder records a revision only at the end of an update: until then it is not settled.
    verdicts["images"] = {**verdict(settled=False), "named": named}
    verdicts["container"] = verdict()
    machine = {"running": name, "id": name, "host_keys": [name]}
    seat = {
        "os": {"name": "Debian"},
        "docker": {"version": "26", "uid": 0},
        "clock": {"control": 1.0},
        "machine": machine,
    }
    return {"seat": seat, "verdict": verdicts, "lacks": ["lacks_images"]}


class Run:
    """A run of a playbook over a room of pc1 to pc3.

    lines: the lines of its summary. person: who sits at pc2, as a template of the inventory.
    neighbour: the seat beside that one, likewise.
    """

    def __init__(self, patch: pytest.MonkeyPatch, directory: Path, playbook: str) -> None:
        self.callback = room_summary.CallbackModule()
        self.lines: list[str] = []
        self.person = trust_as_template("{{ 'Ana' }}")
        self.neighbour = trust_as_template("{{ 'pc' ~ 1 }}")
        self.playbook = playbook
        self.color = ""
        self.directory = directory
        self.file = directory / "missing"
        patch.setattr(room_summary.atexit, "register", self.show)
        patch.setattr(room_summary.CallbackModule, "_settings", lambda _: self.settings())
        self.start()

    def start(self) -> None:
        """Start the playbook."""
        plays = plays_of_ours(self.playbook)
        self.callback.v2_playbook_on_start(SimpleNamespace(get_plays=lambda: plays))

    def again(self) -> None:
        """Start the playbook in another run."""
        self.callback.__init__()
        self.start()

    def settings(self) -> dict[str, Any]:
        """Return the settings of the page."""
        room = {"seats": ["pc1", "pc2", "pc3"], "servers": [], "builder": "pc1"}
        page = {"room_page_directory": str(self.directory), "room_page_language": "en"}
        return {"room": room, "course_image_project": str(self.directory / "course"), **page}

    def show(self, call: Callable[..., None], *lines_and_color: Any) -> None:  # noqa: ANN401
        """Keep what is registered to run at Ansible's exit: the summary, or an end without one."""
        if lines_and_color:
            self.lines, self.color = lines_and_color
        else:
            self.leave = call

    def broken_off(self, patch: pytest.MonkeyPatch) -> list[str]:
        """Have Ansible exit before the end of the playbook, and return the summary's lines."""
        patch.setattr(self.callback, "_show", lambda *shown: self.show(self.leave, *shown))
        self.leave()
        return self.lines

    def begin(self, *limit: str, any_errors_fatal: bool = False) -> None:
        """Start a play. limit: the seats of the room that the run is limited to."""

        def hosts(_group: str, ignore_limits: bool, ignore_restrictions: bool) -> list[Any]:
            assert ignore_restrictions
            names = ("pc1", "pc2", "pc3") if ignore_limits else limit
            return [SimpleNamespace(name=name) for name in names]

        of_host = {"room_page_person": self.person, "seat_neighbour": self.neighbour}
        inventory = SimpleNamespace(get_hosts=hosts, get_host=lambda name: name)
        manager = SimpleNamespace(
            _inventory=inventory,
            get_vars=lambda host: of_host if host == "pc2" else {},
        )
        play = SimpleNamespace(
            get_variable_manager=lambda: manager,
            any_errors_fatal=any_errors_fatal,
            serial=[],
            _loader=DataLoader(),
        )
        self.callback.v2_playbook_on_play_start(play)

    def tell(self, event: str, seat: str, **task: Any) -> None:  # noqa: ANN401  # of any kind
        """Report a task that has ended. task: its action, args, delegate_to and result."""
        result = SimpleNamespace(
            host=SimpleNamespace(get_name=lambda: seat),
            task=SimpleNamespace(
                action=task.get("action", "command"),
                args=task.get("args", {}),
                delegate_to=task.get("delegate_to"),
                name="Do it",
                _uuid="1",
            ),
            result=task.get("result", {}),
        )
        getattr(self.callback, f"v2_{event}")(result)

    def judge(
        self,
        seat: str,
        *names: str,
        event: str = "runner_on_ok",
        named: bool = True,
        refused: str = "",
        delegate_to: str | None = None,
        is_silent: bool = False,
    ) -> None:
        """Report that a seat was judged, or the machine that the task was delegated to."""
        answer = judged(delegate_to or seat, *names, named=named, refused=refused)
        answer |= {"seat": None} if is_silent else {}
        result = {UNSHOWN: answer, "msg": "it"}
        self.tell(event, seat, action=SEAT, result=result, delegate_to=delegate_to)

    def end(self, *processed: str, **failed: str) -> list[str]:
        """End the run; return the summary's lines. failed: machine to failures or unreachable."""
        counts = {
            host: {"failures": 0, "unreachable": 0} | ({failed[host]: 1} if host in failed else {})
            for host in (*processed, *failed, "pc1", "pc2", "pc3")
        }
        stats = SimpleNamespace(
            processed=dict.fromkeys((*processed, *failed), 1), summarize=counts.__getitem__
        )
        self.callback.v2_playbook_on_stats(stats)
        return self.lines

    def missing(self) -> list[str]:
        """Return the seats in the file that the next run can be limited to by --limit."""
        return self.file.read_text().split() if self.file.exists() else []

    def progress(self) -> dict[str, tuple[str, str | None]]:
        """Return each seat's state and person, as the board has them."""
        report = json.loads((self.directory / "progress.json").read_text())
        return {row["name"]: (row["state"], row["person"]) for row in report["seats"]}

    def page(self) -> dict[str, str]:
        """Return each seat's state, as the page has it."""
        report = json.loads((self.directory / "room.json").read_text())
        return {row["name"]: row["state"] for row in report["seats"]}
