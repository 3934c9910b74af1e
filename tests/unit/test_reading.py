"""Show that a seat answers at once, whatever lies in the place of a file."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from ansible_collections.labocloud.room.plugins.module_utils import files, limits, state
from ansible_collections.labocloud.room.plugins.module_utils.facts import apt as facts_apt
from ansible_collections.labocloud.room.plugins.module_utils.facts import machine as facts_machine
from ansible_collections.labocloud.room.plugins.module_utils.facts import network as facts_network
from ansible_collections.labocloud.room.plugins.module_utils.facts.gather import seat_facts
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd, read
from ansible_collections.labocloud.room.plugins.module_utils.shapes import faults
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_shape import SEAT

# Each place that a seat reads, by the constant that names it.
PLACES = [
    (facts_machine, "OS_RELEASE"),
    (facts_machine, "DAEMON_JSON"),
    (facts_machine, "MACHINE_ID"),
    (facts_machine, "HOST_KEYS"),
    (facts_machine, "ENGINES_PIDS"),
    (facts_machine, "ENGINE_CONFIGURATION"),
    (facts_machine, "OTHER_CONFIGURATION"),
    (facts_network, "ENVIRONMENT"),
    (facts_network, "REGISTRY_CA"),
    (facts_network, "REGISTRY_CERTIFICATE"),
    (facts_network, "PUBLIC_AUTHORITIES"),
    (facts_apt, "STATUS"),
    (facts_apt, "POLICY_RC_D"),
]


def large(path: Path) -> None:
    """Make a file that takes no room and has more bytes than memory."""
    with path.open("wb") as file:
        file.truncate(2**40)


KINDS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "directory": os.mkdir,
    "link to nothing": lambda path: path.symlink_to("/nowhere"),
    "link to itself": lambda path: path.symlink_to(path),
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "large": large,
}


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the records, for a seat without the slow parts."""
    monkeypatch.setattr(facts_network, "socket_holders", lambda _wanted: {})
    monkeypatch.setattr(state.read, "__defaults__", (tmp_path / "labocloud",))
    return tmp_path


def facts_of(folder: Path) -> dict[str, object]:
    """Return the facts of a seat without an engine, after a check of their shape."""
    facts = seat_facts(str(folder / "no.sock"))
    assert list(faults(facts, dict(SEAT), "seat")) == []
    return facts


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("module", "name"), PLACES, ids=[name for _, name in PLACES])
def test_what_is_no_file_is_not_read(
    quiet: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, kind: str
) -> None:
    place = quiet / "place"
    KINDS[kind](place)
    now = getattr(module, name)
    value = {**now, "ca": str(place)} if isinstance(now, dict) else str(place)
    monkeypatch.setattr(module, name, (value,) if isinstance(now, tuple) else value)
    facts_of(quiet)
    facts_network.public_authorities()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_record_is_told_as_torn(quiet: Path, kind: str) -> None:
    """It does not count as missing: the record of the previous state would be lost."""
    (quiet / "labocloud").mkdir()
    KINDS[kind](quiet / "labocloud/state.json")
    [sentence] = facts_of(quiet)["torn"]
    assert sentence.startswith(f"{quiet}/labocloud/state.json ")


def test_records_in_what_is_no_directory_are_torn(quiet: Path) -> None:
    (quiet / "labocloud").touch()
    assert len(facts_of(quiet)["torn"]) == 1


def test_a_configuration_that_is_no_file_is_there(
    quiet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the way of a file that the toolkit writes, and of nothing else."""
    monkeypatch.setattr(facts_machine, "ENGINE_CONFIGURATION", ())
    monkeypatch.setattr(facts_machine, "OTHER_CONFIGURATION", (f"{quiet}/docker*",))
    (quiet / "docker.list").symlink_to("/nowhere")
    (quiet / "docker.d").mkdir()
    (quiet / "docker.txt").touch()
    facts = facts_of(quiet)
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert facts["files"] == {
        f"{quiet}/docker.d": "",
        f"{quiet}/docker.list": "",
        f"{quiet}/docker.txt": empty,
    }
    assert facts["odd"] == []


def test_a_directory_among_apts_files_is_apts(quiet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (quiet / "conf.d/10-school").mkdir(parents=True)
    (quiet / "conf.d/20proxy").write_text('Acquire::http::Proxy "http://p.example:3128";\n')
    (quiet / "apt.conf").write_text(f'Dir::Etc::parts "{quiet}/conf.d";\n')
    command = ("/usr/bin/env", f"APT_CONFIG={quiet}/apt.conf", *facts_apt.APT_CONFIG)
    monkeypatch.setattr(facts_apt, "APT_CONFIG", command)
    monkeypatch.setattr(facts_network, "ENVIRONMENT", "/nowhere")
    odd = Odd()
    assert facts_network.proxy(odd) == "http://p.example:3128"
    assert odd.sentences == []


def test_a_file_is_read_as_it_is_and_no_further(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\xff23")
    odd = Odd()
    assert files.content(file, 3) == b"\xff23"
    assert read(str(file), odd) == "\ufffd23"
    assert odd.sentences == []
    assert read(str(file), odd, 2) == ""
    assert odd.sentences == [f"{file} is larger than 2 bytes"]
    assert read(str(tmp_path / "none"), odd) == ""
    assert read("a\0b", odd) == ""
    assert len(odd.sentences) == 2


def test_a_file_that_is_long_is_digested_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "file"
    data = bytes(range(256)) * (2 * 2**20 // 256) + b"end"
    file.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    assert files.sha256(file, len(data)) == digest
    assert files.sha256(file, len(data) - 1) == ""
    assert files.sha256(tmp_path / "none") == ""
    assert files.sha256(tmp_path) == ""
    assert files.digest(file) == digest
    with pytest.raises(FileNotFoundError):
        files.digest(tmp_path / "none")


def test_no_more_is_told_than_anybody_reads() -> None:
    odd = Odd()
    for number in range(100):
        odd.add(f"{number}\n{'x' * 1000}")
        odd.add(f"{number}\n{'x' * 1000}")
    assert len(odd.sentences) == limits.MOST_SENTENCES
    assert odd.sentences[1].startswith("1 x")
    assert {len(sentence) for sentence in odd.sentences} == {limits.LONGEST_SENTENCE}
