"""Test when apt reads its package lists anew, and which packages it would install."""

import os
import time
from pathlib import Path

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import apt


class Seat:
    """A machine with an apt-get that logs its arguments, and runs a given script."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lists, self.sources = path / "lists", path / "etc"
        self.lists.mkdir()
        (self.sources / "sources.list.d").mkdir(parents=True)
        self.source = self.sources / "sources.list.d/debian.sources"
        self.source.write_text("")
        self.release = self.lists / "deb_InRelease"
        self.release.write_text("")
        self.apt()
        self.date(60)

    def date(self, seconds: float, sources: float = 3600) -> None:
        """Make the lists and the sources this many seconds old."""
        now = time.time()
        for path in (self.source, self.source.parent):
            os.utime(path, (now - sources, now - sources))
        os.utime(self.lists, (now - seconds, now - seconds))

    def apt(self, line: str = "true") -> None:
        """Have apt-get run this line, too."""
        stand_in.program(self.path / "apt-get", f'echo "$LC_ALL $*" >> {self.path}/asked\n{line}')

    def questions(self) -> list[str]:
        """Return the questions that the stand-in for apt was asked."""
        log = self.path / "asked"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seat:
    machine = Seat(tmp_path)
    monkeypatch.setattr(apt, "LISTS", machine.lists)
    monkeypatch.setattr(apt, "SOURCES", machine.sources)
    monkeypatch.setattr(apt, "PAUSE", 0)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return machine


UPDATE = "C.UTF-8 --quiet --option=APT::Update::Error-Mode=any update"


@pytest.mark.parametrize(("seconds", "reads"), [(1, False), (590, False), (600, True), (-60, True)])
def test_lists_of_ten_minutes_are_not_read_anew(seat: Seat, seconds: float, *, reads: bool) -> None:
    """Show also that lists from the future are read anew: a clock was put back."""
    seat.date(seconds)
    apt.read_lists()
    assert seat.questions() == [UPDATE] * reads


def test_a_repository_that_was_added_just_now_is_read(seat: Seat) -> None:
    seat.date(60, sources=30)
    apt.read_lists()
    assert seat.questions() == [UPDATE]
    seat.date(60)
    (seat.sources / "sources.list").write_text("deb …")
    apt.read_lists()
    assert len(seat.questions()) == 2


def test_where_there_are_no_lists_they_are_read_however_young_the_directory_is(seat: Seat) -> None:
    seat.release.unlink()
    seat.date(1)
    apt.read_lists()
    assert seat.questions() == [UPDATE]


def test_lists_in_which_apt_found_nothing_new_are_fresh_again(seat: Seat) -> None:
    seat.date(7000, sources=8000)
    apt.read_lists()
    assert apt.are_fresh()


def test_what_could_not_be_read_is_told_and_read_again_the_next_time(seat: Seat) -> None:
    """Show it for lists that came in part, and that no password of an address is told."""
    error = "E: Failed to fetch http://u:s3cret@deb.example/x  Could not resolve 'deb.example'"
    seat.apt(f'touch {seat.lists}/more; echo "W: first\n1\n2\n{error}" >&2; exit 100')
    seat.date(7000)
    with pytest.raises(apt.ListsError) as raised:
        apt.read_lists()
    message = str(raised.value)
    assert message.startswith("apt cannot read its package lists (1; 2; E: Failed to fetch http:")
    assert "Fix: see to it that it reaches" in message
    assert "s3cret" not in message
    assert len(seat.questions()) == 1
    assert not apt.are_fresh()


def test_another_apt_is_waited_for(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    error = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"
    seat.apt(f"[ $(wc -l < {seat.path}/asked) -gt 2 ] || {{ echo '{error}' >&2; exit 100; }}")
    seat.date(7000)
    apt.read_lists()
    assert len(seat.questions()) == 3
    monkeypatch.setattr(apt, "PATIENCE", -1)
    (seat.path / "asked").unlink()
    seat.date(7000)
    with pytest.raises(apt.ListsError, match="It is held by process 7"):
        apt.read_lists()
    assert len(seat.questions()) == 1


def test_what_conflicts_is_not_there_when_it_is_asked_what_comes(seat: Seat) -> None:
    seat.apt("echo 'Inst docker.io (26 Debian [amd64])'")
    assert apt.new_packages(["docker.io=26*"], ["docker-ce"], ["zstd"]) == ["docker.io"]
    assert seat.questions()[0].split() == [
        *("C.UTF-8", *apt.SIMULATE[1:], "python3-apt", "docker.io=26*", "docker-ce-")
    ]
