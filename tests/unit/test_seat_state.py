"""What a machine is had to remember, when, and what it answers then."""

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
import sample_seat
import stand_in
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible_collections.labocloud.room.plugins.action import seat_state as action
from ansible_collections.labocloud.room.plugins.module_utils import apt, state
from ansible_collections.labocloud.room.plugins.modules import seat_state
from ansible_collections.labocloud.room.plugins.plugin_utils import seat_action
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from sample_action import Action

# What apt simulates on Debian 13: three are new, one of another architecture; one is replaced.
SIMULATED = """NOTE: This is only a simulation!
The following NEW packages will be installed:
  containerd docker.io runc:i386
Inst runc:i386 (1.1.15+ds1-2+b4 Debian:13.2/stable [i386])
Inst libc6 [2.41-11] (2.41-12 Debian:13.2/stable [amd64])
Inst containerd (1.7.24~ds1-6+deb13u1 Debian:13.2/stable [amd64]) []
Inst docker.io (26.1.5+dfsg1-9+b1 Debian:13.2/stable [amd64])
Conf docker.io (26.1.5+dfsg1-9+b1 Debian:13.2/stable [amd64])
"""
DAEMON_JSON = "/etc/docker/daemon.json"


class Machine:
    """A machine that the module looks at: what it tells of itself, and apt, which tells what comes.

    What it remembers is in what it tells, as in a real one's answer.
    """

    def __init__(self, path: Path) -> None:
        self.has = copy.deepcopy(sample_seat.SEAT)
        self.has["docker"]["running"] = False
        self.has["packages"] = {"bash": "5", "zstd": "1"}
        self.has["files"] = {}
        self.has["apt"]["policy_rc_d"] = "absent"
        self.path = path
        self.questions: list[dict[str, Any]] = []
        # What it remembered whenever apt was had to read its lists.
        self.readings: list[state.State] = []

    def read_lists(self) -> None:
        """Have apt read its lists."""
        self.readings.append(state.read())

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return the facts, as the module's own question would."""
        self.questions.append(asked)
        there = {*self.has["packages"], *self.has["apt"]["unfinished"]}
        return {**self.has, **state.read().facts(there)}

    def apt(self, text: str, code: int = 0) -> None:
        """Have apt-get tell that, with that exit status."""
        told = self.path / "told"
        told.write_text(text)
        script = f'echo "$LC_ALL $*" > {told}.asked\ncat {told}\nexit {code}'
        stand_in.program(self.path / "apt-get", script)


