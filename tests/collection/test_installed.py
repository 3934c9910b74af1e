"""The project as others get it: built, installed where nothing else is, and run from there."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from liar import decoys, lies, program, untouched

PROJECT = Path(__file__).parents[2]
PLAYBOOKS = sorted(path.stem for path in (PROJECT / "playbooks").glob("*.yml"))
# The room that the check of the checkout itself has made ready: this machine.
ROOM = {
    "lab": {
        "hosts": {
            "this-machine": {
                "ansible_connection": "local",
                "ansible_python_interpreter": "/usr/bin/python3",
            }
        }
    }
}
[CONFIGURATION] = re.findall(
    r"```ini\n(.*?)```", (PROJECT / "docs/rooms.md").read_text(), re.DOTALL
)
Command = Callable[..., str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an inventory, the documented ansible.cfg and, in time, `collections`."""
    place = tmp_path_factory.mktemp("room")
    (place / "room.yml").write_text(yaml.safe_dump(ROOM))
    (place / "ansible.cfg").write_text(CONFIGURATION)
    return place


@pytest.fixture(scope="module")
def command(place: Path) -> Command:
    """Return a function that runs a command there, without any variable of the project."""
    ours = ("ANSIBLE_", "LABOCLOUD_", "MOLECULE_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {
        "ANSIBLE_COLLECTIONS_PATH": "collections",
        "ANSIBLE_CALLBACKS_ENABLED": "labocloud.room.room_summary",
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(place / "home"),
    }

    def run(*words: str | Path, cwd: Path = place, fails: bool = False, **variables: str) -> str:
        done = subprocess.run(
            words, cwd=cwd, env=environment | variables, capture_output=True, text=True, check=False
        )
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def installed(place: Path, command: Command) -> Path:
    """The collection's directory, installed from the file that is built of the checkout."""
    galaxy = ("ansible-galaxy", "collection")
    command(*galaxy, "build", "--output-path", place / "built", cwd=PROJECT)
    [built] = (place / "built").iterdir()
    # What it depends on comes with the environment, where no server of collections is needed.
    command(*galaxy, "install", built, "--offline", "--no-deps", "-p", place / "collections")
    return place / "collections/ansible_collections/labocloud/room"


def files(directory: Path) -> dict[str, int]:
    """Return the files in a directory, each with the time of its last change in nanoseconds."""
    return {
        str(path.relative_to(directory)): path.stat().st_mtime_ns
        for path in directory.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_it_does_the_same_job_and_keeps_what_it_makes_where_it_was_started(
    place: Path, command: Command, installed: Path
) -> None:
    """The image has the checkout's revision: this machine's container stays as it is."""
    before = files(installed)
    others = {path.name for path in place.iterdir()}
    for _ in range(2):
        output = command("ansible-playbook", "labocloud.room.site", "-i", "room.yml")
        assert " changed=0 " in output, output
        assert "1 seat ready." in output
    assert files(installed) == before
    created = {path.name for path in place.iterdir()} - others
    assert created == {"reports", "home"} - others
    assert (place / "reports/room.html").exists()


@pytest.mark.parametrize("name", ["site", "verify", "progress"])
def test_without_the_line_that_keeps_settings_from_seats_nothing_begins(
    name: str, place: Path, command: Command, installed: Path
) -> None:
    """It is Ansible's own default, with no ansible.cfg."""
    inventory = ("-i", place / "room.yml")
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(installed.parents[2])}
    cwd = place / "home"
    cwd.mkdir(exist_ok=True)
    output = command(
        "ansible-playbook", f"labocloud.room.{name}", *inventory, cwd=cwd, fails=True, **settings
    )
    assert "inject_facts_as_vars = False under [defaults]" in " ".join(output.split())
    assert " changed=0 " in output


# Those that take away are only tried; two refuse what is not said, which is their own matter.
ARGUMENTS = {
    "catchup": ["--check", "--limit", "all", "-e", "exercise=2"],
    "remove": ["--check"],
}
REFUSING = {"catchup": "has no account ''", "restore": "from is ''"}


@pytest.mark.parametrize("name", sorted({*PLAYBOOKS} - {"ask"}))
def test_what_root_of_a_seat_adds_to_every_answer_changes_nothing(
    name: str, place: Path, command: Command, installed: Path, tmp_path: Path
) -> None:
    """The one seat is the one that builds."""
    assert installed.is_dir()
    decoy = decoys(tmp_path / "decoy")
    liar = tmp_path / "liar"
    liar.write_text(program("/usr/bin/python3", lies(str(decoy), "this-machine")))
    liar.chmod(0o700)
    room = yaml.safe_load((place / "room.yml").read_text())
    room["lab"]["hosts"]["this-machine"]["ansible_python_interpreter"] = str(liar)
    (tmp_path / "room.yml").write_text(yaml.safe_dump(room))
    words = ("ansible-playbook", f"labocloud.room.{name}", "-i", tmp_path / "room.yml")
    output = command(*words, *ARGUMENTS.get(name, ()), fails=name in REFUSING)
    assert REFUSING.get(name, "1 seat") in output.rpartition("ROOM **")[2]
    assert name == "remove" or " changed=0 " in output or name == "progress"
    assert untouched(decoy)


@pytest.fixture(scope="module")
def read(command: Command, installed: Path) -> str:
    """What is told of all playbooks where each is read, and none is run."""
    assert installed.is_dir()
    names = [f"labocloud.room.{name}" for name in PLAYBOOKS]
    return command("ansible-playbook", *names, "-i", "room.yml", "--syntax-check")


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_each_playbook_is_there(name: str, read: str) -> None:
    assert f"/playbooks/{name}.yml\n" in f"{read}\n"


def test_it_holds_nothing_of_those_who_work_on_it(installed: Path) -> None:
    present = {path.name for path in installed.iterdir()}
    assert {"roles", "plugins", "playbooks", "app", "Dockerfile", ".dockerignore"} <= present
    assert present & {".git", ".venv", ".collections", ".cache", "reports", "tests"} == set()
