"""The words at the end of a run."""

import json
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import context
from ansible.executor.stats import AggregateStats
from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template
from ansible_collections.labocloud.room.plugins.action import seat as asking
from ansible_collections.labocloud.room.plugins.callback import room_summary
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from ansible_collections.labocloud.room.plugins.plugin_utils import page
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from sample_lesson import make, seen, taken

SEAT, LOCK = "labocloud.room.seat", "labocloud.room.room_lock"
LOOK = "labocloud.room.seat_progress"
ANA = trust_as_template("{{ 'Ana' }}")


def test_all_is_well() -> None:
    assert room_summary.summary(1, {}, "ready") == ["1 seat ready."]
    assert room_summary.summary(2, {}, "done") == ["2 seats done."]


def test_a_room_without_seats_is_not_called_ready() -> None:
    assert room_summary.summary(0, {}, "ready") == [
        "No seat was touched: is the inventory's group lab empty?"
    ]


def test_each_seat_that_needs_somebody_has_its_line() -> None:
    failed = {"pc07": "pc07: port 8080 is held by tomcat9 (pid 812).", "pc02": "unreachable: off"}
    assert room_summary.summary(1, failed, "ready") == [
        "1 seat ready, 2 need you:",
        "  pc02: unreachable: off",
        "  pc07: port 8080 is held by tomcat9 (pid 812).",
    ]


def test_no_seats_line_can_be_taken_for_anothers() -> None:
    failed = {"pc1": "pc10: unreachable: off", "pc2": "pc2 keeps the images that it had"}
    assert room_summary.summary(1, failed, "ready")[1:] == [
        "  pc1: pc10: unreachable: off",
        "  pc2 keeps the images that it had",
    ]


def test_what_is_only_to_be_looked_at_comes_last() -> None:
    for failed in ({}, {"pc02": "off"}):
        *_, last = room_summary.summary(1, failed, "ready", ["The room: a"])
        assert last == "The room: a"


def test_a_warning_of_many_seats_is_one_line() -> None:
    low = finding("clock_off", "pc1", seconds="+40")
    off = finding("clock_off", "pc2", seconds="+90")
    broken = finding("unfinished", "pc1")
    lines = room_summary.warnings(
        {
            "pc1": {"machine": verdict([low, broken])},
            "pc2": {"machine": verdict([off])},
            "pc3": {"machine": verdict([low])},
        }
    )
    assert lines == [
        "To look at, pc1, pc3: its clock is off by +40 s. Fix: ./lab ansible pc1,pc3 -ba"
        " 'timedatectl set-ntp true'",
        "To look at, pc2: its clock is off by +90 s. Fix: ./lab ansible pc2 -ba"
        " 'timedatectl set-ntp true'",
    ]


def test_a_warning_that_seats_share_names_them_as_the_inventory_does_or_all() -> None:
    """Whoever has answered first; and its command is for all of them."""
    room = [f"pc{number}" for number in range(1, 13)]
    verdicts = {
        name: {"machine": verdict([finding("clock_off", name, seconds="+40")])}
        for name in ("pc10", "pc2", *sorted(set(room) - {"pc10", "pc2"}))
    }
    assert room_summary.warnings(verdicts, room) == [
        "To look at, all 12 seats: its clock is off by +40 s. Fix: ./lab ansible lab -ba"
        " 'timedatectl set-ntp true'"
    ]
    some = {name: verdicts[name] for name in ("pc10", "pc2", "pc1")}
    [line] = room_summary.warnings(some, room)
    assert line.startswith("To look at, pc1, pc2, pc10: its clock is off by +40 s.")
    assert line.endswith("Fix: ./lab ansible pc1,pc2,pc10 -ba 'timedatectl set-ntp true'")
    # One that is all of the room keeps its name.
    [line] = room_summary.warnings({"pc10": verdicts["pc10"]}, ["pc10"])
    assert line.startswith("To look at, pc10: ")
    attacks = dict.fromkeys(verdicts, tried(withstood=1))
    [line] = room_summary.attacked(attacks, room)
    assert line.startswith("Attacks, all 12 seats: ")


def tried(**outcomes: int) -> dict[str, Any]:
    """Give what came of attacks: how many came out how."""
    told = [{"outcome": one} for one, number in outcomes.items() for _ in range(number)]
    return {"account": "student", "tried": told}


def test_what_came_of_attacks_is_told_for_all_seats_alike() -> None:
    safe, rooted = tried(withstood=3, untried=1), tried(withstood=1, succeeded=2)
    lines = room_summary.attacked({"pc1": safe, "pc2": rooted, "pc3": safe, "pc4": tried()})
    assert lines == [
        "Attacks, pc1, pc3: as student 3 tried, 0 succeeded.",
        "Attacks, pc2: as student 3 tried, 2 succeeded.",
    ]
    assert room_summary.attacked({"pc1": tried(untried=9)}) == []


