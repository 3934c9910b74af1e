"""Show what seat_facts concludes from the state of a machine."""

import ast
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import sample_seat
import stand_in
import yaml
from ansible.module_utils import basic
from ansible.modules import apt
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.facts import answer
from ansible_collections.labocloud.room.plugins.module_utils.facts import apt as facts_apt
from ansible_collections.labocloud.room.plugins.module_utils.facts import engine as facts_engine
from ansible_collections.labocloud.room.plugins.module_utils.facts import machine as facts_machine
from ansible_collections.labocloud.room.plugins.module_utils.facts import network as facts_network
from ansible_collections.labocloud.room.plugins.module_utils.facts.gather import limited, seat_facts
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd, read
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.modules import seat
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import container
from hypothesis import given
from hypothesis import strategies as st

PLUGINS = Path(__file__).parents[2] / "plugins"
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
PORT = {"address": "0.0.0.0", "port": 8080, "protocol": "tcp"}
RUNNING = {"image": "web:1", "state": "running", "health": None, "labels": {}, "ports": [PORT]}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (
            'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian 12"\n',
            ("debian", "12", "bookworm", "Debian 12"),
        ),
        ("", ("", "", "", "")),
        (
            'ID=\'debian\'\nVERSION_ID="1\\"2"\n# NAME=x\nPRETTY_NAME="Deb\nA B=c\n'
            "VERSION_CODENAME=\n",
            ("debian", '1"2', "", ""),
        ),
    ],
    ids=["with and without quotes", "missing", "quoted wrongly"],
)
def test_os_release(text: str, values: tuple[str, ...]) -> None:
    keys = ("id", "version", "codename", "name")
    assert facts_machine.parse_os_release(text) == dict(zip(keys, values, strict=True))


def test_dpkg_status_counts_only_what_is_installed() -> None:
    status = (
        "Package: held\nStatus: hold ok installed\nVersion: 1.0-1\n\n"
        "Package: here\nStatus: install ok installed\nConffiles:\n /etc/x abc\nVersion: 2:3\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 4\n\n"
        "Package: torn\nStatus: install ok half-configured\nVersion: 5\n"
    )
    packages, held, _ = facts_apt.parse_dpkg_status(status)
    assert (packages, held) == ({"held": "1.0-1", "here": "2:3"}, ["held"])


@pytest.mark.parametrize(
    ("status", "unfinished"),
    [
        ("install ok half-configured", True),
        ("install ok unpacked", True),
        ("hold ok unpacked", True),
        ("install reinstreq half-installed", True),
        ("deinstall ok half-installed", True),
        ("install ok triggers-pending", True),
        ("install ok triggers-awaited", True),
        ("install ok installed", False),
        ("deinstall ok config-files", False),
        ("unknown ok not-installed", False),
    ],
)
def test_what_dpkg_has_begun_and_not_finished(status: str, unfinished: bool) -> None:
    text = f"Package: x\nStatus: {status}\n\nPackage: y\nStatus: install ok installed\n"
    assert facts_apt.parse_dpkg_status(text)[2] == (["x"] if unfinished else [])


FIELDS = st.sampled_from(
    ["Package: x", "Status: install ok unpacked", "Version: 1", "", " y", "Status:"]
)


@given(st.lists(FIELDS | st.text()))
def test_any_status_file_is_read(lines: list[str]) -> None:
    """A power cut may leave anything in it."""
    packages, held, unfinished = facts_apt.parse_dpkg_status("\n".join(lines))
    assert set(held) <= set(packages)
    assert not set(unfinished) & {""}


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
    listeners = facts_network.parse_listeners(table)
    assert [
        (listener["port"], listener["address"], listener["inode"]) for listener in listeners
    ] == found


UDP = RUNNING | {"ports": [PORT | {"protocol": "udp"}]}
ELSEWHERE = RUNNING | {"ports": [PORT | {"address": "192.0.2.7"}]}
# The address that is listened at, the process that listens, what a container `web` is like, and the
# processes and containers that hold the port.
HOLDERS = {
    "a process": ("0.0.0.0", "tomcat9", None, [("tomcat9", None)]),
    "a container with a proxy": ("0.0.0.0", "docker-proxy", RUNNING, [("docker-proxy", "web")]),
    "a container without a proxy": (None, None, RUNNING, [(None, "web")]),
    "no stopped container": (None, None, RUNNING | {"state": "exited"}, []),
    "a process, whatever is published": ("0.0.0.0", "nginx", RUNNING, [("nginx", None)]),
    "nobody, of UDP": (None, None, UDP, []),
    "not a container, of UDP": ("0.0.0.0", None, UDP, [(None, None)]),
    "two, at two addresses": ("127.0.0.1", "nginx", ELSEWHERE, [("nginx", None), (None, "web")]),
}


