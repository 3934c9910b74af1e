"""The project holds to its own rules."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import readmes
import yaml

PROJECT = Path(__file__).parents[1]
ROLES = sorted(path for path in (PROJECT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted((PROJECT / "playbooks").glob("*.yml"))
SITE, ASK = PROJECT / "playbooks/site.yml", PROJECT / "playbooks/ask.yml"
# Those that change no seat.
LOOKING = {"preflight.yml", "verify.yml"}
SCENARIOS = sorted(path.parent for path in (PROJECT / "molecule").glob("*/molecule.yml"))
# Docker's own repository and its Hub are features; the rest are examples, a format, this machine.
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
    """Give the names of the variables that plays, tasks and their blocks set."""
    if isinstance(tasks, list):
        return set().union(*(handed_over(task) for task in tasks))
    if not isinstance(tasks, dict):
        return set()
    return set(tasks.get("vars") or {}).union(*(handed_over(part) for part in tasks.values()))


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_what_the_toolkit_sets_is_apart_from_what_people_set(role: Path) -> None:
    """By the descriptions in the specs, in a part of its own of the defaults, and in fact."""
    others = [path for other in ROLES if other != role for path in other.glob("tasks/*.yml")]
    told = set().union(*(handed_over(load(path)) for path in [*PLAYBOOKS, *others]))
    told |= set().union(*(load(path) for path in (PROJECT / "playbooks/vars").glob("*.yml")))
    options = readmes.inputs(role)
    _, _, below = (
        (role / "defaults/main.yml").read_text().partition("# --- What the toolkit sets ---")
    )
    wiring = {name for name, option in options.items() if readmes.of_the_toolkit(option)}
    assert wiring == told & set(options)
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
        assert (f"| `{name}` |" in text) != readmes.of_the_toolkit(option), name


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_the_readme_of_a_role_says_what_its_specs_say(role: Path) -> None:
    made = readmes.readme(role)
    assert (role / "README.md").read_text() == made, "./lab python tests/readmes.py makes it"


def test_a_bar_or_a_line_end_in_a_description_leaves_the_table_whole() -> None:
    assert (
        readmes.cell("Either C(a | b)\nor V(1),  by O(flask_x).")
        == "Either `a \\| b` or `1`, by `flask_x`."
    )


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_a_role_promises_nothing_of_its_own(role: Path) -> None:
    """It is used through the collection, which says what it needs and what it is licensed under."""
    assert not (role / "meta/main.yml").exists()


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_every_playbook_is_documented_and_holds_roles_alone(playbook: Path) -> None:
    if playbook == ASK:
        return
    # The whole has its own place there, above the table of its parts.
    called = "ansible-playbook site.yml" if playbook == SITE else f"playbooks/{playbook.name}"
    for readme in ("README.md", "README.fr.md"):
        assert called in (PROJECT / readme).read_text(), readme
    for play in load(playbook):
        for task in play.get("pre_tasks", []) + play.get("tasks", []):
            action = set(task) - {"name", "changed_when"}
            # What is built for all is nothing to pass by, task by task, on each seat.
            if "ansible.builtin.include_role" in task:
                action -= {"ansible.builtin.include_role", "when", "run_once", "vars"}
            assert action <= {"ansible.builtin.import_role", "ansible.builtin.group_by"}, task


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_every_playbook_asks_before_it_does_anything_and_all_else_is_in_its_plays(
    playbook: Path,
) -> None:
    first, *plays = load(playbook)
    if playbook.name == "progress.yml":
        # It is run again and again, and asks another question.
        plays = [first, *plays]
    elif playbook == ASK:
        # What another run has under way would not be known.
        lock = first["tasks"][0]["ansible.builtin.import_role"]["name"]
        assert (lock, plays) == ("labocloud.room.room_lock", [])
        plays = [first]
    else:
        assert first["import_playbook"] == "ask.yml"
        locked = first.get("vars", {}).get("room_lock_needed", True)
        assert (locked is False) == (playbook.name in LOOKING)
    for play in plays:
        # Where the collection is installed there is no ansible.cfg.
        assert play.get("import_playbook") or play["gather_facts"] is False, play["name"]
        # No one seat keeps the others waiting: what takes longer says so itself.
        assert play.get("import_playbook") or play["timeout"] > 0, play["name"]


# What these strategies do on every host, or not at all.
TOGETHER = ("run_once", "any_errors_fatal", "max_fail_percentage")


def texts_of(role: str) -> Iterator[tuple[Path, str]]:
    """Give the task files of a role, and of the roles that they include."""
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
    """Root of a machine decides what is in the answer of any module, and so in all facts."""
    read = [
        path
        for place in ("playbooks", "roles", "plugins", "inventory")
        for path in (PROJECT / place).rglob("*")
        if path.suffix in (".yml", ".py", ".j2") and "ansible_facts" in path.read_text()
    ]
    assert read == []


def test_every_action_asks_in_the_one_way_that_survives_any_answer() -> None:
    plugins = PROJECT / "plugins"
    asking = [path for path in plugins.rglob("*.py") if "._execute_module(" in path.read_text()]
    assert asking == [plugins / "plugin_utils/asking.py"]


def test_no_setting_has_a_value_outside_of_defaults() -> None:
    """What is active in a checkout would not be so in a collection."""
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
    """tests/run.py finds them by itself; this is for the day on which it does not."""
    listed = subprocess.run(
        ["python", PROJECT / "tests/run.py", "--list"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert f"molecule:{scenario.name}" in listed


def test_no_file_names_an_address_that_is_not_needed() -> None:
    for path in files(".yml", ".py", ".txt", ".in", ".toml", ".cfg", ".sh", "lab", "Dockerfile"):
        hosts = ADDRESS.findall(path.read_text())
        assert [host for host in hosts if not NEEDED.fullmatch(host)] == [], path


def test_a_reset_that_somebody_is_told_to_run_saves_what_goes() -> None:
    """What has come meanwhile would be gone."""
    places = [*PROJECT.glob("roles/*/tasks/*.yml"), PROJECT / "plugins/plugin_utils/findings.toml"]
    told = [
        command
        for path in [*places, PROJECT / "docs/lesson.md"]
        for command in re.findall(r"reset\.yml [^`\n]*confirm=yes[^`\n]*", path.read_text())
    ]
    assert len(told) >= 3
    assert [command for command in told if "save=yes" not in command] == []


def test_the_settings_that_people_change_are_inputs_of_the_roles() -> None:
    settings = {
        name
        for role in ROLES
        for name, option in readmes.inputs(role).items()
        if not readmes.of_the_toolkit(option)
    }
    for path in (PROJECT / "inventory/group_vars/all").glob("*.yml"):
        named = re.findall(r"^#? ?(\w+_\w+):", path.read_text(), re.MULTILINE)
        assert named, path
        assert set(named) <= settings, path


def shell_lines(tasks: object) -> list[str]:
    """Give what the tasks of a file, and of its blocks, hand to a shell."""
    if isinstance(tasks, list):
        return [line for task in tasks for line in shell_lines(task)]
    if not isinstance(tasks, dict):
        return []
    shell = tasks.get("ansible.builtin.shell") or {}
    own = [shell if isinstance(shell, str) else shell["cmd"]] if shell else []
    return own + [line for part in tasks.values() for line in shell_lines(part)]


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_every_value_of_a_shell_line_is_quoted(role: Path) -> None:
    """What a seat or a person has said is no piece of a command."""
    for file in sorted(role.glob("tasks/*.yml")):
        for line in shell_lines(load(file)):
            assert "{%" not in line, file
            for value in re.findall(r"{{(.*?)}}", line, re.DOTALL):
                quoted = ("| quote", "| map('quote') | join(' ')")
                assert value.rstrip().endswith(quoted), f"{file}: {value}"
