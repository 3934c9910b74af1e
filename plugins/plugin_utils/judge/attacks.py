# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the attacks that verify has tried: whether a student gets at the machine by Docker."""

from collections.abc import Iterator

from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Settings
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding

# Characters of a reason, so that the reason of one attack does not hide the others.
LONGEST = 160


def findings_of(settings: Settings) -> Iterator[Finding]:
    """Yield what the attacks have shown; nothing where none were tried in this run.

    An attack that succeeds is to be expected where docker_engine_students is group. That no attack
    could be tried is wrong on any seat, since silence would be taken for a proof.
    """
    attacks, seat = settings["attacks"], settings["name"]
    if not attacks:
        return
    account, tried = attacks["account"], attacks["tried"]
    succeeded = [attack["name"] for attack in tried if attack["outcome"] == "succeeded"]
    is_any_withstood = any(attack["outcome"] == "withstood" for attack in tried)
    untried: dict[str, list[str]] = {}
    for attack in tried:
        if attack["outcome"] not in ("succeeded", "withstood"):
            untried.setdefault(attack["why"][:LONGEST], []).append(attack["name"])
    if succeeded:
        name = "attack_succeeded" if engine_files.is_rootless(settings) else "students_root"
        yield finding(name, seat, account=account, names=", ".join(succeeded))
    elif attacks["why"] or not is_any_withstood:
        why = attacks["why"] or "; ".join(untried) or "it has told nothing"
        yield finding("attack_untried", seat, account=account, why=why)
        return
    if untried:
        reasons = [f"{', '.join(names)} ({why})" for why, names in untried.items()]
        yield finding("attack_partly", seat, account=account, names="; ".join(reasons))
