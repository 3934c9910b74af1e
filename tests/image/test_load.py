"""The container under more load than a room makes, within the limits that it is deployed with."""

import pytest
from course_container import HARDENED, address, engine, load, memory, running

HALF_ITS_LIMIT = 64 * 2**20
# The health check is a process of some 11 MiB, which would be counted whenever it happens to run.
FLAGS = HARDENED | {"healthcheck": {"test": ["NONE"]}}


@pytest.mark.parametrize("path", ["/fr/cheat-sheet", "/fr/container", "/healthz"])
def test_it_answers_every_request_and_its_memory_stays_bounded(path: str) -> None:
    """After a first load it has taken what it needs: a second one, as long, takes no more."""
    with engine() as client, running(client, **FLAGS) as container:
        loads, used = [], []
        for _ in range(2):
            loads.append(load(address(container) + path, seconds=3, connections=64))
            used.append(memory(container))
        assert [one.errors for one in loads] == [0, 0]
        assert min(one.rate for one in loads) > 100
        assert max(used) < HALF_ITS_LIMIT
        assert used[1] < 1.1 * used[0]
        container.reload()
        assert container.status == "running"
        assert not container.attrs["State"]["OOMKilled"]
