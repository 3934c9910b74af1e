"""The directories that archives pass through."""

from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.images import passing


def test_what_was_made_for_an_archive_goes_with_it_and_nothing_else(tmp_path: Path) -> None:
    own = passing.make_directory(tmp_path)
    for place in (own, tmp_path):
        (place / "a").touch()
        with passing.taken(place / "a") as archive:
            assert archive.name == passing.NAME
    assert not own.exists()
    assert list(tmp_path.iterdir()) == []