def test_the_reason_is_the_message_and_what_the_command_said_in_one_line() -> None:
    answer = {"msg": "non-zero return code", "stderr": "no\n  space left", "stdout": "x"}
    assert room_summary.reason(answer) == "non-zero return code no space left"


def test_a_reason_moves_no_cursor() -> None:
    answer = {"msg": "port 8080 is held by x\x1b[31mred\x07", "stderr": "\x1b]0;title\x9c"}
    assert room_summary.reason(answer) == "port 8080 is held by x [31mred ]0;title"


def test_a_long_reason_keeps_its_beginning_and_its_end() -> None:
    told = room_summary.reason({"msg": "begin " + "x" * 5000 + " end"})
    assert told.startswith("begin")
    assert told.endswith("end")
    assert len(told) < room_summary.LONGEST_REASON + 10


def test_that_it_took_too_long_is_said_in_the_same_words() -> None:
    """Of an item of a loop, too. What a module says of that is no number."""
    timed_out = {"msg": "Timed out after 600 second(s).", "timedout": {"period": 600}}
    assert room_summary.reason(timed_out) == "it did not answer in time, within 600 s"
    for odd in (True, {"period": "x" * 10**6}, {}):
        assert room_summary.reason({"msg": "it", "timedout": odd}) == "it"


def test_no_reason_at_all() -> None:
    assert room_summary.reason({}) == "no reason given"


def test_where_a_module_dies_what_its_interpreter_said_is_told() -> None:
    assert room_summary.reason({"msg": "failed", "module_stderr": "Traceback"}) == (
        "failed Traceback"
    )
    whole = "x" * room_summary.LONGEST_REASON
    assert room_summary.reason({"msg": whole}) == whole


def test_the_missing_are_those_that_failed_and_those_that_nobody_looked_at() -> None:
    room = ["pc1", "pc2", "pc3"]
    assert room_summary.missing([], room, {"pc2"}, {"pc1", "pc3"}) == ["pc2"]
    assert room_summary.missing(["pc2", "pc3"], room, set(), {"pc2"}) == ["pc3"]
    assert room_summary.missing(["pc2", "other"], room, {"pc1"}, set()) == ["pc1", "pc2"]
    assert room_summary.missing(["pc2"], room, set(), {"pc2"}) == []


def judged(
    name: str, *found: str, named: bool = True, refused: str = "", **students: object
) -> dict[str, Any]:
    """Give the facts of a seat that was judged: what was found.

    named: whether the course's name is for the revision that is wanted there. refused: why it
    cannot be worked on.
    """
    values = {"container": "flask", "why": "off", "had": "a", "wanted": "b", "seconds": "+99"}
    told = [finding(one, name, **values) for one in found]
    no = [finding(refused, name, **values)] if refused else []
    verdicts = {"machine": verdict(told, refused=no), "students": {**verdict(), **students}}
    # Until the update has come to its end, the builder does not remember what it is for.
    verdicts["images"] = {**verdict(settled=False), "named": named}
    verdicts["container"] = verdict()
    machine = {"running": name, "id": name, "host_keys": [name]}
    has = {
        "os": {"name": "Debian"},
        "docker": {"version": "26", "uid": 0},
        "clock": {"control": 1.0},
    }
    return {"seat": {**has, "machine": machine}, "verdict": verdicts, "lacks": ["lacks_images"]}


def test_it_learns_from_all_actions_that_give_a_verdict_and_from_no_others() -> None:
    judging = {
        f"labocloud.room.{path.stem}"
        for path in Path(asking.__file__).parent.glob("*.py")
        if hasattr(import_module(asking.__name__.replace(".seat", f".{path.stem}")), "Machine")
    }
    assert set(room_summary.JUDGING) == judging


