"""The project as others get it: built, installed where nothing else is, and run from there."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

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
    """A directory with an inventory and, in `collections`, the collection; no ansible.cfg."""
    place = tmp_path_factory.mktemp("room")
    (place / "room.yml").write_text(yaml.safe_dump(ROOM))
    return place


@pytest.fixture(scope="module")
def command(place: Path) -> Command:
    """A way to run a command there, as somebody would who has nothing of the project's set."""
    ours = ("ANSIBLE_", "LABOCLOUD_", "MOLECULE_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {
        "ANSIBLE_COLLECTIONS_PATH": "collections",
        "ANSIBLE_CALLBACKS_ENABLED": "labocloud.room.room_summary",
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(place / "home"),
    }

    def run(*words: str | Path, cwd: Path = place) -> str:
        done = subprocess.run(
            words, cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
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
    """Give the files in a directory, each with the time of its last change."""
    return {
        str(path.relative_to(directory)): path.stat().st_mtime_ns
        for path in directory.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_it_does_the_same_job_and_keeps_what_it_makes_where_it_was_started(
    place: Path, command: Command, installed: Path
) -> None:
    """The image has the checkout's revision: this machine's container stays as it is.

    Without any configuration, and with what the documentation says of it.
    """
    before = files(installed)
    others = {path.name for path in place.iterdir()}
    for _ in range(2):
        told = command("ansible-playbook", "labocloud.room.site", "-i", "room.yml")
        assert " changed=0 " in told, told
        assert "1 seat ready." in told
        (place / "ansible.cfg").write_text(CONFIGURATION)
    assert files(installed) == before
    made = {path.name for path in place.iterdir()} - others
    assert made == {"ansible.cfg", "reports", "home"} - others
    assert (place / "reports/room.html").exists()


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_each_playbook_is_there(name: str, command: Command, installed: Path) -> None:
    assert installed.is_dir()
    command("ansible-playbook", f"labocloud.room.{name}", "-i", "room.yml", "--syntax-check")


def test_it_holds_nothing_of_those_who_work_on_it(installed: Path) -> None:
    present = {path.name for path in installed.iterdir()}
    assert {"roles", "plugins", "playbooks", "app", "Dockerfile", ".dockerignore"} <= present
    assert present & {".git", ".venv", ".collections", ".cache", "reports", "tests"} == set()
