"""Files that are wanted, in the form of those that are there."""

from ansible_collections.labocloud.room.plugins.filter import file_hashes


def test_each_text_is_hashed_as_the_seat_hashes_its_file() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    cafe = "850f7dc43910ff890f8879c0ed26fe697c93a067ad93a7d50f466a7028a9bf4e"
    assert file_hashes.file_hashes({"/a": "", "/b": "café"}) == {"/a": empty, "/b": cafe}
