"""Images as archives: only what a seat lacks travels, and nothing torn or altered is loaded."""

import hashlib
import json
import os
import signal
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from instances import machine, meanwhile
from playbook import changed, command, other_app, reports, run, said
from testinfra.host import Host

COURSE = "labocloud20202021:python"
PC1, PC2 = "archive-pc1", "archive-pc2"
CACHE = reports().parent / "cache"
PASSING = "/var/tmp/labocloud-images-*"


@pytest.fixture(scope="module")
def seats() -> dict[str, Host]:
    return {name: machine(name) for name in (PC1, PC2)}


def revision(seat: Host) -> str:
    form = '{{index .Config.Labels "labocloud.revision"}}'
    return seat.check_output(f"docker inspect --format '{form}' {COURSE}")


def page(seat: Host) -> dict[str, str]:
    url = "http://127.0.0.1:8080/healthz"
    program = f"import urllib.request as r; print(r.urlopen('{url}').read().decode())"
    return json.loads(seat.check_output("python3 -c %s", program))


def archive(*, whole: bool) -> Path:
    """Return the control machine's archive of all layers, or of some of them."""
    [path] = (CACHE / "images").glob("*-0-*.tar.zst" if whole else "*-[1-9]*-*.tar.zst")
    return path


def passing(seat: Host) -> str:
    """Return a listing of the archives that are on a seat on their way, empty for none."""
    return seat.run(f"ls -d {PASSING}").stdout


def forget(seat: Host) -> None:
    """Remove the images from a seat."""
    seat.check_output("docker rm -f flask && docker rmi -f $(docker images --all --quiet | uniq)")


def test_both_seats_have_the_same_image_and_serve_it(seats: dict[str, Host]) -> None:
    assert len(revision(seats[PC1])) == hashlib.sha256().digest_size * 2
    assert revision(seats[PC1]) == revision(seats[PC2])
    for seat in seats.values():
        assert page(seat)["revision"] == revision(seat)
        assert seat.run("docker image inspect labocloud20202021:base").rc == 0


def test_a_second_run_sends_nothing() -> None:
    result = run("all")
    assert changed(result) == 0
    assert "By archive" not in result.stdout


def test_nothing_of_the_delivery_is_left(seats: dict[str, Host]) -> None:
    for seat in seats.values():
        assert passing(seat) == ""


def test_of_a_changed_app_only_its_layer_travels(seats: dict[str, Host], tmp_path: Path) -> None:
    """Docker 26 packs it, Docker 20.10 loads it."""
    before = revision(seats[PC2])
    assert changed(run("all", **other_app(tmp_path, str(uuid4())))) > 0
    sent = archive(whole=False)
    # The packages alone are some five million.
    assert sent.stat().st_size < 150_000
    assert revision(seats[PC1]) == revision(seats[PC2]) != before
    assert page(seats[PC2])["revision"] == revision(seats[PC2])


def test_a_seat_that_has_nothing_is_sent_all_of_it(seats: dict[str, Host]) -> None:
    forget(seats[PC2])
    assert changed(run("all")) > 0
    sent = archive(whole=True)
    assert sent.stat().st_size > 10_000_000
    assert revision(seats[PC1]) == revision(seats[PC2])


def test_an_archive_that_was_altered_in_the_cache_is_made_anew(seats: dict[str, Host]) -> None:
    """The previous test has left its files there."""
    sent = archive(whole=True)
    good = sent.read_bytes()
    sent.write_bytes(good[:1_000_000] + b"altered" + good[1_000_007:])
    forget(seats[PC2])
    assert changed(run("all")) > 0
    sent = archive(whole=True)
    assert hashlib.sha256(sent.read_bytes()).hexdigest() in sent.name
    assert page(seats[PC2])["revision"] == revision(seats[PC1])