@pytest.mark.parametrize("case", HOLDERS)
def test_who_holds_a_port(case: str) -> None:
    address, process, web, expected = HOLDERS[case]
    holders = facts_network.name_holders(
        [{"port": 8080, "address": address, "inode": "7"}] if address else [],
        {"7": {"process": process, "pid": 812}} if process else {},
        {"web": web} if web else {},
    )
    assert [(holder["process"], holder["container"]) for holder in holders] == expected
    assert {holder["port"] for holder in holders} <= {8080}
    assert [holder["pid"] for holder in holders if holder["process"]] == [812] * bool(process)


@pytest.mark.parametrize("listens", [True, False])
def test_two_containers_at_a_port_are_told_by_their_addresses(listens: bool) -> None:
    """This holds with a proxy process of Docker for each, and without."""
    containers = {
        name: RUNNING | {"ports": [PORT | {"address": address}]}
        for name, address in (("mine", "127.0.0.1"), ("theirs", "192.0.2.7"))
    }
    listeners = [
        {"port": 8080, "address": address, "inode": "7"} for address in ("127.0.0.1", "192.0.2.7")
    ]
    holders = facts_network.name_holders(
        listeners if listens else [], {"7": {"process": "docker-proxy", "pid": 9}}, containers
    )
    assert [(holder["address"], holder["container"]) for holder in holders] == [
        ("127.0.0.1", "mine"),
        ("192.0.2.7", "theirs"),
    ]


def image(**config: object) -> dict:
    return {
        "Architecture": "amd64",
        "RootFS": {"Layers": ["sha256:1", "sha256:2"]},
        "Config": {"Cmd": ["app.py"], "Labels": {"a": "b"}, **config},
    }


def test_the_fingerprint_is_the_same_whichever_docker_tells_of_the_image() -> None:
    """One version leaves out what another returns as empty, or adds fields of its own."""
    described = image(User="", ExposedPorts=None, Hostname="x", Image="sha256:9")
    assert fingerprint(described) == fingerprint(image())


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
    assert fingerprint(other) != fingerprint(image())


DIGEST = f"sha256:{'a' * 64}"


def test_a_registry_tells_only_digests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_network, "REGISTRY_TAGS", f"{tmp_path}/*/_manifests/tags")
    monkeypatch.setattr(facts_network, "REGISTRY_CA", f"{tmp_path}/ca.crt")
    monkeypatch.setattr(facts_network, "REGISTRY_CERTIFICATE", f"{tmp_path}/registry.crt")
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
    assert facts_network.registry_facts(Odd()) == {
        "images": {"good": DIGEST, "line": DIGEST},
        "ca": "",
        "certificate": "",
    }
    monkeypatch.setattr(facts_network, "REGISTRY_MOST", 3)
    assert len(facts_network.registry_facts(Odd())["images"]) <= 3


@pytest.mark.parametrize(
    ("text", "value"), [("", None), ("[1]", None), ("{", None), ('{"a": 1}', {"a": 1})]
)
def test_an_object_is_read_and_nothing_else(text: str, value: dict | None) -> None:
    assert facts_machine.parse_object(text) == value


def test_a_seat_without_memory_was_never_touched(remembers: Path, tmp_path: Path) -> None:
    facts = seat_facts(str(tmp_path / "no.sock"), None, [])
    assert not remembers.exists()
    assert (facts["before"], facts["brought"]) == (None, {"packages": [], "users": []})
    assert (facts["built"], facts["served"], facts["torn"]) == ({}, [], [])
    assert not facts["apt"]["interrupted"]


