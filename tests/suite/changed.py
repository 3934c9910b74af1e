"""Which checks can see a change: `./lab test --changed`.

`SEEN` says it for each file of the project. Where a file is imported, or a role's task has it done,
what sees those sees it too, as far as `ENDS`. A file that nothing here places is seen by all.
"""

import ast
import re
import subprocess
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from suite.checks import PROJECT

PLUGINS = "plugins"
# Pattern of a path (a star goes over slashes), and the checks; the first that fits holds. A check
# stands for all whose name goes on with a colon. What the linters see is told apart, in LINTED.
SEEN = (
    # The plugins: the judge and what says its findings by the unit tests, in seconds.
    ("plugins/plugin_utils/findings.py", "unit conventions"),
    ("plugins/*", "unit sanity conventions"),
    # Whom a task of a role concerns: the scenario that lives by it.
    ("roles/course_build/*", "unit conventions molecule:archive"),
    ("roles/course_image/tasks/by_registry.yml", "unit conventions molecule:room"),
    ("roles/course_image/*", "unit conventions molecule:archive"),
    ("roles/docker_engine/tasks/[abct]*.yml", "unit conventions molecule:rootless"),
    ("roles/docker_engine/*", "unit conventions molecule:remove"),
    ("roles/exercises/*", "unit conventions molecule:default"),
    ("roles/flask_container/*", "unit conventions molecule:default"),
    ("roles/room_lock/*", "unit conventions molecule:refusals"),
    ("roles/room_page/*", "unit conventions browser live molecule:day"),
    ("roles/room_registry/*", "unit conventions molecule:room"),
    ("roles/seat/*", "unit conventions molecule:refusals"),
    ("roles/seat_reset/*", "unit conventions molecule:day"),
    ("playbooks/remove.yml", "unit conventions collection molecule:remove molecule:rootless"),
    ("playbooks/registry.yml", "unit conventions collection molecule:room"),
    ("playbooks/site.yml", "unit conventions collection molecule"),
    ("playbooks/ask.yml", "unit conventions collection molecule"),
    ("playbooks/*", "unit conventions collection molecule:day"),
    ("site.yml", "conventions seat"),
    ("inventory/*", "unit conventions seat"),
    # What students see.
    ("app/exercises/*", "unit app image molecule:default molecule:rootless"),
    ("app/content/*", "app image browser molecule:default"),
    ("app/tests/*", "app"),
    ("app/*", "unit app image browser molecule:default"),
    ("Dockerfile", "unit app image molecule:default"),
    (".dockerignore", "unit image molecule:archive"),
    # The tests themselves.
    ("molecule/resources/states/*", "unit molecule:default molecule:rootless"),
    ("molecule/resources/test_*", ""),
    ("molecule/resources/*.py", ""),
    ("molecule/resources/student.yml", "molecule:default molecule:rootless"),
    ("molecule/resources/seat_state.sh", "molecule:refusals molecule:remove molecule:rootless"),
    ("molecule/resources/*", "molecule"),
    *(
        (f"molecule/{path.parent.name}/*", f"conventions molecule:{path.parent.name}")
        for path in PROJECT.glob("molecule/*/molecule.yml")
    ),
    (".config/molecule/*", "conventions molecule"),
    ("tests/unit/*", "unit"),
    ("tests/image/*", "image"),
    ("tests/browser/*", "browser"),
    ("tests/live/*", "live"),
    ("tests/collection/*", "collection"),
    ("tests/sanity/*", "sanity"),
    ("tests/suite/*", "unit conventions"),
    ("tests/run.py", "unit conventions"),
    ("tests/test_conventions.py", "conventions"),
    ("tests/readmes.py", "conventions"),
    ("tests/tools.yml", "tools"),
    ("tests/*.py", "unit"),
    ("bench/*", "unit"),
    # What people read.
    ("docs/*", "unit conventions"),
    ("changelogs/*", "unit"),
    ("ressources/*", "conventions"),
    (".github/*", "unit"),
    (".ci/*", "unit"),
    ("galaxy.yml", "unit sanity collection"),
    ("meta/*", "unit sanity collection"),
    ("lab", "unit"),
    (".pre-commit-config.yaml", "unit"),
    (".ansible-lint", "lint"),
    (".yamllint", "lint"),
    (".gitignore", "conventions"),
    ("LICENSE", "sanity"),
    ("*.md", "unit conventions"),
)
# What decides how all else runs.
ALL = ("ansible.cfg", "pyproject.toml", "requirements.in", "requirements.txt", ".collections/*")
LINTED = (
    ("*.py", "lint:python lint:python-format"),
    ("plugins/modules/*.py", "lint:types-seat"),
    ("plugins/module_utils/*.py", "lint:types-seat"),
    ("plugins/*.py", "lint:types"),
    ("app/*.py", "lint:types"),
    ("bench/*.py", "lint:types"),
    ("tests/suite/*.py", "lint:types"),
    ("*.yml", "lint:yaml lint:ansible"),
    ("*.yaml", "lint:yaml lint:ansible"),
    ("*.sh", "lint:shell"),
    ("lab", "lint:shell"),
    (".ci/run", "lint:shell"),
    ("*Dockerfile", "lint:dockerfile"),
)
# Whoever uses these need not be tried when they change. Sentences are the judge's alone; each role
# asks its seat, and what a seat says, and how it is judged, is what the role `seat` is for.
ENDS = {
    "plugins/plugin_utils/findings.py": "",
    "plugins/action/seat.py": "molecule:refusals",
    "plugins/modules/seat.py": "molecule:refusals",
    "plugins/callback/*": "live molecule:day",
    "tests/*/test_*.py": "",
    "molecule/*/tests/test_*.py": "",
}
USED = re.compile(r"labocloud\.room\.(\w+)")
# Where a plain `import name` finds the project's own files, besides the folder that it is in.
FOLDERS = ("app", "molecule/resources", "tests", "tests/unit")


