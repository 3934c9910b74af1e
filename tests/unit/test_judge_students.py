"""Test the verdict on the students: who may use Docker without sudo."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import students
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import hashes
from sample_seat import SEAT, sample_settings, seat

RANGE = [[2_100_000_000, 65_536]]
ACCOUNT = {"uid": 995, "gid": 996, "locked": True, "subuids": RANGE, "subgids": RANGE}
GROUP = {"name": "class-a", "gid": 20010}
# The login script differs from that of a seat with root's engine.
SCRIPT = {engine_files.LOGIN: "another"}


def judge(users: object, group: list[str] | None, brought: list[str]) -> dict[str, Any]:
    """Return the verdict on a seat."""
    changes = ("docker_group", group), ("brought/users", brought)
    return students.judge(seat(*changes), sample_settings(docker_engine_users=users), {})


@pytest.mark.parametrize(
    ("users", "group", "brought", "moves", "found"),
    [
        ([], [], [], ([], []), []),
        ([], None, [], ([], []), []),
        (["a"], ["a"], ["a"], ([], []), []),
        (["a", "b"], ["b"], ["b"], (["a"], []), ["users_missing"]),
        (["a", "a"], [], [], (["a"], []), ["users_missing"]),
        # As it is typed on the command line.
        ("a, b,", ["a"], ["a"], (["b"], []), ["users_missing"]),
        # Docker is not there yet, which says it all.
        (["a"], None, [], (["a"], []), []),
        # Only those that the toolkit has put there are taken out again.
        ([], ["a", "theirs"], ["a"], ([], ["a"]), ["users_left"]),
        # Somebody has taken it out by hand.
        ([], [], ["a"], ([], []), []),
        (["b"], ["a"], ["a"], (["b"], ["a"]), ["users_missing", "users_left"]),
    ],
)
def test_who_comes_and_who_goes(
    users: object, group: list | None, brought: list, moves: tuple[list, list], found: list
) -> None:
    verdict = judge(users, group, brought)
    assert (verdict["add"], verdict["remove"]) == moves
    assert [finding["id"] for finding in verdict["findings"]] == found
    assert verdict["settled"] is not any(moves)
    assert verdict["refused"] == []


def test_who_is_about_to_come_is_known_before_and_who_came_after() -> None:
    verdict = judge(["a", "nobody"], ["b", "theirs"], ["b", "gone"])
    assert verdict["known"] == ["a", "b", "gone", "nobody"]
    assert (verdict["brought"], verdict["recorded"]) == (["b"], False)
    # The engine's tasks have put one there, and not found the other.
    verdict = judge(["a", "nobody"], ["a", "b", "theirs"], ["a", "b", "gone", "nobody"])
    assert (verdict["brought"], verdict["recorded"]) == (["a", "b"], False)
    assert judge(["a"], ["a"], ["a"])["recorded"]


def test_what_came_of_the_attacks_is_told_with_the_rest() -> None:
    results = {"account": "student", "why": "there is no image", "tried": []}
    verdict = students.judge(seat(), sample_settings() | {"attacks": results}, {})
    assert [finding["id"] for finding in verdict["findings"]] == ["attack_untried"]
    # No run mends it.
    assert verdict["settled"]


def test_who_may_use_it_is_told_but_for_who_manages_the_seat() -> None:
    group = ("docker_group", ["teacher", "theirs"])
    settings = sample_settings(docker_engine_users="a, b,", ansible_user="teacher")
    assert students.judge(seat(group), settings, {})["may"] == ["a", "b", "theirs"]
    assert judge([], ["root"], [])["may"] == []


def without_root(
    *changes: tuple[str, object], users: object = (), **settings: object
) -> dict[str, Any]:
    """Return the verdict on a changed seat whose engine runs without root."""
    all_settings = sample_settings(
        docker_engine_students="rootless", docker_engine_users=users, **settings
    )
    login_hashes = hashes(engine_files.login(all_settings))
    socket = {"uid": 995, "gid": 996, "mode": 0o660, "groups": []}
    has = seat(
        ("students", {"members": [], "account": ACCOUNT, "group": None, "ranges": []}),
        ("docker/uid", 995),
        ("docker/socket", socket),
        ("files", {**SEAT["files"], **login_hashes, engine_files.UNIT: "the unit"}),
        *changes,
    )
    return students.judge(has, all_settings, {})


def finding_names(verdict: dict[str, Any]) -> list[str]:
    """Return the names of a verdict's findings."""
    return [finding["id"] for finding in verdict["findings"]]


def test_a_seat_without_root_that_is_as_it_should_be() -> None:
    verdict = without_root(("students/members", ["a"]), users=["a"])
    assert (verdict["settled"], verdict["findings"]) == (True, [])
    assert verdict["group"] == "labocloud-docker"
    # None of them can be root; what is built there is in their hands all the same.
    assert verdict["may"] == ["a"]


