"""The project follows its own rules."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
import readmes
import yaml
from ansible_collections.labocloud.room.plugins.plugin_utils import lesson_files

PROJECT = Path(__file__).parents[1]
ROLES = sorted(path for path in (PROJECT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted((PROJECT / "playbooks").glob("*.yml"))
SITE, ASK = PROJECT / "playbooks/site.yml", PROJECT / "playbooks/ask.yml"
# These playbooks change no seat.
LOOKING = {"preflight.yml", "verify.yml"}
SCENARIOS = sorted(path.parent for path in (PROJECT / "molecule").glob("*/molecule.yml"))
# Docker's repository and its Hub are features; the others are examples, a format, this machine.
ADDRESS = re.compile(r"https?://(?:[^/@\s]+@)?([\w.-]+)")
# A name without a dot is a container's, or this machine's own.
NEEDED = re.compile(
    r"[\w-]+|127\.0\.0\.1|download\.docker\.com|registry-1\.docker\.io|www\.w3\.org|.*\.example"
)


def load(path: Path) -> object:
    return yaml.safe_load(path.read_text()) if path.exists() else None


def files(*suffixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [
        PROJECT / name for name in listed if name.endswith(suffixes) and (PROJECT / name).exists()
    ]


def test_there_is_something_to_hold_to_rules() -> None:
    assert len(ROLES) >= 4
    assert len(PLAYBOOKS) >= 5
    assert len(SCENARIOS) >= 3


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_defaults_and_argument_specs_name_the_same_inputs(role: Path) -> None:
    defaults = set(load(role / "defaults/main.yml") or {})
    specs = load(role / "meta/argument_specs.yml")["argument_specs"]
    specified = set().union(*(spec["options"] for spec in specs.values()))
    assert defaults == specified
    assert all(name.startswith(f"{role.name}_") for name in defaults)


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_plain_defaults_are_those_of_the_specs(role: Path) -> None:
    defaults = load(role / "defaults/main.yml") or {}
    for spec in load(role / "meta/argument_specs.yml")["argument_specs"].values():
        for name, option in spec["options"].items():
            value = defaults[name]
            if "{{" in str(value) or (isinstance(value, dict) and value):
                assert "default" not in option, f"{name}: computed, or long, and written twice"
            else:
                assert option["default"] == value, name


def handed_over(tasks: object) -> set[str]:
    """Return the names of the variables that plays, tasks and their blocks set."""
    if isinstance(tasks, list):
        return set().union(*(handed_over(task) for task in tasks))
    if not isinstance(tasks, dict):
        return set()
    return set(tasks.get("vars") or {}).union(*(handed_over(part) for part in tasks.values()))


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_what_the_toolkit_sets_is_apart_from_what_people_set(role: Path) -> None:
    """The descriptions in the specs, the part of the defaults and the playbooks agree on it."""
    others = [path for other in ROLES if other != role for path in other.glob("tasks/*.yml")]
    handed = set().union(*(handed_over(load(path)) for path in [*PLAYBOOKS, *others]))
    handed |= set().union(*(load(path) for path in (PROJECT / "playbooks/vars").glob("*.yml")))
    options = readmes.inputs(role)
    _, _, below = (
        (role / "defaults/main.yml").read_text().partition("# --- What the toolkit sets ---")
    )
    wiring = {name for name, option in options.items() if readmes.is_set_by_the_toolkit(option)}
    assert wiring == handed & set(options)
    assert wiring == set(re.findall(r"^(\w+):", below, re.MULTILINE))


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_every_entry_point_has_a_spec(role: Path) -> None:
    specs = set(load(role / "meta/argument_specs.yml")["argument_specs"])
    assert specs <= {path.stem for path in (role / "tasks").glob("*.yml")}
    used = set()
    for path in files(".yml"):
        used |= set(
            re.findall(
                rf"name: labocloud\.room\.{role.name}\n\s+tasks_from: (\w+)", path.read_text()
            )
        )
    for entry in used - specs:
        text = (role / f"tasks/{entry}.yml").read_text()
        inputs = [name for name in load(role / "defaults/main.yml") if name in text]
        assert inputs == [], f"{entry} uses them without a spec"


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_a_role_knows_no_groups_and_prefixes_its_variables(role: Path) -> None:
    for path in role.rglob("*.yml"):
        text = path.read_text()
        assert "groups[" not in text, path
        for name in re.findall(r"register: (\w+)", text):
            assert name.startswith(f"__{role.name}_"), f"{path}: {name}"


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_tasks_of_a_sub_file_begin_with_its_name(role: Path) -> None:
    for path in (role / "tasks").glob("*.yml"):
        if path.name == "main.yml":
            continue
        prefix = re.compile(r"([A-Z][\w ]+) \| ")
        names = re.findall(r"- name: (.+)", path.read_text())
        first = {(prefix.match(name.strip('"')) or [None, None])[1] for name in names}
        assert len(first) == 1, f"{path}: {first}"
        assert None not in first, f"{path}: {names}"


BARE_DOCKER = re.compile(r"\[docker,|'docker',|^\s*(?:- )?docker(?: \w+|$)", re.MULTILINE)


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_the_engines_own_command_is_run_and_not_the_first_on_the_path(role: Path) -> None:
    for path in (role / "tasks").glob("*.yml"):
        assert BARE_DOCKER.findall(path.read_text()) == [], path


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_every_role_has_a_readme(role: Path) -> None:
    text = (role / "README.md").read_text()
    assert len(text.splitlines()) <= 60
    for name, option in readmes.inputs(role).items():
        assert (f"| `{name}` |" in text) != readmes.is_set_by_the_toolkit(option), name


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_the_readme_of_a_role_says_what_its_specs_say(role: Path) -> None:
    generated = readmes.readme(role)
    assert (role / "README.md").read_text() == generated, "./lab python tests/readmes.py makes it"


def test_a_bar_or_a_line_end_in_a_description_leaves_the_table_whole() -> None:
    assert (
        readmes.cell("Either C(a | b)\nor V(1),  by O(flask_x).")
        == "Either `a \\| b` or `1`, by `flask_x`."
    )


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_a_role_promises_nothing_of_its_own(role: Path) -> None:
    """A role is used through the collection, which has the requirements and the license."""
    assert not (role / "meta/main.yml").exists()


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_every_playbook_is_documented_and_holds_roles_alone(playbook: Path) -> None:
    if playbook == ASK:
        return
    # site.yml has its own place in the READMEs, above the table of the other playbooks.
    command = "ansible-playbook site.yml" if playbook == SITE else f"playbooks/{playbook.name}"
    for readme in ("README.md", "README.fr.md"):
        assert command in (PROJECT / readme).read_text(), readme
    for play in load(playbook):
        for task in play.get("pre_tasks", []) + play.get("tasks", []):
            action = set(task) - {"name", "changed_when"}
            # A role that works once for all is included, so that no seat skips each of its tasks.
            if "ansible.builtin.include_role" in task:
                action -= {"ansible.builtin.include_role", "when", "run_once", "vars"}
            assert action <= {"ansible.builtin.import_role", "ansible.builtin.group_by"}, task


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_every_playbook_asks_before_it_does_anything_and_all_else_is_in_its_plays(
    playbook: Path,
) -> None:
    first, *plays = load(playbook)
    if playbook.name == "progress.yml":
        # progress.yml runs again and again, and asks the seats for something else.
        plays = [first, *plays]
    elif playbook == ASK:
        # Without the lock first, a run would not notice what another one is doing.
        lock = first["tasks"][0]["ansible.builtin.import_role"]["name"]
        assert (lock, plays) == ("labocloud.room.room_lock", [])
        plays = [first]
    else:
        assert first["import_playbook"] == "ask.yml"
        locked = first.get("vars", {}).get("room_lock_needed", True)
        assert (locked is False) == (playbook.name in LOOKING)
    for play in plays:
        # An installed collection has no ansible.cfg that says so for all plays.
        assert play.get("import_playbook") or play["gather_facts"] is False, play["name"]
        # No seat keeps the others waiting; a task that takes longer has its own timeout.
        assert play.get("import_playbook") or play["timeout"] > 0, play["name"]


# With strategies other than linear these apply to every host, or to none.
TOGETHER = ("run_once", "any_errors_fatal", "max_fail_percentage")


def texts_of(role: str) -> Iterator[tuple[Path, str]]:
    """Yield the task files of a role, and of the roles that they include, with their texts."""
    for path in (PROJECT / "roles" / role / "tasks").glob("*.yml"):
        text = path.read_text()
        yield path, text
        for other in re.findall(r"name: labocloud\.room\.(\w+)", text):
            if other != role:
                yield from texts_of(other)


def test_seats_that_go_on_by_themselves_do_nothing_once_for_all() -> None:
    alone = [
        play
        for playbook in PLAYBOOKS
        for play in load(playbook)
        if play.get("strategy", "linear") != "linear"
    ]
    assert alone
    for play in alone:
        tasks = play.get("tasks", [])
        roles = play["roles"] + [task["ansible.builtin.include_role"]["name"] for task in tasks]
        for part in (play, *tasks):
            assert not set(TOGETHER) & set(part), part["name"]
        for role in roles:
            for path, text in texts_of(role.removeprefix("labocloud.room.")):
                assert [word for word in TOGETHER if f"{word}:" in text] == [], path


def test_nothing_is_read_from_facts() -> None:
    """Root of a machine decides what a module answers, and so what is in all facts."""
    read = [
        path
        for place in ("playbooks", "roles", "plugins", "inventory")
        for path in (PROJECT / place).rglob("*")
        if path.suffix in (".yml", ".py", ".j2") and "ansible_facts" in path.read_text()
    ]
    assert read == []


PLUGINS = PROJECT / "plugins"
COLLECTION = "ansible_collections.labocloud.room.plugins"
# The packages of plugins/ that the files of each may use.
MAY_USE = {
    # It goes to seats, on which there is nothing else.
    "module_utils": {"module_utils"},
    "modules": {"module_utils"},
    "plugin_utils": {"module_utils", "plugin_utils"},
    "action": {"module_utils", "plugin_utils"},
    "callback": {"module_utils", "plugin_utils"},
    "filter": {"module_utils", "plugin_utils"},
    "lookup": {"module_utils", "plugin_utils"},
    "doc_fragments": set(),
}


@cache
def imports(file: Path) -> tuple[set[Path], set[str]]:
    """Return what a file imports: the files of plugins/, and all else, by the packages' names."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: what it imports has a full name"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {name for name in names if name.startswith(f"{COLLECTION}.")}
    used = set()
    for name in ours:
        parts = name.removeprefix(f"{COLLECTION}.").split(".")
        # The last part may be a name in a file; with a file, those of its packages are used.
        for end in range(1, len(parts) + 1):
            place = PLUGINS.joinpath(*parts[:end])
            used |= {place.with_suffix(".py"), place / "__init__.py"}
    return {file for file in used if file.exists()}, {
        name.partition(".")[0] for name in names - ours
    }


