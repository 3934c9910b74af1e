"""Test the board: how far the seats are, what it remembers of that, and who needs help."""

import copy
import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise
from ansible_collections.labocloud.room.plugins.plugin_utils import board, page
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding
from sample_lesson import NOW, lesson, seen, taken
from test_page import Text

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/progress.schema.json").read_text())
OFF = finding("unreachable", "pc3", why="timed out")
MUTE = finding("engine_stopped", "pc4", why="refused")
MINUTE = 60
NEIGHBOURS = {"pc1": "pc2", "pc2": "pc1"}


@pytest.fixture
def exercises(tmp_path: Path) -> list[Exercise]:
    """Write the exercises of the sample lesson, and return them."""
    return lesson(tmp_path)


def make_report(
    exercises: list[Exercise],
    looks: dict[str, dict[str, Any]],
    before: dict[str, Any] | None = None,
    now: float = NOW,
    **people: str,
) -> dict[str, Any]:
    """Return the report of pc1 to pc5, as it is read back from its file."""
    names = {f"pc{number}": people.get(f"pc{number}", "") for number in range(1, 6)}
    report = board.board(looks, names, exercises, before or {}, now, neighbours=NEIGHBOURS)
    jsonschema.validate(report, SCHEMA)
    again = json.loads(json.dumps(report))
    assert board.usable_report(again) == again
    return again


def silent(why: dict[str, Any], time: float = NOW) -> dict[str, Any]:
    return {"silent": why, "missing": None, "exercises": {}, "held": [], "time": time}


def seat(report: dict[str, Any], name: str) -> dict[str, Any]:
    [row] = [entry for entry in report["seats"] if entry["name"] == name]
    return row


def states(report: dict[str, Any], name: str) -> list[str]:
    return [exercise["state"] for exercise in seat(report, name)["exercises"]]


def test_each_seat_has_its_state(exercises: list[Exercise]) -> None:
    looks = {
        "pc1": seen(exercises, taken("one")),
        "pc2": seen(exercises, taken()),
        "pc3": silent(OFF),
        "pc4": silent(MUTE),
    }
    report = make_report(exercises, looks)
    assert {row["name"]: row["state"] for row in report["seats"]} == {
        "pc1": "working",
        "pc2": "new",
        "pc3": "off",
        "pc4": "mute",
        "pc5": "unknown",
    }
    assert [row["name"] for row in report["seats"]] == ["pc4", "pc3", "pc1", "pc2", "pc5"]
    assert report["totals"]["seats"] == 5
    assert states(report, "pc1") == ["open", "open", "open"]
    assert states(report, "pc3") == states(report, "pc5") == ["unjudged"] * 3
    assert seat(report, "pc3")["finding"]["id"] == "unreachable"
    at = seat(report, "pc1")["at"]
    assert (at["number"], at["step"], at["position"], at["of"]) == (1, "two", 2, 2)
    assert at["hint"] == {"fr": "Aucun two.", "en": "No two."}


def test_all_done_and_not_for_this_seat(exercises: list[Exercise]) -> None:
    looks = {
        "pc1": seen(exercises, taken("one", "two", "three", "four")),
        "pc2": seen(exercises, taken("one", "two", "three", compose=False)),
    }
    report = make_report(exercises, looks)
    assert states(report, "pc1") == ["done"] * 3
    assert states(report, "pc2") == ["done", "done", "unfit"]
    assert {seat(report, name)["state"] for name in looks} == {"done"}
    assert seat(report, "pc1")["at"] is None


def test_what_was_done_is_remembered_with_its_time(exercises: list[Exercise]) -> None:
    first = make_report(exercises, {"pc1": seen(exercises, taken("one", "two"))})
    since = seat(first, "pc1")["exercises"][0]["steps"][0]["since"]
    later = NOW + 20 * MINUTE
    stopped = taken("two", stopped=("one",))
    report = make_report(exercises, {"pc1": seen(exercises, stopped, later)}, first, later)
    assert states(report, "pc1")[0] == "was"
    step_one, step_two = seat(report, "pc1")["exercises"][0]["steps"]
    assert (step_one["state"], step_two["state"]) == ("was", "done")
    assert step_one["since"] == step_two["since"] == since
    # The seat goes on with the step that was never done.
    assert seat(report, "pc1")["at"]["step"] == "three"


