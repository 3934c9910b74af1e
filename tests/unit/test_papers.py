"""What contributors use: the changelog, the hooks, continuous integration, the measurements."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
CHANGELOG_TOOL = "antsibull-changelog"
WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yml"))
HOOKS = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"]


def changelog(*arguments: str, cwd: Path) -> None:
    done = subprocess.run(
        [CHANGELOG_TOOL, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_fragment_is_valid() -> None:
    changelog("lint", cwd=PROJECT)
    changelog("lint-changelog-yaml", "changelogs/changelog.yaml", cwd=PROJECT)


def test_the_changelog_is_what_its_fragments_say(tmp_path: Path) -> None:
    """After an edit: `./lab antsibull-changelog generate`; CONTRIBUTING.md has the rest."""
    # In the project itself the tool would ask ansible-doc for each plugin.
    shutil.copytree(PROJECT / "changelogs", tmp_path / "changelogs")
    shutil.copy(PROJECT / "galaxy.yml", tmp_path)
    changelog("generate", cwd=tmp_path)
    for name in ("CHANGELOG.md", "changelogs/changelog.yaml"):
        assert (tmp_path / name).read_text() == (PROJECT / name).read_text(), name


def test_the_newest_release_is_the_collections_version() -> None:
    releases = yaml.safe_load((PROJECT / "changelogs/changelog.yaml").read_text())["releases"]
    version = yaml.safe_load((PROJECT / "galaxy.yml").read_text())["version"]
    assert version == max(releases, key=lambda name: tuple(map(int, name.split("."))))
    assert releases[version]["changes"]["release_summary"]


def hook_entries() -> dict[str, list[str]]:
    """Return the command of each hook as a list of words, by the hook's ID."""
    return {hook["id"]: hook["entry"].split() for repo in HOOKS for hook in repo["hooks"]}


def test_the_hooks_are_the_projects_own_commands() -> None:
    """No hook is fetched from elsewhere, in whatever version is there today."""
    for repo in HOOKS:
        assert repo["repo"] == "local"
        for hook in repo["hooks"]:
            assert set(hook) >= {"id", "name", "entry", "language"}
            assert hook["language"] == "system"
            assert {"types", "files", "pass_filenames"} & set(hook)
    for door, command, *_ in hook_entries().values():
        assert door == "./lab"
        assert command == "test" or (Path(sys.executable).parent / command).exists(), command


def test_what_lint_checks_a_hook_checks_too() -> None:
    """A commit that passes its hooks fails no check of `./lab test lint`."""
    sys_path = [sys.executable, PROJECT / "tests/run.py", "--list", "lint"]
    listed = subprocess.run(sys_path, capture_output=True, text=True, check=True).stdout.split()
    hooks = {
        "lint:yaml": "yamllint",
        "lint:ansible": "ansible-lint",
        "lint:python": "ruff-check",
        "lint:python-format": "ruff-format",
        "lint:types-seat": "mypy",
        "lint:types": "mypy",
        "lint:shell": "shellcheck",
        "lint:dockerfile": "hadolint",
    }
    assert set(listed) == set(hooks)
    assert set(hooks.values()) <= set(hook_entries())
    assert {"lint:types", "lint:types-seat"} <= set(hook_entries()["mypy"])


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_jobs_may_no_more_than_read(workflow: Path) -> None:
    """A tag can be moved to another commit, by whoever takes over an action's repository."""
    used = re.findall(r"uses: (.+)", workflow.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
    value = yaml.safe_load(workflow.read_text())
    assert value["permissions"] == {}
    for job in value["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert job["timeout-minutes"] <= 90


# These words stand for a name.
STANDS_FOR = "PART|ROLE|NAME|VERB|WHAT|VERSION"


def test_contributors_are_sent_to_files_that_there_are() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    paths = re.findall(r"`([\w.]+/[\w./-]+)`", text) + re.findall(r"`([\w-]+\.(?:yml|md))`", text)
    assert len(paths) > 20
    for path in set(paths) - {"ask.yml"}:
        assert list(PROJECT.glob(re.sub(STANDS_FOR, "*", path))), path


def test_a_page_that_the_papers_lead_to_is_there() -> None:
    for paper in ("CONTRIBUTING.md", "SECURITY.md"):
        for page in re.findall(r"\]\(([^)#]+)", (PROJECT / paper).read_text()):
            assert (PROJECT / page).is_file(), page


def test_each_measurement_is_named_with_the_question_that_it_answers() -> None:
    """A measurement that answers no question goes."""
    files = {f"bench/{path.name}" for path in (PROJECT / "bench").iterdir() if path.is_file()}
    files.remove("bench/__init__.py")
    page = (PROJECT / "docs/speed.md").read_text()
    table = page.partition("| question | command |")[2].partition("\n\n")[0]
    assert set(re.findall(r"bench/[\w.]+", table)) == files


def rooms() -> set[str]:
    """Return the paths of all plugins, packages and roles; an action is its module's."""
    plugins = PROJECT / "plugins"
    kinds = ("modules", "callback", "filter", "lookup", "module_utils", "plugin_utils")
    places = [path for kind in kinds for path in (plugins / kind).iterdir()]
    places += (PROJECT / "roles").iterdir()
    return {
        str(path.relative_to(PROJECT))
        for path in places
        if path.suffix == ".py" or (path.is_dir() and not path.name.startswith("__"))
    }


def test_the_map_has_each_plugin_package_and_role_in_one_row() -> None:
    page = (PROJECT / "docs/architecture.md").read_text()
    section = page.partition("## Which file to change")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| ")]
    assert {len(row) for row in rows} == {3}
    named = [path for row in rows for path in re.findall(r"`((?:plugins|roles)/\w[^`]*)`", row[1])]
    assert sorted(named) == sorted(rooms())
    actions = {path.stem for path in (PROJECT / "plugins/action").glob("*.py")}
    assert actions <= {path.stem for path in (PROJECT / "plugins/modules").glob("*.py")}
