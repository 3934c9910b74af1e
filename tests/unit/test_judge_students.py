"""What is judged of the students: who may use Docker without sudo."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import students
from sample_seat import seat, want


def judge(users: object, group: list[str] | None, brought: list[str]) -> dict[str, Any]:
    """Give the verdict on a seat."""
    changes = ("docker_group", group), ("brought/users", brought)
    return students.judge(seat(*changes), want(docker_engine_users=users), {})


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
    assert [one["id"] for one in verdict["findings"]] == found
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


def test_who_can_be_root_is_told_but_for_who_manages_the_seat() -> None:
    group = ("docker_group", ["teacher", "theirs"])
    wanted = want(docker_engine_users="a, b,", ansible_user="teacher")
    assert students.judge(seat(group), wanted, {})["roots"] == ["a", "b", "theirs"]
    assert judge([], ["root"], [])["roots"] == []