def test_how_long_it_has_been_on_a_step_and_when_that_is_too_long(
    exercises: list[Exercise],
) -> None:
    report = make_report(
        exercises, {"pc1": seen(exercises, taken("one")), "pc2": seen(exercises, taken())}
    )
    since = seat(report, "pc1")["at"]["since"]
    for minutes, state in ((4, "working"), (5, "stuck")):
        now = NOW + minutes * MINUTE
        looks = {"pc1": seen(exercises, taken("one"), now), "pc2": seen(exercises, taken(), now)}
        report = make_report(exercises, looks, report, now)
        assert seat(report, "pc1")["at"]["since"] == since
        assert seat(report, "pc1")["state"] == state
    # Who has not begun while others have is late too.
    assert seat(report, "pc2")["state"] == "stuck"
    now += MINUTE
    report = make_report(exercises, {"pc1": seen(exercises, taken("one", "two"), now)}, report, now)
    assert seat(report, "pc1")["state"] == "working"
    assert seat(report, "pc1")["at"]["since"] > since
    assert seat(report, "pc1")["at"]["step"] == "three"


def test_a_long_exercise_takes_longer(exercises: list[Exercise]) -> None:
    long = [replace(exercises[0], minutes=30), *exercises[1:]]
    report = make_report(long, {"pc1": seen(long, taken("one"))})
    for minutes, state in ((14, "working"), (15, "stuck")):
        now = NOW + minutes * MINUTE
        report = make_report(long, {"pc1": seen(long, taken("one"), now)}, report, now)
        assert seat(report, "pc1")["state"] == state


def test_nobody_is_late_in_the_first_minutes_of_a_short_exercise(exercises: list[Exercise]) -> None:
    short = [replace(exercises[0], minutes=2), *exercises[1:]]
    report = make_report(short, {"pc1": seen(short, taken("one"))})
    for seconds, state in ((5 * MINUTE - 1, "working"), (5 * MINUTE, "stuck")):
        now = NOW + seconds
        report = make_report(short, {"pc1": seen(short, taken("one"), now)}, report, now)
        assert seat(report, "pc1")["state"] == state


def test_another_step_begins_at_its_own_time(exercises: list[Exercise]) -> None:
    report = make_report(exercises, {"pc1": seen(exercises, taken())})
    later = NOW + 4 * MINUTE
    report = make_report(exercises, {"pc1": seen(exercises, taken("one"), later)}, report, later)
    assert seat(report, "pc1")["at"]["since"] == board.iso(later)
    # A step of another exercise may have the same ID.
    seat(report, "pc1")["at"]["exercise"] = "00-other"
    later += MINUTE
    report = make_report(exercises, {"pc1": seen(exercises, taken("one"), later)}, report, later)
    assert seat(report, "pc1")["at"]["since"] == board.iso(later)


def test_who_has_been_on_a_step_for_longest_comes_first(exercises: list[Exercise]) -> None:
    report = make_report(exercises, {"pc2": seen(exercises, taken("one"))})
    later = NOW + MINUTE
    looks = {name: seen(exercises, taken("one"), later) for name in ("pc1", "pc2")}
    report = make_report(exercises, looks, report, later)
    assert [row["name"] for row in report["seats"]][:2] == ["pc2", "pc1"]


def test_a_step_without_a_condition_has_no_hint_and_loses_nothing(
    exercises: list[Exercise],
) -> None:
    look = seen(exercises, taken("one"))
    look["exercises"]["01-first"]["steps"][1]["hint"] = {}
    # make_report() checks that the next run can go on from the report.
    report = make_report(exercises, {"pc1": look})
    assert seat(report, "pc1")["at"]["hint"] == {"fr": "", "en": ""}


