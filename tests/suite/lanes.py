"""Which check begins next, and how many run at once."""

from collections.abc import Iterator, Mapping, Sequence

from suite.checks import Check
from suite.times import Machine

# How many checks run at once; and how many where all cores waited for more than that share of the
# last seconds.
LANES, MOST = 3, 5
WAITING, LAST = 0.2, 20.0


def wanted(machine: Machine) -> int:
    """Give how many checks may run at once now."""
    return MOST if machine.waited_lately(LAST) > WAITING else LANES


class Line:
    """The checks that wait for their turn: those that keep most others waiting go first.

    Those that want the machine to themselves come at the end, one by one; nothing may need them.

    took: what checks took when they ran last, in seconds by name. A need that is not among the
    checks is there already.
    """

    def __init__(self, checks: Sequence[Check], took: Mapping[str, float]) -> None:
        self._waiting = {check.name: check for check in checks}
        self._under_way: set[str] = set()
        self._seconds = {check.name: took.get(check.name) or check.seconds for check in checks}
        self._length = {name: self._longest(name) for name in self._waiting}

    def _longest(self, name: str) -> float:
        """Give how long it takes at least from the beginning of a check to the end of all."""
        after = [check.name for check in self._waiting.values() if name in check.needs]
        return self._seconds[name] + max(map(self._longest, after), default=0.0)

    @property
    def ended(self) -> bool:
        """Whether there is none left, and none under way."""
        return not self._waiting and not self._under_way

    def take(self, count: int) -> list[Check]:
        """Take as many checks as that out of the line, at most, which may begin now."""
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
        """Have none of those begin that wait."""
        self._waiting.clear()

    def end(self, name: str, failed: bool) -> Iterator[tuple[Check, str]]:
        """Have a check ended. Gives those that can never begin, and which need of theirs failed."""
        self._under_way.discard(name)
        if failed:
            for check in [one for one in self._waiting.values() if name in one.needs]:
                if self._waiting.pop(check.name, None):
                    yield check, name
                    yield from self.end(check.name, failed)
