"""The order of the checks, and how many of them run at once."""

from collections.abc import Iterator, Mapping, Sequence

from suite.checks import Check
from suite.times import Machine

# So many checks run at once, or MOST of them while all cores have waited for more than the share
# WAITING of the last LAST seconds.
LANES, MOST = 3, 5
WAITING, LAST = 0.2, 20.0


def wanted(machine: Machine) -> int:
    """Return how many checks may run at once now."""
    return MOST if machine.waited_lately(LAST) > WAITING else LANES


class Line:
    """The checks that wait for their turn; the ones that delay the end most go first.

    The checks that run alone come at the end, one by one; no other check may need them.

    took: the seconds that checks took when they ran last, by name. A need that is not among the
    checks is taken as fulfilled.
    """

    def __init__(self, checks: Sequence[Check], took: Mapping[str, float]) -> None:
        self._waiting = {check.name: check for check in checks}
        self._under_way: set[str] = set()
        self._seconds = {check.name: took.get(check.name) or check.seconds for check in checks}
        self._length = {name: self._longest(name) for name in self._waiting}

    def _longest(self, name: str) -> float:
        """Return the least seconds from the beginning of a check to the end of all that need it."""
        after = [check.name for check in self._waiting.values() if name in check.needs]
        return self._seconds[name] + max(map(self._longest, after), default=0.0)

    @property
    def ended(self) -> bool:
        """Whether no check is left or under way."""
        return not self._waiting and not self._under_way

    def take(self, count: int) -> list[Check]:
        """Remove at most count checks that may begin now from the line, and return them."""
        left = set(self._waiting) | self._under_way
        ready = [check for check in self._waiting.values() if left.isdisjoint(check.needs)]
        if not all(check.alone for check in self._waiting.values()):
            ready = [check for check in ready if not check.alone]
        elif self._under_way:
            return []
        else:
            ready = ready[:1]
        ready = sorted(ready, key=lambda check: -self._length[check.name])[: max(count, 0)]
        for check in ready:
            del self._waiting[check.name]
            self._under_way.add(check.name)
        return ready

    def close(self) -> None:
        """Remove all checks that have not begun."""
        self._waiting.clear()

    def end(self, name: str, failed: bool) -> Iterator[tuple[Check, str]]:
        """Record that a check has ended.

        Yields the checks that can never begin, each with the need that failed.
        """
        self._under_way.discard(name)
        if failed:
            for check in [waiting for waiting in self._waiting.values() if name in waiting.needs]:
                if self._waiting.pop(check.name, None):
                    yield check, name
                    yield from self.end(check.name, failed)
