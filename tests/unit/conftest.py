"""What the tests of the plugins share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stand_in
from ansible.plugins.loader import init_plugin_loader

# As Ansible finds them; whoever imports the collection before this would have it twice.
init_plugin_loader([str(Path(__file__).parents[2] / ".collections")])


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[stand_in.Engine]:
    """A stand-in for a Docker Engine; a test tells it how to answer."""
    with stand_in.engine(tmp_path / "docker.sock") as standing:
        yield standing