def test_an_archive_that_arrives_torn_or_altered_is_refused(
    seats: dict[str, Host], tmp_path: Path
) -> None:
    before = revision(seats[PC2])
    until = f'until set -- {PASSING}; test -f "$1" -a -s "$1"; do sleep 0.02; done'
    # The system keeps root from making anew what another has put there.
    alter = 'printf altered | dd of="$1" bs=1 seek=900 conv=nocreat,notrunc'
    script = f"{until}; stat --format '%U %a' \"$1\" > /run/passing; {alter}"
    other = other_app(tmp_path, str(uuid4()))
    with meanwhile(PC2, script):
        result = run("all", **other)
    assert result.returncode != 0
    assert f"{PC2} keeps the images that it had" in said(result)
    assert "torn or altered" in said(result)
    assert revision(seats[PC2]) == before
    assert page(seats[PC2])["revision"] == before
    # Nobody could have done it but root, and who may become that.
    assert seats[PC2].check_output("cat /run/passing") == "teacher 644"
    assert passing(seats[PC2]) == ""
    assert revision(seats[PC1]) != before
    assert changed(run(f"@{reports() / 'missing'}", **other)) > 0


def test_a_disk_that_fills_in_the_middle_costs_only_that_seat(
    seats: dict[str, Host], tmp_path: Path
) -> None:
    before = revision(seats[PC2])
    other = other_app(tmp_path, str(uuid4()))
    (tmp_path / "app/labocloud/static/large").write_bytes(os.urandom(90_000_000))
    result = run("all", **other)
    assert result.returncode != 0
    assert f"1 seat ready, 1 needs you: {PC2} keeps the images that it had" in said(result)
    assert "no space left on device" in said(result)
    assert "make room at /var/lib/docker" in said(result)
    assert page(seats[PC2])["revision"] == revision(seats[PC2]) == before
    assert passing(seats[PC2]) == ""
    assert page(seats[PC1])["revision"] == revision(seats[PC1]) != before


def test_a_run_that_was_killed_goes_on_where_it_was(seats: dict[str, Host]) -> None:
    forget(seats[PC2])
    with subprocess.Popen(command("all"), stdout=subprocess.PIPE, text=True) as killed:
        for line in killed.stdout:
            if "Check the archive, and load it" in line:
                break
        killed.send_signal(signal.SIGKILL)
    sent = archive(whole=True)
    modified = sent.stat().st_mtime
    # What it began on the seat goes on, or its archive is there for a day.
    seats[PC2].run(f"find {PASSING} -maxdepth 0 -exec touch --date='2 days ago' {{}} +")
    assert changed(run("all")) > 0
    assert archive(whole=True).stat().st_mtime == modified
    assert page(seats[PC2])["revision"] == revision(seats[PC1])
    assert passing(seats[PC2]) == ""


def test_a_seat_of_another_architecture_is_refused_by_name(
    seats: dict[str, Host], tmp_path: Path
) -> None:
    """Its Python says that it is one: there is no such machine here."""
    other = (
        "import os, posix; it = os.uname();"
        "os.uname = lambda: posix.uname_result((*it[:4], 'aarch64'))"
    )
    seats[PC2].check_output("mkdir -p /opt/other")
    seats[PC2].check_output("echo %s > /opt/other/sitecustomize.py", other)
    python = '#!/bin/sh\nPYTHONPATH=/opt/other exec python3 "$@"\n'
    seats[PC2].check_output("printf %s > /opt/other/python && chmod +x /opt/other/python", python)
    inventory = tmp_path / "other.yml"
    seat = {"ansible_python_interpreter": "/opt/other/python"}
    inventory.write_text(json.dumps({"all": {"hosts": {PC2: seat}}}))
    forget(seats[PC2])
    result = run("all", "--inventory", str(inventory))
    assert result.returncode != 0
    assert f"{PC2} (aarch64) cannot be sent {COURSE} by {PC1} (x86_64)" in said(result)
    assert "a room of their own" in said(result)
    assert "1 seat ready" in said(result)
