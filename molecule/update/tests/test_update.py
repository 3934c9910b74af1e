"""The corrected image is shipped, and one goes back: a page answers on every seat all along."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from instances import machine, meanwhile, wait
from playbook import PROJECT, changed, command, other_app, run, said, seats
from testinfra.host import Host

FIRST, SECOND, THIRD = seats()
COURSE = "labocloud20202021:python"
UPDATE = "playbooks/update.yml"
GAP_MS = 1500
# Where a test is not about the order of the seats.
AT_ONCE = {"batches": ["100%"]}
# How an app can be broken: a file of it, what to replace there, by what, and what its log says.
BROKEN = {
    "answers 500": (
        "labocloud/pages.py",
        "return render_template(",
        "raise RuntimeError('no such table: pages')\n    return render_template(",
        "no such table: pages",
    ),
    "never listens": (
        "labocloud/server.py",
        "    server = create_server(",
        "    print('waiting for the database', flush=True)\n    time.sleep(600)\n"
        "    server = create_server(",
        "waiting for the database",
    ),
}


@pytest.fixture(scope="module")
def room() -> Iterator[dict[str, Host]]:
    """The seats by name, each with what the project's files make."""
    run("all")
    yield {name: machine(name) for name in seats()}
    # The files for students came with another app.
    assert changed(run("all", playbook="playbooks/exercises.yml")) > 0


def another_app(directory: Path) -> dict[str, str]:
    """Return the variables of a run with an app that does not exist yet."""
    directory.mkdir(exist_ok=True)
    return other_app(directory, str(uuid4()))


def update(*arguments: str, **variables: object) -> subprocess.CompletedProcess[str]:
    return run("all", *arguments, playbook=UPDATE, **variables)


def page(seat: Host) -> str:
    """Return the revision of the page that answers on a seat."""
    program = (
        "import json, urllib.request as r; a = 'http://127.0.0.1:8080';"
        "r.urlopen(a).read(); print(json.load(r.urlopen(a + '/healthz'))['revision'])"
    )
    return seat.check_output("python3 -c %s", program)


def named(seat: Host, image: str = COURSE) -> str:
    """Return the revision of the image that has a name."""
    form = '{{index .Config.Labels "labocloud.revision"}}'
    return seat.check_output("docker image inspect --format %s %s", form, image)


def revisions(seat: Host) -> set[str]:
    """Return the first digits of the revisions that a seat has."""
    tags = seat.check_output("docker image ls --format '{{.Tag}}' labocloud20202021").split()
    return {tag.removeprefix("python-") for tag in tags if tag.startswith("python-")}


def containers(seat: Host) -> str:
    return seat.check_output("docker ps --all --format '{{.Names}} {{.Image}} {{.Ports}}'")


@contextmanager
def asked_all_along(seat: Host) -> Iterator[dict]:
    """A client on a seat that asks for the page all the while; afterwards, what it saw."""
    seat.check_output("echo %s > /run/gap.py", (PROJECT / "bench/gap.py").read_text())
    seat.check_output("rm -f /run/gap.json")
    saw: dict = {}
    script = "exec python3 /run/gap.py --seconds 600 --pause 0.05 > /run/gap.json"
    with meanwhile(seat.backend.name, script):
        seat.check_output("sleep 0.5")
        yield saw
    wait(seat, "test -s /run/gap.json")
    saw |= json.loads(seat.check_output("cat /run/gap.json"))
    assert saw["asked"] > 100


