"""How far the seats are: what is remembered of it, and who needs somebody."""

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


@pytest.fixture
def known(tmp_path: Path) -> list[Exercise]:
    """The exercises."""
    return lesson(tmp_path)


def report(
    known: list[Exercise],
    looks: dict[str, dict[str, Any]],
    before: dict[str, Any] | None = None,
    now: float = NOW,
    **people: str,
) -> dict[str, Any]:
    """Return the report of pc1 to pc5, as it is read back from its file."""
    names = {f"pc{number}": people.get(f"pc{number}", "") for number in range(1, 6)}
    told = board.board(looks, names, known, before or {}, now)
    jsonschema.validate(told, SCHEMA)
    again = json.loads(json.dumps(told))
    assert board.usable_report(again) == again
    return again


def silent(why: dict[str, Any], time: float = NOW) -> dict[str, Any]:
    return {"silent": why, "exercises": {}, "time": time}


def seat(told: dict[str, Any], name: str) -> dict[str, Any]:
    [row] = [one for one in told["seats"] if one["name"] == name]
    return row


def states(told: dict[str, Any], name: str) -> list[str]:
    return [one["state"] for one in seat(told, name)["exercises"]]


def test_each_seat_has_its_state(known: list[Exercise]) -> None:
    looks = {
        "pc1": seen(known, taken("one")),
        "pc2": seen(known, taken()),
        "pc3": silent(OFF),
        "pc4": silent(MUTE),
    }
    told = report(known, looks)
    assert {one["name"]: one["state"] for one in told["seats"]} == {
        "pc1": "working",
        "pc2": "new",
        "pc3": "off",
        "pc4": "mute",
        "pc5": "unknown",
    }
    assert [one["name"] for one in told["seats"]] == ["pc4", "pc3", "pc1", "pc2", "pc5"]
    assert told["totals"]["seats"] == 5
    assert states(told, "pc1") == ["open", "open", "open"]
    assert states(told, "pc3") == states(told, "pc5") == ["unjudged"] * 3
    assert seat(told, "pc3")["finding"]["id"] == "unreachable"
    at = seat(told, "pc1")["at"]
    assert (at["number"], at["step"], at["position"], at["of"]) == (1, "two", 2, 2)
    assert at["hint"] == {"fr": "Aucun two.", "en": "No two."}


def test_all_done_and_not_for_this_seat(known: list[Exercise]) -> None:
    looks = {
        "pc1": seen(known, taken("one", "two", "three", "four")),
        "pc2": seen(known, taken("one", "two", "three", compose=False)),
    }
    told = report(known, looks)
    assert states(told, "pc1") == ["done"] * 3
    assert states(told, "pc2") == ["done", "done", "unfit"]
    assert {seat(told, name)["state"] for name in looks} == {"done"}
    assert seat(told, "pc1")["at"] is None


def test_what_was_done_is_remembered_with_its_time(known: list[Exercise]) -> None:
    first = report(known, {"pc1": seen(known, taken("one", "two"))})
    since = seat(first, "pc1")["exercises"][0]["steps"][0]["since"]
    later = NOW + 20 * MINUTE
    stopped = taken("two", stopped=("one",))
    told = report(known, {"pc1": seen(known, stopped, later)}, first, later)
    assert states(told, "pc1")[0] == "was"
    one, two = seat(told, "pc1")["exercises"][0]["steps"]
    assert (one["state"], two["state"]) == ("was", "done")
    assert one["since"] == two["since"] == since
    # It goes on with what was never done.
    assert seat(told, "pc1")["at"]["step"] == "three"


def test_how_long_it_has_been_on_a_step_and_when_that_is_too_long(known: list[Exercise]) -> None:
    told = report(known, {"pc1": seen(known, taken("one")), "pc2": seen(known, taken())})
    since = seat(told, "pc1")["at"]["since"]
    for minutes, state in ((4, "working"), (5, "stuck")):
        now = NOW + minutes * MINUTE
        looks = {"pc1": seen(known, taken("one"), now), "pc2": seen(known, taken(), now)}
        told = report(known, looks, told, now)
        assert seat(told, "pc1")["at"]["since"] == since
        assert seat(told, "pc1")["state"] == state
    # Who has not begun while others have is late too.
    assert seat(told, "pc2")["state"] == "stuck"
    now += MINUTE
    told = report(known, {"pc1": seen(known, taken("one", "two"), now)}, told, now)
    assert seat(told, "pc1")["state"] == "working"
    assert seat(told, "pc1")["at"]["since"] > since
    assert seat(told, "pc1")["at"]["step"] == "three"


def test_a_long_exercise_takes_longer(known: list[Exercise]) -> None:
    long = [replace(known[0], minutes=30), *known[1:]]
    told = report(long, {"pc1": seen(long, taken("one"))})
    for minutes, state in ((14, "working"), (15, "stuck")):
        now = NOW + minutes * MINUTE
        told = report(long, {"pc1": seen(long, taken("one"), now)}, told, now)
        assert seat(told, "pc1")["state"] == state


