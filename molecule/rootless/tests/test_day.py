"""The teacher's day: reset, save, restore, update, prove, as on a seat whose students are root."""

from pathlib import Path
from uuid import uuid4

from conftest import (
    RESET,
    RESTORE,
    SEATS,
    SEEN,
    STATE,
    WORKS,
    kept_out,
    late,
    saved,
    student,
)
from instances import ANSWERS, meanwhile, on_each, wait
from playbook import changed, other_app, run
from testinfra.host import Host

UPDATE = "playbooks/update.yml"
PAGE = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8080').read().decode())"


def test_the_next_group_has_a_seat_as_it_was_and_the_work_comes_back(
    seats: list[Host], clean: list[str]
) -> None:
    listed = run("without_root", playbook=RESET)
    assert changed(listed) == 0
    # What nobody has saved is told once more.
    assert [work for work in WORKS if listed.stdout.count(work) < len(SEATS)] == []
    with meanwhile(SEATS[0], late("ls /var/tmp/labocloud-saved-*/images.tar.zst")):
        assert changed(run("without_root", playbook=RESET, confirm="yes", save="yes")) > 0
    assert kept_out(seats[0])
    assert [seat.check_output(STATE) for seat in seats] == clean
    on_each(seats, lambda seat: wait(seat, ANSWERS))
    for seat in seats:
        name = seat.backend.name
        assert changed(run(name, playbook=RESTORE, **{"from": saved(name)})) == 1
        student(seat, "docker start web")
        assert student(seat, SEEN) == "mine\nwritten\nprecious\n1234:4321 640"
    assert changed(run("without_root", playbook=RESET, confirm="yes")) > 0
    assert [seat.check_output(STATE) for seat in seats] == clean


def test_a_corrected_app_is_shipped_and_taken_back(seats: list[Host], tmp_path: Path) -> None:
    text = str(uuid4())
    at_once = {"batches": ["100%"]}
    assert changed(run("all", playbook=UPDATE, **at_once, **other_app(tmp_path, text))) > 0
    assert all(text in seat.check_output("python3 -c %s", PAGE) for seat in seats)
    back = run("all", playbook=UPDATE, revision="previous", **at_once)
    assert changed(back) > 0
    assert not any(text in seat.check_output("python3 -c %s", PAGE) for seat in seats)
    # It is what the project's files make.
    assert changed(run("all")) == 0
    assert changed(run("all", playbook="playbooks/verify.yml")) == 0
