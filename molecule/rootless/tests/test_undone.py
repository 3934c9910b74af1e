"""Show that a removal leaves nothing of the toolkit."""

import pytest
from conftest import REGISTRY, SEATS
from instances import left_behind, machine
from playbook import changed, run

REMOVE = "playbooks/remove.yml"


@pytest.fixture(scope="module")
def removed() -> int:
    """Return how many tasks changed something."""
    return changed(run("all", "--inventory", REGISTRY, playbook=REMOVE, docker_engine_purge=True))


@pytest.mark.parametrize("name", SEATS)
def test_the_seat_is_as_it_was(removed: int, name: str) -> None:
    assert removed > 0
    difference = left_behind(machine(name))
    assert difference == [], "\n".join(difference)


@pytest.mark.parametrize("name", SEATS)
def test_nothing_of_the_account_is_left(removed: int, name: str) -> None:
    seat = machine(name)
    assert not seat.user("labocloud-engine").exists
    assert not seat.group("labocloud-docker").exists
    assert seat.run("pgrep --list-full 'dockerd|rootlesskit|slirp4netns'").stdout == ""
    # The account is given by number, because its name is gone.
    assert seat.run("ps -u 2099999999 -o args=").stdout == ""
    assert seat.run("ls -A /var/lib/labocloud-engine /run/labocloud-engine").stdout == (
        "/var/lib/labocloud-engine:\n"
    )
    # Whose ID another account may be given. Homes are as their owners and containers left them.
    nobodys = r"find / -xdev -path /home -prune -o \( -nouser -o -nogroup \) -print"
    assert seat.check_output(nobodys) == ""


def test_removing_again_changes_nothing() -> None:
    assert changed(run("all", "--inventory", REGISTRY, playbook=REMOVE)) == 0
