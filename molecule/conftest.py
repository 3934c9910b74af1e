"""How the tests of all scenarios reach their instances, and tell which file they are in."""

import pytest
import testinfra.backend

# Also where testinfra itself finds in the inventory that an instance is a container.
testinfra.backend.BACKENDS["docker"] = "instances.InstanceBackend"


class Phases:
    """Tells when another file begins, as Molecule tells its phases, for tests/suite/times.py."""

    def __init__(self) -> None:
        self._file = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Say it in a line of its own, before the first test."""
        if item.path.name != self._file:
            self._file = item.path.name
            reporter = item.config.pluginmanager.get_plugin("terminalreporter")
            reporter.ensure_newline()
            reporter.write_line(f"➜ {self._file}: Executing")


def pytest_configure(config: pytest.Config) -> None:
    """Have it told."""
    config.pluginmanager.register(Phases())
