"""Packages come into the room once, then to each seat, whose own sources stay as they are."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from instances import machine
from playbook import changed, run, seats
from testinfra.host import Host

PC1, PC2 = seats()
STORE = Path(os.environ["LABOCLOUD_STORE"])
# What an installation leaves on a seat while it goes on.
PASSING = "/run/labocloud/apt /var/lib/labocloud/packages /var/lib/labocloud/store"


def release(name: str) -> dict[str, object]:
    """Return what the store's manifest has of a release."""
    manifest = json.loads((STORE / "manifest.json").read_text())
    return manifest["releases"][f"{name}-amd64"]


def said(result: CompletedProcess[str]) -> str:
    """Return all that a run has printed, with its warnings, in one line."""
    return " ".join((result.stdout + result.stderr).split())


@contextmanager
def without_sources(seat: Host) -> Iterator[None]:
    """Have a seat reach no archive, as its apt knows none."""
    seat.check_output("mv /etc/apt/sources.list /var/lib/apt/lists /root")
    try:
        yield
    finally:
        seat.check_output("rm -rf /var/lib/apt/lists; mv /root/lists /var/lib/apt")
        seat.check_output("mv /root/sources.list /etc/apt")


def package(name: str, place: str) -> Path:
    """Return the file of a package in a part of the store."""
    [path] = (STORE / f"apt/{place}-amd64").glob(f"{name}_*.deb")
    return path


def test_the_store_has_both_releases() -> None:
    for name, suite in (("debian-13", "trixie"), ("debian-12", "bookworm")):
        assert release(name)["suite"] == suite
        assert package("docker.io", name).stat().st_size > 1_000_000


@pytest.mark.parametrize("name", [PC1, PC2])
def test_a_seats_own_apt_stays_as_it_is(name: str) -> None:
    """Show it for the seats that have fetched for the others, too: nothing is younger than they."""
    seat = machine(name)
    places = "/etc/apt /var/lib/apt/lists /var/cache/apt/archives"
    assert seat.check_output(f"find {places} -type f -newer /proc/1/cmdline") == ""
    assert seat.run(f"ls -d {PASSING}").stdout == ""


@pytest.mark.parametrize("name", [PC1, PC2])
def test_a_seat_that_reaches_no_archive_gets_what_it_lacks(name: str) -> None:
    seat = machine(name)
    seat.check_output("apt-get purge -y -q acl")
    with without_sources(seat):
        result = run(name)
        assert changed(result) > 0
        assert "by itself" not in said(result)
        seat.check_output("getfacl --version")
        assert changed(run(name)) == 0
    assert seat.run(f"ls -d {PASSING}").stdout == ""


def test_a_package_that_was_altered_in_the_store_goes_to_nobody_and_is_fetched_anew() -> None:
    """Its seat fetches its own then, with a warning that names the file."""
    file, seat = package("acl", "debian-13"), machine(PC1)
    good = file.read_bytes()
    file.write_bytes(good[:2000] + b"altered" + good[2007:])
    # What was packed for another machine is as good as it was.
    shutil.rmtree(STORE / "sending", ignore_errors=True)
    seat.check_output("apt-get purge -y -q acl")
    result = run(PC1)
    assert changed(result) > 0
    warning = f"{PC1} fetches its packages by itself, not from the store: {file.name} was changed"
    assert warning in said(result)
    seat.check_output("getfacl --version")
    assert not file.exists()

    seat.check_output("apt-get purge -y -q acl")
    assert "by itself" not in said(run(PC1))
    assert file.read_bytes() == good
