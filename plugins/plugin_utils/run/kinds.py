# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find what a run is for, by what its plays say of themselves.

A play says it by the variable `room_run` in its own `vars`. Those are literal text of a playbook:
neither the inventory nor an answer of a machine changes them, and they are there whatever `--limit`
says and however few machines can be reached. Whoever imports a playbook can override them, by
`vars` beside `import_playbook`.
"""

from collections.abc import Iterable
from enum import StrEnum

from ansible.playbook.play import Play

VARIABLE = "room_run"


class Kind(StrEnum):
    """What a run is for."""

    # It does something else than the others do: nothing is proved at its end.
    WORK = "work"
    # It proves that the seats are ready.
    PROOF = "proof"
    # It brings another revision to the seats, in turns, and proves that they are ready.
    UPDATE = "update"
    # It only looks at how far the students are.
    PROGRESS = "progress"


def kind_of(plays: Iterable[Play]) -> Kind:
    """Return what a run of these plays is for.

    A playbook may import several others: the last of its plays that says something decides, but a
    run that only looks at progress has no other plays.
    """
    values: list[object] = [play.vars.get(VARIABLE) for play in plays]
    if values and all(value == Kind.PROGRESS for value in values):
        return Kind.PROGRESS
    kinds = (Kind.WORK, Kind.PROOF, Kind.UPDATE)
    return next((kind for value in reversed(values) for kind in kinds if value == kind), Kind.WORK)
