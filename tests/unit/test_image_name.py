"""A name is given to the image that was meant, and to no other, and that is remembered."""

from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.docker_engine import fingerprint
from ansible_collections.labocloud.room.plugins.modules import image_name

REFERENCE = f"seat:5000/room@sha256:{'a' * 64}"
NEW, OLD = "sha256:new", "sha256:old"


def image(key: str, *names: str) -> dict[str, Any]:
    return {
        "Id": key,
        "RepoTags": list(names),
        "Config": {"Cmd": [key]},
        "RootFS": {"Layers": ["sha256:1"]},
        "Architecture": "amd64",
    }


@pytest.fixture
def seat(engine: stand_in.Engine, remembers: Path) -> stand_in.Engine:
    """An image that came by digest, and one that has the name until now."""
    assert not remembers.exists()
    engine.on("GET", f"/images/{REFERENCE}/json", image(NEW))
    engine.on("GET", "/images/room:base/json", image(OLD, "room:base"))
    engine.on("GET", f"/images/{OLD}/json", image(OLD))
    engine.on("POST", f"/images/{NEW}/tag.*", None)
    engine.on("DELETE", "/images/.*", [])
    return engine


def name(seat: stand_in.Engine, **others: object) -> dict[str, Any]:
    asked = {"image": REFERENCE, "name": "room:base", "fingerprint": fingerprint(image(NEW))}
    return stand_in.run(image_name.main, docker_socket=seat.path, **asked | others)


def test_it_has_the_name_and_what_stood_there_for_it_goes(seat: stand_in.Engine) -> None:
    assert name(seat, move=True, forget=OLD) == {"changed": True}
    assert seat.asked("POST") == [f"/images/{NEW}/tag?repo=room&tag=base"]
    assert seat.asked("DELETE") == [f"/images/{REFERENCE}?noprune=true", f"/images/{OLD}"]


def test_another_image_gets_no_name(seat: stand_in.Engine) -> None:
    said = name(seat, fingerprint="f" * 64, forget=OLD)
    assert f"{REFERENCE} is not the image that was built" in said["msg"]
    assert seat.asked("POST") == seat.asked("DELETE") == []


def test_another_image_that_came_goes_again(seat: stand_in.Engine) -> None:
    assert name(seat, fingerprint="f" * 64, move=True, forget=OLD)["failed"]
    assert state.read().built["images"] == {}
    assert seat.asked("POST") == []
    assert seat.asked("DELETE") == [f"/images/{REFERENCE}?noprune=true"]


def test_an_image_that_is_not_there_is_told(seat: stand_in.Engine) -> None:
    assert name(seat, image="room:gone")["msg"] == "there is no image room:gone"


def test_a_name_that_it_has_is_left_alone(seat: stand_in.Engine) -> None:
    seat.on("GET", "/images/room:base/json", image(NEW, "room:base"))
    state.update(lambda told: told.name_image("room:base", fingerprint(image(NEW))))
    assert name(seat) == {"changed": False}
    assert seat.asked("POST") == seat.asked("DELETE") == []


def test_a_name_that_it_has_and_that_is_not_remembered_is(seat: stand_in.Engine) -> None:
    seat.on("GET", "/images/room:base/json", image(NEW, "room:base"))
    assert name(seat) == {"changed": True}
    assert seat.asked("POST") == []
    assert state.read().built["images"] == {"room:base": fingerprint(image(NEW))}


def test_the_courses_name_is_given_along_and_is_no_mark_of_the_toolkits(
    seat: stand_in.Engine,
) -> None:
    seat.on("GET", "/images/room:python/json", stand_in.Refuse(404))
    assert name(seat, also="room:python", bases={"python:3": "sha256:1"})["changed"]
    assert seat.asked("POST") == [
        f"/images/{NEW}/tag?repo=room&tag=base",
        f"/images/{NEW}/tag?repo=room&tag=python",
    ]
    told = state.read().built
    assert told["images"] == {"room:base": fingerprint(image(NEW))}
    assert told["bases"] == {"python:3": "sha256:1"}


def test_a_name_that_the_engine_does_not_give_is_not_remembered(seat: stand_in.Engine) -> None:
    seat.on("POST", "/images/.*", stand_in.Refuse(500, "the disk is full"))
    assert "the disk is full" in name(seat, bases={"python:3": "sha256:1"})["msg"]
    assert state.read().built["images"] == state.read().built["bases"] == {}


@pytest.mark.parametrize(
    "still", [{"RepoTags": ["mine:1"]}, {"RepoTags": [], "RepoDigests": ["python@sha256:1"]}]
)
def test_what_has_another_name_does_not_go(seat: stand_in.Engine, still: dict[str, Any]) -> None:
    seat.on("GET", f"/images/{OLD}/json", image(OLD) | still)
    assert name(seat, forget=OLD) == {"changed": True}
    assert seat.asked("DELETE") == []


def test_what_a_container_runs_does_not_go_and_a_refusal_is_told(seat: stand_in.Engine) -> None:
    seat.on("DELETE", "/images/.*", stand_in.Refuse(409))
    assert name(seat, forget=OLD) == {"changed": True}
    seat.on("DELETE", "/images/.*", stand_in.Refuse(500, "the disk is broken"))
    assert "the disk is broken" in name(seat, forget=OLD)["msg"]
