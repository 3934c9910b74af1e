"""Fixtures that the tests of the plugins share."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import stand_in
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import init_plugin_loader

if TYPE_CHECKING:
    from sample_labo import Labo
    from summary_run import Run

# The tests import plugins through Ansible's loader, as Ansible does. An import of the collection
# before this line would load its modules a second time.
init_plugin_loader([str(Path(__file__).parents[2] / ".collections")])

from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import Places  # noqa: E402
from ansible_collections.labocloud.room.plugins.module_utils.images import names  # noqa: E402


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the variables that an action registers in its `registered`, by layer.

    No task runs the action here, so Ansible would not take them.
    """

    def register(self: ActionBase, variables: dict[str, object], layer: object) -> None:
        self.registered = {**getattr(self, "registered", {}), layer: variables}

    monkeypatch.setattr(ActionBase, "register_host_variables", register)


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what accounts are told of images from this machine's own command `labo`."""
    monkeypatch.setattr(names, "PLACES", Places(folder=tmp_path / "labocloud"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[stand_in.Engine]:
    """Yield a stand-in for a Docker Engine, to which a test adds rules for its answers."""
    with stand_in.engine(tmp_path / "docker.sock") as running:
        yield running


@pytest.fixture
def shared() -> Iterator[Path]:
    """Yield a directory that other accounts may enter.

    pytest's own are closed to them, and each run of pytest closes them again.
    """
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture
def small_seat(engine: stand_in.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the engine's seat one container and two images, and a snapshot time for all answers.

    A slow machine needs it, where a test is not about the time.
    """
    # The collection can be imported only after init_plugin_loader.
    from ansible_collections.labocloud.room.plugins.module_utils.lesson import snapshot  # noqa: PLC0415
    from sample_snapshot import container, image, stand  # noqa: PLC0415

    stand(engine, [container(1)], [image(0), image(1)])
    monkeypatch.setattr(snapshot, "ALL", 120)


@pytest.fixture
def labo(tmp_path: Path, engine: stand_in.Engine) -> "Labo":
    """Return the command `labo` on a seat whose Docker has nothing."""
    from sample_labo import Labo  # noqa: PLC0415  # it imports the collection

    return Labo(tmp_path, engine)


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Run":
    """Return a run of all, which proves that the seats are ready."""
    from summary_run import Run  # noqa: PLC0415  # it imports the collection

    return Run(monkeypatch, tmp_path, "site.yml")


@pytest.fixture
def remembers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory where modules keep a machine's state in this test; it does not exist."""
    # The collection can be imported only after init_plugin_loader.
    from ansible_collections.labocloud.room.plugins.module_utils import state  # noqa: PLC0415

    for function in (state.read, state.update, state.forget):
        monkeypatch.setattr(function, "__defaults__", (tmp_path / "labocloud",))
    return tmp_path / "labocloud"


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have labo's code read its texts from locale/: only the archive has them beside it."""
    # The collection can be imported only after init_plugin_loader.
    from ansible_collections.labocloud.room.plugins.module_utils.lesson import words  # noqa: PLC0415
    from ansible_collections.labocloud.room.plugins.plugin_utils import lesson_files  # noqa: PLC0415

    monkeypatch.setattr(words, "texts", lambda: json.loads(lesson_files.words()))
