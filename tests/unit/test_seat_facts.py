"""What seat_facts concludes from what a machine shows."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import stand_in
import yaml
from ansible.modules import apt
from ansible_collections.labocloud.room.plugins.module_utils import record
from ansible_collections.labocloud.room.plugins.module_utils.docker_engine import DockerConnection
from ansible_collections.labocloud.room.plugins.modules import seat_facts
from hypothesis import given
from hypothesis import strategies as st

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
    packages, held, _ = seat_facts.parse_dpkg_status(status)
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
    assert seat_facts.parse_dpkg_status(text)[2] == (["x"] if unfinished else [])


FIELDS = st.sampled_from(
    ["Package: x", "Status: install ok unpacked", "Version: 1", "", " y", "Status:"]
)


@given(st.lists(FIELDS | st.text()))
def test_any_status_file_is_read(lines: list[str]) -> None:
    """A power cut may leave anything in it."""
    packages, held, unfinished = seat_facts.parse_dpkg_status("\n".join(lines))
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


@pytest.mark.parametrize(
    ("text", "value"), [("", None), ("[1]", None), ("{", None), ('{"a": 1}', {"a": 1})]
)
def test_an_object_is_read_and_nothing_else(text: str, value: dict | None) -> None:
    assert seat_facts.parse_object(text) == value


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the records are, for a test."""
    directory = tmp_path / "labocloud"
    for function in (record.read_record, record.write_record):
        monkeypatch.setattr(function, "__defaults__", (directory,))
    return directory


def test_a_seat_without_records_was_never_touched(records: Path, tmp_path: Path) -> None:
    told = seat_facts.seat_facts(str(tmp_path / "no.sock"), None, [])
    assert not records.exists()
    assert (told["before"], told["brought"]) == (None, {"packages": [], "users": []})
    assert (told["built"], told["served"], told["torn"]) == ({}, [], [])
    assert not told["apt"]["interrupted"]


def test_what_is_recorded_is_told(records: Path, tmp_path: Path) -> None:
    record.write_record("before", {"packages": ["bash"]})
    record.write_record("brought", {"packages": ["zstd"], "users": [], "coming": ["dpkg", "none"]})
    (records / "built.json").write_text("{")
    told = seat_facts.seat_facts(str(tmp_path / "no.sock"), None, [])
    assert told["before"] == {"packages": ["bash"]}
    assert told["brought"] == {"packages": ["dpkg", "zstd"], "users": []}
    assert told["apt"]["interrupted"]
    assert [sentence.split(" cannot")[0] for sentence in told["torn"]] == [f"{records}/built.json"]


@pytest.mark.parametrize("name", record.NAMES)
@pytest.mark.parametrize("text", ["", '{"packages": ["bas', "null"])
def test_a_torn_record_is_told(records: Path, name: str, text: str) -> None:
    """And is not taken for one that is not there."""
    records.mkdir()
    (records / f"{name}.json").write_text(text)
    _, [sentence] = seat_facts.record_facts()
    assert sentence.startswith(str(records / f"{name}.json"))


def test_what_an_interrupted_installation_brought() -> None:
    """Of what was coming, what is there; whatever dpkg had still to do with it."""
    coming = {"packages": ["zstd"], "users": ["eleve"], "coming": ["docker.io", "runc"]}
    told = seat_facts.brought_facts(coming, {"runc", "bash"})
    assert told == {"packages": ["runc", "zstd"], "users": ["eleve"]}
    assert seat_facts.apt_facts(coming, [])["interrupted"]
    assert not seat_facts.apt_facts(told, [])["interrupted"]
    assert seat_facts.brought_facts(None, {"bash"}) == {"packages": [], "users": []}
    # What else is in the record stays in it when the next one goes on from here.
    made = {"containers": ["id"], "making": "flask-next"}
    assert seat_facts.brought_facts(coming | made, set()).items() >= made.items()


@pytest.mark.parametrize(
    ("brought", "text", "whose"),
    [
        ({"policy_rc_d": True}, "#!/bin/sh\nexit 101\n", "left"),
        ({"policy_rc_d": True}, "", "left"),
        # A school's own, of the same text or another.
        ({"policy_rc_d": False}, "#!/bin/sh\nexit 101\n", "other"),
        ({}, "#!/bin/sh\nexit 101\n", "other"),
        ({"policy_rc_d": True}, "#!/bin/sh\nexit 0\n", "other"),
        ({"policy_rc_d": True}, None, "absent"),
    ],
)
def test_whose_policy_rc_d_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brought: dict, text: str | None, whose: str
) -> None:
    monkeypatch.setattr(seat_facts, "POLICY_RC_D", str(tmp_path / "policy-rc.d"))
    if text is not None:
        (tmp_path / "policy-rc.d").write_text(text)
    assert seat_facts.apt_facts(brought, [])["policy_rc_d"] == whose


def test_the_policy_is_what_ansibles_apt_writes() -> None:
    source = Path(apt.__file__).read_text()
    assert r"policy_rc_d.write('#!/bin/sh\nexit %d\n' % self.m.params['policy_rc_d'])" in source
    assert "#!/bin/sh\nexit 101\n" in seat_facts.ANSIBLES_POLICY


def test_the_journal_of_dpkg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seat_facts, "DPKG_JOURNAL", str(tmp_path / "[0-9]*"))
    (tmp_path / "tmp.i").touch()
    assert not seat_facts.apt_facts({}, [])["journal"]
    (tmp_path / "0003").touch()
    assert seat_facts.apt_facts({}, [])["journal"]


