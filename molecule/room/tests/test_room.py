"""The room as a whole: what travels, from whom to whom, and what one bad seat does to others."""

import json
import os
import re
import subprocess
from pathlib import Path
from uuid import uuid4

import docker
import pytest
from instances import machine, meanwhile, off, wait
from playbook import PROJECT, changed, other_app, reports, run, said
from testinfra.host import Host

SEATS = {"room-pc1", "room-pc2", "room-pc3"}
REGISTRY = "room-registry"
TAGS = (
    "/var/lib/docker-registry/room/docker/registry/v2/repositories/labocloud20202021"
    "/_manifests/tags"
)
# Notes the ports that a registry has on the host, and the accounts that run one, all the while.
WATCH = """exec sh -c '
while :; do
    ss -Hltnp | grep docker-registry | sed "s/.*:\\([0-9]*\\) .*/port \\1/"
    ps -C docker-registry -o user:32= | sed "s/^/as /"
    sleep 0.1
done > /run/registries'"""
# The app as one compressed layer, in bytes.
APP_BYTES = "docker run --rm --entrypoint tar labocloud20202021:python cz . | wc --bytes"
# An access log's line: who asked for which blob, the answer, its bytes.
BLOB = re.compile(r'(\S+) - \S* ?\[[^]]*\] "GET /v2/(\S+)/blobs/(\S+) HTTP/[\d.]+" (\d+) (\d+)')


def blobs(registry: Host, unit: str = "docker-registry") -> list[tuple[str, str, int]]:
    """Return what was pulled, in order: the client's address, the blob, its bytes."""
    log = registry.check_output(f"journalctl --unit={unit} --output=cat --no-pager")
    return [
        (who, blob, int(size)) for who, _, blob, code, size in BLOB.findall(log) if code == "200"
    ]


def addresses() -> dict[str, str]:
    """Return the seats by their addresses in the room's network."""
    containers = docker.from_env().networks.get("labocloud-room").attrs["Containers"].values()
    return {endpoint["IPv4Address"].partition("/")[0]: endpoint["Name"] for endpoint in containers}


def layers(registry: Host, image: str = "labocloud20202021:python") -> list[str]:
    return json.loads(
        registry.check_output("docker image inspect --format '{{json .RootFS.Layers}}' %s", image)
    )


def tags(registry: Host) -> set[str]:
    return set(registry.check_output(f"ls {TAGS}").split())


def test_every_seat_pulled_from_the_registry_what_it_lacked(registry: Host) -> None:
    seats = addresses()
    pulled = {(seats[who], blob) for who, blob, _ in blobs(registry) if who in seats}
    assert {seat for seat, _ in pulled} == SEATS
    # And nothing twice.
    got = [(seats[who], blob) for who, blob, _ in blobs(registry) if who in seats]
    assert len(got) == len(pulled)


def test_a_second_run_moves_nothing(registry: Host) -> None:
    before = blobs(registry)
    assert changed(run("all")) == 0
    assert blobs(registry) == before


def test_of_a_changed_app_only_its_layer_travels(registry: Host, tmp_path: Path) -> None:
    """To each seat the same bytes; the registry keeps two revisions, and frees the rest.

    What takes the pushes has an account of its own, and no port of the host.
    """
    first, old = tags(registry), layers(registry)
    for name in ("once", "twice"):
        directory = tmp_path / name
        directory.mkdir()
        before = len(blobs(registry))
        with meanwhile(REGISTRY, WATCH):
            assert changed(run("all", **other_app(directory, str(uuid4())))) > 0
        seen = set(registry.check_output("cat /run/registries").split("\n"))
        assert {line for line in seen if line.startswith("port")} == {
            *(f"port {port}" for port in (5000, 5002, 5009))
        }
        assert {line.split()[1] for line in seen if line.startswith("as")} == {
            *("docker-registry", "labocloud-mirror", "labocloud-push", "root")  # root: the stand-in
        }
        seats = addresses()
        moved = [(seats[who], blob, size) for who, blob, size in blobs(registry)[before:]]
        assert {seat for seat, _, _ in moved} == SEATS
        # The image's description, the layer with the app, and an almost empty one above it; the
        # layer below, with pip's packages, and all of the base stay.
        assert len(moved) == 3 * len(SEATS)
        app = int(registry.check_output(APP_BYTES))
        assert sum(size for _, _, size in moved) < len(SEATS) * app * 1.1
        now = layers(registry)
        assert [layer for layer in now if layer not in old] == now[-2:]
    kept = {tag for tag in tags(registry) if tag.startswith("course-")}
    assert len(kept) == 2
    assert not kept & first
    stored = registry.check_output(f"find {TAGS}/../../../../blobs -name data | wc -l")
    # Manifest and description of the base and of two revisions, and their layers.
    assert int(stored) == 2 * 3 + len(old[:-2]) + 2 * 2


