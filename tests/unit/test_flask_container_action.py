"""Test the message on a container that could not take over, and the seat's verdict then."""

from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.labocloud.room.plugins.action import flask_container
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from sample_action import Action
from sample_seat import REVISION
from sample_seat import seat as sample

SWITCHED = {"changed": True, "revision": REVISION, "diff": {"before": {}, "after": {}}}
MISSING = sample(("containers", {}), ("listeners", []), ("page", None))


def run(
    module_answer: dict[str, Any],
    has: dict[str, Any] | None = None,
    *,
    check: bool = False,
    **arguments: object,
) -> dict[str, Any]:
    """Run the action.

    module_answer: that of its module. has: the seat's facts afterwards, where they are known.
    """
    answer = module_answer | ({"seat": has} if has else {})
    switching = Action(flask_container, answer, check=check, **arguments)
    try:
        return switching.run(facts={})
    finally:
        [question] = switching.questions
        assert question | arguments == question
        assert question["page_url"] == "http://127.0.0.1:8080"


def failing(module_answer: dict[str, Any], **arguments: object) -> str:
    """Return the message of a task whose module has failed."""
    with pytest.raises(AnsibleActionFail) as failed:
        run({"failed": True, **module_answer}, **arguments)
    assert failed.value.result == {"failed": True, **module_answer, "msg": str(failed.value)}
    return str(failed.value)


def test_the_seat_is_judged_by_what_it_has_then() -> None:
    """Show that a warning, such as a missing limit, fails nothing."""
    limited = sample(("containers/flask/settings/Memory", 5))
    result = run(SWITCHED, limited, name="flask")
    assert {key: result[key] for key in SWITCHED} == SWITCHED
    assert "failed" not in result
    [finding] = result[UNSHOWN]["verdict"]["container"]["findings"]
    assert finding["id"] == "container_unlimited"


def test_a_container_that_is_wrong_all_the_same_fails() -> None:
    """Show that the result has the facts, as the run has changed something by then."""
    page = {"status": None, "revision": None, "why": "timed out"}
    result = run(SWITCHED, sample(("page", page)))
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["msg"].startswith("pc02: the page http://127.0.0.1:8080/healthz is not answered")
    assert result[UNSHOWN]["verdict"]


def test_in_a_check_nothing_is_missed() -> None:
    result = run({"changed": True, "diff": {}}, MISSING, check=True, name="flask")
    assert (result["changed"], result.get("failed")) == (True, None)
    assert result[UNSHOWN]["verdict"]


def test_one_that_is_removed_is_not_missed() -> None:
    result = run({"changed": True}, MISSING, state="absent", own=["1"])
    assert (result["changed"], result.get("failed")) == (True, None)
    message = failing({"msg": "it cannot be removed"}, state="absent", own=["1"])
    assert message == "pc02: it cannot be removed"


def test_what_was_done_is_not_doubted_where_the_seat_does_not_tell_what_it_has_then() -> None:
    module_answer = {"changed": True, "revision": REVISION, "msg": "a disk does not answer"}
    assert failing(module_answer) == "pc02: a disk does not answer"


def test_one_that_cannot_be_made_names_the_settings() -> None:
    message = failing({"made": False, "msg": "Minimum memory limit\x1b allowed is 6MB"})
    assert message == (
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
def test_a_mute_container_tells_its_log_and_what_serves(told: dict[str, Any], serves: str) -> None:
    message = failing({"made": True, "msg": "its program ended", "log": "no\x1b such\n", **told})
    assert message.startswith("pc02: the new flask does not answer (its program ended).")
    assert "Its log ends with: no  such\n" in message
    assert serves in message
    assert "more flask_container_memory (128M) or flask_container_start_timeout (120 s)" in message
    assert "flask_container_host_port (8080)" in message


def test_a_module_that_was_killed_is_told_too() -> None:
    message = failing({})
    assert (
        "the new flask does not answer (no reason given). Its log ends with: (nothing)" in message
    )
    assert "serves what cannot be told from here" in message
