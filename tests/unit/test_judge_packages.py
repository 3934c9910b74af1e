"""Test what the room's store is to fetch for a machine, and which machines use it."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import (
    build,
    engine,
    groups,
    packages,
    registry,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import ROLES
from ansible_collections.labocloud.room.plugins.plugin_utils.store.packages import (
    packages as wanted_by,
)
from sample_seat import SEAT, sample_settings, seat

NOW = SEAT["clock"]["control"]
DAY = 24 * 60 * 60
RELEASE = "debian-13"
NAME = f"{RELEASE}-amd64"
BARE = ("packages", {"libc6": "2.41"}), ("before", None), ("brought/packages", [])
Change = tuple[str, object]


def store(
    *without: str, release: str = RELEASE, filled: float = NOW - DAY, **settings: object
) -> dict[str, Any]:
    """Return a store that has all of a release, but for some packages.

    filled: the time, in seconds since 1970.
    """
    kinds = wanted_by(release, sample_settings(**settings))
    wanted = [[name for name in kind if name not in without] for kind in kinds]
    return {f"{release}-amd64": {"wanted": wanted, "filled": filled}}


def verdict(
    *changes: Change, has: dict[str, Any] | None = None, **settings: object
) -> dict[str, Any]:
    """Return the verdict on the packages of a bare seat with changes. has: what the store has."""
    wanted = sample_settings(**settings) | {"store": has or {}}
    return packages.judge(seat(*BARE, *changes), wanted, {})


def test_a_seat_that_has_all_needs_no_store() -> None:
    judged = packages.judge(seat(), sample_settings(), {})
    assert (judged["settled"], judged["store"], judged["fill"]) == (True, NAME, None)


def test_an_empty_store_is_filled_for_all_kinds_of_machines() -> None:
    judged = verdict()
    assert not judged["settled"]
    assert judged["fill"] == {
        "suite": "trixie",
        "architecture": "amd64",
        "packages": wanted_by(RELEASE, sample_settings()),
    }
    assert groups({"packages": judged}) == ["lacks_packages", "unproven"]


@pytest.mark.parametrize(
    ("age", "is_filled"), [(0, False), (6 * DAY, False), (7 * DAY, True), (-60, True)]
)
def test_a_store_of_a_week_is_filled_anew(age: float, *, is_filled: bool) -> None:
    """Show also that one from the future is: somebody has put a clock back."""
    assert (verdict(has=store(filled=NOW - age))["fill"] is not None) == is_filled


def test_a_store_that_lacks_something_is_filled() -> None:
    assert verdict(has=store())["fill"] is None
    assert verdict(has=store("acl"))["fill"]
    assert verdict(has=store(), docker_engine_version="26.1*")["fill"]
    assert verdict(has=store(), docker_engine_packages=["git"])["fill"]
    assert verdict(has=store(release="debian-12"))["fill"]


def test_what_was_interrupted_is_finished_from_the_store() -> None:
    for change in (("apt/unfinished", ["tini"]), ("apt/journal", True)):
        assert packages.judge(seat(change), sample_settings() | {"store": {}}, {})["fill"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (("os/version", "12"), "debian-12-amd64"),
        (("arch", "aarch64"), "debian-13-arm64"),
        (("arch", "riscv64"), ""),
        (("os/version", "11"), ""),
        (("os/id", "ubuntu"), ""),
    ],
)
def test_each_release_and_architecture_has_a_part_of_its_own(change: Change, name: str) -> None:
    judged = verdict(change)
    assert judged["store"] == name
    assert (judged["fill"] is None) == (name == "")


@pytest.mark.parametrize(
    "settings",
    [{"room_store_use": "never"}, {"docker_engine_source": "upstream"}],
)
def test_where_the_store_is_not_used_there_is_none(settings: dict[str, object]) -> None:
    judged = verdict(**settings)
    assert (judged["settled"], judged["store"], judged["fill"]) == (True, "", None)


def test_machines_of_a_room_with_a_registry_fetch_their_own() -> None:
    rooms = {"lab": ["pc01", "pc02"], "registry": ["server"]}
    settings = sample_settings(
        rooms, "pc01", room_registry_address="server", course_image_builder=""
    )
    assert packages.judge(seat(*BARE), settings, {})["store"] == ""


def test_a_machine_that_is_alone_fetches_its_own() -> None:
    settings = sample_settings({"lab": ["pc01"]}, "pc01") | {"store": {}}
    assert packages.judge(seat(*BARE), settings, {})["store"] == ""


def test_a_wrong_setting_is_refused() -> None:
    [found] = verdict(room_store_use="sometimes")["refused"]
    assert "room_store_use" in found["cause"]["en"]


def literals(task: object) -> Iterator[str]:
    """Yield the packages that tasks name themselves, for apt or for the tasks that install."""
    if isinstance(task, list):
        for one in task:
            yield from literals(one)
    if isinstance(task, dict):
        named = [task.get("seat_packages"), (task.get("ansible.builtin.apt") or {}).get("name")]
        for names in named:
            yield from [names] if isinstance(names, str) else names or []
        for inner in task.values():
            yield from literals(inner)


def test_no_task_names_a_package_that_the_store_does_not_know_of() -> None:
    """Show that each is worked out where the store's lists are worked out, too."""
    files = sorted(ROLES.glob("*/tasks/*.yml"))
    named = {name for file in files for name in literals(yaml.safe_load(file.read_text()))}
    expressions = {name for name in named if name.startswith("{{")}
    assert len(expressions) > 3
    # For Docker's own archive, which the store does not have.
    assert named - expressions == {"ca-certificates", "python3-debian"}


@pytest.mark.parametrize("release", ["12", "13"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"docker_engine_version": "26.1*", "docker_engine_packages": ["git"]},
        {"docker_engine_students": "rootless"},
    ],
)
def test_the_store_has_all_that_a_machine_is_to_install(
    release: str, settings: dict[str, object]
) -> None:
    wanted = sample_settings(**settings)
    bare = seat(*BARE, ("os/version", release))
    installed = engine.installation(bare, wanted, bare)["packages"]
    there = {name for kind in wanted_by(f"debian-{release}", wanted) for name in kind}
    assert installed
    assert {*installed, *build.TOOLS} <= there


def test_the_store_has_what_the_registrys_host_installs() -> None:
    rooms = {"lab": ["pc01", "pc02"], "registry": ["server"]}
    wanted = sample_settings(
        rooms, "server", room_registry_address="server", course_image_builder=""
    )
    lacking = registry.judge(seat(*BARE), wanted, {})["lacking"]
    assert lacking
    assert {*lacking} <= {name for kind in wanted_by(RELEASE, wanted) for name in kind}
