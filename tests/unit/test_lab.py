"""Test ./lab: the environment is made once, whole, and again when the lock changes."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from itertools import chain
from pathlib import Path

import pytest
import stand_in
from suite.checks import checks

PROJECT = Path(__file__).parents[2]
LAB = PROJECT / "lab"
# The script knows the project's directory by this file.
MARK = "plugins/modules/seat.py"
RUN, TESTS = "requirements.txt", "tests/requirements.txt"
# A Python brings a pip of its own, in one of these places.
PIPS = ("/usr/share/python-wheels", f"{sys.base_prefix}/lib/python3*/ensurepip/_bundled")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project whose locks are empty, so that its environment is made in seconds."""
    return copy_of_lab(tmp_path)


def copy_of_lab(directory: Path) -> Path:
    shutil.copy(LAB, directory)
    for name in (RUN, TESTS, MARK):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("")
    return directory


@pytest.fixture(scope="module")
def built_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment that `./lab` has made, for tests that are not about that."""
    project = copy_of_lab(tmp_path_factory.mktemp("made"))
    assert lab(project, "python", "-c", "")[0] == 0
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


def test_what_the_tests_need_is_added_when_they_need_it(ready: Path) -> None:
    (ready / ".venv/tests-from").unlink()
    assert lab(ready, "true") == (0, "")
    output = lab(ready, "python", "-c", "")[1]
    assert "making .venv" not in output
    assert "adding what the tests need" in output
    assert lab(ready, "python", "-c", "print('ran')") == (0, "ran\n")


def test_another_lock_of_the_tests_is_the_tests_own_matter(ready: Path) -> None:
    (ready / TESTS).write_text("# another lock\n")
    (ready / ".venv/left-over").touch()
    assert lab(ready, "true") == (0, "")
    assert "making .venv" in lab(ready, "python", "-c", "")[1]
    assert not (ready / ".venv/left-over").exists()


def test_an_addition_that_failed_is_begun_anew(ready: Path) -> None:
    (ready / ".venv/tests-from").unlink()
    (ready / TESTS).write_text("flask==3.1.3\n")  # no hash
    code, output = lab(ready, "python", "-c", "")
    assert code != 0
    assert "could not be installed" in output
    assert lab(ready, "true") == (0, "")
    (ready / TESTS).write_text("")
    output = lab(ready, "python", "-c", "")[1]
    assert "making .venv" in output
    assert "adding what the tests need" in output


def test_each_command_has_what_it_needs() -> None:
    """Those that the papers name, and those that the checks run."""
    text = LAB.read_text()
    listed = re.search(r"\n(test \|[^)]*)\) needs=tests", text).group(1)
    tools = set(re.findall(r"[a-z-]+", listed))
    papers = chain(PROJECT.glob("*.md"), PROJECT.glob("docs/*.md"), PROJECT.glob(".pre-commit*"))
    words = [re.findall(r"\./lab ([a-z][a-z-]+)", paper.read_text()) for paper in papers]
    named = {*chain(*words), *(check.command[0] for check in checks())}
    runs = {"up", "watch", "env", "ansible", "ansible-playbook"}
    assert named - runs <= tools
    assert runs & tools == set()


def test_the_tests_have_the_versions_of_a_run() -> None:
    def locked(name: str) -> dict[str, set[str]]:
        blocks = re.split(r"\n(?=[a-z])", (PROJECT / name).read_text())
        return {
            block.split(" ")[0]: set(re.findall(r"sha256:[0-9a-f]{64}", block)) for block in blocks
        }

    run, tests = locked(RUN), locked(TESTS)
    assert len(run) > 10
    assert {name: tests.get(name) for name in run} == run


def wheel(directory: Path, name: str) -> Path:
    """Make a wheel of one module, and return its path."""
    path = directory / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "")
        about = f"{name}-1.0.dist-info"
        archive.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        )
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{about}/WHEEL", tags)
        archive.writestr(f"{about}/RECORD", f"{name}.py,,\n")
    return path


def line(path: Path) -> str:
    """Return a wheel's line of a lock."""
    name, version, _ = path.name.split("-", 2)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def stored(project: Path) -> Path:
    """Return a project with a store that has pip and another package, and with their lock."""
    wheels = project / "store/wheels"
    wheels.mkdir(parents=True)
    found = chain.from_iterable(Path("/").glob(f"{place[1:]}/pip-*.whl") for place in PIPS)
    pip = Path(shutil.copy(next(found), wheels))
    (project / RUN).write_text(line(pip) + line(wheel(wheels, "sample")))
    return project


# No index can be asked, and this Python has no pip of its own to give.
OFFLINE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
BARE = """\
case "$*" in *ensurepip* | "-m venv .venv") exit 1 ;; esac
exec {python} "$@"
"""


def from_store(project: Path) -> tuple[int, str]:
    """Make the environment, and use what is in it."""
    bare = project / "python"
    stand_in.program(bare, BARE.format(python=sys.executable))
    words = ("env", "python", "-c", "import pip, sample; print(pip.__version__)")
    return lab(project, *words, LAB_PYTHON=str(bare), **OFFLINE)


def test_it_is_made_from_a_store_alone(stored: Path) -> None:
    [pip] = stored.glob("store/wheels/pip-*.whl")
    code, output = from_store(stored)
    assert code == 0, output
    assert output.splitlines()[0] == pip.name.split("-")[1]
    assert "127.0.0.1" not in output


def test_a_pip_that_was_changed_is_not_run(stored: Path) -> None:
    [pip] = stored.glob("store/wheels/pip-*.whl")
    with zipfile.ZipFile(pip, "a") as archive:
        archive.writestr("added.py", "")
    code, output = from_store(stored)
    assert code == 1
    assert f"{pip.relative_to(stored)} is not the one of requirements.txt" in output
    assert not (stored / ".venv/made-from").exists()


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_wheel_that_does_not_fit_is_named_with_what_to_do(stored: Path, damage: str) -> None:
    sample = stored / "store/wheels/sample-1.0-py3-none-any.whl"
    if damage == "gone":
        sample.unlink()
    else:
        with zipfile.ZipFile(sample, "a") as archive:
            archive.writestr("added.py", "")
    code, output = from_store(stored)
    assert code == 1
    assert "sample" in output
    assert "Fix: name a Python that the store has wheels for in LAB_PYTHON" in output
    assert not (stored / ".venv/made-from").exists()


def test_a_store_without_pip_is_told(stored: Path) -> None:
    next(stored.glob("store/wheels/pip-*.whl")).unlink()
    code, output = from_store(stored)
    assert code == 1
    assert "there is no pip in store/wheels" in output


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
