"""Show that one run at a time works on a room, and that a run that has ended locks nobody out."""

import json
import multiprocessing
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.action import room_lock as action
from ansible_collections.labocloud.room.plugins.modules import room_lock as module
from stand_in import wait_until

PROJECT = Path(__file__).parents[2]
NOW = "2026-11-25T08:30:00+00:00"
OTHER = {"user": "prof", "host": "far", "machine": "f0", "process": "boot 812 9034"}
MINE = action.identity(os.getpid())


def test_the_lock_says_whose_it_is_until_that_one_releases_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert module.take(lock, MINE, {}, NOW) == {"owner": MINE, "since": NOW}
    assert lock.stat().st_mode & 0o777 == 0o600
    assert module.take(lock, OTHER, {}, "later") == {"owner": MINE, "since": NOW}
    module.release(lock, OTHER)
    assert module.take(lock, MINE, {}, "later") == {"owner": MINE, "since": NOW}
    module.release(lock, MINE)
    assert not lock.exists()
    module.release(lock, MINE)
    assert not lock.exists()


def test_it_is_taken_over_from_the_one_that_was_seen(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    module.take(lock, OTHER, {}, NOW)
    third = OTHER | {"process": "boot 813 1"}
    assert module.take(lock, MINE, third, NOW)["owner"] == OTHER
    assert module.take(lock, MINE, OTHER, NOW)["owner"] == MINE


@pytest.mark.parametrize("text", ["", '{"owner": {"us', "[]", "{}", '{"owner": 1}'])
def test_a_lock_whose_writer_was_killed_on_the_way_is_free(tmp_path: Path, text: str) -> None:
    lock = tmp_path / "lock"
    lock.write_text(text)
    assert module.take(lock, MINE, {}, NOW)["owner"] == MINE


def works(lock: Path, alone: Path, start: Any) -> None:  # noqa: ANN401
    """Take the lock and release it, again and again; a file shows where two have it at once."""
    me = OTHER | {"process": f"boot {os.getpid()} 1"}
    start.wait()
    for _ in range(200):
        if module.take(lock, me, {}, NOW)["owner"] == me:
            os.close(os.open(alone, os.O_CREAT | os.O_EXCL))
            alone.unlink()
            module.release(lock, me)


def test_of_many_at_once_one_has_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Event()
    arguments = (tmp_path / "lock", tmp_path / "alone", start)
    runs = [context.Process(target=works, args=arguments) for _ in range(4)]
    for run in runs:
        run.start()
    start.set()
    for run in runs:
        run.join(60)
    assert [run.exitcode for run in runs] == [0] * 4
    assert list(tmp_path.iterdir()) == []


def test_one_that_goes_meanwhile_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module makes a new lock, however often that happens."""
    lock = tmp_path / "lock"
    look, looks = Path.stat, []

    def gone(path: Path, **options: Any) -> os.stat_result:  # noqa: ANN401
        if path == lock and not looks:
            looks.append(path)
            lock.unlink()
        return look(path, **options)

    monkeypatch.setattr(Path, "stat", gone)
    assert module.take(lock, MINE, {}, NOW)["owner"] == MINE
    assert looks


def test_who_waited_for_one_that_is_released_has_one_of_its_own(tmp_path: Path) -> None:
    """It does not keep a file that was removed meanwhile, beside which another run would lock."""
    lock = tmp_path / "lock"
    waiting = threading.Thread(target=module.take, args=(lock, MINE, {}, NOW))
    with module.opened(lock):
        waiting.start()
        time.sleep(0.2)
        lock.unlink()
    waiting.join(60)
    assert module.take(lock, OTHER, {}, NOW)["owner"] == MINE


def ended() -> dict[str, str]:
    """Return the owner of a run that was killed and has not been reaped."""
    sleeper = subprocess.Popen(["sleep", "60"])
    owner = action.identity(sleeper.pid)
    assert not action.is_dead(owner, MINE)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert action.is_dead(owner, MINE)
    sleeper.wait()
    return owner


def test_a_run_of_the_same_user_and_machine_is_dead_when_its_process_is() -> None:
    owner = ended()
    assert action.is_dead(owner, MINE)
    # Another process has that number by now, or the lock is from before a boot.
    assert action.is_dead(MINE | {"process": MINE["process"] + "1"}, MINE)
    assert action.is_dead(MINE | {"process": "x" + MINE["process"]}, MINE)
    assert action.is_dead(MINE | {"process": ""}, MINE)
    for key in ("user", "host", "machine"):
        assert not action.is_dead(owner | {key: "another"}, MINE)
    assert not action.is_dead(OTHER, MINE)


def asking(lock: Path) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that runs the module on a lock here."""
    return lambda arguments: {
        "lock": module.take(lock, arguments["owner"], arguments.get("instead_of", {}), NOW)
    }


def test_who_gets_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"

    def get(owner: dict[str, str], take_over: bool = False) -> dict[str, str]:
        lock.unlink(missing_ok=True)
        module.take(lock, owner, {}, NOW)
        return action.take(asking(lock), MINE, take_over)["lock"]["owner"]

    assert get(MINE) == MINE
    assert get(ended()) == MINE
    assert get(OTHER) == OTHER
    assert get(OTHER, take_over=True) == MINE
    parent = action.identity(os.getppid())
    assert get(parent) == parent
    assert action.take(lambda _: {"msg": "off"}, MINE, take_over=True) == {"msg": "off"}


def test_who_is_quicker_keeps_it() -> None:
    """Where two take it over at once, the second learns of the first, and leaves it the lock."""
    third = OTHER | {"process": "boot 813 1"}
    answers = [{"lock": {"owner": OTHER}}, {"lock": {"owner": third}}]
    assert action.take(lambda _: answers.pop(0), MINE, take_over=True)["lock"]["owner"] == third
    assert answers == []


def test_who_names_one_dead_run_after_another_is_not_asked_for_ever() -> None:
    mine = action.identity(os.getpid())
    answers = iter(
        {"lock": {"owner": mine | {"process": f"boot {run} 1"}}} for run in range(10**7, 10**7 + 99)
    )
    assert action.take(lambda _: next(answers), mine, take_over=False)["lock"]["owner"] != mine


def test_the_others_are_told_who_and_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    message = action.refusal("pc1", {"owner": OTHER, "since": NOW})
    monkeypatch.undo()
    time.tzset()
    assert message.startswith(
        "prof@far works on this room since 2026-11-25 09:30, says the lock on pc1"
    )
    assert message.endswith("-e room_lock_take_over=yes")
    forged = {"owner": {"user": "x\x1b[31m" * 100}, "since": "\n\n"}
    message = action.refusal("pc1", forged)
    assert message.isprintable()
    assert len(message) < 400


Play = Callable[..., subprocess.Popen[str]]
PLAYBOOK = """
- hosts: lab
  gather_facts: false
  tasks:
    - labocloud.room.room_lock:
        take_over: "{{ take_over | default(false) }}"
        path: "{{ lock }}"
      delegate_to: "{{ keeper | default('pc1') }}"
      run_once: true
    - command: "{{ then }}"
      changed_when: false
"""


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Start a run that takes the lock and then gives a command, of which only pc2 is a part."""
    off = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    # Root of this seat makes modules answer with data nested too deeply for Python.
    odd = tmp_path / "odd"
    odd.write_text("""#!/usr/bin/python3\nprint('{"lock": ' + '[' * 5000 + ']' * 5000 + '}')\n""")
    odd.chmod(0o700)
    deep = {"ansible_connection": "local", "ansible_python_interpreter": str(odd)}
    hosts = {"pc1": {"ansible_connection": "local"}, "off": off, "odd": deep}
    lab = {"pc2": {"ansible_connection": "local"}}
    inventory = {"all": {"hosts": hosts, "children": {"lab": {"hosts": lab}}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(inventory))
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    settings = {
        "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
        "LABOCLOUD_REPORTS": str(tmp_path / "reports"),
    }

    def start(then: str, **variables: object) -> subprocess.Popen[str]:
        variables |= {"then": then, "lock": str(tmp_path / "lock")}
        return subprocess.Popen(
            ["ansible-playbook", "-i", "hosts.yml", "play.yml", "-e", json.dumps(variables)],
            cwd=tmp_path,
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def test_a_run_has_it_to_its_end_whatever_that_is(tmp_path: Path, play: Play) -> None:
    """No play follows a run that fails on all seats, and nothing at all a run that is killed."""
    lock, seen = tmp_path / "lock", tmp_path / "seen"
    module.take(lock, OTHER, {}, NOW)
    failing = play(f"sh -c 'cp {lock} {seen}; false'", take_over=True)
    assert "1 needs you" in failing.communicate(timeout=120)[0]
    owner = json.loads(seen.read_text())["owner"]
    assert owner["process"].split()[1] == str(failing.pid)
    assert owner | {"process": MINE["process"]} == MINE
    wait_until(lambda: not lock.exists())
    seen.unlink()
    killed = play(f"sh -c 'touch {seen}; sleep 2'")
    wait_until(seen.exists)
    assert lock.exists()
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=120)
    wait_until(lambda: not lock.exists())


def test_where_seats_could_change_settings_no_run_begins(
    tmp_path: Path, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_INJECT_FACT_VARS", "True")
    refused = play(f"touch {tmp_path}/done")
    summary = " ".join(refused.communicate(timeout=120)[0].rpartition("ROOM **")[2].split())
    assert refused.returncode != 0
    assert "Fix: write inject_facts_as_vars = False under [defaults] in your ansible.cfg" in summary
    assert not (tmp_path / "done").exists()
    assert not (tmp_path / "lock").exists()


def test_anothers_lock_ends_the_run_and_an_absent_keeper_does_not(
    tmp_path: Path, play: Play
) -> None:
    lock = tmp_path / "lock"
    module.take(lock, OTHER, {}, NOW)
    refused = play(f"touch {tmp_path}/done")
    output = " ".join(refused.communicate(timeout=120)[0].rpartition("ROOM **")[2].split())
    assert refused.returncode != 0
    assert "prof@far works on this room since 2026-11-25" in output
    assert "waits for" not in output
    assert not (tmp_path / "done").exists()
    assert not (tmp_path / "reports").exists()
    for keeper in ("off", "odd"):
        absent = play("true", keeper=keeper)
        output = " ".join(absent.communicate(timeout=120)[0].split())
        assert absent.returncode == 0
        assert f"{keeper} cannot be asked whether somebody else works on the room" in output
    assert json.loads(lock.read_text())["owner"] == OTHER
