"""Show that only a proof counts as the success of an attack, and that nothing stays changed."""

import json
import os
import socket
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.labocloud.room.plugins.module_utils.attacks import (
    accounts,
    attacker,
    attempts,
)
from ansible_collections.labocloud.room.plugins.module_utils.attacks.accounts import Account, Ended
from ansible_collections.labocloud.room.plugins.modules import seat_attack
from stand_in import run, wait_until

ME = Account("student", os.getuid(), os.getgid(), os.getgroups())
TOOL = '{"tool": true}\n'


@pytest.mark.parametrize(
    ("ended", "result", "why"),
    [
        (Ended(0, TOOL + '{"why": "[Errno 13] denied"}\n'), "withstood", "[Errno 13] denied"),
        (Ended(0, TOOL + '{"got": "net:[4]"}\n'), "withstood", "it has reached no more than net"),
        # The attack reports that it could see its success, without a value.
        (Ended(0, TOOL), "untried", "it ended with status 0"),
        (Ended(None, TOOL), "untried", "it has not ended in time"),
        (Ended(1, TOOL + '{"why": "x"}\n{"late": true}\n'), "untried", "it has not ended in time"),
        (Ended(0, '{"why": "[Errno 13] denied"}\n'), "untried", "[Errno 13] denied"),
        (Ended(0, '{"tool": false, "why": "no such"}\n'), "untried", "no such"),
        (Ended(0, '{"tool": 1, "got": "x"}\n'), "untried", "it has reached no more than x"),
        (Ended(1, "Traceback\nKeyError: x\n"), "untried", "Traceback KeyError: x"),
        # No image, no network, no shell: nothing of these is a proof.
        (
            Ended(125, "docker: Error: permission denied.\nSee 'docker run --help'.\n"),
            "untried",
            "",
        ),
        (Ended(127, "docker: Error: exec: python3: not found"), "untried", "docker: Error: exec"),
        (
            Ended(125, "docker: Error: path / is mounted on / but it is not a shared mount.\n"),
            "withstood",
            "docker: Error: path",
        ),
        (
            Ended(125, 'e: mounting "proc" to rootfs at "/proc": operation not permitted: unknown'),
            "withstood",
            "",
        ),
        # It is a container that says so.
        (Ended(0, TOOL + "it is not a shared mount"), "untried", ""),
        (Ended(0, "it is not a shared mount"), "untried", ""),
    ],
)
def test_what_is_no_proof_is_untried(ended: Ended, result: str, why: str) -> None:
    outcome = seat_attack.outcome(ended, succeeded=False)
    assert outcome[0] == result
    assert outcome[1].startswith(why)


def test_what_was_seen_from_outside_counts_whatever_the_container_says() -> None:
    assert seat_attack.outcome(Ended(1, ""), succeeded=True) == ("succeeded", "")


def test_what_a_container_says_may_be_anything() -> None:
    report = seat_attack.reported('{"tool": true}\n{]\n[1]\nx\n{"got": 1}\n' + '{"a":' * 9000)
    assert report == {"tool": True, "got": 1}
    assert len(seat_attack.last_words("x" * 9000)) == seat_attack.LONGEST_REASON


def test_a_command_is_ended_with_what_it_has_started() -> None:
    # On a slow machine, it needs longer until it has started something.
    for seconds in (0.5, 5, 50):
        begun = time.monotonic()
        ended = accounts.limited(["sh", "-c", "sleep 600 & echo $!; sleep 600"], None, seconds)
        if ended.printed:
            break
    assert time.monotonic() - begun < 300
    assert ended.status is None
    # Whoever has it now may have to take it away yet.
    command = Path(f"/proc/{ended.printed.strip()}/cmdline")
    wait_until(lambda: not command.exists() or not command.read_bytes())


def test_a_command_prints_no_more_than_is_taken() -> None:
    ended = accounts.limited(["yes"], None, 20)
    assert ended.status is None
    assert len(ended.printed) == accounts.MOST_PRINTED


def test_a_command_has_nothing_of_our_environment() -> None:
    variables = accounts.limited(["env"], None, 20, DOCKER_HOST="unix:///x").printed.split()
    assert sorted(variable.partition("=")[0] for variable in variables if "=" in variable)[:2] == [
        "DOCKER_HOST",
        "LC_ALL",
    ]
    assert not any(variable.startswith("HOME=") for variable in variables)


