"""What the tests of the plugins share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stand_in
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import init_plugin_loader

# As Ansible finds them; whoever imports the collection before this would have it twice.
init_plugin_loader([str(Path(__file__).parents[2] / ".collections")])


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep on an action, in `registered`, what it registers by layer: no task runs it here."""

    def register(self: ActionBase, variables: dict[str, object], layer: object) -> None:
        self.registered = {**getattr(self, "registered", {}), layer: variables}

    monkeypatch.setattr(ActionBase, "register_host_variables", register)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[stand_in.Engine]:
    """A stand-in for a Docker Engine; a test tells it how to answer."""
    with stand_in.engine(tmp_path / "docker.sock") as standing:
        yield standing


@pytest.fixture
def remembers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where modules keep what a machine remembers, for a test; nothing is there yet."""
    # Not before the plugins are found.
    from ansible_collections.labocloud.room.plugins.module_utils import state  # noqa: PLC0415

    for function in (state.read, state.update, state.forget):
        monkeypatch.setattr(function, "__defaults__", (tmp_path / "labocloud",))
    return tmp_path / "labocloud"
