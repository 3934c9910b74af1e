"""An engine without root after what befalls a machine: a restart, a kill, a full disk."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from conftest import SEATS, student
from instances import ANSWERS, machine, off, on_each, wait
from playbook import changed, other_app, run, said
from testinfra.host import Host

STAYS = (
    "docker run -d --restart unless-stopped --name stays --entrypoint sleep"
    " labocloud20202021:base infinity"
)
DATA = "/var/lib/labocloud-engine"


def back(seat: Host) -> None:
    """Wait until a student's container runs again, as it was started, in an engine without root."""
    until = "until docker exec stays true; do sleep 0.3; done"
    student(seat, f"timeout 300 sh -c '{until}' 2>/dev/null")
    owner = seat.check_output("stat --format %U /proc/$(cat /run/labocloud-engine/docker.pid)")
    assert owner == "labocloud-engine"


@pytest.fixture(scope="module", autouse=True)
def stays(seats: list[Host]) -> Iterator[None]:
    """A student's container on each seat that is to run whenever the engine does."""
    on_each(seats, lambda seat: student(seat, STAYS))
    yield
    on_each(seats, lambda seat: student(seat, "docker rm --force stays"))


@pytest.mark.parametrize("process", ["rootlesskit", "dockerd", "containerd"])
def test_what_is_killed_comes_back_and_so_do_containers(seats: list[Host], process: str) -> None:
    def kill(seat: Host) -> None:
        find = f"pgrep --oldest --exact {process}"
        killed = seat.check_output(find)
        seat.check_output("kill -9 %s", killed)
        wait(seat, f'new=$({find}) && test "$new" != {killed}')
        back(seat)

    on_each(seats, kill)


def test_a_machine_that_starts_again_has_them_again(seats: list[Host]) -> None:
    with off(*SEATS):
        pass
    on_each(seats, back)
    # The toolkit's own was to go with it.
    assert changed(run("without_root")) > 0
    on_each(seats, lambda seat: wait(seat, ANSWERS))


@pytest.fixture
def small_disk() -> Iterator[Host]:
    """A seat whose engine has a new disk, a small one. The other one is put back."""
    seat = machine(SEATS[1])
    seat.check_output(f"systemctl stop docker; mount -t tmpfs -o size=220m,mode=755 tmpfs {DATA}")
    yield seat
    seat.check_output(f"systemctl stop docker; umount {DATA}; systemctl start docker")


def test_a_disk_that_is_full_costs_nobody_the_engine(small_disk: Host, tmp_path: Path) -> None:
    name = small_disk.backend.name
    small = {"docker_engine_min_free_mb": 10, "course_image_min_free_mb": 10}
    # What was on the other disk comes anew.
    assert changed(run(name, **small)) > 0
    filled = student(
        small_disk,
        "docker run --name full --entrypoint sh labocloud20202021:base"
        " -c 'dd if=/dev/zero of=/full bs=1M count=300' 2>&1 || true",
    )
    assert "No space left on device" in filled
    wait(small_disk, ANSWERS)
    small_disk.check_output("docker ps")
    other = other_app(tmp_path, str(uuid4()))
    result = run(name, **small, **other)
    assert result.returncode != 0
    assert f"make room at {DATA}/docker" in said(result)
    wait(small_disk, ANSWERS)
    student(small_disk, "docker rm --force full")
    # What it has, it still has.
    assert changed(run(name, **small)) == 0