def test_nobody_is_late_in_the_first_minutes_of_a_short_exercise(known: list[Exercise]) -> None:
    short = [replace(known[0], minutes=2), *known[1:]]
    told = report(short, {"pc1": seen(short, taken("one"))})
    for seconds, state in ((5 * MINUTE - 1, "working"), (5 * MINUTE, "stuck")):
        now = NOW + seconds
        told = report(short, {"pc1": seen(short, taken("one"), now)}, told, now)
        assert seat(told, "pc1")["state"] == state


def test_another_step_begins_at_its_own_time(known: list[Exercise]) -> None:
    told = report(known, {"pc1": seen(known, taken())})
    later = NOW + 4 * MINUTE
    told = report(known, {"pc1": seen(known, taken("one"), later)}, told, later)
    assert seat(told, "pc1")["at"]["since"] == board.iso(later)
    # A step of another exercise may have the same ID.
    seat(told, "pc1")["at"]["exercise"] = "00-other"
    later += MINUTE
    told = report(known, {"pc1": seen(known, taken("one"), later)}, told, later)
    assert seat(told, "pc1")["at"]["since"] == board.iso(later)


def test_who_has_been_on_a_step_for_longest_comes_first(known: list[Exercise]) -> None:
    told = report(known, {"pc2": seen(known, taken("one"))})
    later = NOW + MINUTE
    looks = {name: seen(known, taken("one"), later) for name in ("pc1", "pc2")}
    told = report(known, looks, told, later)
    assert [one["name"] for one in told["seats"]][:2] == ["pc2", "pc1"]


def test_a_step_without_a_condition_has_no_hint_and_loses_nothing(known: list[Exercise]) -> None:
    look = seen(known, taken("one"))
    look["exercises"]["01-first"]["steps"][1]["hint"] = {}
    # report() goes on from what it gives.
    told = report(known, {"pc1": look})
    assert seat(told, "pc1")["at"]["hint"] == {"fr": "", "en": ""}


def test_before_anybody_has_begun_nobody_is_late(known: list[Exercise]) -> None:
    told = report(known, {"pc1": seen(known, taken())})
    later = NOW + 60 * MINUTE
    told = report(known, {"pc1": seen(known, taken(), later)}, told, later)
    assert seat(told, "pc1")["state"] == "new"
    # From the first step on, all have the same time.
    looks = {"pc1": seen(known, taken(), later), "pc2": seen(known, taken("one"), later)}
    told = report(known, looks, told, later)
    assert seat(told, "pc1")["state"] == "new"
    later += 5 * MINUTE
    told = report(known, {"pc1": seen(known, taken(), later)}, told, later)
    assert seat(told, "pc1")["state"] == "stuck"


def test_one_seat_that_is_ahead_makes_nobody_late(known: list[Exercise]) -> None:
    """It may have forged that. A third of the room begins for all, and each seat for itself."""
    names = {f"pc{number:02}": "" for number in range(1, 11)}

    def look(told: dict[str, Any], now: float, *begun: str) -> dict[str, Any]:
        looks = {
            name: seen(known, taken("one") if name in begun else taken(), now)
            for name in list(names)[:9]
        }
        return board.board(looks | {"pc10": silent(OFF, now)}, names, known, told, now)

    told = look(look({}, NOW), NOW, "pc01")
    later = NOW + 10 * MINUTE
    told = look(told, later, "pc01")
    assert [one["name"] for one in told["seats"] if one["state"] == "stuck"] == ["pc01"]
    # Three of the nine that are on.
    told = look(told, later, "pc01", "pc02", "pc03")
    assert told["totals"]["stuck"] == 1
    told = look(told, later + 5 * MINUTE, "pc01", "pc02", "pc03")
    assert told["totals"]["stuck"] == 9


def test_in_the_next_lesson_nobody_is_late_yet(known: list[Exercise]) -> None:
    looks = {f"pc{number}": seen(known, taken("one")) for number in (1, 2, 3)}
    told = report(known, looks)
    later = NOW + 60 * MINUTE
    looks = {f"pc{number}": seen(known, taken("one"), later) for number in (1, 2, 3)}
    told = report(known, looks, told, later)
    assert seat(told, "pc1")["at"]["since"] == board.iso(NOW)
    assert [len(one["seats"]) for one in told["shared"]] == [3]
    later += 60 * MINUTE + 1
    # Nobody has looked at two of them yet.
    told = report(known, {"pc1": seen(known, taken("one"), later)}, told, later)
    assert seat(told, "pc1")["state"] == "working"
    assert seat(told, "pc1")["at"]["since"] == board.iso(later)
    assert told["shared"] == []


