"""What the tests of the plugins share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import state


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[stand_in.Engine]:
    """A stand-in for a Docker Engine; a test tells it how to answer."""
    with stand_in.engine(tmp_path / "docker.sock") as standing:
        yield standing


@pytest.fixture
def remembers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where modules keep what a machine remembers, for a test; nothing is there yet."""
    for function in (state.read, state.update, state.forget):
        monkeypatch.setattr(function, "__defaults__", (tmp_path / "labocloud",))
    return tmp_path / "labocloud"
