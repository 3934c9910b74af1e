"""Test which container is the toolkit's, whether it is as it has to be, and what is refused."""

import re
from itertools import product
from typing import Any

import pytest
from ansible.module_utils.common.text.formatters import human_to_bytes
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding, in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import container, images
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict as part
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_seat import (
    BASE,
    COURSE,
    FLASK,
    LAYERS,
    OLD,
    REVISION,
    SETTINGS,
    builder,
    changed,
    image,
    sample_settings,
    seat,
)

THEIRS = "web:1"
STUDENTS = {"id": f"id of {THEIRS}", "revision": "", "fingerprint": "theirs", "layers": LAYERS}
STUDENTS |= {"labels": {}}
MANAGED = {"labocloud.managed": "true"}

# docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python
BY_HAND = SETTINGS | {
    "CapDrop": None,
    "Memory": 0,
    "NanoCpus": 0,
    "NetworkMode": "default",
    "PidsLimit": None,
    "PortBindings": ["0.0.0.0:8080:8888/tcp"],
    "ReadonlyRootfs": False,
    "SecurityOpt": None,
    "Tmpfs": None,
}
LIMITS = ["CapDrop", "Memory", "NanoCpus", "PidsLimit", "PortBindings", "ReadonlyRootfs"]
LIMITS += ["SecurityOpt", "Tmpfs"]
IDS = {COURSE: image(REVISION)["id"], BASE: image(REVISION, "base", 3)["id"]}


@pytest.fixture(autouse=True)
def nothing_is_wrong_with_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "judge", lambda *_: part())


def container_facts(key: str, image_name: str = COURSE, **other: object) -> dict[str, Any]:
    """Return a container as a seat reports it."""
    identity = {
        "id": key,
        "image": image_name,
        "image_id": IDS.get(image_name, f"id of {image_name}"),
        "labels": MANAGED,
    }
    state = {"state": "running", "health": None, "ports": [8080], "settings": SETTINGS}
    return identity | state | other


def facts(
    brought: dict[str, Any] | None = None, *changes: tuple[str, object], **containers: object
) -> dict[str, Any]:
    """Return a seat with these containers, of which the first holds the port."""
    by_name = {name.replace("_", "-"): details for name, details in containers.items()}
    listener = {"port": 8080, "address": "127.0.0.1", "process": "docker-proxy", "pid": 9}
    record = {"packages": [], "users": []} | ({} if brought is None else brought)
    tags = seat()["images"] | {THEIRS: changed(STUDENTS)}
    return seat(
        ("brought", record),
        ("images", tags),
        ("containers", by_name),
        ("listeners", [listener | {"container": name} for name in list(by_name)[:1]]),
        ("page", None),
        *changes,
    )


def judge(
    has: dict[str, Any], builder_facts: dict[str, Any] | None = None, **variables: object
) -> dict[str, Any]:
    """Return the verdict on the container. builder_facts: by default, the sample's."""
    return container.judge(
        has, sample_settings(**variables), builder() if builder_facts is None else builder_facts
    )


def ids(
    has: dict[str, Any], builder_facts: dict[str, Any] | None = None, **variables: object
) -> list[str]:
    """Return the names of the findings."""
    return [each["id"] for each in judge(has, builder_facts, **variables)["findings"]]


def refusals(has: dict[str, Any], **variables: object) -> list[str]:
    """Return the refusals, as sentences."""
    return [in_words([refusal]) for refusal in judge(has, **variables)["refused"]]


def recorded(*keys: str, making: str = "") -> dict[str, Any]:
    return {"containers": list(keys), "making": making}


def test_nothing_is_to_be_done_where_it_is_as_it_has_to_be() -> None:
    verdict = judge(seat())
    assert (verdict["settled"], verdict["findings"], verdict["differs"]) == (True, [], [])
    assert (verdict["own"], verdict["replaces"], verdict["left"]) == ([FLASK], FLASK, "")
    assert container.url(sample_settings()) == "http://127.0.0.1:8080"


def test_what_is_recorded_is_the_toolkits_whatever_it_is_called() -> None:
    has = facts(recorded("1", "gone"), autre=container_facts("1", labels={}))
    verdict = judge(has)
    assert (verdict["own"], verdict["replaces"], verdict["left"]) == (["1"], "1", "")
    assert (verdict["settled"], verdict["refused"]) == (False, [])
    assert ids(has) == ["container_missing"]


