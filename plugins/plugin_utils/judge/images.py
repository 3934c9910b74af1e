# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The images: the base and the course image, as the builder has them."""

from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import (
    Builder,
    Has,
    Verdict,
    Want,
    verdict,
)


def judge(has: Has, want: Want, builder: Builder) -> Verdict:
    """Judge it."""
    del has, want, builder
    return verdict()
