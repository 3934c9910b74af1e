"""Test the verdict on an engine without root: what it needs, and what becomes of the other."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.facts.students import ROOT
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import (
    container,
    engine,
    network,
    rootless,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import hashes
from sample_seat import BASE, COURSE, REVISION, SEAT, sample_settings, seat
from test_judge_engine import BARE, ids

UID = 995
ACCOUNT = {
    "uid": UID,
    "gid": 996,
    "locked": True,
    "subuids": [[2_100_000_000, 65_536]],
    "subgids": [[2_100_000_000, 65_536]],
}
ROOTLESS = {"docker_engine_students": "rootless"}
ALLOTTED = ("students/account", ACCOUNT)


def without_root(*changes: tuple[str, object], **variables: object) -> dict[str, Any]:
    """Return the facts of a seat that is as it should be without root, with changes."""
    packages = SEAT["packages"] | dict.fromkeys(rootless.PACKAGES["distro"], "1")
    files = engine_files.files(seat(ALLOTTED), sample_settings(**ROOTLESS, **variables))
    return seat(
        ("packages", packages),
        ("files", hashes(files)),
        ("students/members", []),
        ALLOTTED,
        ("docker/uid", UID),
        ("docker/roots", []),
        ("docker/root", ROOT),
        ("docker/masked", ["docker.socket", "containerd.service"]),
        ("docker/socket", {"uid": UID, "gid": 996, "mode": 0o660, "groups": []}),
        ("before/roots", dict.fromkeys(engine_roots(), "absent")),
        *changes,
    )


def engine_roots() -> list[str]:
    return [ROOT, engine.DOCKER_ROOT, engine.CONTAINERD_ROOT]


def judge(has: dict[str, Any], **variables: object) -> dict[str, Any]:
    return engine.judge(has, sample_settings(**variables), {})


def test_a_seat_without_root_that_is_as_it_should_be_is_left_alone() -> None:
    verdict = judge(without_root(), **ROOTLESS)
    assert (verdict["settled"], verdict["findings"], verdict["refused"]) == (True, [], [])
    assert (verdict["moving"], verdict["leaves"]) == (rootless.NOTHING_MOVED, [])


def test_a_bare_seat_gets_an_account_and_what_such_an_engine_needs() -> None:
    verdict = judge(seat(*BARE, ("docker/uid", None), ("docker/roots", [])), **ROOTLESS)
    assert verdict["refused"] == []
    assert set(rootless.PACKAGES["distro"]) <= set(verdict["packages"])
    assert verdict["housed"] is False
    assert verdict["ids"] == [
        *("--add-subuids", "2100000000-2100065535"),
        *("--add-subgids", "2100000000-2100065535"),
    ]
    assert verdict["roots"] == engine_roots()
    assert verdict["units"] == ["docker.service"]
    assert verdict["stops"] == ["docker.socket", "containerd.service"]
    assert verdict["moving"] == rootless.NOTHING_MOVED
    assert (verdict["leaves"], verdict["lodging"]) == ([], None)


def test_a_containerd_that_was_there_is_left_to_whom_it_serves() -> None:
    changes = [change for change in BARE if change[0] != "packages"]
    has = seat(*changes, ("packages", {"containerd": "1.7"}))
    verdict = judge(has, **ROOTLESS)
    assert engine_files.CONTAINERD_MASK not in verdict["files"]
    assert verdict["stops"] == ["docker.socket"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (("service_manager", "none"), "rootless_systemd"),
        (("able/namespaces", False), "rootless_namespaces"),
        (("able/apparmor", True), "rootless_apparmor"),
        (("able/cgroup2", False), "rootless_cgroup"),
        (("able/tun", False), "rootless_tun"),
        (("able/file_system", "nfs4"), "rootless_disk"),
        (("able/file_system", "overlay"), "rootless_disk"),
        (("files", {engine_files.UNIT: "theirs"}), "rootless_unit"),
    ],
)
def test_what_a_seat_lacks_refuses_it_untouched(change: tuple[str, object], name: str) -> None:
    has = seat(*BARE, change)
    verdict = judge(has, **ROOTLESS)
    assert ids(verdict, "refused") == [name]
    assert not verdict["settled"]
    # As a member of the group docker everybody can.
    assert judge(has)["refused"] == []


def test_what_runs_without_root_is_able_to() -> None:
    changes = (("able/tun", False), ("able/namespaces", False))
    assert judge(without_root(*changes), **ROOTLESS)["settled"]
    stopped = without_root(*changes, ("docker/running", False), ("docker/uid", None))
    assert ids(judge(stopped, **ROOTLESS), "refused") == ["rootless_namespaces", "rootless_tun"]


def test_a_password_in_daemon_json_is_refused_where_students_can_read_it() -> None:
    options = {
        "docker_engine_daemon_options": {"proxies": {"http-proxy": "http://proxy.example:1"}}
    }
    assert ids(judge(seat(*BARE), **options, **ROOTLESS), "refused") == ["rootless_proxies"]
    assert judge(seat(*BARE), **options)["refused"] == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (("docker/uid", 0), "engine_kind"),
        (("docker/roots", [612]), "engine_kind"),
        (("docker/uid", 1000), "engine_kind"),
    ],
)
def test_who_answers_is_what_the_kernel_tells(change: tuple[str, object], name: str) -> None:
    verdict = judge(without_root(change), **ROOTLESS)
    assert (ids(verdict), verdict["settled"], verdict["runs"]) == ([name], False, False)
    # What is not to run is stopped before the other one starts.
    assert "docker.service" in verdict["stops"]


def test_an_engine_that_is_not_roots_is_no_engine_for_the_group_docker() -> None:
    assert ids(judge(seat(("docker/uid", 1000)))) == ["engine_kind"]


OVERLAPPING = [[2_100_000_000 - 10, 11], [2_100_065_535, 5]]


@pytest.mark.parametrize(
    ("account", "others"),
    [
        (ACCOUNT | {"locked": False}, []),
        (ACCOUNT | {"subuids": []}, []),
        (ACCOUNT | {"subgids": [[2_100_000_000, 65_535]]}, []),
        (ACCOUNT | {"subuids": [[1], []]}, []),
        (ACCOUNT, OVERLAPPING[:1]),
        (ACCOUNT, OVERLAPPING[1:]),
    ],
)
def test_an_account_that_could_be_used_or_has_no_ids_of_its_own_is_mended(
    account: dict[str, Any], others: list[list[int]]
) -> None:
    has = without_root(("students/account", account), ("students/ranges", others))
    verdict = judge(has, **ROOTLESS)
    assert (verdict["housed"], verdict["settled"]) == (False, False)
    assert judge(without_root(("students/ranges", [[5, 2_099_999_995]])), **ROOTLESS)["housed"]


def test_ids_that_are_right_are_left_alone_for_the_engine_that_runs_with_them() -> None:
    unlocked = without_root(("students/account/locked", False))
    assert judge(unlocked, **ROOTLESS)["ids"] == []
    lacking = without_root(("students/account/subgids", []))
    assert judge(lacking, **ROOTLESS)["ids"] == ["--add-subgids", "2100000000-2100065535"]


def test_its_ids_are_nobody_elses() -> None:
    has = without_root(("students/ranges", OVERLAPPING))
    first = 2_100_065_540
    assert judge(has, **ROOTLESS)["ids"] == [
        *("--del-subuids", "2100000000-2100065535", "--add-subuids", f"{first}-{first + 65535}"),
        *("--del-subgids", "2100000000-2100065535", "--add-subgids", f"{first}-{first + 65535}"),
    ]


MINE = {COURSE, f"{COURSE}-{REVISION[:12]}", BASE}


def test_the_images_go_over_to_an_engine_of_the_other_kind_and_nothing_else_is_lost() -> None:
    verdict = judge(seat(), **ROOTLESS)
    assert verdict["refused"] == []
    assert set(verdict["moving"]["images"]) == MINE
    assert verdict["moving"]["images"][BASE] == SEAT["images"][BASE]["fingerprint"]
    assert verdict["moving"]["left"] == [engine.DOCKER_ROOT, engine.CONTAINERD_ROOT]
    assert not verdict["data_stay"]
    assert verdict["stops"] == ["docker.socket", "containerd.service", "docker.service"]
    back = judge(without_root())
    assert back["refused"] == []
    assert set(back["moving"]["images"]) == MINE
    assert (back["moving"]["left"], back["lodging"]) == ([ROOT], UID)
    # What makes the socket starts with it, and so does what was kept from starting.
    assert back["units"] == ["containerd.service", "docker.socket", "docker.service"]
    assert set(back["stale"]) == {
        engine_files.UNIT,
        engine_files.SOCKET_MASK,
        engine_files.CONTAINERD_MASK,
    }


def test_what_a_run_that_was_killed_has_left_is_taken_up() -> None:
    """Show that the next run uses the archive of images, and removes the other kind's data."""
    left = [engine.DOCKER_ROOT, engine.CONTAINERD_ROOT]
    moving = {"path": "/var/tmp/a", "sha256": "b", "images": {COURSE: "c"}, "left": left}
    recorded = ("brought/moving", moving)
    verdict = judge(without_root(recorded), **ROOTLESS)
    assert (verdict["moved"], verdict["settled"], verdict["leaves"]) == (moving, False, left)
    # What was in use before the toolkit is not its to remove.
    for theirs in (("before/roots", dict.fromkeys(engine_roots(), "in use")), ("before", None)):
        assert judge(without_root(recorded, theirs), **ROOTLESS)["leaves"] == []
    # Nor is that of the engine that runs, to which somebody has gone back.
    assert engine.DOCKER_ROOT not in judge(seat(recorded))["leaves"]


