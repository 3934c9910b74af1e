"""What a seat is judged to be, from what it shows."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import room_report
import sample_room
from sample_room import EXPECTED, FACTS, NOW, OLD, asked, changed

PROJECT = Path(__file__).parents[2]
SCHEMA = json.loads((PROJECT / "docs/room.schema.json").read_text())


def judge(facts: dict[str, Any] = FACTS, expected: dict[str, Any] = EXPECTED) -> dict[str, str]:
    """Give the findings of a seat: what each says in English, by its id."""
    return {
        one["id"]: one["cause"]["en"] for one in room_report.seat_findings(facts, "pc07", expected)
    }


def report(before: dict[str, Any] | None = None, **rooms: dict[str, Any]) -> dict[str, Any]:
    """Give the report of a room of these seats, checked against the schema."""
    made = room_report.room_report(
        list(rooms), rooms, servers=[], builder="pc01", before=before or {}, now=NOW
    )
    jsonschema.validate(made, SCHEMA)
    return made


def test_nothing_is_found_on_a_seat_that_is_right() -> None:
    assert judge() == {}


CONTAINER = FACTS["containers"]["flask"]
DOCKER = FACTS["docker"]
AWAY = changed(FACTS, "containers", {})
OTHERS = {"image": "web:1", "state": "running", "labels": {}}


def listener(**holder: object) -> list[dict[str, object]]:
    """Give the listener at the course's port."""
    return [{"port": 8080, "process": None, "pid": None, "container": None} | holder]


@pytest.mark.parametrize(
    ("path", "value", "name", "words"),
    [
        ("docker", DOCKER | {"running": False, "why": "no socket"}, "engine_stopped", "no socket"),
        ("docker/version", "19.03.8", "engine_old", "19.03.8 is too old: 20.10"),
        ("docker/outdated", True, "engine_outdated", "newest configuration"),
        ("docker/enabled", False, "engine_disabled", "start with the machine"),
        ("docker/cpus", 0, "cpu_unlimited", "cannot limit the CPUs of flask"),
        ("docker/free_mb", 12, "disk_low", "12 MiB are free at /var/lib/docker; 1000"),
        ("clock/ahead", -3600.4, "clock_off", "-3600 s"),
        ("images", {}, "image_missing", "labocloud20202021:python is not there"),
        ("containers", {}, "container_missing", "flask is missing"),
        ("containers/flask/state", "exited", "container_stopped", "flask is exited"),
        ("network/mtu", 1400, "network_mtu", "1500 bytes, eth0 takes 1400"),
    ],
)
def test_a_seat_on_which_one_thing_is_wrong(
    path: str, value: object, name: str, words: str
) -> None:
    found = judge(changed(FACTS, path, value))
    assert list(found) == [name]
    assert words in found[name]


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        ("engine/installed", False, "engine_missing"),
        ("engine/configured", False, "engine_configuration"),
        ("engine/trusted", False, "engine_trust"),
        ("container/ours", False, "container_foreign"),
        ("container/page", {"msg": "timed out"}, "container_unhealthy"),
        ("container/page", {"json": {"revision": OLD}}, "container_unhealthy"),
        ("container/page", {"json": None, "msg": "HTTP Error 500"}, "container_unhealthy"),
    ],
)
def test_a_seat_that_is_not_what_the_roles_want(path: str, value: object, name: str) -> None:
    assert list(judge(FACTS, changed(EXPECTED, path, value))) == [name]


def test_a_limit_that_was_not_asked_for_is_not_missed() -> None:
    facts = changed(FACTS, "docker/cpus", 0)
    assert judge(facts, changed(EXPECTED, "container/cpus", 0.0)) == {}


def test_a_docker_that_is_not_there_is_not_called_stopped() -> None:
    facts = changed(AWAY, "docker", DOCKER | {"running": False, "why": "no socket"})
    assert list(judge(facts, changed(EXPECTED, "engine/installed", False))) == ["engine_missing"]


def test_an_image_that_is_old_explains_the_container() -> None:
    facts = changed(FACTS, f"images/{sample_room.COURSE}", sample_room.image(OLD))
    facts = changed(facts, "containers/flask/labels/labocloud.revision", OLD)
    expected = changed(EXPECTED, "container/page/json/revision", OLD)
    found = judge(facts, expected)
    assert list(found) == ["image_old"]
    assert f"{OLD[:12]}, not {sample_room.REVISION[:12]}" in found["image_old"]
    # The image was brought up to date, and the container was not.
    assert list(judge(changed(facts, "images", FACTS["images"]), expected)) == ["container_old"]