NET_UNIX = """\
Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 10 /run/containerd/containerd.sock
0000000000000000: 00000002 00000000 00010000 0001 01 11 /run/systemd/private
0000000000000000: 00000002 00000000 00010000 0001 01 12 @/containerd-shim/abstract.sock
0000000000000000: 00000003 00000000 00000000 0001 03 13 /run/docker.sock
0000000000000000: 00000002 00000000 00010000 0005 01 14 /run/docker-seqpacket
0000000000000000: 00000002 00000000 00010000 0001 01 15 /run/dbus/system_bus_socket
0000000000000000: 00000002 00000000 00010000 0001 01 16 /run/a docker.sock
0000000000000000: 00000002 00000000 00010000 0001 01 17
"""


def test_the_sockets_that_give_power_are_those_that_listen_at_a_path() -> None:
    assert attempts.names_of(NET_UNIX) == [
        "/run/a docker.sock",
        "/run/containerd/containerd.sock",
        "/run/systemd/private",
    ]


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[attempts.Ground]:
    """Yield the targets of the attacks, set up without root."""
    monkeypatch.setattr(attacker, "digest", lambda path: f"hash of {path}")
    with attempts.ground_for(ME) as ground:
        yield ground


def test_the_ground_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attacker, "digest", lambda path: path)
    with attempts.ground_for(ME) as ground:
        directory, process = ground.open.parent, ground.process.pid
        assert directory.name.startswith(attempts.MARK)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o711
        assert stat.S_IMODE(ground.open.stat().st_mode) == 0o1777
        # It has it a moment after it has begun.
        while not (environment := Path(f"/proc/{process}/environ").read_text()):
            time.sleep(0.01)
        assert environment == f"{ground.variable}={ground.value}\0"
        (ground.open / "left").mkdir()
    assert not directory.exists()
    assert not Path(f"/proc/{process}").exists()


def test_a_hash_is_held_against_the_files_own(ground: attempts.Ground) -> None:
    assert attempts.shadow_seen(ground, {}, "hash of /etc/shadow")
    assert not attempts.shadow_seen(ground, {}, "hash of /etc/passwd")
    assert not attempts.shadow_seen(ground, {}, None)


def test_of_several_only_what_was_asked_for_counts(ground: attempts.Ground) -> None:
    assert attempts.some_seen(ground, {"paths": ["/root"]}, ["/root"])
    for got in (["/other"], [], None, "/root", [["/root"]]):
        assert not attempts.some_seen(ground, {"paths": ["/root"]}, got)


def test_a_file_that_was_made_is_removed(ground: attempts.Ground, tmp_path: Path) -> None:
    arguments = {"paths": [str(tmp_path / "made")]}
    assert not attempts.usr_seen(ground, arguments, ["made"])
    (tmp_path / "made").touch()
    assert attempts.usr_seen(ground, arguments, None)
    assert not (tmp_path / "made").exists()


def test_a_variable_of_the_process_is_its_own(ground: attempts.Ground) -> None:
    assert attempts.value_seen(ground, {}, ground.value)
    assert not attempts.value_seen(ground, {}, "")


def test_that_a_process_was_ended_is_seen_and_it_is_not_given_anew(ground: attempts.Ground) -> None:
    assert not attempts.end_seen(ground, {}, "sent")
    ground.process.terminate()
    assert attempts.end_seen(ground, {}, None)
    with pytest.raises(attempts.UntriedError, match="ended"):
        attempts.processes_given("/proc")(ground)


def test_a_process_that_ends_by_itself_was_not_ended(ground: attempts.Ground) -> None:
    ground.process.kill()
    assert not attempts.end_seen(ground, {}, "sent")


