"""Tell which tests a change has lost: the IDs of a revision beside those of the files here.

    ./lab python tests/ids.py [REVISION]

Without a revision it is `main`. A test that has another name now, or another place, is in RENAMED,
with the one that shows the same: a test of its own, or one in which its assertion stands. Exits
with 1 where one is lost.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
# The old ID, or the file of one, and where that is shown now. What a released version has, needs no
# line any more.
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
}


def called(test: str) -> str:
    """Give the ID that a test has now."""
    file, colons, name = test.partition("::")
    return RENAMED.get(test, RENAMED.get(file, file) + colons + name)


def ids(project: Path) -> set[str]:
    """Give the IDs of all tests of a project; those of a scenario without the names of its seats.

    Raises SystemExit, with what pytest says, where a test cannot be read.
    """
    found: set[str] = set()
    scenarios = sorted(path.parent for path in project.glob("molecule/*/molecule.yml"))
    for scenario in scenarios:
        # What Molecule sets, and the tests of a scenario read when they are imported.
        named = {
            "MOLECULE_SCENARIO_DIRECTORY": scenario,
            "MOLECULE_EPHEMERAL_DIRECTORY": "/nowhere",
            "LABOCLOUD_REPORTS": "/nowhere",
            "LABOCLOUD_CACHE": "/nowhere",
        }
        found |= _collected(project, scenario / "tests", named)
    folders = [path for path in project.glob("tests/*") if any(path.glob("test_*.py"))]
    for place in (*folders, project / "tests/test_conventions.py", project / "app/tests"):
        found |= _collected(project, place, {})
    return found


def _collected(project: Path, folder: Path, named: dict[str, str | Path]) -> set[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet"]
    done = subprocess.run(
        [*command, "--config-file", project / "pyproject.toml", folder],
        cwd=project,
        env=os.environ | {key: str(value) for key, value in named.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{folder.relative_to(project)}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return {line for line in done.stdout.splitlines() if "::" in line}


def main() -> int:
    """Compare, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("revision", nargs="?", default="main")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="labocloud-ids-") as place:
        copy = Path(place, "project")
        command = ["git", "clone", "--quiet", "--no-checkout", str(PROJECT), str(copy)]
        subprocess.run(command, check=True)
        known = subprocess.run(
            ["git", "rev-parse", "--verify", "--quiet", f"{asked.revision}^{{commit}}"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        if known.returncode != 0:
            parser.error(f"git knows no revision {asked.revision}")
        checkout = ["git", "-C", str(copy), "checkout", "--quiet", known.stdout.strip()]
        subprocess.run(checkout, check=True)
        before = ids(copy)
    now = ids(PROJECT)
    lost = sorted(before - now)
    unsaid = [test for test in lost if called(test) not in now]
    for test in lost:
        print(f"- {test}{f' -> {called(test)}' if test not in unsaid else ''}")
    print(
        f"{len(before)} tests in {asked.revision}, {len(now)} here: {len(now - before)} are new,"
        f" {len(lost) - len(unsaid)} have another name, {len(unsaid)} are lost"
    )
    return 1 if unsaid else 0


if __name__ == "__main__":
    sys.exit(main())