def test_what_is_remembered_is_told(remembers: Path, tmp_path: Path) -> None:
    """The content of files is left out, because it may hold passwords."""

    def change(memory: state.State) -> None:
        memory.before = sample_seat.SEAT["before"]
        memory.files["/etc/docker/daemon.json"] = {"text": "s3cret", "mode": 0o600}
        memory.brought |= {"packages": ["zstd"], "users": [], "coming": ["dpkg", "none"]}
        memory.served.append("r1")

    state.update(change)
    facts = seat_facts(str(tmp_path / "no.sock"), None, [])
    assert facts["before"] == sample_seat.SEAT["before"]
    assert facts["brought"] == {"packages": ["dpkg", "zstd"], "users": []}
    assert (facts["apt"]["interrupted"], facts["served"], facts["torn"]) == (True, ["r1"], [])
    assert "s3cret" not in str(facts)


@pytest.mark.parametrize("text", ["", '{"packages": ["bas', "null"])
def test_what_is_torn_is_told(remembers: Path, tmp_path: Path, text: str) -> None:
    """A torn record is not taken for a missing one."""
    remembers.mkdir()
    (remembers / "state.json").write_text(text)
    facts = seat_facts(str(tmp_path / "no.sock"), None, [])
    [sentence] = facts["torn"]
    assert sentence.startswith(str(remembers / "state.json"))


def test_what_an_interrupted_installation_brought() -> None:
    """It brought the coming packages that are installed, in whatever state dpkg left them."""
    coming = {"packages": ["zstd"], "users": ["eleve"], "coming": ["docker.io", "runc"]}
    brought = state.State(brought=coming).facts({"runc", "bash"})["brought"]
    assert brought == {"packages": ["runc", "zstd"], "users": ["eleve"]}
    assert facts_apt.apt_facts(coming, [])["interrupted"]
    assert not facts_apt.apt_facts(brought, [])["interrupted"]
    # The other entries of the record are in the facts as well.
    others = {"containers": ["id"], "making": "flask-next"}
    brought = state.State(brought=coming | others).facts(set())["brought"]
    assert brought.items() >= others.items()


@pytest.mark.parametrize(
    ("brought", "text", "whose"),
    [
        ({"policy_rc_d": True}, "#!/bin/sh\nexit 101\n", "left"),
        ({"policy_rc_d": True}, "", "left"),
        # The policy is the school's own, with the same text or another.
        ({"policy_rc_d": False}, "#!/bin/sh\nexit 101\n", "other"),
        ({}, "#!/bin/sh\nexit 101\n", "other"),
        ({"policy_rc_d": True}, "#!/bin/sh\nexit 0\n", "other"),
        ({"policy_rc_d": True}, None, "absent"),
    ],
)
def test_whose_policy_rc_d_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brought: dict, text: str | None, whose: str
) -> None:
    monkeypatch.setattr(facts_apt, "POLICY_RC_D", str(tmp_path / "policy-rc.d"))
    if text is not None:
        (tmp_path / "policy-rc.d").write_text(text)
    assert facts_apt.apt_facts(brought, [])["policy_rc_d"] == whose


def test_the_policy_is_what_ansibles_apt_writes() -> None:
    source = Path(apt.__file__).read_text()
    assert r"policy_rc_d.write('#!/bin/sh\nexit %d\n' % self.m.params['policy_rc_d'])" in source
    assert "#!/bin/sh\nexit 101\n" in facts_apt.ANSIBLES_POLICY


def test_the_journal_of_dpkg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_apt, "DPKG_JOURNAL", str(tmp_path / "[0-9]*"))
    (tmp_path / "tmp.i").touch()
    assert not facts_apt.apt_facts({}, [])["journal"]
    (tmp_path / "0003").touch()
    assert facts_apt.apt_facts({}, [])["journal"]


@pytest.mark.parametrize(
    ("entries", "data"), [([], False), (["lost+found"], False), (["lost+found", "image"], True)]
)
def test_lost_and_found_is_not_dockers_data(tmp_path: Path, entries: list[str], data: bool) -> None:
    """A fresh disk of its own for Docker has this directory."""
    for entry in entries:
        (tmp_path / entry).mkdir()
    assert facts_machine.has_data(str(tmp_path)) is data
    assert not facts_machine.has_data(str(tmp_path / "none"))


def test_this_process_started_in_the_past_and_after_the_machine() -> None:
    started = facts_machine.started_at(str(os.getpid()))
    assert 0 < started < time.time()