def test_an_image_of_another_making_with_the_rooms_revision_is_told_by_its_fingerprint() -> None:
    found = judge(changed(FACTS, f"images/{sample_room.COURSE}/fingerprint", "stolen"))
    assert "stolen, not print of" in found["image_old"]


def test_without_the_builders_image_none_is_called_old() -> None:
    none = {"revision": "", "fingerprint": ""}
    expected = changed(EXPECTED, "images", {sample_room.COURSE: none})
    assert list(judge(FACTS, changed(expected, "revision", ""))) == ["image_unknown"]


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (listener(process="tomcat9", pid=812), "tomcat9 (pid 812)"),
        (listener(container="web"), "Docker: web (web:1)"),
        (listener(), "? (pid ?)"),
    ],
)
def test_a_port_that_somebody_else_holds_names_them(held: list, words: str) -> None:
    facts = changed(changed(AWAY, "listeners", held), "containers", {"web": OTHERS})
    assert judge(facts) == {"port_taken": f"port 8080 is held by {words}."}


def test_a_machine_that_runs_no_container_is_not_asked_for_one() -> None:
    assert judge(AWAY, changed(EXPECTED, "container", {})) == {}


@pytest.mark.parametrize(
    ("to", "interface", "collides"),
    [
        ("198.18.0.128/25", "eth0", "bridge (198.18.0.0/24)"),
        ("198.18.0.0/15", "tun0", "bridge (198.18.0.0/24)"),
        # Docker keeps its next network out of it.
        ("198.18.7.0/24", "eth0", ""),
        # Its own.
        ("198.18.0.0/24", "docker0", ""),
        ("198.18.3.0/24", "br-0123456789ab", ""),
        ("10.0.0.0/8", "eth0", ""),
    ],
)
def test_networks_that_collide_with_a_route(to: str, interface: str, collides: str) -> None:
    facts = changed(FACTS, "network/routes", [{"to": to, "interface": interface}])
    found = judge(facts)
    assert ("network_collision" in found) == bool(collides)
    assert collides in found.get("network_collision", "")


def test_before_docker_is_there_a_pool_that_is_all_taken_collides_and_a_free_one_is_named() -> None:
    facts = changed(FACTS, "network/docker", [])
    routes = [{"to": "198.18.0.0/16", "interface": "eth0"}]
    [found] = room_report.network_findings(
        changed(facts, "network/routes", routes), "pc07", EXPECTED["config"]
    )
    assert "198.18.0.0/16 by eth0" in found["cause"]["en"]
    assert "{base: 198.19.0.0/16, size: 24}" in found["advice"]["en"]
    assert "{base: 198.19.0.0/16, size: 24}" in found["advice"]["fr"]


def test_an_mtu_that_docker_was_told_of_is_no_finding() -> None:
    assert judge(changed(changed(FACTS, "network/mtu", 1400), "network/docker_mtu", 1400)) == {}


REACHED = {"reached": True, "why": "", "public": True, "issuer": "Public CA"}
NOT_REACHED = {"reached": False, "why": "No route to host", "public": None, "issuer": ""}


@pytest.mark.parametrize(
    ("address", "answer", "proxy", "name"),
    [
        ("hub.example:443", REACHED, "", None),
        ("hub.example:443", REACHED | {"public": False}, "", "tls_intercepted"),
        ("hub.example:443", REACHED | {"public": None}, "", None),
        ("hub.example:443", NOT_REACHED, "", None),
        ("hub.example:443", NOT_REACHED, "http://proxy.example:3128", "proxy_unset"),
        ("registry.example:5000", NOT_REACHED, "", "registry_unreachable"),
        # The room's own certificate is signed by the room's own authority.
        ("registry.example:5000", REACHED | {"public": False}, "", None),
    ],
)
def test_registries(address: str, answer: dict, proxy: str, name: str | None) -> None:
    facts = changed(FACTS, "network/registries", {address: answer})
    facts = changed(facts, "network/proxy", proxy)
    assert list(judge(facts)) == ([name] if name else [])
    assert judge(changed(facts, "network/docker_proxy", True)).keys() <= {name} - {"proxy_unset"}


