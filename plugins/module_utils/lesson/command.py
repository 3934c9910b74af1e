# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Run the command `labo`, by which a student has the exercises checked on a seat."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.images import delivered
from ansible_collections.labocloud.room.plugins.module_utils.languages import SOURCE, in_language
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    around,
    course_page,
    engine_access,
    exercise_text,
    exercises,
    memory,
    save_command,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.command_line import (
    CommandLine,
    WrongError,
    parse,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import Snapshot
from ansible_collections.labocloud.room.plugins.module_utils.lesson.progress import (
    DONE,
    OPEN,
    UNFIT,
    WAS,
    Progress,
    here,
    progress,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import (
    SHORT_ID,
    Answer,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.words import (
    MARKS,
    Terminal,
    language,
    markdown,
    say,
)

_ALL_DONE, _NOT_DONE, _IMPOSSIBLE = 0, 1, 2
# Shells report 128 and the signal's number for a program that a signal has ended.
_INTERRUPTED, _BROKEN_PIPE = 128 + signal.SIGINT, 128 + signal.SIGPIPE
# Seconds between two checks of `--watch`.
_PAUSE = 2


class Labo:
    """The command, on the seat that it runs on."""

    def __init__(self, program: Path) -> None:
        """Load the exercises. program: the zip file of the command, which holds them."""
        self.program = program
        self.terminal = Terminal()
        # The slash says that it is a folder, which an archive without exercises does not know.
        self.exercises = exercises.load(zipfile.Path(str(program)).joinpath("exercises/"))
        self.memory_directory = memory.directory()
        self.complaints: set[str] = set()

    def run(self, arguments: list[str]) -> int:
        """Carry out a command line and return the exit code. Raises WrongError."""
        line = parse(arguments)
        commands: Mapping[str, Callable[[CommandLine], int]] = {
            "--help": self.help,
            "": self.overview,
            "start": self.start,
            "check": self.check,
            "next": self.next,
            "hint": self.hint,
            "answer": self.answer,
            "save": self.save,
            "mistakes": self.mistakes,
        }
        return commands[line.command](line)

    def _snapshot(self, lesson: list[Exercise]) -> Snapshot:
        """Return a snapshot by which these exercises can be judged. Raises WrongError."""
        taken = engine_access.take_snapshot(lesson, delivered.read(self.program))
        return {**taken, "around": around.read(self.program)}

    def _lesson(self) -> list[Exercise]:
        """Return all exercises. Raises WrongError where there are none."""
        if not self.exercises:
            raise WrongError(say("no_exercises"))
        return self.exercises

    def _numbered(self, line: CommandLine) -> Exercise:
        """Return the exercise that the first word of a command line numbers. Raises WrongError."""
        lesson, command = self._lesson(), f"labo {line.command}"
        if not line.words:
            raise WrongError(say("no_number", command=command, example=lesson[0].number))
        word = line.words[0]
        for exercise in lesson:
            if word.lstrip("0") == str(exercise.number):
                return exercise
        numbers = ", ".join(str(exercise.number) for exercise in lesson)
        raise WrongError(say("wrong_number", word=memory.printable(word)[:40], numbers=numbers))

    def _complain_once(self, text: str) -> None:
        """Print a problem that stops nothing, unless it has been printed already."""
        if text not in self.complaints:
            self.complaints.add(text)
            self.terminal.complain(text)

    def _recall(self) -> memory.Memory:
        """Return what the seat remembers, and complain of files that do not belong there."""
        remembered = memory.read(self.memory_directory)
        if remembered.odd:
            names = ", ".join(memory.printable(name) for name in remembered.odd)
            self._complain_once(say("odd", path=self.memory_directory, names=names))
        if remembered.crowded:
            self._complain_once(
                say("crowded", path=self.memory_directory, count=memory.MOST_ENTRIES)
            )
        return remembered

    def _remember(self, change: Callable[[memory.Mine], object]) -> None:
        """Change what the seat remembers of this account; only complain where that fails."""
        if not self.memory_directory.is_dir():
            self._complain_once(say("not_kept", why=say("kept_no", path=self.memory_directory)))
            return
        mine = memory.Mine(self.memory_directory)
        change(mine)
        try:
            mine.write()
        except OSError as error:
            self._complain_once(say("not_kept", why=f"{self.memory_directory}: {error.strerror}"))

    def _progress(self, lesson: list[Exercise], taken: Snapshot) -> list[Progress]:
        """Return the progress of exercises, and remember the steps that are newly done."""
        remembered = self._recall()
        progresses = []
        for exercise in lesson:
            answers = remembered.answers.get(exercise.name, [])
            done = remembered.done.get(exercise.name, {})
            hints = remembered.hints.get(exercise.name, {})
            progresses.append(progress(exercise, taken, answers, done, hints))
        fresh = [
            (item.exercise.name, seen.step.id, seen.since)
            for item in progresses
            for seen in item.steps
            if seen.step.done and seen.step.id not in remembered.done.get(item.exercise.name, {})
        ]
        if fresh:
            self._remember(lambda mine: mine.see(fresh))
        return progresses

    def _course_language(self) -> str:
        """Return the account's language where the course has it, else English."""
        has_it = any(language() in exercise.texts for exercise in self.exercises)
        return language() if has_it else SOURCE

    def help(self, _line: CommandLine) -> int:
        """Print how the command is used."""
        self.terminal.say(say("help", memory=self.memory_directory, **MARKS))
        return _ALL_DONE

    def overview(self, _line: CommandLine) -> int:
        """Print the exercises, and which of them the seat is at."""
        terminal, lesson = self.terminal, self._lesson()
        taken = self._snapshot(lesson)
        progresses = self._progress(lesson, taken)
        current = here(progresses)
        self._say_what_is_missing(taken)
        for item in progresses:
            text = exercise_text.row(item)
            if item is current:
                text += f" {say('row_here')}"
            terminal.say(terminal.marked(item.state, text))
        terminal.say()
        url = course_page.address(taken, self._course_language())
        terminal.say(terminal.lines(say("page", url=url) if url else say("no_page")))
        if current is None:
            self._say_next(progresses)
            return _ALL_DONE
        terminal.say(terminal.lines(say("next", number=current.exercise.number)))
        course_page.tell(taken, current)
        return _ALL_DONE

    def _say_what_is_missing(self, taken: Snapshot) -> None:
        """Print which of the course's images are missing, before all else."""
        for text in exercise_text.missing(taken):
            self.terminal.say(f"{self.terminal.lines(text)}\n")

    def start(self, line: CommandLine) -> int:
        """Prepare an exercise, and print where to read it."""
        return self._start(self._numbered(line))

    def next(self, _line: CommandLine) -> int:
        """Start the exercise that comes next, where the present one is not half done."""
        progresses = self._all()
        current = here(progresses)
        if current is None:
            self._say_next(progresses)
            return _ALL_DONE
        if not (done := current.count(DONE)):
            return self._start(current.exercise)
        number = current.exercise.number
        text = say("not_yet", number=number, done=done, all=len(current.steps))
        following = progresses[progresses.index(current) + 1 :]
        for item in (item for item in following if item.state == OPEN):
            text += f" {say('skip', following=item.exercise.number)}"
            break
        self.terminal.say(self.terminal.lines(text))
        return _NOT_DONE

    def _start(self, exercise: Exercise) -> int:
        """Prepare an exercise, and print where to read it, or its text. Raises WrongError."""
        terminal, title = self.terminal, exercise.title(language())
        try:
            taken = before = self._snapshot([exercise])
        except WrongError as error:
            # The text can be read all the same.
            terminal.complain(str(error))
            if exercise.setup:
                terminal.complain(say("not_prepared", number=exercise.number))
            self._print_text(exercise)
            return _IMPOSSIBLE
        if missing := exercises.lacks(exercise, before):
            what = exercise_text.needs(missing)
            raise WrongError(say("unfit_start", title=title, what=what))
        self._say_what_is_missing(before)
        terminal.say(terminal.lines(say("started", number=exercise.number, title=title)))
        if exercise.setup:
            self._prepare(exercise)
            taken = self._snapshot([exercise])
            names = exercise_text.created(before, taken)
            text = say("made", names=", ".join(names)) if names else say("made_nothing")
            terminal.say(terminal.lines(text))
        if url := course_page.address(taken, self._course_language()):
            terminal.say(terminal.lines(say("read_it", url=f"{url}exercises/{exercise.name}")))
        else:
            self._print_text(exercise)
        terminal.say(terminal.lines(say("then_check", number=exercise.number)))
        [checked] = self._progress([exercise], taken)
        course_page.tell(taken, checked)
        return _ALL_DONE

    def _print_text(self, exercise: Exercise) -> None:
        """Print the text of an exercise, whose page does not answer."""
        self.terminal.say(self.terminal.lines(say("read_here")))
        self.terminal.say(f"\n{markdown(in_language(exercise.texts, language()))}\n")

    def _around(self) -> dict[str, str]:
        """Return what a preparation is told of the room around the seat."""
        return around.variables(around.read(self.program), delivered.read(self.program))

    def _prepare(self, exercise: Exercise) -> None:
        """Run the script that prepares an exercise. Raises WrongError where that fails."""
        home = Path.home()
        code = subprocess.call(  # noqa: S603  # the project’s own script
            ["/bin/sh", "-e", "-c", exercise.setup, "labo"],
            cwd=home if home.is_dir() else "/",
            env={**os.environ, "LABO_KEPT": say("kept_aside", path="%s"), **self._around()},
            stdin=subprocess.DEVNULL,
        )
        if code != 0:
            raise WrongError(say("setup_failed", number=exercise.number, code=code))

    def answer(self, line: CommandLine) -> int:
        """Remember the answer to an exercise."""
        exercise = self._numbered(line)
        text = memory.printable(" ".join(line.words[1:]))
        if not text:
            raise WrongError(say("no_text", number=exercise.number))
        if (count := len(" ".join(line.words[1:]))) > memory.LONGEST:
            raise WrongError(say("long_text", most=memory.LONGEST, count=count))
        seen = self._seen(exercise, Answer(text).ids)
        self._remember(lambda mine: mine.answer(exercise.name, text, seen))
        if self.complaints:
            return _IMPOSSIBLE
        self.terminal.say(self.terminal.lines(say("noted", number=exercise.number, text=text)))
        self.terminal.say(self.terminal.lines(say("then_check", number=exercise.number)))
        return _ALL_DONE

    def _seen(self, exercise: Exercise, ids: list[str]) -> list[str] | None:
        """Return which of these IDs are of containers that the engine tells of now.

        It forgets them within minutes. It is asked only where there are IDs, and the exercise wants
        its events; None where it was not, or tells nothing. Raises WrongError.
        """
        if not (ids and exercise.wants.get("events")):
            return None
        events = self._snapshot([replace(exercise, wants={"events": True})])["events"]
        named = [identity for identity in ids if identity[:SHORT_ID] in events["named"]]
        return named if events["since"] else None

    def check(self, line: CommandLine) -> int:
        """Print which steps of an exercise are done, and the hint of the first that is not."""
        if "--json" in line.options:
            lesson = [self._numbered(line)] if line.words else self.exercises
            progresses = self._progress(lesson, self._snapshot(lesson))
            self.terminal.say(
                json.dumps(exercise_text.as_json(progresses), ensure_ascii=False, indent=1)
            )
            # The program that reads this finds in it what is not done.
            return _ALL_DONE
        exercise = self._numbered(line) if line.words else self._current()
        if "--watch" in line.options:
            return self._watch(exercise, follows=not line.words)
        code, _ = self._look(exercise)
        if code == _ALL_DONE:
            self._say_next(self._all())
        return code

    def hint(self, line: CommandLine) -> int:
        """Print the hints to the first open step of an exercise, and one more than before."""
        exercise = self._numbered(line) if line.words else self._current()
        taken = self._snapshot([exercise])
        [checked] = self._progress([exercise], taken)
        self._say_what_is_missing(taken)
        seen = None if checked.state == UNFIT else checked.first_open
        is_further = seen is not None and len(seen.opened) < len(seen.step.hints)
        if seen and is_further:
            seen = seen._replace(asked=len(seen.opened))
            condition, count = seen.step.condition, seen.asked
            self._remember(lambda mine: mine.ask(exercise.name, condition, count))
        lines = exercise_text.hint_lines(checked, seen, self.terminal)
        if seen and not is_further:
            lines.append(self.terminal.lines(say("no_more_hints")))
        self.terminal.say("\n".join(lines))
        course_page.tell(taken, checked)
        return _ALL_DONE if checked.state == DONE else _NOT_DONE

    def _all(self) -> list[Progress]:
        """Return the progress of all exercises. Raises WrongError where there are none."""
        lesson = self._lesson()
        return self._progress(lesson, self._snapshot(lesson))

    def _current(self) -> Exercise:
        """Return the exercise that the seat is at, the last one where none is open."""
        progresses = self._all()
        return (here(progresses) or progresses[-1]).exercise

    def _say_next(self, progresses: list[Progress]) -> None:
        """Print in one line which exercise comes next, or that none is open."""
        if current := here(progresses):
            text = say("after", exercise=exercise_text.heading(current.exercise))
        elif any(item.state == WAS for item in progresses):
            text = say("all_was", mark=MARKS[WAS])
        else:
            text = say("all_done")
        self.terminal.say(self.terminal.lines(text))

    def _look(self, exercise: Exercise, before: str = "") -> tuple[int, str]:
        """Check an exercise once and return the exit code and the text of the result.

        The text is printed unless it is the same as before, the text of the previous check.
        """
        taken = self._snapshot([exercise])
        [checked] = self._progress([exercise], taken)
        missing = [self.terminal.lines(text) for text in exercise_text.missing(taken)]
        text = "\n".join([*missing, *exercise_text.step_lines(checked, self.terminal)])
        if text != before:
            if before:
                self.terminal.say(f"\n{say('seen_at', when=time.strftime('%H:%M:%S'))}")
            self.terminal.say(text)
        course_page.tell(taken, checked)
        return _ALL_DONE if checked.state == DONE else _NOT_DONE, text

    def _watch(self, exercise: Exercise, *, follows: bool) -> int:
        """Check an exercise again and again, print what changes, and return at Ctrl+C.

        follows: whether to go on with the next exercise where this one is done.
        """
        self.terminal.say(self.terminal.lines(say("watching", seconds=_PAUSE)))
        code, before = _NOT_DONE, ""
        try:
            while True:
                try:
                    code, before = self._look(exercise, before)
                    if follows and code == _ALL_DONE:
                        progresses = self._all()
                        self._say_next(progresses)
                        if following := here(progresses):
                            exercise, before = following.exercise, ""
                        follows = following is not None
                except WrongError as error:
                    # Docker may answer again at the next check.
                    if str(error) != before:
                        self.terminal.complain(str(error))
                    code, before = _IMPOSSIBLE, str(error)
                time.sleep(_PAUSE)
        except KeyboardInterrupt:
            self.terminal.say()
            return code

    def save(self, line: CommandLine) -> int:
        """Save the student's work in one file to take home, and remember what was saved."""
        result = save_command.save(line.words, self.program, self.terminal, self._complain_once)
        if result is None:
            return _ALL_DONE
        work = result.work
        self._remember(lambda mine: mine.save(list(work.images), work.volumes))
        return _NOT_DONE if result.torn else _ALL_DONE

    def mistakes(self, _line: CommandLine) -> int:
        """Print the course's page of usual mistakes. Raises WrongError where the seat has none."""
        folder = self.program.resolve().parent
        own, english = (folder / f"mistakes.{code}.md" for code in (language(), SOURCE))
        try:
            text = (own if own.is_file() else english).read_text(encoding="utf-8")
        except OSError as error:
            raise WrongError(say("no_mistakes")) from error
        self.terminal.say(markdown(text))
        return _ALL_DONE


def main() -> int:
    """Run the command from the zip file that it is in, and return the exit code.

    From here on, Ctrl+C is KeyboardInterrupt. Before, the kernel ends the process, except in the
    few milliseconds in which Python itself starts, whose traceback is not ours to hold back.
    """
    try:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        labo = Labo(Path(sys.argv[0]))
        try:
            return labo.run(sys.argv[1:])
        except WrongError as error:
            labo.terminal.complain(str(error))
            return _IMPOSSIBLE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Python would write the rest of the output at its end, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
