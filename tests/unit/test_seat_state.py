"""Show what a machine records, when, and what the module answers."""

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
    """A machine for the module: its facts, and an apt that simulates an installation.

    Its facts contain what is recorded, as in the answer of a real machine.
    """

    def __init__(self, path: Path) -> None:
        self.has = copy.deepcopy(sample_seat.SEAT)
        self.has["docker"]["running"] = False
        self.has["packages"] = {"bash": "5", "zstd": "1"}
        self.has["files"] = {}
        self.has["apt"]["policy_rc_d"] = "absent"
        self.path = path
        self.questions: list[dict[str, Any]] = []
        # The record as it was each time apt read its lists.
        self.readings: list[state.State] = []

    def read_lists(self) -> None:
        """Note the record, in place of apt's reading of its lists."""
        self.readings.append(state.read())

    def answer(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the facts, as the module's own look at the machine would."""
        self.questions.append(arguments)
        packages = {*self.has["packages"], *self.has["apt"]["unfinished"]}
        return {**self.has, **state.read().facts(packages)}

    def apt(self, text: str, code: int = 0) -> None:
        """Let apt-get print a text and end with an exit status."""
        output = self.path / "told"
        output.write_text(text)
        script = f'echo "$LC_ALL $*" > {output}.asked\ncat {output}\nexit {code}'
        stand_in.program(self.path / "apt-get", script)


@pytest.fixture(autouse=True)
def machine(remembers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setattr(seat_state, "answer", machine.answer)
    monkeypatch.setattr(seat_state, "read_lists", machine.read_lists)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return machine


def run(**arguments: object) -> dict[str, Any]:
    """Return the module's result."""
    return stand_in.run(seat_state.main, **arguments)


def test_asked_for_nothing_it_answers_and_writes_nothing(machine: Machine, remembers: Path) -> None:
    result = run(registries=["hub:443"], control_time=5.0)
    assert result["changed"] is False
    assert result["seat"]["before"] is None
    assert not remembers.exists()
    [question] = machine.questions
    assert (question["registries"], question["control_time"]) == (["hub:443"], 5.0)


def test_what_was_there_before_is_written_down_once(machine: Machine) -> None:
    result = run(before=True, registries=["hub:443"])
    assert result["changed"]
    before = result["seat"]["before"]
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
    # The module looks twice: first without the registries.
    assert [question["registries"] for question in machine.questions] == [[], ["hub:443"]]
    machine.has["packages"]["docker.io"] = "26"
    again = run(before=True)
    assert again["changed"] is False
    assert again["seat"]["before"] == before
    assert len(machine.questions) == 3


def test_what_another_run_has_written_down_meanwhile_stays(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(arguments: dict[str, Any]) -> dict[str, Any]:
        if not machine.questions:
            state.update(lambda memory: setattr(memory, "before", other))
        return machine.answer(arguments)

    other = sample_seat.SEAT["before"] | {"packages": ["the other's"]}
    monkeypatch.setattr(seat_state, "answer", answer)
    run(before=True)
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
    ids = run(before=True, docker_socket=engine.path)["seat"]["before"]["ids"]
    assert (ids["networks"], ids["swarm"], ids["plugins"]) == (["n1"], "node", [])
    # An engine that does not answer must not be taken for one that has nothing.
    state.forget()
    engine.on("GET", "/networks", stand_in.Refuse(500, "no"))
    result = run(before=True, docker_socket=engine.path)
    assert "it cannot be written down: GET /networks: 500" in result["msg"]
    assert state.read().before is None


def test_a_check_tells_and_writes_nothing(machine: Machine, remembers: Path) -> None:
    machine.apt(SIMULATED)
    arguments: dict[str, Any] = {
        "before": True,
        "roots": ["/x"],
        "coming": ["tini"],
        "served": "r1",
    }
    assert run(**arguments, _ansible_check_mode=True)["changed"]
    assert not remembers.exists()
    assert machine.readings == []
    run(before=True)
    assert run(forget=True, _ansible_check_mode=True)["changed"]
    assert state.read().before


def test_the_daemon_json_that_was_there_is_kept_and_given_back(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps its mode and bytes, and is in no fact, because it may hold a password."""
    file = tmp_path / "etc/daemon.json"
    file.parent.mkdir()
    file.write_bytes(b'{"proxies": "s3cret"} \xff')
    file.chmod(0o640)
    for where in (seat_state, state):
        monkeypatch.setattr(where, "DAEMON_JSON", str(file))
    machine.has["files"] = {str(file): "hash"}
    assert "s3cret" not in json.dumps(run(before=True))
    # The later content is the toolkit's.
    file.write_bytes(b"{}")
    run(before=True)
    assert run(give_back=[str(file)], _ansible_check_mode=True)["changed"]
    assert file.read_bytes() == b"{}"
    assert run(give_back=[str(file)])["changed"]
    assert file.read_bytes() == b'{"proxies": "s3cret"} \xff'
    assert file.stat().st_mode & 0o777 == 0o640
    assert not run(give_back=[str(file)])["changed"]
    file.chmod(0o644)
    assert run(give_back=[str(file)])["changed"]
    file.unlink()
    file.parent.rmdir()
    assert run(give_back=[str(file)])["changed"]
    assert file.exists()


def test_what_is_not_kept_cannot_be_given_back() -> None:
    run(before=True)
    result = run(give_back=[DAEMON_JSON])
    assert result["failed"]
    assert f"it is not written down what was in {DAEMON_JSON}" in result["msg"]


def roots(*paths: Path) -> dict[str, str]:
    result = run(roots=[f"{path}/" for path in paths])
    recorded: dict[str, str] = result["seat"]["before"]["roots"]
    return recorded


def test_it_is_written_down_what_a_directory_was_like_when_docker_came(tmp_path: Path) -> None:
    """data-root is set to the school's own /srv after it was written down what was there."""
    first, new, disk, srv = (tmp_path / name for name in ("first", "new", "disk", "srv"))
    run(before=True, roots=[str(first)])
    for directory in (first / "image", disk / "lost+found", srv / "projects"):
        directory.mkdir(parents=True)
    assert roots(new, disk, srv, first) == {
        str(first): "absent",
        str(new): "absent",
        str(disk): "empty",
        str(srv): "in use",
    }
    # Later Docker keeps something there: what is written down stays.
    (disk / "image").mkdir()
    assert roots(disk)[str(disk)] == "empty"
    assert not run(roots=[str(disk)])["changed"]
    # The record also stays when the previous content is gone.
    (srv / "projects").rmdir()
    assert roots(srv)[str(srv)] == "in use"


def test_directories_are_of_a_machine_whose_before_is_known(remembers: Path) -> None:
    result = run(roots=["/x"])
    assert "it is not written down what there was before" in result["msg"]
    assert not remembers.exists()


@pytest.mark.parametrize(
    ("code", "coming"),
    [(0, ["containerd", "docker.io", "runc"]), (100, ["docker.io", "python3-apt"])],
)
def test_what_is_about_to_come_is_written_down_before_it_comes(
    machine: Machine, tmp_path: Path, code: int, coming: list[str]
) -> None:
    """Dependencies count too; a package of before, in any version, is not the toolkit's."""
    machine.apt(SIMULATED if code == 0 else "", code)
    state.update(lambda remembered: remembered.brought.update(packages=["tini"]))
    assert run(coming=["docker.io=26.1.5*", "zstd"])["changed"]
    assert state.read().brought == {"packages": ["tini"], "coming": coming, "policy_rc_d": True}
    assert (tmp_path / "told.asked").read_text().split() == [
        *("C.UTF-8", *apt.SIMULATE[1:]),
        *("python3-apt", "docker.io=26.1.5*", "zstd"),
    ]


def test_what_was_there_is_written_down_before_anything_on_the_machine_changes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package lists change first; all of it is one call."""
    machine.apt(SIMULATED)
    result = run(before=True, roots=["/x"], came=True, coming=["docker.io"], going=["docker-ce"])
    [reading] = machine.readings
    assert reading.before
    assert reading.before["roots"] == {"/x": "absent"}
    assert not set(state.UNDER_WAY) & reading.brought.keys()
    assert result["seat"]["before"] == reading.before
    assert state.read().brought["coming"] == ["containerd", "docker.io", "runc"]

    def cut_off() -> None:
        raise apt.ListsError("apt cannot read its package lists (no). Fix: …")

    monkeypatch.setattr(seat_state, "read_lists", cut_off)
    result = run(coming=["tini"])
    assert (result["failed"], result["msg"]) == (
        True,
        "apt cannot read its package lists (no). Fix: …",
    )


def test_a_policy_of_the_seats_own_is_not_used(machine: Machine) -> None:
    machine.apt(SIMULATED)
    machine.has["apt"]["policy_rc_d"] = "other"
    run(coming=["docker.io"])
    assert state.read().brought["policy_rc_d"] is False


def test_what_came_is_brought_and_nothing_else_is(machine: Machine) -> None:
    """An unfinished package counts too; a package that somebody installed by hand does not."""
    machine.apt(SIMULATED)
    run(coming=["docker.io"])
    machine.has["packages"] |= {"docker.io": "26", "containerd": "1.7", "by-hand": "1"}
    machine.has["apt"]["unfinished"] = ["runc"]
    result = run(came=True)
    assert result["changed"]
    brought = {"packages": ["containerd", "docker.io", "runc"], "users": []}
    assert result["seat"]["brought"] == brought
    assert not set(state.UNDER_WAY) & state.read().brought.keys()
    # Where nothing is under way the module looks once.
    machine.questions.clear()
    assert not run(came=True)["changed"]
    assert len(machine.questions) == 1


def test_a_second_installation_forgets_nothing_of_one_that_was_killed(machine: Machine) -> None:
    machine.apt(SIMULATED)
    run(coming=["docker.io"])
    machine.has["packages"] |= {"containerd": "1.7"}
    machine.apt("Inst tini (1 Debian [amd64])\n")
    run(coming=["tini"])
    assert state.read().brought["packages"] == ["containerd"]
    assert state.read().brought["coming"] == ["tini"]


def test_where_nothing_was_coming_nothing_came(remembers: Path) -> None:
    """The installation that was interrupted and mended was somebody else's."""
    assert not run(came=True)["changed"]
    assert not remembers.exists()


def test_accounts_are_written_down_all_together() -> None:
    assert run(users=["alice", "bob"])["changed"]
    assert run(users=["bob"])["seat"]["brought"]["users"] == ["bob"]
    assert not run(users=["bob"])["changed"]
    assert not run()["changed"]
    assert run(users=[])["changed"]
    assert run(taken=["theirs"])["seat"]["brought"]["taken"] == ["theirs"]
    assert not run(taken=["theirs"])["changed"]
    # The move to another engine is recorded until it has ended.
    moving = {"path": "/a", "sha256": "b", "images": {"c": "d"}, "left": ["/e"]}
    assert run(moving=moving)["seat"]["brought"]["moving"] == moving
    assert "moving" not in run(moving={})["seat"]["brought"]


def test_the_revision_that_the_room_has_is_the_last() -> None:
    for revision in ("r1", "r2", "r2", "r1"):
        result = run(served=revision)
    assert result["seat"]["served"] == ["r2", "r1"]
    assert not run(served="r1")["changed"]


def test_all_is_forgotten(remembers: Path) -> None:
    run(before=True, users=["alice"])
    result = run(forget=True)
    assert result["changed"]
    assert result["seat"]["before"] is None
    assert not remembers.exists()
    assert not run(forget=True)["changed"]


def test_what_cannot_be_read_is_told_and_not_written_over(remembers: Path) -> None:
    remembers.mkdir()
    (remembers / "state.json").write_text("{")
    for arguments in ({"before": True}, {"users": []}, {"forget": False}):
        result = run(**arguments)
        assert result["failed"]
        assert "state.json cannot be read" in result["msg"]
    assert (remembers / "state.json").read_text() == "{"


def acted(answer: object, **arguments: object) -> dict[str, Any]:
    """Return the action's result for a module's answer, or for an error of the connection.

    Its key question has the arguments that the module was given.
    """
    action_run = Action(action, answer, **arguments)
    result = action_run.run("pc07")
    [question] = action_run.questions
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
    """Unlike the action that only asks: no task may follow where nothing was recorded."""
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
    facts = {"files": {"x" * 100: "y" * 2**22}}
    with pytest.raises(AnsibleActionFail, match="pc07: "):
        acted({"changed": True, "seat": facts})


def test_the_action_takes_the_modules_arguments_and_no_others() -> None:
    own = {**seat_state.OWN_ARGUMENTS}
    assert set(own) == action.ActionModule._VALID_ARGS
