"""A run as a person sees it: Ansible on a terminal, with seats that do and do not go well."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from emulator import Emulator
from terminal import Terminal, pictures

PROJECT = Path(__file__).parents[2]
SAMPLE = PROJECT / "tests/live/room.yml"
HOSTS = PROJECT / "tests/live/hosts.yml"
SIZES = [(80, 24), (40, 10)]
# What the rows tell in place of these lines.
TOLD_BY_ROWS = re.compile(
    r"PLAY \[.*|TASK \[Take a (last )?moment\].*|skipping: no hosts matched"
    r"|(ok|changed): \[\w+\]( => \(item=.*\))?"
)


def environment(tmp_path: Path, **others: str) -> dict[str, str]:
    """Return the environment of a person at a terminal."""
    plain = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    return plain | {
        "TERM": "xterm-256color",
        "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
        "LABOCLOUD_REPORTS": str(tmp_path / "reports"),
        **others,
    }


def command(*arguments: str, playbook: Path = SAMPLE, hosts: Path = HOSTS) -> list[str]:
    return ["ansible-playbook", "-i", str(hosts), str(playbook), *arguments]


def piped(tmp_path: Path, callback: str = "default") -> str:
    result = subprocess.run(
        command(),
        cwd=PROJECT,
        env=environment(tmp_path, ANSIBLE_STDOUT_CALLBACK=callback),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.stdout


def in_any_order(lines: list[str]) -> list[str]:
    """Return lines, sorted since seats answer in any order, without those that rows replace."""
    kept = [line.rstrip() for line in lines if line.strip()]
    return sorted(line for line in kept if not TOLD_BY_ROWS.fullmatch(line))


def drawn(terminal: Terminal) -> list[list[str]]:
    """Return the lines of each picture."""
    return [
        Emulator(1000, 1000).feed(picture.encode()).text()
        for _, picture in pictures(terminal.written)
    ]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the lines that Ansible itself prints of the sample run."""
    return piped(tmp_path_factory.mktemp("lines")).splitlines()


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def whole_run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[tuple[int, int], Terminal]:
    """A size, and a terminal of that size on which the sample run has ended."""
    terminal = Terminal(command(), *request.param, environment(tmp_path_factory.mktemp("run")))
    assert terminal.close() != 0
    return request.param, terminal


def test_all_that_ansible_says_is_there_and_nothing_else_is_left(
    whole_run: tuple[tuple[int, int], Terminal], lines: list[str]
) -> None:
    size, terminal = whole_run
    shown = Emulator(*size).feed(terminal.written).text()
    assert in_any_order(shown) == in_any_order(lines)
    assert "ROOM **" in shown[-6]
    for line in ("pc3: refused", "pc4: refused", "pc5 refuses 2", "pc6: unreachable"):
        assert line in "".join(shown[-4:])


def test_each_picture_fits_and_tells_what_each_seat_does(
    whole_run: tuple[tuple[int, int], Terminal],
) -> None:
    size, terminal = whole_run
    shown = drawn(terminal)
    assert all(len(lines) < size[1] and len(line) < size[0] for lines in shown for line in lines)
    # On a busy machine there may be a picture before any seat has a row in it.
    at_work = next(lines for lines in shown if "Take a moment" in "".join(lines[1:2]))
    assert at_work[0].startswith("1 of 3  Do what goes well")
    assert [line.split()[0] for line in at_work[1:]] == [f"pc{number}" for number in range(1, 7)]
    assert "unreachable" in at_work[6]
    assert any("0:01" in "".join(lines[1:2]) for lines in shown), "time does not pass"


