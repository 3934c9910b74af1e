"""Test when apt reads its package lists anew, and which packages it would install."""

import os
import re
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


def recorded(release: str, title: str, origin: str = "labocloud") -> str:
    """Return what apt of a version has answered when it was asked to install acl and zstd.

    tests/unit/recorded has the answers, each with its title and what apt returned. origin: that of
    the archive, in the place of Debian's.
    """
    text = (stand_in.RECORDED / f"apt-{release}.txt").read_text()
    answer = text.partition(f"### {title}\n")[2].partition("\n### ")[0]
    return re.sub(r"Debian[^\[\n]* \[", f"{origin}:13/trixie [", answer)


def planned(seat: Seat, answer: str, *coming: str, **others: list[str]) -> apt.Plan:
    """Return the plan that is made of a recorded answer."""
    output, _, code = answer.strip().rpartition("\nrc ")
    (seat.path / "answer").write_text(output + "\n")
    error = f"grep ^E: {seat.path}/answer >&2" if code != "0" else "true"
    seat.apt(f"cat {seat.path}/answer; {error}; exit {code}")
    wanted = {"going": [], "own": [], "origin": "labocloud", **others}
    return apt.plan(coming, **wanted)


APTS = pytest.mark.parametrize("release", ["2.6", "3.0"])


@APTS
def test_apt_names_the_files_that_it_would_install(seat: Seat, release: str) -> None:
    """Show it for a version with an epoch, too, whose colon apt writes in another way."""
    answer = recorded(release, "newer")
    files, problem = planned(seat, answer, "acl", "zstd")
    version = {"2.6": "2.3.1-3", "3.0": "2.3.2-2+b1"}[release]
    assert (files, problem) == ([f"acl_{version}_amd64.deb"], "")
    with_epoch = answer.replace("(2.3", "(1:2.3")
    assert planned(seat, with_epoch, "acl").files == [f"acl_1%3a{version}_amd64.deb"]


@APTS
@pytest.mark.parametrize(
    ("title", "problem"),
    [
        ("missing", "Unable to locate package nothere"),
        ("pin", "Version '99' for 'docker.io' was not found"),
        ("held", "somebody holds acl, which apt would change"),
        ("removes", "apt would remove foreign"),
        ("newer", ""),
        ("unpacked", "dpkg has not finished with what is installed"),
    ],
)
def test_what_is_not_done_is_named(seat: Seat, release: str, title: str, problem: str) -> None:
    assert planned(seat, recorded(release, title), "acl", "zstd").problem == problem


@APTS
def test_what_the_toolkit_holds_or_removes_itself_is_no_problem(seat: Seat, release: str) -> None:
    assert not planned(seat, recorded(release, "held"), "acl", own=["acl"]).problem
    assert not planned(seat, recorded(release, "removes"), "acl", going=["foreign"]).problem


@APTS
def test_an_interrupted_installation_is_completed(seat: Seat, release: str) -> None:
    """Show that what dpkg has not finished is no problem then, and that apt removes nothing."""
    files, problem = planned(seat, recorded(release, "mend"))
    assert (len(files), problem) == (9, "")
    assert seat.questions() == [" ".join(["C.UTF-8", *apt.MEND[1:]])]


@APTS
def test_what_is_not_from_the_store_is_refused(seat: Seat, release: str) -> None:
    problem = planned(seat, recorded(release, "newer", "Debian"), "acl").problem
    assert problem == "apt would take acl from elsewhere"


def test_lists_of_a_configuration_that_the_task_names_are_not_read_again(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat.date(7000)
    monkeypatch.setenv("APT_CONFIG", "/run/labocloud/apt/apt.conf")
    apt.read_lists()
    assert seat.questions() == []
