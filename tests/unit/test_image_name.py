"""Test that a name is given to the expected image alone, and that it is recorded."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import stand_in
from ansible.errors import AnsibleActionFail
from ansible_collections.labocloud.room.plugins.action import image_name as action
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.modules import image_name
from image_tar import inspected as image
from sample_action import Action
from stand_in import Engine, Raw, Refuse

REFERENCE = f"seat:5000/room@sha256:{'a' * 64}"
NEW, OLD = "sha256:new", "sha256:old"
# These are the facts of the machine afterwards.
HAS = {"images": {"room:base": NEW}}


@pytest.fixture
def seat(engine: Engine, remembers: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return an engine with an image that came by digest, and one that has the name so far."""
    assert not remembers.exists()
    monkeypatch.setattr(image_name, "answer", lambda _: HAS)
    engine.on("GET", f"/images/{REFERENCE}/json", image(NEW))
    engine.on("GET", "/images/room:base/json", image(OLD, "room:base"))
    engine.on("GET", f"/images/{OLD}/json", image(OLD))
    engine.on("POST", f"/images/{NEW}/tag.*", None)
    engine.on("DELETE", "/images/.*", [])
    return engine


def name(
    seat: Engine,
    image: str = REFERENCE,
    expected: str = fingerprint(image(NEW)),
    *others: dict[str, str],
    **arguments: object,
) -> dict[str, Any]:
    """Run the module for the name of the base."""
    images = [{"name": "room:base", "image": image, "fingerprint": expected}, *others]
    answer = stand_in.run(image_name.main, docker_socket=seat.path, images=images, **arguments)
    assert answer.pop("seat", None) == (None if answer.get("failed") else HAS)
    return answer


def test_it_has_the_name_and_what_stood_there_for_it_goes(seat: Engine) -> None:
    assert name(seat, move="always", forget=OLD) == {"changed": True}
    assert seat.asked("POST") == [f"/images/{NEW}/tag?repo=room&tag=base"]
    assert seat.asked("DELETE") == [f"/images/{REFERENCE}?noprune=true", f"/images/{OLD}"]


def test_another_image_gets_no_name(seat: Engine) -> None:
    answer = name(seat, expected="f" * 64, forget=OLD)
    assert f"{REFERENCE} is not the image that was built" in answer["msg"]
    assert seat.asked("POST") == seat.asked("DELETE") == []


def test_another_image_that_came_goes_again(seat: Engine) -> None:
    assert name(seat, expected="f" * 64, move="always", forget=OLD)["failed"]
    assert state.read().built["images"] == {}
    assert seat.asked("POST") == []
    assert seat.asked("DELETE") == [f"/images/{REFERENCE}?noprune=true"]


def test_an_image_that_is_not_there_is_told(seat: Engine) -> None:
    assert name(seat, image="room:gone")["msg"] == "there is no image room:gone"


def test_a_name_that_it_has_is_left_alone(seat: Engine) -> None:
    seat.on("GET", "/images/room:base/json", image(NEW, "room:base"))
    state.update(lambda record: record.name_image("room:base", fingerprint(image(NEW))))
    assert name(seat) == {"changed": False}
    assert seat.asked("POST") == seat.asked("DELETE") == []


def test_a_name_that_it_has_and_that_is_not_remembered_is(seat: Engine) -> None:
    seat.on("GET", "/images/room:base/json", image(NEW, "room:base"))
    assert name(seat) == {"changed": True}
    assert seat.asked("POST") == []
    assert state.read().built["images"] == {"room:base": fingerprint(image(NEW))}


def test_the_courses_name_is_given_along_and_is_no_mark_of_the_toolkits(seat: Engine) -> None:
    seat.on("GET", "/images/room:python/json", Refuse(404))
    names = {"room:python": "room:base"}
    assert name(seat, names=names, bases={"python:3": "sha256:1"})["changed"]
    assert seat.asked("POST") == [
        f"/images/{NEW}/tag?repo=room&tag=base",
        f"/images/{NEW}/tag?repo=room&tag=python",
    ]
    built = state.read().built
    assert built["images"] == {"room:base": fingerprint(image(NEW))}
    assert built["bases"] == {"python:3": "sha256:1"}


def test_a_name_that_the_engine_does_not_give_is_not_remembered(seat: Engine) -> None:
    seat.on("POST", "/images/.*", Refuse(500, "the disk is full"))
    assert "the disk is full" in name(seat, bases={"python:3": "sha256:1"})["msg"]
    assert state.read().built["images"] == state.read().built["bases"] == {}


@pytest.mark.parametrize(
    "still", [{"RepoTags": ["mine:1"]}, {"RepoTags": [], "RepoDigests": ["python@sha256:1"]}]
)
def test_what_has_another_name_does_not_go(seat: Engine, still: dict[str, Any]) -> None:
    seat.on("GET", f"/images/{OLD}/json", image(OLD) | still)
    assert name(seat, forget=OLD) == {"changed": True}
    assert seat.asked("DELETE") == []