def test_before_anybody_has_begun_nobody_is_late(exercises: list[Exercise]) -> None:
    report = make_report(exercises, {"pc1": seen(exercises, taken())})
    later = NOW + 60 * MINUTE
    report = make_report(exercises, {"pc1": seen(exercises, taken(), later)}, report, later)
    assert seat(report, "pc1")["state"] == "new"
    # From the first step on, all have the same time.
    looks = {"pc1": seen(exercises, taken(), later), "pc2": seen(exercises, taken("one"), later)}
    report = make_report(exercises, looks, report, later)
    assert seat(report, "pc1")["state"] == "new"
    later += 5 * MINUTE
    report = make_report(exercises, {"pc1": seen(exercises, taken(), later)}, report, later)
    assert seat(report, "pc1")["state"] == "stuck"


def test_one_seat_that_is_ahead_makes_nobody_late(exercises: list[Exercise]) -> None:
    """Show that a third of the room begins for all: one seat may have forged its progress."""
    names = {f"pc{number:02}": "" for number in range(1, 11)}

    def look(report: dict[str, Any], now: float, *begun: str) -> dict[str, Any]:
        looks = {
            name: seen(exercises, taken("one") if name in begun else taken(), now)
            for name in list(names)[:9]
        }
        return board.board(
            looks | {"pc10": silent(OFF, now)}, names, exercises, report, now, neighbours={}
        )

    report = look(look({}, NOW), NOW, "pc01")
    later = NOW + 10 * MINUTE
    report = look(report, later, "pc01")
    assert [row["name"] for row in report["seats"] if row["state"] == "stuck"] == ["pc01"]
    # These are three of the nine seats that are on.
    report = look(report, later, "pc01", "pc02", "pc03")
    assert report["totals"]["stuck"] == 1
    report = look(report, later + 5 * MINUTE, "pc01", "pc02", "pc03")
    assert report["totals"]["stuck"] == 9


def test_in_the_next_lesson_nobody_is_late_yet(exercises: list[Exercise]) -> None:
    looks = {f"pc{number}": seen(exercises, taken("one")) for number in (1, 2, 3)}
    report = make_report(exercises, looks)
    later = NOW + 60 * MINUTE
    looks = {f"pc{number}": seen(exercises, taken("one"), later) for number in (1, 2, 3)}
    report = make_report(exercises, looks, report, later)
    assert seat(report, "pc1")["at"]["since"] == board.iso(NOW)
    assert [len(hint["seats"]) for hint in report["shared"]] == [3]
    later += 60 * MINUTE + 1
    # Nobody has looked at two of them yet.
    report = make_report(exercises, {"pc1": seen(exercises, taken("one"), later)}, report, later)
    assert seat(report, "pc1")["state"] == "working"
    assert seat(report, "pc1")["at"]["since"] == board.iso(later)
    assert report["shared"] == []


def test_what_cannot_be_asked_keeps_what_was_seen_and_says_so(exercises: list[Exercise]) -> None:
    report = make_report(exercises, {"pc3": seen(exercises, taken("one", "two"))})
    later = NOW + MINUTE
    report = make_report(exercises, {"pc3": silent(OFF, later)}, report, later)
    row = seat(report, "pc3")
    assert (row["state"], row["exercises"][0]["state"]) == ("off", "done")
    assert row["time"] == board.iso(NOW)
    # A look at others leaves it as it was.
    report = make_report(exercises, {"pc1": seen(exercises, taken(), later)}, report, later)
    assert seat(report, "pc3") == {**row, "asked": False}
    report = make_report(
        exercises, {"pc3": seen(exercises, taken("one", "two"), later)}, report, later
    )
    assert (seat(report, "pc3")["state"], seat(report, "pc3")["finding"]) == ("working", None)


def test_a_hint_that_many_have_is_for_all(exercises: list[Exercise]) -> None:
    names = [f"pc{number}" for number in range(1, 5)]
    looks = {name: seen(exercises, taken("one")) for name in names}
    report = make_report(exercises, looks)
    assert report["shared"] == []
    later = NOW + 2 * MINUTE - 1
    looks = {name: seen(exercises, taken("one"), later) for name in names}
    assert make_report(exercises, looks, report, later)["shared"] == []
    later += 1
    looks = {name: seen(exercises, taken("one"), later) for name in names[:3]}
    looks["pc4"] = seen(exercises, taken("one", stopped=("two",)), later)
    report = make_report(exercises, looks, report, later)
    [hint] = report["shared"]
    assert hint["seats"] == ["pc1", "pc2", "pc3"]
    assert hint["hint"]["en"] == "No two."
    looks["pc3"] = seen(exercises, taken("one", "two"), later)
    assert make_report(exercises, looks, report, later)["shared"] == []


