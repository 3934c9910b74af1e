"""The files that a run leaves."""

from ansible_collections.labocloud.room.plugins.plugin_utils.run.files import missing


def test_the_missing_are_those_that_failed_and_those_that_nobody_looked_at() -> None:
    room = ["pc1", "pc2", "pc3"]
    assert missing([], room, {"pc2"}, {"pc1", "pc3"}) == ["pc2"]
    assert missing(["pc2", "pc3"], room, set(), {"pc2"}) == ["pc3"]
    assert missing(["pc2", "other"], room, {"pc1"}, set()) == ["pc1", "pc2"]
    assert missing(["pc2"], room, set(), {"pc2"}) == []
