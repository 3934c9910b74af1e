"""What seat_facts concludes from what a machine shows."""

import os
import socket
import sys
import time
from contextlib import closing
from pathlib import Path

import flask_container
import pytest
import seat_facts
import stand_in
import yaml
from ansible.module_utils.docker_engine import DockerConnection

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


TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
        |-- 192.0.2.0
           /24 link UNICAST
        |-- 192.0.2.7
           /32 host LOCAL
     |-- 192.0.2.255
        /32 link BROADCAST
Local:
     |-- 127.0.0.0
        /8 host LOCAL
        |-- 192.0.2.7
           /32 host LOCAL
"""


def test_the_addresses_of_the_machine_itself() -> None:
    assert seat_facts.parse_addresses(TRIE) == ["127.0.0.0/8", "192.0.2.7/32"]
    assert seat_facts.parse_addresses("") == []


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


def listed(key: str, **other: object) -> dict:
    """Give a container as the engine lists it."""
    told = {"Id": key, "Names": [f"/{key}"], "Image": "web:1", "ImageID": "sha256:1"}
    return (
        told | {"State": "running", "Status": "Up 3 minutes", "Labels": None, "Ports": []} | other
    )


def test_what_a_container_was_started_with(engine: stand_in.Engine) -> None:
    """One dies while it is asked for, another is gone."""
    engine.on("GET", r"/containers/json\?all=true", [listed("a"), listed("b"), listed("c")])
    told = {
        "Config": {"User": "0"},
        "HostConfig": {
            "Privileged": True,
            "Memory": 0,
            "CapAdd": ["ALL"] * 1000,
            "PortBindings": {
                "8888/tcp": [{"HostIp": "", "HostPort": "81"}],
                "22/tcp": [{"HostIp": "192.0.2.7", "HostPort": "22"}],
                "23/tcp": None,
            },
        },
        "Mounts": [{"Type": "bind", "Source": "/", "Destination": "/host"}],
    }
    engine.on("GET", "/containers/a/json", told)
    engine.on("GET", "/containers/b/json", stand_in.Refuse(500, "dead"))
    with closing(DockerConnection(engine.path)) as docker:
        containers = seat_facts.container_facts(docker)
    assert (containers["a"]["id"], containers["a"]["image_id"]) == ("a", "sha256:1")
    settings = containers["a"]["settings"]
    assert settings["Privileged"]
    assert (settings["User"], settings["Mounts"]) == ("0", ["/:/host"])
    assert settings["PortBindings"] == ["0.0.0.0:81:8888/tcp", "192.0.2.7:22:22/tcp"]
    assert len(settings["CapAdd"]) == seat_facts.ENTRIES
    assert settings["PidMode"] is None
    assert containers["b"]["settings"] == containers["c"]["settings"] == {}


def test_all_that_is_judged_of_a_container_is_asked(engine: stand_in.Engine) -> None:
    told = {"Config": {}, "HostConfig": {}, "Mounts": []}
    engine.on("GET", r"/containers/json\?all=true", [listed("a")])
    engine.on("GET", "/containers/a/json", told)
    with closing(DockerConnection(engine.path)) as docker:
        settings = seat_facts.container_facts(docker)["a"]["settings"]
    of_the_inventory = {"Memory", "PidsLimit", "PortBindings"}
    judged = {*flask_container.RIGHTS, *flask_container.LIMITS, *of_the_inventory}
    assert set(settings) == judged


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