@pytest.fixture(autouse=True)
def machine(remembers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setattr(seat_state, "answer", machine.answer)
    monkeypatch.setattr(seat_state, "read_lists", machine.read_lists)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return machine


def had(**asked: object) -> dict[str, Any]:
    """Return the module's answer."""
    return stand_in.run(seat_state.main, **asked)


def test_asked_for_nothing_it_answers_and_writes_nothing(machine: Machine, remembers: Path) -> None:
    told = had(registries=["hub:443"], control_time=5.0)
    assert told["changed"] is False
    assert told["seat"]["before"] is None
    assert not remembers.exists()
    [asked] = machine.questions
    assert (asked["registries"], asked["control_time"]) == (["hub:443"], 5.0)


def test_what_was_there_before_is_written_down_once(machine: Machine) -> None:
    told = had(before=True, registries=["hub:443"])
    assert told["changed"]
    before = told["seat"]["before"]
    assert before == {
        "packages": ["bash", "zstd"],
        "files": [],
        "held": machine.has["held"],
        "docker_group": machine.has["docker_group"],
        "docker_data": machine.has["docker"]["data"],
        "docker_running": False,
        "images": sorted(machine.has["images"]),
        "containers": sorted(machine.has["containers"]),
        "networks": machine.has["networks"],
        "volumes": machine.has["volumes"],
        "ids": {"containers": [], "images": {}, "networks": [], "cache": [], "swarm": ""},
    }
    # Of two questions, one is heard by nobody.
    assert [one["registries"] for one in machine.questions] == [[], ["hub:443"]]
    machine.has["packages"]["docker.io"] = "26"
    again = had(before=True)
    assert again["changed"] is False
    assert again["seat"]["before"] == before
    assert len(machine.questions) == 3


def test_what_another_run_has_written_down_meanwhile_stays(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        if not machine.questions:
            state.update(lambda memory: setattr(memory, "before", other))
        return machine.answer(asked)

    other = sample_seat.SEAT["before"] | {"packages": ["the other's"]}
    monkeypatch.setattr(seat_state, "answer", answer)
    had(before=True)
    assert state.read().before == other


def test_what_an_engine_has_is_written_down_by_what_tells_it_from_others(
    machine: Machine, engine: stand_in.Engine
) -> None:
    machine.has["docker"]["running"] = True
    engine.on("GET", r"/system/df\?.*", {})
    engine.on("GET", r"/images/json\?.*", [])
    engine.on("GET", r"/containers/json\?.*", [])
    engine.on("GET", "/networks", [{"Id": "n1", "Name": "net", "Driver": "bridge"}])
    engine.on("GET", "/volumes", {"Volumes": None})
    engine.on("GET", "/plugins", [])
    engine.on("GET", "/info", {"Swarm": {"NodeID": "node"}})
    ids = had(before=True, docker_socket=engine.path)["seat"]["before"]["ids"]
    assert (ids["networks"], ids["swarm"], ids["plugins"]) == (["n1"], "node", [])
    # One that is there and does not tell must not be taken for one that has nothing.
    state.forget()
    engine.on("GET", "/networks", stand_in.Refuse(500, "no"))
    told = had(before=True, docker_socket=engine.path)
    assert "it cannot be written down: GET /networks: 500" in told["msg"]
    assert state.read().before is None


def test_a_check_tells_and_writes_nothing(machine: Machine, remembers: Path) -> None:
    machine.apt(SIMULATED)
    asked: dict[str, Any] = {"before": True, "roots": ["/x"], "coming": ["tini"], "served": "r1"}
    assert had(**asked, _ansible_check_mode=True)["changed"]
    assert not remembers.exists()
    assert machine.readings == []
    had(before=True)
    assert had(forget=True, _ansible_check_mode=True)["changed"]
    assert state.read().before


def test_the_daemon_json_that_was_there_is_kept_and_given_back(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its mode and whatever bytes; it is in no fact, for it may hold a password."""
    file = tmp_path / "etc/daemon.json"
    file.parent.mkdir()
    file.write_bytes(b'{"proxies": "s3cret"} \xff')
    file.chmod(0o640)
    for where in (seat_state, state):
        monkeypatch.setattr(where, "DAEMON_JSON", str(file))
    machine.has["files"] = {str(file): "hash"}
    assert "s3cret" not in json.dumps(had(before=True))
    # What is there later is the toolkit's.
    file.write_bytes(b"{}")
    had(before=True)
    assert had(give_back=[str(file)], _ansible_check_mode=True)["changed"]
    assert file.read_bytes() == b"{}"
    assert had(give_back=[str(file)])["changed"]
    assert file.read_bytes() == b'{"proxies": "s3cret"} \xff'
    assert file.stat().st_mode & 0o777 == 0o640
    assert not had(give_back=[str(file)])["changed"]
    file.chmod(0o644)
    assert had(give_back=[str(file)])["changed"]
    file.unlink()
    file.parent.rmdir()
    assert had(give_back=[str(file)])["changed"]
    assert file.exists()


def test_what_is_not_kept_cannot_be_given_back() -> None:
    had(before=True)
    told = had(give_back=[DAEMON_JSON])
    assert told["failed"]
    assert f"it is not written down what was in {DAEMON_JSON}" in told["msg"]


def roots(*paths: Path) -> dict[str, str]:
    told = had(roots=[f"{path}/" for path in paths])
    known: dict[str, str] = told["seat"]["before"]["roots"]
    return known


def test_it_is_written_down_what_a_directory_was_like_when_docker_came(tmp_path: Path) -> None:
    """data-root is set to the school's own /srv after it was written down what was there."""
    first, new, disk, srv = (tmp_path / name for name in ("first", "new", "disk", "srv"))
    had(before=True, roots=[str(first)])
    for made in (first / "image", disk / "lost+found", srv / "projects"):
        made.mkdir(parents=True)
    assert roots(new, disk, srv, first) == {
        str(first): "absent",
        str(new): "absent",
        str(disk): "empty",
        str(srv): "in use",
    }
    # Later Docker keeps something there: what is written down stays.
    (disk / "image").mkdir()
    assert roots(disk)[str(disk)] == "empty"
    assert not had(roots=[str(disk)])["changed"]
    # And when what was there is gone.
    (srv / "projects").rmdir()
    assert roots(srv)[str(srv)] == "in use"


def test_directories_are_of_a_machine_whose_before_is_known(remembers: Path) -> None:
    told = had(roots=["/x"])
    assert "it is not written down what there was before" in told["msg"]
    assert not remembers.exists()


@pytest.mark.parametrize(
    ("code", "coming"),
    [(0, ["containerd", "docker.io", "runc"]), (100, ["docker.io", "python3-apt"])],
)
def test_what_is_about_to_come_is_written_down_before_it_comes(
    machine: Machine, tmp_path: Path, code: int, coming: list[str]
) -> None:
    """Dependencies too; what was there, in whichever version, is not the toolkit's."""
    machine.apt(SIMULATED if code == 0 else "", code)
    state.update(lambda remembered: remembered.brought.update(packages=["tini"]))
    assert had(coming=["docker.io=26.1.5*", "zstd"])["changed"]
    assert state.read().brought == {"packages": ["tini"], "coming": coming, "policy_rc_d": True}
    assert (tmp_path / "told.asked").read_text().split() == [
        *("C.UTF-8", *apt.SIMULATE[1:]),
        *("python3-apt", "docker.io=26.1.5*", "zstd"),
    ]


def test_what_was_there_is_written_down_before_anything_on_the_machine_changes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of it are the package lists; all of it is one call."""
    machine.apt(SIMULATED)
    told = had(before=True, roots=["/x"], came=True, coming=["docker.io"], going=["docker-ce"])
    [then] = machine.readings
    assert then.before
    assert then.before["roots"] == {"/x": "absent"}
    assert not set(state.UNDER_WAY) & then.brought.keys()
    assert told["seat"]["before"] == then.before
    assert state.read().brought["coming"] == ["containerd", "docker.io", "runc"]

    def cut_off() -> None:
        raise apt.ListsError("apt cannot read its package lists (no). Fix: …")

    monkeypatch.setattr(seat_state, "read_lists", cut_off)
    told = had(coming=["tini"])
    assert (told["failed"], told["msg"]) == (True, "apt cannot read its package lists (no). Fix: …")


def test_a_policy_of_the_seats_own_is_not_used(machine: Machine) -> None:
    machine.apt(SIMULATED)
    machine.has["apt"]["policy_rc_d"] = "other"
    had(coming=["docker.io"])
    assert state.read().brought["policy_rc_d"] is False


def test_what_came_is_brought_and_nothing_else_is(machine: Machine) -> None:
    """Also where dpkg has not finished it; and what somebody else has put there is not."""
    machine.apt(SIMULATED)
    had(coming=["docker.io"])
    machine.has["packages"] |= {"docker.io": "26", "containerd": "1.7", "by-hand": "1"}
    machine.has["apt"]["unfinished"] = ["runc"]
    told = had(came=True)
    assert told["changed"]
    brought = {"packages": ["containerd", "docker.io", "runc"], "users": []}
    assert told["seat"]["brought"] == brought
    assert not set(state.UNDER_WAY) & state.read().brought.keys()
    # Where nothing is under way it is asked but once.
    machine.questions.clear()
    assert not had(came=True)["changed"]
    assert len(machine.questions) == 1


def test_a_second_installation_forgets_nothing_of_one_that_was_killed(machine: Machine) -> None:
    machine.apt(SIMULATED)
    had(coming=["docker.io"])
    machine.has["packages"] |= {"containerd": "1.7"}
    machine.apt("Inst tini (1 Debian [amd64])\n")
    had(coming=["tini"])
    assert state.read().brought["packages"] == ["containerd"]
    assert state.read().brought["coming"] == ["tini"]


def test_where_nothing_was_coming_nothing_came(remembers: Path) -> None:
    """Its dpkg was interrupted in somebody else's installation, which was mended."""
    assert not had(came=True)["changed"]
    assert not remembers.exists()


def test_accounts_are_written_down_all_together() -> None:
    assert had(users=["alice", "bob"])["changed"]
    assert had(users=["bob"])["seat"]["brought"]["users"] == ["bob"]
    assert not had(users=["bob"])["changed"]
    assert not had()["changed"]
    assert had(users=[])["changed"]
    assert had(taken=["theirs"])["seat"]["brought"]["taken"] == ["theirs"]
    assert not had(taken=["theirs"])["changed"]
    # What goes over to another engine is on its way until it has come.
    moving = {"path": "/a", "sha256": "b", "images": {"c": "d"}, "left": ["/e"]}
    assert had(moving=moving)["seat"]["brought"]["moving"] == moving
    assert "moving" not in had(moving={})["seat"]["brought"]


def test_the_revision_that_the_room_has_is_the_last() -> None:
    for revision in ("r1", "r2", "r2", "r1"):
        told = had(served=revision)
    assert told["seat"]["served"] == ["r2", "r1"]
    assert not had(served="r1")["changed"]


def test_all_is_forgotten(remembers: Path) -> None:
    had(before=True, users=["alice"])
    told = had(forget=True)
    assert told["changed"]
    assert told["seat"]["before"] is None
    assert not remembers.exists()
    assert not had(forget=True)["changed"]


def test_what_cannot_be_read_is_told_and_not_written_over(remembers: Path) -> None:
    remembers.mkdir()
    (remembers / "state.json").write_text("{")
    for asked in ({"before": True}, {"users": []}, {"forget": False}):
        told = had(**asked)
        assert told["failed"]
        assert "state.json cannot be read" in told["msg"]
    assert (remembers / "state.json").read_text() == "{"


def acted(answer: object, **arguments: object) -> dict[str, Any]:
    """Return the action's result by a module's answer, or by an error of the connection.

    What its module was given is there as question.
    """
    acting = Action(action, answer, **arguments)
    result = acting.run("pc07")
    [question] = acting.questions
    return result | {"question": question}


def test_the_action_gives_the_module_its_arguments_and_tells_whether_it_wrote() -> None:
    result = acted({"changed": True, "seat": sample_seat.seat()}, users=["alice"])
    assert result.keys() == {"changed", "question", UNSHOWN}
    assert result["changed"] is True
    assert result["question"]["users"] == ["alice"]
    # The module answers this too, for the judge.
    assert result["question"]["page_container"] == "flask"
    assert result[UNSHOWN]["seat"] == sample_seat.seat(("clock/ahead", 0.0))
    assert acted({"changed": False})["changed"] is False


def test_the_action_fails_where_the_module_does() -> None:
    """Unlike the one that only asks: what is not written down must not be gone on from."""
    with pytest.raises(AnsibleActionFail) as failed:
        acted({"failed": True, "msg": "it cannot be written down: no"})
    assert failed.value.result["msg"] == "pc07: it cannot be written down: no"
    with pytest.raises(AnsibleConnectionFailure, match="gone"):
        acted(AnsibleConnectionFailure("gone"))


def test_what_a_failing_answer_calls_facts_are_none_and_its_words_end() -> None:
    lie = {"verdict": {"machine": 7}}
    answer = {"failed": True, "msg": "no " * 2**20, "log": ["x"] * 2**20, "ansible_facts": lie}
    with pytest.raises(AnsibleActionFail) as end:
        acted({**answer, "made": False, "other": 1})
    assert end.value.result.keys() == {"failed", "msg", "log", "made"}
    assert end.value.result["made"] is False
    assert end.value.message.startswith("pc07: no no")
    assert len(str(end.value.result)) < 3 * seat_action.LONGEST_WORDS


def test_the_action_fails_where_the_answer_is_refused() -> None:
    """The tasks that follow would know nothing of the seat."""
    told = {"files": {"x" * 100: "y" * 2**22}}
    with pytest.raises(AnsibleActionFail, match="pc07: "):
        acted({"changed": True, "seat": told})


def test_the_action_takes_the_modules_arguments_and_no_others() -> None:
    own = {**seat_state.OWN_ARGUMENTS}
    assert set(own) == action.ActionModule._VALID_ARGS
