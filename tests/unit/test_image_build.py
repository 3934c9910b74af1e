"""Test that an image is built from the sent context, and recorded before it has its name."""

import hashlib
import io
import shlex
import tarfile
from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible.errors import AnsibleActionFail, AnsibleActionSkip, AnsibleConnectionFailure
from ansible_collections.labocloud.room.plugins.action import image_build as action
from ansible_collections.labocloud.room.plugins.module_utils import commands, state
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.modules import image_build
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from image_tar import inspected as image
from sample_action import Action
from sample_seat import BUILDER, builder, seat

NAME, NEW, OLD, FROM = "room:base", "sha256:new", "sha256:old", "room:base-rootfs"
CONTEXT = b"a build context"


class Machine:
    """A builder: an engine, and a docker command that builds NEW or runs a given script."""

    def __init__(self, engine: stand_in.Engine, directory: Path) -> None:
        self.engine = engine
        self.place = directory / "passing"
        self.place.mkdir()
        self.directory = directory
        self.builds(f'printf {NEW} > "${{4#--iidfile=}}"')
        engine.on("GET", f"/images/{NEW}/json", image(NEW))
        engine.on("POST", f"/images/{NEW}/tag.*", None)
        engine.on("DELETE", "/images/.*", [])

    def builds(self, script: str) -> None:
        """Have the docker command run a script, after it has noted its arguments."""
        directory = self.directory
        stand_in.program(
            directory / "bin/docker",
            f'printf "%s\\n" "$@" > {directory}/words\necho "$DOCKER_HOST" > {directory}/asked\n'
            f"cat > {directory}/built\n{script}",
        )

    def words(self) -> list[str]:
        """Return the arguments that docker was called with."""
        return (self.directory / "words").read_text().splitlines()

    def build(self, content: bytes = CONTEXT, **others: object) -> dict[str, Any]:
        """Run the module."""
        context = self.place / "labocloud-images-0a1b"
        context.write_bytes(content)
        arguments = {"sha256": hashlib.sha256(CONTEXT).hexdigest(), "name": NAME} | others
        answer = stand_in.run(
            image_build.main, context=str(context), docker_socket=self.engine.path, **arguments
        )
        # Whatever becomes of it, nothing of it stays.
        assert list(self.place.iterdir()) == []
        return answer


