"""Test the change from the old container to a new one, and the wait for the new one's page."""

import contextlib
import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.engine import takeover
from ansible_collections.labocloud.room.plugins.modules import flask_container
from stand_in import DROP, Engine, Question, Raw, Refuse, Stream


class Page:
    """A page, and a health page that tells a revision, or is not there."""

    def __init__(self, health: dict[str, str] | None) -> None:
        self.health, self.url = health, ""

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Answer a request."""
        health = self.health if handler.path == "/healthz" else {}
        handler.send_response(200 if health is not None else 404)
        handler.end_headers()
        handler.wfile.write(json.dumps(health).encode())


@contextlib.contextmanager
def page(revision: str) -> Iterator[Page]:
    """Serve a page whose health page tells a revision."""
    served = Page({"revision": revision})
    with stand_in.serving(served.answer) as port:
        served.url = f"http://127.0.0.1:{port}"
        yield served


@pytest.fixture
def server() -> Iterator[Page]:
    with page("abc") as served:
        yield served


def test_a_page_of_the_revision(server: Page) -> None:
    takeover.wait(lambda: takeover.page_revision(server.url), "abc", 0, lambda: True)


@pytest.mark.parametrize(
    ("health", "why"),
    [
        (None, "after 0 s: HTTP Error 404"),
        ({"revision": "old"}, "the revision old"),
        ({"revision": ""}, "the revision .none."),
        ({}, "revision"),
    ],
)
def test_a_page_that_is_not_right(server: Page, health: dict | None, why: str) -> None:
    server.health = health
    with pytest.raises(takeover.NoAnswerError, match=why):
        takeover.wait(lambda: takeover.page_revision(server.url), "abc", 0, lambda: True)


def test_a_page_that_comes_late_is_waited_for() -> None:
    answers = iter(["", "old", "abc"])
    takeover.wait(lambda: next(answers), "abc", 5, lambda: True)
    assert list(answers) == []


def test_what_is_waited_for_long_is_looked_at_seldom() -> None:
    """Show that looks become rarer, as each takes processor time from the starting program."""
    looks: list[float] = [0]

    def ask() -> str:
        return "abc" if looks[-1] > 60 else ""

    def pause(seconds: float) -> None:
        looks.append(looks[-1] + seconds)

    takeover.wait(ask, "abc", 600, pause=pause)
    assert 30 < len(looks) < 45
    assert looks[4] < 1


def test_a_containers_word_is_worth_a_look(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Show that output of the container ends the pause, which would be an hour long."""
    engine.on("POST", r"/containers/x/attach.*", Stream(b"\1\0\0\0\0\0\0\2hi"))
    monkeypatch.setattr(takeover.time, "sleep", lambda _: None)
    output = takeover.Output(engine.path, "x")
    pausing = threading.Thread(target=output.pause, args=[3600], daemon=True)
    pausing.start()
    pausing.join(60)
    assert not pausing.is_alive()
    assert output.tail == b"hi"
    assert output.goes_on()


def test_a_program_that_ended_is_not_waited_for() -> None:
    def refused() -> str:
        raise ConnectionRefusedError("refused")

    with pytest.raises(takeover.NoAnswerError, match="its program ended"):
        takeover.wait(refused, "abc", 60, lambda: False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter a network namespace")
def test_there_is_no_network_of_a_process_that_is_gone() -> None:
    with pytest.raises(OSError, match="No such file"), takeover.network_of(2**22 + 1):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter a network namespace")
def test_a_page_is_asked_from_within_a_network_and_what_follows_from_without() -> None:
    here = os.readlink("/proc/thread-self/ns/net")
    with subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE) as program:
        try:
            namespace = here
            while namespace == here:
                namespace = os.readlink(f"/proc/{program.pid}/ns/net")
            with takeover.network_of(program.pid):
                assert os.readlink("/proc/thread-self/ns/net") == namespace
            assert os.readlink("/proc/thread-self/ns/net") == here
        finally:
            program.stdin.close()


