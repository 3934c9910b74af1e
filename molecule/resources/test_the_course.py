"""The course's commands, as the course writes them, by a student, on a seat without a network.

The tests of a scenario are in its folder: those that are to have these have a link there.
"""

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playbook import PROJECT
from testinfra.backend.base import CommandResult
from testinfra.host import Host

pytestmark = pytest.mark.usefixtures("offline")

RUN = "docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python"
# The pages in French; that those in English have the same commands, app/tests/ makes sure.
CONTENT = PROJECT / "app/content/fr"
PAGES = list(tomllib.loads((CONTENT / "interface.toml").read_text())["pages"])
# A command of the course, and what the page says that it prints.
BLOCK = re.compile(
    r"^```sh poste\n((?:.*\n)*?)```\n(?:\n```text\n((?:.*\n)*?)```\n)?", re.MULTILINE
)
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
def offline(host: Host) -> Iterator[None]:
    """The seat without a network: its one interface is down."""
    routes = host.check_output("ip route show default")
    host.check_output("ip link set eth0 down")
    yield
    host.check_output("ip link set eth0 up")
    host.check_output(f"ip route replace {routes}")


@pytest.fixture
def student(host: Host) -> Callable[[str], CommandResult]:
    """A way to type a command as the student, in the student's clone of the project."""
    return lambda command: host.run("su - student -c %s", f"cd labocloud && {command}")


@pytest.fixture
def no_flask(host: Host) -> None:
    """The toolkit's own container, or the last test's, is stopped, as the course says."""
    host.run("docker stop flask")


def wait_for_page(host: Host) -> str:
    page = (
        "import urllib.request as r;"
        "print(r.urlopen('http://localhost:8080/', timeout=2).read().decode())"
    )
    command = shlex.quote(f'until python3 -c "{page}" 2>/dev/null; do sleep 0.3; done')
    return host.check_output(f"timeout 15 bash -c {command}")


def test_the_seat_is_offline(host: Host) -> None:
    """Else the others would prove nothing."""
    assert host.check_output("ip -brief link show eth0").split()[1] == "DOWN"
    assert host.check_output("ip route show default") == ""


@pytest.mark.usefixtures("no_flask")
def test_build_run_look_stop(host: Host, student: Callable[[str], CommandResult]) -> None:
    built = student("docker build . -t labocloud20202021:python")
    assert built.rc == 0, built.stdout + built.stderr
    started = student(RUN)
    assert started.rc == 0, started.stderr
    page = wait_for_page(host)
    assert started.stdout[:12] in page
    assert "construite à la main" in page
    stopped = student("docker stop flask")
    assert stopped.stdout.strip() == "flask"
    assert student("docker ps -a --format '{{.Names}}'").stdout.strip() == ""


@pytest.mark.usefixtures("no_flask")
def test_a_shell_inside(host: Host, student: Callable[[str], CommandResult]) -> None:
    assert student(RUN).rc == 0
    wait_for_page(host)
    assert student("docker exec flask sh -c 'ls'").stdout.split() == [
        "app.py",
        "content",
        "healthcheck.py",
        "labocloud",
        "requirements.txt",
    ]


def blocks(page: str) -> list[tuple[str, str, str | None]]:
    """Give a page's commands in its order: the heading over each, it, and what it has to print."""
    text = (CONTENT / f"{page}.md").read_text()
    return [
        (HEADING.findall(text, 0, block.start())[-1], block[1], block[2])
        for block in BLOCK.finditer(text)
    ]


def typed(host: Host, block: str) -> CommandResult:
    """Run a block as the student who pastes it into a terminal; a shell that it opens is left."""
    script = f"exec 2>&1; set -e\n{block}"
    if " -it " in block:
        script = f"echo exit | script --quiet --return --command {shlex.quote(block)} /dev/null"
    result = host.run("su - student -c %s", script)
    if re.search(r" (-d|start|restart|stop|kill) ", block):
        # A person takes that long to go on.
        wait = f'while test "$({ON_ITS_WAY})"; do sleep 0.2; done'
        host.check_output("timeout 15 sh -c %s", wait)
    return result


def prints(told: str, printed: str) -> bool:
    """Tell whether a page told what was printed: … stands for anything, blanks for blanks."""
    pattern = r".*".join(re.escape(part) for part in " ".join(told.split()).split("…"))
    return re.fullmatch(pattern, " ".join(printed.split()), re.DOTALL) is not None


def what_is_there(host: Host) -> dict[str, Any]:
    """Give what the pages' commands could leave behind."""
    return {
        # Those without a name go, and the page says that this is for good.
        "images": host.check_output(
            "docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -v none"
        ),
        "containers": host.check_output("docker ps -a --format '{{.Names}}'"),
        "networks": host.check_output("docker network ls --format '{{.Name}}' | sort"),
        "swarm": host.check_output("docker info --format '{{.Swarm.LocalNodeState}}'"),
        "files": host.check_output("ls -A ~student"),
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_works_and_is_undone(host: Host, page: str) -> None:
    """One after the other, in the order of the page; at its end the seat is as it was before."""
    host.run(RUN)
    before = what_is_there(host)
    assert blocks(page)
    for heading, block, told in blocks(page):
        result = typed(host, block)
        assert result.rc == 0, f"{heading}: {block}{result.stdout}"
        assert told is None or prints(told, result.stdout), f"{heading}: {block}{result.stdout}"
    assert what_is_there(host) == before


def test_what_a_page_tells_is_compared() -> None:
    assert prints("a  …\nb …", "a 1 2\nb c\n")
    assert not prints("a …", "b 1")
    assert not prints("a", "a b")
