"""What the tests of this room share."""

import pytest
from instances import machine
from testinfra.host import Host

SEATS = ["rootless-pc1", "rootless-pc2"]
# Whose students are root.
OPEN = "rootless-pc3"


@pytest.fixture(scope="session")
def seats() -> list[Host]:
    """The seats whose students are without root."""
    return [machine(name) for name in SEATS]