@pytest.mark.parametrize(
    ("status", "networks"), [("running", ["bridge"]), ("created", ["bridge"]), ("exited", [])]
)
def test_a_stopped_container_is_on_no_network(status: str, networks: list[str]) -> None:
    details = {"State": {"Status": status}, "NetworkSettings": {"Networks": {"bridge": {}}}}
    assert takeover.networks_of(details) == networks
    assert takeover.networks_of(None) == []


IMAGE = "labocloud20202021:python"
OLD, NEW, THEIRS, LEFT = ("0" * 63 + digit for digit in "1234")


def container(url: str) -> dict[str, Any]:
    """Return the wanted container whose page is at url."""
    port = url.rpartition(":")[2]
    bindings = {"8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}
    return {"Image": IMAGE, "User": "10001:10001", "HostConfig": {"PortBindings": bindings}}


class Seat:
    """A seat's engine, with an old container `flask`, in which a successor can be made.

    containers: by ID. pages: what the health page tells at the old container's port and at the new
    one's.
    """

    def __init__(self, engine: Engine, old_page: str, new_page: str) -> None:
        self.engine = engine
        self.old_page, self.new_page = old_page, new_page
        self.containers: dict[str, dict[str, Any]] = {}
        self.output = Stream(b"")
        self.add(OLD, "flask", "revision of before", old_page)
        engine.on("GET", "/containers/(.+)/json", self.inspect)
        engine.on("POST", r"/containers/create\?name=([\w-]+)", self.create)
        engine.on("DELETE", r"/containers/(\w+)\?force=true", self.remove)
        engine.on("POST", r"/containers/(\w+)/attach.*", lambda *_: self.output)
        engine.on("POST", r"/containers/(\w+)/start", self.start)
        engine.on("POST", r"/containers/(\w+)/stop\?t=10", None)
        engine.on("POST", r"/containers/(\w+)/rename\?name=(\w+)", self.rename)
        engine.on("POST", r"/networks/bridge/(dis)?connect", self.join)
        engine.on("POST", r"/images/sha256:old/tag.*", None)

    def add(self, key: str, name: str, revision: str, url: str, status: str = "running") -> None:
        """Add a container that publishes the port of url."""
        port = url.rpartition(":")[2]
        self.containers[key] = {
            "Id": key,
            "Name": f"/{name}",
            "Image": "sha256:old",
            "Config": {"Image": IMAGE, "User": "0", "Labels": {"labocloud.revision": revision}},
            "State": {"Status": status, "Pid": os.getpid()},
            "HostConfig": {
                "PortBindings": {"8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}
            },
            "NetworkSettings": {"Networks": {"bridge": {}}},
        }

    def create(self, question: Question, name: str) -> object:
        """Make the new container, of the image that it is asked to be of."""
        if self.find(name) != name:
            return Refuse(409, "the name is in use")
        [binding] = question.json["HostConfig"]["PortBindings"]["8888/tcp"]
        url = f"http://{binding['HostIp']}:{binding['HostPort']}"
        self.add(NEW, name, "revision to come", url, status="created")
        return {"Id": NEW, "Warnings": []}

    def find(self, name: str) -> str:
        """Return the ID of the container with that name; any other text is taken for an ID."""
        return next(
            (key for key, details in self.containers.items() if details["Name"] == f"/{name}"), name
        )

    def inspect(self, _question: Question, name: str) -> object:
        """Answer an inspection."""
        return self.containers.get(self.find(name), Refuse(404))

    def remove(self, _question: Question, key: str) -> object:
        """Remove a container."""
        return None if self.containers.pop(key, None) else Refuse(404)

    def start(self, _question: Question, key: str) -> None:
        """Start a container."""
        self.containers[key]["State"]["Status"] = "running"

    def rename(self, _question: Question, key: str, name: str) -> object:
        """Rename a container."""
        if self.find(name) != name:
            return Refuse(409, "the name is in use")
        self.containers[key]["Name"] = f"/{name}"
        return None

    def join(self, question: Question, leaves: str | None) -> None:
        """Have a container leave the network, or join it."""
        networks = self.containers[question.json["Container"]]["NetworkSettings"]["Networks"]
        if leaves:
            networks.pop("bridge")
        else:
            networks["bridge"] = {}

    def names(self) -> dict[str, str]:
        """Return the containers: name to ID."""
        return {details["Name"]: key for key, details in self.containers.items()}

    def switch(self, url: str = "", **other: object) -> dict[str, Any]:
        """Run the module. url: where the new page is to be."""
        arguments = {
            "name": "flask",
            "successor": "flask-next",
            "container": container(url or self.new_page),
            "own": [OLD],
            "replaces": OLD,
            "timeout": 0,
            "docker_socket": self.engine.path,
        }
        return stand_in.run(flask_container.main, **arguments | other)

    def done_to(self, key: str) -> list[str]:
        """Return the requests that change a container, for one of them or for all."""
        return [
            f"{question.method} {question.path} {question.body.decode()}"
            for question in self.engine.questions
            if question.method != "GET" and key in f"{question.path} {question.body.decode()}"
        ]


@pytest.fixture
def pages() -> Iterator[list[Page]]:
    """Serve the old container's page and the new one's."""
    with page("revision of before") as old, page("revision to come") as new:
        yield [old, new]


@pytest.fixture
def seat(
    engine: Engine, pages: list[Page], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Seat:
    """Return a seat where the page that is asked from within is the new one's."""
    monkeypatch.setattr(takeover, "network_of", lambda _pid: contextlib.nullcontext())
    ask = takeover.page_revision
    monkeypatch.setattr(
        takeover, "page_revision", lambda url: ask(pages[1].url if url.endswith(":8888") else url)
    )
    monkeypatch.setattr(takeover, "ANSWER_SECONDS", 20)
    monkeypatch.setattr(takeover, "LAST_WORDS_SECONDS", 0.1)
    monkeypatch.setattr(state.update, "__defaults__", (tmp_path / "remembered",))
    seat = Seat(engine, pages[0].url, pages[1].url)
    monkeypatch.setattr(flask_container, "answer", lambda _: seat.names())
    return seat


def recorded(tmp_path: Path) -> dict[str, Any]:
    """Return the toolkit's record of its containers."""
    return state.read(tmp_path / "remembered").brought


def test_the_successor_takes_the_place_and_the_name(seat: Seat) -> None:
    result = seat.switch()
    assert (result["changed"], result["revision"]) == (True, "revision to come")
    assert seat.names() == {"/flask": NEW}
    assert result["seat"] == seat.names()
    assert "bridge" in seat.containers[NEW]["NetworkSettings"]["Networks"]


def test_a_docker_of_somebodys_own_in_the_path_is_not_asked(
    seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in.program(tmp_path / "docker", f"touch {tmp_path}/asked")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "failed" not in seat.switch()
    assert not (tmp_path / "asked").exists()


def test_another_name_than_before_takes_the_old_ones_place(seat: Seat) -> None:
    assert "failed" not in seat.switch(name="autre")
    assert {key: details["Name"] for key, details in seat.containers.items()} == {NEW: "/autre"}


def test_the_first_one_replaces_none(seat: Seat) -> None:
    del seat.containers[OLD]
    assert "failed" not in seat.switch(replaces="")
    assert list(seat.containers) == [NEW]


@pytest.mark.parametrize("replaces", ["", OLD])
def test_somebody_elses_container_of_that_name_is_refused_before_anything_is_changed(
    seat: Seat, replaces: str
) -> None:
    seat.containers[OLD]["Name"] = "/autre"
    seat.add(THEIRS, "flask", "", seat.old_page)
    result = seat.switch(replaces=replaces)
    assert result["failed"]
    assert f"a container flask ({THEIRS[:12]}, of {IMAGE}) that is not" in result["msg"]
    assert result["revision"] == ("revision of before" if replaces else None)
    assert set(seat.containers) == {OLD, THEIRS}
    assert seat.done_to(THEIRS) == seat.done_to(OLD) == []
    assert result["made"]


def test_one_whose_id_begins_like_the_name_is_another(seat: Seat) -> None:
    seat.containers["cafe"] = seat.containers[OLD] | {"Id": "cafe", "Name": "/web"}
    assert "failed" not in seat.switch(name="cafe")


def test_a_container_that_comes_by_the_name_meanwhile_is_left_alone(seat: Seat) -> None:
    """Show that the successor serves without the name."""

    def stopped(*_: object) -> None:
        seat.containers[OLD]["Name"] = "/old"
        seat.add(THEIRS, "flask", "", seat.old_page)

    seat.engine.on("POST", r"/containers/(\w+)/stop\?t=10", stopped)
    result = seat.switch()
    assert "it serves, and cannot have the name flask" in result["msg"]
    assert "revision" not in result
    assert set(seat.containers) == {NEW, THEIRS}
    assert seat.done_to(THEIRS) == []


def test_a_wrong_page_leaves_the_old_container_untouched(seat: Seat, pages: list[Page]) -> None:
    pages[1].health = {"revision": "another"}
    result = seat.switch()
    assert result["msg"] == "after 0 s: /healthz tells the revision another"
    assert result["revision"] == "revision of before"
    assert list(seat.containers) == [OLD]
    assert seat.done_to(OLD) == []


def test_where_the_new_address_cannot_be_had_the_old_one_is_asked(seat: Seat) -> None:
    """Show that the page at the old address counts, as nobody has the new one."""
    refused = Refuse(500, "cannot assign requested address")

    def join(question: Question, leaves: str | None) -> object:
        if not leaves and question.json["Container"] == NEW:
            return refused
        return seat.join(question, leaves)

    seat.engine.on("POST", r"/networks/bridge/(dis)?connect", join)
    result = seat.switch(url="http://127.0.0.1:1")
    assert result["msg"] == "cannot assign requested address"
    assert result["revision"] == "revision of before"
    assert list(seat.containers) == [OLD]
    assert "bridge" in seat.containers[OLD]["NetworkSettings"]["Networks"]


def test_where_it_is_wrong_from_outside_the_old_one_comes_back_with_its_image(seat: Seat) -> None:
    """Show it for a container without a network, as an interrupted switch leaves it."""
    seat.containers[OLD]["NetworkSettings"]["Networks"] = {}
    result = seat.switch(url=seat.old_page)
    assert "/healthz tells the revision revision of before" in result["msg"]
    assert result["revision"] == "revision of before"
    assert list(seat.containers) == [OLD]
    assert "bridge" in seat.containers[OLD]["NetworkSettings"]["Networks"]
    name = "repo=labocloud20202021&tag=python"
    assert f"/images/sha256:old/tag?{name}" in seat.engine.asked("POST")


def test_where_the_old_page_does_not_answer_either_none_serves(
    seat: Seat, pages: list[Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover, "ANSWER_SECONDS", 0.2)
    pages[0].health = pages[1].health = None
    assert seat.switch()["revision"] is None


def test_its_last_words_are_told_although_it_is_gone(seat: Seat, pages: list[Page]) -> None:
    pages[1].health = None
    lines = "".join(f"line {number}\n" for number in range(30)).encode()
    pieces = [lines[:100], lines[100:]]
    stream = b"".join(
        bytes([2, 0, 0, 0]) + len(piece).to_bytes(4, "big") + piece for piece in pieces
    )
    seat.output = Raw(stream)
    seat.engine.on("POST", r"/containers/(\w+)/start", seat.remove)
    result = seat.switch(timeout=60)
    assert result["msg"] == "its program ended"
    assert result["log"].splitlines() == [f"line {number}" for number in range(10, 30)]


def test_a_successor_that_is_gone_is_told(seat: Seat) -> None:
    seat.engine.on("POST", r"/containers/create\?name=.*", {"Id": NEW})
    assert f"the successor {NEW} is gone" in seat.switch()["msg"]
    assert seat.done_to(OLD) == []


def test_it_is_made_as_asked_for_and_recorded_before_and_after(seat: Seat, tmp_path: Path) -> None:
    state.update(lambda record: record.brought.update(packages=["docker.io"], containers=["gone"]))
    at_the_time = []

    def create(question: Question, name: str) -> object:
        at_the_time.append(recorded(tmp_path))
        return seat.create(question, name)

    seat.engine.on("POST", r"/containers/create\?name=([\w-]+)", create)
    assert "failed" not in seat.switch()
    kept = {"packages": ["docker.io"]}
    assert at_the_time == [kept | {"containers": [OLD], "making": "flask-next"}]
    assert recorded(tmp_path) == kept | {"containers": [OLD, NEW], "making": ""}
    [creation] = [question for question in seat.engine.questions if "create" in question.path]
    assert creation.json == container(seat.new_page)


def test_what_an_interrupted_run_has_left_is_removed_first(seat: Seat, tmp_path: Path) -> None:
    seat.add(LEFT, "flask-next", "", seat.new_page)
    assert "failed" not in seat.switch(left=LEFT, own=[OLD, LEFT])
    assert list(seat.containers) == [NEW]
    assert recorded(tmp_path)["containers"] == [OLD, NEW]


def test_somebody_elses_container_of_the_successors_name_stays(seat: Seat, tmp_path: Path) -> None:
    seat.add(THEIRS, "flask-next", "", seat.old_page)
    result = seat.switch()
    assert (result["msg"], result["made"]) == ("flask-next is somebody else's by now", False)
    assert set(seat.containers) == {OLD, THEIRS}
    assert seat.done_to(OLD) == seat.done_to(THEIRS) == []
    # It is not the toolkit's in the next run either: it has not its label.
    assert recorded(tmp_path)["containers"] == [OLD]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Refuse(400, "Minimum memory limit allowed is 6MB"), "Minimum memory limit allowed is 6MB"),
        (Refuse(404, "No such image: x"), "No such image: x"),
        (DROP, "Remote end closed connection without response"),
    ],
)
def test_where_none_can_be_made_the_engine_tells_why(seat: Seat, answer: object, why: str) -> None:
    seat.engine.on("POST", r"/containers/create\?name=.*", answer)
    result = seat.switch()
    assert (result["msg"], result["made"]) == (why, False)
    assert "revision" not in result
    assert seat.done_to(OLD) == []


def test_without_an_engine_none_is_made(seat: Seat, tmp_path: Path) -> None:
    result = seat.switch(docker_socket=str(tmp_path / "none.sock"))
    assert result["failed"]
    assert not result["made"]


def test_where_nothing_can_be_recorded_none_is_made(seat: Seat, tmp_path: Path) -> None:
    (tmp_path / "remembered").mkdir()
    (tmp_path / "remembered/state.json").write_text("torn")
    result = seat.switch()
    assert "cannot be read" in result["msg"]
    assert not result["made"]
    assert list(seat.containers) == [OLD]


def test_the_difference_is_told_and_in_a_check_nothing_is_done(seat: Seat, tmp_path: Path) -> None:
    seat.engine.on("GET", f"/images/{IMAGE}/json", {"Id": "sha256:new"})
    result = seat.switch(_ansible_check_mode=True, differs=["User", "Image", "Memory"])
    assert result["changed"]
    assert result["diff"] == {
        "before": {"User": "0", "Image": "sha256:old", "Memory": None},
        "after": {"User": "10001:10001", "Image": "sha256:new", "Memory": None},
    }
    assert seat.engine.asked("POST") == seat.engine.asked("DELETE") == []
    assert not (tmp_path / "remembered").exists()


def test_a_container_that_comes_where_there_was_none_is_all_new(seat: Seat) -> None:
    result = seat.switch(_ansible_check_mode=True, replaces="", differs=[])
    assert result["diff"] == {"before": {}, "after": container(seat.new_page)}


def test_in_a_check_before_there_is_an_engine_all_is_new(seat: Seat, tmp_path: Path) -> None:
    result = seat.switch(_ansible_check_mode=True, docker_socket=str(tmp_path / "none.sock"))
    assert (result["changed"], result["diff"]["before"]) == (True, {})
    assert result["diff"]["after"] == container(seat.new_page)


def test_those_that_are_the_toolkits_are_removed_by_their_ids(seat: Seat) -> None:
    seat.add(THEIRS, "web", "", seat.old_page)
    arguments = {"state": "absent", "own": [OLD, LEFT], "docker_socket": seat.engine.path}
    answer = stand_in.run(flask_container.main, **arguments, _ansible_check_mode=True)
    assert answer == {"changed": True, "seat": {"/flask": OLD, "/web": THEIRS}}
    answer = stand_in.run(flask_container.main, **arguments)
    assert answer == {"changed": True, "seat": {"/web": THEIRS}}
    answer = stand_in.run(flask_container.main, **arguments)
    assert answer == {"changed": False, "seat": {"/web": THEIRS}}


def test_a_seat_that_does_not_tell_what_it_has_then_has_changed_all_the_same(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_: object) -> None:
        raise flask_container.LateError("a disk does not answer")

    monkeypatch.setattr(flask_container, "answer", late)
    result = seat.switch()
    assert (result["failed"], result["changed"]) == (True, True)
    assert (result["msg"], result["revision"]) == ("a disk does not answer", "revision to come")
    assert seat.names() == {"/flask": NEW}


def test_one_that_cannot_be_removed_is_told(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "REMOVAL_SECONDS", 0.2)
    seat.engine.on("DELETE", rf"/containers/{OLD}\?force=true", Refuse(409, "removal in progress"))
    result = seat.switch()
    assert result["msg"] == f"{OLD} cannot be removed: removal in progress"
    assert "revision" not in result


@pytest.mark.parametrize("answer", [Raw(b"no JSON", 500), Raw(b"[]", 500), Raw(b"{}", 500), DROP])
def test_an_engine_that_breaks_off_is_told_and_nothing_claimed(seat: Seat, answer: object) -> None:
    seat.engine.on("GET", "/containers/(.+)/json", answer)
    result = seat.switch()
    assert result["failed"]
    assert result["msg"]
    assert "revision" not in result


@pytest.mark.parametrize(
    ("bindings", "url"),
    [
        ([{"HostIp": "seat.example", "HostPort": "81"}], "http://seat.example:81"),
        ([{"HostIp": "0.0.0.0", "HostPort": "81"}], "http://127.0.0.1:81"),
        ([{"HostIp": "", "HostPort": "81"}], "http://127.0.0.1:81"),
        ([{"HostIp": "::", "HostPort": "81"}], "http://[::1]:81"),
        (None, ""),
    ],
)
def test_where_a_container_answers(bindings: list | None, url: str) -> None:
    details = {"HostConfig": {"PortBindings": {"8888/tcp": bindings}}}
    assert takeover.url_of(details, 8888) == url
    assert takeover.url_of({"HostConfig": {"PortBindings": None}}, 8888) == ""


def test_a_process_is_a_number_whatever_an_engine_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show that no text is taken for it, as it becomes part of a path that root opens."""
    details = {"State": {"Pid": "../run/theirs"}}
    monkeypatch.setattr(takeover, "inspect", lambda *_: details)
    with pytest.raises(takeover.NoAnswerError, match="its program ended"):
        takeover.process_of(None, "flask")
