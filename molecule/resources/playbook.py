"""Run a playbook from a test, as a person would."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[2]


def seats() -> list[str]:
    """Return the names of the scenario's seats, in the order of its inventory."""
    inventory = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "inventory/hosts.yml"
    return list(yaml.safe_load(inventory.read_text())["lab"]["hosts"])


def command(
    limit: str, *arguments: str, playbook: str = "site.yml", **variables: object
) -> list[str]:
    """Return the command that runs a playbook on the scenario's inventory, with extra variables.

    limit: what Ansible's --limit takes; all is the whole room.
    """
    inventory = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "inventory"
    words = ["ansible-playbook", "--limit", limit, "--extra-vars", json.dumps(variables)]
    for source in sorted(inventory.glob("*.yml")):
        words += ["--inventory", str(source)]
    return [*words, *arguments, str(PROJECT / playbook)]


def run(
    limit: str, *arguments: str, playbook: str = "site.yml", **variables: object
) -> subprocess.CompletedProcess[str]:
    """Run a playbook, as command() has it, to the end of what gives the room's lock back.

    That is a process of its own, and outlives the run. It has the run's open files: a pipe whose
    other end none has any more is at its end.
    """
    environment = os.environ | {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
    ended, open_while_it_runs = os.pipe()
    with open(ended, "rb") as pipe:
        with open(open_while_it_runs, "wb"):
            result = subprocess.run(
                command(limit, *arguments, playbook=playbook, **variables),
                capture_output=True,
                text=True,
                check=False,
                env=environment,
                pass_fds=[open_while_it_runs],
            )
        pipe.read()
    return result


def reports() -> Path:
    """Return the directory of the scenario's reports."""
    return Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "reports"


def said(result: subprocess.CompletedProcess[str]) -> str:
    """Return the summary at the end of a run's output, in one line."""
    return " ".join(result.stdout.rpartition("ROOM **")[2].split())


def changed(result: subprocess.CompletedProcess[str]) -> int:
    """Return how many tasks changed something, in a run that has to succeed."""
    assert result.returncode == 0, said(result)
    return sum(int(count) for count in re.findall(r"changed=(\d+)", result.stdout))


def other_app(directory: Path, text: str) -> dict[str, str]:
    """Return the variables of a run with another app, whose page greets with text.

    directory: an empty directory for the copy of the project's app.
    """
    for name in ("Dockerfile", ".dockerignore"):
        shutil.copy(PROJECT / name, directory)
    shutil.copytree(PROJECT / "app", directory / "app")
    words = directory / "app/content/fr/interface.toml"
    words.write_text(words.read_text().replace("Votre conteneur répond", text))
    return {"course_image_project": str(directory)}
