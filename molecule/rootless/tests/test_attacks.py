"""Show that attacks on the machine by Docker fail without root, and succeed with it."""

import json
import re
import subprocess

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.attacks import attempts
from conftest import OPEN, SEATS
from playbook import reports, run, said

ALL = {attack.name for attack in attempts.ATTACKS}
# What an instance has nothing of: its kernel is the host's, and takes no modules.
UNTRIED = {"module"}


@pytest.fixture(scope="module")
def tried() -> subprocess.CompletedProcess[str]:
    """Return the result of one run, in which a student of each seat tries all attacks."""
    return run("all", playbook="playbooks/verify.yml", attack="student")


@pytest.fixture(scope="module")
def causes(tried: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    """Return the causes of the findings, by seat and ID."""
    assert tried.returncode == 0, said(tried)
    room = json.loads((reports() / "room.json").read_text())
    return {
        seat["name"]: {finding["id"]: finding["cause"]["en"] for finding in seat["findings"]}
        for seat in room["seats"]
    }


@pytest.mark.parametrize("seat", SEATS)
def test_without_root_none_succeeds(causes: dict[str, dict[str, str]], seat: str) -> None:
    assert "attack_succeeded" not in causes[seat]
    assert "attack_untried" not in causes[seat]


@pytest.mark.parametrize("seat", [*SEATS, OPEN])
def test_each_was_tried(causes: dict[str, dict[str, str]], seat: str) -> None:
    """Otherwise the run would prove nothing."""
    untried = causes[seat]["attack_partly"]
    assert ALL & set(re.findall(r"([\w-]+)(?:,| \()", untried)) == UNTRIED, untried


def test_with_root_each_succeeds(causes: dict[str, dict[str, str]]) -> None:
    [names] = re.findall(r"\((.*)\)", causes[OPEN]["students_root"])
    assert set(names.split(", ")) == ALL - UNTRIED
