"""Run a playbook from a test, as a person would."""

import json
import os
import re
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def run(
    seat: str, *arguments: str, playbook: str = "site.yml", **variables: object
) -> subprocess.CompletedProcess[str]:
    """Run a playbook for one seat of the scenario's inventory, with these extra variables."""
    inventory = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "inventory"
    command = ["ansible-playbook", "--limit", seat, "--extra-vars", json.dumps(variables)]
    for source in sorted(inventory.glob("*.yml")):
        command += ["--inventory", str(source)]
    environment = os.environ | {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
    return subprocess.run(
        [*command, *arguments, str(PROJECT / playbook)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def said(result: subprocess.CompletedProcess[str]) -> str:
    """Give what the run said at its end, in one line."""
    return " ".join(result.stdout.rpartition("ROOM **")[2].split())


def changed(result: subprocess.CompletedProcess[str]) -> int:
    """Give how many tasks changed something, in a run that has to be a good one."""
    assert result.returncode == 0, said(result)
    return sum(int(count) for count in re.findall(r"changed=(\d+)", result.stdout))