def test_data_that_lie_elsewhere_are_nobodys_business() -> None:
    """Show that only the data that a change of kind has recorded goes."""
    options = {"docker_engine_daemon_options": {"data-root": "/srv/docker"}}
    assert judge(seat(("docker/root", "/srv/docker")), **options)["leaves"] == []


def test_an_engine_that_was_there_keeps_its_data_and_none_of_the_toolkits() -> None:
    roots = {engine.DOCKER_ROOT: "in use", engine.CONTAINERD_ROOT: "in use"}
    verdict = judge(seat(("before/roots", roots)), **ROOTLESS)
    assert verdict["data_stay"]
    assert not judge(seat(("before/roots", roots)))["data_stay"]


def test_units_of_the_toolkits_are_known_where_the_account_was_removed_by_hand() -> None:
    has = without_root(
        ("students/account", None), ("docker/running", False), ("docker/data", False)
    )
    verdict = judge(has, **ROOTLESS)
    assert (verdict["refused"], verdict["housed"]) == ([], False)
    assert judge(without_root(("before/roots", {}), ("students/account", None)))["stale"] == []


def test_what_an_engine_without_root_kept_goes_from_a_seat_that_had_docker_before() -> None:
    before = SEAT["before"] | {"packages": ["docker.io"], "roots": {ROOT: "absent"}}
    removal = judge(without_root(("before", before)), docker_engine_purge=True, **ROOTLESS)[
        "removal"
    ]
    assert (removal["purges"], removal["checked"], removal["data"]) == (True, [ROOT], [ROOT])


