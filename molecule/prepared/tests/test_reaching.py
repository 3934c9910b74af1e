"""Show that a command of a test runs on an instance as by a `docker exec` of its own."""

import pytest
from instances import machine, off
from playbook import seats
from testinfra.backend.docker import DockerBackend

SEAT = seats()[0]


@pytest.mark.parametrize(
    "command",
    [
        "echo said; echo wrong >&2; exit 3",
        "kill -9 $$",
        "printf '\\377\\n\\0'",
        "cat; pwd; id; ulimit -a",
        "env | sort",
        "cat /proc/self/cgroup",
        "ps -o tty= -p $$",
        "no-such-command",
        "echo $(",
    ],
)
def test_a_command_is_as_docker_runs_it(command: str) -> None:
    for name in seats():
        plain, kept = DockerBackend(name).run(command), machine(name).run(command)
        assert (kept.rc, kept.stdout_bytes) == (plain.rc, plain.stdout_bytes)
        assert kept.stderr_bytes == plain.stderr_bytes


def test_what_is_left_running_is_not_waited_for() -> None:
    pid = machine(SEAT).check_output("sleep 1000 & echo $!")
    assert machine(SEAT).run(f"kill {pid}").rc == 0


def test_what_is_off_runs_nothing_and_what_is_on_again_does() -> None:
    assert machine(SEAT).run("true").rc == 0
    with off(SEAT):
        result = machine(SEAT).run("true")
        assert result.rc != 0
        assert "is not running" in result.stderr
    assert machine(SEAT).check_output("hostname") == SEAT
