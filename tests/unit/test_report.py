"""Show the report of a room: the verdict of each seat, and the findings on all of them."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import report
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import judge
from sample_room import NOW, answer, off, room, sample
from sample_seat import SEAT, builder, sample_settings

PROJECT = Path(__file__).parents[2]
SCHEMA = json.loads((PROJECT / "docs/room.schema.json").read_text())


def reported(
    before: dict[str, Any] | None = None, failed: tuple[str, ...] = (), **answers: dict[str, Any]
) -> dict[str, Any]:
    """Return the report of a room of these seats, checked against the schema."""
    result = report.report(answers, room(*answers), before or {}, NOW, failed)
    jsonschema.validate(result, SCHEMA)
    return result


def ids(row: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in row["findings"]]


LOW = ("docker/free_mb", 1)
AWAY = ("containers", {}), ("listeners", []), ("page", None)


def test_the_sample_is_as_the_schema_says() -> None:
    jsonschema.validate(sample(), SCHEMA)


def test_the_errors_come_first_and_a_warning_leaves_a_seat_ready() -> None:
    result = reported(
        pc01=answer("pc01", *AWAY, LOW), pc02=answer("pc02", LOW), pc03=answer("pc03")
    )
    assert ids(result["seats"][0]) == ["container_missing", "disk_low"]
    assert [row["state"] for row in result["seats"]] == ["error", "warning", "ready"]
    assert result["totals"] | {"seats": 3, "ready": 1, "warning": 1, "error": 1} == result["totals"]


def test_a_seat_that_is_off_is_in_the_report() -> None:
    result = reported(pc01=answer("pc01"), pc02=off("pc02", "timed\nout"))
    assert result["seats"][1]["state"] == "unreachable"
    assert result["seats"][1]["docker"] is None
    assert result["seats"][0]["docker"] == "26.1.5+dfsg1"
    assert result["seats"][1]["findings"][0]["cause"]["fr"] == "injoignable : timed out."
    assert result["totals"]["unreachable"] == 1


def stretched(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Return a seat's answer with each of its texts longer than anybody reads."""
    if isinstance(value, str):
        return value + "x" * 200_000
    if isinstance(value, dict):
        return {key: stretched(item) for key, item in value.items()}
    return [stretched(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("fact", ["os", "docker", "containers", "page", "files", "odd"])
def test_no_seat_makes_the_page_long(fact: str) -> None:
    """The page is shown by a beamer, and somebody reads the last lines."""
    has = SEAT | {fact: ["x" * 300] * 2000 if fact == "odd" else stretched(SEAT[fact])}
    result = reported(pc01={"seat": has, "verdict": judge(has, sample_settings(), builder())})
    assert len(json.dumps(result)) < 20_000
    # The SSH error of an unreachable seat can be as long.
    assert len(json.dumps(reported(pc01=off("pc01", "x" * 10**6)))) < 20_000


def test_a_seat_that_was_lost_on_the_way_is_judged_by_what_it_told() -> None:
    listening = (
        "listeners",
        [{"port": 8080, "address": "::", "process": "tomcat9", "pid": 812, "container": None}],
    )
    answers = {
        "pc01": answer("pc01"),
        "pc02": answer("pc02", *AWAY, listening),
        "pc03": answer("pc03"),
    }
    result = reported(failed=("pc02", "pc03"), **answers)
    assert [ids(row) for row in result["seats"]] == [[], ["port_taken"], ["unfinished"]]


def test_a_seat_that_the_run_is_not_about_keeps_its_last_state_and_time() -> None:
    first = reported(pc01=answer("pc01"), pc02=answer("pc02", *AWAY))
    answers = {"pc01": answer("pc01")}
    everyone = room("pc01", "pc02", "pc03")
    later = report.report(answers, everyone, json.loads(json.dumps(first)), NOW + 3600)
    jsonschema.validate(later, SCHEMA)
    pc01, pc02, pc03 = later["seats"]
    assert (pc01["asked"], pc02["asked"], pc03["asked"]) == (True, False, False)
    assert (pc02["state"], pc02["time"]) == ("error", first["time"])
    assert pc01["time"] > first["time"]
    assert (pc03["state"], pc03["time"]) == ("unknown", None)
    assert later["revision"] == first["revision"]


def test_a_server_that_is_no_seat_is_not_counted_among_them() -> None:
    answers = {"pc01": answer("pc01"), "server": answer("server", *AWAY)}
    whole = {"seats": ["pc01"], "servers": ["server"], "builder": "server"}
    result = report.report(answers, whole, {}, NOW)
    jsonschema.validate(result, SCHEMA)
    assert result["totals"]["seats"] == 1
    assert [(row["name"], row["state"]) for row in result["servers"]] == [("server", "ready")]


def machine(name: str, running: str, **others: object) -> dict[str, Any]:
    """Return the facts of a seat that identifies its machine."""
    facts = {"id": running, "running": running, "host_keys": [f"SHA256:{running}"]} | others
    return answer(name, ("machine", facts))


def test_one_machine_under_two_names_is_found() -> None:
    names = {"pc01": "one", "pc02": "two", "pc03": "one", "pc04": "", "pc05": ""}
    machines = {name: {"running": running} for name, running in names.items()}
    assert report.twins(machines) == {"pc01": ["pc03"], "pc03": ["pc01"]}


def test_copies_of_one_disk_are_told_once_and_stay_ready() -> None:
    shared = ["SHA256:rsa", "SHA256:ed25519"]
    result = reported(
        pc01=machine("pc01", "one", host_keys=shared),
        pc02=machine("pc02", "two", host_keys=[*shared, "SHA256:mine"], id="disk"),
        pc03=machine("pc03", "three", id="disk"),
        pc04=off("pc04", "off"),
    )
    assert [row["state"] for row in result["seats"]] == ["ready"] * 3 + ["unreachable"]
    keys, disks = result["findings"]
    assert (keys["id"], disks["id"]) == ("host_key_shared", "machine_id_shared")
    assert keys["cause"]["en"].startswith("pc01, pc02 have the same SSH host key")
    assert "./lab ansible pc01,pc02 -b -m shell" in keys["command"]
    assert disks["cause"]["fr"].startswith("pc02, pc03 ont le même machine-id")


def test_one_machine_under_two_names_is_no_copy_of_itself() -> None:
    result = reported(pc01=machine("pc01", "one"), pc02=machine("pc02", "one"))
    assert result["findings"] == []


def rooted(name: str, *users: str) -> dict[str, Any]:
    """Return the facts of a seat on which these users can be root by the group docker."""
    return answer(name, ("docker_group", list(users)))


def test_students_who_are_root_where_the_image_is_built_are_told_once() -> None:
    result = reported(pc01=rooted("pc01", "eleve", "student"), pc02=answer("pc02"))
    assert result["totals"]["ready"] == 2
    [finding] = result["findings"]
    assert finding["cause"]["en"].startswith("pc01 builds the image")
    assert "on which eleve, student can do anything" in finding["cause"]["en"]
    assert "group registry" in finding["advice"]["en"]
    assert reported(pc01=rooted("pc01"), pc02=rooted("pc02", "student"))["findings"] == []
    # A single seat builds for nobody else, and a server that is no seat has no students.
    assert reported(pc01=rooted("pc01", "student"))["findings"] == []
    whole = {"seats": ["pc01", "pc02"], "servers": ["server"], "builder": "server"}
    answers = {"pc01": answer("pc01"), "pc02": answer("pc02"), "server": rooted("server", "x")}
    assert report.report(answers, whole, {}, NOW)["findings"] == []


def test_students_who_build_the_rooms_image_are_told_where_they_are_not_root_too() -> None:
    kind = {"docker_engine_students": "rootless", "docker_engine_users": ["eleve"]}
    result = reported(pc01=answer("pc01", **kind), pc02=answer("pc02"))
    assert "eleve can do anything with Docker" in result["findings"][0]["cause"]["en"]


@pytest.mark.parametrize(("uid", "kind"), [(0, "group"), (995, "rootless"), (None, None)])
def test_how_students_use_docker_is_told_by_who_answers(uid: int | None, kind: str | None) -> None:
    result = reported(pc01=answer("pc01", ("docker/uid", uid)))
    assert result["seats"][0]["students"] == kind


@pytest.mark.parametrize("before", [{}, {"seats": [{"name": "pc09", "state": "ready"}]}])
def test_a_seat_that_left_the_inventory_is_forgotten(before: dict[str, Any]) -> None:
    result = reported(before, pc01=answer("pc01"))
    assert [row["name"] for row in result["seats"]] == ["pc01"]
