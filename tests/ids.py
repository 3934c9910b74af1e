"""List the tests that a change has lost, by comparing the IDs of a revision with those here.

    ./lab python tests/ids.py [REVISION]

The default revision is `main`. A test that has another name or file now is in RENAMED, with the
test that shows the same: it has moved there, or its assertion has. The exit code is 1 where a test
is lost.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
UPDATE = "molecule/update/tests/test_update.py::test_an_exercise_that_was_done_is_done_"
PROSE = "app/tests/test_typography.py::test_prose_has_the_marks_and_spaces_of_its_language"
# Old IDs, or the files of old IDs, and the new ones. A line can go once a released version has the
# new one.
RENAMED: dict[str, str] = {
    **{
        f"molecule/default/tests/test_{name}.py": f"molecule/lesson/tests/test_{name}.py"
        for name in ("catchup", "exercises", "labo", "the_course")
    },
    **{
        f"molecule/day/tests/test_{name}.py": f"molecule/update/tests/test_{name}.py"
        for name in ("runs_again", "update")
    },
    "molecule/day/tests/test_reset.py": "molecule/reset/tests/test_reset.py",
    f"{UPDATE}after_an_update": f"{UPDATE}during_an_update_and_after_it",
    # A test for each file now, and not for each language.
    **{
        f"{PROSE}[{language}]": f"{PROSE}[content/{language}/mistakes.md]"
        for language in ("fr", "en")
    },
}


def new_id(test: str) -> str:
    """Return the ID that a test has now."""
    file, colons, name = test.partition("::")
    return RENAMED.get(test, RENAMED.get(file, file) + colons + name)


def ids(project: Path) -> set[str]:
    """Return the IDs of all tests of a project; those of scenarios without the names of seats.

    Raises SystemExit, with pytest's output, where a test cannot be read.
    """
    collected: set[str] = set()
    scenarios = sorted(path.parent for path in project.glob("molecule/*/molecule.yml"))
    for scenario in scenarios:
        # Molecule sets these, and the tests of a scenario read them when they are imported.
        environment = {
            "MOLECULE_SCENARIO_DIRECTORY": scenario,
            "MOLECULE_EPHEMERAL_DIRECTORY": "/nowhere",
            "LABOCLOUD_REPORTS": "/nowhere",
            "LABOCLOUD_CACHE": "/nowhere",
            "LABOCLOUD_STORE": "/nowhere",
        }
        collected |= _collected(project, scenario / "tests", environment)
    folders = [path for path in project.glob("tests/*") if any(path.glob("test_*.py"))]
    for path in (*folders, project / "tests/test_conventions.py", project / "app/tests"):
        collected |= _collected(project, path, {})
    return collected


def _collected(project: Path, path: Path, environment: dict[str, str | Path]) -> set[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet"]
    done = subprocess.run(
        [*command, "--config-file", project / "pyproject.toml", path],
        cwd=project,
        env=os.environ | {key: str(value) for key, value in environment.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{path.relative_to(project)}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return {line for line in done.stdout.splitlines() if "::" in line}


def main() -> int:
    """Compare, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("revision", nargs="?", default="main")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="labocloud-ids-") as directory:
        copy = Path(directory, "project")
        command = ["git", "clone", "--quiet", "--no-checkout", str(PROJECT), str(copy)]
        subprocess.run(command, check=True)
        commit = subprocess.run(
            ["git", "rev-parse", "--verify", "--quiet", f"{arguments.revision}^{{commit}}"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        if commit.returncode != 0:
            parser.error(f"git knows no revision {arguments.revision}")
        checkout = ["git", "-C", str(copy), "checkout", "--quiet", commit.stdout.strip()]
        subprocess.run(checkout, check=True)
        before = ids(copy)
    now = ids(PROJECT)
    lost = sorted(before - now)
    unexplained = [test for test in lost if new_id(test) not in now]
    for test in lost:
        print(f"- {test}{f' -> {new_id(test)}' if test not in unexplained else ''}")
    print(
        f"{len(before)} tests in {arguments.revision}, {len(now)} here:"
        f" {len(now - before)} are new, {len(lost) - len(unexplained)} have another name,"
        f" {len(unexplained)} are lost"
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