def test_what_is_for_all_is_one_step_and_the_most_frequent_comes_first() -> None:
    def row(name: str, exercise: str, state: str = board.WORKING) -> dict[str, Any]:
        hint = {"fr": "Rien.", "en": "Nothing."}
        at = {"exercise": exercise, "number": 1, "step": "a", "title": hint, "hint": hint}
        return {
            "name": name,
            "state": state,
            "at": {**at, "since": board.iso(NOW)},
            "time": board.iso(NOW),
        }

    first, second = (
        [row(f"{letter}{n}", letter) for n in range(count)]
        for letter, count in (("a", 3), ("b", 4))
    )
    hints = board.shared([*first, *second], NOW + 2 * MINUTE)
    assert [(shared_hint["exercise"], len(shared_hint["seats"])) for shared_hint in hints] == [
        ("b", 4),
        ("a", 3),
    ]
    # Who has not begun has had no hint.
    new = [row(f"c{n}", "c", board.NEW) for n in range(3)]
    assert board.shared([*new, *first[:2]], NOW + 2 * MINUTE) == []


def test_an_exercise_that_comes_or_goes(exercises: list[Exercise]) -> None:
    report = make_report(exercises[:2], {"pc1": seen(exercises[:2], taken("one"))})
    report = make_report(exercises[1:], {}, report)
    assert [exercise["name"] for exercise in seat(report, "pc1")["exercises"]] == [
        "02-second",
        "03-third",
    ]
    assert states(report, "pc1") == ["open", "unjudged"]
    report = make_report(exercises[1:], {"pc1": seen(exercises[1:], taken("one"))}, report)
    assert states(report, "pc1") == ["open", "open"]


def test_names_of_people_only_where_they_are_given(exercises: list[Exercise]) -> None:
    report = make_report(exercises, {}, pc2="Ana")
    people = {row["name"]: row["person"] for row in report["seats"]}
    assert people == {"pc1": None, "pc2": "Ana", "pc3": None, "pc4": None, "pc5": None}


@pytest.mark.parametrize(
    "change",
    [
        lambda report: report.update(version=2),
        lambda report: report.update(seats=[{}]),
        lambda report: report["seats"][0].update(state="gone"),
        lambda report: report["seats"][0].update(time="yesterday"),
        lambda report: report["seats"][-1]["at"].update(since="x"),
        lambda report: report["seats"][-1]["exercises"][0]["steps"][0].update(since="x"),
    ],
)
def test_a_report_that_cannot_be_gone_on_from_is_none(
    exercises: list[Exercise], change: Callable[[dict[str, Any]], None]
) -> None:
    looks = {f"pc{number}": seen(exercises, taken("one")) for number in range(1, 6)}
    report = make_report(exercises, looks)
    broken = copy.deepcopy(report)
    change(broken)
    assert board.usable_report(broken) == {}
    assert board.usable_report([]) == {}


def rows(report: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(board.table(report))))


def test_a_table_for_a_spreadsheet(exercises: list[Exercise]) -> None:
    looks = {
        "pc1": seen(exercises, taken("one", compose=False)),
        "pc2": seen(exercises, taken("one", "two", "three")),
        "pc3": silent(OFF),
    }
    report = make_report(exercises, looks, pc1="=1+1", pc2="Ana, Bo")
    pc1, pc2, pc3, *_ = rows(report)
    assert [pc1[name] for name in ("01-first", "02-second", "03-third")] == ["50", "0", ""]
    assert [pc2[name] for name in ("01-first", "02-second", "03-third")] == ["100", "100", "0"]
    assert [pc3[name] for name in ("01-first", "02-second", "03-third")] == ["", "", ""]
    assert (pc1["seat"], pc1["person"], pc1["exercise"], pc1["step"]) == (
        *("pc1", "'=1+1", "01-first", "two"),
    )
    assert (pc2["person"], pc3["state"], pc3["time"]) == ("Ana, Bo", "off", "")


