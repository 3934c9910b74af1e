"""The project holds to its own rules."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[1]
ROLES = sorted(path for path in (PROJECT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted((PROJECT / "playbooks").glob("*.yml"))
SITE = PROJECT / "playbooks/site.yml"
# Those that change no seat.
LOOKING = {"preflight.yml", "verify.yml"}
SCENARIOS = sorted(path.parent for path in (PROJECT / "molecule").glob("*/molecule.yml"))
# Docker's own repository and its Hub are features; the rest are examples, a format, this machine.
ADDRESS = re.compile(r"https?://(?:[^/@\s]+@)?([\w.-]+)")
NEEDED = re.compile(
    r"localhost|127\.0\.0\.1|download\.docker\.com|registry-1\.docker\.io|www\.w3\.org|.*\.example"
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
            if not isinstance(value, dict) and "{{" not in str(value):
                assert option["default"] == value, name


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
    for name in load(role / "defaults/main.yml") or {}:
        assert name in text, name


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_every_playbook_is_documented_and_holds_roles_alone(playbook: Path) -> None:
    # The whole has its own place there, above the table of its parts.
    called = "ansible-playbook site.yml" if playbook == SITE else f"playbooks/{playbook.name}"
    for readme in ("README.md", "README.fr.md"):
        assert called in (PROJECT / readme).read_text(), readme
    for play in load(playbook):
        for task in play.get("pre_tasks", []) + play.get("tasks", []):
            assert set(task) == {"name", "ansible.builtin.import_role"}, task


CHANGING = [path for path in PLAYBOOKS if path.name not in LOOKING]


@pytest.mark.parametrize("playbook", CHANGING, ids=lambda path: path.name)
def test_every_playbook_that_changes_seats_has_the_room_to_itself(playbook: Path) -> None:
    """Before it asks anything: what another run has under way would not be known."""
    plays = load(playbook)
    # A room without a registry has no hosts for a play on it.
    seats = [play for play in plays if "lab" in play.get("hosts", "")]
    for play in plays[:1] + seats[:1]:
        [first, *_] = play.get("pre_tasks", []) + play.get("tasks", [])
        assert first["ansible.builtin.import_role"]["name"] == "labocloud.room.room_lock", play[
            "name"
        ]
        assert "room.yml" in str(play["vars_files"]), play["name"]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_every_scenario_has_tests_and_runs_what_users_run(scenario: Path) -> None:
    """Molecule only warns where it finds no test, and passes."""
    assert "def test_" in "".join(path.read_text() for path in scenario.glob("tests/test_*.py"))
    assert load(scenario / "converge.yml")[0]["import_playbook"] == "../../site.yml"


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


def test_the_settings_that_people_change_are_inputs_of_the_roles() -> None:
    defaults = set().union(*(load(role / "defaults/main.yml") or {} for role in ROLES))
    for path in (PROJECT / "inventory/group_vars/all").glob("*.yml"):
        named = re.findall(r"^#? ?(\w+_\w+):", path.read_text(), re.MULTILINE)
        assert named, path
        assert set(named) <= defaults, path


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
                assert value.rstrip().endswith("| quote"), f"{file}: {value}"
