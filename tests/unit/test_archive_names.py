"""Test that the names in an archive of images are known before an engine has it."""

import io
import json

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.images.archive_names import (
    LIST_BYTES,
    WrongArchiveError,
    names_in,
)
from image_tar import images, index, tar

BASE, COURSE = "room:base", "room:python-0123456789ab"
LIST = json.dumps([{"Config": "c", "RepoTags": [BASE, COURSE], "Layers": ["l/layer.tar"]}]).encode()


def test_names_are_those_of_both_lists() -> None:
    names = names_in(
        io.BytesIO(tar(("manifest.json", LIST), ("index.json", index(BASE, "evil:1"))))
    )
    assert names == {BASE, COURSE, "evil:1"}


def test_names_are_those_of_the_list_of_old_times_too() -> None:
    old = ("repositories", b'{"evil": {"1": "x"}}')
    assert names_in(io.BytesIO(tar(("manifest.json", LIST), old))) == {BASE, COURSE, "evil:1"}


def test_an_older_archive_has_no_index_and_a_link_for_a_layer_that_is_there_twice() -> None:
    packed = tar(("manifest.json", LIST), ("m/layer.tar", "../l/layer.tar"))
    assert names_in(io.BytesIO(packed)) == {BASE, COURSE}


@pytest.mark.parametrize(
    "packed",
    [
        tar(("other", b"x")),
        tar(("manifest.json", b"{")),
        tar(("manifest.json", b"{}"), ("./manifest.json", LIST)),
        tar(("manifest.json", LIST), ("x/../manifest.json", b'[{"RepoTags": ["evil:1"]}]')),
        tar(("manifest.json", LIST), ("x", ".")),
        tar(("manifest.json", LIST), ("index.json", "other")),
        tar(("manifest.json", b"1")),
        tar(("manifest.json", b'[{"RepoTags": 1}]')),
        # The engine's reader of JSON takes either key, the later one.
        tar(("manifest.json", b'[{"RepoTags": ["room:base"], "repotags": ["evil:1"]}]')),
        tar(
            ("manifest.json", '[{"RepoTags": ["room:base"], "repoTag\u017f": ["evil:1"]}]'.encode())
        ),
        tar(("manifest.json", b'[{"repotags": ["evil:1"]}]')),
        tar(("manifest.json", b'[{"RepoTags": ["room:base", 5]}]')),
        tar(("manifest.json", LIST), ("index.json", b"[]")),
        tar(("manifest.json", LIST), ("repositories", b"[1]")),
        tar(("manifest.json", LIST + b" " * LIST_BYTES)),
    ],
)
def test_an_archive_whose_names_cannot_be_told_is_refused(packed: bytes) -> None:
    with pytest.raises(WrongArchiveError):
        names_in(io.BytesIO(packed))


def test_one_that_is_whole_has_all_that_its_images_are_made_of() -> None:
    assert names_in(io.BytesIO(images(BASE)), whole=True) == {BASE}
    lean = tar(("manifest.json", LIST), ("c", b"{}"))
    assert names_in(io.BytesIO(lean)) == {BASE, COURSE}
    with pytest.raises(WrongArchiveError, match=r"lacks l/layer\.tar"):
        names_in(io.BytesIO(lean), whole=True)
    with pytest.raises(WrongArchiveError, match="list of images is none"):
        names_in(io.BytesIO(tar(("manifest.json", b'[{"RepoTags": ["a:1"]}]'))), whole=True)
