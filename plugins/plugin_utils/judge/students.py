# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The students: who may use Docker without sudo."""

from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import (
    Builder,
    Has,
    Verdict,
    Want,
    verdict,
)


def judge(has: Has, want: Want, builder: Builder) -> Verdict:
    """Judge who is in the group docker.

    Values: add and remove, the accounts that are to come in, and those that the toolkit had put
    there and that nobody names any more; known, those that it has put there or is about to;
    brought, those that it has put there and that are still there; recorded, whether the seat's
    record names just these; roots, whom the group lets, or is to let, be root, but for the account
    that this toolkit connects with. Who else is in the group is nobody's business.
    """
    del builder
    members = has["docker_group"] or []
    # A text with commas is a list, and has spaces behind them.
    users = [name for one in want["docker_engine_users"] if (name := one.strip())]
    brought = [name for name in has["brought"]["users"] if name in members]
    add = [name for name in dict.fromkeys(users) if name not in members]
    remove = [name for name in brought if name not in users]
    found = []
    # Where there is no such group there is no Docker, which says it all.
    if add and has["docker_group"] is not None:
        found.append(finding("users_missing", want["name"], users=", ".join(add)))
    if remove:
        found.append(finding("users_left", want["name"], users=", ".join(remove)))
    return verdict(
        found,
        settled=not add and not remove,
        add=add,
        remove=remove,
        known=sorted({*has["brought"]["users"], *add}),
        brought=brought,
        recorded=brought == has["brought"]["users"],
        roots=sorted({*users, *members} - {"", "root", want["account"]}),
    )