def test_of_an_engine_that_is_to_come_nobody_is_missed() -> None:
    """Show that another engine is the only finding."""
    settings = sample_settings(docker_engine_students="rootless", docker_engine_users=["a"])
    verdict = students.judge(seat(("files", {**SEAT["files"], **SCRIPT})), settings, {})
    assert verdict["add"] == ["a"]
    assert "users_missing" not in finding_names(verdict)


@pytest.mark.parametrize(
    ("users", "members", "moves", "names"),
    [
        (["a", "b"], ["b"], (["a"], []), ["users_missing"]),
        # Whoever has put them there.
        (["b"], ["a", "b"], ([], ["a"]), ["users_left"]),
        # Somebody has removed the group.
        (["a"], None, (["a"], []), ["users_missing"]),
    ],
)
def test_who_comes_and_goes_on_a_seat_without_root(
    users: list[str], members: list[str] | None, moves: tuple[list, list], names: list[str]
) -> None:
    verdict = without_root(("students/members", members), users=users)
    assert (verdict["add"], verdict["remove"]) == moves
    assert finding_names(verdict) == names
    assert not verdict["settled"]
    # The group is the toolkit's own, and goes whole: what came into it is not remembered.
    assert (verdict["known"], verdict["recorded"]) == ([], True)


def test_nobody_is_in_the_group_docker_of_a_seat_without_root() -> None:
    group = ("docker_group", ["theirs", "ours", "named"])
    before = ("brought", {"packages": [], "users": ["ours"], "taken": ["earlier"]})
    verdict = without_root(group, before, ("students/members", ["named"]), users=["named"])
    assert verdict["leave"] == ["theirs", "ours", "named"]
    # Whom the toolkit had put there is not given back.
    assert verdict["taken"] == verdict["stay_out"] == ["earlier", "named", "theirs"]
    assert finding_names(verdict) == ["users_root"]
    assert (verdict["settled"], verdict["recorded"]) == (False, False)
    # They have left it; only the record has to tell that the toolkit has nobody in it.
    taken = {"packages": [], "users": ["ours"], "taken": verdict["taken"]}
    verdict = without_root(("students/members", ["named"]), ("brought", taken), users=["named"])
    assert (verdict["brought"], verdict["recorded"]) == ([], False)
    assert (verdict["stay_out"], verdict["settled"]) == (["earlier", "named", "theirs"], True)
    # Where that is right already there is somebody to take out all the same.
    ours = ("brought", {"packages": [], "users": ["ours"]})
    verdict = without_root(("docker_group", ["ours"]), ours)
    assert (verdict["leave"], verdict["taken"], verdict["settled"]) == (["ours"], [], False)


def test_who_was_taken_out_of_the_group_docker_is_given_back_with_roots_engine() -> None:
    taken = {"packages": [], "users": [], "taken": ["named", "theirs"]}
    group, before = ("docker_group", ["stayed"]), ("brought", taken)
    verdict = students.judge(
        seat(group, before), sample_settings(docker_engine_users=["named", "new"]), {}
    )
    assert verdict["back"] == ["named", "theirs"]
    # Who was there before is no one that the toolkit has brought.
    assert (verdict["add"], verdict["known"]) == (["new"], ["new"])
    assert (verdict["taken"], verdict["stay_out"]) == (["named", "theirs"], [])
    assert finding_names(verdict) == ["users_missing", "users_taken"]
    assert (verdict["settled"], verdict["recorded"]) == (False, False)
    # A run that ended before it had the record say so.
    group = ("docker_group", ["named", "theirs"])
    verdict = students.judge(seat(group, before), sample_settings(), {})
    assert (verdict["back"], verdict["findings"]) == ([], [])
    assert (verdict["settled"], verdict["recorded"]) == (False, False)


def test_an_engine_that_is_not_the_wanted_one_yet_has_no_socket_to_mend() -> None:
    verdict = without_root(("docker/uid", 0), ("docker/socket/mode", 0o666))
    assert verdict["socket"] == []
    verdict = without_root(("docker/uid", None), ("docker/socket", None))
    assert (verdict["socket"], verdict["settled"]) == ([], True)
    assert without_root(("students/account", None))["socket"] == []


@pytest.mark.parametrize(
    ("change", "name", "first"),
    [
        (("docker/socket/mode", 0o666), "socket_open", "/usr/bin/setfacl"),
        # As docker_engine_group was before.
        (("docker/socket/groups", [20010]), "socket_open", "/usr/bin/setfacl"),
        (("docker/socket/gid", 0), "socket_shut", "chgrp"),
        # By a run that was to open it again, and was lost.
        (("docker/socket/mode", 0o600), "socket_shut", "/usr/bin/setfacl"),
    ],
)
def test_a_socket_that_is_open_to_others_or_shut_to_its_group_is_mended(
    change: tuple[str, object], name: str, first: str
) -> None:
    verdict = without_root(change)
    assert (finding_names(verdict), verdict["settled"]) == ([name], False)
    # By the account: root would follow a link that whoever has the account has put there.
    for command in verdict["socket"]:
        assert command[:4] == ["runuser", "--user", "labocloud-engine", "--"]
    assert verdict["socket"][0][4] == first
    if first != "chgrp":
        verdict = students.judge(seat(change), sample_settings(), {})
        assert (finding_names(verdict), verdict["settled"]) == ([name], False)
        opening = "--set=user::rw,group::rw,other::-"
        assert verdict["socket"] == [["/usr/bin/setfacl", opening, "/var/run/docker.sock"]]
        assert verdict["opened"] is (change[0] == "docker/socket/groups")