def killed_at(words: str, **variables: object) -> None:
    """Start an update, and kill the control process when it comes to a task."""
    killing = command("all", playbook=UPDATE, **variables)
    with subprocess.Popen(killing, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("TASK") and words in line:
                break
        process.send_signal(signal.SIGKILL)
        assert words in line


def test_the_page_answers_all_along(room: dict[str, Host], tmp_path: Path) -> None:
    before = page(room[FIRST])
    other = another_app(tmp_path)
    with asked_all_along(room[FIRST]) as first, asked_all_along(room[THIRD]) as third:
        assert changed(update(**other)) > 0
    after = page(room[FIRST])
    assert after != before
    for seat in room.values():
        assert page(seat) == named(seat) == named(seat, f"{COURSE}-{after[:12]}") == after
        assert containers(seat) == f"flask {COURSE} 127.0.0.1:8080->8888/tcp"
    for saw in first, third:
        assert saw["revisions"] == [before, after]
        assert saw["longest_gap_ms"] < GAP_MS
    assert changed(update(**AT_ONCE, **other)) == 0
    # What an update leaves is what ./lab up makes.
    assert changed(run("all", **other)) == 0


def test_one_goes_back_and_nothing_is_built(room: dict[str, Host], tmp_path: Path) -> None:
    corrected = page(room[FIRST])
    for wanted in ("previous", corrected[:7]):
        here, app = page(room[FIRST]), another_app(tmp_path / wanted)
        result = update(revision=wanted, **AT_ONCE, **app)
        assert changed(result) > 0
        assert "course_build : Build" not in result.stdout
        assert page(room[FIRST]) != here
        assert {page(seat) for seat in room.values()} == {page(room[FIRST])}
    assert page(room[FIRST]) == corrected
    # The files for students are those that the run came with.
    assert changed(run(FIRST, playbook="playbooks/verify.yml", **app)) == 0


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"revision": "0000000"}, ["revision 0000000 is not one that", "Fix: give the first"]),
        ({"canary": "pc99"}, ["pc99 is to be updated first, and is no seat of this run", FIRST]),
        ({"course_image_keep": 1}, ["course_image_keep is 1", "Fix: 2 or more"]),
    ],
    ids=["no such revision", "no such seat", "too few to go back"],
)
def test_what_cannot_work_is_refused(
    room: dict[str, Host], variables: dict[str, object], words: list[str]
) -> None:
    before = containers(room[FIRST]), page(room[FIRST]), revisions(room[FIRST])
    result = update(**variables)
    assert result.returncode != 0
    for word in words:
        assert word in said(result), said(result)
    if "revision" in variables:
        assert all(digits in said(result) for digits in revisions(room[FIRST]))
    assert before == (containers(room[FIRST]), page(room[FIRST]), revisions(room[FIRST]))


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_image_costs_no_seat_its_page(
    room: dict[str, Host], tmp_path: Path, how: str
) -> None:
    """Neither the one that it comes to first, nor those that it does not come to."""
    before = page(room[FIRST])
    other = another_app(tmp_path)
    name, good, bad, log = BROKEN[how]
    path = tmp_path / "app" / name
    assert good in path.read_text()
    path.write_text(path.read_text().replace(good, bad, 1))
    with asked_all_along(room[THIRD]) as saw:
        result = update(canary=THIRD, flask_container_start_timeout=20, **other)
    assert result.returncode != 0
    assert f"{THIRD}: the new flask does not answer" in said(result)
    assert f"{THIRD} serves the revision {before[:12]} as before" in said(result)
    assert log in said(result)
    assert f"{FIRST}: the update stops before" in said(result)
    # It had no fault at all, since the broken one never got to the port.
    assert saw["failed"] == 0
    assert saw["revisions"] == [before]
    for seat in room.values():
        assert page(seat) == named(seat) == before
        assert containers(seat) == f"flask {COURSE} 127.0.0.1:8080->8888/tcp"


def test_a_seat_that_fails_later_stops_the_next_batch(
    room: dict[str, Host], tmp_path: Path
) -> None:
    """The second seat gives the container too little memory; the third one's turn never comes.

    The first seat, of the same batch, is updated all the same.
    """
    before = page(room[FIRST])
    other = another_app(tmp_path)
    inventory = tmp_path / "little.yml"
    little = {SECOND: {"flask_container_memory": "6M"}}
    inventory.write_text(json.dumps({"all": {"hosts": little}}))
    result = update("--inventory", str(inventory), batches=[2], **other)
    assert result.returncode != 0
    assert f"1 seat ready, 2 need you: {SECOND}: the new flask does not answer" in said(result)
    assert f"{THIRD}: the update stops before" in said(result)
    assert f"since {SECOND} could not be updated" in said(result)
    assert page(room[FIRST]) != before
    assert page(room[SECOND]) == named(room[SECOND]) == before
    assert page(room[THIRD]) == named(room[THIRD]) == before
    # Which revision was the previous one, nobody can tell for all of them.
    result = update(revision="previous")
    assert result.returncode != 0
    assert f"{FIRST} has the revision {page(room[FIRST])[:12]}, of an update" in said(result)
    assert changed(update(**AT_ONCE, **other)) > 0
    assert {page(seat) for seat in room.values()} == {page(room[FIRST])}


