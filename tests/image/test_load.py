"""The container under more load than a room makes, within the limits that it is deployed with."""

import pytest
from course_container import HARDENED, address, engine, load, peak, running

LIMIT = 128 * 2**20


@pytest.mark.parametrize("path", ["/fr/cheat-sheet", "/fr/container", "/healthz"])
def test_it_answers_every_request_and_its_memory_stays_bounded(path: str) -> None:
    """After a first load it has taken what it needs: a second one, as long, takes no more."""
    with engine() as client, running(client, **HARDENED) as container:
        first = load(address(container) + path, seconds=5, connections=64)
        after_first = peak(container)
        second = load(address(container) + path, seconds=5, connections=64)
        assert first.errors == second.errors == 0
        assert first.rate > 100
        assert peak(container) < 0.6 * LIMIT
        assert peak(container) < 1.1 * after_first
        container.reload()
        assert container.status == "running"
        assert not container.attrs["State"]["OOMKilled"]
