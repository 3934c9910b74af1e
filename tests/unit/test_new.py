"""Show that `./lab new` begins complete files, but for what is still to be written."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT / "tests"))

import new  # noqa: E402  # it lies beside this folder

READ = ("CONTRIBUTING.md", "README*.md", "app/exercises", "docs", "locale", "playbooks", "roles")
PLUGINS = ("plugins/plugin_utils", "tests/unit")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what is read of the project, in which it is begun."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *READ, *PLUGINS],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, place)
    monkeypatch.setattr(new, "PROJECT", tmp_path)
    return tmp_path


def marked(copy: Path) -> set[str]:
    """Return the files of the copy in which something is to be written, beside this test."""
    texts = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    here = Path(__file__).name
    return {
        str(path.relative_to(copy))
        for path, text in texts.items()
        if b"WRITE: " in text and path.name != here
    }


@pytest.mark.parametrize(
    ("kind", "name", "files"),
    [
        (
            "finding",
            "machine/battery_low",
            {
                "plugins/plugin_utils/findings.toml",
                "plugins/plugin_utils/judge/machine.py",
                "locale/en/findings.toml",
                "locale/fr/findings.toml",
                "tests/unit/test_judge_machine.py",
                "docs/troubleshooting.md",
            },
        ),
        (
            "setting",
            "flask_container_colour",
            {
                "roles/flask_container/meta/argument_specs.yml",
                "roles/flask_container/defaults/main.yml",
            },
        ),
        (
            "exercise",
            "pull-and-push",
            {
                f"app/exercises/16-pull-and-push/{name}"
                for name in ("check.py", "solution.sh", "fr.md", "en.md")
            },
        ),
        ("playbook", "audit", {"playbooks/audit.yml", "README.md", "README.fr.md"}),
    ],
)
def test_each_file_of_it_is_begun_once(
    copy: Path, capsys: pytest.CaptureFixture[str], kind: str, name: str, files: set[str]
) -> None:
    assert marked(copy) == set()
    assert new.main([kind, name]) == 0
    assert marked(copy) == files
    printed = capsys.readouterr().out.splitlines()
    assert files <= set(printed)
    # A test that is named is there.
    for line in printed:
        if "pytest -q" in line:
            assert (PROJECT / line.split()[3]).exists(), line
    if kind != "exercise":  # the next one has the next number
        before = {path: (copy / path).read_bytes() for path in files}
        assert new.main([kind, name]) == 2
        assert "already" in capsys.readouterr().err
        assert {path: (copy / path).read_bytes() for path in files} == before


def test_a_setting_is_one_of_its_role_and_the_others_stay(copy: Path) -> None:
    path = copy / "roles/docker_engine/meta/argument_specs.yml"
    before = yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"]
    assert new.main(["setting", "docker_engine_colour"]) == 0
    after = yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"]
    assert list(after) == [*before, "docker_engine_colour"]
    defaults = yaml.safe_load((copy / "roles/docker_engine/defaults/main.yml").read_text())
    assert defaults["docker_engine_colour"] == after["docker_engine_colour"]["default"] == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["finding", "battery_low"], "machine/battery_low"),
        (["finding", "wheel/battery_low"], "wheel is no part"),
        (["setting", "colour"], "begins with no role's name"),
        (["exercise", "../x"], "is no name"),
        (["playbook", "Audit it"], "is no name"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_made(
    copy: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert new.main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Fix: " in error
    assert marked(copy) == set()


@pytest.mark.parametrize("arguments", [[], ["finding"], ["role", "x"], ["setting", "a", "b"]])
def test_who_asks_for_nothing_that_there_is_is_told_what_there_is(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert new.main(arguments) == 2
    assert "./lab new exercise NAME" in capsys.readouterr().out
    assert new.main(["--help"]) == 0