@pytest.mark.parametrize("brought", [recorded(), None])
def test_a_label_proves_nothing(brought: dict[str, Any] | None) -> None:
    """Show it also where the toolkit has made no container yet."""
    has = facts(
        brought, flask=container_facts("1", THEIRS), flask_next=container_facts("2", THEIRS)
    )
    assert judge(has)["own"] == []
    text = " ".join(refusals(has))
    assert "it has a container flask that runs web:1, not the course image" in text
    assert "docker rm -f flask" in text
    assert "it has a container flask-next that is not the toolkit's" in text
    assert "docker rename flask-next other" in text


def test_one_that_was_about_to_be_made_is_the_toolkits() -> None:
    has = facts(
        recorded("1", making="flask-next"),
        flask=container_facts("1"),
        flask_next=container_facts("2"),
    )
    verdict = judge(has)
    assert (verdict["replaces"], verdict["left"]) == ("1", "2")
    assert verdict["own"] == verdict["removal"] == ["1", "2"]
    has["containers"]["flask-next"]["labels"] = {}
    assert judge(has)["left"] == ""


def test_a_successor_alone_is_what_an_interrupted_run_has_left() -> None:
    verdict = judge(facts(recorded("2"), flask_next=container_facts("2")))
    assert (verdict["replaces"], verdict["left"], verdict["refused"]) == ("", "2", [])


def test_a_run_of_the_course_by_hand_is_replaced_and_a_students_image_is_not() -> None:
    has = facts(recorded(), flask=container_facts("1", labels={}))
    assert judge(has)["replaces"] == "1"
    assert (judge(has)["own"], judge(has)["removal"]) == ([], ["1"])
    assert not judge(has)["settled"]
    assert refusals(has) == []
    has["containers"]["flask"]["image_id"] = IDS[BASE]
    assert (judge(has)["replaces"], judge(has)["removal"]) == ("", [])
    # An image that is made from the course image has its labels.
    has["images"][THEIRS]["labels"] = {"labocloud.image": "course"}
    has["containers"]["flask"]["image_id"] = f"id of {THEIRS}"
    assert judge(has)["replaces"] == ""
    # It may even have the name.
    has["images"][COURSE] |= {"id": f"id of {THEIRS}", "fingerprint": "theirs"}
    assert judge(has)["replaces"] == ""
    assert ids(has) == ["container_foreign"]


@pytest.mark.parametrize("port", [8080, 8081])
def test_another_name_replaces_what_the_toolkit_has_made_before(port: int) -> None:
    """Show it on the same port and on another one."""
    has = facts(recorded("1"), flask=container_facts("1"))
    other = {"flask_container_name": "autre", "flask_container_host_port": port}
    verdict = judge(has, **other)
    assert (verdict["replaces"], verdict["refused"], verdict["settled"]) == ("1", [], False)
    # Where a student has one of that name, ours is not given up for it.
    has["containers"]["autre"] = container_facts("2", labels={})
    assert "has a container autre" in refusals(has, **other)[0]


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        ({"process": "tomcat9", "pid": 812}, "tomcat9 (pid 812)"),
        ({}, "a process that cannot be seen from here"),
        ({"container": "web"}, "container web (web:1)"),
        ({"container": "gone"}, "container gone"),
    ],
)
def test_who_holds_the_port_is_named(holder: dict[str, Any], words: str) -> None:
    nobody = {"port": 8080, "address": "0.0.0.0", "process": None, "pid": None, "container": None}
    has = facts(recorded(), ("listeners", [nobody | holder]), web=container_facts("5", THEIRS))
    assert refusals(has) == [
        f"port 8080 is held by {words}. Fix: stop it, or set flask_container_host_port to a free"
        " port; then: ./lab up --limit pc02"
    ]
    assert ids(has) == ["port_taken"]
    assert refusals(has, flask_container_host_port=8081) == []


@pytest.mark.parametrize(
    ("listens", "bound", "taken"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("::", "127.0.0.1", True),
        ("", "127.0.0.1", True),
        ("192.0.2.2", "127.0.0.1", False),
        ("::1", "127.0.0.1", False),
        ("192.0.2.2", "0.0.0.0", True),
        ("::", "0.0.0.0", True),
        ("::1", "0.0.0.0", False),
    ],
)
def test_the_port_is_held_at_the_pages_own_address(listens: str, bound: str, taken: bool) -> None:
    tomcat = {"port": 8080, "address": listens, "process": "java", "pid": 7, "container": None}
    has = facts(recorded(), ("listeners", [tomcat]))
    assert (ids(has, flask_container_bind_address=bound) == ["port_taken"]) is taken