def test_a_run_for_one_seat_finds_the_builder(registry: Host) -> None:
    seat = machine("room-pc2")
    seat.check_output("docker rm -f flask")
    seat.check_output("docker rmi -f $(docker images -q labocloud20202021:python)")
    result = run("room-pc2")
    assert changed(result) > 0
    assert "1 seat ready" in said(result)
    form = '{{index .Config.Labels "labocloud.revision"}}'
    revision = seat.check_output(f"docker inspect --format '{form}' flask")
    assert layers(seat) == layers(registry, f"labocloud20202021:python-{revision[:12]}")


def test_a_seat_that_is_off_and_one_that_is_refused_stop_nobody(
    registry: Host, tmp_path: Path
) -> None:
    other = other_app(tmp_path, str(uuid4()))
    squat = "docker rm --force flask; exec python3 -m http.server 8080"
    with off("room-pc3"), meanwhile("room-pc2", squat):
        result = run("all", **other)
        assert result.returncode != 0
        assert "1 seat ready, 2 need you: room-pc2: port 8080 is held by python3" in said(result)
        assert "room-pc3: unreachable" in said(result)
        assert (reports() / "missing").read_text() == "room-pc2\nroom-pc3\n"
        seats = json.loads((reports() / "room.json").read_text())["seats"]
        states = {seat["name"]: seat["state"] for seat in seats}
        assert [states[name] for name in sorted(SEATS)] == ["ready", "error", "unreachable"]
        # What another run makes right is not what this one was about.
        assert changed(run("room-pc1", **other)) == 0
        assert (reports() / "missing").read_text() == "room-pc2\nroom-pc3\n"
    result = run(f"@{reports() / 'missing'}", **other)
    assert changed(result) > 0
    assert "2 seats ready" in said(result)
    assert not (reports() / "missing").exists()
    for seat in ("room-pc2", "room-pc3"):
        assert layers(machine(seat)) == layers(registry)


def test_a_builder_that_is_off_is_told_at_once(registry: Host) -> None:
    with off(REGISTRY):
        for limit in ("all", "room-pc1"):
            result = run(limit)
            assert result.returncode != 0
            assert f"{REGISTRY}: unreachable" in said(result)
            assert f"room-pc1: the room's image is not known: {REGISTRY}, which" in said(result)
            assert "course_image_builder=NAME" in said(result)
            assert "Install Docker Engine" not in result.stdout
    # It is back with its machine, without anybody's help, and so is the mirror; ten seconds later
    # where what it mirrors, on the same machine, was not there yet when it started.
    seat = machine("room-pc1")
    for port in (5000, 5002):
        wait(seat, f"timeout 1 bash -c '</dev/tcp/room-registry/{port}'")
    assert changed(run("all")) > 0


def test_of_a_push_nothing_is_left(registry: Host) -> None:
    assert registry.run("systemctl is-active labocloud-push").rc != 0
    assert registry.check_output("find /tmp /var/tmp /run /root -name '*labocloud*push*'") == ""
    keys = registry.check_output(
        "find /etc/docker/registry -name 'labocloud*.key' -printf '%m %u\n'"
    )
    assert sorted(keys.split("\n")) == ["600 root", "640 root"]


