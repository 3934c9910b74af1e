# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Keep what tasks count (ansible_stats) from ending a run."""

import functools
from contextlib import suppress

from ansible.executor.stats import AggregateStats


@functools.cache
def ignore_odd_counts() -> None:
    """Have Ansible leave alone what cannot be added up, in all of this process.

    Root of a seat decides what any module counts there, and Ansible itself would end the run of all
    seats over it.
    """
    update = AggregateStats.update_custom_stats

    def update_if_possible(stats: AggregateStats, *arguments: object) -> None:
        with suppress(Exception):
            update(stats, *arguments)

    AggregateStats.update_custom_stats = update_if_possible