def test_the_free_space_of_a_place_that_is_not_there_is_its_parents() -> None:
    assert facts_machine.free_mb("/no/such/place") == facts_machine.free_mb("/")
    # A text that is no path has free space, too.
    for place in ("", "a\0b", "/" + "x" * 5000, "x"):
        assert facts_machine.free_mb(place) > 0


ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
docker0\t000012C6\t00000000\t0001\t0\t0\t0\t0000FEFF\t0\t0\t0
"""


@pytest.mark.skipif(sys.byteorder != "little", reason="the sample is of a little-endian machine")
def test_routes_with_their_networks() -> None:
    routes = [(route["to"], route["interface"]) for route in facts_network.parse_routes(ROUTES)]
    assert routes == [("0.0.0.0/0", "eth0"), ("192.0.2.0/24", "eth0"), ("198.18.0.0/15", "docker0")]
    assert facts_network.parse_routes("") == []


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
    assert facts_network.parse_addresses(TRIE) == ["127.0.0.0/8", "192.0.2.7/32"]
    assert facts_network.parse_addresses("") == []


@pytest.fixture
def proxies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Return a function: the proxy of a seat with these texts in /etc/environment and apt.conf."""
    monkeypatch.setattr(facts_network, "ENVIRONMENT", str(tmp_path / "environment"))
    program, *arguments = facts_apt.APT_CONFIG
    command = [program, f"--config-file={tmp_path / 'apt.conf'}", *arguments]
    monkeypatch.setattr(facts_apt, "APT_CONFIG", command)

    def proxy_of(environment: str, apt_conf: str = "") -> str:
        (tmp_path / "environment").write_text(environment)
        (tmp_path / "apt.conf").write_text(apt_conf)
        return facts_network.proxy(Odd())

    return proxy_of


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ('http_proxy="http://p.example:3128/"\n', "http://p.example:3128/"),
        ("export HTTPS_PROXY=http://p.example:3128", "http://p.example:3128"),
        ("http_proxy='http://p.example:3128' # the school's", "http://p.example:3128"),
        ('# http_proxy="http://p.example:3128"\n', ""),
        ("my_http_proxy=http://p.example:3128", ""),
        ("http_proxy=http://eleve:s%40cret@p.example:3128", "http://p.example:3128"),
        ("https_proxy=http://token@p.example:3128", "http://p.example:3128"),
        ('http_proxy="http://p.example:secret@ word@"', ""),
        ('http_proxy="', ""),
        ("PATH=/usr/bin\n", ""),
    ],
)
def test_a_proxy_for_people(proxies: Callable[[str, str], str], text: str, proxy: str) -> None:
    assert proxies(text) == proxy


BLOCK = """
Acquire {
  Retries "3"; // http { Proxy "http://old.example:1"; };
  http {
    /* the school's */
    Proxy
      "http://it.example:b/c@p.example:3128/";
  };
};
"""


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ('Acquire::http::Proxy "http://p.example:3128";\n', "http://p.example:3128"),
        ('acquire::HTTPS::proxy "http://p.example:3128";\n', "http://p.example:3128"),
        (BLOCK, "http://p.example:3128/"),
        ('// Acquire::http::Proxy "http://p.example:3128";\n', ""),
        ('# Acquire::http::Proxy "http://p.example:3128";\n', ""),
        ('Acquire::http::Proxy "DIRECT";\n', ""),
        ('Acquire::http::Proxy::mirror.example "http://p.example:3128";\n', ""),
    ],
)
def test_a_proxy_of_apt_is_told_as_apt_understands_its_files(
    proxies: Callable[[str, str], str], text: str, proxy: str
) -> None:
    assert proxies("", text) == proxy


def test_an_apt_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_apt, "APT_SECONDS", 0.1)
    for command, why in ((("/bin/sleep", "9"), "timed out"), (("/bin/false",), "ends with 1")):
        monkeypatch.setattr(facts_apt, "APT_CONFIG", command)
        odd = Odd()
        assert facts_apt.configuration(odd) == ""
        assert why in odd.sentences[0]


