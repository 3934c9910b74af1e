"""Is the room ready? The page and its report, and what the doctor finds, made for real."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import CompletedProcess

import jsonschema
import playbook
import pytest
from instances import machine, meanwhile, off, wait
from playbook import PROJECT, said
from testinfra.host import Host

ONE, TWO, THREE = playbook.seats()
SCHEMA = json.loads((PROJECT / "docs/room.schema.json").read_text())
HUB = "registry-1.docker.io"
SQUAT = "docker rm --force flask; exec python3 -m http.server 8080"
TLS = f"""
cd /run && key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
openssl req -x509 $key -days 2 -subj '/O=Filtre du lycee' -keyout ca.key -out ca.crt
openssl req $key -subj /CN={HUB} -keyout hub.key -out hub.csr
openssl x509 -req -in hub.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out hub.crt
exec openssl s_server -quiet -accept 443 -cert hub.crt -key hub.key
"""


def seat(name: str) -> Host:
    return machine(name)


def reports() -> Path:
    return Path(os.environ["LABOCLOUD_REPORTS"])


def report() -> dict:
    """Return the report of the last run, with the machines by their names."""
    content = json.loads((reports() / "room.json").read_text())
    jsonschema.validate(content, SCHEMA)
    return content | {"seats": {seat_row["name"]: seat_row for seat_row in content["seats"]}}


def verify(
    limit: str = "all", *words: str, **variables: object
) -> tuple[CompletedProcess[str], dict]:
    """Look at the room, which changes nothing, and return the run and its report."""
    result = playbook.run(limit, *words, playbook="playbooks/verify.yml", **variables)
    assert "changed=0" in result.stdout
    assert not any(f"changed={digit}" in result.stdout for digit in range(1, 10))
    return result, report()


def causes(room: dict, name: str) -> dict[str, str]:
    """Return the findings on a seat: the cause in English, by the finding's ID."""
    return {finding["id"]: finding["cause"]["en"] for finding in room["seats"][name]["findings"]}


@contextmanager
def condition(name: str, make: str, undo: str) -> Iterator[None]:
    """A condition on a seat, for as long as the test needs it."""
    seat(name).check_output(make)
    try:
        yield
    finally:
        seat(name).check_output(undo)


@contextmanager
def mended() -> Iterator[None]:
    """Whatever was done to the seats, the next run mends it."""
    try:
        yield
    finally:
        result = playbook.run("all")
        assert result.returncode == 0, said(result)


def test_a_room_that_is_ready() -> None:
    result, room = verify()
    assert result.returncode == 0
    assert "3 seats ready." in said(result)
    assert room["totals"] | {"seats": 3, "ready": 3} == room["totals"]
    assert room["builder"] == ONE
    label = '{{index .Config.Labels "labocloud.revision"}}'
    image = f"docker image inspect --format '{label}' labocloud20202021:python"
    assert room["revision"] == seat(ONE).check_output(image)
    for name, row in room["seats"].items():
        assert (row["state"], row["asked"], causes(room, name)) == ("ready", True, {})
        assert row["docker"] == seat(name).check_output("docker version -f '{{.Server.Version}}'")
    html = (reports() / "room.html").read_text()
    assert room["revision"][:12] in html
    for text in (ONE, TWO, THREE, "3 postes prêts sur 3", "3 seats ready of 3"):
        assert text in html


def test_a_container_that_stopped_a_port_that_is_taken_and_a_daemon_that_stopped() -> None:
    stop = "systemctl stop docker.socket docker"
    with mended(), ExitStack() as conditions:
        seat(ONE).check_output("docker stop flask")
        conditions.enter_context(meanwhile(TWO, SQUAT))
        conditions.enter_context(condition(THREE, stop, "systemctl start docker"))
        result, room = verify()
        assert result.returncode != 0
        assert "0 seats ready, 3 need you" in said(result)
        assert f"{ONE}: the container flask is missing. Fix: ./lab up --limit {ONE}" in said(result)
        assert f"{TWO}: port 8080 is held by python3 (pid " in said(result)
        assert f"{THREE}: Docker Engine does not run" in said(result)
        assert (reports() / "missing").read_text().split() == [ONE, TWO, THREE]
        assert [list(causes(room, name)) for name in (ONE, TWO, THREE)] == [
            ["container_missing"],
            ["port_taken"],
            ["engine_stopped"],
        ]
        assert {row["state"] for row in room["seats"].values()} == {"error"}
        html = (reports() / "room.html").read_text()
        for text in (
            "est absent",
            "est pris par python3 (pid ",
            "Docker est arrêté",
            "0 poste prêt",
        ):
            assert text in html


def test_a_seat_that_is_off_is_on_the_page_and_the_others_are_judged() -> None:
    steal = "docker tag labocloud20202021:base labocloud20202021:python"
    with mended(), off(THREE):
        seat(TWO).check_output(steal)
        result, room = verify()
        assert result.returncode != 0
        assert f"{THREE}: unreachable: " in said(result)
        assert f"{TWO}: the image labocloud20202021:python is not that of {ONE}" in said(result)
        assert [row["state"] for row in room["seats"].values()] == ["ready", "error", "unreachable"]
        assert list(causes(room, TWO)) == ["image_old"]
        assert "1 poste prêt sur 3" in (reports() / "room.html").read_text()


def test_a_builder_that_is_off_keeps_nobody_from_being_judged() -> None:
    """The other seats are judged, and so is the seat of a run; their image is unknown."""
    with mended(), off(ONE):
        for limit in ("all", TWO):
            _, room = verify(limit)
            assert list(causes(room, TWO)) == ["image_unknown"]
        assert room["seats"][ONE]["state"] == "unreachable"