def imports_in_the_end(files: Iterable[Path]) -> tuple[set[Path], set[str]]:
    """Return what files import, and those that they import, and so on, with the files."""
    met, others, waiting = set(), set(), set(files)
    while waiting:
        file = waiting.pop()
        met.add(file)
        used, names = imports(file)
        others |= names
        waiting |= used - met
    return met, others


@pytest.mark.parametrize("package", sorted(path.name for path in PLUGINS.iterdir()))
def test_each_package_of_plugins_uses_what_it_may(package: str) -> None:
    """No plugin uses another plugin: what two of them need is in a package for that."""
    for file in (PLUGINS / package).rglob("*.py"):
        used, others = imports(file)
        packages = {path.relative_to(PLUGINS).parts[0] for path in used}
        assert packages <= MAY_USE[package], file
        assert package != "module_utils" or "ansible" not in others, file


def test_the_judge_needs_no_ansible() -> None:
    """It is a function of data: what Ansible raises or renders becomes that before it is judged."""
    judge = PLUGINS / "plugin_utils/judge"
    files, _ = imports_in_the_end([*judge.glob("*.py"), judge.parent / "findings.py"])
    assert len(files) > len(list(judge.glob("*.py")))
    for file in files:
        assert "ansible" not in imports(file)[1], file