def test_a_control_process_that_is_killed(room: dict[str, Host], tmp_path: Path) -> None:
    """While one seat goes over; while images are on their way, molecule/archive has it."""
    before = page(room[FIRST])
    other = another_app(tmp_path)
    killed_at("Let a new container take over", **other)
    for name in (SECOND, THIRD):
        assert page(room[name]) == before
    assert changed(update(**AT_ONCE, **other)) > 0
    after = page(room[FIRST])
    assert after != before
    for seat in room.values():
        assert page(seat) == named(seat) == after
        assert containers(seat) == f"flask {COURSE} 127.0.0.1:8080->8888/tcp"


def test_a_switch_that_is_killed_on_the_seat(room: dict[str, Host], tmp_path: Path) -> None:
    """Just when the new container has the port, and the old one is still there."""
    other = another_app(tmp_path)
    script = (
        "until docker inspect flask-next >/dev/null 2>&1; do sleep 0.1; done;"
        "until docker port flask-next 2>/dev/null | grep -q 8080; do :; done;"
        "kill -9 $(pgrep -f '^/usr/bin/python3$')"
    )
    with meanwhile(FIRST, script):
        result = update(batches=[1, "100%"], **other)
    assert result.returncode != 0
    assert "flask-next" in containers(room[FIRST])
    assert page(room[SECOND]) == page(room[THIRD]) == named(room[THIRD])
    assert changed(update(**AT_ONCE, **other)) > 0
    assert containers(room[FIRST]) == f"flask {COURSE} 127.0.0.1:8080->8888/tcp"
    assert page(room[FIRST]) == page(room[THIRD]) == named(room[THIRD])


def test_as_many_revisions_stay_as_are_asked_for_and_what_a_student_runs(
    room: dict[str, Host], tmp_path: Path
) -> None:
    keep = {"course_image_keep": 2, **AT_ONCE}
    oldest = page(room[SECOND])
    sleep = f"docker run --detach --name old --entrypoint sleep {COURSE} 6000"
    room[SECOND].check_output(sleep)
    for name in ("one", "two"):
        assert changed(update(**keep, **another_app(tmp_path / name))) > 0
    for name, seat in room.items():
        kept = revisions(seat) - {oldest[:12]}
        assert page(seat)[:12] in kept
        assert len(kept) == 2
        assert (oldest[:12] in revisions(seat)) == (name == SECOND)
        assert seat.check_output("docker image ls --quiet --filter dangling=true") == ""
        record = json.loads(seat.check_output("cat /var/lib/labocloud/state.json"))["built"]
        assert set(record["images"]) == {"labocloud20202021:base"} | {
            f"{COURSE}-{digits}" for digits in revisions(seat)
        }
    room[SECOND].check_output("docker rm -f old")


def test_an_exercise_that_was_done_is_done_during_an_update_and_after_it(
    room: dict[str, Host], tmp_path: Path
) -> None:
    seat = room[SECOND]
    look = (
        "rm -f /run/looks /run/undone; while labo check 2 > /run/look 2>&1 || cp /run/look "
        "/run/undone; do echo >> /run/looks; sleep 0.3; done"
    )
    solution = PROJECT / "app/exercises/02-run-again/solution.sh"
    seat.check_output("sh -e -c %s", solution.read_text())
    seat.check_output("labo check 2")
    served = page(seat)
    with meanwhile(SECOND, look):
        assert changed(update(**AT_ONCE, **another_app(tmp_path))) > 0
    assert page(seat) != served
    seat.check_output("labo check 2")
    assert int(seat.check_output("wc -l < /run/looks")) > 5
    assert seat.run("cat /run/undone").stdout == ""
    seat.check_output("docker rm -f relance")
