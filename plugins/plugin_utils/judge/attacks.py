# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The attacks of the option attack of verify: what a student could do to the machine, if tried."""

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import Want


def names(attacks: Mapping[str, Any], outcome: str) -> list[str]:
    """Give the names of the attacks that came out so."""
    return [one["name"] for one in attacks["tried"] if one["outcome"] == outcome]


def findings_of(want: Want) -> Iterator[Finding]:
    """Tell what came of the attacks, where they were tried in this run.

    That one has succeeded is what docker_engine_students asks for where it is group; that none
    could be tried is wrong on any seat: it would be taken for a proof.
    """
    attacks, seat = want["attacks"], want["name"]
    if not attacks:
        return
    account = attacks["account"]
    if attacks["why"] or not attacks["tried"]:
        why = attacks["why"] or "nothing came of it"
        yield finding("attack_untried", seat, account=account, why=why)
        return
    if succeeded := names(attacks, "succeeded"):
        rooted = want["docker_engine_students"] == "group"
        found = "students_root" if rooted else "attack_succeeded"
        yield finding(found, seat, account=account, attacks=", ".join(succeeded))
    if untried := names(attacks, "untried"):
        reasons = [f"{one['name']}: {one['why']}" for one in attacks["tried"]]
        told = [one for one in reasons if one.partition(":")[0] in untried]
        yield finding("attack_partly", seat, account=account, attacks="; ".join(told))