def test_more_seats_than_lines(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.yml"
    hosts.write_text("lab: {hosts: {'pc[1:20]': }, vars: {ansible_connection: local}}")
    terminal = Terminal(command(hosts=hosts), 40, 10, environment(tmp_path))
    assert terminal.close() == 0
    shown = drawn(terminal)
    assert all(len(lines) <= 9 for lines in shown)
    assert any(lines[-1].startswith("… 14 more: ") for lines in shown)
    text = "".join(Emulator(40, 10).feed(terminal.written).text())
    assert all(f"pc{number} says a word" in text for number in range(1, 21))


def test_a_window_that_becomes_smaller(tmp_path: Path, lines: list[str]) -> None:
    terminal = Terminal(command(), 80, 24, environment(tmp_path))
    terminal.wait_for("Take a moment")
    before = len(terminal.written)
    terminal.resize(40, 10)
    terminal.close()
    emulator = Emulator(80, 24).feed(terminal.written[:before])
    emulator.columns, emulator.lines = 40, 10
    shown = emulator.feed(terminal.written[before:]).text()
    assert in_any_order(shown) == in_any_order(lines)
    # As if it had been small already when the first, wide pictures came.
    shown = Emulator(40, 10).feed(terminal.written).text()
    assert in_any_order(shown) == in_any_order(lines)
    last = drawn(terminal)[-1]
    assert len(last) < 10
    assert all(len(line) < 40 for line in last)


def test_an_interrupted_run_gives_the_terminal_back(tmp_path: Path) -> None:
    terminal = Terminal(command(), 80, 24, environment(tmp_path))
    terminal.wait_for("Take a moment")
    # Ansible can stumble over an interrupt while it starts its workers.
    terminal.wait_for("0:01")
    terminal.press("\x03")
    assert terminal.close() == 99
    shown = Emulator(80, 24).feed(terminal.written).text()
    before, _, after = "\n".join(shown).partition("ROOM **")
    # Nothing of the rows is between what Ansible says and what the seats' lines are.
    assert "User interrupted execution" in before.rstrip().rpartition("\n")[2]
    assert "not finished: the run was broken off" in " ".join(after.split())
    assert not any("Take a moment" in line for line in shown)


def test_a_question_is_not_drawn_over(tmp_path: Path) -> None:
    playbook = tmp_path / "ask.yml"
    playbook.write_text("""
- hosts: pc1
  gather_facts: false
  vars_prompt: [{name: first, prompt: First question, private: false}]
  tasks:
    - pause: {prompt: Second question}
      register: second
    - debug: {msg: "{{ first }} and {{ second.user_input }}"}
- hosts: pc1
  gather_facts: false
  vars_prompt: [{name: third, prompt: Third question}]
  tasks:
    - debug: {msg: "{{ third }}, last"}
""")
    terminal = Terminal(command(playbook=playbook), 80, 24, environment(tmp_path))
    for question in ("First", "Second", "Third"):
        terminal.wait_for(f"{question} question")
        drawn_pictures = terminal.written.count(b"\x1b[J")
        for _ in range(10):
            terminal.read(0.1)
        assert terminal.written.count(b"\x1b[J") == drawn_pictures
        terminal.press(f"answer {question.lower()}\r")
    assert terminal.close() == 0
    # Ansible clears the line of an answer in a way of its own.
    written = terminal.written.replace(b"\x1b[\r\x1b[\x1b[K", b"")
    shown = "\n".join(Emulator(80, 24).feed(written).text())
    assert "answer first and answer second" in shown
    assert "answer third, last" in shown


def test_a_check_with_diff_names_the_seat_of_each_change(tmp_path: Path) -> None:
    playbook = tmp_path / "change.yml"
    playbook.write_text(f"""
- hosts: pc1:pc2
  gather_facts: false
  tasks:
    - copy: {{content: "new line\\n", dest: {tmp_path}/file, mode: "0644"}}
""")
    options = ("--check", "--diff")
    terminal = Terminal(command(*options, playbook=playbook), 80, 24, environment(tmp_path))
    assert terminal.close() == 0
    shown = Emulator(80, 24).feed(terminal.written).text()
    assert shown.count("+new line") == 2
    assert {"changed: [pc1]", "changed: [pc2]"} <= set(shown)


def test_in_a_pipe_it_is_ansibles_own_output(tmp_path: Path, lines: list[str]) -> None:
    ours = piped(tmp_path, "labocloud.room.room_live")
    assert sorted(ours.splitlines()) == sorted(lines)
    assert "\x1b" not in ours
    assert "PLAY RECAP" in ours


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        (["-v"], {}),
        ([], {"CI": "true"}),
        ([], {"TERM": "dumb"}),
        ([], {"ANSIBLE_STDOUT_CALLBACK": "default"}),
    ],
    ids=["verbose", "CI", "dumb", "default"],
)
def test_who_wants_lines_gets_lines(
    options: list[str], variables: dict[str, str], tmp_path: Path
) -> None:
    run = command("--limit", "pc1", *options)
    terminal = Terminal(run, 80, 24, environment(tmp_path, **variables))
    terminal.close()
    assert b"\x1b[J" not in terminal.written
    assert b"PLAY [Do what goes well]" in terminal.written
    assert b"changed: [pc1]" in terminal.written
