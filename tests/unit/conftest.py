"""What the tests of the plugins share."""

from collections.abc import Iterator
from pathlib import Path

import ansible.module_utils
import pytest
import stand_in

PROJECT = Path(__file__).parents[2]
# The modules' shared code, under the name that Ansible gives it on a seat.
ansible.module_utils.__path__.append(str(PROJECT / "plugins/module_utils"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[stand_in.Engine]:
    """A stand-in for a Docker Engine; a test tells it how to answer."""
    with stand_in.engine(tmp_path / "docker.sock") as standing:
        yield standing
