"""Which container is the toolkit's, whether it is as it has to be, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.labocloud.room.plugins.filter import flask_container

PROJECT = Path(__file__).parents[2]
COURSE, BASE, THEIRS = "labocloud20202021:python", "labocloud20202021:base", "web:1"
MANAGED = {"labocloud.managed": "true"}
SETTINGS = {
    "name": "flask",
    "host_port": 8080,
    "bind_address": "127.0.0.1",
    "memory": "128M",
    "cpus": 1.0,
    "pids_limit": 64,
}
# As an engine tells of the container that the role has started.
TOLD = {
    "CapAdd": None,
    "CapDrop": ["ALL"],
    "Devices": None,
    "GroupAdd": None,
    "IpcMode": "private",
    "Memory": 134217728,
    "NanoCpus": 1000000000,
    "NetworkMode": "bridge",
    "PidMode": "",
    "PidsLimit": 64,
    "Privileged": False,
    "ReadonlyRootfs": True,
    "SecurityOpt": ["no-new-privileges"],
    "Tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=16m"},
    "UTSMode": "",
    "UsernsMode": "",
    "User": "10001:10001",
    "Mounts": [],
    "PortBindings": ["127.0.0.1:8080:8888/tcp"],
}
# docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python
BY_HAND = TOLD | {
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


def container(key: str, image: str = COURSE, **other: object) -> dict[str, Any]:
    """Give a container as seat_facts does."""
    told = {"id": key, "image": image, "image_id": f"id of {image}", "labels": MANAGED}
    return told | {"state": "running", "settings": TOLD} | other


def seat(brought: dict[str, Any] | None = None, **containers: dict[str, Any]) -> dict[str, Any]:
    """Give a seat as seat_facts does, with these containers."""
    names = {name.replace("_", "-"): one for name, one in containers.items()}
    return {
        "before": {"packages": []},
        "brought": {"packages": [], "users": []} | ({} if brought is None else brought),
        "built": {f"{COURSE}-1": "print of the course", BASE: "print of the base"},
        "images": {
            name: {
                "id": f"id of {name}".removesuffix("-1"),
                "fingerprint": f"print of the {what}",
                "labels": {"labocloud.image": what},
            }
            for name, what in (
                (COURSE, "course"),
                (f"{COURSE}-1", "course"),
                (BASE, "base"),
            )
        }
        | {THEIRS: {"id": f"id of {THEIRS}", "fingerprint": "theirs", "labels": {}}},
        "containers": names,
        "listeners": [
            {"port": 8080, "process": "docker-proxy", "pid": 9, "container": name}
            for name in list(names)[:1]
        ],
        "network": {"addresses": ["127.0.0.0/8", "127.0.0.1/32", "192.0.2.7/32"]},
    }


def plan(facts: dict[str, Any], **settings: object) -> dict[str, Any]:
    return flask_container.flask_container(facts, SETTINGS | settings)


def refusals(facts: dict[str, Any], **settings: object) -> list[str]:
    return flask_container.flask_container_refusals(facts, SETTINGS | settings, "pc07")


def recorded(*keys: str, making: str = "") -> dict[str, Any]:
    return {"containers": list(keys), "making": making}


def test_what_is_recorded_is_the_toolkits_whatever_it_is_called() -> None:
    facts = seat(recorded("1", "gone"), autre=container("1", labels={}))
    found = plan(facts)
    assert (found["own"], found["replaces"], found["left"]) == ({"autre": "1"}, "1", "")
    assert (found["present"], found["ours"], found["holders"]) == (None, False, [])
    assert refusals(facts) == []


def test_a_label_proves_nothing_where_there_is_a_record() -> None:
    facts = seat(recorded(), flask=container("1", THEIRS), flask_next=container("2", THEIRS))
    assert plan(facts)["own"] == {}
    said = " ".join(refusals(facts))
    assert "pc07 has a container flask that runs web:1, not the course image" in said
    assert "pc07 has a container flask-next that is not the toolkit's" in said
    assert "docker rename flask-next other" in said


def test_one_that_was_about_to_be_made_is_the_toolkits() -> None:
    facts = seat(
        recorded("1", making="flask-next"), flask=container("1"), flask_next=container("2")
    )
    found = plan(facts)
    assert (found["replaces"], found["left"]) == ("1", "2")
    assert found["own"] == {"flask": "1", "flask-next": "2"}
    facts["containers"]["flask-next"]["labels"] = {}
    assert plan(facts)["left"] == ""


def test_a_successor_alone_is_what_an_interrupted_run_has_left() -> None:
    found = plan(seat(recorded("2"), flask_next=container("2")))
    assert (found["replaces"], found["left"], found["holders"]) == ("", "2", [])


def test_without_a_record_the_label_is_believed_once_more() -> None:
    """As on a seat that a version before this one has made ready."""
    facts = seat(flask=container("1"), flask_next=container("2"), other=container("3"))
    assert plan(facts)["own"] == {"flask": "1", "flask-next": "2"}
    assert plan(facts)["ours"]
    facts["images"][COURSE]["labels"] |= MANAGED  # inherited
    assert plan(facts)["own"] == {}
    never = seat(flask=container("1", THEIRS)) | {"before": None}
    assert plan(never)["own"] == {}


def test_a_run_of_the_course_by_hand_is_replaced_and_a_students_image_is_not() -> None:
    facts = seat(recorded(), flask=container("1", labels={}))
    assert (plan(facts)["replaces"], plan(facts)["ours"]) == ("1", True)
    assert refusals(facts) == []
    facts["containers"]["flask"]["image_id"] = f"id of {BASE}"
    assert not plan(facts)["ours"]
    # Made from the course image, it has its labels.
    facts["images"][THEIRS]["labels"] = {"labocloud.image": "course"}
    facts["containers"]["flask"]["image_id"] = f"id of {THEIRS}"
    assert (plan(facts)["replaces"], plan(facts)["ours"]) == ("", False)
    # It has even the name.
    facts["images"][COURSE] |= {"id": f"id of {THEIRS}", "fingerprint": "theirs"}
    assert not plan(facts)["ours"]


def test_another_name_replaces_what_the_toolkit_has_made_before() -> None:
    """On the same port and on another one."""
    facts = seat(recorded("1"), flask=container("1"))
    for port in (8080, 8081):
        found = plan(facts, name="autre", host_port=port)
        assert (found["replaces"], found["holders"], found["ours"]) == ("1", [], False)
        assert refusals(facts, name="autre", host_port=port) == []
    # Where a student has one of that name, ours is not given up for it.
    facts["containers"]["autre"] = container("2", labels={})
    assert not plan(facts, name="autre")["ours"]
    assert "has a container autre" in refusals(facts, name="autre")[0]


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        ({"process": "tomcat9", "pid": 812}, "tomcat9 (pid 812)"),
        ({}, "a process that cannot be seen from here"),
        ({"container": "web"}, "container web (web:1)"),
    ],
)
def test_who_holds_the_port_is_named(holder: dict[str, Any], words: str) -> None:
    facts = seat(recorded(), web=container("5", THEIRS))
    facts["listeners"] = [{"port": 8080, "process": None, "pid": None, "container": None} | holder]
    assert refusals(facts) == [
        f"pc07: port 8080 is held by {words}."
        " Fix: stop it, or set flask_container_host_port to a free port."
    ]
    assert refusals(facts, host_port=8081) == []


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("name", "flask élève", "letters without accents"),
        ("name", "", "letters"),
        ("host_port", 0, "1 to 65535"),
        ("host_port", 65536, "1 to 65535"),
        ("bind_address", "::1", "an IPv4 address of the seat"),
        ("bind_address", "localhost", "an IPv4 address of the seat"),
        ("bind_address", "192.0.2.8", "an address of the seat (127.0.0.1, 192.0.2.7)"),
        ("memory", "1k", "6M or more"),
        ("memory", "lots", "6M or more"),
        ("memory", "5.9M", "6M or more"),
        ("memory", 0, "6M or more"),
        ("pids_limit", 0, "1 or more"),
        ("pids_limit", -1, "1 or more"),
    ],
)
def test_a_wrong_setting_is_refused_on_a_seat_that_is_ready(
    name: str, value: object, fix: str
) -> None:
    facts = seat(recorded("1"), flask=container("1"))
    [said] = refusals(facts, **{name: value})
    assert said.startswith(f"pc07: flask_container_{name} is {value}. Fix: ")
    assert fix in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bind_address", "0.0.0.0"),
        ("bind_address", "192.0.2.7"),
        ("bind_address", "127.0.0.9"),
        ("memory", "6M"),
        ("memory", "6291456"),
        ("memory", "0.5g"),
        ("host_port", 65535),
        ("pids_limit", 1),
    ],
)
def test_a_right_setting_is_not(name: str, value: object) -> None:
    assert refusals(seat(recorded("1"), flask=container("1")), **{name: value}) == []


def test_where_the_seats_addresses_are_not_known_none_is_refused() -> None:
    facts = seat() | {"network": {"addresses": []}}
    assert refusals(facts, bind_address="192.0.2.8") == []


def tasks(role: str, name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((PROJECT / f"roles/{role}/tasks/{name}.yml").read_text())


def test_a_playbook_that_is_run_alone_refuses_the_same() -> None:
    """Nothing in these files may end the role: main goes on after them."""
    module = "ansible.builtin.assert"
    first, last = tasks("flask_container", "main")[0], tasks("flask_container", "preflight")[-1]
    assert first[module] == last[module]
    assert tasks("course_image", "main")[0]["ansible.builtin.import_tasks"] == "preflight.yml"
    assert tasks("course_image", "preflight")[-1]["ansible.builtin.include_tasks"] == "refuse.yml"
    used = [*tasks("course_image", "preflight"), *tasks("course_image", "refuse")]
    assert not any("ansible.builtin.meta" in task for task in used)


def test_the_container_that_the_role_has_started_is_as_it_has_to_be() -> None:
    assert flask_container.differences(SETTINGS, TOLD) == ([], [])
    assert flask_container.differences(SETTINGS, TOLD | {"NetworkMode": "default"}) == ([], [])
    assert flask_container.differences(SETTINGS, {}) == ([], [])


def test_the_courses_command_by_hand_has_the_rights_and_no_limits() -> None:
    rights, limits = flask_container.differences(SETTINGS, BY_HAND)
    assert rights == []
    others = {"Memory", "NanoCpus", "PidsLimit", "PortBindings"}
    assert set(limits) == {*flask_container.LIMITS, *others}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Privileged", True),
        ("User", "0"),
        ("User", ""),
        ("Mounts", ["/:/host"]),
        ("CapAdd", ["SYS_ADMIN"]),
        ("Devices", [{"PathOnHost": "/dev/sda"}]),
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
    ],
)
def test_whatever_reaches_out_of_it_is_told_apart(key: str, value: object) -> None:
    """By what it is: it has our label, and our record."""
    facts = seat(recorded("1"), flask=container("1", settings=TOLD | {key: value}))
    assert (plan(facts)["rights"], plan(facts)["limits"]) == ([key], [])


def test_what_the_role_starts_is_what_it_is_held_against() -> None:
    """One of the two cannot be changed alone."""
    main = tasks("flask_container", "main")
    arguments = main[1]["module_defaults"]["community.docker.docker_container"]
    # How it comes and goes, and not what it may do.
    for key in ("image", "image_name_mismatch", "pull", "detach", "auto_remove", "restart_policy"):
        arguments.pop(key)
    for key in ("removal_wait_timeout", "labels"):
        arguments.pop(key)
    # By docker_container's names, in its way of writing.
    path, _, options = arguments.pop("tmpfs")[0].partition(":")
    of_the_role = {
        "Tmpfs": {path: options},
        "ReadonlyRootfs": arguments.pop("read_only"),
        "CapDrop": arguments.pop("cap_drop"),
        "SecurityOpt": arguments.pop("security_opts"),
        "User": arguments.pop("user"),
        "Privileged": arguments.pop("privileged"),
    }
    judged = flask_container.RIGHTS | flask_container.LIMITS
    assert {key: judged[key] for key in of_the_role} == of_the_role
    # What it may do besides has to be nothing.
    assert not any(judged[key] for key in judged.keys() - of_the_role.keys())
    assert arguments == {
        "published_ports": [
            "{{ flask_container_bind_address }}:{{ flask_container_host_port }}:8888"
        ],
        "memory": "{{ flask_container_memory }}",
        "memory_swap": "{{ flask_container_memory }}",
        "cpus": "{{ __flask_container_settings.cpus }}",
        "pids_limit": "{{ flask_container_pids_limit }}",
    }
