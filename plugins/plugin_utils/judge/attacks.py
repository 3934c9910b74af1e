# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the attacks that verify has tried: whether a student gets at the machine by Docker."""

from collections.abc import Iterator

from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding

# Characters of a reason, so that the reason of one attack does not hide the others.
LONGEST = 160


def findings_of(want: Want) -> Iterator[Finding]:
    """Yield what the attacks have shown; nothing where none were tried in this run.

    An attack that succeeds is to be expected where docker_engine_students is group. That no attack
    could be tried is wrong on any seat, since silence would be taken for a proof.
    """
    attacks, seat = want["attacks"], want["name"]
    if not attacks:
        return
    account = attacks["account"]
    by_outcome: dict[str, list[str]] = {"succeeded": [], "withstood": []}
    untried: dict[str, list[str]] = {}
    for attack in attacks["tried"]:
        outcome, why = attack["outcome"], attack["why"]
        names = (
            by_outcome[outcome] if outcome in by_outcome else untried.setdefault(why[:LONGEST], [])
        )
        names.append(attack["name"])
    if by_outcome["succeeded"]:
        name = "attack_succeeded" if engine_files.is_rootless(want) else "students_root"
        yield finding(name, seat, account=account, names=", ".join(by_outcome["succeeded"]))
    elif attacks["why"] or not by_outcome["withstood"]:
        why = attacks["why"] or "; ".join(untried) or "it has told nothing"
        yield finding("attack_untried", seat, account=account, why=why)
        return
    if untried:
        reasons = [f"{', '.join(names)} ({why})" for why, names in untried.items()]
        yield finding("attack_partly", seat, account=account, names="; ".join(reasons))
