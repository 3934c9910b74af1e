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

import image_tar
import mutated
import pytest
import stand_in
from ansible.errors import AnsibleFilterError
from ansible_collections.labocloud.room.plugins.filter import openpgp
from ansible_collections.labocloud.room.plugins.module_utils import archive_names, record
from ansible_collections.labocloud.room.plugins.module_utils.docker_engine import (
    DockerConnection,
    EngineError,
    fingerprint,
    fingerprint_1,
)
from ansible_collections.labocloud.room.plugins.modules import (
    docker_root,
    seat_facts,
    seat_students,
)
from ansible_collections.labocloud.room.plugins.modules.flask_container import reason, url_of
from hypothesis import given
from hypothesis import strategies as st
from mutated import bounded, json_of, text_of

CONTAINERS = mutated.answers("/containers/json?all=true")
DESCRIBED = [one for one in mutated.answers("/containers/") if isinstance(one, dict)]
IMAGES = [one for one in mutated.answers("/images/") if isinstance(one, dict)]
# What an engine's answer of another shape raises; the module then tells that it cannot tell.
OTHER_SHAPE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\n'
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFh5GqYqzGrzmvhVVwPcqoBSNnuZF6vzWtA4R1mXQqJ8 root@pc\n"
DPKG = (
    "Package: docker.io\nStatus: hold ok installed\nVersion: 26.1.5\n\n"
    "Package: zstd\nStatus: install ok half-configured\nVersion: 1.5\n"
)
PROXY = (
    'PATH="/usr/bin"\nhttp_proxy="http://eleve:secret@p.example:3128/"\n',
    'Acquire::http::Proxy "http://eleve:secret@p.example:3128/";\n',
)
FIB_TRIE = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.0.2.7\n        /32 host LOCAL\n"
MOUNTS = (
    "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n70 27 8:1 /a\\040b /var/lib/docker/v rw - ext4 x rw\n"
)
PGP = (Path(__file__).parents[2] / "molecule/refusals/files/other.asc").read_text()


@contextmanager
def refused(kind: type[Exception], why: str) -> Iterator[None]:
    """Let something be refused, for a reason."""
    said = why
    try:
        yield
    except kind as error:
        said = str(error)
    assert why in said


@bounded
@given(text_of([OS_RELEASE]))
def test_os_release(text: str) -> None:
    told = seat_facts.parse_os_release(text)
    assert set(told) == {"id", "version", "codename", "name"}
    assert not any("\n" in value or '"' in value for value in told.values())


@bounded
@given(text_of([DPKG]))
def test_a_status_of_dpkg(text: str) -> None:
    packages, held, unfinished = seat_facts.parse_dpkg_status(text)
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
        lines, wanted = ["sl local_address"], []
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
                wanted.append({"port": port, "address": told(address), "inode": str(inode)})
        assert seat_facts.parse_listeners("\n".join(lines)) == wanted


def told(address: Any) -> str:  # noqa: ANN401  # of either version
    """Give an address as the C library writes it, which Python does not in each case."""
    return socket.inet_ntop(
        socket.AF_INET if address.version == 4 else socket.AF_INET6, address.packed
    )


@pytest.mark.skipif(sys.byteorder != "little", reason="it is written as such a machine does")
@bounded
@given(st.lists(st.tuples(st.ip_addresses(v=4), st.integers(0, 32))))
def test_routes_to_any_network(networks: list[tuple[ipaddress.IPv4Address, int]]) -> None:
    lines, wanted = ["Iface Destination"], []
    for address, length in networks:
        network = ipaddress.ip_network(f"{address}/{length}", strict=False)
        to, mask = (
            f"{int.from_bytes(one.packed, 'little'):08X}"
            for one in (network.network_address, network.netmask)
        )
        lines.append(f"eth0\t{to}\t0\t1\t0\t0\t0\t{mask}\t0\t0\t0")
        wanted.append({"to": str(network), "interface": "eth0"})
    assert seat_facts.parse_routes("\n".join(lines)) == wanted


@bounded
@given(text_of([FIB_TRIE]))
def test_addresses_of_the_seat(text: str) -> None:
    assert all(re.fullmatch(r"[\d.]+/\d+", one) for one in seat_facts.parse_addresses(text))


@bounded
@given(text_of(list(PROXY)))
def test_a_proxy(text: str) -> None:
    named = seat_facts.parse_proxy(text)
    assert named == "" or re.fullmatch(r"https?://[^\"'\s;@]+", named, re.IGNORECASE)


@bounded
@given(
    json_of(
        [{"proxies": {"http-proxy": "http://a:b@p.example:1"}, "mirrors": ["http://c:d@m.example"]}]
    )
)
def test_no_password_is_told_of_a_configuration(config: Any) -> None:  # noqa: ANN401
    shown = seat_facts.without_passwords(config)
    assert not {"a:b", "c:d"} & set(re.findall("[ac]:[bd]", json.dumps(shown)))
    assert seat_facts.without_passwords(shown) == shown


@bounded
@given(text_of([KEY]))
def test_a_host_key(text: str) -> None:
    assert re.fullmatch("(SHA256:[A-Za-z0-9+/]{43})?", seat_facts.parse_host_key(text))


@bounded
@given(text_of(['{"data-root": "/srv", "proxies": {}}']))
def test_an_object_of_json(text: str) -> None:
    assert isinstance(seat_facts.parse_object(text), dict | None)


@bounded
@given(st.binary() | text_of(["sha256:" + "a" * 64]).map(str.encode))
def test_a_link_of_the_registry_holds_a_digest_or_nothing(tmp_path: Path, content: bytes) -> None:
    link = tmp_path / "link"
    link.write_bytes(content)
    assert re.fullmatch("(sha256:[0-9a-f]{64})?", seat_facts.linked_digest(link))


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
            "ports": st.lists(st.integers(80, 85), unique=True),
        }
    ),
)


