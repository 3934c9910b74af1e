"""Test ./lab: the environment is made once, whole, and again when the lock changes."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import stand_in

LAB = Path(__file__).parents[2] / "lab"
# The script knows the project's directory by this file.
MARK = "plugins/modules/seat.py"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project whose lock is empty, so that its environment is made in seconds."""
    return copy_of_lab(tmp_path)


def copy_of_lab(directory: Path) -> Path:
    shutil.copy(LAB, directory)
    (directory / "requirements.txt").write_text("")
    (directory / MARK).parent.mkdir(parents=True)
    (directory / MARK).touch()
    return directory


@pytest.fixture(scope="module")
def built_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment that `./lab` has made, for tests that are not about that."""
    project = copy_of_lab(tmp_path_factory.mktemp("made"))
    assert lab(project, "true")[0] == 0
    return project / ".venv"


@pytest.fixture
def ready(project: Path, built_environment: Path) -> Path:
    """Return a project that has its environment."""
    shutil.copytree(built_environment, project / ".venv", symlinks=True)
    return project


def start(project: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [project / "lab", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def lab(project: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    process = start(project, *arguments, **environment)
    out, err = process.communicate()
    return process.returncode, out + err


def test_help_needs_no_environment(project: Path) -> None:
    for words in ([], ["--help"]):
        code, output = lab(project, *words)
        assert code == 0
        assert "./lab up" in output
    assert not (project / ".venv").exists()


def test_a_command_runs_in_the_environment_and_its_exit_code_is_the_scripts(ready: Path) -> None:
    code, output = lab(ready, "python", "-c", "import sys; print(sys.prefix); sys.exit(7)")
    assert code == 7
    assert str(ready / ".venv") in output


def test_the_environment_is_made_once_and_again_for_another_lock(project: Path) -> None:
    assert "making .venv" in lab(project, "true")[1]
    assert "making .venv" not in lab(project, "true")[1]
    (project / "requirements.txt").write_text("# another lock\n")
    assert "making .venv" in lab(project, "true")[1]


def test_an_interrupted_environment_is_made_anew(project: Path) -> None:
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/left-over").touch()
    code, output = lab(project, "true")
    assert code == 0
    assert "making .venv" in output
    assert not (project / ".venv/left-over").exists()


def test_a_lock_that_cannot_be_installed_leaves_nothing_that_seems_whole(project: Path) -> None:
    (project / "requirements.txt").write_text("flask==3.1.3\n")  # no hash
    code, output = lab(project, "true")
    assert code != 0
    assert "could not be installed" in output
    assert not (project / ".venv/made-from").exists()


def test_two_calls_at_once_make_one_environment(project: Path) -> None:
    calls = [start(project, "python", "-c", "print('ran')") for _ in range(2)]
    outputs = [call.communicate() for call in calls]
    assert [call.returncode for call in calls] == [0, 0]
    assert [out for out, _ in outputs] == ["ran\n", "ran\n"]
    assert sum("making .venv with" in err for _, err in outputs) == 1


def test_a_python_that_answers_nothing_is_passed_over(project: Path, tmp_path: Path) -> None:
    """As the shims of a version manager do for a version that is not installed."""
    shims = tmp_path / "shims"
    for name in ("python3", "python3.14", "python3.13", "python3.12"):
        stand_in.program(shims / name, "exit 127")
    code, output = lab(project, "true", PATH=f"{shims}:{os.environ['PATH']}")
    assert code == 0
    assert str(shims) not in output


def test_an_unknown_command_is_named(ready: Path) -> None:
    code, output = lab(ready, "no-such-command")
    assert code == 1
    assert "no command 'no-such-command'" in output


# Looks three times, and cannot the third time; or for as long as it is let.
LOOK = """\
echo "$ANSIBLE_CALLBACKS_ENABLED: $*"
echo >> looks
{then}"""


def watched(project: Path, then: str) -> None:
    """Have something else in the place of Ansible. then: what it does when it has told of it."""
    stand_in.program(project / ".venv/bin/ansible-playbook", LOOK.format(then=then))


def test_it_looks_again_and_again_until_a_look_fails(ready: Path) -> None:
    watched(ready, "test $(wc -l < looks) -lt 3 || exit 4")
    code, output = lab(ready, "watch", "-i", "my room.yml", LAB_PAUSE="0")
    assert code == 4
    line = "labocloud.room.room_summary: playbooks/progress.yml -i my room.yml"
    assert output.splitlines() == [line] * 3


@pytest.mark.parametrize("then", ["exec sleep 600", "true"])
def test_ctrl_c_ends_it_at_a_look_and_between_two(ready: Path, then: str) -> None:
    watched(ready, then)
    with subprocess.Popen(
        [ready / "lab", "watch"], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert "progress.yml" in process.stdout.readline()
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(120) == 0
        assert process.stdout.read() == ""


def test_it_may_be_called_from_anywhere(ready: Path) -> None:
    called = subprocess.run(
        [ready / "lab", "pwd"], cwd="/", capture_output=True, text=True, check=True
    )
    assert called.stdout.strip() == str(ready)


def test_a_link_in_somebodys_directory_leaves_what_is_there(
    ready: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Their own .venv, and whatever they require, is not the project's."""
    home = tmp_path_factory.mktemp("home")
    for name in (".venv/theirs", "requirements.txt"):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text("# theirs\n")
    (home / "between").symlink_to(os.path.relpath(ready / "lab", home))
    (home / "lab").symlink_to("between")
    code, output = lab(home, "python", "-c", "import sys; print(sys.prefix)")
    assert code == 0, output
    assert str(ready / ".venv") in output
    assert sorted(path.name for path in home.iterdir()) == [
        ".venv",
        "between",
        "lab",
        "requirements.txt",
    ]
    assert (home / ".venv/theirs").read_text() == "# theirs\n"


@pytest.mark.parametrize("missing", [MARK, "requirements.txt"])
def test_a_copy_in_somebodys_directory_does_nothing_there(project: Path, missing: str) -> None:
    (project / ".venv").mkdir()
    (project / ".venv/theirs").touch()
    (project / missing).unlink()
    code, output = lab(project, "true")
    assert code == 1
    assert f"{project} is not the project's" in output
    assert [path.name for path in (project / ".venv").iterdir()] == ["theirs"]
    assert not (project / ".venv.lock").exists()
