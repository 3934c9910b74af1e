"""Test what a check can ask of a seat beside its fields, with seats made for each question."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson import fields, snapshot
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import (
    Container,
    Image,
    Row,
    Seat,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import nothing

ID = "0123456789ab" + "c" * 52


def container(**others: object) -> dict[str, Any]:
    """Return a container that has ended, with these fields."""
    empty = nothing(fields.SNAPSHOT["containers"][0])
    ended = {"id": ID, "name": "web", "status": "exited", "started": 100.0, "finished": 200.0}
    return {**empty, **ended, **others}


def seat(*containers: dict[str, Any], **others: object) -> Seat:
    """Return a seat with containers, and with these fields of a snapshot."""
    return Seat(snapshot.shaped({"containers": [*containers], **others}))


def image(*rows: tuple[str, int], base: int = 1) -> tuple[Image, Image]:
    """Return an image of a base of so many rows, and the base. rows: the base's are among them."""
    empty = nothing(fields.SNAPSHOT["images"][0])
    history = [{"by": by, "size": size, "created": 1.0} for by, size in rows]
    return (
        Image({**empty, "layers": ["1", "2"], "history": history}),
        Image({**empty, "layers": ["1"], "history": history[:base]}),
    )


@pytest.mark.parametrize(
    ("name", "is_its_own"),
    [(ID[:12], True), ("monweb", True), (ID, False), ("web", False), ("", False), (None, False)],
)
def test_a_page_is_a_containers_by_its_host_name(name: object, *, is_its_own: bool) -> None:
    assert Container(container(hostname="monweb")).answers_as(name) == is_its_own
    assert not Container(None).answers_as(name)
    assert not Container(container(hostname="")).answers_as("")


@pytest.mark.parametrize(("to", "is_there"), [("/site", True), ("/site/", True), ("/", False)])
def test_a_mount_is_found_however_its_path_was_written(to: str, *, is_there: bool) -> None:
    mount = {"type": "bind", "name": "", "from": "/s", "to": to, "rw": True}
    assert bool(Container(container(mounts=[mount])).mount("/site")) == is_there


@pytest.mark.parametrize(
    ("by", "ran"),
    [
        ("RUN /bin/sh -c pip install flask # buildkit", True),
        ("RUN pip install flask # buildkit", True),
        ("/bin/sh -c pip3 install flask", True),
        ("pip install flask", True),
        ("|1 A=b /bin/sh -c true", True),
        ("environment", True),
        ("ENV", False),
        ("ENV A=b", False),
        ("/bin/sh -c #(nop)  ENV", False),
        ("/bin/sh -c #(nop) COPY file:1 in /a", False),
        ("COPY a /a # buildkit", False),
        ("WORKDIR /app", False),
        ('CMD ["python"]', False),
        ("HEALTHCHECK &{}", False),
        ("", False),
    ],
)
def test_a_run_is_told_from_other_rows(by: str, *, ran: bool) -> None:
    assert Row({"by": by, "size": 1, "created": 1.0}).ran == ran
    assert not Row(None).ran


def test_the_row_that_installed_is_the_largest_run() -> None:
    built, base = image(
        ("RUN base", 9_000_000),
        ("COPY . /app # buildkit", 8_000_000),
        ("RUN apt-get install curl", 100_000),
        ("RUN pip install flask", 4_000_000),
        ("RUN pip install flask again", 99_999),
    )
    at, row = built.installed(base)
    assert (at, row.by) == (2, "RUN pip install flask")
    assert built.above(base)[at].by == row.by


@pytest.mark.parametrize("size", [0, 99_999])
def test_a_run_that_adds_next_to_nothing_installed_nothing(size: int) -> None:
    built, base = image(("RUN base", 9_000_000), ("RUN : pip install flask", size))
    at, row = built.installed(base)
    assert (at, bool(row)) == (0, False)


def test_a_file_and_its_text_are_nothing_where_there_are_none() -> None:
    file = {"kind": "directory", "size": 4096, "modified": 1.5}
    line = {"time": 1.5, "text": "one"}
    has = seat(files={"a:/b": file}, texts={"a:/b": "mot"}, lines={"a": [line]})
    assert (bool(has.file("a", "/b")), has.file("a", "/b").kind) == (True, "directory")
    assert (bool(has.file("a", "/c")), has.file("a", "/c").kind) == (False, "")
    assert (has.text("a", "/b"), has.text("a", "/c")) == ("mot", "")
    assert [(line.time, line.text) for line in has.lines("a")] == [(1.5, "one")]
    assert has.lines("b") == []


def test_a_page_can_be_asked_for_by_its_container() -> None:
    page = {"status": 200, "modified": 0.0, "size": 3, "body": "mot"}
    has = seat(container(), pages={"web:0/": page, ":0/": page})
    assert has.page("web", 0, "/").size == 3
    assert has.page(has.container("web"), 0, "/").body == "mot"
    assert not has.page(has.container("absent"), 0, "/")
    assert not has.page(has.container("web"), 0, "/other")


@pytest.mark.parametrize(
    ("since", "signals", "only_killed", "ended_alone"),
    [
        # What was asked: nothing, docker kill, docker stop, docker kill -s TERM.
        (50.0, [], True, True),
        (50.0, [(200.0, 9)], True, False),
        (50.0, [(190.0, 15), (200.0, 9), (200.1, 0)], False, False),
        (50.0, [(190.0, 15)], False, False),
        # With another signal as the image's own, docker stop itself is still told.
        (50.0, [(190.0, 2), (200.1, 0)], False, False),
        # Before it was started again.
        (50.0, [(90.0, 15), (90.1, 0)], True, True),
        # The beginning of its run is not known; what came before its end is.
        (150.0, [], True, False),
        (170.0, [(200.0, 9)], True, False),
        # Of its last half minute, a part is not known; or nothing is known at all.
        (171.0, [], False, False),
        (300.0, [], False, False),
        (0.0, [], False, False),
    ],
)
def test_events_prove_who_ended_a_container(
    since: float, signals: list[tuple[float, int]], *, only_killed: bool, ended_alone: bool
) -> None:
    endings = [{"time": moment, "signal": signal} for moment, signal in signals]
    others = {"f" * 12: [{"time": 150.0, "signal": 15}]}
    events = {"since": since, "named": [], "ended": {ID[:12]: endings, **others}}
    has = seat(container(), events=events)
    assert has.only_killed(has.container("web")) == only_killed
    assert has.ended_alone(has.container("web")) == ended_alone
    goes_on = seat(container(status="running"), events=events)
    for other in (goes_on.container("web"), has.container("absent")):
        assert not has.only_killed(other)
        assert not has.ended_alone(other)
