"""Empty each role in turn, and report which no scenario notices.

    ./lab python tests/hollow.py [ROLE...]

It runs as root, like the scenarios themselves, and none of them may run beside it. In a copy of the
project's last commit the role's tasks/main.yml is emptied, and the scenario that
tests/suite/changed.py has for it has to fail. It takes as long as these scenarios do. The exit code
is 1 where one passed.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from suite import changed
from suite.checks import PROJECT, git_files

# The escape sequences of colors.
COLOR = re.compile(r"\x1b\[[\d;]*m")
ROLES = sorted(path.parents[1].name for path in PROJECT.glob("roles/*/tasks/main.yml"))


def scenarios(role: str) -> list[str]:
    """Return the scenarios that can see a role's main.yml; the last is `prepared`, if it can."""
    checks = changed.sees(f"roles/{role}/tasks/main.yml", changed.users(git_files())) or set()
    names = [name.partition(":")[2] for name in checks if name.startswith("molecule:")]
    return sorted(names, key=lambda name: (name == "prepared", name))


def failure(copy: Path, scenario: str) -> str:
    """Run a scenario in a copy, and return the first line on a failure, empty if it passed."""
    command = ["molecule", "test", "--no-command-borders", "-s", scenario]
    # One failed test is enough.
    environment = os.environ | {"PYTEST_ADDOPTS": "--exitfirst"}
    done = subprocess.run(
        command,
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return ""
    lines = [COLOR.sub("", line) for line in done.stdout.splitlines()]
    failures = [line for line in lines if line.startswith(("FAILED ", "fatal: ", "[ERROR]"))]
    return (
        failures[0][:200] if failures else "no test and no task says why: " + " ".join(lines[-5:])
    )


def main() -> int:
    """Empty each role in turn, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("roles", nargs="*", metavar="ROLE", help=f"of: {', '.join(ROLES)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.roles) - set(ROLES):
        parser.error(f"no role is called {', '.join(sorted(unknown))}")
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="labocloud-hollow-") as directory:
        copy = Path(directory, "project")
        subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(copy)], check=True)
        (copy / ".venv").symlink_to(PROJECT / ".venv")
        for role in arguments.roles or ROLES:
            tasks = copy / f"roles/{role}/tasks/main.yml"
            content = tasks.read_text()
            tasks.write_text("---\n[]\n")
            seeing = scenarios(role)
            why = next(filter(None, (failure(copy, scenario) for scenario in seeing)), "")
            tasks.write_text(content)
            unnoticed += not why
            verdict = f"noticed: {why}" if why else "NO SCENARIO NOTICES"
            print(f"{role:16}{', '.join(seeing):20}{verdict}", flush=True)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