@given(
    user=st.text(min_size=1),
    line=st.sampled_from(["http://{}@p.example:3128", " https://{}@p.example:3128/ "]),
)
def test_whatever_the_password_of_a_proxy_is_nothing_of_it_is_told(user: str, line: str) -> None:
    named = facts_network.plain_proxy(line.format(user))
    assert re.fullmatch("https?://p.example:3128/?", named)


ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIFh5GqYqzGrzmvhVVwPcqoBSNnuZF6vzWtA4R1mXQqJ8"


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "ssh-ed25519 no", "\x1b[31m é", " "])
def test_what_is_no_host_key_has_no_fingerprint(text: str) -> None:
    assert facts_machine.parse_host_key(text) == ""


def test_a_host_key_has_the_fingerprint_that_openssh_prints(tmp_path: Path) -> None:
    key = tmp_path / "key.pub"
    key.write_text(f"ssh-ed25519 {ED25519} root@pc1\n")
    printed = subprocess.run(["ssh-keygen", "-lf", key], capture_output=True, text=True, check=True)
    assert facts_machine.parse_host_key(key.read_text()) == printed.stdout.split()[1]


def test_this_machine_is_the_same_twice_and_no_copy_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine-id itself is not told."""
    ids = tmp_path / "machine-id"
    monkeypatch.setattr(facts_machine, "MACHINE_ID", str(ids))
    ids.write_text("0123456789abcdef0123456789abcdef\n")
    mine = facts_machine.identity(Odd())
    assert facts_machine.identity(Odd()) == mine
    assert "0123456789abcdef" not in json.dumps(mine)
    for other in ("boot_id", "/address"):
        monkeypatch.setattr(
            facts_machine,
            "read",
            lambda path, odd=None, it=other: "x" if path.endswith(it) else read(path, odd),
        )
        copy = facts_machine.identity(Odd())
        assert copy["id"] == mine["id"]
        assert copy["running"] != mine["running"]
    ids.write_text("")
    assert (facts_machine.identity(Odd())["id"], facts_machine.identity(Odd())["running"]) == (
        "",
        "",
    )


def test_registries_that_listen_and_that_do_not() -> None:
    """The registry that listens sends nothing, and is left when the time is over."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        registry = f"127.0.0.1:{server.getsockname()[1]}"
        begun = time.monotonic()
        answers = facts_network.reach([registry, "127.0.0.1:9"]).result()
    # It ends by itself; on a busy machine not to the second.
    assert time.monotonic() - begun < facts_network.REGISTRY_SECONDS + 20
    assert answers[registry] == {"reached": True, "why": "", "public": None, "issuer": ""}
    assert (answers["127.0.0.1:9"]["reached"], answers["127.0.0.1:9"]["why"]) == (
        False,
        "Connection refused",
    )


def listed(key: str, **fields: object) -> dict:
    """Return a container as the engine lists it."""
    facts = {"Id": key, "Names": [f"/{key}"], "Image": "web:1", "ImageID": "sha256:1"}
    return (
        facts | {"State": "running", "Status": "Up 3 minutes", "Labels": None, "Ports": []} | fields
    )


def ask(engine: stand_in.Engine, odd: Odd, seconds: float = 5) -> dict:
    """Return the facts of an engine's containers, read within a time in seconds."""
    with facts_engine.reading(engine.path, odd, seconds) as reader:
        return facts_engine.container_facts(facts_engine.described_containers(reader))


