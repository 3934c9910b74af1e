"""Show that the forged answers of a seat's root count for that seat alone."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from instances import machine
from liar import decoys, lies, lying, untouched
from playbook import changed, run, said, seats

LIARS = ("day-pc1", "day-pc2")
HONEST = "day-pc3"


@pytest.fixture
def decoy(tmp_path: Path) -> Path:
    return decoys(tmp_path / "home")


def state(name: str) -> str:
    """Return which images and containers a seat has."""
    return machine(name).check_output("docker images -q --no-trunc; docker ps -aq --no-trunc")


@pytest.mark.parametrize(
    ("playbook", "end"),
    [
        ("site.yml", "3 seats ready."),
        ("playbooks/update.yml", "3 seats ready."),
        ("playbooks/verify.yml", "3 seats ready."),
        ("playbooks/reset.yml", "3 seats done."),
        ("playbooks/progress.yml", "3 seats, 0 need you"),
    ],
)
def test_what_seats_add_to_their_answers_changes_nothing(
    decoy: Path, playbook: str, end: str
) -> None:
    """The one that builds, and another."""
    before = [state(name) for name in seats()]
    with ExitStack() as stack:
        for name in LIARS:
            stack.enter_context(lying(machine(name), lies(str(decoy), name)))
        result = run("all", playbook=playbook)
    assert changed(result) == 0
    assert end in said(result)
    assert [state(name) for name in seats()] == before
    assert untouched(decoy)


def test_what_is_sent_and_kept_meanwhile_is_the_rooms_own(decoy: Path) -> None:
    """The builder saves an archive, it is fetched and kept, and loaded by the one that lacks it."""
    seat = machine(HONEST)
    seat.check_output("docker rm -f flask; docker rmi -f $(docker images -q labocloud20202021)")
    with ExitStack() as stack:
        for name in LIARS:
            stack.enter_context(lying(machine(name), lies(str(decoy), name)))
        result = run("all")
    assert changed(result) > 0
    assert "3 seats ready" in said(result)
    assert untouched(decoy)
    builder = machine("day-pc1")
    assert builder.run("grep -rqs 'decoy id_ed25519' /var/lib/docker /var/tmp").rc == 1


def test_what_a_seat_says_of_itself_is_told_of_that_seat_alone(decoy: Path) -> None:
    name = LIARS[1]
    with lying(machine(name), lies(str(decoy), name), {"seat": {"docker": 7, "images": "x"}}):
        result = run("all")
    assert result.returncode != 0
    assert f"2 seats ready, 1 needs you: {name}" in said(result)
    assert changed(run("all")) == 0
