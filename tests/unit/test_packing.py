"""The build context: what is in it, and that nothing but that decides its digest."""

import io
import tarfile
from pathlib import Path

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import packing


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in small."""
    (tmp_path / "app/tests").mkdir(parents=True)
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    (tmp_path / ".dockerignore").write_text("# Only the app.\n*\n!Dockerfile\n!app\napp/tests\n")
    (tmp_path / "app/app.py").write_text("print(1)\n")
    (tmp_path / "app/tests/test_app.py").write_text("assert True\n")
    (tmp_path / "README.md").write_text("Read me.\n")
    return tmp_path


def names(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return opened.getnames()


def test_it_holds_what_dockerignore_lets_through(project: Path) -> None:
    assert names(packing.pack(project, [])) == [".dockerignore", "Dockerfile", "app/app.py"]


def test_another_clone_packs_the_same(project: Path) -> None:
    """Other times, other modes, other ignored files: a clone under another umask."""
    before = packing.pack(project, [])
    (project / "README.md").write_text("Something else.\n")
    (project / "app/tests/test_app.py").unlink()
    (project / "app/app.py").chmod(0o600)
    (project / "app/app.py").touch()
    assert packing.pack(project, []) == before


@pytest.mark.parametrize("name", ["Dockerfile", "app/app.py"])
def test_a_changed_file_changes_it(project: Path, name: str) -> None:
    before = packing.pack(project, [])
    (project / name).write_text("changed\n")
    assert packing.pack(project, []) != before


def test_a_new_file_a_renamed_file_and_an_executable_bit_change_it(project: Path) -> None:
    seen = {packing.pack(project, [])}
    (project / "app/more.py").write_text("print(1)\n")
    seen.add(packing.pack(project, []))
    (project / "app/more.py").rename(project / "app/other.py")
    seen.add(packing.pack(project, []))
    (project / "app/other.py").chmod(0o755)
    seen.add(packing.pack(project, []))
    assert len(seen) == 4


def test_no_dockerfile_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Dockerfile"):
        packing.pack(tmp_path, [])


def test_a_control_machine_that_cannot_pack_says_what_it_lacks(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "exclude_paths", None)
    with pytest.raises(OSError, match="no package docker"):
        packing.pack(project, [])


def test_other_directories_are_packed_under_their_own_names(project: Path, tmp_path: Path) -> None:
    wheels = tmp_path / "elsewhere/wheels"
    wheels.mkdir(parents=True)
    (wheels / "flask.whl").write_text("x")
    (project / ".dockerignore").write_text("*\n!Dockerfile\n")
    packed = names(packing.pack(project, [wheels]))
    assert packed == [".dockerignore", "Dockerfile", "wheels/flask.whl"]
