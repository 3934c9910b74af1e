"""Test ways to do the exercises about images that differ from the text's, and lazy ones."""

import copy

import pytest
from test_exercises_wrong import SOLVED, Change, container, judged

AT_9000 = {"ports": {"9000/tcp": [8090]}}


@pytest.mark.parametrize("version", SOLVED)
@pytest.mark.parametrize(
    ("number", "change"),
    [
        (2, container("relance", **AT_9000)),
        (3, container("avant", **AT_9000)),
        (3, container("apres", **AT_9000)),
    ],
)
def test_an_app_may_listen_on_any_port_in_its_container(
    version: str, number: int, change: Change
) -> None:
    seat = copy.deepcopy(SOLVED[version])
    change(seat)
    assert judged(seat, number) == {}


@pytest.mark.parametrize("version", SOLVED)
@pytest.mark.parametrize(
    ("number", "step", "change", "hint"),
    [
        (2, "port", container("relance", ports={}), "Aucun port de « relance »"),
        (2, "port", container("relance", **AT_9000), "un autre port du conteneur"),
        (3, "before", container("avant", **AT_9000), "« avant » n’y répond pas"),
    ],
)
def test_where_no_page_answers_the_hint_tells_what_is_published(
    version: str, number: int, step: str, change: Change, hint: str
) -> None:
    seat = copy.deepcopy(SOLVED[version])
    change(seat)
    seat["pages"] = {}
    assert hint in judged(seat, number)[step]


@pytest.mark.parametrize("version", SOLVED)
@pytest.mark.parametrize("port", ["8888/tcp", "9000/tcp"])
def test_no_port_of_exercise_2_is_that_of_the_teachers_container(version: str, port: str) -> None:
    seat = copy.deepcopy(SOLVED[version])
    container("relance", ports={port: [8080]})(seat)
    assert "8080 est le port de « flask »" in judged(seat, 2)["port"]
