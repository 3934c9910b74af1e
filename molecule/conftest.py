"""Let the tests of all scenarios reach their instances, and print the file of each test."""

import pytest
import testinfra.backend

# Also where testinfra itself finds in the inventory that an instance is a container.
testinfra.backend.BACKENDS["docker"] = "instances.InstanceBackend"


class Phases:
    """A plugin that prints a line when a test file begins, for tests/suite/times.py to read."""

    def __init__(self) -> None:
        self._file = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Print the line before the file's first test."""
        if item.path.name != self._file:
            self._file = item.path.name
            reporter = item.config.pluginmanager.get_plugin("terminalreporter")
            reporter.ensure_newline()
            reporter.write_line(f"➜ {self._file}: Executing")


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin."""
    config.pluginmanager.register(Phases())
