"""The room's registry, from which engines without root pull: by its name, over TLS."""

import json
import re
import shlex

from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from conftest import OPEN, REGISTRY, student
from instances import ANSWERS, machine, on_each, wait
from playbook import PROJECT, changed, run
from testinfra.host import Host

EXERCISES = exercises.load(PROJECT / "app/exercises")
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


def test_a_student_pulls_the_course_image_by_the_registrys_name(seats: list[Host]) -> None:
    """Show it for the exercise of a room that has one, on seats that have been set up with it."""
    [exercise] = (one for one in EXERCISES if "registry" in one.needs)

    def pulled(seat: Host) -> None:
        student(seat, f"labo start {exercise.number}")
        student(seat, f"sh -ec {shlex.quote(exercise.solution)}")
        printed = student(seat, f"labo check {exercise.number} --json")
        [steps] = json.loads(printed).values()
        assert [step["id"] for step in steps if not step["done"]] == []
        image = f"{OPEN}:5000/labocloud20202021"
        named = f"docker image ls --format '{{{{.Repository}}}}:{{{{.Tag}}}}' {image}"
        student(seat, f"docker rm --force tiree; docker rmi $({named})")

    on_each(seats, pulled)


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
