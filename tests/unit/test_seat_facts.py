"""What seat_facts concludes from what a machine shows."""

import os
import socket
import sys
import time
from pathlib import Path

import pytest
import seat_facts
import yaml

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1
   2: 0100007F:1F91 0100007F:0016 01 00000000:00000000 00:00000000 00000000     0        0 99 1
"""
TCP6 = """\
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A \
00000000:00000000 00:00000000 00000000     0        0 4343 1
"""
RUNNING = {"image": "web:1", "state": "running", "health": None, "labels": {}, "ports": [8080]}


def test_os_release_with_and_without_quotes() -> None:
    text = 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian 12"\n'
    assert seat_facts.parse_os_release(text) == {
        "id": "debian",
        "version": "12",
        "codename": "bookworm",
        "name": "Debian 12",
    }


def test_os_release_that_is_missing() -> None:
    assert set(seat_facts.parse_os_release("").values()) == {""}


def test_dpkg_status_counts_only_what_is_installed() -> None:
    status = (
        "Package: held\nStatus: hold ok installed\nVersion: 1.0-1\n\n"
        "Package: here\nStatus: install ok installed\nConffiles:\n /etc/x abc\nVersion: 2:3\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 4\n\n"
        "Package: torn\nStatus: install ok half-configured\nVersion: 5\n"
    )
    assert seat_facts.parse_dpkg_status(status) == ({"held": "1.0-1", "here": "2:3"}, ["held"])


@pytest.mark.skipif(sys.byteorder != "little", reason="the samples are of a little-endian machine")
@pytest.mark.parametrize(
    ("table", "found"),
    [
        (TCP, [(8080, "127.0.0.1", "4242"), (22, "0.0.0.0", "77")]),
        (TCP6, [(8080, "::1", "4343")]),
        ("", []),
    ],
)
def test_listeners_are_the_listening_sockets(table: str, found: list[tuple]) -> None:
    listeners = seat_facts.parse_listeners(table)
    assert [(one["port"], one["address"], one["inode"]) for one in listeners] == found


def test_a_port_of_a_process() -> None:
    [holder] = seat_facts.name_holders(
        [{"port": 8080, "address": "0.0.0.0", "inode": "7"}],
        {"7": {"process": "tomcat9", "pid": 812}},
        {},
    )
    assert (holder["process"], holder["pid"], holder["container"]) == ("tomcat9", 812, None)


def test_a_port_of_a_container_with_a_proxy() -> None:
    [holder] = seat_facts.name_holders(
        [{"port": 8080, "address": "0.0.0.0", "inode": "7"}],
        {"7": {"process": "docker-proxy", "pid": 9}},
        {"web": RUNNING},
    )
    assert holder["container"] == "web"


def test_a_port_of_a_container_without_a_proxy() -> None:
    [holder] = seat_facts.name_holders([], {}, {"web": RUNNING})
    assert (holder["port"], holder["container"]) == (8080, "web")


def test_a_stopped_container_holds_no_port() -> None:
    assert seat_facts.name_holders([], {}, {"web": RUNNING | {"state": "exited"}}) == []


def test_a_process_holds_its_port_whatever_containers_publish() -> None:
    [holder] = seat_facts.name_holders(
        [{"port": 8080, "address": "127.0.0.1", "inode": "7"}],
        {"7": {"process": "nginx", "pid": 5}},
        {"web": RUNNING},
    )
    assert holder["container"] is None


def image(**config: object) -> dict:
    return {
        "Architecture": "amd64",
        "RootFS": {"Layers": ["sha256:1", "sha256:2"]},
        "Config": {"Cmd": ["app.py"], "Labels": {"a": "b"}, **config},
    }


def test_the_fingerprint_is_the_same_whichever_docker_tells_of_the_image() -> None:
    """One version leaves out what another gives as empty, or adds fields of its own."""
    told = image(User="", ExposedPorts=None, Hostname="x", Image="sha256:9")
    assert seat_facts.fingerprint(told) == seat_facts.fingerprint(image())


@pytest.mark.parametrize(
    "other",
    [
        image(Cmd=["other.py"]),
        image(User="root"),
        image(Labels={"a": "c"}),
        image() | {"RootFS": {"Layers": ["sha256:1"]}},
        image() | {"Architecture": "arm64"},
    ],
)
def test_the_fingerprint_of_another_image_differs(other: dict) -> None:
    assert seat_facts.fingerprint(other) != seat_facts.fingerprint(image())


DIGEST = f"sha256:{'a' * 64}"


def test_of_a_registry_only_digests_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_facts, "REGISTRY_TAGS", f"{tmp_path}/*/_manifests/tags")
    monkeypatch.setattr(seat_facts, "REGISTRY_CERTIFICATES", {})
    links = {
        "good": DIGEST,
        "line": f"{DIGEST}\n",
        "shell": "sha256:$(touch /tmp/evil)",
        "more": f"{DIGEST}; touch /tmp/evil",
        "two": f"{DIGEST}\n{DIGEST}",
        "large": " " * 10_000_000 + DIGEST,
        "empty": "",
    }
    tags = tmp_path / "room/_manifests/tags"
    for tag, text in links.items():
        (tags / tag / "current").mkdir(parents=True)
        (tags / tag / "current/link").write_text(text)
    (tags / "pipe/current").mkdir(parents=True)
    os.mkfifo(tags / "pipe/current/link")
    (tags / "elsewhere/current").mkdir(parents=True)
    (tags / "elsewhere/current/link").symlink_to(tags / "good/current/link")
    assert seat_facts.registry_facts() == {"images": {"good": DIGEST, "line": DIGEST}}
    monkeypatch.setattr(seat_facts, "REGISTRY_MOST", 3)
    assert len(seat_facts.registry_facts()["images"]) <= 3


def test_a_record_with_a_version_is_told_as_it_is() -> None:
    record = {"version": 2, "images": {"room:base": "mark"}, "bases": {"python:3": DIGEST}}
    assert seat_facts.built_facts(record, {}) == record
    nothing = {"images": {}, "bases": {}}
    assert seat_facts.built_facts(None, {}) == nothing
    assert seat_facts.built_facts({"version": 2}, {}) == {"version": 2, **nothing}


def test_a_record_of_earlier_fingerprints_is_told_in_those_of_today() -> None:
    """Not of an image that is another by now, or that has what they did not cover."""
    trapped = image(OnBuild=["RUN evil"])
    images = {"room:base": image(), "room:other": image(User="root"), "room:trap": trapped}
    # What the releases of then recorded of image().
    mark = "bd1233980bec55961076f2b77556acd39300c84cb3271e3256951e731c78369a"
    record = {"room:base": mark, "room:other": mark, "room:trap": mark, "room:gone": mark}
    assert seat_facts.built_facts(record, images) == {
        "images": {"room:base": seat_facts.fingerprint(image())},
        "bases": {},
    }


def test_a_torn_record_of_images_is_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_facts.read_record, "__defaults__", (tmp_path,))
    (tmp_path / "built.json").write_text('{"room:base": "5f')
    with pytest.raises(seat_facts.TornError, match=r"built\.json cannot be read .* Fix: remove"):
        seat_facts.built_record()


@pytest.mark.parametrize(
    ("text", "value"), [("", None), ("[1]", None), ("{", None), ('{"a": 1}', {"a": 1})]
)
def test_an_object_is_read_and_nothing_else(text: str, value: dict | None) -> None:
    assert seat_facts.parse_object(text) == value


def test_this_process_started_in_the_past_and_after_the_machine() -> None:
    started = seat_facts.started_at(str(os.getpid()))
    assert 0 < started < time.time()


def test_the_free_space_of_a_place_that_is_not_there_is_its_parents() -> None:
    assert seat_facts.free_mb("/no/such/place") == seat_facts.free_mb("/")


ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
docker0\t000012C6\t00000000\t0001\t0\t0\t0\t0000FEFF\t0\t0\t0
"""


