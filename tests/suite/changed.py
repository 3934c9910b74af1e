"""Choose the checks that can see a change: `./lab test --changed`.

`SEEN` has the checks for each file of the project. A check that sees a file sees also what that
file imports, and the modules that its tasks use, except behind the files in `ENDS`. A file that no
pattern matches is seen by all checks.
"""

import ast
import fnmatch
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from suite.checks import PROJECT, Check, git_files

EVERYTHING, ITSELF, UNIT_TESTS = "*", ".", "tests/unit/test_*.py"
# The unit tests of messages.
SENTENCES = " ".join(
    str(path.relative_to(PROJECT))
    for name in (
        *("board", "catalogue", "findings*", "judge*", "last_lines", "report", "room_summary*"),
        *("seat_action", "third_language"),
    )
    for path in sorted(PROJECT.glob(f"tests/unit/test_{name}.py"))
)
SUMMARIES = " ".join(f"tests/unit/test_room_summary{part}.py" for part in ("", "_board", "_update"))
# Pairs of a pattern of paths (a star matches slashes too) and checks; the first match counts. A
# check stands for all whose name goes on with a colon; the path of a unit test for that file alone.
SEEN = (
    # Plugins are also seen through what imports them, and through the tasks that use them.
    ("plugins/plugin_utils/findings.*", f"conventions {SENTENCES}"),
    ("locale/*/findings.toml", f"conventions {SENTENCES}"),
    ("locale/*/labo.toml", "unit conventions molecule:lesson"),
    ("locale/*", "unit conventions browser live molecule:day"),
    ("plugins/*", "sanity conventions"),
    # A role is seen by the scenario that depends on it most.
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
    ("roles/room_store/*", "conventions molecule:archive"),
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
    # The app. The check `seat` builds the image that other checks try.
    ("app/exercises/*", "unit app seat image molecule:lesson molecule:rootless"),
    ("app/content/*", "app seat image browser molecule:lesson"),
    ("app/tests/*", "app"),
    ("app/*", "unit app seat image browser molecule:default"),
    ("Dockerfile", "unit app seat image molecule:default molecule:lesson"),
    (".dockerignore", "unit seat image molecule:archive"),
    # The tests themselves.
    ("molecule/resources/states/*", "unit molecule:lesson molecule:rootless"),
    ("molecule/resources/ways*", "tests/unit/test_ways.py molecule:lesson"),
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
    # These are seen by the tests that import them.
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
    ("bench/*shape.py", "tests/unit/test_shape.py"),
    ("bench/*", "tests/unit/test_calls.py"),
    # Documents and metadata.
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
    # These decide how everything else runs.
    ("ansible.cfg", EVERYTHING),
    ("pyproject.toml", EVERYTHING),
    ("requirements.*", EVERYTHING),
    ("tests/requirements.*", EVERYTHING),
    (".collections/*", EVERYTHING),
)
# The checks that read a file itself, whatever uses it; all matches count.
READ = (
    ("roles/*/defaults/*", "unit"),
    ("roles/*/meta/*", "unit"),
    ("roles/course_build/files/*", "tests/unit/test_course.py"),
    ("roles/docker_engine/tasks/*", "tests/unit/test_docker_engine_role.py"),
    ("roles/docker_engine/files/*", "tests/unit/test_engine_files.py"),
    ("roles/room_page/templates/*", f"tests/unit/test_page.py {SUMMARIES}"),
    ("roles/room_registry/files/*", "tests/unit/test_registry_files.py"),
    ("roles/room_registry/files/mirror_limit.py", "tests/unit/test_mirror_limit.py"),
    ("roles/seat/tasks/*", "tests/unit/test_role_seat.py"),
    ("plugins/modules/*", "tests/unit/test_documentation.py"),
    ("bench/*", "tests/unit/test_papers.py"),
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
# A change of one of these files is not seen by all that use it, but by the unit tests of those and
# by the checks named here: every run uses them, and would see it.
ENDS = (
    ("plugins/plugin_utils/findings.py", ""),
    ("plugins/action/seat.py", "molecule:refusals"),
    ("plugins/plugin_utils/seat_action.py", "molecule:refusals"),
    ("plugins/modules/seat.py", "molecule:refusals"),
    ("plugins/*/room_groups.py", "molecule:day"),
    ("plugins/filter/builder.py", "molecule:room"),
)
# A plain `import name` finds the project's own files in these folders, and beside the importer.
FOLDERS = ("app", "molecule/resources", "tests", "tests/unit")


def differing(base: str) -> list[str]:
    """Return the files that differ from where this work left a branch, committed or not.

    base: the branch. Raises ValueError where git knows no such branch.
    """
    command = ["git", "merge-base", base, "HEAD"]
    base_commit = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if base_commit.returncode != 0:
        why = base_commit.stderr.strip() or "nothing in common"
        raise ValueError(
            f"git knows no {base} to compare with ({why}): git fetch origin main:main,"
            " or name the checks"
        )
    commands = (
        ["git", "diff", "--name-only", "--no-renames", base_commit.stdout.strip()],
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
    """Return which files use each of the project's files, by an import or in a task."""
    used_by: dict[str, set[str]] = {}
    files = set(files)
    for name in files:
        path = PROJECT / name
        if path.is_symlink() and path.resolve().is_relative_to(PROJECT):
            used_by.setdefault(str(path.resolve().relative_to(PROJECT)), set()).add(name)
        elif name.endswith(".py"):
            for used in _imported(name, files):
                used_by.setdefault(used, set()).add(name)
        elif name.startswith(("roles/", "playbooks/")) and name.endswith((".yml", ".j2")):
            text = path.read_text()
            for used in fnmatch.filter(files, "plugins/*/*.py"):
                stem = f"labocloud.room.{Path(used).stem}"
                # A task has it as a key, an expression after a bar (as the beginning of a filter's
                # name) or in quotes.
                if any(word in text for word in (f"  {stem}:", f"| {stem}", f"'{stem}'")):
                    used_by.setdefault(used, set()).add(name)
    return used_by


def _imported(name: str, files: set[str]) -> set[str]:
    """Return the files of the project that one of its Python files imports."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse((PROJECT / name).read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    collection = "ansible_collections/labocloud/room/"
    # A file beside the importer takes precedence over one of the same name elsewhere.
    places = [f"{folder}/" if folder else "" for folder in (str(Path(name).parent), "", *FOLDERS)]
    paths = {module.replace(".", "/").removeprefix(collection) for module in modules}
    imported: set[str] = set()
    for path in paths:
        candidates = [f"{place}{path}{end}" for place in places for end in (".py", "/__init__.py")]
        imported |= {next((candidate for candidate in candidates if candidate in files), name)}
    return imported - {name}


def named(name: str, table: Iterable[tuple[str, str]]) -> set[str] | None:
    """Return the checks of the first pattern of a table that matches a path, None without one."""
    for pattern, checks in table:
        if fnmatch.fnmatchcase(name, pattern):
            return set(checks.split())
    return None


def sees(name: str, used_by: dict[str, set[str]]) -> set[str] | None:
    """Return the names of the checks that can see a change of a file; None stands for all.

    Where only some unit tests can see it, their paths are in the result, and not `unit`. used_by:
    the result of users().
    """
    checks_that_see = {
        check
        for pattern, checks in READ
        if fnmatch.fnmatchcase(name, pattern)
        for check in checks.split()
    }
    visited: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in visited:
            continue
        visited.add(current)
        placed = named(current, SEEN)
        if placed is None:
            return None
        checks_that_see |= {current} if placed == {ITSELF} else placed
        end = named(current, ENDS)
        checks_that_see |= end or set()
        importers = used_by.get(current, set())
        waiting += importers if end is None else fnmatch.filter(importers, UNIT_TESTS)
    return None if EVERYTHING in checks_that_see else checks_that_see


def seeing(names: Iterable[str], checks: Iterable[Check]) -> list[tuple[Check, list[str]]]:
    """Return each check with those of the named files that it can see.

    Where only some unit tests can see a file, the check `unit` gets the paths of these tests in its
    command instead of their folder.
    """
    used_by = users(git_files())
    seen_by = {name: sees(name, used_by) for name in names}
    visible = []
    for check in checks:
        is_seen = {
            name: seen is None or any(check.is_named(checked) for checked in seen)
            for name, seen in seen_by.items()
        }
        files = [name for name, by_check in is_seen.items() if by_check]
        if check.name == "unit" and not files:
            tests = {
                test
                for seen in seen_by.values()
                for test in fnmatch.filter(seen or (), UNIT_TESTS)
                if (PROJECT / test).exists()
            }
            files = [name for name, seen in seen_by.items() if tests & (seen or set())]
            check = replace(check, command=(*check.command[:-1], *sorted(tests)))  # noqa: PLW2901
        visible.append((check, files))
    return visible
