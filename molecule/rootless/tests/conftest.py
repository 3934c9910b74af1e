"""Fixtures of the tests of this room."""

import os
from pathlib import Path

import pytest
from instances import machine, on_each
from playbook import changed, run
from testinfra.host import Host

SEATS = ["rootless-pc1", "rootless-pc2"]
# Whose students are root.
OPEN = "rootless-pc3"
RESET, RESTORE = "playbooks/reset.yml", "playbooks/restore.yml"
# In this inventory the third seat is the room's registry.
REGISTRY = os.environ["MOLECULE_SCENARIO_DIRECTORY"] + "/inventory/with_registry/hosts.yml"

WORK = """
set -eu
printf 'FROM labocloud20202021:base\\nRUN echo mine > /mine\\n' |
    docker build --quiet --network none --tag mine:1 -
docker network create net
docker volume create data
docker run --rm --volume data:/data labocloud20202021:base sh -c '
    echo precious > /data/file; chown 1234:4321 /data/file; chmod 0640 /data/file'
docker run --detach --name web --network net --publish 9000:80 --volume data:/srv \\
    --restart unless-stopped mine:1 sleep infinity
docker exec web sh -c 'echo written > /written'
docker tag mine:1 labocloud20202021:python
"""
# How that is told of.
WORKS = ["container web", "network net", "volume data", "mine:1"]
STATE = """
docker images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
docker ps --all --format '{{.Names}} {{.State}}' | sort
docker volume ls --quiet
docker network ls --filter type=custom --quiet | sort
"""
# What of it a student finds again.
SEEN = "docker exec web sh -c 'cat /mine /written /srv/file; stat -c \"%u:%g %a\" /srv/file'"


def student(seat: Host, command: str) -> str:
    """Type a command as the student, and return its output."""
    return seat.check_output("su - student -c %s", command)


def late(sign: str) -> str:
    """Return the script of a student who makes a volume as soon as there is a sign of what is done.

    sign: a command that succeeds then. Where the engine makes it, there is /root/late.
    """
    return (
        f"rm -f /root/late /root/tried; until {sign}; do sleep 0.02; done;"
        "su - student -c 'docker volume create late' && touch /root/late; touch /root/tried"
    )


def kept_out(seat: Host) -> bool:
    """Return whether that student has tried it, and could not."""
    return seat.file("/root/tried").exists and not seat.file("/root/late").exists


def saved(seat: str) -> str:
    """Return the directory of a seat's latest save."""
    manifests = (Path(os.environ["LABOCLOUD_REPORTS"]) / "saved").glob(f"{seat}/*/manifest.json")
    return str(max(path.parent for path in manifests))


@pytest.fixture(scope="session")
def seats() -> list[Host]:
    """The seats whose students are without root."""
    return [machine(name) for name in SEATS]


@pytest.fixture
def clean(seats: list[Host]) -> list[str]:
    """What Docker has on each of these seats without students' work, which is there by now."""
    # The work of a failed test counts neither.
    changed(run("without_root", playbook=RESET, confirm="yes"))
    states = [seat.check_output(STATE) for seat in seats]
    on_each(seats, lambda seat: student(seat, WORK))
    return states
