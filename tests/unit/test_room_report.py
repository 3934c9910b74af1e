"""What a seat is judged to be, from what it shows."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sample_room
from ansible_collections.labocloud.room.plugins.filter import room_report
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


def test_a_container_that_reaches_out_of_itself_is_an_error_although_its_page_is_right() -> None:
    expected = changed(EXPECTED, "container/rights", ["Mounts", "Privileged"])
    expected = changed(expected, "container/limits", ["ReadonlyRootfs"])
    found = judge(FACTS, expected)
    assert list(found) == ["container_altered", "container_unlimited"]
    assert "rights that it has to have (Mounts, Privileged)" in found["container_altered"]
    assert "limits (ReadonlyRootfs)" in found["container_unlimited"]


def test_the_courses_command_by_hand_leaves_a_seat_ready() -> None:
    expected = changed(EXPECTED, "container/limits", ["Memory"])
    [row] = report(pc01=asked(FACTS, expected))["seats"]
    assert row["state"] == "warning"


def test_a_seat_that_is_lost_is_not_held_against_another_ones_settings() -> None:
    expected = changed(EXPECTED, "container/rights", ["Mounts"])
    lost = {key: value for key, value in asked().items() if key != "__room_page_expected"}
    room = report(pc01=asked(FACTS, expected), pc02=lost)["seats"]
    assert [one["id"] for one in room[1]["findings"]] == ["unfinished"]


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


def test_a_pool_of_ipv6_is_in_no_route_and_hides_none_that_is() -> None:
    pools = [{"base": "fd00:198::/56", "size": 64}, *EXPECTED["config"]["default-address-pools"]]
    facts = changed(FACTS, "network/docker", [{"name": "six", "subnet": "fd00:198::/64"}])
    facts = changed(facts, "network/routes", [{"to": "198.18.0.0/15", "interface": "eth0"}])
    [found] = room_report.network_findings(facts, "pc07", {"default-address-pools": pools})
    assert "default-address-pools (198.18.0.0/16)" in found["cause"]["en"]


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
    assert room["seats"][0]["docker"] == DOCKER["version"]
    assert room["seats"][1]["findings"][0]["cause"]["fr"] == "injoignable : timed out."
    assert room["totals"]["unreachable"] == 1


def test_a_seat_that_cannot_be_asked_says_why() -> None:
    room = report(pc01=asked(), pc02={"__seat_asked": {"failed": True, "msg": "no sudo"}})
    [found] = room["seats"][1]["findings"]
    assert (found["id"], "no sudo" in found["cause"]["en"]) == ("not_asked", True)


def test_a_seat_whose_sudo_wants_a_terminal_is_told_of_that() -> None:
    why = "sudo: désolé, vous devez avoir un terminal (tty) pour exécuter sudo"
    asked = {"failed": True, "msg": "no JSON", "module_stderr": f"{why}\r\n"}
    room = report(pc01={"__seat_asked": asked})
    [found] = room["seats"][0]["findings"]
    assert found["id"] == "sudo_tty"
    assert found["cause"]["en"] == f"it cannot be asked: no JSON {why}."
    assert "!requiretty" in found["advice"]["en"]
    for other in ("sudo: no tty present and no askpass program specified", "pretty: not found"):
        room = report(pc01={"__seat_asked": {"failed": True, "msg": other}})
        assert [one["id"] for one in room["seats"][0]["findings"]] == ["not_asked"]


def test_a_text_of_a_seats_that_comes_in_another_way_is_printable() -> None:
    """What its page answered, and why it failed."""
    page = {"msg": "no\x1b[2J\n\x07page"}
    found = judge(FACTS, changed(EXPECTED, "container/page", page))
    assert found["container_unhealthy"].endswith("no [2J page.")
    off = {"__seat_asked": {"unreachable": True, "msg": "\x1b]0;title\x07off"}}
    assert (
        report(pc01=off)["seats"][0]["findings"][0]["cause"]["en"] == "unreachable: ]0;title off."
    )


def machine(running: str, **others: object) -> dict[str, Any]:
    """Give the variables of a seat that tells which machine it is."""
    told = {"id": running, "running": running, "host_keys": [f"SHA256:{running}"]} | others
    return asked(FACTS | {"machine": told})


def test_one_machine_under_two_names_is_not_two_seats_that_are_ready() -> None:
    off = {"__seat_asked": {"unreachable": True, "msg": "off"}}
    off["ansible_facts"] = machine("one")["ansible_facts"]
    rooms = {"pc01": machine("one"), "pc02": machine("two"), "pc03": machine("one"), "pc04": off}
    room = report(**rooms)
    told = [[one["cause"]["en"] for one in row["findings"]] for row in room["seats"]]
    assert told[0] == ["it is the same machine as pc03, under another name."]
    assert told[1] == []
    assert told[2] == ["it is the same machine as pc01, under another name."]
    assert [row["state"] for row in room["seats"]] == ["error", "ready", "error", "unreachable"]
    assert room["findings"] == []


def test_copies_of_one_disk_are_told_once_and_stay_ready() -> None:
    shared = ["SHA256:rsa", "SHA256:ed25519"]
    rooms = {
        "pc01": machine("one", host_keys=shared),
        "pc02": machine("two", host_keys=[*shared, "SHA256:mine"], id="disk"),
        "pc03": machine("three", id="disk"),
        "pc04": asked(),
        "pc05": {},
    }
    room = report(**rooms)
    assert [row["state"] for row in room["seats"]] == ["ready"] * 4 + ["unknown"]
    keys, ids = room["findings"]
    assert (keys["id"], ids["id"]) == ("host_key_shared", "machine_id_shared")
    assert keys["cause"]["en"].startswith("pc01, pc02 have the same SSH host key")
    assert "./lab ansible pc01,pc02 -b -m shell" in keys["command"]
    assert ids["cause"]["fr"].startswith("pc02, pc03 ont le même machine-id")


@pytest.mark.parametrize(
    "told", ["text", None, [], {"id": 7}, {"host_keys": 3, "running": []}, {"host_keys": [{}, 1]}]
)
def test_a_seat_that_lies_about_its_machine_takes_the_page_from_nobody(told: object) -> None:
    rooms = {"pc01": asked(FACTS | {"machine": told, "docker_group": told}), "pc02": asked()}
    assert report(**rooms)["totals"]["ready"] == 2


@pytest.mark.parametrize(
    ("group", "setting", "who"),
    [
        (["student"], [], "student"),
        (None, ["eleve", "prof"], "eleve"),
        (["root", "prof"], "eleve, prof", "eleve"),
        (["root", "prof"], [], None),
        (None, None, None),
    ],
)
def test_students_who_are_root_where_the_image_is_built_are_told_once(
    group: list[str] | None, setting: object, who: str | None
) -> None:
    """The account that the toolkit itself uses there is the teacher's."""
    others = {"ansible_user": "prof", "docker_engine_users": setting}
    builder = asked(FACTS | {"docker_group": group}) | others
    room = report(pc01=builder, pc02=asked())
    assert room["totals"]["ready"] == 2
    if who is None:
        assert room["findings"] == []
    else:
        [found] = room["findings"]
        assert found["cause"]["en"].startswith("pc01 builds the image")
        assert f"on which {who} can be root" in found["cause"]["en"]
        assert "group registry" in found["advice"]["en"]
    # Alone it decides for nobody else, and one that is no seat has no students.
    assert report(pc01=builder)["findings"] == []
    rooms = {"pc01": asked(), "pc02": asked(), "server": builder}
    assert (
        room_report.room_findings(["pc01", "pc02"], rooms, servers=["server"], builder="server")
        == []
    )


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
