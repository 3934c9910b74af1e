"""The checks of the project: each has a command, its needs, and about how long it takes."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
# The path has to agree with the full names by which the plugins import each other.
PLUGINS = ".collections/ansible_collections/labocloud/room/plugins"
# Seconds of a scenario that has never been measured, so many that it begins with the long ones.
UNKNOWN = 600


@dataclass(frozen=True)
class Check:
    """A command to run.

    needs: the checks that provide what it needs: a Docker, the course image, a browser. seconds:
    what it takes beside others on two cores; the longest begin first. This machine's own times, in
    reports/tests/times.json, take precedence. alone: it measures, and nothing may run beside it.
    """

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    seconds: float = 1
    alone: bool = False

    @property
    def scenario(self) -> str:
        """The Molecule scenario that it runs, empty where it runs none."""
        return self.name.partition("molecule:")[2]

    @property
    def file(self) -> str:
        """The name of its files in reports/tests/, without a suffix."""
        return self.name.replace(":", "-")

    def is_named(self, name: str) -> bool:
        """Return whether a name is the check's own, or the first part of it."""
        return self.name == name or self.name.startswith(f"{name}:")


def git_files(*patterns: str) -> tuple[str, ...]:
    """Return the project's files that match patterns, whether git knows them yet or not."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return tuple(name for name in listed.stdout.splitlines() if (PROJECT / name).exists())


def lints() -> Iterator[Check]:
    """Yield the linters, which need nothing."""
    yield Check("lint:yaml", ("yamllint", "--strict", "."), seconds=2)
    yield Check("lint:ansible", ("ansible-lint", "--offline", "--strict"), seconds=60)
    yield Check("lint:python", ("ruff", "check"))
    yield Check("lint:python-format", ("ruff", "format", "--check"))
    # A module runs with the seat's own Python.
    on_seats = (f"{PLUGINS}/modules", f"{PLUGINS}/module_utils")
    yield Check("lint:types-seat", ("mypy", "--python-version", "3.10", *on_seats), seconds=4)
    # The checks of exercises are a teacher's untyped Python, and all have the same name.
    excluded = "|".join([*on_seats, "app/exercises"])
    rest = ("--exclude", f"^({excluded})/", PLUGINS, "app", "bench", "tests/suite", "tests/run.py")
    yield Check("lint:types", ("mypy", *rest), seconds=10)
    # What a solution reads of the room is on the seat alone.
    apart = "--exclude=SC1090,SC1091"
    yield Check("lint:shell", ("shellcheck", apart, "lab", ".ci/run", *git_files("*.sh")))
    yield Check("lint:dockerfile", ("hadolint", *git_files("*Dockerfile")))


# The seconds that each of these scenarios takes.
SCENARIOS = {"rootless": 2400, "lesson": 1400, "update": 1000, "day": 900, "reset": 800}


def checks() -> Iterator[Check]:
    """Yield all checks, in an order that people can read."""
    yield from lints()
    yield Check("conventions", ("pytest", "tests/test_conventions.py"), seconds=10)
    # The tests need programs that a builder has, such as zstd. They use all cores, since a person
    # who has changed a sentence waits for them alone.
    unit = ("pytest", "--numprocesses=auto", "--dist=worksteal", "tests/unit")
    yield Check("unit", unit, ("seat",), 500)
    yield Check("app", ("pytest", "app/tests"), seconds=100)
    yield Check("sanity", ("pytest", "tests/sanity"), seconds=60)
    # The project itself installs Docker. These need each other because of apt's lock.
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
        # A scenario that begins with the seats of `prepared` would otherwise wait for them itself.
        copies = "\nprepared:\n" in (path.parent / "inventory/hosts.yml").read_text()
        needs = ("molecule:prepared",) if copies else ("seat",)
        yield Check(f"molecule:{name}", command, needs, SCENARIOS.get(name, UNKNOWN))