@bounded
@given(st.lists(LISTENERS), HOLDERS, PUBLISHING)
def test_each_port_has_its_holders(
    listeners: list[Any], sockets: dict[str, Any], containers: dict[str, Any]
) -> None:
    held = seat_facts.name_holders(listeners, sockets, containers)
    published = {
        port for one in containers.values() if one["state"] == "running" for port in one["ports"]
    }
    assert {one["port"] for one in held} == {one["port"] for one in listeners} | published
    assert len(held) == len(listeners) + len(published - {one["port"] for one in listeners})
    for one in held:
        container = one["container"]
        assert container is None or one["port"] in containers[container]["ports"]
        assert container is None or one["process"] in ("docker-proxy", None)


@bounded
@given(json_of(DESCRIBED))
def test_the_settings_of_a_container(described: dict[str, Any]) -> None:
    try:
        settings = seat_facts.container_settings(described)
    except OTHER_SHAPE:
        return
    assert {*seat_facts.CONTAINER_SETTINGS, "User", "Mounts", "PortBindings"} == set(settings)
    lists = [value for value in settings.values() if isinstance(value, list)]
    assert all(len(one) <= seat_facts.ENTRIES for one in lists)


@bounded
@given(json_of(IMAGES), st.sampled_from(["mark", None]))
def test_an_image_is_the_toolkits_by_its_fingerprint_alone(
    image: dict[str, Any], mark: str | None
) -> None:
    try:
        facts = seat_facts.image_facts({"a:1": image})
        ours = fingerprint_1(image) if mark is None else mark
    except OTHER_SHAPE:
        return
    assert re.fullmatch("[0-9a-f]{64}", facts["a:1"]["fingerprint"])
    built = seat_facts.built_facts({"a:1": ours, "gone:1": ours}, {"a:1": image})
    wanted = {"a:1": fingerprint(image)} if mark is None else {}
    assert built == {"images": wanted, "bases": {}}


@bounded
@given(json_of(mutated.answers("/networks")), json_of(mutated.answers("/info")))
def test_the_networks_of_an_engine(networks: list[Any], info: dict[str, Any]) -> None:
    try:
        told = seat_facts.docker_network_facts(networks, info)
    except OTHER_SHAPE:
        return
    assert isinstance(told["docker_mtu"], int)
    assert isinstance(told["docker_proxy"], bool)
    assert all(set(one) == {"name", "subnet"} for one in told["docker"])


@bounded
@given(json_of(CONTAINERS))
def test_the_networks_of_a_container(listed: list[Any]) -> None:
    for container in listed:
        try:
            names = seat_students.networks_of(container)
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
    assert seat_students.means(short, f"sha256:{key}", [], [])
    assert seat_students.means(f"sha256:{short}", key, [], [])
    assert seat_students.means(f"other{digest[6:]}", key, [], [digest])
    entry = data.draw(text_of([short, digest, "tp3:1", *names]))
    means = seat_students.means(entry, "sha256:" + "z" * 64, [entry, *names], [])
    assert means is not bool("@" in entry or seat_students.ID.fullmatch(entry))


@bounded
@given(st.data())
def test_nothing_goes_that_was_there_before(engine: stand_in.Engine, data: st.DataObject) -> None:
    """Whatever an engine tells of it now, where it is told with the same ID."""
    engine.become("26.1")
    with closing(DockerConnection(engine.path)) as docker:
        seat = seat_students.look(docker)
    before = {"ids": seat_students.identities(seat), "volumes": ["data", "options"]}
    now = data.draw(json_of([seat]))
    try:
        things = seat_students.plan(now, before, {}, made=[], containers=[], keep=[])
    except OTHER_SHAPE:
        return
    there = [*before["volumes"], before["ids"]["swarm"]]
    for kind in ("containers", "networks", "plugins", "cache", "images"):
        there += before["ids"][kind]
    kinds = [kind for kind in things.values() if isinstance(kind, list)]
    assert not [one for kind in kinds for one in kind if one["id"] in there and one["id"]]


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
        mounts = docker_root.parse_mounts(text)
        assert len(mounts) == len([line for line in text.split("\n") if line])


@bounded
@given(text_of([PGP]))
def test_a_key_of_openpgp(text: str) -> None:
    with refused(AnsibleFilterError, "this is no OpenPGP key"):
        found = openpgp.openpgp_fingerprints(text)
        assert found
        assert all(re.fullmatch("[0-9A-F]{40}|[0-9A-F]{64}", one) for one in found)


@bounded
@given(st.binary() | text_of(['{"version": 2, "images": {}}']).map(str.encode))
def test_a_record_is_one_or_torn(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "before.json").write_bytes(content)
    with refused(record.TornError, "before.json"):
        assert isinstance(record.read_record("before", tmp_path), dict)


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
    """Give an archive of images with these lists, whose last bytes lack."""
    files = {name: text.encode(errors="replace") for name, text in lists.items()}
    whole = image_tar.tar((image_tar.LAYER, b"a"), (image_tar.CONFIG, b"{}"), *files.items())
    return io.BytesIO(whole[: len(whole) - lacks])


@bounded
@given(ODD_LISTS, st.sampled_from([0, 0, 0, 9000]), st.booleans())
def test_names_in_an_archive(lists: dict[str, str], lacks: int, whole: bool) -> None:
    with suppress(archive_names.RefusedError, tarfile.TarError):
        names = archive_names.names_in(archive(lists, lacks), whole=whole)
        assert all(isinstance(name, str) for name in names)