class Run:
    """A run of a playbook over a room of pc1 to pc3; `said` are the lines at its end."""

    def __init__(self, patch: pytest.MonkeyPatch, directory: Path, playbook: str) -> None:
        self.callback = room_summary.CallbackModule()
        self.said: list[str] = []
        self.color = ""
        self.directory = directory
        self.file = directory / "missing"
        patch.setattr(room_summary.atexit, "register", self.show)
        patch.setattr(room_summary.CallbackModule, "wanted", lambda _: self.wanted())
        self.callback.v2_playbook_on_start(SimpleNamespace(_file_name=f"/x/{playbook}"))

    def wanted(self) -> dict[str, Any]:
        """Give what is set for the page."""
        room = {"seats": ["pc1", "pc2", "pc3"], "servers": [], "builder": "pc1"}
        page = {"room_page_directory": str(self.directory), "room_page_language": "en"}
        return {"room": room, "course_image_project": str(self.directory / "course"), **page}

    def show(self, call: Callable[..., None], *lines_and_color: Any) -> None:  # noqa: ANN401
        """Take what is done when all is over: to print lines, or what is due without an end."""
        if lines_and_color:
            self.said, self.color = lines_and_color
        else:
            self.leave = call

    def broken_off(self, patch: pytest.MonkeyPatch) -> list[str]:
        """Have Ansible end without having told the end, and give what is said."""
        patch.setattr(self.callback, "show", lambda *said: self.show(self.leave, *said))
        self.leave()
        return self.said

    def begin(self, *limit: str, any_errors_fatal: bool = False) -> None:
        """Begin a play, over those seats of the room that it is limited to."""

        def hosts(_group: str, ignore_limits: bool, ignore_restrictions: bool) -> list[Any]:
            assert ignore_restrictions
            names = ("pc1", "pc2", "pc3") if ignore_limits else limit
            return [SimpleNamespace(name=name) for name in names]

        inventory = SimpleNamespace(get_hosts=hosts, get_host=lambda name: name)
        manager = SimpleNamespace(
            _inventory=inventory,
            get_vars=lambda host: {"room_page_person": ANA} if host == "pc2" else {},
        )
        play = SimpleNamespace(
            get_variable_manager=lambda: manager,
            any_errors_fatal=any_errors_fatal,
            serial=[],
            _loader=DataLoader(),
        )
        self.callback.v2_playbook_on_play_start(play)

    def tell(self, event: str, seat: str, **more: Any) -> None:  # noqa: ANN401  # of any kind
        """Tell of a task that has ended."""
        task = SimpleNamespace(
            action=more.pop("action", "command"),
            args=more.pop("args", {}),
            delegate_to=more.get("delegate_to"),
            name=more.pop("name", "Do it"),
            _uuid="1",
        )
        host = SimpleNamespace(get_name=lambda: seat)
        result = SimpleNamespace(host=host, task=task, result=more.get("result", {}))
        getattr(self.callback, f"v2_{event}")(result)

    def judge(self, seat: str, *found: str, event: str = "runner_on_ok", **more: Any) -> None:  # noqa: ANN401
        """Tell that a seat was judged."""
        name, named = more.get("delegate_to", seat), more.pop("named", True)
        facts = judged(name, *found, named=named, refused=more.pop("refused", ""))
        facts |= {"seat": None} if more.pop("silent", False) else {}
        self.tell(event, seat, action=SEAT, result={UNSHOWN: facts, "msg": "it"}, **more)

    def end(self, *processed: str, **failed: str) -> list[str]:
        """End the run, and give what is said. failed: machine to failures or unreachable."""
        counts = {
            host: {"failures": 0, "unreachable": 0} | ({failed[host]: 1} if host in failed else {})
            for host in (*processed, *failed, "pc1", "pc2", "pc3")
        }
        stats = SimpleNamespace(
            processed=dict.fromkeys((*processed, *failed), 1), summarize=counts.__getitem__
        )
        self.callback.v2_playbook_on_stats(stats)
        return self.said

    def missing(self) -> list[str]:
        """Give the seats that the next run can be limited to."""
        return self.file.read_text().split() if self.file.exists() else []

    def progress(self) -> dict[str, tuple[str, str | None]]:
        """Give what the board says of each seat: its state, and who sits there."""
        told = json.loads((self.directory / "progress.json").read_text())
        return {row["name"]: (row["state"], row["person"]) for row in told["seats"]}

    def page(self) -> dict[str, str]:
        """Give what the page says of each seat."""
        told = json.loads((self.directory / "room.json").read_text())
        return {row["name"]: row["state"] for row in told["seats"]}


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A run of all, which proves that the seats are ready."""
    return Run(monkeypatch, tmp_path, "site.yml")


def test_seats_that_are_as_they_should_be_are_ready(up: Run) -> None:
    up.begin("pc1", "pc2", "pc3")
    up.judge("pc1", delegate_to="pc2")
    up.judge("pc1")
    up.judge("pc3", "clock_off")
    first, look = up.end("pc1", "pc2", "pc3", "registry")
    assert first == "3 seats ready."
    assert look.startswith("To look at, pc3: its clock is off")
    assert up.color == "green"
    assert up.missing() == []
    assert up.page() == {"pc1": "ready", "pc2": "ready", "pc3": "warning"}


def test_seats_that_failed_are_named_and_the_next_run_can_be_limited_to_them(up: Run) -> None:
    up.begin("pc1", "pc2", "pc3")
    for seat in ("pc1", "pc2", "pc3"):
        up.judge(seat)
    up.tell("runner_on_failed", "pc2", result={"msg": "no space"})
    up.tell("runner_on_unreachable", "pc3", result={"msg": "timed out"})
    assert up.end("pc1", pc2="failures", pc3="unreachable") == [
        "1 seat ready, 2 need you:",
        "  pc2: no space",
        "  pc3: unreachable: timed out. Fix: switch it on, plug it in, then:"
        " ./lab ansible pc3 -m ping",
    ]
    assert up.color == "red"
    assert up.missing() == ["pc2", "pc3"]
    assert up.page() == {"pc1": "ready", "pc2": "error", "pc3": "error"}
    # One of them is ready now; nobody has looked at the other.
    up.callback.__init__()
    up.callback.v2_playbook_on_start(SimpleNamespace(_file_name="site.yml"))
    up.begin("pc2")
    up.judge("pc2")
    assert up.end("pc2") == ["1 seat ready."]
    assert up.missing() == ["pc3"]
    assert up.page()["pc2"] == "ready"


def test_of_a_run_that_was_broken_off_what_is_known_is_told_and_kept(
    up: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by Ctrl-C at a seat that does not answer, or by an error of Ansible's own."""
    assert up.broken_off(monkeypatch) == []  # it had not begun
    up.begin("pc1", "pc2", "pc3")
    up.judge("pc1")
    up.judge("pc2", "container_missing")
    for name in ("pc1", "pc2", "pc3"):
        up.callback.v2_runner_on_start(SimpleNamespace(get_name=lambda name=name: name), None)
    up.tell("runner_on_failed", "pc3", result={"msg": "no space"})
    up.tell("runner_on_skipped", "pc1")
    assert up.broken_off(monkeypatch) == [
        "1 seat ready, 2 need you:",
        "  pc2: not finished: the run was broken off while it waited for this seat."
        " Fix: the same command again",
        "  pc3: no space",
    ]
    assert up.color == "red"
    assert up.missing() == ["pc2", "pc3"]
    assert up.page() == {"pc1": "ready", "pc2": "error", "pc3": "error"}


