"""A seat with the command `labo`: the real archive, before a stand-in for Docker."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.images import delivered
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.plugin_utils import lesson_files

CHECK = """
def check(seat):
    for name in ("one", "two"):
        yield (
            name,
            (f"« {name} » est là", f"“{name}” is there"),
            [(seat.container(name), f"Lancez {name}.", f"Run {name}.")],
        )
    yield (
        "told",
        ("Vous avez répondu 42", "You have answered 42"),
        [(seat.answers == ["42"], f"Reçu : {seat.answers}", f"Given: {seat.answers}")],
    )
"""
ONE_STEP = """
def check(seat):
    yield "there", ("Là", "There"), [(seat.container("one"), "Non.", "No.")]
"""
# The kinds of exercises: with a preparation, one that the seat cannot do, one whose check fails.
EXERCISES = {
    "01-first": (CHECK, "Premier contact", "First contact"),
    "02-compose": ('NEEDS = ["compose"]\n' + ONE_STEP, "Composer", "Compose"),
    "03-wrong": ("def check(seat):\n    return 1 / 0\n", "Faux", "Wrong"),
    "04-last": (ONE_STEP, "Le dernier", "The last one"),
}
FRENCH, ENGLISH = {"LC_ALL": "fr_FR.UTF-8"}, {"LC_ALL": "en_GB.UTF-8"}


def container(name: str) -> dict[str, Any]:
    """Return a container as the engine describes it."""
    return {"Id": f"{name:0<64}", "Name": f"/{name}", "State": {"Status": "running"}}


class Labo:
    """The command, and the Docker that it asks."""

    def __init__(self, path: Path, engine: stand_in.Engine) -> None:
        """Write the command and its exercises to a directory; the engine has nothing."""
        self.home, self.memory, self.engine = path / "home", path / "memory", engine
        self.home.mkdir()
        self.memory.mkdir()
        self.program = path / "seat/labo"
        self.program.parent.mkdir()
        folder = path / "exercises"
        for name, (check, french, english) in EXERCISES.items():
            (folder / name).mkdir(parents=True)
            (folder / name / "check.py").write_text(check)
            (folder / name / "fr.md").write_text(f"# {french}\n\nUn but. 10 minutes.\n")
            (folder / name / "en.md").write_text(f"# {english}\n\nA goal. 10 minutes.\n")
            (folder / name / "solution.sh").write_text("true\n")
        (folder / "01-first/setup.sh").write_text("pwd > where\ntest ! -e fail\n")
        (folder / "04-last/setup.sh").write_text("echo given | put ~/mine\n")
        # The seat has no compose, whether or not this machine has it.
        members = lesson_files.members
        with mock.patch.object(
            lesson_files,
            "members",
            lambda exercises: (
                (name, data.replace(b"/docker/cli-plugins", b"/no/cli-plugins"))
                for name, data in members(exercises)
            ),
        ):
            self.program.write_bytes(lesson_files.command(folder))
        self.has()
        engine.on("GET", "/info", {"ServerVersion": "26.1.5"})
        engine.on("GET", "/(images/json|networks)", [])
        engine.on("GET", "/volumes", {"Volumes": []})

    def deliver(self, *images: dict[str, Any]) -> None:
        """Write the file on the images that were delivered, as the engine describes them."""
        told: list[delivered.Delivered] = [
            {
                "fingerprint": fingerprint(image),
                "name": image["RepoTags"][0],
                "layers": [],
                "rows": 0,
            }
            for image in images
        ]
        self.program.with_name(delivered.FILE).write_bytes(delivered.content(told))

    def has(self, *names: str) -> None:
        """Set the engine's containers, by their names."""
        self.has_containers([container(name) for name in names])

    def has_containers(self, containers: list[dict[str, Any]]) -> None:
        """Set the engine's containers, by their descriptions."""
        by_id = {item["Id"]: item for item in containers}
        self.engine.on("GET", r"/containers/json\?.*", [{"Id": key} for key in by_id])
        self.engine.on("GET", "/containers/(.{64})/json", lambda _, key: by_id[key])

    def command(self, *line: str) -> list[str]:
        """Return the command line, by this Python."""
        return [sys.executable, "-I", str(self.program), *line]

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the environment of the command, English unless the variables change that."""
        return {
            "PATH": os.environ["PATH"],
            "DOCKER_HOST": f"unix://{self.engine.path}",
            "LABO_MEMORY": str(self.memory),
            "HOME": str(self.home),
            **ENGLISH,
            **variables,
        }

    def run(self, *line: str, **variables: str) -> tuple[int, str, str]:
        """Run the command and return its exit code, its output and its errors."""
        completed = subprocess.run(
            self.command(*line),
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert "Traceback" not in completed.stderr, completed.stderr
        return completed.returncode, completed.stdout, completed.stderr
