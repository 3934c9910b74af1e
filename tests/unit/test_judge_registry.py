"""Test the verdict on the room's registry, on its host and on the others."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import registry_files
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import registry
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import hashes
from certificates import Authority
from hypothesis import given
from hypothesis import strategies as st
from sample_seat import SEAT, sample_settings, seat

HOST, AT, MIRROR = "server", "server:5000", "server:5002"
GROUPS = {"lab": ["pc01", "pc02", "pc03"], "registry": [HOST]}
NOW = datetime.fromtimestamp(SEAT["clock"]["control"], UTC)
YEAR = NOW + timedelta(days=365)
CA = Authority("labocloud, registry server", until=YEAR)
PACKAGES = {**SEAT["packages"], **dict.fromkeys(registry.PACKAGES, "1")}
BROUGHT = {"packages": [*SEAT["brought"]["packages"], *registry.PACKAGES], "users": []}
LISTENER = {
    "port": 5000,
    "address": "::",
    "process": "docker-registry",
    "pid": 7,
    "container": None,
}
ANSWERS = {"answers": True, "why": ""}
REFUSES = {"answers": False, "why": "Connection refused"}
Change = tuple[str, object]


def room_settings(
    name: str = HOST, groups: dict[str, list[str]] = GROUPS, **settings: object
) -> dict[str, Any]:
    """Return the settings of a machine of the room."""
    variables = {"room_registry_address": HOST, "course_image_builder": "", **settings}
    return sample_settings(groups, name, **variables)


def host(*changes: Change, names: tuple[str, ...] = (HOST,), **settings: object) -> dict[str, Any]:
    """Return the facts of a registry host that is as it should be, with changes.

    names: those that its certificate is for. settings: for which its files are written.
    """
    certificate, _ = CA.issue(*names, until=YEAR)
    return seat(
        ("packages", PACKAGES),
        ("brought", BROUGHT),
        ("files", hashes(registry_files.files(room_settings(**settings)))),
        ("listeners", [LISTENER]),
        ("registry/ca", CA.pem),
        ("registry/certificate", certificate),
        ("registry/answers", {AT: ANSWERS, MIRROR: ANSWERS}),
        *changes,
    )


BARE = (
    ("packages", SEAT["packages"]),
    ("brought", {"packages": [], "users": []}),
    ("files", {}),
    ("listeners", []),
    ("registry", {"images": {}, "ca": "", "certificate": "", "answers": {AT: REFUSES}}),
)


def judged(has: dict[str, Any], **settings: object) -> dict[str, Any]:
    return registry.judge(has, room_settings(**settings), {})


def ids(verdict: dict[str, Any], key: str = "findings") -> list[str]:
    return [finding["id"] for finding in verdict[key]]


def texts(verdict: dict[str, Any], key: str = "refused") -> str:
    return " ".join(
        f"{finding['cause']['en']} {finding['advice']['en']}" for finding in verdict[key]
    )


# --- On its host -------------------------------------------------------------------------


def test_a_registry_that_is_as_it_should_be_is_left_alone() -> None:
    verdict = judged(host())
    assert verdict["settled"]
    assert verdict["findings"] == []
    assert verdict["down"] == ""
    assert verdict["host"] == HOST
    assert verdict["storage"] == "/var/lib/docker-registry/room"


def test_of_a_machine_that_has_nothing_everything_lacks() -> None:
    verdict = judged(host(*BARE))
    assert not verdict["settled"]
    assert verdict["refused"] == []
    assert ids(verdict) == ["registry_configuration"]
    assert verdict["lacking"] == ["docker-registry", "skopeo", "python3-cryptography"]
    assert verdict["stopping"] == []
    assert not verdict["ours"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("files", {}), ["registry_configuration"]),
        (("packages", SEAT["packages"]), ["registry_configuration"]),
        (("listeners", []), ["registry_down"]),
        (("registry/certificate", ""), ["registry_certificate"]),
        (("registry/ca", ""), ["registry_certificate"]),
        (("apt/interrupted", True), []),
    ],
    ids=["files", "packages", "a service", "a certificate", "a CA", "the end of an installation"],
)
def test_what_lacks_is_mended(change: Change, expected: list[str]) -> None:
    answers = ("registry/answers", {})
    verdict = judged(host(answers, change))
    assert not verdict["settled"]
    assert verdict["refused"] == []
    assert ids(verdict) == expected


def test_a_file_that_is_not_asked_for_any_longer_goes() -> None:
    has = host(room_registry_hub_mirror=True, room_registry_proxy={"http": "http://proxy.example"})
    verdict = judged(has)
    assert not verdict["settled"]
    mirrors = set(has["files"]) - set(registry_files.files(room_settings()))
    kept = {"/var/lib/docker-registry/hub", "/var/lib/labocloud-mirror"}
    assert set(verdict["absent"]) == mirrors | kept
    assert verdict["stopping"] == ["docker-registry", "labocloud-mirror"]
    assert verdict["services"] == ["docker-registry"]
    assert verdict["accounts"] == ["labocloud-push"]


def test_a_mirror_has_a_service_an_account_and_a_storage() -> None:
    verdict = judged(host(), room_registry_hub_mirror=True)
    assert not verdict["settled"]
    # Last of all: a run that was killed before has something to do.
    assert verdict["services"] == ["labocloud-mirror", "docker-registry"]
    assert verdict["accounts"] == ["labocloud-push", "labocloud-mirror"]
    assert verdict["absent"] == ["/var/lib/docker-registry/hub"]
    assert verdict["ports"] == [5002, 5000]
    assert judged(host(room_registry_hub_mirror=True), room_registry_hub_mirror=True)["settled"]


def test_with_the_registry_goes_what_it_brought_and_holds() -> None:
    settings = {"room_registry_hub_mirror": True, "room_registry_proxy": {"http": "x"}}
    has = host(**settings)
    verdict = judged(has, **settings)
    assert verdict["ours"]
    assert set(verdict["removal"]) == {
        *has["files"],
        "/etc/docker/registry/labocloud-ca.crt",
        "/etc/docker/registry/labocloud-ca.key",
        "/etc/docker/registry/labocloud.crt",
        "/etc/docker/registry/labocloud.key",
        "/etc/systemd/system/docker-registry.service.d",
        "/var/lib/docker-registry/hub",
        "/var/lib/docker-registry/room",
        "/var/lib/labocloud-mirror",
    }


def test_files_of_others_are_nobodys_business() -> None:
    others = {
        **host()["files"],
        "/etc/docker/daemon.json": "0",
        "/etc/docker/certs.d/server:5000/labocloud.crt": "0",
        "/etc/systemd/system/docker-registry.service.d/theirs.conf": "0",
    }
    verdict = judged(host(("files", others)))
    assert verdict["settled"]
    assert not (others.keys() - host()["files"].keys()) & set(verdict["removal"])


def test_no_password_is_a_fact() -> None:
    proxy = {"http": "http://user:secret@proxy.example:3128"}
    settings = {
        "room_registry_hub_mirror": True,
        "room_registry_proxy": proxy,
        "room_registry_hub_url": "https://user:secret@hub.example",
    }
    has = host(("registry/answers", {MIRROR: REFUSES}), **settings)
    verdict = judged(has, **settings)
    assert ids(verdict) == ["mirror_down"]
    assert "secret" not in json.dumps(verdict)


# --- Whether it answers ------------------------------------------------------------------


def test_a_registry_that_does_not_answer_by_its_name_is_told_with_its_log() -> None:
    verdict = judged(host(("registry/answers", {AT: REFUSES})))
    assert verdict["settled"]  # there is nothing that the role would do
    assert ids(verdict) == ["registry_down"]
    message = verdict["down"]
    assert message.startswith(
        f"{HOST}: the registry does not answer at {AT} (Connection refused). Fix"
    )
    assert "set room_registry_address, for all" in message
    assert message.endswith("journalctl -n 20 -u docker-registry'")


def test_a_registry_that_nobody_asked_and_that_does_not_run_is_down() -> None:
    verdict = judged(host(("registry/answers", {}), ("listeners", [])))
    assert ids(verdict) == ["registry_down"]
    assert "no docker-registry listens on port 5000" in verdict["down"]


def test_one_that_takes_too_long_is_down() -> None:
    late = {"answers": None, "why": "no answer in time"}
    assert "no answer in time" in judged(host(("registry/answers", {AT: late})))["down"]


def test_a_mirror_that_does_not_answer_is_told_and_keeps_nobody_waiting() -> None:
    settings = {"room_registry_hub_mirror": True, "room_registry_hub_url": "https://hub.example"}
    answers = {AT: ANSWERS, MIRROR: REFUSES}
    verdict = judged(host(("registry/answers", answers), **settings), **settings)
    assert verdict["settled"]
    assert ids(verdict) == ["mirror_down"]
    assert verdict["findings"][0]["severity"] == "error"
    assert f"does not answer at {MIRROR}" in texts(verdict, "findings")
    assert "let it reach https://hub.example (room_registry_proxy)" in texts(verdict, "findings")
    assert verdict["down"] == ""


# --- What is refused ---------------------------------------------------------------------


def test_without_systemd_there_is_no_registry() -> None:
    verdict = judged(host(*BARE, ("service_manager", "none")))
    assert ids(verdict, "refused") == ["registry_systemd"]
    assert "in the group registry, and has no systemd to run it" in texts(verdict)
    assert "or none: then images travel over SSH" in texts(verdict)


@pytest.mark.parametrize("recorded", [True, False], ids=["before the toolkit", "by now"])
def test_a_registry_of_somebody_else_is_left_alone(recorded: bool) -> None:
    before = {**SEAT["before"], "packages": ["docker-registry"]} if recorded else None
    verdict = judged(host(*BARE, ("packages", PACKAGES), ("before", before)))
    assert ids(verdict, "refused") == ["registry_foreign"]
    assert "has a docker-registry of its own" in texts(verdict)


def test_one_that_somebody_has_installed_since_is_left_alone_too() -> None:
    """Show it for a package that is neither in the record of before nor brought by the toolkit."""
    verdict = judged(host(*BARE, ("packages", PACKAGES)))
    assert ids(verdict, "refused") == ["registry_foreign"]


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        ({"process": "python3", "pid": 12}, "port 5000 is held by python3 (pid 12)"),
        ({"process": "docker-proxy", "container": "web", "pid": 12}, "by web (pid 12)"),
        ({"process": None, "pid": None}, "port 5000 is held by somebody."),
    ],
)
def test_a_port_that_somebody_holds_is_refused(holder: dict[str, object], words: str) -> None:
    listeners = [LISTENER | holder, LISTENER | holder | {"address": "0.0.0.0"}]
    verdict = judged(host(*BARE, ("listeners", listeners)))
    assert ids(verdict, "refused") == ["registry_port"]
    assert words in texts(verdict)
    assert "set, for all, room_registry_port or room_registry_mirror_port" in texts(verdict)


def test_the_mirrors_port_counts_where_there_is_a_mirror() -> None:
    taken = ("listeners", [LISTENER | {"port": 5002, "process": "python3"}])
    assert judged(host(*BARE, taken))["refused"] == []
    verdict = judged(host(*BARE, taken), room_registry_hub_mirror=True)
    assert ids(verdict, "refused") == ["registry_port"]


@pytest.mark.parametrize(
    ("brought", "files", "foreign"),
    [
        # The machine was started anew between the package and its configuration.
        (["docker-registry"], {}, False),
        ([], {"/etc/docker/registry/labocloud.yml": ""}, False),
        # The registry is somebody else's.
        ([], {}, True),
    ],
)
def test_whose_registry_holds_the_port(
    brought: list[str], files: dict[str, str], foreign: bool
) -> None:
    verdict = judged(
        host(
            ("packages", PACKAGES),
            ("brought", {"packages": brought, "users": []}),
            ("files", files),
            ("registry/certificate", ""),
        )
    )
    assert ("registry_port" in ids(verdict, "refused")) is foreign


def test_what_could_not_be_set_up_now_is_no_matter_where_it_runs() -> None:
    theirs = {**SEAT["before"], "packages": ["docker-registry"]}
    assert judged(host(("before", theirs)))["settled"]


@pytest.mark.parametrize("name", [HOST, "pc01"], ids=["the host", "a seat, by --limit"])
@pytest.mark.parametrize(
    "address",
    ["localhost", "LOCALHOST.", "pc.localhost", "127.0.0.1", "127.1", "::1", "[::1]", "0.0.0.0"],
)
def test_an_address_that_each_seat_takes_for_itself_is_refused(name: str, address: str) -> None:
    verdict = registry.judge(host(), room_settings(name, room_registry_address=address), {})
    assert ids(verdict, "refused") == ["registry_address"]
    assert not verdict["settled"]
    assert f"room_registry_address is {address.strip('[]')}, which each seat" in texts(verdict)
    assert f"the name or address by which the seats reach {HOST}" in texts(verdict)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"room_registry_port": "abc"}, "room_registry_port"),
        ({"room_registry_port": 70_000}, "room_registry_port is 70000, which is no port"),
        ({"room_registry_address": "server:5000"}, "is server:5000, which is neither a name"),
        ({"room_registry_address": ""}, "which is neither a name nor an address"),
        ({"room_registry_address": "fe80::1%eth0"}, "which is neither a name nor an address"),
        (
            {"room_registry_hub_mirror": True, "room_registry_mirror_port": 5000},
            "room_registry_port and room_registry_mirror_port are both 5000",
        ),
        (
            {"room_registry_hub_mirror": True, "room_registry_mirror_port": 0},
            "room_registry_mirror_port is 0, which is no port",
        ),
    ],
)
@pytest.mark.parametrize("name", [HOST, "pc01"])
def test_settings_that_are_wrong_are_refused_everywhere(
    name: str, settings: dict[str, object], words: str
) -> None:
    verdict = registry.judge(host(), room_settings(name, **settings), {})
    assert ids(verdict, "refused") == ["setting_wrong"]
    assert words in texts(verdict)


def test_in_a_room_without_a_registry_its_settings_are_nobodys_business() -> None:
    settings = {"room_registry_port": "abc", "room_registry_address": "localhost"}
    verdict = registry.judge(seat(), room_settings("pc01", {"lab": ["pc01"]}, **settings), {})
    assert verdict["settled"]
    assert verdict["findings"] == []
    assert verdict["host"] == ""


# --- Its certificates --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("server", "server"),
        ("Server.lab", "Server.lab"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_a_certificate_is_for_the_address(address: str, subject: str) -> None:
    settings = {"room_registry_address": address}
    verdict = judged(host(names=(address.strip("[]"),)), **settings)
    assert verdict["subject"] == subject
    assert verdict["certified"]
    assert not judged(host(names=("other",)), **settings)["certified"]
    assert not judged(host(names=(address.strip("[]"), "other")), **settings)["certified"]
    assert not judged(host(names=()), **settings)["certified"]


def test_addresses_are_compared_and_not_their_texts() -> None:
    has = host(names=("2001:db8::1",))
    assert judged(has, room_registry_address="2001:0db8:0::1")["certified"]


@pytest.mark.parametrize("days", [29, 31])
def test_certificates_are_made_anew_a_month_before_they_end(days: int) -> None:
    soon = NOW + timedelta(days=days)
    certificate, _ = CA.issue(HOST, until=soon)
    verdict = judged(host(("registry/certificate", certificate)))
    assert verdict["certified"] is (days > 30)
    assert verdict["ca_lasts"]
    authority = Authority("labocloud, registry server", until=soon)
    certificate, _ = authority.issue(HOST, until=YEAR)
    verdict = judged(host(("registry/ca", authority.pem), ("registry/certificate", certificate)))
    assert verdict["certified"] is (days > 30)
    assert verdict["ca_lasts"] is (days > 30)


@pytest.mark.parametrize("seconds", [1e300, -1e300, 253_402_300_799.0])
def test_of_a_time_that_no_calendar_has_a_certificate_is_made_anew(seconds: float) -> None:
    has = host(("clock/control", seconds))
    assert not registry.certificates(has, HOST)["certified"]


def test_one_that_ends_soon_is_told() -> None:
    certificate, _ = CA.issue(HOST, until=NOW + timedelta(days=3))
    verdict = judged(host(("registry/certificate", certificate)))
    assert [(finding["id"], finding["severity"]) for finding in verdict["findings"]] == [
        ("registry_certificate", "warning")
    ]


def test_a_certificate_of_another_ca_of_that_name_does_not_do() -> None:
    certificate, _ = Authority("labocloud, registry server", until=YEAR).issue(HOST, until=YEAR)
    assert not judged(host(("registry/certificate", certificate)))["certified"]


def lines(data: bytes) -> str:
    """Return bytes as PEM."""
    text = base64.b64encode(data).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("name", ["ca", "certificate"])
@pytest.mark.parametrize(
    "pem",
    ["nonsense", "\udcff\0", "-----BEGIN CERTIFICATE-----\n", lines(b""), lines(b"\x30\x80" * 40)],
)
def test_what_is_no_certificate_is_a_reason_to_make_one(name: str, pem: str) -> None:
    verdict = judged(host((f"registry/{name}", pem)))
    assert not verdict["settled"]
    assert verdict["refused"] == []
    assert not verdict["certified"]
    assert verdict["ca_lasts"] is (name != "ca")


def test_a_certificate_of_a_version_that_there_is_not_is_none() -> None:
    """Show that errors of cryptography other than ValueError are caught."""
    data = base64.b64decode("".join(CA.pem.splitlines()[1:-1]))
    assert data.count(b"\xa0\x03\x02\x01\x02") == 1
    later = lines(data.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07"))
    assert not judged(host(("registry/ca", later)))["ca_lasts"]


@pytest.mark.filterwarnings("ignore")  # cryptography's own, of what it finds odd
@given(
    st.sampled_from(["ca", "certificate"]), st.integers(0, 400), st.binary(min_size=1, max_size=3)
)
def test_no_certificate_raises(name: str, place: int, other: bytes) -> None:
    certificate, _ = CA.issue(HOST, until=YEAR)
    facts = {"ca": CA.pem, "certificate": certificate}
    data = base64.b64decode("".join(facts[name].splitlines()[1:-1]))
    facts[name] = lines(data[:place] + other + data[place + len(other) :])
    result = registry.certificates(seat(("registry", facts)), HOST)
    assert result["certified"] in (True, False)


# --- On the others -----------------------------------------------------------------------


def reach(*down: str) -> Change:
    """Return a change of a seat's facts on whether it reaches the registry and the mirror."""
    answer = {"why": "No route to host", "public": None, "issuer": ""}
    return (
        "network/registries",
        {at: {**answer, "reached": at not in down} for at in (AT, MIRROR)},
    )