def test_the_command_of_a_seat_uses_what_is_packed_for_it_and_nothing_else() -> None:
    """It runs from an archive, which has nothing that is not named there."""
    shared = PLUGINS / "module_utils"
    packed = {file for pattern in lesson_files.NEEDED for file in shared.glob(pattern)}
    used, others = imports_in_the_end(shared.glob("lesson/*.py"))
    assert used == packed
    assert others <= sys.stdlib_module_names


def test_every_action_asks_in_the_one_way_that_survives_any_answer() -> None:
    asking = [path for path in PLUGINS.rglob("*.py") if "._execute_module(" in path.read_text()]
    assert asking == [PLUGINS / "plugin_utils/asking.py"]


def test_what_is_wrong_and_how_to_mend_it_become_one_text_in_one_place() -> None:
    """A fix that is part of a sentence could be parted from it by that sentence alone."""
    # The first follows a build's output, on a line of its own; the second is a unit's script.
    others = {"modules/image_build.py", "modules/registry_publish.py"}
    files = {path.relative_to(PLUGINS).as_posix(): path for path in PLUGINS.rglob("*.py")}
    having = {name for name, path in files.items() if "Fix:" in path.read_text()}
    assert having == {"module_utils/refusal.py", *others}


def test_no_setting_has_a_value_outside_of_defaults() -> None:
    """A value that is active in a checkout would be missing where the collection is installed."""
    for path in (PROJECT / "inventory/group_vars").rglob("*.yml"):
        assert load(path) is None, path


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_every_scenario_has_tests_and_runs_what_users_run(scenario: Path) -> None:
    """Molecule only warns where it finds no test, and passes."""
    assert "def test_" in "".join(path.read_text() for path in scenario.glob("tests/test_*.py"))
    assert not (scenario / "converge.yml").exists()
    shared = load(PROJECT / ".config/molecule/config.yml")["ansible"]["playbooks"]
    assert shared["converge"] == "${MOLECULE_PROJECT_DIRECTORY}/site.yml"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_continuous_integration_runs_every_scenario(scenario: Path) -> None:
    """tests/run.py finds the scenarios by itself, and this test notices when it does not."""
    listed = subprocess.run(
        ["python", PROJECT / "tests/run.py", "--list"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert f"molecule:{scenario.name}" in listed


def test_no_file_names_an_address_that_is_not_needed() -> None:
    for path in files(".yml", ".py", ".txt", ".in", ".toml", ".cfg", ".sh", "lab", "Dockerfile"):
        hosts = ADDRESS.findall(path.read_text())
        assert [host for host in hosts if not NEEDED.fullmatch(host)] == [], path


def test_a_reset_that_somebody_is_told_to_run_saves_what_goes() -> None:
    """Otherwise students would lose what they have made since."""
    places = [*PROJECT.glob("roles/*/tasks/*.yml"), PROJECT / "plugins/plugin_utils/findings.toml"]
    commands = [
        command
        for path in [*places, PROJECT / "docs/lesson.md"]
        for command in re.findall(r"reset\.yml [^`\n]*confirm=yes[^`\n]*", path.read_text())
    ]
    assert len(commands) >= 3
    assert [command for command in commands if "save=yes" not in command] == []


def test_the_settings_that_people_change_are_inputs_of_the_roles() -> None:
    settings = {
        name
        for role in ROLES
        for name, option in readmes.inputs(role).items()
        if not readmes.is_set_by_the_toolkit(option)
    }
    for path in (PROJECT / "inventory/group_vars/all").glob("*.yml"):
        named = re.findall(r"^#? ?(\w+_\w+):", path.read_text(), re.MULTILINE)
        assert named, path
        assert set(named) <= settings, path


def shell_lines(tasks: object) -> list[str]:
    """Return what the tasks of a file, and of its blocks, hand to a shell."""
    if isinstance(tasks, list):
        return [line for task in tasks for line in shell_lines(task)]
    if not isinstance(tasks, dict):
        return []
    shell = tasks.get("ansible.builtin.shell") or {}
    own = [shell if isinstance(shell, str) else shell["cmd"]] if shell else []
    return own + [line for part in tasks.values() for line in shell_lines(part)]


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_every_value_of_a_shell_line_is_quoted(role: Path) -> None:
    """No text of a seat or a person becomes a part of a command by itself."""
    for file in sorted(role.glob("tasks/*.yml")):
        for line in shell_lines(load(file)):
            assert "{%" not in line, file
            for value in re.findall(r"{{(.*?)}}", line, re.DOTALL):
                quoted = ("| quote", "| map('quote') | join(' ')")
                assert value.rstrip().endswith(quoted), f"{file}: {value}"


def test_nothing_is_left_to_be_written() -> None:
    """What `./lab new` has begun, somebody has to finish."""
    about_it = {PROJECT / "tests/new.py", PROJECT / "tests/unit/test_new.py", Path(__file__)}
    left = [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()}"
        for path in files("")
        if path not in about_it and path.is_file()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if "WRITE: " in line
    ]
    assert not left, "\n".join(left)
