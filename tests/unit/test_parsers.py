"""Whatever a seat, a file or an archive says, what reads it gives what it promises, or refuses."""

import io
import ipaddress
import json
import re
import socket
import struct
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import image_tar
import mutated
import pytest
import sample_seat
import stand_in
from ansible.errors import AnsibleFilterError
from ansible_collections.labocloud.room.plugins.filter import openpgp
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
    reason,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.takeover import url_of
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import (
    identities,
    look,
    networks_of,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts import apt as facts_apt
from ansible_collections.labocloud.room.plugins.module_utils.facts import engine as facts_engine
from ansible_collections.labocloud.room.plugins.module_utils.facts import machine as facts_machine
from ansible_collections.labocloud.room.plugins.module_utils.facts import network as facts_network
from ansible_collections.labocloud.room.plugins.module_utils.facts import odd as facts_odd
from ansible_collections.labocloud.room.plugins.module_utils.facts.gather import seat_facts
from ansible_collections.labocloud.room.plugins.module_utils.images import archive_names
from ansible_collections.labocloud.room.plugins.module_utils.mounts import parse_mounts
from ansible_collections.labocloud.room.plugins.module_utils.passwords import without_passwords
from ansible_collections.labocloud.room.plugins.module_utils.reset.ownership import (
    ID,
    Claims,
    is_meant,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.plan import plan
from ansible_collections.labocloud.room.plugins.module_utils.shapes import faults
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import cleaned
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_shape import SEAT, shaped
from hypothesis import given
from hypothesis import strategies as st
from mutated import bounded, json_of, text_of

STATE = json.dumps(
    {
        "version": 3,
        "before": sample_seat.SEAT["before"],
        "files": {},
        "brought": {"packages": ["zstd"], "making": None, "coming": ["runc"]},
        "served": ["r1"],
        "built": {"images": {"a:1": "print"}, "bases": {}},
    }
)
CONTAINERS = mutated.answers("/containers/json?all=true")
DESCRIBED = [answer for answer in mutated.answers("/containers/") if isinstance(answer, dict)]
IMAGES = [answer for answer in mutated.answers("/images/") if isinstance(answer, dict)]
# What an engine's answer of another shape raises; the module then tells that it cannot tell.
OTHER_SHAPE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\n'
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFh5GqYqzGrzmvhVVwPcqoBSNnuZF6vzWtA4R1mXQqJ8 root@pc\n"
DPKG = (
    "Package: docker.io\nStatus: hold ok installed\nVersion: 26.1.5\n\n"
    "Package: zstd\nStatus: install ok half-configured\nVersion: 1.5\n"
)
ENVIRONMENT = 'PATH="/usr/bin"\nhttp_proxy="http://eleve:secret@p.example:3128/"\n'
APT = 'Acquire "";\nAcquire::http::Proxy "http://eleve:secret@p.example:3128/";\n'
FIB_TRIE = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.0.2.7\n        /32 host LOCAL\n"
MOUNTS = (
    "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n70 27 8:1 /a\\040b /var/lib/docker/v rw - ext4 x rw\n"
)
PGP = (Path(__file__).parents[2] / "molecule/refusals/files/other.asc").read_text()


@contextmanager
def refused(kind: type[Exception], why: str) -> Iterator[None]:
    """Allow an error of a kind, and check that it has the reason."""
    message = why
    try:
        yield
    except kind as error:
        message = str(error)
    assert why in message


@bounded
@given(text_of([OS_RELEASE]))
def test_os_release(text: str) -> None:
    values = facts_machine.parse_os_release(text)
    assert set(values) == {"id", "version", "codename", "name"}
    assert not any("\n" in value or '"' in value for value in values.values())


@bounded
@given(text_of([DPKG]))
def test_a_status_of_dpkg(text: str) -> None:
    packages, held, unfinished = facts_apt.parse_dpkg_status(text)
    assert set(held) <= set(packages)
    assert all(
        re.search(f"^Package: {re.escape(name)}$", text, re.MULTILINE) for name in unfinished
    )


@pytest.mark.skipif(sys.byteorder != "little", reason="it is written as such a machine does")
@bounded
@given(
    st.lists(
        st.tuples(
            st.ip_addresses(), st.integers(0, 65535), st.booleans(), st.integers(0, 2**64 - 1)
        )
    )
)
def test_listeners_of_any_address(sockets: list[tuple[Any, int, bool, int]]) -> None:
    for version in (4, 6):
        lines, expected = ["sl local_address"], []
        for address, port, listens, inode in sockets:
            if address.version != version:
                continue
            words = struct.unpack(f"={len(address.packed) // 4}I", address.packed)
            written = "".join(
                f"{int.from_bytes(struct.pack('<I', w), 'little'):08X}" for w in words
            )
            state = "0A" if listens else "01"
            lines.append(f"0: {written}:{port:04X} 0:0 {state} 0:0 0:0 0 0 0 {inode} 1")
            if listens:
                expected.append(
                    {"port": port, "address": as_libc_writes(address), "inode": str(inode)}
                )
        assert facts_network.parse_listeners("\n".join(lines)) == expected


def as_libc_writes(address: Any) -> str:  # noqa: ANN401  # of either version
    """Return an address as the C library writes it, which sometimes differs from Python's form."""
    return socket.inet_ntop(
        socket.AF_INET if address.version == 4 else socket.AF_INET6, address.packed
    )


@pytest.mark.skipif(sys.byteorder != "little", reason="it is written as such a machine does")
@bounded
@given(st.lists(st.tuples(st.ip_addresses(v=4), st.integers(0, 32))))
def test_routes_to_any_network(networks: list[tuple[ipaddress.IPv4Address, int]]) -> None:
    lines, expected = ["Iface Destination"], []
    for address, length in networks:
        network = ipaddress.ip_network(f"{address}/{length}", strict=False)
        to, mask = (
            f"{int.from_bytes(address_or_mask.packed, 'little'):08X}"
            for address_or_mask in (network.network_address, network.netmask)
        )
        lines.append(f"eth0\t{to}\t0\t1\t0\t0\t0\t{mask}\t0\t0\t0")
        expected.append({"to": str(network), "interface": "eth0"})
    assert facts_network.parse_routes("\n".join(lines)) == expected


@bounded
@given(text_of([FIB_TRIE]))
def test_addresses_of_the_seat(text: str) -> None:
    assert all(
        re.fullmatch(r"[\d.]+/\d+", address) for address in facts_network.parse_addresses(text)
    )


@bounded
@given(text_of([ENVIRONMENT]), text_of([APT]))
def test_a_proxy(environment: str, apt: str) -> None:
    texts = [*facts_machine.assignments(environment).values(), *facts_apt.proxies(apt)]
    for named in map(facts_network.plain_proxy, texts):
        assert named == "" or re.fullmatch(r"https?://[^\"'\s;@]+", named, re.IGNORECASE)
        assert "secret" not in named


@bounded
@given(
    json_of(
        [{"proxies": {"http-proxy": "http://a:b@p.example:1"}, "mirrors": ["http://c:d@m.example"]}]
    )
)
def test_no_password_is_told_of_a_configuration(config: Any) -> None:  # noqa: ANN401
    cleaned_config = without_passwords(config)
    assert not {"a:b", "c:d"} & set(re.findall("[ac]:[bd]", json.dumps(cleaned_config)))
    assert without_passwords(cleaned_config) == cleaned_config


@bounded
@given(text_of([KEY]))
def test_a_host_key(text: str) -> None:
    assert re.fullmatch("(SHA256:[A-Za-z0-9+/]{43})?", facts_machine.parse_host_key(text))


@bounded
@given(text_of(['{"data-root": "/srv", "proxies": {}}']))
def test_an_object_of_json(text: str) -> None:
    assert isinstance(facts_machine.parse_object(text), dict | None)


@bounded
@given(st.binary() | text_of(["sha256:" + "a" * 64]).map(str.encode))
def test_a_link_of_the_registry_holds_a_digest_or_nothing(tmp_path: Path, content: bytes) -> None:
    link = tmp_path / "link"
    link.write_bytes(content)
    assert re.fullmatch("(sha256:[0-9a-f]{64})?", facts_network.linked_digest(link))


LISTENERS = st.fixed_dictionaries(
    {
        "port": st.integers(80, 85),
        "address": st.sampled_from(["0.0.0.0", "::"]),
        "inode": st.sampled_from(["1", "2", "3"]),
    }
)
HOLDERS = st.dictionaries(
    st.sampled_from(["1", "2"]),
    st.fixed_dictionaries(
        {"process": st.sampled_from(["docker-proxy", "x\x1b", ""]), "pid": st.integers(1)}
    ),
)
PUBLISHING = st.dictionaries(
    st.sampled_from(["flask", "web"]),
    st.fixed_dictionaries(
        {
            "state": st.sampled_from(["running", "exited"]),
            "ports": st.lists(
                st.fixed_dictionaries(
                    {
                        "address": st.sampled_from(["0.0.0.0", "::", "192.0.2.7"]),
                        "port": st.integers(80, 85),
                        "protocol": st.sampled_from(["tcp", "udp"]),
                    }
                ),
                max_size=4,
            ),
        }
    ),
)


@bounded
@given(st.lists(LISTENERS), HOLDERS, PUBLISHING)
def test_each_port_has_its_holders(
    listeners: list[Any], sockets: dict[str, Any], containers: dict[str, Any]
) -> None:
    holders = facts_network.name_holders(listeners, sockets, containers)
    published = {
        (binding["port"], name)
        for name, container in containers.items()
        if container["state"] == "running"
        for binding in container["ports"]
        if binding["protocol"] == "tcp"
    }
    listened = {listener["port"] for listener in listeners}
    assert {holder["port"] for holder in holders} == listened | {port for port, _ in published}
    assert [holder["port"] for holder in holders] == sorted(holder["port"] for holder in holders)
    for holder in holders:
        assert holder["container"] is None or (holder["port"], holder["container"]) in published
        assert holder["container"] is None or holder["process"] in ("docker-proxy", None)


@bounded
@given(json_of(DESCRIBED))
def test_the_settings_of_a_container(described: dict[str, Any]) -> None:
    if list(faults(described, facts_engine.CONTAINER, "")):
        return
    settings = facts_engine.container_settings(described)
    assert {*facts_engine.CONTAINER_SETTINGS, "User", "Mounts", "PortBindings"} == set(settings)
    lists = [value for value in settings.values() if isinstance(value, list)]
    assert all(len(entries) <= facts_engine.ENTRIES for entries in lists)


@bounded
@given(json_of(IMAGES))
def test_an_image_has_a_fingerprint(image: dict[str, Any]) -> None:
    if list(faults(image, facts_engine.IMAGE, "")):
        return
    facts = facts_engine.image_facts({"a:1": image})
    assert re.fullmatch("[0-9a-f]{64}", facts["a:1"]["fingerprint"])


@bounded
@given(json_of(mutated.answers("/networks")), json_of(mutated.answers("/info")))
def test_the_networks_of_an_engine(networks: list[Any], info: dict[str, Any]) -> None:
    valid = [network for network in networks if not list(faults(network, facts_engine.NETWORK, ""))]
    if list(faults(info, facts_engine.INFO, "")):
        return
    facts = facts_engine.docker_network_facts(valid, info)
    assert not list(faults(facts["docker"], SEAT["network"]["docker"], "docker"))
    assert isinstance(facts["docker_mtu"], int)
    assert isinstance(facts["docker_proxy"], bool)


# What an engine has answered, by the pattern of the question.
ANSWERS = {
    "/info": mutated.answers("/info"),
    "/images/json": mutated.answers("/images/json"),
    "/images/[^/]+/json": IMAGES,
    "/containers/json.*": CONTAINERS,
    "/containers/[^/]+/json": DESCRIBED,
    "/networks": mutated.answers("/networks"),
    "/volumes": mutated.answers("/volumes"),
}
ODD_ANSWER = st.sampled_from(
    [
        stand_in.DROP,
        stand_in.Refuse(500, "ill"),
        stand_in.Refuse(404),
        stand_in.Raw(b""),
        stand_in.Raw(b"{"),
        stand_in.Raw(b"\xff"),
        stand_in.Raw(b"[" * 200_000),
        stand_in.Raw(b'{"a": NaN}'),
        stand_in.Raw(b"9" * 5000),
    ]
)
FILES = {
    facts_machine.OS_RELEASE: OS_RELEASE,
    facts_machine.MACHINE_ID: "0123456789abcdef0123456789abcdef\n",
    facts_machine.DAEMON_JSON: '{"data-root": "/srv", "proxies": {"http-proxy": "http://a:b@c.example"}}',
    facts_machine.ENGINES_PIDS[1]: "1\n",
    facts_network.ENVIRONMENT: ENVIRONMENT,
    facts_apt.STATUS: DPKG,
    "/proc/net/tcp": "sl\n0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 4242 1\n",
    "/proc/net/route": "Iface\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\n",
    "/proc/net/fib_trie": FIB_TRIE,
    "/proc/stat": "cpu 1\nbtime 1795500000\n",
    "/proc/1/stat": "1 (init) S " + "1 " * 50,
    facts_network.REGISTRY_CA: "-----BEGIN CERTIFICATE-----\n",
    facts_network.REGISTRY_CERTIFICATE: "-----BEGIN CERTIFICATE-----\n",
    "/var/lib/labocloud/state.json": STATE,
}


@bounded
@given(st.data())
def test_a_seat_always_answers_in_its_shape(engine: stand_in.Engine, data: st.DataObject) -> None:
    """Each of its files and of its engine's answers, broken at random."""
    for question, answers in ANSWERS.items():
        engine.on("GET", question, data.draw(json_of(answers) | ODD_ANSWER))
    texts = {
        path: data.draw(
            text_of([text]).map(lambda broken: broken.encode(errors="replace")) | st.none()
        )
        for path, text in FILES.items()
    }

    def content(path: str | Path, _most: int = 0) -> bytes:
        file_content = texts.get(str(path))
        if file_content is None:
            raise FileNotFoundError
        return file_content

    with (
        mock.patch.object(facts_odd, "content", content),
        mock.patch.object(state, "content", content),
        mock.patch.object(facts_network, "socket_holders", return_value={}),
        mock.patch.object(facts_apt, "APT_CONFIG", ("/no/such/command",)),
    ):
        facts = seat_facts(engine.path, 0.0)
    assert list(faults(facts, dict(SEAT), "seat")) == []
    # The control machine takes exactly what the seat answers.
    cleaned_facts = shaped({"seat": facts})
    assert cleaned_facts["odd"] == [
        " ".join(cleaned(sentence).split()) for sentence in facts["odd"]
    ]
    assert json.loads(json.dumps(facts)) == facts


@bounded
@given(json_of(CONTAINERS))
def test_the_networks_of_a_container(listed: list[Any]) -> None:
    for container in listed:
        try:
            names = networks_of(container)
        except OTHER_SHAPE:
            continue
        assert set(container["NetworkSettings"]["Networks"] if names else []) <= set(names)


IDS = st.text("0123456789abcdef", min_size=64, max_size=64)


@bounded
@given(st.data(), IDS, st.lists(st.text(), max_size=3))
def test_what_an_entry_means(data: st.DataObject, key: str, names: list[str]) -> None:
    """An ID or a digest is never a name, whatever a student calls a thing."""
    digest = f"python@sha256:{key[::-1]}"
    short = key[: data.draw(st.integers(12, 64))]
    assert is_meant(short, f"sha256:{key}", [], [])
    assert is_meant(f"sha256:{short}", key, [], [])
    assert is_meant(f"other{digest[6:]}", key, [], [digest])
    entry = data.draw(text_of([short, digest, "tp3:1", *names]))
    means = is_meant(entry, "sha256:" + "z" * 64, [entry, *names], [])
    assert means is not bool("@" in entry or ID.fullmatch(entry))


@bounded
@given(st.data())
def test_nothing_goes_that_was_there_before(engine: stand_in.Engine, data: st.DataObject) -> None:
    """It stays whatever the engine answers now, as long as its ID is the same."""
    engine.become("26.1")
    with closing(DockerConnection(engine.path)) as docker:
        seat = look(docker)
    before = {"ids": identities(seat), "volumes": ["data", "options"]}
    now = data.draw(json_of([seat]))
    try:
        things = plan(now, Claims(before, {}, frozenset(), []))
    except OTHER_SHAPE:
        return
    previous = [*before["volumes"], before["ids"]["swarm"]]
    for kind in ("containers", "networks", "plugins", "cache", "images"):
        previous += before["ids"][kind]
    kinds = [kind for kind in things.values() if isinstance(kind, list)]
    assert not [
        removal for kind in kinds for removal in kind if removal["id"] in previous and removal["id"]
    ]


@bounded
@given(json_of(DESCRIBED))
def test_where_a_container_answers(described: dict[str, Any]) -> None:
    try:
        url = url_of(described, 8888)
    except OTHER_SHAPE:
        return
    assert url == "" or url.startswith("http://")


@bounded
@given(text_of(['POST /x: 409 {"message": "in use"}']), st.sampled_from([409, 500]))
def test_the_reason_of_an_engines_error(text: str, status: int) -> None:
    assert isinstance(reason(EngineError(status, text)), str)


@bounded
@given(text_of([MOUNTS]))
def test_a_list_of_mounts(text: str) -> None:
    with refused(ValueError, "no line of mountinfo"):
        mounts = parse_mounts(text)
        assert len(mounts) == len([line for line in text.split("\n") if line])


@bounded
@given(text_of([PGP]))
def test_a_key_of_openpgp(text: str) -> None:
    with refused(AnsibleFilterError, "this is no OpenPGP key"):
        fingerprints = openpgp.openpgp_fingerprints(text)
        assert fingerprints
        assert all(
            re.fullmatch("[0-9A-F]{40}|[0-9A-F]{64}", fingerprint) for fingerprint in fingerprints
        )


@bounded
@given(
    st.binary()
    | text_of(['{"version": 2, "images": {}}', STATE]).map(str.encode)
    | json_of([json.loads(STATE)]).map(json.dumps).map(str.encode)
)
def test_what_is_remembered_is_read_or_torn(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("state", numbered=True)
    (folder / "state.json").write_bytes(content)
    with refused(state.TornError, "state.json"):
        memory = state.read(folder)
        # And what is read can be written, and is the same then.
        state.update(lambda changed: changed.served.append("r"), folder)
        memory.served.append("r")
        assert state.read(folder) == memory


NAMES = ("labocloud-saved:cccccccccccc", "python:3")
LISTS = {
    "manifest.json": json.loads(image_tar.manifest(*NAMES)),
    "index.json": json.loads(image_tar.index(*NAMES)),
    "repositories": {"python": {"3": "x"}},
}
# In each list something is odd, or it is torn, or it lacks.
ODD_LISTS = st.fixed_dictionaries(
    {},
    optional={
        name: json_of([content]).map(json.dumps) | text_of([json.dumps(content)])
        for name, content in LISTS.items()
    },
)


def archive(lists: dict[str, str], lacks: int) -> io.BytesIO:
    """Return an archive of images with these lists, without its last bytes."""
    files = {name: text.encode(errors="replace") for name, text in lists.items()}
    whole = image_tar.tar((image_tar.LAYER, b"a"), (image_tar.CONFIG, b"{}"), *files.items())
    return io.BytesIO(whole[: len(whole) - lacks])


@bounded
@given(ODD_LISTS, st.sampled_from([0, 0, 0, 9000]), st.booleans())
def test_names_in_an_archive(lists: dict[str, str], lacks: int, whole: bool) -> None:
    with suppress(archive_names.WrongArchiveError, tarfile.TarError):
        names = archive_names.names_in(archive(lists, lacks), whole=whole)
        assert all(isinstance(name, str) for name in names)