NAMED = {"docker_engine_group": " class-a "}


def test_a_group_of_a_directory_is_let_in_by_its_number() -> None:
    group = ("students/group", GROUP)
    verdict = students.judge(seat(group), sample_settings(**NAMED), {})
    assert (finding_names(verdict), verdict["settled"]) == (["socket_shut"], False)
    assert "the group class-a cannot" in verdict["findings"][0]["cause"]["en"]
    assert verdict["socket"][0][1].endswith(",group:20010:rw")
    assert verdict["may"] == ["class-a"]
    let_in = ("docker/socket/groups", [20010])
    verdict = students.judge(seat(group, let_in), sample_settings(**NAMED), {})
    assert (finding_names(verdict), verdict["settled"], verdict["opened"]) == ([], True, True)
    verdict = without_root(group, **NAMED)
    assert [command[-1] for command in verdict["socket"]] == [
        "/run/labocloud-engine/docker.sock",
        "/run/labocloud-engine",
    ]
    assert (verdict["may"], verdict["opened"]) == (["class-a"], False)
    # A removal takes it away with that socket, and follows no link in its place as root.
    verdict = without_root(group, let_in, **NAMED)
    assert (verdict["settled"], verdict["opened"]) == (True, False)


def test_a_group_that_is_not_known_is_told_and_nobodys_access_taken_away() -> None:
    """Show that nobody loses access while a directory service does not answer."""
    let_in = ("docker/socket/groups", [20010])
    verdict = students.judge(seat(let_in), sample_settings(**NAMED), {})
    assert (finding_names(verdict), verdict["settled"]) == (["group_unknown"], True)
    assert verdict["socket"] == []
    assert finding_names(without_root(**NAMED)) == ["group_unknown"]


def test_what_nothing_would_let_in_is_refused_by_its_setting() -> None:
    verdict = students.judge(seat(("service_manager", "none")), sample_settings(**NAMED), {})
    assert [refusal["id"] for refusal in verdict["refused"]] == ["group_unmanaged"]
    assert "docker_engine_group" in verdict["refused"][0]["cause"]["en"]
    assert students.judge(seat(("service_manager", "none")), sample_settings(), {})["refused"] == []


@pytest.mark.parametrize("folder", ["../x", "a/b", "/srv", ".", "..", "-rf", ".labocloud", "a b"])
def test_a_folder_is_a_name_in_a_home(folder: str) -> None:
    verdict = students.judge(seat(), sample_settings(docker_engine_folder=folder), {})
    assert [refusal["id"] for refusal in verdict["refused"]] == ["setting_wrong"]
    assert folder in verdict["refused"][0]["cause"]["en"]


def test_the_script_of_a_login_follows_the_setting_and_the_kind_of_the_seat() -> None:
    text = engine_files.login(sample_settings())[engine_files.LOGIN]
    bare = ("files", {path: SEAT["files"][path] for path in SEAT["files"].keys() - SCRIPT.keys()})
    verdict = students.judge(seat(bare), sample_settings(), {})
    assert (finding_names(verdict), verdict["settled"]) == (["folder_script"], False)
    assert verdict["login"] == {"write": {engine_files.LOGIN: text}, "remove": []}
    changed = without_root(("files", SEAT["files"]))
    assert "engine=labocloud-engine\n" in changed["login"]["write"][engine_files.LOGIN]
    assert finding_names(changed) == ["folder_script"]
    verdict = students.judge(seat(), sample_settings(docker_engine_folder=""), {})
    assert verdict["login"] == {"write": {}, "remove": [engine_files.LOGIN]}
    assert (finding_names(verdict), verdict["settled"]) == (["folder_script"], False)
    assert students.judge(seat(bare), sample_settings(docker_engine_folder=" "), {})["settled"]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (("students/account/locked", False), ["account_open"]),
        (("students/account/subuids", []), ["account_ranges"]),
        (("students/account/subgids", [[2_100_000_000, 65_535]]), ["account_ranges"]),
        # Another account's.
        (("students/ranges", [[2_100_065_535, 1]]), ["account_ranges"] * 2),
    ],
)
def test_the_account_of_an_engine_is_locked_and_has_ids_of_its_own(
    change: tuple[str, object], names: list[str]
) -> None:
    verdict = without_root(change)
    assert finding_names(verdict) == names
    # The engine's role makes it so, which judges the same.
    assert verdict["settled"]
    of_root = students.judge(seat(("students/account", ACCOUNT), change), sample_settings(), {})
    assert finding_names(of_root) == []