def test_what_a_container_was_started_with(engine: stand_in.Engine) -> None:
    """The engine fails for the container b, and c is gone."""
    engine.on("GET", r"/containers/json\?all=true", [listed("a"), listed("b"), listed("c")])
    description = {
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
    engine.on("GET", "/containers/a/json", description)
    engine.on("GET", "/containers/b/json", stand_in.Refuse(500, "dead"))
    containers = ask(engine, Odd())
    assert (containers["a"]["id"], containers["a"]["image_id"]) == ("a", "sha256:1")
    settings = containers["a"]["settings"]
    assert settings["Privileged"]
    assert (settings["User"], settings["Mounts"]) == ("0", ["/:/host"])
    assert settings["PortBindings"] == ["0.0.0.0:81:8888/tcp", "192.0.2.7:22:22/tcp"]
    assert len(settings["CapAdd"]) == facts_engine.ENTRIES
    assert settings["PidMode"] is None
    assert containers["b"]["settings"] == containers["c"]["settings"] == {}


def test_all_that_is_judged_of_a_container_is_asked(engine: stand_in.Engine) -> None:
    description = {"Config": {}, "HostConfig": {}, "Mounts": []}
    engine.on("GET", r"/containers/json\?all=true", [listed("a")])
    engine.on("GET", "/containers/a/json", description)
    settings = ask(engine, Odd())["a"]["settings"]
    wanted = container.as_facts(sample_seat.sample_settings(), sample_seat.SEAT)
    assert set(settings) >= set(wanted)


def test_this_machine_has_everything_that_is_promised(tmp_path: Path) -> None:
    """The machine has a real listener, and no engine at the given socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        facts = seat_facts(str(tmp_path / "no.sock"), time.time(), [])
    promised = yaml.safe_load(seat.RETURN)["seat"]["contains"]
    assert set(facts) == set(promised)
    assert not facts["docker"]["running"]
    [mine] = [listener for listener in facts["listeners"] if listener["port"] == port]
    assert (mine["address"], mine["pid"]) == ("127.0.0.1", os.getpid())


@pytest.mark.parametrize(
    ("pid", "seconds", "outdated"),
    [
        (str(os.getpid()), 10, True),
        (str(os.getpid()), 0.5, False),
        (str(os.getpid()), -10, False),
        ("", 10, False),
        (str(2**22 + 1), 10, False),
    ],
    ids=["newer", "as old", "older", "no process", "a process that there is not"],
)
def test_a_configuration_that_is_newer_than_the_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pid: str, seconds: float, outdated: bool
) -> None:
    """It is newer by more than the kernel's rounding; a stopped engine reads it at its start."""
    started = facts_machine.started_at(str(os.getpid()))
    old, new = tmp_path / "old", tmp_path / "new"
    for file, when in ((old, started - 100), (new, started + seconds)):
        file.touch()
        os.utime(file, (when, when))
    file, none = tmp_path / "docker.pid", tmp_path / "none"
    file.write_text(f"{pid}\n")
    for kinds in ((none, file), (file, none)):
        monkeypatch.setattr(facts_machine, "ENGINES_PIDS", tuple(map(str, kinds)))
        assert facts_machine.outdated([str(old), str(new)]) is outdated


def test_a_socket_is_known_by_who_holds_it() -> None:
    with socket.socket() as listening:
        inode = os.readlink(f"/proc/self/fd/{listening.fileno()}")[len("socket:[") : -1]
        holder = facts_network.socket_holders({inode})[inode]
    assert holder["pid"] == os.getpid()
    assert holder["process"] == Path("/proc/self/comm").read_text().strip()


def test_who_signed_a_certificate() -> None:
    name = ((("commonName", "R3"),), (("organizationName", "Let's Encrypt"),))
    assert facts_network.issuer_of({"issuer": name}) == "Let's Encrypt"
    assert facts_network.issuer_of({"issuer": name[:1]}) == "R3"
    assert facts_network.issuer_of({}) == ""


@pytest.mark.parametrize("place", range(2))
def test_masked_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    """A unit is masked by a link or an empty file, for ever or until the next start."""
    places = (tmp_path / "etc", tmp_path / "run")
    monkeypatch.setattr(facts_machine, "MASKING", tuple(map(str, places)))
    assert facts_machine.masked() == []
    for directory in places:
        directory.mkdir()
    (places[place] / "docker.service").write_text("[Unit]\n")
    assert facts_machine.masked() == []
    (places[place] / "docker.socket").symlink_to(os.devnull)
    (places[place] / "containerd.service").touch()
    assert facts_machine.masked() == ["docker.socket", "containerd.service"]


def test_a_number_is_no_data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "daemon.json").write_text('{"data-root": 5}')
    monkeypatch.setattr(facts_machine, "DAEMON_JSON", str(tmp_path / "daemon.json"))
    assert seat_facts(str(tmp_path / "no.sock"))["docker"]["root"] == "/var/lib/docker"


def test_what_is_not_understood_of_a_list_is_left_out_and_told(engine: stand_in.Engine) -> None:
    containers = [listed("a"), listed("b") | {"State": 5}, 7, listed("c")]
    engine.on("GET", r"/containers/json\?all=true", containers)
    odd = Odd()
    assert set(ask(engine, odd)) == {"a", "c"}
    assert [sentence.rpartition(": ")[2] for sentence in odd.sentences] == [
        "containers[1].State is not a text",
        "containers[2] is not an object",
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (stand_in.Refuse(500, "ill"), "500"),
        (stand_in.Raw(b"[" * 10_000), "is no"),
        (stand_in.Raw(b"{"), "is no JSON"),
        ({}, "containers is not a list"),
        ([listed("a")] * 600, "of 600 containers, the engine's first 500 are told"),
        (stand_in.DROP, "none"),
    ],
)
def test_a_list_that_an_engine_does_not_tell_is_told_of(
    engine: stand_in.Engine, answer: object, words: str
) -> None:
    engine.on("GET", r"/containers/json\?all=true", answer)
    odd = Odd()
    ask(engine, odd)
    assert words in odd.sentences[0]


