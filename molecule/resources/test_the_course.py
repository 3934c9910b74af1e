"""The course's commands, as the course writes them, by a student, on a seat without a network.

The tests of a scenario are in its folder: those that are to have these have a link there.
"""

import re
import shlex
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from instances import as_student, offline, on_each, wait
from playbook import PROJECT
from testinfra.backend.base import CommandResult
from testinfra.host import Host

RUN = "docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python"
# The pages in French; that those in English have the same commands, app/tests/ makes sure. The
# exercises' commands are run with their checks.
CONTENT = PROJECT / "app/content/fr"
# A command of the course, where it is run, and what the page says that it prints.
BLOCK = re.compile(
    r"^```sh (poste|compose)\n((?:.*\n)*?)```\n(?:\n```text\n((?:.*\n)*?)```\n)?", re.MULTILINE
)
# Those that have any: a teacher's own may have none.
PAGES = sorted(path.stem for path in CONTENT.glob("*.md") if BLOCK.search(path.read_text()))
# What is on its way: an app that does not listen yet, a container that goes by itself.
ON_ITS_WAY = """
form='{{.State.Running}} {{.HostConfig.AutoRemove}} {{.State.Pid}} {{.Config.Cmd}}'
docker ps --all --quiet | xargs --no-run-if-empty docker inspect --format "$form" |
    while read -r running removed pid program; do
        case "$running $removed $program" in
        'true '*app.py*) nsenter --net --target "$pid" ss -Hltn | grep -q :8888 || echo starting ;;
        'false true '*) echo going ;;
        esac
    done
"""
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def seats(request: pytest.FixtureRequest) -> Iterator[list[Host]]:
    """The seats that are tested, without a network."""
    with offline(request.config) as hosts:
        yield hosts


def type_in_clone(seat: Host, command: str) -> CommandResult:
    """Type a command as the student, in the student's clone of the project."""
    return as_student(seat, f"cd labocloud && {command}")


def settle(seat: Host) -> None:
    """Wait for what is on its way. A person takes that long to go on."""
    wait(seat, f'test ! "$({ON_ITS_WAY})"')


def wait_for_page(seat: Host) -> str:
    page = (
        "import urllib.request as r;"
        "print(r.urlopen('http://localhost:8080/', timeout=120).read().decode())"
    )
    wait(seat, f"python3 -c {shlex.quote(page)} >/dev/null 2>&1")
    return seat.check_output("python3 -c %s", page)


def build_run_look_stop(seat: Host) -> None:
    seat.run("docker stop flask")  # the toolkit's own, as the course says
    settle(seat)
    built = type_in_clone(seat, "docker build . -t labocloud20202021:python")
    assert built.rc == 0, built.stdout + built.stderr
    started = type_in_clone(seat, RUN)
    assert started.rc == 0, started.stderr
    page = wait_for_page(seat)
    assert started.stdout[:12] in page
    assert "construite à la main" in page
    stopped = type_in_clone(seat, "docker stop flask")
    assert stopped.stdout.strip() == "flask"
    settle(seat)
    assert type_in_clone(seat, "docker ps -a --format '{{.Names}}'").stdout.strip() == ""


def look_inside(seat: Host) -> None:
    assert type_in_clone(seat, RUN).rc == 0
    wait_for_page(seat)
    assert type_in_clone(seat, "docker exec flask sh -c 'ls'").stdout.split() == [
        "app.py",
        "content",
        "exercises",
        "healthcheck.py",
        "labocloud",
        "requirements.txt",
    ]
    seat.check_output("docker stop flask")
    settle(seat)


def blocks(page: str, *, compose: bool) -> list[tuple[str, str, str | None]]:
    """Return a page's commands in order: the heading over each, it, and its expected output.

    compose: whether the seat has Compose, without which some of them are left out.
    """
    text = (CONTENT / f"{page}.md").read_text()
    return [
        (HEADING.findall(text, 0, block.start())[-1], block[2], block[3])
        for block in BLOCK.finditer(text)
        if compose or block[1] == "poste"
    ]


def typed(host: Host, block: str) -> CommandResult:
    """Run a block as the student who pastes it into a terminal; a shell that it opens is left."""
    script = f"exec 2>&1; set -e\n{block}"
    if " -it " in block:
        script = f"echo exit | script --quiet --return --command {shlex.quote(block)} /dev/null"
    result = as_student(host, script)
    if re.search(r" (-d|start|restart|stop|kill)\s", block):
        settle(host)
    return result


def prints(shown: str, printed: str) -> bool:
    """Return whether the output is what a page shows: … is any text, blanks are any blanks."""
    pattern = r".*".join(re.escape(part) for part in " ".join(shown.split()).split("…"))
    return re.fullmatch(pattern, " ".join(printed.split()), re.DOTALL) is not None


def what_is_there(host: Host) -> dict[str, Any]:
    """Return what the pages' commands could leave behind."""
    return {
        # Those without a name go, and the page says that this is for good.
        "images": host.check_output(
            "docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -v none"
        ),
        "containers": host.check_output("docker ps -a --format '{{.Names}}'"),
        "networks": host.check_output("docker network ls --format '{{.Name}}' | sort"),
        "volumes": host.check_output("docker volume ls --quiet | sort"),
        "swarm": host.check_output("docker info --format '{{.Swarm.LocalNodeState}}'"),
        "files": host.check_output("ls -A ~student"),
    }


def do_page(page: str, seat: Host) -> None:
    """Type a page's commands in its order; at its end the seat is as it was before."""
    if not seat.check_output("docker ps --quiet --filter name=flask"):
        seat.check_output(RUN)
    before = what_is_there(seat)
    compose = as_student(seat, "docker compose version").rc == 0
    for heading, block, output in blocks(page, compose=compose):
        result = typed(seat, block)
        assert result.rc == 0, f"{heading}: {block}{result.stdout}"
        assert output is None or prints(output, result.stdout), f"{heading}: {block}{result.stdout}"
    assert what_is_there(seat) == before


def test_the_seats_are_offline(seats: list[Host]) -> None:
    """Otherwise the other tests would prove nothing."""
    for seat in seats:
        assert seat.check_output("ip -brief link show eth0").split()[1] == "DOWN"
        assert seat.check_output("ip route show default") == ""


def test_build_run_look_stop(seats: list[Host]) -> None:
    on_each(seats, build_run_look_stop)


def test_a_shell_inside(seats: list[Host]) -> None:
    on_each(seats, look_inside)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_works_and_is_undone(seats: list[Host], page: str) -> None:
    on_each(seats, partial(do_page, page))


def test_there_are_pages_with_commands() -> None:
    """Otherwise no command would run, and no test fail."""
    assert set(PAGES) >= {"how-it-works", "cheat-sheet", "container", "definitions"}


def test_what_a_page_tells_is_compared() -> None:
    assert prints("a  …\nb …", "a 1 2\nb c\n")
    assert not prints("a …", "b 1")
    assert not prints("a", "a b")
