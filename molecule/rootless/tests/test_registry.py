"""The room's registry, from which engines without root pull: by its name, over TLS."""

import re

from conftest import OPEN, REGISTRY, student
from instances import ANSWERS, machine, on_each, wait
from playbook import changed, run
from testinfra.host import Host

REVISION = "docker image inspect labocloud20202021:python --format '{{.RootFS.Layers}}'"
LOG = "journalctl --unit=docker-registry --output=cat --no-pager"
# An access log's line: who was given a blob.
GIVEN = re.compile(r'(\S+) - \S* ?\[[^]]*\] "GET /v2/\S+/blobs/\S+ HTTP/[\d.]+" 200')


def test_engines_without_root_pull_what_they_lack(seats: list[Host]) -> None:
    forget = "docker rm --force flask; docker rmi --force $(docker images --quiet | uniq)"
    on_each(seats, lambda seat: seat.check_output(forget))
    registry = machine(OPEN)
    result = run("all", "--inventory", REGISTRY)
    assert changed(result) > 0
    assert "By archive" not in result.stdout
    clients = GIVEN.findall(registry.check_output(LOG))
    for seat in seats:
        address = seat.check_output("ip -4 -brief address show dev eth0").split()[2]
        assert address.partition("/")[0] in clients
        assert seat.check_output(REVISION) == registry.check_output(REVISION)
        wait(seat, ANSWERS)
    assert changed(run("all", "--inventory", REGISTRY)) == 0


def test_a_registry_that_is_not_trusted_is_not_pulled_from(seats: list[Host]) -> None:
    """The seat's certificates for all engines decide, as they are at that time."""

    def refused(seat: Host) -> None:
        trusted = f"/etc/docker/certs.d/{OPEN}:5000"
        pull = f"docker pull {OPEN}:5000/labocloud20202021:nothing"
        assert "unknown" in student(seat, f"{pull} 2>&1 || true")
        seat.check_output("mv %s /root/aside", trusted)
        output = student(seat, f"{pull} 2>&1 || true")
        seat.check_output("mv /root/aside %s", trusted)
        assert "certificate signed by unknown authority" in output

    on_each(seats, refused)