@pytest.mark.skipif(sys.byteorder != "little", reason="the sample is of a little-endian machine")
def test_routes_with_their_networks() -> None:
    routes = [(one["to"], one["interface"]) for one in seat_facts.parse_routes(ROUTES)]
    assert routes == [
        ("0.0.0.0/0", "eth0"),
        ("192.0.2.0/24", "eth0"),
        ("198.18.0.0/15", "docker0"),
    ]
    assert seat_facts.parse_routes("") == []


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ('http_proxy="http://p.example:3128/"\n', "http://p.example:3128/"),
        ("export HTTPS_PROXY=http://p.example:3128", "http://p.example:3128"),
        ('Acquire::http::Proxy "http://p.example:3128";\n', "http://p.example:3128"),
        ('# http_proxy="http://p.example:3128"\n', ""),
        ('// Acquire::http::Proxy "http://p.example:3128";\n', ""),
        ('Acquire::http::Proxy "DIRECT";\n', ""),
        ("PATH=/usr/bin\n", ""),
    ],
)
def test_a_proxy_that_a_file_names(text: str, proxy: str) -> None:
    assert seat_facts.parse_proxy(text) == proxy


def test_registries_that_listen_and_that_do_not() -> None:
    """The one that listens says nothing, and is left when the time is over."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = f"127.0.0.1:{server.getsockname()[1]}"
        begun = time.monotonic()
        answers = seat_facts.Reaching([there, "127.0.0.1:9"]).result()
    assert time.monotonic() - begun < seat_facts.REGISTRY_SECONDS + 0.5
    assert answers[there] == {"reached": True, "why": "", "public": None, "issuer": ""}
    assert (answers["127.0.0.1:9"]["reached"], answers["127.0.0.1:9"]["why"]) == (
        False,
        "Connection refused",
    )


def test_this_machine_has_everything_that_is_promised(tmp_path: Path) -> None:
    """With a real listener, and no engine at the socket that it is given."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        facts = seat_facts.seat_facts(str(tmp_path / "no.sock"), time.time(), [])
    promised = yaml.safe_load(seat_facts.RETURN)["ansible_facts"]["contains"]["seat"]["contains"]
    assert set(facts) == set(promised)
    assert not facts["docker"]["running"]
    [mine] = [one for one in facts["listeners"] if one["port"] == port]
    assert (mine["address"], mine["pid"]) == ("127.0.0.1", os.getpid())