def test_without_an_engine_it_is_told_who_holds_the_port_and_nothing_else() -> None:
    stopped = [("docker/running", False), ("docker/cpus", 0)]
    assert ids(facts(recorded(), *stopped)) == []
    assert not judge(facts(recorded(), *stopped))["settled"]
    tomcat = {"port": 8080, "address": "::", "process": "java", "pid": 7, "container": None}
    assert ids(facts(recorded(), *stopped, ("listeners", [tomcat]))) == ["port_taken"]


def test_before_there_is_an_image_it_is_missing() -> None:
    has = facts(recorded(), ("images", {}))
    assert (ids(has), judge(has)["settled"]) == (["container_missing"], False)


def test_a_machine_that_is_no_seat_has_none() -> None:
    groups = {"lab": ["pc01"], "registry": ["srv"]}
    verdict = container.judge(facts(recorded()), sample_settings(groups, "srv"), builder())
    assert (verdict["settled"], verdict["findings"], verdict["wanted"]) == (True, [], {})


WRONG = [
    ("name", "flask élève", "letters without accents"),
    ("name", "", "letters"),
    ("host_port", 0, "1 to 65535"),
    ("host_port", 65536, "1 to 65535"),
    ("bind_address", "::1", "an IPv4 address of the seat"),
    ("bind_address", "localhost", "an IPv4 address of the seat"),
    ("bind_address", "192.0.2.8", "an address of the seat (127.0.0.1, 192.0.2.2, "),
    ("memory", "1k", "6M or more"),
    ("memory", "lots", "6M or more"),
    ("memory", "5.9M", "6M or more"),
    ("memory", "0", "6M or more"),
    ("cpus", -0.5, "0 for no limit"),
    ("cpus", float("nan"), "0 for no limit"),
    ("pids_limit", 0, "1 or more"),
    ("pids_limit", -1, "1 or more"),
]


@pytest.mark.parametrize(("name", "value", "fix"), WRONG)
def test_a_wrong_setting_is_refused_on_a_ready_seat(name: str, value: object, fix: str) -> None:
    [refusal] = refusals(seat(), **{f"flask_container_{name}": value})
    assert refusal.startswith(f"flask_container_{name} is {value}. Fix: ")
    assert fix in refusal


def test_settings_of_another_type_are_refused() -> None:
    [refusal] = refusals(seat(), flask_container_host_port="huit", flask_container_lifecycle="x")
    assert "flask_container_host_port" in refusal
    assert "ephemeral, persistent" in refusal
    assert not judge(seat(), flask_container_host_port="huit")["settled"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bind_address", "0.0.0.0"),
        ("bind_address", "192.0.2.2"),
        ("bind_address", "127.0.0.9"),
        ("memory", "6M"),
        ("memory", "6291456"),
        ("memory", "0.5g"),
        ("cpus", 0),
        ("cpus", 64),
        ("host_port", 65535),
        ("pids_limit", 1),
    ],
)
def test_a_right_setting_is_not(name: str, value: object) -> None:
    """Show that a new value is no refusal, and that the container is replaced for it."""
    verdict = judge(seat(), **{f"flask_container_{name}": value})
    assert (verdict["refused"], verdict["settled"]) == ([], False)


def test_where_the_seats_addresses_are_not_known_none_is_refused() -> None:
    has = facts(recorded(), ("network/addresses", []))
    assert refusals(has, flask_container_bind_address="192.0.2.8") == []


def test_addresses_of_ipv6_and_what_is_none_are_no_matter() -> None:
    change = ("network/addresses", ["::1/128", "fe80::1%eth0", "nonsense", "192.0.2.2/32"])
    assert refusals(seat(change), flask_container_bind_address="192.0.2.2") == []
    [refusal] = refusals(seat(change), flask_container_bind_address="192.0.2.8")
    assert "an address of the seat (192.0.2.2)" in refusal


def test_the_limit_of_the_cpus_is_what_the_seat_has() -> None:
    one_cpu = seat(("docker/cpus", 1))
    assert judge(one_cpu, flask_container_cpus=4.0)["settled"]
    wanted = container.container_of(sample_settings(flask_container_cpus=0), seat())
    assert wanted["HostConfig"]["NanoCpus"] == 0