@pytest.fixture
def machine(
    engine: stand_in.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remembers: Path
) -> Machine:
    assert not remembers.exists()
    machine = Machine(engine, tmp_path)
    monkeypatch.setitem(commands.ENVIRONMENT, "PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr(image_build, "answer", lambda _: {"images": state.read().built["images"]})
    return machine


def test_what_was_sent_is_built_without_a_network_named_and_told(machine: Machine) -> None:
    answer = machine.build(
        build_args={"FROM": "debian:13", "WHEELS": "a b"}, labels={"labocloud.image": "base"}
    )
    facts = {"images": {NAME: fingerprint(image(NEW))}}
    assert answer == {"changed": True, "seat": facts}
    first, network, remains, _, *options, last = machine.words()
    assert [first, network, remains, last] == ["build", "--network=none", "--force-rm", "-"]
    assert options == [
        *("--build-arg=FROM=debian:13", "--build-arg=WHEELS=a b", "--label=labocloud.image=base")
    ]
    assert (machine.directory / "built").read_bytes() == CONTEXT
    assert (machine.directory / "asked").read_text().strip() == f"unix://{machine.engine.path}"
    assert machine.engine.asked("POST") == [f"/images/{NEW}/tag?repo=room&tag=base"]
    assert machine.engine.asked("DELETE") == []


def test_what_was_built_is_not_said_to_be_lacking_where_the_question_after_it_was_late(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_: object) -> None:
        raise image_build.LateError("no answer within 120 s")

    monkeypatch.setattr(image_build, "answer", late)
    answer = machine.build()
    assert (answer["failed"], answer["changed"], answer["msg"]) == (
        True,
        True,
        "no answer within 120 s",
    )


def test_the_one_it_replaces_goes_and_the_name_that_was_for_the_build(machine: Machine) -> None:
    machine.engine.on("GET", f"/images/{NAME}/json", image(OLD, NAME))
    machine.engine.on("GET", f"/images/{OLD}/json", image(OLD))
    assert machine.build(forget=OLD, aside=FROM)["changed"]
    assert machine.engine.asked("DELETE") == [f"/images/{OLD}", f"/images/{FROM}?noprune=true"]


def test_it_is_remembered_before_it_has_its_name(machine: Machine) -> None:
    """Show that a run that is killed in between leaves a record of the image."""
    recorded = {}

    def naming(*_: object) -> None:
        recorded.update(state.read().built["images"])

    machine.engine.on("POST", f"/images/{NEW}/tag.*", naming)
    assert machine.build()["changed"]
    assert recorded == {NAME: fingerprint(image(NEW))}


def test_the_same_image_again_is_no_change(machine: Machine) -> None:
    machine.engine.on("GET", f"/images/{NAME}/json", image(NEW, NAME))
    assert machine.build()["changed"]
    assert not machine.build()["changed"]
    assert machine.engine.asked("POST") == []


def test_a_build_that_fails_tells_its_last_lines_and_changes_nothing(machine: Machine) -> None:
    machine.builds("seq 1 30; echo 'no matching distribution' >&2; exit 1")
    answer = machine.build(forget=OLD, aside=FROM)
    assert answer["failed"]
    assert answer["msg"].startswith(f"{NAME} cannot be built: 12\n13\n")
    assert "30\nno matching distribution\nFix: correct the Dockerfile" in answer["msg"]
    assert state.read().built["images"] == {}
    assert machine.engine.asked("POST") == []
    # What was there for this build alone goes all the same.
    assert machine.engine.asked("DELETE") == [f"/images/{FROM}?noprune=true"]


def test_of_a_line_without_an_end_not_all_is_told(machine: Machine) -> None:
    machine.builds("head -c 1000000 /dev/zero | tr '\\0' x; exit 1")
    assert len(machine.build()["msg"]) < image_build.LONGEST_WORDS + 200


def test_a_build_that_says_nothing_fails_with_its_status(machine: Machine) -> None:
    machine.builds("exit 3")
    answer = machine.build()["msg"]
    assert answer.startswith(f"{NAME} cannot be built: docker build ended with 3\nFix: ")


def test_nothing_is_built_of_what_arrives_torn_or_altered(machine: Machine) -> None:
    assert "arrived torn or altered" in machine.build(CONTEXT[:-1])["msg"]
    assert not (machine.directory / "built").exists()


def test_a_name_that_the_engine_does_not_give_is_not_remembered(machine: Machine) -> None:
    machine.engine.on("POST", "/images/.*", stand_in.Refuse(500, "the disk is full"))
    assert "the disk is full" in machine.build()["msg"]
    assert state.read().built["images"] == {}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project/app").mkdir(parents=True)
    (tmp_path / "project/Dockerfile").write_text("FROM x\n")
    (tmp_path / "project/app/app.py").write_text("print(1)\n")
    return tmp_path / "project"


class Task(Action):
    """The action, with its module's answer and the files that it has sent."""

    def __init__(self, project: Path, answer: object, **others: object) -> None:
        arguments = {"src": str(project), "name": NAME, "build_args": {"A": "1"}, "forget": OLD}
        super().__init__(action, answer, **arguments | others)
        self.connection._shell.remove = lambda path: f"rm {shlex.quote(path)}"
        self.connection.put_file = self.put
        self.project = project
        self.files: dict[str, bytes] = {}
        self.breaks = False

    def put(self, src: str, path: str) -> None:
        """Take a file."""
        self.files[path] = Path(src).read_bytes()
        if self.breaks:
            raise AnsibleConnectionFailure("lost")

    def run(self) -> dict[str, Any]:
        """Run the action."""
        cache = str(self.project.parent / "cache")
        places = {"course_image_project": str(self.project), "course_image_cache": cache}
        return super().run(BUILDER, builder(), **places)


def test_the_context_is_packed_sent_with_its_checksum_and_the_answer_judged(project: Path) -> None:
    answer = {"changed": True, "seat": seat()}
    wheels = project.parent / "cache/wheels" / ("0f" * 32)
    wheels.mkdir(parents=True)
    (wheels / "flask.whl").write_text("x")
    task = Task(project, answer, also=[str(wheels)])
    result = task.run()
    [(path, content)] = task.files.items()
    [question] = task.questions
    assert path.startswith("/var/tmp/labocloud-images-")
    with tarfile.open(fileobj=io.BytesIO(content)) as packed:
        assert packed.getnames() == ["Dockerfile", "app/app.py", f"{wheels.name}/flask.whl"]
    assert (question["context"], question["sha256"]) == (path, hashlib.sha256(content).hexdigest())
    assert (question["name"], question["build_args"], question["forget"]) == (NAME, {"A": "1"}, OLD)
    assert not {"src", "also"} & question.keys()
    assert result["changed"]
    assert result[UNSHOWN]["seat"] == seat(("clock/ahead", 0.0))
    assert "build" in result[UNSHOWN]["verdict"]
    # The module has removed it.
    assert task.commands == []


@pytest.mark.parametrize(
    "also",
    [
        "cache/wheels/../../.ssh",
        ".ssh",
        "cache/wheels",
        "cache/wheels/",
        "cache/other/" + "0f" * 32,
        "cache/wheels/" + "0f" * 31,
        "cache/wheels/" + "ab" * 32,
    ],
)
def test_nothing_but_fetched_wheels_is_packed_beside_the_project(project: Path, also: str) -> None:
    """Show that a wheel directory's name is no proof: the last case is a link."""
    home = project.parent
    (home / ".ssh").mkdir()
    (home / ".ssh/id").write_text("secret")
    for directory in ("cache/wheels/" + "0f" * 31, "cache/other/" + "0f" * 32):
        (home / directory).mkdir(parents=True)
    (home / "cache/wheels" / ("ab" * 32)).symlink_to(home / ".ssh")
    task = Task(project, {}, also=[str(home / also)])
    with pytest.raises(AnsibleActionFail, match="is not sent to the machine that builds"):
        task.run()
    assert task.files == {}


def test_nothing_is_built_from_but_the_project_and_the_bases_files(project: Path) -> None:
    other = project.parent / "other"
    other.mkdir()
    (other / "Dockerfile").write_text("FROM x\n")
    task = Task(project, {}, src=str(other))
    with pytest.raises(AnsibleActionFail, match=f"{other} is not sent"):
        task.run()
    assert task.files == {}


def test_nothing_is_sent_in_a_check(project: Path) -> None:
    task = Task(project, {}, check=True)
    with pytest.raises(AnsibleActionSkip, match="check mode"):
        task.run()
    assert task.files == {}


def test_what_a_build_has_said_is_printable(project: Path) -> None:
    answer = {"failed": True, "msg": "one\n\x1b[2Jtwo\x07!"}
    with pytest.raises(AnsibleActionFail) as end:
        Task(project, answer).run()
    words = f"{BUILDER}: one\n [2Jtwo !"
    assert (end.value.message, end.value.result["msg"]) == (words, words)


def test_files_that_cannot_be_packed_are_told_before_anything_is_sent(project: Path) -> None:
    (project / "Dockerfile").unlink()
    task = Task(project, {})
    with pytest.raises(AnsibleActionFail, match=f"{BUILDER}: {project} cannot be packed: .*Docker"):
        task.run()
    assert task.files == {}


@pytest.mark.parametrize("where", ["put", "module"])
def test_what_was_sent_of_it_goes_where_the_module_cannot_run(project: Path, where: str) -> None:
    task = Task(project, AnsibleConnectionFailure("lost"))
    task.breaks = where == "put"
    with pytest.raises(AnsibleConnectionFailure):
        task.run()
    [path] = task.files
    assert task.commands == [f"rm {path}"]