def test_of_one_that_proves_nothing_no_seat_is_called_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reset = Run(monkeypatch, tmp_path, "reset.yml")
    reset.begin("pc1", "pc2")
    reset.judge("pc1")
    first, *seats = reset.broken_off(monkeypatch)
    assert first == "0 seats done, 2 need you:"
    assert all("broken off" in seat for seat in seats)


def test_a_run_whose_end_was_told_is_not_told_of_again(
    up: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    up.begin("pc1")
    up.judge("pc1")
    told = up.end("pc1")
    assert up.broken_off(monkeypatch) == told == ["1 seat ready."]


def test_how_long_a_run_took_is_not_what_a_seat_says(up: Run) -> None:
    """One that says that it was asked in 1970 would have the page tell of half a century."""
    up.begin("pc1")
    up.judge("pc1")
    assert up.callback.answers["pc1"]["seat"]["clock"]["control"] == 1.0
    up.end("pc1")
    assert json.loads((up.directory / "room.json").read_text())["seconds"] < 10**6


def test_where_the_page_cannot_be_written_the_lines_say_so(up: Run) -> None:
    (up.directory / "room.html").mkdir()
    up.begin("pc1")
    up.judge("pc1")
    first, second = up.end("pc1")
    assert first == "1 seat ready."
    assert second.startswith("The page cannot be written: ")


@pytest.mark.parametrize("counted", [None, {"a": None}, [1], 2])
def test_what_seats_count_ends_no_run(up: Run, counted: object) -> None:
    assert up.callback.play is None
    stats = AggregateStats()
    for _ in range(3):
        stats.update_custom_stats("x", counted, "pc1")
        stats.update_custom_stats("y", 2)
    assert stats.custom["_run"] == {"y": 6}


def test_a_keeper_of_the_lock_that_does_not_answer_is_named(up: Run) -> None:
    up.begin("pc1", "pc2")
    late = {"msg": "Timed out after 180 second(s).", "timedout": {"period": 180}}
    up.tell("runner_on_failed", "pc2", action=LOCK, delegate_to="pc1", result=late)
    [line] = up.end(pc1="failures", pc2="failures")
    assert line.startswith("pc1: it did not answer in time: Do it, within 180 s. Fix: ")


def test_a_seat_that_was_judged_not_to_be_ready_is_not_though_no_task_failed(up: Run) -> None:
    up.begin("pc1")
    up.judge("pc1", "container_missing")
    assert up.end("pc1") == [
        "0 seats ready, 1 needs you:",
        "  pc1: the container flask is missing. Fix: ./lab up --limit pc1",
    ]


def test_what_a_proof_that_failed_has_found_is_on_the_page(up: Run) -> None:
    up.begin("pc1")
    up.judge("pc1")
    up.judge("pc1", "container_missing", event="runner_on_failed")
    assert up.end(pc1="failures")[1:] == ["  pc1: it"]
    assert up.page()["pc1"] == "error"


def test_the_page_is_written_where_no_seat_is_left(up: Run) -> None:
    up.begin("pc1")
    up.judge("pc1", "unreachable", event="runner_on_unreachable")
    up.end(pc1="unreachable")
    assert up.page() == {"pc1": "unreachable", "pc2": "unknown", "pc3": "unknown"}


def test_a_machine_that_ran_into_its_time_limit_is_on_the_page(up: Run) -> None:
    """No verdict came back of the task."""
    up.begin("pc1")
    timed_out = {"msg": "Timed out after 180 second(s).", "timedout": {"period": 180}}
    up.tell("runner_on_failed", "pc1", result=timed_out)
    up.end(pc1="failures")
    assert up.page()["pc1"] == "error"
    [row] = [one for one in page.last(up.directory)["seats"] if one["name"] == "pc1"]
    why = "it did not answer in time: Do it, within 180 s."
    assert row["findings"][0]["cause"]["en"] == why


def test_a_run_that_has_asked_nobody_leaves_the_page(up: Run) -> None:
    up.begin("pc1")
    up.end()
    assert not (up.directory / "room.json").exists()


def test_a_seat_that_was_mended_is_not_held_to_what_failed(up: Run) -> None:
    up.begin("pc1")
    up.tell("runner_on_failed", "pc1", result={"msg": "the old page answers"})
    up.judge("pc1")
    assert up.end("pc1") == ["1 seat ready."]


@pytest.fixture
def update(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A run that goes from seat to seat."""
    return Run(monkeypatch, tmp_path, "update.yml")


def test_seats_whose_turn_in_an_update_did_not_come_are_told_why(update: Run) -> None:
    update.begin("pc1", "pc2", any_errors_fatal=True)
    update.judge("pc2", "container_old")
    update.tell("runner_on_failed", "pc1", result={"msg": "its page does not answer"})
    said = update.end("pc2", pc1="failures")
    assert said[1] == "  pc1: its page does not answer"
    assert said[2].startswith("  pc2: the update stops before this batch, since pc1 could not")
    assert "-e revision=" in said[2]


def test_an_update_that_stopped_has_served_those_that_it_came_to(update: Run) -> None:
    update.begin("pc1", "pc2", "pc3", any_errors_fatal=True)
    update.judge("pc1")
    update.judge("pc3", named=False)
    update.tell("runner_on_failed", "pc2", result={"msg": "its page does not answer"})
    said = update.end("pc1", "pc3", pc2="failures")
    assert said[0] == "1 seat ready, 2 need you:"
    assert said[2].startswith("  pc3: the update stops before this batch, since pc2 could not")


def test_an_update_whose_first_seat_was_lost_before_its_turn_is_one_that_stopped(
    update: Run,
) -> None:
    update.begin("pc1", "pc2", "pc3")
    for seat in ("pc2", "pc3"):
        update.judge(seat, named=False)
    update.tell("runner_on_unreachable", "pc1", result={"msg": "off"})
    said = update.end("pc2", "pc3", pc1="unreachable")
    assert said[0] == "0 seats ready, 3 need you:"
    for line, seat in zip(said[2:], ("pc2", "pc3"), strict=True):
        assert line.startswith(f"  {seat}: the update stops before this batch, since pc1 could not")


def test_what_the_proof_says_of_a_seat_that_an_update_did_not_come_to_is_not_why(
    update: Run,
) -> None:
    """Where the machine that builds was updated, what such a seat serves is not what that does."""
    update.begin("pc1", "pc2", "pc3", any_errors_fatal=True)
    update.judge("pc1")
    update.tell("runner_on_failed", "pc2", result={"msg": "its page does not answer"})
    update.begin("pc1", "pc2", "pc3")
    update.judge("pc3", "container_old", event="runner_on_failed", named=False)
    said = update.end("pc1", pc2="failures", pc3="failures")
    assert said[0] == "1 seat ready, 2 need you:"
    assert said[2].startswith("  pc3: the update stops before this batch, since pc2 could not")


@pytest.mark.parametrize("proof", [True, False])
def test_a_seat_that_is_off_is_not_told_to_serve_as_before(update: Run, proof: bool) -> None:
    """Whether the update had a proof at its end, or stopped before."""
    update.begin("pc1", "pc2", "pc3", any_errors_fatal=True)
    update.judge("pc1")
    update.judge("pc3", refused="unreachable", named=False)
    # A failure that a rescue has worded is told twice.
    for _ in range(2):
        update.tell("runner_on_failed", "pc2", result={"msg": "its page does not answer"})
    if proof:
        update.begin("pc1", "pc2", "pc3")
        update.tell("runner_on_unreachable", "pc3", result={"msg": "off"})
    update.judge("pc1", named=False)
    said = update.end("pc1", pc2="failures", **({"pc3": "unreachable"} if proof else {}))
    assert said[1].startswith("  pc1: the update stops before this batch, since pc2 could not be")
    assert said[3].startswith("  pc3: unreachable: off")


def test_what_is_not_named_yet_is_no_fault_but_in_an_update(up: Run) -> None:
    up.begin("pc1")
    up.judge("pc1", named=False)
    assert up.end("pc1") == ["1 seat ready."]


def test_in_an_update_too_the_seats_wait_for_the_machine_that_builds(update: Run) -> None:
    update.begin("pc1")
    update.judge("pc1", named=False)
    update.tell("runner_on_failed", "pc1", delegate_to="builder", result={"msg": "disk full"})
    *_, last = update.end(pc1="failures")
    assert last.startswith("  pc1: waits for builder, which works for the room. Fix: ")


def test_the_reason_of_a_loop_is_that_of_its_first_item(up: Run) -> None:
    up.begin("pc1")
    for why in ("first", "second"):
        up.tell("runner_item_on_failed", "pc1", result={"msg": why})
    up.tell("runner_on_failed", "pc1", result={"msg": "One or more items failed"})
    assert up.end(pc1="failures") == ["0 seats ready, 1 needs you:", "  pc1: first"]


def test_where_another_machine_stops_the_run_it_is_named_and_the_seats_wait_for_it(
    up: Run,
) -> None:
    up.begin("pc1", "pc2")
    broken = {"delegate_to": "builder", "result": {"msg": "disk full"}}
    up.tell("runner_on_failed", "pc1", **broken)
    said = up.end("pc2", pc1="failures")
    assert said[:2] == ["0 seats ready, 3 need you:", "  builder: disk full"]
    for line, seat in zip(said[2:], ("pc1", "pc2"), strict=True):
        assert line.startswith(f"  {seat}: waits for builder, which works for the room. Fix: ")
    assert up.missing() == ["pc1", "pc2"]


@pytest.mark.parametrize("delegate_to", ["pc1", "localhost"])
def test_what_is_done_for_a_seat_is_the_seats(up: Run, delegate_to: str) -> None:
    up.begin("pc1")
    up.tell("runner_on_failed", "pc1", delegate_to=delegate_to, result={"msg": "no"})
    assert up.end(pc1="failures")[1:] == ["  pc1: no"]


def test_a_seat_that_was_never_judged_is_not_ready(up: Run) -> None:
    up.begin("pc1", "pc2")
    up.judge("pc1")
    assert up.end("pc1", "pc2") == [
        "1 seat ready, 1 needs you:",
        "  pc2: not finished: the run stopped at another machine",
    ]


def test_a_seat_that_takes_too_long_is_not_told_to_be_off(up: Run) -> None:
    up.begin("pc1", "pc2")
    up.judge("pc1")
    why = "Timeout (32s) waiting for privilege escalation prompt: "
    up.tell("runner_on_unreachable", "pc2", result={"msg": why})
    [_, told, *_] = up.end("pc1", pc2="unreachable")
    assert told.startswith("  pc2: it did not answer in time: Timeout (32s)")
    assert "plug it in" not in told


def test_what_was_found_of_the_room_is_told(up: Run) -> None:
    up.begin("pc1")
    facts = judged("pc1", may=["student"])
    up.tell("runner_on_ok", "pc1", action=SEAT, result={UNSHOWN: facts})
    assert up.end("pc1")[-1].startswith("The room: pc1 builds the image")


def test_what_came_of_attacks_is_told_at_the_end_also_where_all_is_well(up: Run) -> None:
    up.begin("pc1")
    facts = judged("pc1") | {"attacks": tried(withstood=2)}
    attack = "labocloud.room.seat_attack"
    up.tell("runner_on_ok", "pc1", action=attack, result={UNSHOWN: facts})
    # The proof that follows tells nothing of them.
    up.tell("runner_on_ok", "pc1", action=SEAT, result={UNSHOWN: judged("pc1")})
    told = up.end("pc1")
    assert told[:2] == ["1 seat ready.", "Attacks, pc1: as student 2 tried, 0 succeeded."]


@pytest.mark.parametrize("key", ["attacks", "look", "verdict"])
@pytest.mark.parametrize("event", ["runner_on_ok", "runner_on_failed", "runner_on_unreachable"])
def test_what_any_module_may_answer_is_not_taken_for_what_an_action_has_found_out(
    up: Run, key: str, event: str
) -> None:
    """Each of these would have ended the callback, and with it the last lines of all seats."""
    up.begin("pc1")
    lie = {key: {"tried": 7, "machine": 7, "exercises": 7}}
    for action in ("ansible.builtin.command", "labocloud.room.seat_students"):
        answer = {"ansible_facts": lie, **lie, UNSHOWN: lie}
        up.tell(event, "pc2", action=action, result=answer)
    # Nor what one of the toolkit's own gives by another's name, or as facts.
    up.tell(event, "pc2", action="labocloud.room.seat_attack", result={"ansible_facts": lie, **lie})
    up.tell(event, "pc2", action=SEAT, result={UNSHOWN: {"attacks": 7, "look": 7}})
    assert up.callback.looks == up.callback.attacks == up.callback.answers == {}
    up.judge("pc1")
    assert "1 seat ready" in up.end("pc1")[0]


def test_the_machine_that_builds_is_named_where_the_others_wait_for_it(up: Run) -> None:
    up.begin("pc1")
    up.judge("pc1", "unreachable", delegate_to="server", silent=True)
    up.judge("pc1", "container_missing")
    assert up.end("pc1")[-1].startswith("  server: unreachable: off")


def test_where_another_run_has_the_room_nothing_but_that_is_said(up: Run) -> None:
    up.begin("pc1")
    up.tell("runner_on_failed", "pc1", action=LOCK, result={"msg": "prof works on this room"})
    assert up.end(pc1="failures") == ["prof works on this room"]
    assert up.missing() == []


@pytest.mark.parametrize(("check", "word"), [(False, "done"), (True, "checked")])
def test_what_proves_nothing_says_so_and_leaves_the_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, check: bool, word: str
) -> None:
    monkeypatch.setattr(context, "CLIARGS", {"check": check})
    run = Run(monkeypatch, tmp_path, "site.yml" if check else "reset.yml")
    run.file.write_text("pc3\n")
    run.begin("pc1", "pc2")
    # A seat that was not reached is not done.
    assert run.end("pc1") == [f"1 seat {word}."]
    assert run.missing() == ["pc3"]


def test_a_room_without_seats_leaves_the_missing(up: Run) -> None:
    up.file.write_text("pc3\n")
    up.begin()
    up.end()
    assert up.missing() == ["pc3"]


def test_the_lines_come_last_and_in_colour(up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    display = SimpleNamespace(
        banner=shown.append, display=lambda line, color: shown.append((line, color))
    )
    monkeypatch.setattr(up.callback, "_display", display)
    up.callback.show(["a", "b"], "red")
    assert shown == ["ROOM", ("a", "red"), ("b", "red")]


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A run that looks at how far the seats are."""
    make(tmp_path / "course")
    return Run(monkeypatch, tmp_path, "progress.yml")


def look(run: Run, seat: str, *containers: str) -> None:
    """Tell of a look at a seat with containers of these names."""
    known = exercises.load(run.directory / "course/app/exercises")
    facts = {UNSHOWN: {"look": seen(known, taken(*containers), time.time())}}
    run.tell("runner_on_ok", seat, action=LOOK, result=facts)


def test_each_look_is_on_the_board_at_once(looking: Run) -> None:
    looking.begin("pc1", "pc2", "pc3")
    look(looking, "pc1", "one")
    assert looking.progress()["pc1"] == ("working", None)
    assert looking.progress()["pc2"] == ("unknown", "Ana")
    look(looking, "pc2")
    assert looking.progress()["pc2"] == ("new", "Ana")
    assert (looking.directory / "board.html").exists()
    assert (looking.directory / "progress.csv").exists()
    said = looking.end("pc1", "pc2", "pc3")
    assert said[-2] == "3 seats, 0 need you: 1 working, 1 new, 1 unknown."
    assert said[-1] == f"The board: {looking.directory}/board.html"
    assert looking.color == "green"
    assert not (looking.directory / "room.json").exists()


def test_a_seat_whose_look_took_too_long_needs_somebody(looking: Run) -> None:
    looking.begin("pc1")
    timed_out = {"msg": "Timed out after 60 second(s).", "timedout": {"period": 60}}
    looking.tell("runner_on_failed", "pc1", action=LOOK, result=timed_out)
    assert looking.progress()["pc1"] == ("mute", None)
    said = looking.end("pc1")
    assert "it did not answer in time: Do it, within 60 s." in said[0]
    assert looking.color == "yellow"


def test_exercises_that_cannot_be_read_fail_the_look(looking: Run) -> None:
    looking.begin("pc1")
    looking.tell("runner_on_failed", "pc1", action=LOOK, result={"msg": "no fr.md"})
    assert looking.end(pc1="failures") == ["0 seats done, 1 needs you:", "  pc1: no fr.md"]
    # Also where another seat was looked at.
    look(looking, "pc2", "one")
    assert looking.end("pc2", pc1="failures")[-1] == "  pc1: no fr.md"


def test_a_look_that_fails_says_nothing_of_the_machines(up: Run, looking: Run) -> None:
    up.begin("pc1")
    up.judge("pc1")
    up.end("pc1")
    assert up.page()["pc1"] == "ready"
    looking.begin("pc1")
    looking.tell("runner_on_failed", "pc1", action=LOOK, result={"msg": "no fr.md"})
    looking.end(pc1="failures")
    assert up.page()["pc1"] == "ready"


def test_a_board_that_cannot_be_written_is_not_told_to_be_there(looking: Run) -> None:
    looking.begin("pc1", "pc2")
    (looking.directory / "board.html").mkdir()
    look(looking, "pc1", "one")
    [said] = looking.end("pc1", "pc2")
    assert said.startswith("The board cannot be written: ")
    assert looking.color == "red"
    (looking.directory / "board.html").rmdir()
    look(looking, "pc2", "one")
    assert looking.end("pc1", "pc2")[-1] == f"The board: {looking.directory}/board.html"
    assert looking.progress()["pc1"] == ("working", None)


def test_a_person_whose_name_cannot_be_told_does_not_have_all_be_well(
    looking: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "ANA", trust_as_template("{{ nobody }}"))
    looking.begin("pc1", "pc2")
    look(looking, "pc1", "one")
    assert looking.end("pc1", "pc2") == ["The board cannot be written: 'nobody' is undefined"]
    assert looking.color == "red"


def test_another_run_in_the_meantime_is_not_lost(looking: Run, tmp_path: Path) -> None:
    looking.begin("pc1", "pc2", "pc3")
    look(looking, "pc1", "one")
    other = json.loads((tmp_path / "progress.json").read_text())
    looking.callback.__init__()
    looking.callback.v2_playbook_on_start(SimpleNamespace(_file_name="progress.yml"))
    looking.begin("pc2")
    look(looking, "pc2", "one", "two")
    assert looking.progress()["pc1"] == ("working", None)
    assert other["seats"][0]["exercises"] == next(
        row["exercises"]
        for row in json.loads((tmp_path / "progress.json").read_text())["seats"]
        if row["name"] == "pc1"
    )


def test_a_reset_forgets_how_far_a_seat_was(looking: Run) -> None:
    looking.begin("pc1", "pc2")
    students = {"action": "labocloud.room.seat_students", "args": {"state": "absent"}}
    looking.tell("runner_on_ok", "pc1", **students)
    assert not (looking.directory / "progress.json").exists()
    look(looking, "pc1", "one")
    look(looking, "pc2", "one")
    looking.tell("runner_on_ok", "pc1", action="labocloud.room.seat_students")
    assert looking.progress()["pc1"] == ("working", None)
    looking.tell("runner_on_ok", "pc1", action="file", args={"state": "absent"})
    assert looking.progress()["pc1"] == ("working", None)
    looking.tell("runner_on_ok", "pc1", **students)
    assert looking.progress() == {
        "pc1": ("unknown", None),
        "pc2": ("working", "Ana"),
        "pc3": ("unknown", None),
    }


def test_a_reset_that_only_checks_forgets_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make(tmp_path / "course")
    monkeypatch.setattr(context, "CLIARGS", {"check": True})
    run = Run(monkeypatch, tmp_path, "reset.yml")
    run.begin("pc1")
    look(run, "pc1", "one")
    students = {"action": "labocloud.room.seat_students", "args": {"state": "absent"}}
    run.tell("runner_on_ok", "pc1", **students)
    assert run.progress()["pc1"] == ("working", None)


def test_another_task_that_took_too_long_says_nothing_of_the_students(up: Run) -> None:
    up.begin("pc1")
    timed_out = {"msg": "Timed out after 180 second(s).", "timedout": {"period": 180}}
    up.tell("runner_on_failed", "pc1", result=timed_out)
    assert not (up.directory / "progress.json").exists()
    said = up.end(pc1="failures")[1]
    assert said.startswith("  pc1: it did not answer in time: Do it, within 180 s. Fix: it is on")
    assert up.page()["pc1"] == "error"


def test_a_run_that_looks_on_its_way_ends_as_others_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make(tmp_path / "course")
    run = Run(monkeypatch, tmp_path, "catchup.yml")
    run.begin("pc1")
    look(run, "pc1", "one")
    assert run.progress()["pc1"] == ("working", None)
    assert run.end("pc1") == ["1 seat done."]
