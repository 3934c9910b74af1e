"""Test who fetches packages for the others, and what of it comes to the control machine."""

import fcntl
import time
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.labocloud.room.plugins.action import store_fill
from ansible_collections.labocloud.room.plugins.module_utils.package_source import INDEX
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import PARTS
from ansible_collections.labocloud.room.plugins.plugin_utils.store import manifest, sending, taking
from sample_action import Action
from sample_seat import Known, seat, variables

TRIXIE, BOOKWORM = "debian-13-amd64", "debian-12-amd64"
PLACE = "/var/tmp/labocloud-images-abc_1"
ANSWER = {"path": f"{PLACE}/store.tar", "size": 3, "sha256": "0" * 64, "fetched": 2}


def fill(*packages: str, suite: str = "trixie") -> dict[str, Any]:
    """Return what a part of the store is to fetch."""
    return {"suite": suite, "architecture": "amd64", "packages": [[*packages], ["mmdebstrap"]]}


def published(part: str, wanted: dict[str, Any] | None) -> dict[str, Any]:
    """Return what is published of a machine that uses a part of the store."""
    verdict = {"packages": {"store": part, "fill": wanted}}
    return {"seat": seat(), "verdict": {**dict.fromkeys(PARTS), **verdict}}


ROOM = {
    "pc1": published(TRIXIE, None),
    "pc2": published(TRIXIE, fill("acl")),
    "pc3": published(BOOKWORM, fill("acl", suite="bookworm")),
    "pc4": published(TRIXIE, fill("acl", "git")),
    "pc5": published("", None),
}


class Fill:
    """A machine that the action asks to fetch.

    fetched: the paths that the control machine has fetched from it.
    """

    def __init__(
        self, store: Path, answer: object, *, data: bytes = b"tar", check: bool = False
    ) -> None:
        self.fetched: list[str] = []
        self.data = data
        connection = mock.Mock()
        connection.fetch_file = self._fetch
        connection._shell.remove = lambda path, recurse: f"rm {path} {recurse}"
        self.action = Action(store_fill, answer, connection, check=check, seats=[*ROOM])
        self.result = self.action.run(
            "pc2",
            ROOM["pc2"],
            ROOM,
            room_store_directory=str(store),
            room_store_sources=["http://m"],
        )

    def _fetch(self, path: str, dest: str) -> None:
        self.fetched.append(path)
        Path(dest).write_bytes(self.data)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what was taken into the store, one call each; the store takes anything."""
    calls: list[Any] = []
    monkeypatch.setattr(
        taking, "take", lambda *args, **kwargs: calls.append((*args, kwargs, args[2].read_bytes()))
    )
    monkeypatch.setattr(taking, "held", lambda *_: ["acl_1_amd64.deb"])
    return calls


def test_the_first_machine_of_a_release_fetches_for_all_of_it(
    tmp_path: Path, taken: list[Any]
) -> None:
    (tmp_path / "sending").mkdir()
    filled = Fill(tmp_path, ANSWER)
    [question] = filled.action.questions
    assert question == {
        "suite": "trixie",
        "architecture": "amd64",
        "packages": [["acl"], ["acl", "git"], ["mmdebstrap"]],
        "sources": ["http://m"],
        "held": ["acl_1_amd64.deb"],
    }
    [(store, part, partial, what, data)] = taken
    assert (store, part, data, what["suite"]) == (tmp_path, TRIXIE, b"tar", "trixie")
    assert what["wanted"] == question["packages"]
    assert abs(what["filled"] - what["now"]) < 60 * 60
    assert filled.result["changed"]
    assert filled.action.commands == [f"rm {PLACE} True"]
    assert not partial.exists()
    # What was packed of the store as it was is of no use any more.
    assert not (tmp_path / "sending").exists()


DAY = 24 * 60 * 60
OWN = [["acl"], ["acl", "git"], ["mmdebstrap"]]
OTHERS = [["mmdebstrap"], ["acl=1", "nano"]]


@pytest.mark.parametrize(
    ("age", "wanted", "is_begun_anew"),
    [
        (6 * DAY, [["acl"], ["acl", "git"], ["acl=1", "nano"], ["mmdebstrap"]], False),
        (8 * DAY, OWN, True),
        (-DAY, OWN, True),
    ],
)
def test_what_rooms_with_one_store_ask_for_adds_up_for_a_week(
    tmp_path: Path, taken: list[Any], age: int, wanted: list[list[str]], *, is_begun_anew: bool
) -> None:
    """Otherwise each of two rooms would have the other's fetched away, and be without it."""
    began = int(time.time()) - age
    release = manifest.Release(
        suite="trixie",
        architecture="amd64",
        filled=began,
        wanted=OTHERS,
        key="",
        index=dict.fromkeys(INDEX, ""),
        files={},
    )
    manifest.write(tmp_path, {TRIXIE: release, BOOKWORM: {**release, "wanted": [["other"]]}})
    [question] = Fill(tmp_path, ANSWER).action.questions
    assert question["packages"] == wanted
    [(*_, what, _)] = taken
    assert what["wanted"] == wanted
    assert what["filled"] == pytest.approx(time.time() if is_begun_anew else began, abs=60 * 60)