@pytest.mark.parametrize(
    ("entries", "data"), [([], False), (["lost+found"], False), (["lost+found", "image"], True)]
)
def test_what_a_file_system_keeps_is_not_dockers_data(
    tmp_path: Path, entries: list[str], data: bool
) -> None:
    """A disk of its own for Docker, fresh."""
    for entry in entries:
        (tmp_path / entry).mkdir()
    assert seat_facts.has_data(str(tmp_path)) is data
    assert not seat_facts.has_data(str(tmp_path / "none"))


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
        ("http_proxy=http://eleve:s%40cret@p.example:3128", "http://p.example:3128"),
        ('Acquire::http::Proxy "http://it.example:b/c@p.example:3128/";', "http://p.example:3128/"),
        ("https_proxy=http://token@p.example:3128", "http://p.example:3128"),
        ("PATH=/usr/bin\n", ""),
    ],
)
def test_a_proxy_that_a_file_names(text: str, proxy: str) -> None:
    assert seat_facts.parse_proxy(text) == proxy


@given(
    user=st.text(st.characters(exclude_characters="\n"), min_size=1),
    line=st.sampled_from(
        ["http_proxy={}", "export HTTPS_PROXY='{}'", 'Acquire::http::Proxy "{}";']
    ),
)
def test_whatever_the_password_of_a_proxy_is_nothing_of_it_is_told(user: str, line: str) -> None:
    named = seat_facts.parse_proxy(line.format(f"http://{user}@p.example:3128"))
    assert named in ("http://p.example:3128", "")


def test_a_password_in_daemon_json_is_not_told() -> None:
    config = {
        "proxies": {"http-proxy": "http://eleve:secret@p.example:3128", "no-proxy": "a@b"},
        "registry-mirrors": ["https://u.example:p@s.example/s s@mirror.example"],
        "log-opts": {"max-size": "10m"},
        "debug": True,
    }
    assert seat_facts.without_passwords(config) == {
        "proxies": {"http-proxy": "http://p.example:3128", "no-proxy": "a@b"},
        "registry-mirrors": ["https://mirror.example"],
        "log-opts": {"max-size": "10m"},
        "debug": True,
    }


ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIFh5GqYqzGrzmvhVVwPcqoBSNnuZF6vzWtA4R1mXQqJ8"


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "ssh-ed25519 no", "\x1b[31m é", " "])
def test_what_is_no_host_key_has_no_fingerprint(text: str) -> None:
    assert seat_facts.parse_host_key(text) == ""


def test_a_host_key_has_the_fingerprint_that_openssh_prints(tmp_path: Path) -> None:
    key = tmp_path / "key.pub"
    key.write_text(f"ssh-ed25519 {ED25519} root@pc1\n")
    told = subprocess.run(["ssh-keygen", "-lf", key], capture_output=True, text=True, check=True)
    assert seat_facts.parse_host_key(key.read_text()) == told.stdout.split()[1]


def test_this_machine_is_the_same_twice_and_no_copy_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine-id itself is not told."""
    ids = tmp_path / "machine-id"
    monkeypatch.setattr(seat_facts, "MACHINE_ID", str(ids))
    ids.write_text("0123456789abcdef0123456789abcdef\n")
    mine = seat_facts.machine_facts()
    assert seat_facts.machine_facts() == mine
    assert "0123456789abcdef" not in json.dumps(mine)
    read = seat_facts.read
    for other in ("boot_id", "/address"):
        monkeypatch.setattr(
            seat_facts, "read", lambda path, it=other: "x" if path.endswith(it) else read(path)
        )
        copy = seat_facts.machine_facts()
        assert copy["id"] == mine["id"]
        assert copy["running"] != mine["running"]
    ids.write_text("")
    assert (seat_facts.machine_facts()["id"], seat_facts.machine_facts()["running"]) == ("", "")


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


@pytest.mark.parametrize(
    ("pid", "seconds", "outdated"),
    [
        (str(os.getpid()), 10, True),
        (str(os.getpid()), -10, False),
        ("", 10, False),
        (str(2**22 + 1), 10, False),
    ],
)
def test_a_configuration_that_is_newer_than_the_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pid: str, seconds: int, outdated: bool
) -> None:
    """Where no engine runs, the next one reads it."""
    started = seat_facts.started_at(str(os.getpid()))
    old, new = tmp_path / "old", tmp_path / "new"
    for file, when in ((old, started - 100), (new, started + seconds)):
        file.touch()
        os.utime(file, (when, when))
    read = seat_facts.read
    monkeypatch.setattr(
        seat_facts, "read", lambda path: f"{pid}\n" if path.endswith("docker.pid") else read(path)
    )
    assert seat_facts.outdated([str(old), str(new)]) is outdated


def test_a_socket_is_known_by_who_holds_it() -> None:
    with socket.socket() as listening:
        inode = os.readlink(f"/proc/self/fd/{listening.fileno()}")[len("socket:[") : -1]
        holder = seat_facts.socket_holders()[inode]
    assert holder["pid"] == os.getpid()
    assert holder["process"] == Path("/proc/self/comm").read_text().strip()


def test_who_signed_a_certificate() -> None:
    name = ((("commonName", "R3"),), (("organizationName", "Let's Encrypt"),))
    assert seat_facts.issuer_of({"issuer": name}) == "Let's Encrypt"
    assert seat_facts.issuer_of({"issuer": name[:1]}) == "R3"
    assert seat_facts.issuer_of({}) == ""
