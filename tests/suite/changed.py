"""Which checks can see a change: `./lab test --changed`.

`SEEN` says it for each file of the project. Where a file is imported, or a role's task has it done,
what sees those sees it too, as far as `ENDS`. A file that nothing here places is seen by all.
"""

import ast
import fnmatch
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from suite.checks import PROJECT, Check, git_files

EVERYTHING, ITSELF, UNIT_TESTS = "*", ".", "tests/unit/test_*.py"
# The unit tests that are about what somebody is told.
SENTENCES = " ".join(
    str(path.relative_to(PROJECT))
    for name in (
        *("board", "catalogue", "findings*", "judge*", "report", "room_summary", "seat_action"),
        "third_language",
    )
    for path in sorted(PROJECT.glob(f"tests/unit/test_{name}.py"))
)
# Pattern of a path (a star goes over slashes), and the checks; the first that fits holds. A check
# stands for all whose name goes on with a colon, and of the unit tests a file for itself alone.
SEEN = (
    # Plugins: by what imports them, and whoever's tasks have them done.
    ("plugins/plugin_utils/findings.*", f"conventions {SENTENCES}"),
    ("locale/*/findings.toml", f"conventions {SENTENCES}"),
    ("locale/*/labo.toml", "unit conventions molecule:lesson"),
    ("locale/*", "unit conventions browser live molecule:day"),
    ("plugins/*", "sanity conventions"),
    # Whom a task of a role concerns: the scenario that lives by it.
    ("roles/course_build/*", "conventions molecule:archive"),
    ("roles/course_image/tasks/by_registry.yml", "conventions molecule:room"),
    ("roles/course_image/*", "conventions molecule:archive"),
    ("roles/docker_engine/tasks/[abct]*.yml", "conventions molecule:rootless"),
    ("roles/docker_engine/*", "conventions molecule:remove"),
    ("roles/exercises/*", "conventions molecule:lesson"),
    ("roles/flask_container/*", "conventions molecule:default"),
    ("roles/room_lock/*", "conventions molecule:refusals"),
    ("roles/room_page/*", "conventions browser live molecule:day"),
    ("roles/room_registry/*", "conventions molecule:room"),
    ("roles/seat/*", "conventions molecule:refusals"),
    ("roles/seat_reset/*", "conventions molecule:reset"),
    ("playbooks/remove.yml", "unit conventions collection molecule:remove molecule:rootless"),
    ("playbooks/registry.yml", "unit conventions collection molecule:room"),
    ("playbooks/site.yml", "unit conventions collection molecule"),
    ("playbooks/ask.yml", "unit conventions collection molecule"),
    ("playbooks/update.yml", "unit conventions collection molecule:update"),
    ("playbooks/res*.yml", "unit conventions collection molecule:reset"),
    ("playbooks/catchup.yml", "unit conventions collection molecule:lesson molecule:day"),
    ("playbooks/*", "unit conventions collection molecule:day"),
    ("site.yml", "conventions seat"),
    ("inventory/*", "unit conventions seat"),
    # What students see. The check `seat` builds the image that others try.
    ("app/exercises/*", "unit app seat image molecule:lesson molecule:rootless"),
    ("app/content/*", "app seat image browser molecule:lesson"),
    ("app/tests/*", "app"),
    ("app/*", "unit app seat image browser molecule:default"),
    ("Dockerfile", "unit app seat image molecule:default molecule:lesson"),
    (".dockerignore", "unit seat image molecule:archive"),
    # The tests themselves.
    ("molecule/resources/states/*", "unit molecule:lesson molecule:rootless"),
    ("molecule/resources/test_*", ""),
    ("molecule/resources/*.py", ""),
    ("molecule/resources/student.yml", "molecule:default molecule:lesson molecule:rootless"),
    ("molecule/resources/seat_state.sh", "molecule:refusals molecule:remove molecule:rootless"),
    ("molecule/resources/keep.yml", "molecule:prepared molecule:day"),
    ("molecule/resources/*", "molecule"),
    *(
        (f"molecule/{path.parent.name}/*", f"conventions molecule:{path.parent.name}")
        for path in PROJECT.glob("molecule/*/molecule.yml")
    ),
    ("molecule/conftest.py", "molecule"),
    (".config/molecule/*", "conventions molecule"),
    (UNIT_TESTS, ITSELF),
    ("tests/unit/conftest.py", "unit"),
    # Who imports it sees it.
    ("tests/unit/*.py", ""),
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
    ("bench/gap.py", "molecule:update"),
    ("bench/shape.py", "tests/unit/test_shape.py"),
    ("bench/*", "tests/unit/test_calls.py"),
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
    ("*.md", "tests/unit/test_papers.py conventions"),
    # What decides how all else runs.
    ("ansible.cfg", EVERYTHING),
    ("pyproject.toml", EVERYTHING),
    ("requirements.*", EVERYTHING),
    (".collections/*", EVERYTHING),
)
# Of who reads a file itself, not what uses it: all that fit hold.
READ = (
    ("roles/*/defaults/*", "unit"),
    ("roles/*/meta/*", "unit"),
    ("roles/course_build/files/*", "tests/unit/test_course.py"),
    ("roles/docker_engine/tasks/*", "tests/unit/test_docker_engine_role.py"),
    ("roles/docker_engine/files/*", "tests/unit/test_engine_files.py"),
    ("roles/room_page/templates/*", "tests/unit/test_page.py tests/unit/test_room_summary.py"),
    ("roles/room_registry/files/*", "tests/unit/test_registry_files.py"),
    ("roles/room_registry/files/mirror_limit.py", "tests/unit/test_mirror_limit.py"),
    ("roles/seat/tasks/*", "tests/unit/test_role_seat.py"),
    ("plugins/modules/*", "tests/unit/test_documentation.py"),
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
# Of who uses these, the unit tests alone see a change, and a scenario. Sentences are the judge's;
# each run, and each role, asks its seats, and how they are judged is what the role `seat` is for.
ENDS = (
    ("plugins/plugin_utils/findings.py", ""),
    ("plugins/action/seat.py", "molecule:refusals"),
    ("plugins/modules/seat.py", "molecule:refusals"),
    ("plugins/*/room_groups.py", "molecule:day"),
    ("plugins/filter/builder.py", "molecule:room"),
)
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
        if path.is_symlink() and path.resolve().is_relative_to(PROJECT):
            found.setdefault(str(path.resolve().relative_to(PROJECT)), set()).add(name)
        elif name.endswith(".py"):
            for used in _imported(name, files):
                found.setdefault(used, set()).add(name)
        elif name.startswith(("roles/", "playbooks/")) and name.endswith((".yml", ".j2")):
            text = path.read_text()
            for used in fnmatch.filter(files, "plugins/*/*.py"):
                stem = f"labocloud.room.{Path(used).stem}"
                # By a task's key, after a bar with what a filter's name goes on with, in quotes.
                if any(word in text for word in (f"  {stem}:", f"| {stem}", f"'{stem}'")):
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
    """Give what a table has for the first pattern that fits a path; None where none does."""
    for pattern, checks in table:
        if fnmatch.fnmatchcase(name, pattern):
            return set(checks.split())
    return None


def sees(name: str, used_by: dict[str, set[str]]) -> set[str] | None:
    """Give what can see a change of a file: checks by their names; None: all of them.

    Of the unit tests it may be some files alone, which stand there by their paths. used_by: as
    users() gives it.
    """
    found = {
        check
        for pattern, checks in READ
        if fnmatch.fnmatchcase(name, pattern)
        for check in checks.split()
    }
    met: set[str] = set()
    waiting = [name]
    while waiting:
        at = waiting.pop()
        if at in met:
            continue
        met.add(at)
        placed = named(at, SEEN)
        if placed is None:
            return None
        found |= {at} if placed == {ITSELF} else placed
        end = named(at, ENDS)
        found |= end or set()
        users_of_it = used_by.get(at, set())
        waiting += users_of_it if end is None else fnmatch.filter(users_of_it, UNIT_TESTS)
    return None if EVERYTHING in found else found


def seeing(names: Iterable[str], every: Iterable[Check]) -> list[tuple[Check, list[str]]]:
    """Give for each check the files that it sees of these; those of unit, with these tests alone.

    Where a file is seen by some of the unit tests, the check has them in the place of its folder.
    """
    used_by = users(git_files())
    seen_by = {name: sees(name, used_by) for name in names}
    found = []
    for check in every:
        own = {
            name: seen is None or any(check.is_named(one) for one in seen)
            for name, seen in seen_by.items()
        }
        files = [name for name, whole in own.items() if whole]
        if check.name == "unit" and not files:
            tests = {
                one
                for seen in seen_by.values()
                for one in fnmatch.filter(seen or (), UNIT_TESTS)
                if (PROJECT / one).exists()
            }
            files = [name for name, seen in seen_by.items() if tests & (seen or set())]
            check = replace(check, command=(*check.command[:-1], *sorted(tests)))  # noqa: PLW2901
        found.append((check, files))
    return found