def test_an_answer_that_is_too_large_is_not_read(
    engine: stand_in.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_engine, "ANSWER_BYTES", 1000)
    engine.on("GET", r"/containers/json\?all=true", [listed("a" * 1000)])
    odd = Odd()
    assert ask(engine, odd) == {}
    assert "larger than 1000 bytes" in odd.sentences[0]


def drip(sock: socket.socket, ended: threading.Event) -> None:
    """Answer a byte now and then, none of them late."""
    connection, _ = sock.accept()
    with connection, suppress(OSError):
        while not ended.wait(0.02):
            connection.send(b"H")


def test_an_engine_that_drips_is_left_when_the_time_is_over(tmp_path: Path) -> None:
    path, ended = str(tmp_path / "docker.sock"), threading.Event()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        dripping = threading.Thread(target=drip, args=(server, ended))
        dripping.start()
        begun, odd = time.monotonic(), Odd()
        with facts_engine.reading(path, odd, 0.3) as reader:
            assert reader.networks() == []
            assert reader.volumes() == []
        ended.set()
        dripping.join()
    assert time.monotonic() - begun < 20
    assert len(odd.sentences) == 2
    assert "has taken all the time" in odd.sentences[1]


def test_what_answers_and_is_no_engine_is_told_as_none(engine: stand_in.Engine) -> None:
    engine.on("GET", "/info", {"ServerVersion": 5})
    odd = Odd()
    facts = facts_engine.engine_facts(engine.path, odd)
    assert not facts["engine"]["running"]
    assert "ServerVersion" in odd.sentences[0]
    nowhere = facts_engine.engine_facts("/no\0where", Odd())
    assert not nowhere["engine"]["running"]


def test_of_many_labels_the_toolkits_are_told() -> None:
    many = {f"a{number}": "x" * 10_000 for number in range(1000)} | {"labocloud.managed": "true"}
    labels = facts_engine.labels_of(many)
    assert labels["labocloud.managed"] == "true"
    assert len(labels) == facts_engine.MOST_LABELS
    assert {len(value) for value in labels.values()} == {4, facts_engine.LONGEST_LABEL}


def test_an_answer_is_limited_and_what_is_cut_is_told() -> None:
    odd = Odd()
    deep = json.loads('{"a":' * 100 + "1" + "}" * 100)
    cut = limited({"a" * 2000: 1, "b": "x" * 10**6, "c": deep, "d": ["\udcff", 2**80, 1e999]}, odd)
    assert len(json.dumps(cut)) < 70_000
    assert cut["d"] == ["?", None, None]
    assert len(odd.sentences) == 3


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, b'{"revision": "abc"}', (200, "abc", "")),
        (200, b'["ok"]', (200, None, "it tells no revision")),
        (200, b'{"revision": 5}', (200, None, "it tells no revision")),
        (200, b"[" * 200_000, (200, None, "it tells no revision")),
        (200, b" " * 200_000 + b'{"revision": "abc"}', (200, None, "it tells no revision")),
        (500, b'{"revision": "abc"}', (500, None, "its status is 500")),
        (302, b"", (302, None, "its status is 302")),
        (200, None, (None, None, "no answer in time")),
    ],
)
def test_what_the_page_of_a_container_answers(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes | None, told: tuple
) -> None:
    """The module uses no proxy and follows no redirection."""
    answers = {"/healthz": (status, body), "/other": (200, b'{"revision": "other"}')}

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        """Answer with a redirection; where there is no body, send a byte now and then."""
        status, body = answers[handler.path]
        handler.send_response(status)
        handler.send_header("Location", "/other")
        handler.end_headers()
        with suppress(OSError):  # the client has closed the connection
            for _ in range(50 if body is None else 0):
                handler.wfile.write(b" ")
                time.sleep(0.1)
            handler.wfile.write(body or b"")

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with stand_in.serving(answer) as port:
        url = f"http://127.0.0.1:{port}"
        looking = facts_network.look_at(url, "flask", {"flask": RUNNING})
        looking.end = time.monotonic() + (0.3 if body is None else 60)
        page = looking.result()[url]
    assert (page["status"], page["revision"], page["why"]) == told


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:9", "Connection refused"),
        ("http://127.0.0.1:x", "Port could not be cast"),
        ("file:///etc/passwd", "no address that begins with http://"),
        ("http://", "no address that begins with http://"),
    ],
)
def test_why_a_page_does_not_answer(url: str, why: str) -> None:
    looking = facts_network.look_at(url, "flask", {"flask": RUNNING})
    looking.end = time.monotonic() + 60
    page = looking.result()[url]
    assert (page["status"], page["revision"]) == (None, None)
    assert why in page["why"]