@pytest.mark.parametrize(
    ("lacking", "unlimited"), [("memory", ["Memory", "MemorySwap"]), ("pids", ["PidsLimit"])]
)
def test_a_limit_that_the_engine_lacks_is_not_asked_for(lacking: str, unlimited: list[str]) -> None:
    host = container.container_of(sample_settings(), seat((f"docker/{lacking}", False)))[
        "HostConfig"
    ]
    limits = ("Memory", "MemorySwap", "NanoCpus", "PidsLimit")
    assert [key for key in limits if host[key] == 0] == unlimited


@pytest.mark.parametrize(
    ("lifecycle", "removed", "policy"), [("ephemeral", True, "no"), ("persistent", False, "always")]
)
def test_how_it_comes_and_goes(lifecycle: str, removed: bool, policy: str) -> None:
    """Show that another lifecycle replaces the container, and that this is no finding."""
    wanted = container.container_of(sample_settings(flask_container_lifecycle=lifecycle), seat())[
        "HostConfig"
    ]
    assert (wanted["AutoRemove"], wanted["RestartPolicy"]["Name"]) == (removed, policy)
    verdict = judge(seat(), flask_container_lifecycle=lifecycle)
    assert verdict["settled"] is removed
    assert verdict["findings"] == []
    assert verdict["differs"] == ([] if removed else ["AutoRemove", "RestartPolicy"])


def test_what_it_has_to_be_is_what_an_engine_is_asked_for() -> None:
    """Show that the container has the names and the forms of Docker's API."""
    wanted = container.container_of(sample_settings(), seat())
    assert wanted["Image"] == COURSE
    assert wanted["User"] == "10001:10001"
    assert wanted["Labels"] == MANAGED
    assert wanted["ExposedPorts"] == {"8888/tcp": {}}
    host = wanted["HostConfig"]
    assert host["PortBindings"] == {"8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}
    assert host["Memory"] == host["MemorySwap"] == 128 * 2**20
    assert (host["NanoCpus"], host["PidsLimit"], host["CapDrop"]) == (10**9, 64, ["ALL"])
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    assert not any(host[key] for key in ("CapAdd", "Devices", "GroupAdd", "Mounts", "PidMode"))


def test_docker_asks_it_for_its_health_seldom_and_by_what_the_image_has_for_that() -> None:
    """Show that checks are rare, as each costs the seat, and that they replace no container."""
    wanted = container.container_of(sample_settings(), seat())
    assert wanted["Healthcheck"]["Interval"] >= 60e9
    assert "Test" not in wanted["Healthcheck"]
    assert "Healthcheck" not in container.as_facts(sample_settings(), seat())


def test_all_that_is_held_against_is_asked() -> None:
    assert set(container.as_facts(sample_settings(), seat())) == set(SETTINGS)


def differs(observed: dict[str, Any]) -> list[str]:
    return judge(seat(("containers/flask/settings", observed)))["differs"]


def test_the_container_that_the_role_has_started_is_as_it_has_to_be() -> None:
    assert differs(SETTINGS) == []
    assert differs(SETTINGS | {"NetworkMode": "default"}) == []
    assert differs(SETTINGS | {"RestartPolicy": {"Name": ""}}) == []
    # An empty answer is that of a container that is just going.
    assert differs({}) == []


def test_the_courses_command_by_hand_has_the_rights_and_no_limits() -> None:
    """Show that such a container leaves the seat ready, and is replaced."""
    has = seat(("containers/flask/settings", BY_HAND))
    assert differs(BY_HAND) == LIMITS
    [problem] = judge(has)["findings"]
    assert (problem["id"], problem["severity"]) == ("container_unlimited", "warning")
    assert f"without its limits ({', '.join(LIMITS)})" in problem["cause"]["en"]
    assert not judge(has)["settled"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Privileged", True),
        ("User", "0"),
        ("User", ""),
        ("Mounts", ["/:/host"]),
        ("CapAdd", ["SYS_ADMIN"]),
        ("Devices", [{"PathOnHost": "/dev/sda"}]),
        ("DeviceCgroupRules", ["b 8:* rwm"]),
        ("GroupAdd", ["0"]),
        ("NetworkMode", "host"),
        ("NetworkMode", "container:abc"),
        ("PidMode", "host"),
        ("IpcMode", "host"),
        ("UTSMode", "host"),
        ("UsernsMode", "host"),
        ("SecurityOpt", ["no-new-privileges", "apparmor=unconfined"]),
        # What a seat says is not trusted to be of the right kind.
        ("Mounts", "x"),
        ("CapAdd", {"x": 1}),
        ("SecurityOpt", 7),
    ],
)
def test_whatever_reaches_out_of_it_is_told_apart(key: str, value: object) -> None:
    """Show it for a container that has our label and record, and whose page is right."""
    has = seat(("containers/flask/settings", SETTINGS | {key: value}))
    assert ids(has) == ["container_altered"]
    [problem] = judge(has)["findings"]
    assert f"rights that it has to have ({key})" in problem["cause"]["en"]
    assert not judge(has)["settled"]