def test_what_cannot_be_asked_keeps_what_was_seen_and_says_so(known: list[Exercise]) -> None:
    told = report(known, {"pc3": seen(known, taken("one", "two"))})
    later = NOW + MINUTE
    told = report(known, {"pc3": silent(OFF, later)}, told, later)
    row = seat(told, "pc3")
    assert (row["state"], row["exercises"][0]["state"]) == ("off", "done")
    assert row["time"] == board.iso(NOW)
    # A look at others leaves it as it was.
    told = report(known, {"pc1": seen(known, taken(), later)}, told, later)
    assert seat(told, "pc3") == {**row, "asked": False}
    told = report(known, {"pc3": seen(known, taken("one", "two"), later)}, told, later)
    assert (seat(told, "pc3")["state"], seat(told, "pc3")["finding"]) == ("working", None)


def test_a_hint_that_many_have_is_for_all(known: list[Exercise]) -> None:
    names = [f"pc{number}" for number in range(1, 5)]
    looks = {name: seen(known, taken("one")) for name in names}
    told = report(known, looks)
    assert told["shared"] == []
    later = NOW + 2 * MINUTE - 1
    looks = {name: seen(known, taken("one"), later) for name in names}
    assert report(known, looks, told, later)["shared"] == []
    later += 1
    looks = {name: seen(known, taken("one"), later) for name in names[:3]}
    looks["pc4"] = seen(known, taken("one", stopped=("two",)), later)
    told = report(known, looks, told, later)
    [one] = told["shared"]
    assert one["seats"] == ["pc1", "pc2", "pc3"]
    assert one["hint"]["en"] == "No two."
    looks["pc3"] = seen(known, taken("one", "two"), later)
    assert report(known, looks, told, later)["shared"] == []


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
        [row(f"{one}{n}", one) for n in range(many)] for one, many in (("a", 3), ("b", 4))
    )
    told = board.shared([*first, *second], NOW + 2 * MINUTE)
    assert [(one["exercise"], len(one["seats"])) for one in told] == [("b", 4), ("a", 3)]
    # Who has not begun has had no hint.
    new = [row(f"c{n}", "c", board.NEW) for n in range(3)]
    assert board.shared([*new, *first[:2]], NOW + 2 * MINUTE) == []


def test_an_exercise_that_comes_or_goes(known: list[Exercise]) -> None:
    told = report(known[:2], {"pc1": seen(known[:2], taken("one"))})
    told = report(known[1:], {}, told)
    assert [one["name"] for one in seat(told, "pc1")["exercises"]] == ["02-second", "03-third"]
    assert states(told, "pc1") == ["open", "unjudged"]
    told = report(known[1:], {"pc1": seen(known[1:], taken("one"))}, told)
    assert states(told, "pc1") == ["open", "open"]


def test_names_of_people_only_where_they_are_given(known: list[Exercise]) -> None:
    told = report(known, {}, pc2="Ana")
    people = {one["name"]: one["person"] for one in told["seats"]}
    assert people == {"pc1": None, "pc2": "Ana", "pc3": None, "pc4": None, "pc5": None}


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(version=2),
        lambda told: told.update(seats=[{}]),
        lambda told: told["seats"][0].update(state="gone"),
        lambda told: told["seats"][0].update(time="yesterday"),
        lambda told: told["seats"][-1]["at"].update(since="x"),
        lambda told: told["seats"][-1]["exercises"][0]["steps"][0].update(since="x"),
    ],
)
def test_a_report_that_cannot_be_gone_on_from_is_none(
    known: list[Exercise], change: Callable[[dict[str, Any]], None]
) -> None:
    looks = {f"pc{number}": seen(known, taken("one")) for number in range(1, 6)}
    told = report(known, looks)
    broken = copy.deepcopy(told)
    change(broken)
    assert board.usable_report(broken) == {}
    assert board.usable_report([]) == {}


def rows(told: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(board.table(told))))


def test_a_table_for_a_spreadsheet(known: list[Exercise]) -> None:
    looks = {
        "pc1": seen(known, taken("one", compose=False)),
        "pc2": seen(known, taken("one", "two", "three")),
        "pc3": silent(OFF),
    }
    told = report(known, looks, pc1="=1+1", pc2="Ana, Bo")
    one, two, three, *_ = rows(told)
    assert [one[name] for name in ("01-first", "02-second", "03-third")] == ["50", "0", ""]
    assert [two[name] for name in ("01-first", "02-second", "03-third")] == ["100", "100", "0"]
    assert [three[name] for name in ("01-first", "02-second", "03-third")] == ["", "", ""]
    assert (one["seat"], one["person"], one["exercise"], one["step"]) == (
        *("pc1", "'=1+1", "01-first", "two"),
    )
    assert (two["person"], three["state"], three["time"]) == ("Ana, Bo", "off", "")