def differing(base: str) -> list[str]:
    """Give the files that differ from where this work left a branch: committed, or not yet.

    Raises ValueError where git knows no such branch.
    """
    asked = ["git", "merge-base", base, "HEAD"]
    found = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise ValueError(
            f"git knows no {base} to compare with ({found.stderr.strip() or 'nothing in common'}):"
            " git fetch origin main:main, or name the checks"
        )
    commands = (
        ["git", "diff", "--name-only", "--no-renames", found.stdout.strip()],
        ["git", "ls-files", "--others", "--exclude-standard"],
    )
    return sorted(
        name
        for command in commands
        for name in subprocess.run(
            command, cwd=PROJECT, capture_output=True, text=True, check=True
        ).stdout.splitlines()
    )


def users(files: Iterable[str]) -> dict[str, set[str]]:
    """Give who uses each of the project's files: files that import it, tasks that have it done."""
    found: dict[str, set[str]] = {}
    files = set(files)
    for name in files:
        path = PROJECT / name
        if path.is_symlink():
            target = path.resolve().relative_to(PROJECT)
            found.setdefault(str(target), set()).add(name)
        elif name.endswith(".py"):
            for used in _imported(name, files):
                found.setdefault(used, set()).add(name)
        elif name.startswith("roles/") and name.endswith((".yml", ".j2")):
            for plugin in set(USED.findall(path.read_text())):
                for kind in ("modules", "action", "filter", "lookup"):
                    used = f"{PLUGINS}/{kind}/{plugin}.py"
                    if used in files:
                        found.setdefault(used, set()).add(name)
    return found


def _imported(name: str, files: set[str]) -> set[str]:
    """Give the files of the project that a Python file of it imports."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse((PROJECT / name).read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    ours = "ansible_collections/labocloud/room/"
    # A file beside it goes before one of the same name elsewhere.
    places = [f"{folder}/" if folder else "" for folder in (str(Path(name).parent), "", *FOLDERS)]
    paths = {module.replace(".", "/").removeprefix(ours) for module in modules}
    found: set[str] = set()
    for path in paths:
        wanted = [f"{place}{path}{end}" for place in places for end in (".py", "/__init__.py")]
        found |= {next((one for one in wanted if one in files), name)}
    return found - {name}


def named(name: str, table: Iterable[tuple[str, str]]) -> set[str] | None:
    """Give the checks of the first pattern of a table that fits a path; None where none does."""
    for pattern, checks in table:
        if fnmatchcase(name, pattern):
            return set(checks.split())
    return None


def sees(name: str, used_by: dict[str, set[str]]) -> set[str] | None:
    """Give the checks that can see a change of a file, by their names; None: all of them.

    used_by: as users() gives it.
    """
    linted = {
        check
        for pattern, checks in LINTED
        if fnmatchcase(name, pattern)
        for check in checks.split()
    }
    own: set[str] = set()
    met: set[str] = set()
    waiting = [name]
    while waiting:
        at = waiting.pop()
        if at in met:
            continue
        met.add(at)
        placed = None if named(at, ((pattern, "") for pattern in ALL)) else named(at, SEEN)
        if placed is None:
            return None
        own |= placed
        end = named(at, ENDS.items())
        if end is None:
            waiting += used_by.get(at, ())
        else:
            own |= end
    # Who uses it is none of the linters' files.
    return own | linted