@pytest.mark.parametrize("port", [-1, 1025])
def test_the_lowest_port_is_one_that_there_is(port: int) -> None:
    text = in_words(judge(seat(), docker_engine_lowest_port=port, **ROOTLESS)["refused"])
    assert f"docker_engine_lowest_port, {port}, is to be 0 to 1024" in text


def test_no_account_stays_for_an_engine_that_root_runs() -> None:
    verdict = judge(seat(ALLOTTED))
    assert (verdict["housed"], verdict["settled"], verdict["lodging"]) == (False, False, UID)


def test_nothing_goes_over_that_has_only_the_name_of_the_rooms() -> None:
    has = seat((f"images/{COURSE}/fingerprint", "another"))
    verdict = judge(has, **ROOTLESS)
    assert COURSE not in verdict["moving"]["images"]
    assert f"image {COURSE}" in in_words(verdict["refused"])


THEIRS = [
    (("containers", {"mine": {"id": "c"}}), "container mine"),
    (("volumes", ["work"]), "volume work"),
    (("networks", ["lan"]), "network lan"),
    (("images", {"mine:1": {"fingerprint": "f"}}), "image mine:1"),
    (("docker/swarm", True), "membership of a swarm"),
]


@pytest.mark.parametrize("kind", ["group", "rootless"])
@pytest.mark.parametrize(("change", "name"), THEIRS)
def test_students_work_is_not_left_behind(kind: str, change: tuple[str, object], name: str) -> None:
    has = seat(change) if kind == "rootless" else without_root(change)
    verdict = judge(has, docker_engine_students=kind)
    assert ids(verdict, "refused") == ["engine_moves"]
    text = in_words(verdict["refused"])
    assert f"{kind}, and its engine holds what the other one would not have: {name}" in text
    assert "save=yes" in text
    # Where it stays it is theirs.
    same = without_root(change) if kind == "rootless" else seat(change)
    assert judge(same, docker_engine_students=kind)["refused"] == []


