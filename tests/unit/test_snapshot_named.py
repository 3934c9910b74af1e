"""Test what a snapshot has of logs, files and events."""

import io
import json
import re
import tarfile
import time
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson import convert, snapshot
from sample_snapshot import ID, container, event, image, stand, take, there, written
from stand_in import Engine, Raw, Refuse, Stream

pytestmark = pytest.mark.usefixtures("small_seat")


@pytest.mark.parametrize(
    ("written", "log"),
    [
        (b"\1\0\0\0\0\0\0\5hello\2\0\0\0\0\0\0\1!", "hello!"),
        (b"as a terminal\r\nhas it", "as a terminal\nhas it"),
        (b"\1\0\0\0\0\0\0\xffcut", "cut"),
        (b"\1\0\0\0\0\0", ""),
        (b"\1\0\0\0\0\0\0\2\xff\xfe", "��"),
        (b"\1\0\0\0\0\0\x27\x10" + b"x" * 9_999 + b"y", "x" * 3_999 + "y"),
        (b"\1\1\1\1 is no piece", "\1\1\1\1 is no piece"),
        (b"", ""),
    ],
)
def test_the_end_of_a_log_is_told(engine: Engine, written: bytes, log: str) -> None:
    engine.on("GET", r"/containers/exercise-1/logs\?.*tail=60", Raw(written))
    assert take(engine, logs=["exercise-1", "absent"])["logs"] == {"exercise-1": log}


def test_the_end_is_told_of_a_log_that_has_long_lines(engine: Engine) -> None:
    line = b"\1\0\0\0\0\0\x0b\xb8" + b"x" * 2999 + b"\n"
    engine.on("GET", r"/containers/exercise-1/logs\?.*", Raw(line * 59 + b"\1\0\0\0\0\0\0\3end"))
    assert take(engine, logs=["exercise-1"])["logs"]["exercise-1"].endswith("x\nend")


def test_a_log_without_an_end_is_not_read_to_it(engine: Engine) -> None:
    engine.on("GET", r"/containers/exercise-1/logs\?.*", Raw(b"x" * 2 * snapshot.LARGEST))
    result = take(engine, logs=["exercise-1"])
    assert len(result["logs"]["exercise-1"]) == convert.LONGEST_LOG


def test_after_a_long_log_the_rest_is_told(engine: Engine) -> None:
    engine.on("GET", r"/containers/exercise-1/logs\?.*", Raw(b"x" * 100_000))
    engine.on("HEAD", r"/containers/exercise-1/archive\?path=%2Fa", there())
    result = take(engine, logs=["exercise-1"], files=[["exercise-1", "/a"]])
    assert result["logs"] == {"exercise-1": "x" * convert.LONGEST_LOG}
    assert list(result["files"]) == ["exercise-1:/a"]


def framed(*lines: str) -> bytes:
    """Return lines as an engine has them in a log."""
    return b"".join(
        b"\1\0\0\0" + len(line.encode()).to_bytes(4, "big") + line.encode() for line in lines
    )


def test_the_lines_of_a_log_are_told_with_their_times(engine: Engine) -> None:
    log = framed(
        "of a line that is cut\n",
        "2026-03-01T10:42:00.123456789Z one  two\n",
        "2026-03-01T10:42:01Z \n",
        "2026-03-01T10:42:02.5Z \033[31mred",
    )
    engine.on("GET", r"/containers/exercise-1/logs\?.*timestamps=true&tail=200", Raw(log))
    assert take(engine, lines=["exercise-1", "absent"])["lines"] == {
        "exercise-1": [
            {"time": pytest.approx(1772361720.123457), "text": "one  two"},
            {"time": 1772361721.0, "text": ""},
            {"time": 1772361722.5, "text": "?[31mred"},
        ]
    }


def test_of_long_lines_the_latest_are_told(engine: Engine) -> None:
    lines = [f"2026-03-01T10:42:{n % 60:02}Z {n} {'x' * 1000}\r\n" for n in range(200)]
    engine.on("GET", r"/containers/exercise-1/logs\?.*", Raw("".join(lines).encode()))
    result = take(engine, lines=["exercise-1"])["lines"]
    assert len(json.dumps(result)) < convert.LONGEST_LINES + 100
    texts = [line["text"] for line in result["exercise-1"]]
    assert len(texts) > 10
    assert [text.split()[0] for text in texts] == [str(n) for n in range(200 - len(texts), 200)]


