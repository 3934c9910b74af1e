"""Fixtures of the room's tests."""

import pytest
import testinfra
from testinfra.host import Host


@pytest.fixture(scope="session")
def registry(request: pytest.FixtureRequest) -> Host:
    """The registry's host, which also builds."""
    inventory = request.config.getoption("--ansible-inventory")
    return testinfra.get_host("ansible://room-registry", ansible_inventory=inventory, sudo=True)
