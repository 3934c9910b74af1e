"""The checks of the project: the command of each, what it needs, and about how long it takes."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
# By the path that goes with the names by which they import each other.
PLUGINS = ".collections/ansible_collections/labocloud/room/plugins"
# Seconds of a scenario that has never been measured: it begins with the long ones.
UNKNOWN = 600


@dataclass(frozen=True)
class Check:
    """A command to run.

    needs: the checks that make what it needs: a Docker, the course image, a browser. seconds: what
    it takes beside others on two cores; the longest begin first. This machine's own times, of
    reports/tests/times.json, go before. alone: it measures, with nothing else beside it.
    """

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    seconds: float = 1
    alone: bool = False

    @property
    def scenario(self) -> str:
        """The scenario of Molecule's that it runs; empty where it runs none."""
        return self.name.partition("molecule:")[2]

    @property
    def file(self) -> str:
        """The name of its files in reports/tests/, without an ending."""
        return self.name.replace(":", "-")

    def is_named(self, name: str) -> bool:
        """Tell whether a name is its own, or the first part of it."""
        return self.name == name or self.name.startswith(f"{name}:")


def git_files(*patterns: str) -> tuple[str, ...]:
    """Give the project's files that match patterns, whether git knows them yet or not."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return tuple(name for name in listed.stdout.splitlines() if (PROJECT / name).exists())


def lints() -> Iterator[Check]:
    """Give the linters, which need nothing."""
    yield Check("lint:yaml", ("yamllint", "--strict", "."), seconds=2)
    yield Check("lint:ansible", ("ansible-lint", "--offline", "--strict"), seconds=60)
    yield Check("lint:python", ("ruff", "check"))
    yield Check("lint:python-format", ("ruff", "format", "--check"))
    # What runs on a seat runs with the seat's own Python.
    on_seats = (f"{PLUGINS}/modules", f"{PLUGINS}/module_utils")
    yield Check("lint:types-seat", ("mypy", "--python-version", "3.10", *on_seats), seconds=4)
    # An exercise's check is a teacher's plain Python, and each has the same name.
    apart = "|".join([*on_seats, "app/exercises"])
    others = ("--exclude", f"^({apart})/", PLUGINS, "app", "bench", "tests/suite", "tests/run.py")
    yield Check("lint:types", ("mypy", *others), seconds=10)
    yield Check("lint:shell", ("shellcheck", "lab", ".ci/run", *git_files("*.sh")))
    yield Check("lint:dockerfile", ("hadolint", *git_files("*Dockerfile")))


# Of each scenario, its seconds.
SCENARIOS = {"rootless": 2400, "lesson": 1400, "update": 1000, "day": 900, "reset": 800}


def checks() -> Iterator[Check]:
    """Give all checks, in an order that people can read."""
    yield from lints()
    yield Check("conventions", ("pytest", "tests/test_conventions.py"), seconds=10)
    # With programs that a builder has: zstd is not on each machine. On all cores: it is what one
    # waits for who changes a sentence.
    unit = ("pytest", "--numprocesses=auto", "--dist=worksteal", "tests/unit")
    yield Check("unit", unit, ("seat",), 500)
    yield Check("app", ("pytest", "app/tests"), seconds=100)
    yield Check("sanity", ("pytest", "tests/sanity"), seconds=60)
    # With the Docker that the project itself installs. One after the other, for apt's lock.
    yield Check("docker", ("ansible-playbook", "playbooks/docker.yml"), seconds=30)
    yield Check("seat", ("ansible-playbook", "site.yml"), ("docker",), 30)
    yield Check("tools", ("ansible-playbook", "tests/tools.yml"), ("seat",), 60)
    yield Check("image", ("pytest", "tests/image"), ("seat", "tools"), 60, alone=True)
    yield Check("collection", ("pytest", "tests/collection"), ("seat",), 100)
    yield Check("browser", ("pytest", "tests/browser"), ("seat", "tools"), 300)
    yield Check("live", ("pytest", "tests/live"), ("seat",), 90)
    for path in sorted(PROJECT.glob("molecule/*/molecule.yml")):
        name = path.parent.name
        command = ("molecule", "test", "--no-command-borders", "-s", name)
        # Those that begin with its seats would each wait for them.
        copies = "\nprepared:\n" in (path.parent / "inventory/hosts.yml").read_text()
        needs = ("molecule:prepared",) if copies else ("seat",)
        yield Check(f"molecule:{name}", command, needs, SCENARIOS.get(name, UNKNOWN))
