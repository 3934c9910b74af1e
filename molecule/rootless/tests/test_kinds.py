"""A seat goes from an engine without root to one of root's, and back, with students' work there."""

from conftest import (
    RESET,
    RESTORE,
    SEATS,
    SEEN,
    STATE,
    WORKS,
    kept_out,
    late,
    saved,
    student,
)
from instances import ANSWERS, meanwhile, on_each, wait
from playbook import changed, reports, run, said
from testinfra.host import Host

GROUP = {"docker_engine_students": "group"}
IMAGES = "docker images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort"
LEFT = """
getent passwd labocloud-engine; getent group labocloud-docker
grep labocloud-engine /etc/subuid /etc/subgid
ls -d /run/labocloud-engine
ls /var/lib/labocloud-engine/* /etc/systemd/system/docker.service /etc/systemd/system/docker.socket
test -L /run/docker.sock && echo link
# The account is given by number, because its name is gone.
ps -u 2099999999 -o args=
"""


def archives() -> set[str]:
    """Return the archives that the control machine has sent."""
    return {path.name for path in (reports().parent / "cache/images").iterdir()}


def owner(seat: Host) -> str:
    """Return the account that the engine runs as."""
    return seat.check_output("ps -C dockerd -o user:32=").strip()


def members(seat: Host) -> list[str]:
    return seat.group("docker").members


def test_who_is_put_into_docker_by_hand_is_taken_out(seats: list[Host]) -> None:
    """Otherwise the group gives root as soon as root runs an engine again."""
    on_each(seats, lambda seat: seat.check_output("gpasswd --add other docker"))
    assert changed(run("without_root")) > 0
    assert [members(seat) for seat in seats] == [[]] * len(SEATS)


def test_a_seat_with_work_is_refused_and_says_what_would_go(
    seats: list[Host], clean: list[str]
) -> None:
    before = [seat.check_output(STATE) for seat in seats]
    assert before != clean
    result = run("without_root", **GROUP)
    assert result.returncode != 0
    assert [work for work in WORKS if work not in said(result)] == []
    assert [seat.check_output(STATE) for seat in seats] == before
    assert [owner(seat) for seat in seats] == ["labocloud-engine"] * len(SEATS)


def test_root_gets_an_engine_with_the_same_images_and_nothing_is_sent(seats: list[Host]) -> None:
    assert changed(run("without_root", playbook=RESET, confirm="yes", save="yes")) > 0
    before = [seat.check_output(IMAGES) for seat in seats]
    sent = archives()
    # Between the run's question and the end of the engine that is there.
    with meanwhile(SEATS[0], late("grep -q moving /var/lib/labocloud/state.json")):
        result = run("without_root", **GROUP)
    assert changed(result) > 0
    assert kept_out(seats[0])
    assert [seat.check_output(IMAGES) for seat in seats] == before
    assert archives() == sent
    assert "course_build : Build" not in result.stdout
    for seat in seats:
        assert owner(seat) == "root"
        # With whoever had been taken out of it.
        assert sorted(members(seat)) == ["other", "student"]
        assert seat.run(LEFT).stdout == ""
        student(seat, "docker ps")
        wait(seat, ANSWERS)
    assert changed(run("without_root", **GROUP)) == 0


def test_the_work_comes_back_there_and_keeps_its_seat_from_going_on(seats: list[Host]) -> None:
    second = SEATS[1]
    assert changed(run(second, playbook=RESTORE, **GROUP, **{"from": saved(second)})) == 1
    student(seats[1], "docker start web")
    assert student(seats[1], SEEN) == "mine\nwritten\nprecious\n1234:4321 640"
    result = run("without_root")
    assert result.returncode != 0
    assert "1 seat ready, 1 needs you" in said(result)
    assert f"{second}: docker_engine_students is rootless" in said(result)
    assert [owner(seat) for seat in seats] == ["labocloud-engine", "root"]


def test_it_goes_back_after_a_reset(seats: list[Host]) -> None:
    """The command is the one of the refusal."""
    second = SEATS[1]
    assert changed(run(second, playbook=RESET, confirm="yes", save="yes")) > 0
    before, sent = seats[1].check_output(IMAGES), archives()
    with meanwhile(second, late("grep -q moving /var/lib/labocloud/state.json")):
        assert changed(run(second)) > 0
    assert kept_out(seats[1])
    assert seats[1].check_output(IMAGES) == before
    assert archives() == sent
    for seat in seats:
        assert owner(seat) == "labocloud-engine"
        assert members(seat) == []
        assert seat.run("ls /var/lib/docker /var/lib/containerd").stdout.split() == [
            "/var/lib/containerd:",
            "/var/lib/docker:",
        ]
        student(seat, "docker ps")
        wait(seat, ANSWERS)
    assert changed(run("without_root")) == 0
