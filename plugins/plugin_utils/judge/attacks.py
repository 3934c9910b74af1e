# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What came of the attacks of verify: whether a student gets at the machine by Docker."""

from collections.abc import Iterator

from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import rootless

# Characters of a reason: that of one attack is not to hide the others.
LONGEST = 160


def findings_of(want: Want) -> Iterator[Finding]:
    """Tell what came of the attacks, nothing where none were tried in this run.

    That one succeeds is what docker_engine_students asks for where it is group. That none could be
    tried is wrong on any seat, since it would be taken for a proof.
    """
    attacks, seat = want["attacks"], want["name"]
    if not attacks:
        return
    account = attacks["account"]
    by: dict[str, list[str]] = {"succeeded": [], "withstood": []}
    untried: dict[str, list[str]] = {}
    for one in attacks["tried"]:
        kind, why = one["outcome"], one["why"]
        names = by[kind] if kind in by else untried.setdefault(why[:LONGEST], [])
        names.append(one["name"])
    if by["succeeded"]:
        found = "attack_succeeded" if rootless.wanted(want) else "students_root"
        yield finding(found, seat, account=account, names=", ".join(by["succeeded"]))
    elif attacks["why"] or not by["withstood"]:
        why = attacks["why"] or "; ".join(untried) or "it has told nothing"
        yield finding("attack_untried", seat, account=account, why=why)
        return
    if untried:
        told = [f"{', '.join(names)} ({why})" for why, names in untried.items()]
        yield finding("attack_partly", seat, account=account, names="; ".join(told))
