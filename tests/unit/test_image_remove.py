"""Test that a name is taken from the expected image, and from no other."""

from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.modules import image_remove

A, B = "room:python-a", "room:python-b"
# These are the facts of the machine afterwards.
HAS = {"images": {B: "id"}}


@pytest.fixture
def seat(
    engine: stand_in.Engine, remembers: Path, monkeypatch: pytest.MonkeyPatch
) -> stand_in.Engine:
    """Return an engine with two images that are recorded."""
    assert not remembers.exists()
    monkeypatch.setattr(image_remove, "answer", lambda _: HAS)
    for name in (A, B):
        engine.on("GET", f"/images/{name}/json", {"Id": f"sha256:{name}", "RepoTags": [name]})
        state.update(lambda record, name=name: record.name_image(name, "print"))
    engine.on("DELETE", "/images/.*", [])
    return engine


def remove(seat: stand_in.Engine, **arguments: object) -> dict[str, Any]:
    answer = stand_in.run(image_remove.main, docker_socket=seat.path, **arguments)
    assert answer.pop("seat", None) == (None if answer.get("failed") else HAS)
    return answer


def remembered() -> set[str]:
    return set(state.read().built["images"])


def test_it_goes_and_is_forgotten(seat: stand_in.Engine) -> None:
    assert remove(seat, images={A: f"sha256:{A}"}) == {"changed": True}
    assert seat.asked("DELETE") == [f"/images/{A}"]
    assert remembered() == {B}


def test_a_name_that_is_for_another_image_by_now_stays(seat: stand_in.Engine) -> None:
    assert remove(seat, images={A: "sha256:other"}) == {"changed": False}
    assert seat.asked("DELETE") == []
    assert remembered() == {A, B}


def test_what_is_gone_is_gone(seat: stand_in.Engine) -> None:
    seat.on("GET", f"/images/{A}/json", stand_in.Refuse(404))
    assert remove(seat, images={A: f"sha256:{A}"}) == {"changed": False}


def test_what_a_container_runs_stays_and_the_others_go_all_the_same(seat: stand_in.Engine) -> None:
    seat.on("DELETE", f"/images/{A}", stand_in.Refuse(409, "container c1 is using it"))
    answer = remove(seat, images={A: f"sha256:{A}", B: f"sha256:{B}"})
    assert answer["failed"]
    assert "container c1 is using it" in answer["msg"]
    assert remembered() == {A}


def test_what_is_another_image_by_now_is_only_forgotten(seat: stand_in.Engine) -> None:
    assert remove(seat, forget=[B, "room:never"]) == {"changed": True}
    assert seat.questions == []
    assert remembered() == {A}
    assert remove(seat, forget=[B]) == {"changed": False}


def test_an_engine_that_does_not_answer_is_told(remembers: Path, tmp_path: Path) -> None:
    answer = stand_in.run(
        image_remove.main, docker_socket=str(tmp_path / "none"), images={A: f"sha256:{A}"}
    )
    assert answer["failed"]
    assert not remembers.exists()