def builder(answers: dict[str, Any]) -> dict[str, Any]:
    return {"seat": host(("registry/answers", answers)), "course": {}}


def on_a_seat(builder: dict[str, Any], *down: str, **settings: object) -> list[str]:
    """Return the addresses that a seat's findings name."""
    verdict = registry.judge(
        seat(reach(*down)),
        room_settings("pc01", room_registry_hub_mirror=True, **settings),
        builder,
    )
    assert verdict["settled"]
    assert set(ids(verdict)) <= {"registry_unreachable"}
    assert all("No route to host" in finding["cause"]["en"] for finding in verdict["findings"])
    return [finding["cause"]["en"].split()[3] for finding in verdict["findings"]]


def test_a_seat_that_does_not_reach_the_registry_is_told() -> None:
    assert on_a_seat({}) == []
    assert on_a_seat({}, MIRROR) == [MIRROR]
    assert on_a_seat(builder({AT: ANSWERS, MIRROR: ANSWERS}), AT, MIRROR) == [AT, MIRROR]


def test_of_a_registry_that_is_down_its_host_tells() -> None:
    assert on_a_seat(builder({AT: REFUSES, MIRROR: ANSWERS}), AT, MIRROR) == [MIRROR]
    late = {"answers": None, "why": "no answer in time"}
    assert on_a_seat(builder({AT: late, MIRROR: late}), AT, MIRROR) == []


def test_what_another_builder_answers_is_not_the_registrys() -> None:
    addresses = on_a_seat(builder({AT: REFUSES}), AT, course_image_builder="pc03")
    assert addresses == [AT]


def test_a_registry_that_was_not_tried_is_not_unreachable() -> None:
    verdict = registry.judge(seat(), room_settings("pc01"), {})
    assert verdict["findings"] == []
    assert verdict["settled"]
    assert verdict["host"] == HOST