def archive(content: bytes = b"a b\n", **fields: object) -> bytes:
    """Return a tar with a file. fields: of its header, which may say anything."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("passages")
        member.size = len(content)
        for field, value in fields.items():
            setattr(member, field, value)
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Raw(archive()), "a b\n"),
        (Raw(archive("é".encode() * 5000)), "é" * (convert.LONGEST_TEXT // 2)),
        (Raw(archive(b"\xff", pax_headers={"SCHILY.xattr.a": "b" * 900})), "\ufffd"),
        (Raw(archive(type=tarfile.DIRTYPE, size=0)), ""),
        (Raw(archive(b"", type=tarfile.SYMTYPE, linkname="/etc/shadow")), ""),
        (Raw(archive(b"no file", type=tarfile.CHRTYPE)), ""),
        (Stream(archive(b"x" * 100_000)), "x" * convert.LONGEST_TEXT),
        (Raw(archive()[:512]), ""),
        (Raw(archive()[:500]), ""),
        (Raw(b"no tar" * 200), ""),
        (Raw(b""), ""),
        (Refuse(500), ""),
        (Refuse(404), ""),
    ],
)
def test_the_beginning_of_a_file_is_told(engine: Engine, answer: object, text: str) -> None:
    """Show it for a directory, a link, and a file that has no end, too."""
    engine.on("GET", r"/containers/exercise-1/archive\?path=%2Fa", answer)
    wanted = [["exercise-1", "/a"], ["absent", "/a"]]
    assert take(engine, texts=wanted)["texts"] == {"exercise-1:/a": text}


@pytest.mark.parametrize(
    ("status", "log", "is_read"),
    [
        ("running", b"a", True),
        ("running", b"", True),
        ("paused", b"a", True),
        ("exited", b"", True),
        ("exited", b"a", False),
    ],
)
def test_a_file_is_read_only_where_no_log_can_tell(
    engine: Engine, status: str, log: bytes, *, is_read: bool
) -> None:
    stand(engine, [container(1, State={"Status": status})], [])
    engine.on("GET", "/containers/exercise-1/archive.*", Raw(archive()))
    engine.on("GET", "/containers/exercise-1/logs.*", Raw(log))
    wants = {"logs": ["exercise-1"], "texts": [["exercise-1", "/a"]]}
    assert bool(take(engine, **wants)["texts"]) == is_read
    assert any("archive" in path for path in engine.asked("GET")) == is_read


def test_what_the_engine_remembers_is_told(engine: Engine) -> None:
    image = {**event("pull", 0.5), "Type": "image"}
    other = event("create", 5.0)
    other["Actor"]["ID"] = "f" * 64
    happened = [
        image,
        event("start", 1.0),
        event("exec_create: sh -c of-nobody-else", 2.0, execID="of-nobody-else"),
        event("kill", 3.0, signal="15"),
        event("kill", 3.5, signal="9"),
        event("die", 3.5, exitCode="137"),
        event("stop", 4.0),
        other,
    ]
    engine.on("GET", "/events.*", written(*happened))
    result = take(engine, events=True)
    assert result["events"] == {
        "since": 0.5,
        "named": ["f" * 12, ID[:12]],
        "ended": {
            ID[:12]: [
                {"time": 3.0, "signal": 15},
                {"time": 3.5, "signal": 9},
                {"time": 4.0, "signal": 0},
            ]
        },
    }
    assert "of-nobody-else" not in json.dumps(result)


def test_the_engine_is_asked_only_for_what_has_happened(engine: Engine) -> None:
    """Without an end, or with one that is to come, its answer would last until then."""
    before = time.time()
    take(engine, events=False)
    take(engine, events=True)
    [path] = [path for path in engine.asked("GET") if path.startswith("/events")]
    until = re.fullmatch(r"/events\?since=1&until=(\d+\.\d{6})", path)
    assert until
    assert before - 1 < float(until[1]) < time.time() + 1


NO_EVENTS = {"since": 0.0, "named": [], "ended": {}}


@pytest.mark.parametrize(
    "answer",
    [
        Refuse(400),
        Refuse(500),
        Raw(b""),
        Raw(b"no JSON\n\xff\n[1, 2]\n{}\n"),
        Raw(b"[" * 100_000),
        written({**event("stop"), "timeNano": "1"}, {**event("stop"), "Actor": None}),
        # As many that some may be missing.
        Raw(b" " * 2_000_000 + json.dumps(event("stop")).encode()),
        Raw(json.dumps(event("stop")).encode() + b"\n" + b" " * 2_000_000),
    ],
)
def test_events_that_are_not_told_prove_nothing(engine: Engine, answer: object) -> None:
    engine.on("GET", "/events.*", answer)
    assert take(engine, events=True)["events"] == NO_EVENTS


@pytest.mark.parametrize(
    "odd",
    [
        {**event("kill"), "Actor": {"Attributes": {"signal": "9"}}},
        {**event("kill"), "Actor": {"ID": "\033[31mno digits", "Attributes": None}},
        {**event("stop"), "Type": "network"},
    ],
)
def test_of_an_odd_event_only_the_time_counts(engine: Engine, odd: object) -> None:
    engine.on("GET", "/events.*", written(odd, event("kill", 2.0, signal="SIGNAL")))
    expected = {"since": 1.5, "named": [ID[:12]], "ended": {}}
    assert take(engine, events=True)["events"] == expected


def test_many_events_leave_a_snapshot_small_and_stay(engine: Engine) -> None:
    happened = []
    for number in range(256):
        happened.append(event("kill", number + 0.123456, signal="15"))
        happened[-1]["Actor"] = {**happened[-1]["Actor"], "ID": f"{number:012d}" + "0" * 52}
    engine.on("GET", "/events.*", written(*happened))
    engine.on("GET", r"/containers/exercise-\d+/logs.*", Raw(b"\1" * 9000))
    stand(engine, [container(number) for number in range(40)], [image(n) for n in range(60)])
    result = take(engine, events=True, logs=[f"exercise-{number}" for number in range(40)])
    assert len(json.dumps(result)) < 100_000
    assert len(result["events"]["named"]) == 200
    assert len(result["events"]["ended"]) == 256


def test_events_stay_where_they_are_the_largest_part() -> None:
    events = {"since": 1.5, "named": ["n" * 12] * 200, "ended": {"e": [{"time": 1.5}] * 2000}}
    kinds = ("containers", "images", "networks", "volumes", "tasks")
    taken: Any = {**snapshot.shaped({}), "events": dict(events)}
    taken |= {kind: [{"name": "n" * 1000} for _ in range(16)] for kind in kinds}
    assert len(json.dumps(taken)) > 100_000
    result = snapshot.small(taken)
    assert len(json.dumps(result)) < 100_000
    assert result["events"] == events


def test_more_events_than_a_snapshot_takes_are_none() -> None:
    events = {"since": 1.5, "named": [], "ended": {"e": [{"time": 1.5}] * 9000}}
    taken: Any = {**snapshot.shaped({}), "events": events}
    assert snapshot.small(taken)["events"] == NO_EVENTS


def test_what_file_a_container_has_is_told(engine: Engine) -> None:
    engine.on("HEAD", r"/containers/exercise-1/archive\?path=.*", Refuse(404))
    engine.on("HEAD", r"/containers/exercise-1/archive\?path=%2Fa%20b%3F%26", there())
    wanted = [["exercise-1", "/a b?&"], ["exercise-1", "/other"], ["absent", "/a"]]
    result = take(engine, files=wanted)
    file = {"kind": "file", "size": 13, "modified": 1772361720.5}
    assert result["files"] == {"exercise-1:/a b?&": file}
    paths = [question.path for question in engine.questions if question.method == "HEAD"]
    assert paths == [
        "/containers/exercise-1/archive?path=%2Fa%20b%3F%26",
        "/containers/exercise-1/archive?path=%2Fother",
    ]


@pytest.mark.parametrize(
    ("bit", "kind"),
    [
        (None, "file"),
        (31, "directory"),
        (27, "link"),
        (26, "other"),
        (25, "other"),
        (24, "other"),
        (21, "other"),
        (19, "other"),
        # Only rights: that a program runs as its owner.
        (23, "file"),
    ],
)
def test_what_a_file_is_is_told(engine: Engine, bit: int | None, kind: str) -> None:
    mode = 0o777 | (1 << bit if bit else 0)
    engine.on("HEAD", "/containers/exercise-1/archive.*", there(mode=mode))
    [file] = take(engine, files=[["exercise-1", "/a"]])["files"].values()
    assert file["kind"] == kind


@pytest.mark.parametrize(
    "answer",
    [
        Raw(b""),
        there(size="13"),
        there(mtime=None),
        *(
            Raw(b"", headers=(("X-Docker-Container-Path-Stat", text),))
            for text in ("no base64", "e30", "bm8gSlNPTg==", "é", "W1tb")
        ),
    ],
)
def test_a_file_that_is_not_understood_is_left_out(engine: Engine, answer: Raw) -> None:
    engine.on("HEAD", "/containers/exercise-1/archive.*", answer)
    assert take(engine, files=[["exercise-1", "/a"]])["files"] == {}
