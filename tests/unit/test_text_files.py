"""Show that one call writes all small files of a service, and only those that differ."""

import os
import stat
from pathlib import Path
from typing import Any

import stand_in
from ansible_collections.labocloud.room.plugins.modules import text_files


def run(**options: object) -> dict[str, Any]:
    """Run the module."""
    return stand_in.run(text_files.main, **options)


def mode(path: Path) -> int:
    """Return a file's permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_written_with_their_directories_and_left_alone_then(tmp_path: Path) -> None:
    path, secret = tmp_path / "etc/x/a.conf", tmp_path / "etc/proxy.env"
    options = {"files": {str(path): "café\n"}, "secrets": {str(secret): "password\n"}}
    result = run(**options)
    assert (result["changed"], result["written"]) == (True, [str(path), str(secret)])
    assert (path.read_text(), mode(path)) == ("café\n", 0o644)
    assert (secret.read_text(), mode(secret)) == ("password\n", 0o600)
    assert mode(path.parent) == 0o755
    assert sorted(entry.name for entry in (tmp_path / "etc").rglob("*")) == [
        "a.conf",
        "proxy.env",
        "x",
    ]
    result = run(**options)
    assert (result["changed"], result["written"], result["diff"]) == (False, [], [])


def test_files_are_for_all_to_read_whatever_the_mask_is(tmp_path: Path) -> None:
    path = tmp_path / "etc/x/a.conf"
    before = os.umask(0o077)
    try:
        run(files={str(path): ""})
    finally:
        os.umask(before)
    assert [mode(entry) for entry in (path, path.parent, path.parent.parent)] == [
        0o644,
        0o755,
        0o755,
    ]


def test_a_secret_that_everybody_may_read_is_written_anew(tmp_path: Path) -> None:
    secret = tmp_path / "proxy.env"
    secret.write_text("password\n")
    secret.chmod(0o644)
    assert run(secrets={str(secret): "password\n"})["changed"]
    assert mode(secret) == 0o600


def test_a_difference_is_shown_and_that_of_a_secret_is_not(tmp_path: Path) -> None:
    path, secret, old = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    for file in (path, secret, old):
        file.write_text("before\n")
    result = run(
        files={str(path): "after\n"}, secrets={str(secret): "password\n"}, absent=[str(old)]
    )
    assert [
        (difference["after_header"], difference["before"], difference["after"])
        for difference in result["diff"]
    ] == [
        (str(path), "before\n", "after\n"),
        (str(old), "before\n", ""),
    ]


def test_a_check_tells_what_would_change_and_changes_nothing(tmp_path: Path) -> None:
    path, old = tmp_path / "x/a", tmp_path / "y/b"
    old.parent.mkdir()
    old.write_text("")
    result = run(
        files={str(path): "text"},
        absent=[str(old)],
        empty=[str(old.parent)],
        validate={str(path): "false %s"},
        _ansible_check_mode=True,
    )
    assert result["changed"]
    assert result["written"] == [str(path)]
    assert result["removed"] == [str(old), str(old.parent)]
    assert old.exists()
    assert not path.parent.exists()


def test_what_is_refused_keeps_all_files_as_they_were(tmp_path: Path) -> None:
    good, bad = tmp_path / "a", tmp_path / "b"
    good.write_text("old")
    result = run(
        files={str(good): "new", str(bad): "bad"},
        validate={str(good): "true %s", str(bad): "sh -c 'echo what is in %s >&2; exit 1'"},
    )
    assert result["failed"]
    assert result["msg"].startswith(f"{bad} is refused: what is in {tmp_path}")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]


def test_a_refusal_without_words_names_the_command(tmp_path: Path) -> None:
    result = run(files={str(tmp_path / "a"): ""}, validate={str(tmp_path / "a"): "false %s"})
    assert result["msg"].endswith("a is refused: false %s failed (1)")


def test_the_file_that_is_validated_is_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("bad")
    assert run(files={str(path): "good"}, validate={str(path): "grep -q good %s"})["changed"]


def test_a_directory_goes_only_where_it_is_empty(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours/a", tmp_path / "theirs/a"
    for file in (ours, theirs):
        file.parent.mkdir()
        file.write_text("")
    (theirs.parent / "b").write_text("")
    directories = [str(ours.parent), str(theirs.parent), str(tmp_path / "absent")]
    result = run(absent=[str(ours), str(theirs), str(tmp_path / "gone")], empty=directories)
    assert result["removed"] == [str(ours), str(theirs), str(ours.parent)]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["b", "theirs"]


def test_a_link_is_replaced_and_what_it_leads_to_is_not_written(tmp_path: Path) -> None:
    link, target = tmp_path / "a", tmp_path / "target"
    target.write_text("text")
    link.symlink_to(target)
    assert run(files={str(link): "text"})["changed"]
    assert not link.is_symlink()
    assert target.read_text() == "text"


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run(files={str(tmp_path / "file/a"): ""})
    assert (result["failed"], "the files cannot be written" in result["msg"]) == (True, True)