def test_what_was_done_counts_in_the_table(exercises: list[Exercise]) -> None:
    report = make_report(exercises, {"pc1": seen(exercises, taken("one", "two"))})
    report = make_report(exercises, {"pc1": seen(exercises, taken())}, report)
    assert rows(report)[0]["01-first"] == "100"
    assert seat(report, "pc1")["state"] == "working"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_table_is_a_formula(first: str) -> None:
    assert board.safe(f"{first}1") == f"'{first}1"
    assert board.safe(f"1{first}") == f"1{first}"


def test_the_lines_in_a_terminal(exercises: list[Exercise]) -> None:
    looks = {f"pc{number}": seen(exercises, taken("one")) for number in (1, 2, 5)}
    report = make_report(exercises, looks | {"pc3": silent(OFF), "pc4": seen(exercises, taken())})
    later = NOW + 12 * MINUTE
    looks = {f"pc{number}": seen(exercises, taken("one"), later) for number in (1, 2, 5)}
    report = make_report(exercises, looks, report, later)
    lines = list(board.lines(report))
    hint = "1, step 2 of 2, since 12 min: STUCK, No two."
    assert lines[:3] == [f"pc{number}  1/2 .   .   {hint}" for number in (1, 2, 5)]
    assert lines[3] == "pc3  ?   ?   ?   unreachable: timed out."
    assert lines[4] == "pc4  .   .   .   not begun"
    assert "Explain to all, exercise 1: No two. (pc1, pc2, pc5)" in lines
    assert lines[-1] == "5 seats, 4 need you: 3 stuck, 1 off, 1 new."


def graded(look: dict[str, Any], opened: int) -> dict[str, Any]:
    """Return a look at a seat on which so many of three hints to the first open step are open."""
    for step in look["exercises"]["01-first"]["steps"]:
        if not step["done"]:
            step["hints"] = {"opened": opened, "of": 3}
    return look


def test_how_many_hints_were_opened_is_told_from_the_second_on(exercises: list[Exercise]) -> None:
    looks = {f"pc{opened}": graded(seen(exercises, taken("one")), opened) for opened in (1, 2, 3)}
    report = make_report(exercises, looks)
    assert [seat(report, f"pc{opened}")["at"]["hints"]["opened"] for opened in (1, 2, 3)] == [
        1,
        2,
        3,
    ]
    lines = list(board.lines(report))
    where = "1, step 2 of 2, since 0 min"
    assert [line for line in lines if "since" in line] == [
        f"pc1  1/2 .   .   {where}",
        f"pc2  1/2 .   .   {where}, hints 2/3",
        f"pc3  1/2 .   .   {where}, hints 3/3",
    ]
    for language, name in (("fr", "indices :"), ("en", "hints:")):
        parser = Text(language)
        parser.feed(page.page(page.BOARD, report, language))
        text = " ".join(" ".join(parser.texts).split())
        assert [count for count in "123" if f"{name} {count}/3" in text] == ["2", "3"]
    # A report of before there were hints to be asked for, and one of after.
    older = make_report(exercises, {"pc1": seen(exercises, taken("one"))})
    del older["seats"][0]["at"]["hints"]
    assert board.usable_report(older) == older
    assert board.usable_report(report) == report


