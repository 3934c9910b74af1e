"""Show the output of the callback room_live on a terminal and in a pipe."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from ansible_collections.labocloud.room.plugins.callback import room_live
from sample_plays import plays_of_ours
from sample_terminal import Tty, before, drawn_on, taken_from


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Tty:
    """Return a terminal to draw on."""
    return drawn_on(monkeypatch)


class Run:
    """A run's callback, of which `printed` are the events that Ansible's own lines tell of."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.printed: list[str] = []
        for name in [name for name in vars(room_live.CallbackModule) if name.startswith("v2_")]:
            monkeypatch.setattr(room_live.Default, name, self.note(name.removeprefix("v2_")))
        monkeypatch.setattr(room_live.Default, "set_options", self.options)
        self.callback = room_live.CallbackModule()

    def note(self, name: str) -> object:
        """Return a function that records that lines are printed."""
        return lambda *_arguments, **_named: self.printed.append(name)

    @staticmethod
    def options(callback: room_live.CallbackModule) -> None:
        """Set the options as Ansible's defaults are."""
        callback._plugin_options = {"display_skipped_hosts": True}

    def tell(self, event: str, **other: object) -> list[str]:
        """Report a seat's finished step to the callback, and return what is printed of it."""
        self.printed.clear()
        changed, ignores = other.pop("changed", False), other.pop("ignore_unreachable", False)
        modes = {"check_mode": other.pop("check", False), "diff": other.pop("diff", False)}
        result = SimpleNamespace(
            host=SimpleNamespace(get_name=lambda: "pc1"),
            task=SimpleNamespace(ignore_unreachable=ignores, **modes),
            is_changed=lambda: changed,
            result=other.pop("result", {}),
            warnings=other.pop("warnings", []),
            deprecations=[],
        )
        getattr(self.callback, f"v2_{event}")(result, **other)
        return list(self.printed)

    def start(self, playbook: str) -> int:
        """Begin a playbook of the collection, and return how many plays it has."""
        plays = plays_of_ours(playbook)
        self.callback.v2_playbook_on_start(SimpleNamespace(get_plays=lambda: plays))
        return len(plays)

    def begin(self, name: str, key: str) -> None:
        """Begin a play."""
        play = SimpleNamespace(get_name=lambda: name, _uuid=key)
        self.callback.v2_playbook_on_play_start(play)


@contextmanager
def run_on(terminal: Tty, live: bool = True) -> Iterator[Run]:
    """Yield a run that is shown on the terminal, or whose lines somebody reads."""
    with before(terminal), pytest.MonkeyPatch.context() as patch:
        patch.setattr(terminal, "isatty", lambda: live)
        display = room_live.Default()._display
        patch.setattr(display, "display", display.display)
        run = Run(patch)
        assert run.callback.is_live is live
        yield run
        run.callback.end_screen()
        assert run.callback.screen is None


def test_a_row_follows_what_its_seat_does(terminal: Tty) -> None:
    with run_on(terminal) as run:
        task = SimpleNamespace(get_name=lambda: "docker_engine : Install | Install it")
        run.callback.v2_runner_on_start(SimpleNamespace(get_name=lambda: "pc1"), task)
        row = run.callback.rows.row("pc1")
        assert row.step == "Install | Install it"
        assert time.monotonic() - row.since < 60
        steps = [
            ("runner_on_ok", {}, "ok", 1, 0),
            ("runner_on_ok", {"changed": True}, "changed", 2, 1),
            ("runner_on_skipped", {}, "skipped", 2, 1),
            ("runner_on_failed", {}, "failed", 2, 1),
            ("runner_on_failed", {"ignore_errors": True}, "ignored", 2, 1),
            ("runner_on_unreachable", {}, "unreachable", 2, 1),
            ("runner_on_unreachable", {"ignore_unreachable": True}, "ignored", 2, 1),
        ]
        for event, details, *expected in steps:
            row.since, row.note = 1.0, "try 1 of 2"
            run.tell(event, **details)
            assert [row.result, row.done, row.changed] == expected
            assert (row.since, row.note) == (None, "")
        run.tell("runner_retry", result={"attempts": 2, "retries": 4})
        assert row.note == "try 2 of 4"
        run.tell("runner_item_on_ok", result={"item": "curl", "ansible_loop_var": "item"})
        assert row.note == "curl"