@pytest.mark.parametrize("record", [{"volumes": ["work"]}, None])
def test_what_was_there_before_is_no_resets_to_take(record: dict[str, Any] | None) -> None:
    before = SEAT["before"] | record if record else None
    has = seat(("volumes", ["work"]), ("containers", {}), ("images", {}), ("before", before))
    verdict = judge(has, **ROOTLESS)
    assert ids(verdict, "refused") == ["engine_moves_before"]
    assert "reset" not in in_words(verdict["refused"])
    both = seat(("volumes", ["work", "mine"]), ("before/volumes", ["work"]))
    assert ids(judge(both, **ROOTLESS), "refused") == ["engine_moves_before", "engine_moves"]


def test_a_line_has_room_for_a_few_of_them() -> None:
    has = seat(("volumes", [f"v{number}" for number in range(9)]))
    assert "volume v7, …" in in_words(judge(has, **ROOTLESS)["refused"])


@pytest.mark.parametrize(
    ("data", "installed", "found"),
    [(True, True, ["engine_moves_unknown"]), (False, True, []), (True, False, [])],
)
def test_what_a_stopped_engine_has_is_not_known(
    data: bool, installed: bool, found: list[str]
) -> None:
    changes = [("docker/running", False), ("docker/data", data), ("docker/uid", None)]
    if not installed:
        changes.append(("packages", {}))
    verdict = judge(seat(*changes), **ROOTLESS)
    assert ids(verdict, "refused") == found
    assert verdict["moving"] == rootless.NOTHING_MOVED


def test_two_kinds_do_not_keep_their_data_in_one_place() -> None:
    options = {"docker_engine_daemon_options": {"data-root": "/srv"}}
    assert ids(judge(seat(("docker/root", "/srv")), **options, **ROOTLESS), "refused") == [
        "engine_moves_root"
    ]
    assert judge(seat(), **options, **ROOTLESS)["roots"][0] == "/srv"


def test_limits_that_are_discarded_are_told() -> None:
    for key in ("memory", "pids", "cpus"):
        change = (f"docker/{key}", 0 if key == "cpus" else False)
        verdict = judge(without_root(change), **ROOTLESS)
        assert (ids(verdict), verdict["settled"]) == (["rootless_unlimited"], True)
        assert judge(seat(change))["findings"] == []


def test_low_ports_are_published_where_that_is_asked_for() -> None:
    assert engine_files.PORTS_UNIT not in engine_files.files(seat(), sample_settings(**ROOTLESS))
    files = engine_files.files(seat(), sample_settings(docker_engine_lowest_port=80, **ROOTLESS))
    assert (
        "echo 80 > /proc/sys/net/ipv4/ip_unprivileged_port_start" in files[engine_files.PORTS_UNIT]
    )
    assert engine_files.PORTS_UNIT not in engine_files.files(
        seat(), sample_settings(docker_engine_lowest_port=80)
    )
    # It is taken back when the engine stops that was started with it, before systemd forgets it.
    has = without_root(("files", SEAT["files"] | {engine_files.PORTS_UNIT: "80"}))
    assert "docker.service" in judge(has, **ROOTLESS)["stops"]
    assert "docker.service" not in judge(without_root(), **ROOTLESS)["stops"]