def test_the_errors_come_first_and_a_warning_leaves_a_seat_ready() -> None:
    facts = changed(AWAY, "docker/free_mb", 1)
    assert list(judge(facts)) == ["container_missing", "disk_low"]
    room = report(pc01=asked(facts), pc02=asked(changed(FACTS, "docker/free_mb", 1)), pc03=asked())
    assert [row["state"] for row in room["seats"]] == ["error", "warning", "ready"]
    assert room["totals"] | {"seats": 3, "ready": 1, "warning": 1, "error": 1} == room["totals"]


def test_every_finding_is_whole_in_both_languages() -> None:
    """And none is missing from the schema."""
    for name, entry in room_report.VOCABULARY.items():
        values = dict.fromkeys(set(re.findall(r"{(\w+)}", str(entry))) - {"seat"}, "x")
        made = room_report.finding(name, "pc07", **values)
        jsonschema.validate(made, {"$ref": "#/$defs/finding", "$defs": SCHEMA["$defs"]})
    listed = SCHEMA["$defs"]["finding"]["properties"]["id"]["enum"]
    assert set(listed) == set(room_report.VOCABULARY)


def test_the_words_of_a_run_have_the_cause_and_the_fix() -> None:
    [found] = room_report.seat_findings(AWAY, "pc07", EXPECTED)
    assert (
        room_report.in_words([found])
        == "the container flask is missing. Fix: ./lab up --limit pc07"
    )
    taken = changed(AWAY, "listeners", listener(process="tomcat9", pid=812))
    assert room_report.in_words(room_report.seat_findings(taken, "pc07", EXPECTED)) == (
        "port 8080 is held by tomcat9 (pid 812). Fix: stop it, or set flask_container_host_port"
        " to a free port; then: ./lab up --limit pc07"
    )


def test_a_seat_that_is_off_is_in_the_report_whatever_the_cache_knows_of_it() -> None:
    off = {"__seat_asked": {"unreachable": True, "msg": "timed\nout"}}
    room = report(pc01=asked(), pc02=off | {"ansible_facts": {"seat": FACTS}})
    assert room["seats"][1]["state"] == "unreachable"
    assert room["seats"][1]["docker"] is None
    assert room["seats"][1]["findings"][0]["cause"]["fr"] == "injoignable : timed out."
    assert room["totals"]["unreachable"] == 1


def test_a_seat_that_cannot_be_asked_says_why() -> None:
    room = report(pc01=asked(), pc02={"__seat_asked": {"failed": True, "msg": "no sudo"}})
    [found] = room["seats"][1]["findings"]
    assert (found["id"], "no sudo" in found["cause"]["en"]) == ("not_asked", True)


def test_a_seat_that_was_lost_on_the_way_is_judged_by_what_it_told() -> None:
    def lost(facts: dict[str, Any]) -> dict[str, Any]:
        return {"__seat_asked": {"changed": False}, "ansible_facts": {"seat": facts}}

    taken = changed(AWAY, "listeners", listener(process="tomcat9", pid=812))
    room = report(pc01=asked(), pc02=lost(taken), pc03=lost(FACTS))
    found = [[one["id"] for one in row["findings"]] for row in room["seats"]]
    assert found[1] == ["port_taken"]
    assert "unfinished" in found[2]


def test_a_seat_that_the_run_is_not_about_keeps_its_last_state_and_time() -> None:
    first = report(pc01=asked(), pc02=asked(AWAY))
    then = first["time"]
    later = room_report.room_report(
        ["pc01", "pc02", "pc03"],
        {"pc01": asked(), "pc02": {}, "pc03": {}},
        servers=[],
        builder="pc01",
        before=json.loads(json.dumps(first)),
        now=NOW + 3600,
    )
    jsonschema.validate(later, SCHEMA)
    one, two, three = later["seats"]
    assert (one["asked"], two["asked"], three["asked"]) == (True, False, False)
    assert (two["state"], two["time"]) == ("error", then)
    assert one["time"] > then
    assert (three["state"], three["time"]) == ("unknown", None)


def test_a_server_that_is_no_seat_is_not_counted_among_them() -> None:
    server = asked(AWAY, changed(EXPECTED, "container", {}))
    made = room_report.room_report(
        ["pc01"],
        {"pc01": asked(), "server": server},
        servers=["server"],
        builder="server",
        before={},
        now=NOW,
    )
    jsonschema.validate(made, SCHEMA)
    assert made["totals"]["seats"] == 1
    assert [(row["name"], row["state"]) for row in made["servers"]] == [("server", "ready")]
