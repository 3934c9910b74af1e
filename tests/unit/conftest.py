"""What the tests of the plugins share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stand_in


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[stand_in.Engine]:
    """A stand-in for a Docker Engine; a test tells it how to answer."""
    with stand_in.engine(tmp_path / "docker.sock") as standing:
        yield standing
