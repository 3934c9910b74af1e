"""The course's commands, as the course writes them, by a student, on a seat without a network."""

import shlex
from collections.abc import Callable

import pytest
from testinfra.backend.base import CommandResult
from testinfra.host import Host

pytestmark = pytest.mark.usefixtures("offline")

RUN = "docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python"


@pytest.fixture
def student(host: Host) -> Callable[[str], CommandResult]:
    """A way to type a command as the student, in the student's clone of the project."""
    return lambda command: host.run("su - student -c %s", f"cd labocloud && {command}")


@pytest.fixture(autouse=True)
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


def test_a_container_whose_process_ends_stops(student: Callable[[str], CommandResult]) -> None:
    assert (
        student("docker run --name fin labocloud20202021:python -c 'print(1 + 1)'").stdout == "2\n"
    )
    state = student("docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' fin")
    assert state.stdout.strip() == "exited 0"
    assert student("docker rm fin").rc == 0


def test_anybodys_dockerfile_installs_flask(student: Callable[[str], CommandResult]) -> None:
    """The course's own Dockerfile to the letter, its FROM aside."""
    dockerfile = (
        "FROM labocloud20202021:base\\n"
        "EXPOSE 8888\\n"
        "WORKDIR /python-app\\n"
        "COPY ./app /python-app\\n"
        "RUN pip install flask\\n"
        'ENTRYPOINT ["python"]\\n'
        'CMD [ "app.py"]\\n'
    )
    written = "mkdir -p ../mine/app && cd ../mine && printf '%b' '" + dockerfile + "' > Dockerfile"
    app = "echo 'import flask; print(flask.Flask.__name__)' > app/app.py"
    built = student(f"{written} && {app} && docker build . -t mine")
    assert built.rc == 0, built.stdout + built.stderr
    assert student("docker run --rm mine").stdout == "Flask\n"


def test_a_shell_inside(host: Host, student: Callable[[str], CommandResult]) -> None:
    assert student(RUN).rc == 0
    wait_for_page(host)
    assert student("docker exec flask sh -c 'ls'").stdout.split() == [
        "app.py",
        "healthcheck.py",
        "labocloud",
        "requirements.txt",
    ]