def test_both_are_told_the_error_first() -> None:
    observed = SETTINGS | {"Privileged": True, "ReadonlyRootfs": False}
    has = seat(("containers/flask/settings", observed))
    assert ids(has) == ["container_altered", "container_unlimited"]


@pytest.mark.parametrize("answer", ["x", 7, [1], {"a": []}, True, None])
@pytest.mark.parametrize("key", sorted(SETTINGS))
def test_whatever_a_seat_says_of_it_can_be_judged(key: str, answer: object) -> None:
    judge(seat(("containers/flask/settings", SETTINGS | {key: answer})))


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        (("containers", {}), "container_missing", "flask is missing"),
        (("containers/flask/state", "exited"), "container_stopped", "flask is exited"),
    ],
)
def test_a_seat_where_one_thing_is_wrong(change: tuple[str, object], name: str, words: str) -> None:
    [problem] = judge(seat(change, ("listeners", [])))["findings"]
    assert problem["id"] == name
    assert words in problem["cause"]["en"]


def has_no_cpus() -> dict[str, Any]:
    """Return a seat whose engine cannot limit CPUs, and whose container is not limited."""
    return seat(("docker/cpus", 0), ("containers/flask/settings", SETTINGS | {"NanoCpus": 0}))


def test_a_limit_that_cannot_be_is_missed_where_it_was_asked_for() -> None:
    assert judge(has_no_cpus())["settled"]
    [problem] = judge(has_no_cpus())["findings"]
    assert (problem["id"], problem["severity"]) == ("cpu_unlimited", "warning")
    assert "cannot limit the CPUs of flask" in problem["cause"]["en"]
    assert ids(has_no_cpus(), flask_container_cpus=0.0) == []


PAGES = [
    ({"status": None, "revision": None, "why": "timed out"}, "flask: timed out."),
    ({"status": 200, "revision": OLD, "why": ""}, f"flask: revision {OLD[:12]} answers."),
    ({"status": 200, "revision": "", "why": ""}, "flask: revision ? answers."),
    ({"status": 200, "revision": None, "why": "it tells none."}, "flask: it tells none."),
    ({"status": None, "revision": None, "why": ""}, "flask: no answer."),
    ({"status": 500, "revision": None, "why": "its status is 500"}, "flask: its status is 500."),
    ({"status": None, "revision": None, "why": "no \x1b[2J page"}, "flask: no [2J page."),
]


@pytest.mark.parametrize(("page", "words"), PAGES)
def test_a_page_that_is_not_the_containers_own(page: dict[str, Any], words: str) -> None:
    """Show that a new container takes its place, whose page may answer."""
    has = seat(("page", page))
    [problem] = judge(has)["findings"]
    assert problem["id"] == "container_unhealthy"
    assert problem["cause"]["en"].endswith(words)
    assert "http://127.0.0.1:8080/healthz" in problem["cause"]["en"]
    assert not judge(has)["settled"]


def test_a_page_that_nobody_asked_for_is_not_judged() -> None:
    assert judge(seat(("page", None)))["settled"]


def test_who_holds_the_port_explains_the_page() -> None:
    """Show that a taken port is the only finding where the container has lost its network."""
    java = {"port": 8080, "address": "::", "process": "java", "pid": 7, "container": None}
    has = seat(("page", PAGES[0][0]), ("listeners", [java]))
    assert ids(has) == ["port_taken"]