def test_units_that_it_masks_itself_are_not_masked_by_somebody() -> None:
    assert judge(without_root())["refused"] == []
    theirs = seat(("docker/masked", ["docker.socket"]), ("files", {engine_files.SOCKET_MASK: ""}))
    assert ids(judge(theirs), "refused") == ["engine_masked"]
    by_hand = without_root(("docker/masked", ["docker.service"]), ("files", {}))
    assert "engine_masked" not in ids(judge(by_hand, **ROOTLESS), "refused")


def test_its_files_and_its_account_go_with_the_toolkit() -> None:
    removal = judge(without_root(), docker_engine_purge=True, **ROOTLESS)["removal"]
    masks = {engine_files.UNIT, engine_files.SOCKET_MASK, engine_files.CONTAINERD_MASK}
    assert masks <= set(removal["files"])
    assert "/etc/systemd/system" not in removal["empty"]
    assert engine.IDENTITY in removal["files"]
    assert ROOT in removal["checked"]
    assert removal["services"] == ["docker.socket", "docker.service"]
    assert engine.IDENTITY not in judge(seat())["removal"]["files"]


def test_an_engine_that_was_there_is_roots_again_after_the_removal() -> None:
    before = SEAT["before"] | {"packages": ["docker.io"], "docker_running": True}
    removal = judge(without_root(("before", before)), **ROOTLESS)["removal"]
    assert removal["services"] == ["docker.socket", "docker.service"]
    assert removal["units"] == ["containerd.service", "docker.socket", "docker.service"]


def test_a_unit_of_somebody_else_stays() -> None:
    theirs = seat(("files", SEAT["files"] | {engine_files.UNIT: "theirs"}))
    verdict = judge(theirs)
    assert verdict["stale"] == []
    assert engine_files.UNIT not in verdict["removal"]["files"]


def test_it_does_not_see_the_routes_of_the_seat() -> None:
    """Show that its networks avoid the seat's routes, unlike those of an engine that goes."""
    route = ("network/routes", [{"to": "198.18.7.0/24", "interface": "eth0"}])
    has = without_root(route, ("docker/running", False), ("docker/uid", None), ("files", {}))
    assert ids(network.judge(has, sample_settings(**ROOTLESS), {}), "refused") == [
        "network_collision"
    ]
    assert network.judge(has, sample_settings(), {})["refused"] == []
    bridge = ("network/docker", [{"name": "bridge", "subnet": "198.18.7.0/24"}])
    pools = {"default-address-pools": [{"base": "172.31.0.0/16", "size": 24}]}
    options = {"docker_engine_daemon_options": pools}
    assert (
        network.judge(seat(route, bridge), sample_settings(**options, **ROOTLESS), {})["refused"]
        == []
    )
    assert ids(network.judge(seat(route, bridge), sample_settings(**options), {}), "refused") == [
        "network_collision"
    ]


def test_its_own_hold_on_a_port_is_nobody_elses_where_it_does_not_answer() -> None:
    """Show that its own proxy does not refuse the port, unlike a container of its users."""
    listener = {"address": "0.0.0.0", "port": 8080, "process": "rootlesskit", "pid": 9}
    listeners = ("listeners", [listener | {"container": None}])
    silent = (("docker/running", False), ("docker/uid", None), ("containers", {}))
    verdict = container.judge(without_root(listeners, *silent), sample_settings(**ROOTLESS), {})
    assert "port_taken" not in ids(verdict, "refused")
    verdict = container.judge(without_root(listeners, silent[-1]), sample_settings(**ROOTLESS), {})
    assert "port_taken" in ids(verdict, "refused")