def test_a_page_of_no_container_that_runs_is_not_asked_for() -> None:
    stopped = {"flask": RUNNING | {"state": "exited"}}
    for url, name, containers in (
        ("", "flask", {"flask": RUNNING}),
        ("http://x.example", "y", stopped),
    ):
        assert facts_network.look_at(url, name, containers).result() == {}
    assert facts_network.look_at("http://x.example", "flask", stopped).result() == {}


def test_of_a_registry_that_is_too_slow_the_same_is_told_whoever_notices_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The thread that tries it may notice first, or its caller."""

    def slow(*_: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", slow)
    registry = facts_network.reach(["server:5000"]).result()["server:5000"]
    assert (registry["reached"], registry["why"]) == (False, "no answer in time")


def test_registries_that_are_no_addresses() -> None:
    answers = facts_network.reach(["registry.example", "[::1]:9", "x:99999999", "é" * 99 + ":1"])
    reasons = {name: answer["why"] for name, answer in answers.result().items()}
    assert reasons["registry.example"] == "that is no HOST:PORT"
    assert reasons["[::1]:9"] in ("Connection refused", "Cannot assign requested address")
    assert not any(answer["reached"] for answer in answers.result().values())


def test_a_seat_that_hangs_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(**_: object) -> None:
        with suppress(Exception):
            time.sleep(9)

    monkeypatch.setattr(answer, "seat_facts", hang)
    monkeypatch.setattr(answer, "LONGEST", 1)
    result = stand_in.run(seat.main)
    assert result["failed"]
    assert "within 1 s. Fix: " in result["msg"]


# The oldest Python for which Ansible's own modules are made.
OLDEST = (3, 9)
NEWER = re.compile(r"bit_count\(\)|strict=|isinstance\([^)]*\|")


def shared(tree: ast.AST) -> set[str]:
    """Return the files of module_utils that a module imports."""
    paths = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and ".plugins.module_utils" in (node.module or ""):
            _, _, package = node.module.partition(".plugins.")
            place = PLUGINS / package.replace(".", "/")
            if place.is_dir():
                paths |= {place / f"{alias.name}.py" for alias in node.names}
            else:
                paths.add(place.with_suffix(".py"))
    return {str(path.relative_to(PLUGINS)) for path in paths}


def barred(tree: ast.AST) -> list[str]:
    """Return the fields of classes whose types have a bar, which 3.9 cannot evaluate."""
    return [
        ast.unparse(field)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for field in node.body
        if isinstance(field, ast.AnnAssign)
        and any(isinstance(part, ast.BinOp) for part in ast.walk(field.annotation))
    ]


def test_the_module_is_read_by_the_oldest_python_that_ansible_runs_on() -> None:
    """A seat whose Python is too old for the other modules can report it."""
    assert basic._PY_MIN == OLDEST
    waiting, seen = {"modules/seat.py"}, set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        text = (PLUGINS / name).read_text()
        assert not NEWER.search(text), name
        # With it, annotations are not evaluated.
        assert "from __future__ import annotations\n" in text, name
        tree = ast.parse(text, feature_version=OLDEST)
        # The annotations of shapes are evaluated nevertheless.
        are_evaluated = "shape_of(" in text or name == "module_utils/facts/seat.py"
        assert not are_evaluated or barred(tree) == [], name
        waiting |= shared(tree) - seen
    assert len(seen) > 8