def test_of_seats_that_are_not_asked_the_last_state_is_kept() -> None:
    with mended():
        seat(TWO).check_output("docker stop flask")
        _, before = verify()
        result, after = verify(ONE)
        assert result.returncode == 0
        assert after["seats"][TWO] == before["seats"][TWO] | {"asked": False}
        assert after["seats"][ONE]["time"] > before["seats"][ONE]["time"]
        assert after["totals"]["error"] == 1
        assert "Pas interrogé : état du" in (reports() / "room.html").read_text()


def test_looking_writes_the_page_in_check_mode_too() -> None:
    before = report()["time"]
    result = playbook.run("all", "--check", playbook="playbooks/verify.yml")
    assert result.returncode == 0, said(result)
    assert report()["time"] > before
    assert report()["totals"]["ready"] == 3


PROXY = "http://proxy.school.example:3128"


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict, str]:
    """Each seat with troubles of its own, looked at once: exit code, report, what collides."""
    inventory = tmp_path_factory.mktemp("room") / "one.yml"
    asks_nobody = {ONE: {"seat_registries": ["127.0.0.1:9"]}}
    inventory.write_text(json.dumps({"all": {"hosts": asks_nobody}}))
    subnet = seat(ONE).check_output(
        "docker network inspect bridge --format '{{(index .IPAM.Config 0).Subnet}}'"
    )
    route = subnet.replace(".0/24", ".128/25")
    proxy = f"cp /etc/environment /run/environment; echo https_proxy={PROXY} >> /etc/environment"
    hosts = f"cp /etc/hosts /run/hosts && echo 127.0.0.1 {HUB} >> /etc/hosts"
    with (
        condition(ONE, f"ip route add {route} dev eth0", f"ip route delete {route}"),
        condition(ONE, proxy, "cat /run/environment > /etc/environment"),
        condition(TWO, hosts, "cat /run/hosts > /etc/hosts"),
        meanwhile(TWO, TLS),
        condition(THREE, "ip link set eth0 mtu 1400", "ip link set eth0 mtu 1500"),
    ):
        wait(seat(TWO), "ss -ltn | grep -q :443")
        words = ("--inventory", str(inventory))
        result, room = verify("all", *words, room_page_min_free_mb=10**9)
    return result.returncode, room, f"bridge ({subnet}) collides with the route to {route} by eth0"


def test_little_disk_is_a_warning(troubled: tuple[int, dict, str]) -> None:
    code, room, _ = troubled
    assert code == 0
    assert {row["state"] for row in room["seats"].values()} == {"warning"}
    assert "MiB are free at /var/lib/docker" in causes(room, ONE)["disk_low"]


def test_a_clock_that_is_off(troubled: tuple[int, dict, str]) -> None:
    late = (
        "printf '#!/bin/sh\\nexec faketime -f -2h python3 \"$@\"\\n' > /usr/local/bin/python3-late"
    )
    install = "apt-get update && apt-get install -y --no-install-recommends faketime"
    with condition(TWO, f"{install} && {late} && chmod +x /usr/local/bin/python3-late", "true"):
        _, room = verify(TWO, ansible_python_interpreter="/usr/local/bin/python3-late")
    assert "-7" in causes(room, TWO)["clock_off"]
    assert "clock_off" not in causes(troubled[1], TWO)


def test_a_network_of_dockers_that_takes_the_addresses_of_a_route(
    troubled: tuple[int, dict, str],
) -> None:
    code, room, collides = troubled
    assert code == 0
    assert collides in causes(room, ONE)["network_collision"]
    assert "network_collision" not in causes(room, TWO)


@pytest.fixture(scope="module")
def other_settings() -> CompletedProcess[str]:
    """A look before another configuration: each seat is looked at again as if it were new."""
    with (
        condition(TWO, "ip route add 198.18.0.0/15 dev eth0", "ip route delete 198.18.0.0/15"),
        condition(THREE, "ip link set eth0 mtu 1400", "ip link set eth0 mtu 1500"),
    ):
        options = {"debug": True}
        return playbook.run(
            "all", playbook="playbooks/preflight.yml", docker_engine_daemon_options=options
        )


def test_networks_that_could_not_be_made_are_refused_before_anything_is_changed(
    other_settings: CompletedProcess[str],
) -> None:
    assert other_settings.returncode != 0
    assert f"1 needs you: {TWO}" in said(other_settings)
    for text in ("198.18.0.0/15 by eth0", "{base: 172.31.0.0/16, size: 24}"):
        assert text in said(other_settings)


def test_a_network_that_takes_smaller_packets_than_docker_sends(
    troubled: tuple[int, dict, str], other_settings: CompletedProcess[str]
) -> None:
    assert "1500 bytes, eth0 takes 1400" in causes(troubled[1], THREE)["network_mtu"]
    assert "network_mtu" not in causes(troubled[1], TWO)
    # It is a warning: only the one that is refused needs somebody.
    assert "eth0 takes 1400" in other_settings.stdout
    assert f"needs you: {TWO}: " in said(other_settings)


def test_tls_that_somebody_reads_names_who_does(troubled: tuple[int, dict, str]) -> None:
    code, room, _ = troubled
    assert code == 0
    assert causes(room, TWO)["tls_intercepted"] == (
        f"TLS to {HUB}:443 is intercepted: Filtre du lycee signed its certificate."
    )


def test_a_proxy_that_the_seat_has_and_docker_does_not(troubled: tuple[int, dict, str]) -> None:
    room = troubled[1]
    assert PROXY in causes(room, ONE)["proxy_unset"]
    assert "proxy_unset" not in causes(room, TWO)