@pytest.mark.parametrize("live", [True, False])
def test_what_went_well_is_printed_where_there_is_more_to_read(terminal: Tty, live: bool) -> None:
    item = {"item": "x", "ansible_loop_var": "item"}
    with run_on(terminal, live) as run:
        for event in ("runner_on_ok", "runner_item_on_ok"):
            for less in ({}, {"changed": True}, {"check": True, "diff": True}):
                assert run.tell(event, result=item, **less) == ([] if live else [event])
            for fields in (
                {"changed": True, "check": True},
                {"changed": True, "diff": True},
                {"warnings": ["old"]},
                {"result": item | {"_ansible_verbose_always": True}},
            ):
                assert run.tell(event, **{"result": item} | fields) == [event]
        for event in ("runner_on_failed", "runner_on_unreachable", "runner_on_skipped"):
            assert run.tell(event) == [event]
        retry = run.tell("runner_retry", result={"attempts": 1, "retries": 2})
        assert retry == ([] if live else ["runner_retry"])


@pytest.mark.parametrize("live", [True, False])
def test_skipped_steps_and_the_like_are_for_lines_alone(terminal: Tty, live: bool) -> None:
    with run_on(terminal, live) as run:
        run.callback.set_options()
        assert run.callback._plugin_options["display_skipped_hosts"] is not live
        run.callback.v2_playbook_on_no_hosts_matched()
        run.callback.v2_playbook_on_include(None)
        events = ["playbook_on_no_hosts_matched", "playbook_on_include"]
        assert run.printed == ([] if live else events)


def test_the_head_counts_the_plays(terminal: Tty) -> None:
    with run_on(terminal) as run:
        plays = run.start("site.yml")
        assert run.callback.screen is None
        run.begin("Look at the seats", "1")
        assert run.callback.rows.head == f"1 of {plays}  Look at the seats"
        screen = run.callback.screen
        # A play in batches.
        run.begin("Make it", "2")
        run.begin("Make it", "2")
        assert run.callback.rows.head == f"2 of {plays}  Make it"
        assert run.callback.screen is screen
        for number in range(1, 31):
            run.callback.rows.row(f"pc{number}").result = "ok"
        taken_from(terminal)
        screen.draw()
        before, drawn, after = re.split(r"\x1b\[\?7[lh]", taken_from(terminal))
        assert (before.strip(), after) == ("\x1b[J", "")
        lines = drawn.split("\n")
        # With the line of what was printed before, 24.
        assert len(lines) == 23
        assert re.search(rf"2 of {plays}  Make it *(\x1b\[0m)? *0:0\d", lines[1])
        assert lines[-1].rstrip() == "… 10 more: 10 ok"
        run.callback.v2_playbook_on_vars_prompt("name")
        assert run.callback.screen is None
        run.begin("Go on", "3")
        assert run.callback.screen
        run.callback.v2_playbook_on_stats(None)
        assert run.callback.screen is None
        assert run.printed == ["playbook_on_start", "playbook_on_vars_prompt", "playbook_on_stats"]


def test_in_a_pipe_nothing_is_drawn(terminal: Tty) -> None:
    with run_on(terminal, live=False) as piped:
        piped.begin("Look", "1")
        assert piped.printed == ["playbook_on_play_start"]
        assert piped.callback.screen is None
        assert sys.stdout is terminal


def test_all_that_is_displayed_is_printable(terminal: Tty) -> None:
    with run_on(terminal) as run:
        run.callback._display.display("held by x\x1b[2J", screen_only=True)
        assert "held by x [2J" in taken_from(terminal)


@pytest.mark.parametrize(("live", "printed"), [(True, []), (False, ["playbook_on_stats"])])
def test_of_a_look_there_are_no_statistics_on_a_terminal(
    terminal: Tty, live: bool, printed: list[str]
) -> None:
    with run_on(terminal, live) as run:
        run.start("progress.yml")
        run.printed.clear()
        run.callback.v2_playbook_on_stats(None)
        assert run.printed == printed