def lacking(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Return a snapshot of a seat that had the base, and has it no more."""
    return snapshot | {"gone": [{"delivered": "base", "layers": [], "rows": 0}]}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_seat_that_lacks_an_image_needs_somebody_and_goes_on_being_judged(
    exercises: list[Exercise], language: str
) -> None:
    """Show it of one that would be stuck and of one that has done all it can."""
    first = make_report(exercises, {"pc1": seen(exercises, taken("one"))})
    later = NOW + 12 * MINUTE
    looks = {
        "pc1": seen(exercises, lacking(taken("one", "two")), later),
        "pc2": seen(exercises, lacking(taken("one", "two", "three", "four")), later),
        "pc3": silent(OFF, later),
    }
    report = make_report(exercises, looks, first, later)
    assert [row["state"] for row in report["seats"][:3]] == ["lacking", "lacking", "off"]
    assert report["totals"]["lacking"] == 2
    assert states(report, "pc1") == ["done", "open", "open"]
    said = "labocloud20202021:base is gone: docker image prune -a, most likely. ./lab up --limit pc"
    lines = list(board.lines(report))
    assert said in lines[0]
    assert lines[-1] == "5 seats, 3 need you: 2 lacking, 1 off, 2 unknown."
    parser = Text(language)
    parser.feed(page.page(page.BOARD, report, language))
    text = " ".join(" ".join(parser.texts).split())
    words = {
        "fr": "n’est plus là : docker image prune -a, sans doute. ./lab up --limit pc",
        "en": said,
    }
    assert words[language] in text
    assert {"fr": "3 postes ont besoin de vous", "en": "3 seats need you"}[language] in text
    # What was seen just now is not old.
    assert {"fr": "état à", "en": "as of"}[language] not in text
    back = {"pc1": seen(exercises, taken("one", "two"), later)}
    report = make_report(exercises, back, report, later)
    assert (seat(report, "pc1")["state"], seat(report, "pc1")["finding"]) == ("working", None)
    assert seat(report, "pc2")["state"] == "lacking"


def test_one_seat_and_its_docker_that_does_not_answer(exercises: list[Exercise]) -> None:
    report = board.board({"pc4": silent(MUTE)}, {"pc4": ""}, exercises, {}, NOW, neighbours={})
    assert list(board.lines(report))[-1] == "1 seat, 1 needs you: 1 mute."


@pytest.mark.parametrize(
    ("state", "done", "was", "mark"),
    [("done", 2, 0, "x"), ("was", 1, 1, "~"), ("open", 0, 1, "1/3"), ("open", 0, 0, ".")],
)
def test_a_mark_in_a_terminal(state: str, done: int, was: int, mark: str) -> None:
    assert board.mark({"state": state, "done": done, "was": was, "of": 3}) == mark


def test_a_clock_that_was_set_back_counts_no_minutes() -> None:
    assert board.minutes_since(board.iso(NOW + MINUTE), board.iso(NOW)) == 0


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_board_says_it_of_each_seat_escaped(exercises: list[Exercise], language: str) -> None:
    looks = {"pc1": seen(exercises, taken("one")), "pc3": silent(OFF)}
    report = make_report(exercises, looks, pc1="<b>Ana</b>")
    later = NOW + 12 * MINUTE
    looks = {"pc1": seen(exercises, taken("one"), later)}
    report = make_report(exercises, looks, report, later, pc1="<b>Ana</b>")
    parser = Text(language)
    parser.feed(page.page(page.BOARD, report, language))
    text = " ".join(" ".join(parser.texts).split())
    # Who does not see the shape is told by a word.
    assert {"fr": "pc1 bloqué <b>Ana</b>", "en": "pc1 stuck <b>Ana</b>"}[language] in text
    assert {"fr": "depuis 12 min Aucun two.", "en": "since 12 min No two."}[language] in text
    # Between a number and its unit, no line breaks.
    assert "12\u00a0min" in "".join(parser.texts)
    assert {"fr": "injoignable", "en": "unreachable"}[language] in text
    assert {"fr": "2 postes ont besoin de vous", "en": "2 seats need you"}[language] in text
    assert "b" not in {tag for tag, _ in parser.tags}


def test_a_page_leads_to_the_other_if_there_is_one(
    exercises: list[Exercise], tmp_path: Path
) -> None:
    report = make_report(exercises, {"pc1": seen(exercises, taken("one"))})
    page.keep_progress(report, tmp_path, "fr")
    assert page.ROOM not in (tmp_path / page.BOARD).read_text()
    assert page.last_progress(tmp_path) == report
    (tmp_path / page.ROOM).write_text("")
    page.keep_progress(report, tmp_path, "fr")
    assert f'href="{page.ROOM}"' in (tmp_path / page.BOARD).read_text()
    assert "Les machines de la salle" in (tmp_path / page.BOARD).read_text()
    # The page shows seconds, because it is written anew all the time.
    assert f">{page.local_time(report['time'], '%H:%M:%S')}<" in (tmp_path / page.BOARD).read_text()
    (tmp_path / page.PROGRESS).write_text("[" * 100_000)
    assert page.last_progress(tmp_path) == {}
    (tmp_path / page.PROGRESS).write_text(json.dumps({**report, "version": 2}))
    assert page.last_progress(tmp_path) == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row["exercises"][0].update(state="new"),
        lambda row: row["exercises"][0]["steps"][0].update(state="stuck"),
        lambda row: row.update(at=None),
        lambda row: row.update(time="9999-12-31T23:59:59-14:00"),
        lambda row: row["at"].update(since="0001-01-01T00:00:00+14:00"),
    ],
)
def test_what_the_page_could_not_show_is_not_gone_on_from(
    exercises: list[Exercise], change: Callable[[dict[str, Any]], object]
) -> None:
    report = make_report(exercises, {"pc1": seen(exercises, taken("one"))})
    change(seat(report, "pc1"))
    assert board.usable_report(report) == {}


def resting(
    exercises: list[Exercise], *on: str, held: tuple[str, ...] = (), time: float = NOW
) -> dict[str, Any]:
    """Return the look at a seat with all of the first exercise done.

    on: what its steps rest on. held: what its neighbour's steps may rest on.
    """
    look = seen(exercises, taken("one", "two"), time)
    for step, elsewhere in zip(look["exercises"]["01-first"]["steps"], on, strict=True):
        step["elsewhere"] = elsewhere
    return {**look, "held": [*held]}


def done(report: dict[str, Any]) -> list[str]:
    [cell] = [cell for cell in seat(report, "pc1")["exercises"] if cell["name"] == "01-first"]
    return [step["state"] for step in cell["steps"]]


def test_what_rests_on_the_neighbour_counts_where_that_has_it(exercises: list[Exercise]) -> None:
    mine = resting(exercises, "", "0123456789ab")
    beside = resting(exercises, "", "", held=("fedcba987654", "0123456789ab"))
    assert done(make_report(exercises, {"pc1": mine, "pc2": beside})) == ["done", "done"]


@pytest.mark.parametrize("is_lying", [True, False])
def test_what_the_neighbour_lacks_or_does_not_tell_does_not_count(
    is_lying: bool, exercises: list[Exercise]
) -> None:
    looks = {"pc1": resting(exercises, "", "0123456789ab"), "pc2": silent(MUTE)}
    if is_lying:
        looks["pc2"] = resting(exercises, "", "", held=("fedcba987654",))
    report = make_report(exercises, looks)
    assert done(report) == ["done", "open"]
    hint = seat(report, "pc1")["at"]["hint"]
    assert ("does not have it" in hint["en"]) is is_lying
    assert ("n’a pas répondu" in hint["fr"]) is not is_lying
    # It answers before its neighbour does, and nothing is told twice.
    alone = make_report(exercises, {"pc1": looks["pc1"]})
    assert done(alone) == ["done", "open"]


def test_what_was_seen_on_both_seats_outlives_a_silent_neighbour(exercises: list[Exercise]) -> None:
    mine = resting(exercises, "", "0123456789ab")
    both = {"pc1": mine, "pc2": resting(exercises, "", "", held=("0123456789ab",))}
    before = make_report(exercises, both)
    for looks in ({"pc1": mine}, {"pc1": mine, "pc2": silent(OFF)}):
        assert done(make_report(exercises, looks, before)) == ["done", "done"]
    gone = both | {"pc2": resting(exercises, "", "")}
    assert done(make_report(exercises, gone, before)) == ["done", "was"]


def test_an_exercise_that_no_seat_can_do_has_no_column(exercises: list[Exercise]) -> None:
    lacking = {"pc1": seen(exercises, taken("one", compose=False))}
    report = make_report(exercises, lacking)
    assert [entry["name"] for entry in report["exercises"]] == ["01-first", "02-second"]
    assert all(len(row["exercises"]) == 2 for row in report["seats"])
    with_one = lacking | {"pc2": seen(exercises, taken())}
    report = make_report(exercises, with_one, report)
    assert len(report["exercises"]) == 3
    assert states(report, "pc1")[-1] == "unfit"
    # What was done by then is not forgotten.
    begun = make_report(exercises, {"pc1": seen(exercises, taken("four"))})
    assert len(make_report(exercises, lacking, begun)["exercises"]) == 3
