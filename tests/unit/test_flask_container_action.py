"""What is said of a container that could not take over, and that the seat is judged anew."""

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.action import flask_container, seat
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from sample_seat import REVISION, want

SWITCHED = {"changed": True, "revision": REVISION, "diff": {"before": {}, "after": {}}}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The modules that are run, with their arguments."""
    made: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(
        ActionBase,
        "_execute_module",
        lambda self, **asked: made.append((asked["module_name"], self._task.args)) or self.answer,
    )
    monkeypatch.setattr(seat.ActionModule, "want", lambda *_: want())
    return made


def run(
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, Any],
    *found: dict[str, Any],
    check: bool = False,
    **arguments: object,
) -> dict[str, Any]:
    """Run the action. answer: of its module; found: of the container, afterwards."""
    action = flask_container.ActionModule.__new__(flask_container.ActionModule)
    action._task = SimpleNamespace(args=arguments, check_mode=check)
    action.answer = answer

    def judged(self: seat.ActionModule, *_: object) -> dict[str, Any]:
        self._execute_module(module_args={})
        facts = {"verdict": {"container": {"findings": list(found)}}}
        return {"changed": False, "ansible_facts": facts}

    monkeypatch.setattr(seat.ActionModule, "run", judged)
    return action.run(None, {"inventory_hostname": "pc02"})


def test_the_seat_is_asked_anew_and_its_facts_are_given(
    monkeypatch: pytest.MonkeyPatch, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    limits = finding("container_unlimited", "pc02", container="flask", fields="Memory")
    result = run(monkeypatch, SWITCHED, limits, name="flask")
    assert {key: result[key] for key in SWITCHED} == SWITCHED
    assert "failed" not in result
    assert result["ansible_facts"]["verdict"]["container"]["findings"] == [limits]
    asking = {"anew": True, "refuse": ["container"]}
    assert calls == [(flask_container.MODULE, {"name": "flask"}), (flask_container.ASKING, asking)]


@pytest.mark.usefixtures("calls")
def test_a_container_that_is_wrong_all_the_same_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """By then the run has changed something, and the facts tell what."""
    values = {"container": "flask", "url": "http://127.0.0.1:8080", "why": "timed out"}
    result = run(monkeypatch, SWITCHED, finding("container_unhealthy", "pc02", **values))
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["msg"].startswith("pc02: the page http://127.0.0.1:8080/healthz is not answered")
    assert result[UNSHOWN]["verdict"]


@pytest.mark.parametrize("check", [True, False])
def test_where_nothing_was_done_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch, calls: list[tuple[str, dict[str, Any]]], check: bool
) -> None:
    """In a check; and where what is to go is gone."""
    answer = SWITCHED if check else {"changed": False}
    assert run(monkeypatch, answer, check=check) == answer
    assert len(calls) == 1


@pytest.mark.usefixtures("calls")
def test_one_that_is_removed_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = finding("container_missing", "pc02", container="flask")
    result = run(monkeypatch, {"changed": True}, missing, state="absent", own=["1"])
    assert (result["changed"], result.get("failed")) == (True, None)
    refused = {"failed": True, "msg": "it cannot be removed"}
    assert run(monkeypatch, refused, state="absent", own=["1"]) == refused


@pytest.mark.usefixtures("calls")
def test_one_that_cannot_be_made_names_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"failed": True, "made": False, "msg": "Minimum memory limit\x1b allowed is 6MB"}
    said = run(monkeypatch, told)["msg"]
    assert said == (
        "pc02: the new flask cannot be made (Minimum memory limit  allowed is 6MB). What pc02 has"
        " served it serves on. Fix: correct what is refused; the settings are flask_container_name"
        " (flask), flask_container_image (labocloud20202021:python), flask_container_memory (128M)"
        " and flask_container_pids_limit (64)."
    )


@pytest.mark.parametrize(
    ("told", "serves"),
    [
        ({"revision": REVISION}, f"pc02 serves the revision {REVISION[:12]} as before."),
        ({"revision": ""}, "pc02 serves the revision (none) as before."),
        ({"revision": None}, "pc02 serves no page now."),
        ({}, "pc02 serves what cannot be told from here."),
    ],
)
@pytest.mark.usefixtures("calls")
def test_one_that_does_not_answer_tells_its_log_and_what_serves(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], serves: str
) -> None:
    told = {"failed": True, "made": True, "msg": "its program ended", "log": "no\x1b such\n"} | told
    said = run(monkeypatch, told)["msg"]
    assert said.startswith("pc02: the new flask does not answer (its program ended).")
    assert "Its log ends with: no  such\n" in said
    assert serves in said
    assert "more flask_container_memory (128M) or flask_container_start_timeout (30 s)" in said
    assert "flask_container_host_port (8080)" in said


@pytest.mark.usefixtures("calls")
def test_a_module_that_was_killed_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    said = run(monkeypatch, {"failed": True})["msg"]
    assert "the new flask does not answer (no reason given). Its log ends with: (nothing)" in said
    assert "serves what cannot be told from here" in said