def test_each_release_has_its_own_first_machine_and_the_others_do_nothing() -> None:
    known = Known({name: variables(facts) for name, facts in ROOM.items()})
    task_vars: Any = {"inventory_hostname": "other", "hostvars": known}
    shares = {name: store_fill.share_of(name, ROOM, task_vars) for name in ROOM}
    assert {name for name, share in shares.items() if share} == {"pc2", "pc3"}


def test_a_check_only_tells(tmp_path: Path) -> None:
    filled = Fill(tmp_path, ANSWER, check=True)
    assert filled.result["changed"]
    assert "pc2 would fetch the packages of debian-13-amd64" in filled.result["msg"]
    assert filled.action.questions == []
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"failed": True, "msg": "it does not reach the archive."}, "does not reach the archive"),
        (AnsibleConnectionFailure("it is off"), "it is off"),
        ({**ANSWER, "path": "/etc/shadow"}, "what it has fetched, but '/etc/shadow'"),
        ({**ANSWER, "path": f"{PLACE}/../x"}, "what it has fetched"),
        ({**ANSWER, "size": "3"}, "what it has fetched"),
        ({**ANSWER, "size": -1}, "what it has fetched"),
        ({**ANSWER, "size": 5 * 10**9}, "more than 4000 MB"),
        ({}, "what it has fetched"),
    ],
)
@pytest.mark.usefixtures("taken")
def test_where_nothing_comes_each_machine_fetches_its_own(
    tmp_path: Path, answer: object, why: str
) -> None:
    filled = Fill(tmp_path, answer)
    assert not filled.result["changed"]
    assert not filled.result.get("failed")
    [warning] = filled.result["warnings"]
    assert warning.startswith(f"Each machine of {TRIXIE} fetches its packages by itself: pc2: ")
    assert why in warning
    assert filled.fetched == []


def test_what_the_store_refuses_is_told_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "held", lambda *_: [])
    monkeypatch.setattr(taking, "take", mock.Mock(side_effect=ValueError("it is not Debian's")))
    filled = Fill(tmp_path, ANSWER)
    assert "it is not Debian's" in filled.result["warnings"][0]
    assert filled.action.commands == [f"rm {PLACE} True"]
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".part"]


@pytest.mark.usefixtures("taken")
def test_no_more_is_fetched_than_was_announced(tmp_path: Path) -> None:
    """Show that a machine that sends without an end does not fill the disk."""
    filled = Fill(tmp_path, ANSWER, data=b"longer than announced")
    assert "File too large" in filled.result["warnings"][0]


def test_two_runs_do_not_fill_a_store_at_once(tmp_path: Path) -> None:
    with (
        sending.locked(tmp_path),
        (tmp_path / ".lock").open() as other,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
