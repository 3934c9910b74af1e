# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Show a run while it goes on: on a terminal one row a seat, elsewhere Ansible's usual lines."""

DOCUMENTATION = r"""
name: room_live
type: stdout
short_description: Show one row a seat on a terminal, and Ansible's usual lines elsewhere
description:
  - On a terminal, the last lines of the screen hold one row a seat, with what it is doing, for how
    long, and what became of it. What a person has to read stands above them, and stays, as the
    C(default) callback prints it, namely errors, warnings, what C(debug) says, and, with C(--check)
    or C(--diff), each change.
  - Everywhere else it is the C(default) callback. That is in pipes, in continuous integration (the
    variable C(CI)), on a terminal that cannot move its cursor, with C(-v), with C(--step), with the
    debugger, and where rich is lacking.
requirements:
  - rich (Python, on the control machine) for the rows
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - default_callback
  - result_format_callback
"""

import sys

from ansible.executor.stats import AggregateStats
from ansible.executor.task_result import CallbackTaskResult
from ansible.inventory.host import Host
from ansible.playbook import Playbook
from ansible.playbook.included_file import IncludedFile
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.labocloud.room.plugins.plugin_utils.run.kinds import Kind, kind_of
from ansible_collections.labocloud.room.plugins.plugin_utils.run.rows import Row, Rows
from ansible_collections.labocloud.room.plugins.plugin_utils.run.screen import (
    Screen,
    is_wanted,
    shown,
)


class CallbackModule(Default):
    """Hand Ansible's events to the rows, and let through what stays on the screen."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "room_live"

    _play: Play | None  # the base's own: the one that is under way

    def __init__(self) -> None:
        super().__init__()
        # An error, a warning or an item of a loop may be in a seat's own words.
        display = self._display.display
        self._display.display = lambda msg, *arguments, **options: display(
            shown(msg), *arguments, **options
        )
        self.is_live = is_wanted(sys.stdout, self._display.verbosity)
        self.screen: Screen | None = None
        self.rows = Rows()
        self._only_looks = False

    def set_options(self, *arguments: object, **options: object) -> None:
        """Let no task print its name before there is something to say of it."""
        super().set_options(*arguments, **options)
        if self.is_live:
            self._plugin_options["display_skipped_hosts"] = False

    def v2_playbook_on_start(self, playbook: Playbook) -> None:
        """Learn how many plays there will be, and what for."""
        plays = playbook.get_plays()
        self.rows.begin_playbook(len(plays))
        self._only_looks = kind_of(plays) is Kind.PROGRESS
        super().v2_playbook_on_start(playbook)

    def v2_playbook_on_vars_prompt(self, *arguments: object, **options: object) -> None:
        """Make room for the question and its answer."""
        self.end_screen()
        super().v2_playbook_on_vars_prompt(*arguments, **options)

    def v2_playbook_on_play_start(self, play: Play) -> None:
        """Begin to draw, or go on."""
        if not self.is_live:
            super().v2_playbook_on_play_start(play)
            return
        # A play in batches starts once a batch.
        is_next = self._play is None or self._play._uuid != play._uuid
        self._play = play
        self.rows.begin_play(play.get_name(), is_next=is_next)
        self.screen = self.screen or Screen(self._display._lock, self.rows.picture)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """Print nothing of it in a room that has no registry: the next play is in the picture."""
        if not self.is_live:
            super().v2_playbook_on_no_hosts_matched()

    def v2_playbook_on_include(self, included_file: IncludedFile) -> None:
        """Print nothing of it: its tasks are in the picture."""
        if not self.is_live:
            super().v2_playbook_on_include(included_file)

    def v2_runner_on_start(self, host: Host, task: Task) -> None:
        """Show that a seat has begun a step."""
        # A role's name stands before that of its task.
        self.rows.row(host.get_name()).begin(task.get_name().rpartition(" : ")[2])
        super().v2_runner_on_start(host, task)

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """Show that a step went well."""
        self._row(result).finish("changed" if result.is_changed() else "ok")
        if self._is_printed(result):
            super().v2_runner_on_ok(result)

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        """Show that there was nothing to do."""
        self._row(result).finish("skipped")
        super().v2_runner_on_skipped(result)

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        """Show that a step failed, and print all of it."""
        self._row(result).finish("ignored" if ignore_errors else "failed")
        super().v2_runner_on_failed(result, ignore_errors=ignore_errors)

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        """Show that a seat cannot be reached, and print all of it."""
        self._row(result).finish("ignored" if result.task.ignore_unreachable else "unreachable")
        super().v2_runner_on_unreachable(result)

    def v2_runner_item_on_ok(self, result: CallbackTaskResult) -> None:
        """Show which item of a loop is done."""
        self._row(result).note = f"{self._get_item_label(result.result)}"
        if self._is_printed(result):
            super().v2_runner_item_on_ok(result)

    def v2_runner_retry(self, result: CallbackTaskResult) -> None:
        """Show which attempt it is."""
        attempt, most = result.result["attempts"], result.result["retries"]
        self._row(result).note = f"try {attempt} of {most}"
        if not self.is_live:
            super().v2_runner_retry(result)

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        """Take the picture away before the statistics."""
        self.end_screen()
        # Of a look at how far the seats are, the callback room_summary has a line for each of them.
        if not (self.is_live and self._only_looks):
            super().v2_playbook_on_stats(stats)

    def end_screen(self) -> None:
        """Take the picture away; what is printed from now on stays where it is."""
        if self.screen:
            self.screen.end()
            self.screen = None

    def _row(self, result: CallbackTaskResult) -> Row:
        """Return the row of a result's seat."""
        return self.rows.row(result.host.get_name())

    def _is_printed(self, result: CallbackTaskResult) -> bool:
        """Return whether a step that went well is printed, too, since there is more to read."""
        has_diff = result.is_changed() and (result.task.check_mode or result.task.diff)
        is_message = result.result.get("_ansible_verbose_always", False)
        has_warnings = bool(result.warnings or result.deprecations)
        return not self.is_live or has_diff or is_message or has_warnings