def test_each_account_writes_its_own_storage_alone(registry: Host) -> None:
    for account, room, hub in (
        ("docker-registry", "r", ""),
        ("labocloud-mirror", "", "rw"),
        ("labocloud-push", "rw", ""),
    ):
        for storage, allowed in ((Path(TAGS).parents[6], room), ("/var/lib/labocloud-mirror", hub)):
            for right in "rw":
                command = f"setpriv --reuid={account} --regid={account} --init-groups test -{right}"
                assert (registry.run(f"{command} {storage}").rc == 0) == (right in allowed), command


def test_the_mirror_is_limited(registry: Host) -> None:
    """Its memory by systemd, its disk by a watcher, without which it does not run."""
    assert registry.service("labocloud-mirror-limit").is_running
    shown = registry.check_output("systemctl show labocloud-mirror -p MemoryMax -p Requires")
    assert "MemoryMax=536870912" in shown
    assert "labocloud-mirror-limit.service" in shown


def test_what_a_class_pulls_from_the_hub_is_pulled_once(registry: Host) -> None:
    image = "127.0.0.1:5009/library/hello:1"
    push = f"tar -c /etc/apt | docker import - {image} && docker push {image} && docker rmi {image}"
    registry.check_output(push)
    counts = []
    for name in sorted(SEATS):
        seat = machine(name)
        seat.check_output("docker pull hello:1 && docker rmi hello:1")
        # What the Hub counts: a manifest that is fetched; it is asked meanwhile whether it is new.
        log = registry.check_output("journalctl --unit=upstream --output=cat --no-pager")
        counts.append((len(blobs(registry, "upstream")), log.count('"GET /v2/library/hello/manif')))
    assert counts[0][0] > 0
    assert counts == [counts[0]] * len(SEATS)
    # What the limit has taken comes anew.
    registry.check_output("find /var/lib/labocloud-mirror -name data -delete")
    machine("room-pc1").check_output("docker pull hello:1 && docker rmi hello:1")
    assert len(blobs(registry, "upstream")) > counts[0][0]


def test_the_tests_can_be_pointed_at_a_room() -> None:
    """As docs/rooms.md says, over SSH, by a user who may use sudo."""
    tests = PROJECT / "molecule/default/tests/test_flask_container.py"
    inventory = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "inventory/hosts.yml"
    options = ["--hosts=ansible://lab", f"--ansible-inventory={inventory}", "--sudo"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    result = subprocess.run(
        [PROJECT / "lab", "pytest", "--verbose", *options, tests],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert result.returncode == 0, result.stdout
    for seat in SEATS:
        assert f"test_it_is_hardened[ansible://{seat}] PASSED" in result.stdout


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("REJECT --reject-with tcp-reset", "Connection refused"),
        ("REJECT --reject-with icmp-host-unreachable", "No route to host"),
        ("DROP", "no answer in time"),
    ],
    ids=["a port that is closed", "no route", "no answer"],
)
def test_a_registry_that_a_seat_does_not_reach_is_told_within_seconds(how: str, words: str) -> None:
    seat, rule = machine("room-pc1"), f"OUTPUT -p tcp --dport 5000 -j {how}"
    seat.check_output(f"iptables -I {rule}")
    try:
        assert changed(run("room-pc1", playbook="playbooks/verify.yml")) == 0
    finally:
        seat.check_output(f"iptables -D {rule}")
    report = json.loads((reports() / "room.json").read_text())
    causes = {finding["id"]: finding["cause"]["en"] for finding in report["seats"][0]["findings"]}
    assert words in causes["registry_unreachable"]
    # Two of them for the registry; the rest is what a busy machine takes.
    assert report["seconds"] < 40


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"course_image_delivery": "post"}, ["course_image_delivery", "auto, registry, archive"]),
        (
            {"course_image_delivery": "registry", "course_image_builder": "room-pc1"},
            ["course_image_delivery is registry", "Fix: put the registry's host"],
        ),
        ({"room_registry_address": "localhost"}, ["room_registry_address is localhost", "Fix:"]),
    ],
    ids=["an unknown road", "a road that is not there", "an address that each seat has"],
)
def test_what_cannot_work_is_refused(variables: dict[str, str], words: list[str]) -> None:
    result = run("all", **variables)
    assert result.returncode != 0
    for word in words:
        assert word in said(result)