def test_what_was_done_counts_in_the_table(known: list[Exercise]) -> None:
    told = report(known, {"pc1": seen(known, taken("one", "two"))})
    told = report(known, {"pc1": seen(known, taken())}, told)
    assert rows(told)[0]["01-first"] == "100"
    assert seat(told, "pc1")["state"] == "working"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_table_is_a_formula(first: str) -> None:
    assert board.safe(f"{first}1") == f"'{first}1"
    assert board.safe(f"1{first}") == f"1{first}"


def test_the_lines_in_a_terminal(known: list[Exercise]) -> None:
    looks = {f"pc{number}": seen(known, taken("one")) for number in (1, 2, 5)}
    told = report(known, looks | {"pc3": silent(OFF), "pc4": seen(known, taken())})
    later = NOW + 12 * MINUTE
    looks = {f"pc{number}": seen(known, taken("one"), later) for number in (1, 2, 5)}
    told = report(known, looks, told, later)
    lines = list(board.lines(told))
    hint = "1, step 2 of 2, since 12 min: STUCK, No two."
    assert lines[:3] == [f"pc{number}  1/2 .   .   {hint}" for number in (1, 2, 5)]
    assert lines[3] == "pc3  ?   ?   ?   unreachable: timed out."
    assert lines[4] == "pc4  .   .   .   not begun"
    assert "Explain to all, exercise 1: No two. (pc1, pc2, pc5)" in lines
    assert lines[-1] == "5 seats, 4 need you: 3 stuck, 1 off, 1 new."


def test_one_seat_and_its_docker_that_does_not_answer(known: list[Exercise]) -> None:
    told = board.board({"pc4": silent(MUTE)}, {"pc4": ""}, known, {}, NOW)
    assert list(board.lines(told))[-1] == "1 seat, 1 needs you: 1 mute."


@pytest.mark.parametrize(
    ("state", "done", "was", "mark"),
    [("done", 2, 0, "x"), ("was", 1, 1, "~"), ("open", 0, 1, "1/3"), ("open", 0, 0, ".")],
)
def test_a_mark_in_a_terminal(state: str, done: int, was: int, mark: str) -> None:
    assert board.mark({"state": state, "done": done, "was": was, "of": 3}) == mark


def test_a_clock_that_was_set_back_counts_no_minutes() -> None:
    assert board.minutes_since(board.iso(NOW + MINUTE), board.iso(NOW)) == 0


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_board_says_it_of_each_seat_escaped(known: list[Exercise], language: str) -> None:
    looks = {"pc1": seen(known, taken("one")), "pc3": silent(OFF)}
    told = report(known, looks, pc1="<b>Ana</b>")
    later = NOW + 12 * MINUTE
    looks = {"pc1": seen(known, taken("one"), later)}
    told = report(known, looks, told, later, pc1="<b>Ana</b>")
    parser = Text(language)
    parser.feed(page.page(page.BOARD, told, language))
    text = " ".join(" ".join(parser.told).split())
    # Who does not see the shape is told by a word.
    assert {"fr": "pc1 bloqué <b>Ana</b>", "en": "pc1 stuck <b>Ana</b>"}[language] in text
    assert {"fr": "depuis 12 min Aucun two.", "en": "since 12 min No two."}[language] in text
    assert {"fr": "injoignable", "en": "unreachable"}[language] in text
    assert {"fr": "2 postes ont besoin de vous", "en": "2 seats need you"}[language] in text
    assert "b" not in {tag for tag, _ in parser.tags}


def test_a_page_leads_to_the_other_if_there_is_one(known: list[Exercise], tmp_path: Path) -> None:
    told = report(known, {"pc1": seen(known, taken("one"))})
    page.keep_progress(told, tmp_path, "fr")
    assert page.ROOM not in (tmp_path / page.BOARD).read_text()
    assert page.last_progress(tmp_path) == told
    (tmp_path / page.ROOM).write_text("")
    page.keep_progress(told, tmp_path, "fr")
    assert f'href="{page.ROOM}"' in (tmp_path / page.BOARD).read_text()
    assert "Les machines de la salle" in (tmp_path / page.BOARD).read_text()
    # Hours, minutes and seconds: it is written anew all the time.
    assert f">{page.local_time(told['time'], '%H:%M:%S')}<" in (tmp_path / page.BOARD).read_text()
    (tmp_path / page.PROGRESS).write_text("[" * 100_000)
    assert page.last_progress(tmp_path) == {}
    (tmp_path / page.PROGRESS).write_text(json.dumps({**told, "version": 2}))
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
    known: list[Exercise], change: Callable[[dict[str, Any]], object]
) -> None:
    told = report(known, {"pc1": seen(known, taken("one"))})
    change(seat(told, "pc1"))
    assert board.usable_report(told) == {}
