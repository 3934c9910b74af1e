"""Show which checks can see a change."""

import subprocess
from pathlib import Path

import pytest
from suite import changed
from suite.changed import ENDS, READ, SEEN
from suite.checks import PROJECT, checks, git_files

FILES = git_files()
USED_BY = changed.users(FILES)
CHECKS = list(checks())


def seen(name: str) -> set[str]:
    """Return the checks that see a file, without the linters."""
    seeing = changed.sees(name, USED_BY)
    assert seeing is not None, name
    return {check for check in seeing if not check.startswith("lint")}


def test_no_file_of_the_project_is_left_without_a_check() -> None:
    """By a place of its own: what is new, and in none, is tried by all."""
    assert [name for name in FILES if changed.named(name, SEEN) is None] == []
    assert [name for name in FILES if changed.sees(name, USED_BY) == set()] == []


@pytest.mark.parametrize("table", [SEEN, READ, ENDS], ids=["SEEN", "READ", "ENDS"])
def test_the_tables_name_checks_and_files_that_exist(table: tuple[tuple[str, str], ...]) -> None:
    for pattern, named in table:
        for listed in set(named.split()) - {changed.EVERYTHING, changed.ITSELF}:
            assert any(check.is_named(listed) for check in CHECKS) or listed in FILES, listed
        assert any(changed.named(name, [(pattern, "")]) is not None for name in FILES), pattern


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("roles/room_registry/tasks/main.yml", {"conventions", "molecule:room"}),
        ("tests/unit/test_apt.py", {"tests/unit/test_apt.py"}),
        ("docs/day.md", {"unit", "conventions"}),
        # By the role whose task has it done, and a test of all modules.
        (
            "plugins/modules/seat_fetch.py",
            {"tests/unit/test_documentation.py", "sanity", "conventions", "molecule:reset"},
        ),
        # By the test that is a link to it.
        (
            "molecule/resources/test_labo.py",
            {"conventions", "molecule:lesson", "molecule:rootless"},
        ),
        # By what imports it: a scenario's test, and one of another check.
        ("molecule/resources/liar.py", {"conventions", "molecule:day", "collection"}),
    ],
)
def test_who_sees_a_file(name: str, by: set[str]) -> None:
    assert seen(name) == by


def test_what_imports_a_file_sees_it_however_far_it_is() -> None:
    assert {"molecule:archive", "molecule:room"} <= seen("plugins/module_utils/engine/client.py")
    # As far as the judge, whose own scenario is the role's that asks.
    test = "tests/unit/test_judge_engine.py"
    assert {"molecule:refusals", test} <= seen("plugins/plugin_utils/judge/engine.py")
    assert "molecule:room" not in seen("plugins/plugin_utils/judge/engine.py")


@pytest.mark.parametrize(
    "name", ["requirements.txt", "tests/requirements.txt", "ansible.cfg", "new/folder/file.txt"]
)
def test_what_decides_how_all_runs_or_has_no_place_is_seen_by_all(name: str) -> None:
    assert changed.sees(name, USED_BY) is None


def test_the_linters_see_what_they_read() -> None:
    seeing = changed.sees("plugins/modules/seat.py", USED_BY) or set()
    assert {"lint:python", "lint:types-seat"} <= seeing
    assert "lint:types-seat" not in (changed.sees("bench/room.py", USED_BY) or set())


def test_of_the_unit_tests_those_run_that_import_what_changed() -> None:
    names = ["plugins/filter/openpgp.py"]
    [unit] = [pair for pair in changed.seeing(names, CHECKS) if pair[0].name == "unit"]
    assert unit[1] == names
    [whole] = [check for check in CHECKS if check.name == "unit"]
    assert unit[0].command == (
        *whole.command[:-1],
        "tests/unit/test_openpgp.py",
        "tests/unit/test_parsers.py",
    )
    # Of one that all of them see, all of them run.
    names.append("tests/unit/conftest.py")
    [unit] = [pair for pair in changed.seeing(names, CHECKS) if pair[0].name == "unit"]
    assert unit[1] == names[1:]
    assert unit[0] == whole
    assert whole.command[-1] == "tests/unit"


def test_what_no_unit_test_imports_a_scenario_tries() -> None:
    for name in FILES:
        seeing = changed.sees(name, USED_BY)
        if name.startswith("plugins/") and not name.startswith("plugins/doc_fragments/"):
            assert seeing is None or any(
                check.startswith(("tests/unit/", "unit", "molecule:")) for check in seeing
            ), name


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return another project, on a branch of its own."""
    monkeypatch.setattr(changed, "PROJECT", tmp_path)
    (tmp_path / "here").write_text("1")
    (tmp_path / "gone").write_text("1")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=one")
    git(tmp_path, "switch", "--quiet", "--create=mine")
    return tmp_path


def git(project: Path, *words: str) -> None:
    named = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    subprocess.run(["git", *named, *words], cwd=project, check=True)


def test_what_differs_is_what_was_committed_what_was_not_and_what_is_new(project: Path) -> None:
    assert changed.differing("main") == []
    (project / "committed").write_text("1")
    (project / "gone").unlink()
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message=two")
    (project / "here").write_text("2")
    (project / "new").write_text("1")
    assert changed.differing("main") == ["committed", "gone", "here", "new"]


def test_what_main_has_got_meanwhile_is_no_change_of_ones_own(project: Path) -> None:
    git(project, "switch", "--quiet", "main")
    (project / "theirs").write_text("1")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message=theirs")
    git(project, "switch", "--quiet", "mine")
    assert changed.differing("main") == []


def test_where_there_is_no_main_it_says_what_to_do(project: Path) -> None:
    git(project, "branch", "--quiet", "--delete", "--force", "main")
    with pytest.raises(ValueError, match=r"knows no main to compare with .*git fetch origin"):
        changed.differing("main")


def test_a_file_that_is_gone_is_seen_by_those_of_its_place() -> None:
    assert not (PROJECT / "roles/room_registry/tasks/gone.yml").exists()
    assert seen("roles/room_registry/tasks/gone.yml") == {"conventions", "molecule:room"}


def test_what_the_image_is_made_of_has_it_built_before_it_is_tried() -> None:
    """Otherwise the existing image would be tried, without the change."""
    made_of = ["Dockerfile", ".dockerignore", *(file for file in FILES if file.startswith("app/"))]
    trying = {"image", "browser"}
    assert [name for name in made_of if seen(name) & trying and "seat" not in seen(name)] == []
    assert all("seat" in check.needs for check in CHECKS if check.name in trying)
