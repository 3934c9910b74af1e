"""A night: machines are switched off, and on again in the morning."""

import playbook
import pytest
from instances import ANSWERS, machine, off, wait
from testinfra.host import Host

SEAT = playbook.seats()[0]


@pytest.fixture(scope="module")
def seat() -> Host:
    return machine(SEAT)


@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
def test_a_persistent_container_is_back_in_the_morning(seat: Host, stopped: bool) -> None:
    playbook.changed(playbook.run(SEAT, flask_container_lifecycle="persistent"))
    if stopped:
        seat.check_output("docker stop flask")
    with off(SEAT):
        pass
    wait(seat, ANSWERS)


def test_an_ephemeral_one_is_back_with_the_next_run(seat: Host) -> None:
    playbook.changed(playbook.run(SEAT, flask_container_lifecycle="ephemeral"))
    with off(SEAT):
        pass
    assert "flask" not in seat.check_output("docker ps --all --format '{{.Names}}'").split()
    playbook.changed(playbook.run(SEAT))
    wait(seat, ANSWERS)
