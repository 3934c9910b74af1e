"""A change of the inventory, of the app, or on the seat: the next run does what is needed.

The tests run the playbook again and again on one seat; each leaves it ready.
"""

import json
from pathlib import Path

import pytest
from instances import machine
from playbook import changed, other_app, run, seats
from testinfra.host import Host

SEAT = seats()[0]
COURSE = "labocloud20202021:python"


@pytest.fixture(scope="module")
def seat() -> Host:
    return machine(SEAT)


def label(seat: Host, thing: str, name: str) -> str:
    return seat.check_output(
        f"docker inspect --format '{{{{index .Config.Labels \"{name}\"}}}}' {thing}"
    )


def page(seat: Host, path: str = "/", port: int = 8080) -> str:
    program = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())"
    return seat.check_output("python3 -c %s %s", program, f"http://127.0.0.1:{port}{path}")


def test_options_are_loaded_and_disappear_again(seat: Host) -> None:
    """-e name=value gives words: a port, a size, a switch have to be read as what they are."""
    words = (
        "flask_container_host_port=8081",
        "docker_engine_min_free_mb=1",
        "docker_engine_purge=no",
    )
    typed = [part for word in words for part in ("-e", word)]
    assert changed(run(SEAT, *typed, docker_engine_daemon_options={"debug": True})) > 0
    assert json.loads(seat.file("/etc/docker/daemon.json").content_string)["debug"]
    assert seat.check_output("docker info --format '{{.Debug}}'") == "true"
    assert "Votre conteneur" in page(seat, port=8081)
    assert changed(run(SEAT)) > 0
    assert "debug" not in json.loads(seat.file("/etc/docker/daemon.json").content_string)
    assert seat.check_output("docker info --format '{{.Debug}}'") == "false"
    assert "Votre conteneur" in page(seat)


def test_a_configuration_that_was_written_and_not_loaded_is_loaded(seat: Host) -> None:
    """A run that was interrupted between the two leaves the seat so."""
    seat.check_output("sleep 2; touch /etc/docker/daemon.json")
    before = seat.check_output("cat /run/docker.pid")
    assert changed(run(SEAT)) > 0
    assert seat.check_output("cat /run/docker.pid") != before
    assert changed(run(SEAT)) == 0


def test_one_changed_file_of_the_app_is_another_revision(seat: Host, tmp_path: Path) -> None:
    before = label(seat, COURSE, "labocloud.revision")
    other = other_app(tmp_path, "Bonjour la salle")
    assert changed(run(SEAT, **other)) > 0
    assert label(seat, COURSE, "labocloud.revision") != before
    assert "Bonjour la salle" in page(seat)

    assert changed(run(SEAT)) > 0
    assert label(seat, COURSE, "labocloud.revision") == before
    assert json.loads(page(seat, "/healthz"))["revision"] == before


def test_a_name_given_to_another_image_is_put_right(seat: Host) -> None:
    """It even has the right label, inherited."""
    before = seat.check_output(f"docker inspect --format '{{{{.RootFS.Layers}}}}' {COURSE}")
    seat.check_output(f"docker commit --change 'CMD [\"x.py\"]' flask {COURSE}")
    assert changed(run(SEAT)) > 0
    after = seat.check_output(
        f"docker inspect --format '{{{{.RootFS.Layers}}}} {{{{.Config.Cmd}}}}' {COURSE}"
    )
    assert after.split("] [")[-1] == "app.py]"
    assert len(after.split()) > len(before.split())
    assert changed(run(SEAT)) == 0
    # What was committed is a student's, and stays until a reset. Other tests count images.
    seat.check_output("docker image prune --force")


def test_a_students_own_run_of_the_course_is_replaced(seat: Host) -> None:
    seat.check_output("docker rm --force flask")
    seat.check_output(f"docker run --rm -d --name flask -p 8080:8888 {COURSE}")
    assert changed(run(SEAT)) > 0
    assert label(seat, "flask", "labocloud.managed") == "true"
    assert (
        seat.check_output("docker inspect --format '{{.HostConfig.ReadonlyRootfs}}' flask")
        == "true"
    )


def test_a_check_run_changes_nothing(seat: Host) -> None:
    before = seat.file("/etc/docker/daemon.json").content_string
    result = run(SEAT, "--check", "--diff", docker_engine_daemon_options={"debug": True})
    assert changed(result) > 0
    assert '"debug": true' in result.stdout
    assert seat.file("/etc/docker/daemon.json").content_string == before


def test_an_image_that_the_builder_has_is_taken_as_the_base_when_asked_for(seat: Host) -> None:
    """A teacher may have loaded Python's image by hand; anybody could have made such an image."""
    theirs = "python:3.13-slim-trixie"
    base = "labocloud20202021:base"
    seat.check_output(f"docker tag {base} {theirs} && docker rmi {base}")
    assert changed(run(SEAT, course_image_base_source="present")) > 0
    assert label(seat, base, "labocloud.base.source") == "present"
    assert changed(run(SEAT)) > 0
    assert label(seat, base, "labocloud.base.source") == "bootstrap"
    # The base that it replaced is gone.
    assert seat.check_output("docker image ls --quiet --filter dangling=true") == ""
    seat.check_output(f"docker rmi {theirs}")