def test_who_connects_may_be_root(ground: attempts.Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not attempts.abstract_seen(ground, {}, "connected")
    for uid, succeeded in ((0, True), (995, False)):
        packed = attempts.CREDENTIALS.pack(1, uid, 0)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(b"\0" + ground.name.encode())
            caller, _ = ground.abstract.accept()
        caller.close()

        class Caller:
            def __enter__(self) -> "Caller":
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def getsockopt(self, *_: object, answer: bytes = packed) -> bytes:
                return answer

        callers = [Caller()]

        class Listening:
            def accept(self, waiting: list[Caller] = callers) -> tuple[Caller, str]:
                if not waiting:
                    raise BlockingIOError
                return waiting.pop(), ""

        with monkeypatch.context() as patch:
            patch.setattr(ground, "abstract", Listening())
            assert attempts.abstract_seen(ground, {}, None) is succeeded


def test_a_setuid_program_of_anybody_elses_makes_nobody_root(
    ground: attempts.Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = attempts.setuid_given(ground)
    assert not attempts.setuid_seen(ground, arguments, "made")
    program = ground.open / "id"
    program.write_text("#!/bin/sh\necho 0\n")
    program.chmod(0o4755)
    monkeypatch.setattr(attempts, "limited", lambda *_: Ended(0, "0\n"))
    assert attempts.setuid_seen(ground, arguments, "made") is (os.getuid() == 0)
    program.chmod(0o755)
    assert not attempts.setuid_seen(ground, arguments, "made")


def test_what_the_account_can_do_by_itself_is_no_attack(
    ground: attempts.Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = [tmp_path / "open", tmp_path / "closed"]
    for home in homes:
        home.mkdir()
    people = [(home, 2000 + number) for number, home in enumerate(homes)]
    entries = [pwd_entry(str(home), uid) for home, uid in people]
    own = pwd_entry(str(tmp_path), ME.uid)
    system = pwd_entry("/usr", 5)
    monkeypatch.setattr(attempts.pwd, "getpwall", lambda: [*entries, own, system])
    monkeypatch.setattr(attempts, "itself", lambda *_: [str(homes[0]), "/root"])
    assert attempts.homes_given(ground)["paths"] == [str(homes[1])]
    monkeypatch.setattr(attempts, "itself", lambda _account, _test, paths: paths)
    with pytest.raises(attempts.UntriedError, match="no home is closed"):
        attempts.homes_given(ground)


def pwd_entry(home: str, uid: int) -> object:
    """Return an entry of passwd(5), as Python's pwd module has it."""
    return attempts.pwd.struct_passwd(("x", "x", uid, uid, "", home, "/bin/sh"))


def test_a_kernel_without_modules_is_not_tried(
    ground: attempts.Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (0, 1, 38):
        monkeypatch.setattr(attacker, "nonsense_module", lambda error=error: error)
        with pytest.raises(attempts.UntriedError):
            attempts.module_given(ground)
    monkeypatch.setattr(attacker, "nonsense_module", lambda: 8)
    arguments = attempts.module_given(ground)
    assert attempts.module_seen(ground, arguments, 8)
    assert not attempts.module_seen(ground, arguments, 1)


def test_every_attack_has_a_name_of_its_own_and_is_explained() -> None:
    names = [attack.name for attack in attempts.ATTACKS]
    assert len(set(names)) == len(names)
    text = (Path(__file__).parents[2] / "docs/security.md").read_text()
    section = text.partition("## Try it yourself")[2].partition("\n## ")[0]
    for attack in attempts.ATTACKS:
        first, _, rest = attack.name.rpartition("-")
        assert f"`{attack.name}`" in section or (
            f"`{first}`" in section and f"`-{rest}`" in section
        ), attack.name
        assert attack.run.__name__ in attacker.ATTACKS
    assert f"{len(names)} tried" in section


# A client that notes its arguments, and prints the given texts.
CLIENT = """#!/bin/sh
echo "$*" >> {directory}/called
case "$1" in
version) {version} ;;
image) {image} ;;
run) printf '{{"tool": true}}\\n{{"why": "denied"}}\\n' ;;
esac
"""


class Seat:
    """A machine with a stand-in for the client, on which no attack gets a target."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        self.client = directory / "docker"
        self.answers()
        monkeypatch.setattr(seat_attack, "DOCKER", str(self.client))
        monkeypatch.setattr(seat_attack.os, "geteuid", lambda: 0)
        # The tests, and what they start, end as others do.
        monkeypatch.setattr(seat_attack.signal, "signal", lambda *_: None)
        monkeypatch.setattr(attacker, "digest", lambda path: path)
        # Only root can be another.
        limited = accounts.limited

        def plain(
            command: Sequence[str], _account: object, seconds: float, **options: str
        ) -> Ended:
            return limited(command, None, seconds, **options)

        monkeypatch.setattr(seat_attack, "limited", plain)
        monkeypatch.setattr(
            seat_attack.pwd, "getpwnam", lambda name: {"student": pwd_entry("/", 1500)}[name]
        )
        monkeypatch.setattr(seat_attack.os, "getgrouplist", lambda *_: [1500, 990])
        nothing = attempts.Goal(attempts.nothing_given, attempts.word_seen("x"))
        monkeypatch.setattr(
            seat_attack,
            "ATTACKS",
            [attack._replace(goal=nothing) for attack in attempts.ATTACKS[:3]],
        )

    def answers(self, version: str = "echo 26.1", image: str = "echo sha256:1") -> None:
        """Let the client answer with these commands of a shell."""
        text = CLIENT.format(directory=self.directory, version=version, image=image)
        self.client.write_text(text)
        self.client.chmod(0o755)

    def called(self) -> list[str]:
        """Return the arguments that the client was called with."""
        path = self.directory / "called"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seat:
    """Return a machine with a stand-in for the client."""
    return Seat(tmp_path, monkeypatch)


def attacked(**arguments: object) -> dict[str, Any]:
    """Run the module, and return its result."""
    result: dict[str, Any] = run(seat_attack.main, **{"account": "student", **arguments})
    assert result["changed"] is False
    return result["attacks"]


def test_each_attack_is_a_container_of_which_nothing_stays(seat: Seat) -> None:
    facts = attacked(image="course:base")
    assert facts["why"] == ""
    assert [attack["outcome"] for attack in facts["tried"]] == ["withstood"] * 3
    assert [attack["why"] for attack in facts["tried"]] == ["denied"] * 3
    runs = [line for line in seat.called() if line.startswith("run ")]
    assert len({line.split("--name=")[1].split()[0] for line in runs}) == 3
    for line in runs:
        assert f"--name={attempts.MARK}" in line
        for option in (*seat_attack.ALWAYS, "--network=none", "course:base -c"):
            assert option in line


def test_without_an_account_an_image_or_an_engine_nothing_was_tried(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attacked(account="nobodyhere")["why"] == "there is no account nobodyhere"
    seat.answers(version="echo 'permission denied at the socket' >&2; exit 1")
    assert "student cannot use Docker there (permission denied" in attacked()["why"]
    seat.answers(image="exit 1")
    assert attacked()["why"] == "there is no image labocloud20202021:base"
    seat.client.unlink()
    assert "there is no" in attacked()["why"]
    monkeypatch.setattr(seat_attack.pwd, "getpwnam", lambda _: pwd_entry("/root", 0))
    assert "is root" in attacked(account="toor")["why"]
    monkeypatch.setattr(seat_attack.os, "geteuid", lambda: 1000)
    facts = attacked()
    assert facts["why"] == "what comes of an attack only root can see"
    assert facts["tried"] == []
    assert not any(line.startswith("run") for line in seat.called())


def test_there_is_an_end_to_all_of_them(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seat_attack, "ALL_SECONDS", -1)
    assert {attack["outcome"] for attack in attacked()["tried"]} == {"untried"}
    assert not any(line.startswith("run") for line in seat.called())


def test_an_engine_that_hangs_is_no_proof_and_its_container_is_removed(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_attack, "ATTACK_SECONDS", 0.2)
    seat.client.write_text(seat.client.read_text().replace("run) ", "run) sleep 60;"))
    facts = attacked()
    assert [attack["outcome"] for attack in facts["tried"]] == ["untried"] * 3
    removed = [line.split()[-1] for line in seat.called() if line.startswith("rm --force")]
    started = [line.split("--name=")[1].split()[0] for line in seat.called() if "--name" in line]
    assert removed == started


def test_an_attack_that_cannot_be_tried_keeps_no_other_from_it(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_ground: attempts.Ground) -> attacker.Given:
        raise attempts.UntriedError("there is no disk")

    def broken(*_: object) -> bool:
        raise OSError("what is it")

    first, second, third = seat_attack.ATTACKS
    goals = (
        first._replace(goal=first.goal._replace(given=away)),
        second._replace(goal=second.goal._replace(seen=broken)),
        third,
    )
    monkeypatch.setattr(seat_attack, "ATTACKS", goals)
    outcomes = [(attack["outcome"], attack["why"]) for attack in attacked()["tried"]]
    expected = [("untried", "there is no disk"), ("untried", "what is it"), ("withstood", "denied")]
    assert outcomes == expected
    assert len([line for line in seat.called() if line.startswith("run ")]) == 2


def test_a_check_tries_nothing(seat: Seat) -> None:
    """Ansible itself skips a module that says that it knows no check."""
    arguments = {"account": "student", "_ansible_check_mode": True}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        seat_attack.main()
    assert seat.called() == []


def test_what_an_attack_is_given_is_json_and_the_disks_name_an_option() -> None:
    by_name = {attack.name: attack for attack in attempts.ATTACKS}
    disk = {**attempts.Disk("sda", 8, 0)._asdict(), "paths": []}
    client = seat_attack.Client(ME, "/x.sock", "it")
    called: list[tuple[str, ...]] = []
    client.docker = lambda *arguments, **_: called.append(arguments) or Ended(0, "")  # type: ignore[method-assign]
    client.run(by_name["disk-device"], disk)
    [arguments] = called
    assert "--device=/dev/sda" in arguments
    assert json.loads(arguments[-1]) == disk
    client.run(by_name["network"], {})
    assert "--network=none" not in called[1]
    assert client.variables["DOCKER_HOST"] == "unix:///x.sock"


def test_a_disk_is_one_that_root_can_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "is_readable", lambda *_: False)
    with pytest.raises(attempts.UntriedError, match="no disk"):
        attempts.disk()


def test_nothing_is_mounted_where_nothing_was(ground: attempts.Ground) -> None:
    assert not attempts.mount_seen(ground, attempts.mount_given(ground), "mounted")
    assert not attempts.group_seen(ground, attempts.group_given(ground), ["made"])
