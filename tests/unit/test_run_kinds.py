"""Show how the kind of a run follows from its plays."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ansible_collections.labocloud.room.plugins.plugin_utils.run.kinds import Kind, kind_of
from sample_plays import PROJECT, plays_of, plays_of_ours

PLAYBOOKS = sorted((PROJECT / "playbooks").glob("*.yml"))
# All others do some other work.
KINDS = {
    "site.yml": Kind.PROOF,
    "verify.yml": Kind.PROOF,
    "update.yml": Kind.UPDATE,
    "progress.yml": Kind.PROGRESS,
}
OWN = {"hosts": "lab", "gather_facts": False, "tasks": []}


@pytest.fixture
def kind(tmp_path: Path) -> Callable[..., Kind]:
    """A function that returns what a teacher's own playbook with these entries is for."""

    def kind(*entries: dict[str, object]) -> Kind:
        path = tmp_path / "own.yml"
        path.write_text(yaml.safe_dump(list(entries)))
        return kind_of(plays_of(path))

    return kind


def imported(name: str, **variables: object) -> dict[str, object]:
    return {"import_playbook": f"labocloud.room.{name}", "vars": variables}


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_each_playbook_is_for_what_it_is_for(playbook: Path) -> None:
    assert kind_of(plays_of_ours(playbook.name)) is KINDS.get(playbook.name, Kind.WORK)


def test_the_checkouts_own_site_is_the_collections() -> None:
    assert kind_of(plays_of(PROJECT / "site.yml")) is Kind.PROOF


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_an_imported_playbook_is_for_the_same(kind: Callable[..., Kind], playbook: Path) -> None:
    expected = kind_of(plays_of_ours(playbook.name))
    assert kind(imported(playbook.stem)) is expected
    # Of one that only looks, another play makes one that does something else, too.
    with_own = Kind.WORK if expected is Kind.PROGRESS else expected
    assert kind(OWN, imported(playbook.stem), OWN) is with_own


def test_of_several_that_are_imported_the_last_decides(kind: Callable[..., Kind]) -> None:
    assert kind(imported("update"), imported("site")) is Kind.PROOF
    assert kind(imported("site"), imported("update")) is Kind.UPDATE
    assert kind(imported("site"), imported("catchup")) is Kind.WORK
    # A look beside them changes nothing of what they prove.
    assert kind(imported("site"), imported("progress")) is Kind.PROOF
    assert kind(imported("progress"), imported("site")) is Kind.PROOF
    assert kind(imported("progress"), imported("progress")) is Kind.PROGRESS


def test_who_imports_a_playbook_can_say_it_is_for_something_else(kind: Callable[..., Kind]) -> None:
    assert kind(imported("site", room_run="work")) is Kind.WORK
    assert kind(imported("reset", room_run="proof")) is Kind.PROOF


@pytest.mark.parametrize("value", ["prove", "", None, 7, [], {"a": 1}, "{{ room_run }}"])
def test_what_is_no_kind_says_nothing(kind: Callable[..., Kind], value: object) -> None:
    assert kind({**OWN, "vars": {"room_run": value}}) is Kind.WORK
    assert kind(imported("site"), {**OWN, "vars": {"room_run": value}}) is Kind.PROOF


def test_a_run_without_plays_is_for_nothing_else() -> None:
    assert kind_of([]) is Kind.WORK


def last_lines(directory: Path, playbook: str, *arguments: str) -> list[str]:
    """Run a playbook in a directory, and return its last lines."""
    command = ["ansible-playbook", "-i", "hosts.yml", playbook, *arguments]
    result = subprocess.run(
        command,
        cwd=directory,
        env=os.environ
        | {
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
            "LABOCLOUD_REPORTS": str(directory / "reports"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode != 0
    return result.stdout.partition("ROOM **")[2].splitlines()[1:]


@pytest.mark.parametrize("name", ["site", "update", "verify"])
def test_a_teachers_own_playbook_ends_as_the_one_that_it_imports(name: str, tmp_path: Path) -> None:
    """None of its seats can be reached: none of the plays that follow begins."""
    off = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    hosts = {"lab": {"hosts": dict.fromkeys(("pc1", "pc2"), off)}}
    playbook = [imported(name), {**OWN, "hosts": "all"}]
    ends = {}
    for folder, book in (("theirs", f"labocloud.room.{name}"), ("own", "friday.yml")):
        directory = tmp_path / folder
        directory.mkdir()
        (directory / "hosts.yml").write_text(yaml.safe_dump(hosts))
        (directory / "friday.yml").write_text(yaml.safe_dump(playbook))
        lines = last_lines(directory, book, "--limit", "pc2")
        files = sorted(path.name for path in (directory / "reports").iterdir())
        ends[folder] = lines, files, (directory / "reports/missing").read_text()
    lines, files, missing = ends["own"]
    assert ends["theirs"] == ends["own"]
    assert lines[0].startswith("0 seats ready, ")
    assert any(line.startswith("  pc2: unreachable: ") for line in lines)
    assert files == ["missing", "room.html", "room.json"]
    assert missing == "pc2\n"