def test_what_a_container_runs_does_not_go_and_a_refusal_is_told(seat: Engine) -> None:
    seat.on("DELETE", "/images/.*", Refuse(409))
    assert name(seat, forget=OLD) == {"changed": True}
    seat.on("DELETE", "/images/.*", Refuse(500, "the disk is broken"))
    assert "the disk is broken" in name(seat, forget=OLD)["msg"]


def test_of_several_none_has_a_name_before_all_are_those_that_were_meant(seat: Engine) -> None:
    """Show it with an image that was brought before, and is found by its name."""
    seat.on("GET", "/images/room:python-1/json", image("sha256:course", "room:python-1"))
    course = {"name": "room:python-1", "fingerprint": "f" * 64}
    answer = name(seat, REFERENCE, fingerprint(image(NEW)), course)
    assert "room:python-1 is not the image that was built" in answer["msg"]
    assert seat.asked("POST") == []
    assert state.read().built["images"] == {}
    course["fingerprint"] = fingerprint(image("sha256:course"))
    assert name(seat, REFERENCE, fingerprint(image(NEW)), course)["changed"]
    assert seat.asked("POST") == [f"/images/{NEW}/tag?repo=room&tag=base"]
    assert set(state.read().built["images"]) == {"room:base", "room:python-1"}


def test_the_builder_remembers_along_which_revision_the_room_has(seat: Engine) -> None:
    seat.on("GET", "/images/room:base/json", image(NEW, "room:base"))
    assert name(seat, expected="f" * 64, served="r1")["failed"]
    assert state.read().served == []
    assert name(seat, served="r1") == {"changed": True}
    assert name(seat, served="r1") == {"changed": False}
    assert state.read().served == ["r1"]


def test_what_is_not_there_is_pulled_by_its_digest(seat: Engine) -> None:
    """Show also that the pulled image is checked like any other."""
    place, _, digest = REFERENCE.partition("@")
    pull_path = f"/images/create?{urlencode({'fromImage': place, 'tag': digest})}"

    def pulled(*_: object) -> Raw:
        seat.on("GET", f"/images/{REFERENCE}/json", image(NEW))
        return Raw(b'{"status": "Pulling"}\r\n{"status": "Done"}\r\n')

    seat.on("GET", f"/images/{REFERENCE}/json", Refuse(404))
    assert name(seat)["msg"] == f"there is no image {REFERENCE}"
    seat.on("POST", "/images/create.*", pulled)
    assert name(seat, pull=True, move="always") == {"changed": True}
    assert seat.asked("POST") == [pull_path, f"/images/{NEW}/tag?repo=room&tag=base"]
    # It is there by now.
    assert name(seat, expected="f" * 64, pull=True)["failed"]
    assert seat.asked("POST").count(pull_path) == 1


@pytest.mark.parametrize("present", [True, False])
def test_a_reference_that_somebody_else_has_may_stay(seat: Engine, present: bool) -> None:
    def pulled(*_: object) -> Raw:
        seat.on("GET", f"/images/{REFERENCE}/json", image(NEW))
        return Raw(b"")

    seat.on("POST", "/images/create.*", pulled)
    if not present:
        seat.on("GET", f"/images/{REFERENCE}/json", Refuse(404))
    assert name(seat, pull=True, move="pulled") == {"changed": True}
    assert seat.asked("DELETE") == ([] if present else [f"/images/{REFERENCE}?noprune=true"])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Raw(b'{"status": "Pulling"}\n{"error": "no space left"}\n'), "no space left"),
        (Raw(b'{"status": "Pulling"}\n'), f"there is no image {REFERENCE}"),
        (Refuse(500, "connection refused"), f"{REFERENCE}: connection refused"),
    ],
)
def test_what_cannot_be_pulled_is_told(seat: Engine, answer: object, words: str) -> None:
    seat.on("GET", f"/images/{REFERENCE}/json", Refuse(404))
    seat.on("POST", "/images/create.*", answer)
    assert words in name(seat, pull=True, forget=OLD)["msg"]
    assert state.read().built["images"] == {}
    assert seat.asked("DELETE") == []


def test_who_asks_says_what_was_for_and_what_to_do() -> None:
    """Show that the module does not get these words, and that its answer is made printable."""
    words = {"what": "room:1 is not given", "fix": "send it anew"}
    naming = Action(action, {"failed": True, "msg": "another\x1b[2J image"}, names={}, **words)
    with pytest.raises(AnsibleActionFail) as failed:
        naming.run("pc07")
    assert str(failed.value) == "pc07: room:1 is not given: another [2J image. Fix: send it anew."
    [question] = naming.questions
    assert question["names"] == {}
    assert not question.keys() & words.keys()


def test_names_that_were_given_are_not_said_to_lack_where_the_question_after_it_was_late(
    seat: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_: object) -> None:
        raise image_name.LateError("no answer within 120 s")

    monkeypatch.setattr(image_name, "answer", late)
    answer = name(seat)
    assert seat.asked("POST") == [f"/images/{NEW}/tag?repo=room&tag=base"]
    naming = Action(action, answer, what="room:1 is not given", fix="send it anew")
    with pytest.raises(AnsibleActionFail) as failed:
        naming.run("pc07")
    assert str(failed.value) == "pc07: no answer within 120 s"