def test_where_nothing_is_to_be_done_nobody_is_in_the_way() -> None:
    """Show it where somebody else's container has the name of a successor."""
    has = seat(("containers/flask-next", container_facts("2", THEIRS)))
    assert (judge(has)["settled"], judge(has)["refused"]) == (True, [])


AN_OLD_ONE = [
    ("containers/flask/labels/labocloud.revision", OLD),
    ("containers/flask/image_id", image(OLD)["id"]),
    ("page/revision", OLD),
]


def test_a_container_of_an_old_image_is_told_where_the_image_is_right() -> None:
    has = seat(*AN_OLD_ONE)
    [problem] = judge(has)["findings"]
    assert problem["id"] == "container_old"
    assert f"{OLD[:12]}, not {REVISION[:12]}" in problem["cause"]["en"]
    assert (judge(has)["differs"], judge(has)["settled"]) == (["Image"], False)


def test_an_image_that_is_not_right_explains_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show that the images' part tells it, and that a container of the same image is right."""
    old = finding("image_missing", "pc02", image=COURSE)
    monkeypatch.setattr(images, "judge", lambda *_: part([old], settled=False))
    assert ids(seat(*AN_OLD_ONE)) == []
    assert not judge(seat(*AN_OLD_ONE))["settled"]
    same = seat(*AN_OLD_ONE, (f"images/{COURSE}", image(OLD)))
    assert judge(same)["settled"]


def test_of_an_image_of_somebodys_own_the_builder_knows_nothing() -> None:
    has = seat((f"images/{THEIRS}", STUDENTS), ("images/other:1", STUDENTS))
    verdict = judge(has, {}, flask_container_image=THEIRS)
    assert [each["id"] for each in verdict["findings"]] == ["container_old"]


def test_an_image_of_another_making_with_the_same_revision_is_another_one() -> None:
    has = seat(("containers/flask/image_id", "sha256:" + "e" * 64))
    [problem] = judge(has)["findings"]
    assert f"{'e' * 12}, not of course" in problem["cause"]["en"]


def test_a_container_whose_image_has_lost_its_name_stays() -> None:
    """Show that the part of the images tells it, and not that of the container."""
    others = changed(seat()["images"])
    del others[COURSE]
    assert judge(seat(("images", others)))["settled"]


@settings(deadline=None)
@given(st.sampled_from(["128M", "1G", "6m", "1k"]) | st.integers() | st.floats() | st.none())
def test_a_size_of_memory(size: object) -> None:
    assert isinstance(container.memory_bytes(size), int)


NUMBERS = ("128", "0.5", ".5", "1.", " 1", "", "-1", "1e3", "0" * 400 + "7", "\u0663")
UNITS = (
    *("", "B", "b", "BB", "byte", "Bytes", "K", "k", "KB", "kb", "Kb", "kilobyte", "KiloByte"),
    *("M", "MB", "MiB", "megabyte", "megabytes", "Mega", "G", "Gb", "GB", "T", "p", "EB", "Z"),
    *("zetabyte", "zettabyte", "Y", "yottabyte", "x", "KB x"),
)


@pytest.mark.parametrize("unit", UNITS)
def test_a_size_is_read_as_ansible_reads_it(unit: str) -> None:
    """Show that sizes are read as before, so that no container is started anew for the same."""
    for number, space, end in product(NUMBERS, ("", " ", "\t "), ("", " ", "\n")):
        text = f"{number}{space}{unit}{end}"
        try:
            right = human_to_bytes(text)
        except ValueError:
            right = 0
        assert container.memory_bytes(text) == right, repr(text)


DEFAULTS = sample_settings()


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "name": st.text() | st.just("flask"),
            "host_port": st.integers(),
            "bind_address": st.text() | st.just("127.0.0.1"),
            "memory": st.text() | st.just("128M"),
            "cpus": st.floats(),
            "pids_limit": st.integers(),
        }
    )
)
def test_wrong_settings_are_named(values: dict[str, Any]) -> None:
    changed_settings = DEFAULTS | {f"flask_container_{key}": value for key, value in values.items()}
    sentences = [in_words([each]) for each in container.wrong_settings(seat(), changed_settings)]
    names = [re.match("flask_container_([a-z_]+) is ", sentence)[1] for sentence in sentences]
    assert len(set(names)) == len(names)
    assert ("pids_limit" in names) is (values["pids_limit"] < 1)
    assert all(". Fix: " in sentence for sentence in sentences)
