# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The command `labo`, by which a student has the exercises checked on a seat."""

from __future__ import annotations

import errno
import getpass
import http.client
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    SOCKET,
    DockerConnection,
    reason,
)
from ansible_collections.labocloud.room.plugins.module_utils.languages import SOURCE, in_language
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    exercises,
    memory,
    pages,
    save,
    snapshot,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise
from ansible_collections.labocloud.room.plugins.module_utils.lesson.progress import (
    DONE,
    UNFIT,
    UNJUDGED,
    WAS,
    Progress,
    here,
    progress,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import BASE, Seat
from ansible_collections.labocloud.room.plugins.module_utils.lesson.words import (
    MARKS,
    Terminal,
    language,
    markdown,
    say,
)

ALL_DONE, NOT_DONE, IMPOSSIBLE = 0, 1, 2
# As shells have it of a program that a signal has ended.
INTERRUPTED, NOBODY_READS = 128 + signal.SIGINT, 128 + signal.SIGPIPE
# Seconds: between two looks, and until one of the course's pages has answered.
PAUSE, PAGE_SECONDS = 2, 2.0
# The port that the course's app listens on in its container, and the course's own container.
PORT, FLASK = 8888, "flask"
# What a preparation may make.
KINDS = ("containers", "images", "volumes", "networks")
# Of files that could not be saved, how many are named; and what can unpack a volume at home, where
# the course's base is not saved with it.
SOME, HOME_IMAGE = 10, "debian"


class WrongError(Exception):
    """It cannot be done; the text says why, and what to do."""


class Asked(NamedTuple):
    """A command line: the command, its words and its options."""

    command: str
    words: list[str]
    options: set[str]


# The options that each command knows.
OPTIONS: Mapping[str, set[str]] = {
    "": set(),
    "start": set(),
    "check": {"--json", "--watch"},
    "answer": set(),
    "save": set(),
    "mistakes": set(),
}


def asked(line: list[str]) -> Asked:
    """Read a command line. Raises WrongError."""
    if "--help" in line[:2] or "-h" in line[:2]:
        return Asked("--help", [], set())
    command, words = (line[0], line[1:]) if line else ("", [])
    if command not in OPTIONS or (line and not command):
        fix = say("try_help")
        if command.isdecimal():
            fix = f"labo start {command}, labo check {command}. {fix}"
        raise WrongError(say("no_command", word=command, fix=fix))
    # What is answered may begin with a hyphen.
    options = set() if command == "answer" else {one for one in words if one.startswith("--")}
    for word in sorted(options - OPTIONS[command]):
        raise WrongError(say("no_option", command=f"labo {command}", word=word))
    rest = [one for one in words if one not in options]
    most = {"start": 1, "check": 1, "save": 1, "answer": len(rest)}.get(command, 0)
    if len(rest) > most:
        raise WrongError(say("too_much", command=f"labo {command}", word=rest[most]))
    return Asked(command, rest, options)


class Labo:
    """The command, on the seat that it runs on."""

    def __init__(self, program: Path) -> None:
        """Read the exercises. program: the archive that they are in, which runs."""
        self.program = program
        self.terminal = Terminal()
        self.exercises = exercises.load(zipfile.Path(str(program)).joinpath("exercises"))
        self.place = memory.directory()
        # What was told once is not told again.
        self.told: set[str] = set()

    def run(self, line: list[str]) -> int:
        """Do what a command line asks for, and give the exit code. Raises WrongError."""
        told = asked(line)
        commands: Mapping[str, Callable[[Asked], int]] = {
            "--help": self.help,
            "": self.overview,
            "start": self.start,
            "check": self.check,
            "answer": self.answer,
            "save": self.save,
            "mistakes": self.mistakes,
        }
        return commands[told.command](told)

    def number(self, told: Asked) -> Exercise:
        """Give the exercise whose number a command line begins with. Raises WrongError."""
        if not self.exercises:
            raise WrongError(say("no_exercises"))
        command = f"labo {told.command}"
        if not told.words:
            raise WrongError(say("no_number", command=command, example=self.exercises[0].number))
        word = told.words[0]
        for one in self.exercises:
            if word.lstrip("0") == str(one.number):
                return one
        numbers = ", ".join(str(one.number) for one in self.exercises)
        raise WrongError(say("wrong_number", word=memory.printable(word)[:40], numbers=numbers))

    def once(self, text: str) -> None:
        """Complain of something that is in the way of nothing, once."""
        if text not in self.told:
            self.told.add(text)
            self.terminal.complain(text)

    def taken(self, wants: Mapping[str, Any]) -> dict[str, Any]:
        """Give a snapshot of this seat's Docker. Raises WrongError."""
        with refusing():
            return snapshot.take(wants, socket())

    @contextmanager
    def engine(self) -> Iterator[DockerConnection]:
        """Give a connection to this seat's Docker. Raises WrongError."""
        with refusing(), closing(DockerConnection(socket(), save.SECONDS)) as docker:
            docker.negotiate()
            yield docker

    def remembered(self) -> memory.Memory:
        """Give what the seat remembers."""
        held = memory.read(self.place)
        if held.odd:
            names = ", ".join(memory.printable(one) for one in held.odd)
            self.once(say("odd", path=self.place, names=names))
        if held.crowded:
            self.once(say("crowded", path=self.place, count=memory.MOST_ENTRIES))
        return held

    def remember(self, change: Callable[[memory.Mine], object]) -> None:
        """Have the seat remember something; where it cannot, all else goes on."""
        if not self.place.is_dir():
            self.once(say("not_kept", why=say("kept_no", path=self.place)))
            return
        mine = memory.Mine(self.place)
        change(mine)
        try:
            mine.write()
        except OSError as error:
            self.once(say("not_kept", why=f"{self.place}: {error.strerror}"))

    def progress(self, known: list[Exercise], taken: Mapping[str, Any]) -> list[Progress]:
        """Give how far these exercises are, and remember what is seen done for the first time."""
        held = self.remembered()
        found = []
        for one in known:
            answers, done = held.answers.get(one.name, []), held.done.get(one.name, {})
            found.append(progress(one, taken, answers, done))
        fresh = [
            (one.exercise.name, seen.step.id, seen.since)
            for one in found
            for seen in one.steps
            if seen.step.done and seen.step.id not in held.done.get(one.exercise.name, {})
        ]
        if fresh:
            self.remember(lambda mine: mine.see(fresh))
        return found

    def page(self, taken: Mapping[str, Any]) -> str:
        """Give the address of the course's page, empty where none answers.

        The name of its image may be another one's by now, so where it answers decides.
        """
        running = [one for one in Seat(taken).containers if one.running]
        end = time.monotonic() + PAGE_SECONDS
        for one in sorted(running, key=lambda one: bool(one.name != FLASK)):
            for port in one.published(PORT):
                seconds = end - time.monotonic()
                told = pages.fetch(port, "/healthz", seconds) if seconds > 0 else None
                if told and told["status"] == http.client.OK:
                    return f"http://localhost:{port}/{self.course_language()}/"
        return ""

    def course_language(self) -> str:
        """Return the account's language where the course has it, else English."""
        has_it = any(language() in exercise.texts for exercise in self.exercises)
        return language() if has_it else SOURCE

    def help(self, _told: Asked) -> int:
        """Tell how it is used."""
        self.terminal.say(say("help", memory=self.place, **MARKS))
        return ALL_DONE

    def overview(self, _told: Asked) -> int:
        """Tell the exercises, and where the seat is."""
        terminal = self.terminal
        if not self.exercises:
            raise WrongError(say("no_exercises"))
        taken = self.taken(exercises.wanted(self.exercises))
        known = self.progress(self.exercises, taken)
        at = here(known)
        for one in known:
            text = row(one)
            if one is at:
                text += f" {say('row_here')}"
            terminal.say(terminal.marked(one.state, text))
        terminal.say()
        url = self.page(taken)
        terminal.say(terminal.lines(say("page", url=url) if url else say("no_page")))
        if at:
            told = say("next", number=at.exercise.number)
        elif any(one.state == WAS for one in known):
            told = say("all_was", mark=MARKS[WAS])
        else:
            told = say("all_done")
        terminal.say(terminal.lines(told))
        return ALL_DONE

    def start(self, told: Asked) -> int:
        """Prepare an exercise, and tell where to read it."""
        terminal, one = self.terminal, self.number(told)
        before = self.taken(exercises.wanted([one]))
        if missing := exercises.lacks(one, before):
            raise WrongError(say("unfit_start", title=title(one), what=needs(missing)))
        terminal.say(terminal.lines(say("started", number=one.number, title=title(one))))
        if one.setup:
            home = Path.home()
            code = subprocess.call(  # noqa: S603  # the project’s own script
                ["/bin/sh", "-e", "-c", one.setup, "labo"],
                cwd=home if home.is_dir() else "/",
                env={**os.environ, "LABO_KEPT": say("kept_aside", path="%s")},
                stdin=subprocess.DEVNULL,
            )
            if code != 0:
                raise WrongError(say("setup_failed", number=one.number, code=code))
            names = made(before, self.taken(exercises.wanted([one])))
            what = say("made", names=", ".join(names)) if names else say("made_nothing")
            terminal.say(terminal.lines(what))
        if url := self.page(before):
            terminal.say(terminal.lines(say("read_it", url=f"{url}exercises/{one.name}")))
        else:
            terminal.say(terminal.lines(say("read_here")))
            terminal.say(f"\n{markdown(in_language(one.texts, language()))}\n")
        terminal.say(terminal.lines(say("then_check", number=one.number)))
        return ALL_DONE

    def answer(self, told: Asked) -> int:
        """Remember what was answered to an exercise."""
        one = self.number(told)
        text = memory.printable(" ".join(told.words[1:]))
        if not text:
            raise WrongError(say("no_text", number=one.number))
        if (count := len(" ".join(told.words[1:]))) > memory.LONGEST:
            raise WrongError(say("long_text", most=memory.LONGEST, count=count))
        self.remember(lambda mine: mine.answer(one.name, text))
        if self.told:
            return IMPOSSIBLE
        self.terminal.say(self.terminal.lines(say("noted", number=one.number, text=text)))
        self.terminal.say(self.terminal.lines(say("then_check", number=one.number)))
        return ALL_DONE

    def check(self, told: Asked) -> int:
        """Tell what is done in an exercise, and the hint of the first step that is not."""
        if "--json" in told.options:
            known = [self.number(told)] if told.words else self.exercises
            found = self.progress(known, self.taken(exercises.wanted(known)))
            self.terminal.say(json.dumps(as_json(found), ensure_ascii=False, indent=1))
            # It is in what was told, for whom that is.
            return ALL_DONE
        if told.words or "--watch" in told.options:
            one = self.number(told) if told.words else self.current()
            return self.watch(one) if "--watch" in told.options else self.look(one)[0]
        return self.look(self.current())[0]

    def current(self) -> Exercise:
        """Give the exercise that the seat is at; where all are done, the last one."""
        if not self.exercises:
            raise WrongError(say("no_exercises"))
        known = self.progress(self.exercises, self.taken(exercises.wanted(self.exercises)))
        at = here(known)
        return at.exercise if at else self.exercises[-1]

    def look(self, one: Exercise, before: str = "") -> tuple[int, str]:
        """Look once, and tell it where it is not what was told before. Gives code and text."""
        [found] = self.progress([one], self.taken(exercises.wanted([one])))
        text = "\n".join(self.told_of(found))
        if text != before:
            if before:
                self.terminal.say(f"\n{say('seen_at', when=time.strftime('%H:%M:%S'))}")
            self.terminal.say(text)
        return ALL_DONE if found.state == DONE else NOT_DONE, text

    def told_of(self, found: Progress) -> list[str]:
        """Give the lines on an exercise: each step, and one hint."""
        terminal, one = self.terminal, found.exercise
        lines = [terminal.lines(f"{one.number}. {title(one)}")]
        if found.state == UNFIT:
            text = say("unfit", what=needs(found.lacks))
            return [*lines, terminal.marked(UNFIT, text, "  ")]
        if found.state == UNJUDGED:
            return [*lines, terminal.marked(UNJUDGED, say("unjudged"), "  ")]
        for seen in found.steps:
            text = in_language(seen.step.title, language())
            if seen.state == WAS:
                text = say("was_at", title=text, when=moment(seen.since))
            lines.append(terminal.marked(seen.state, text, "  "))
            if seen is found.first_open:
                hint = say("hint", hint=in_language(seen.step.hint, language()))
                lines.append(terminal.lines(hint, "      "))
        if found.state == DONE:
            lines.append(terminal.lines(say("exercise_done", number=one.number)))
        else:
            count = say("steps", done=found.count(DONE), all=len(found.steps))
            lines.append(terminal.lines(count))
        return lines

    def watch(self, one: Exercise) -> int:
        """Look again and again, until Ctrl+C; tell what changes."""
        self.terminal.say(self.terminal.lines(say("watching", seconds=PAUSE)))
        code, before = NOT_DONE, ""
        try:
            while True:
                try:
                    code, before = self.look(one, before)
                except WrongError as error:
                    # It may answer again.
                    if str(error) != before:
                        self.terminal.complain(str(error))
                    code, before = IMPOSSIBLE, str(error)
                time.sleep(PAUSE)
        except KeyboardInterrupt:
            self.terminal.say()
            return code

    def save(self, told: Asked) -> int:
        """Save what the student has made, to be taken home."""
        terminal, folder = self.terminal, Path.home() / save.FOLDER
        path = save_path(told.words, folder)

        def tell(name: str, count: int) -> None:
            text = say("save_thing", name=name, size=save.size(count))
            terminal.say(terminal.lines(text, "  "))

        with self.engine() as docker, ended_by_signals():
            save.clear(docker)
            work = save.own_work(docker, save.delivered(self.program))
            if not (work.names or work.volumes or folder.is_dir()):
                terminal.say(terminal.lines(say("save_nothing", folder=folder)))
                return ALL_DONE
            # Theirs may be larger than the disk: it is told where it goes before it does.
            terminal.say(terminal.lines(say("save_to", path=path)))
            when = time.strftime("%Y-%m-%d %H:%M")

            def readme(saved: save.Work) -> str:
                head = say("readme_head", account=account(), when=when)
                return "\n".join([head, "", *at_home(path, saved, folder), ""])

            try:
                done = save.save(docker, work, folder, path, readme, tell=tell)
            except OSError as error:
                raise WrongError(not_saved(error, path)) from error
        saved = done.work
        self.remember(lambda mine: mine.save(list(saved.images), saved.volumes))
        left = [say("kind_volumes", name=one) for one in done.closed]
        left += [memory.printable(str(one)) for one in done.unread]
        if left:
            self.once(say("save_left", names=", ".join(left[:SOME])))
        terminal.say(terminal.lines(say("saved", path=path, size=save.size(path.stat().st_size))))
        terminal.say("\n".join(["", *at_home(path, saved, folder)]))
        if done.torn:
            self.once(say("save_torn", names=", ".join(done.torn[:SOME])))
            return NOT_DONE
        return ALL_DONE

    def mistakes(self, _told: Asked) -> int:
        """Tell the usual mistakes, as the course's page of that name does."""
        folder = self.program.resolve().parent
        own, english = (folder / f"mistakes.{code}.md" for code in (language(), SOURCE))
        try:
            text = (own if own.is_file() else english).read_text(encoding="utf-8")
        except OSError as error:
            raise WrongError(say("no_mistakes")) from error
        self.terminal.say(markdown(text))
        return ALL_DONE


def socket() -> str:
    """Give where this seat's Docker is asked: where the command docker asks it."""
    host = os.environ.get("DOCKER_HOST", "")
    return host.removeprefix("unix://") if host.startswith("unix://") else SOCKET


@contextmanager
def refusing() -> Iterator[None]:
    """Have it said in one sentence where Docker may not be asked, or does not answer."""
    try:
        yield
    except PermissionError as error:
        raise WrongError(say("no_rights", account=account())) from error
    except (OSError, http.client.HTTPException) as error:
        why = memory.printable(str(getattr(error, "strerror", None) or reason(error)))
        raise WrongError(say("no_docker", why=why)) from error


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Have what is half done undone, also where the terminal is closed."""

    def end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    kinds = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(one, end) for one in kinds]
    try:
        yield
    finally:
        for one, handler in zip(kinds, before, strict=True):
            signal.signal(one, handler)


def save_path(words: list[str], folder: Path) -> Path:
    """Give where a save goes: a name that nothing has. Raises WrongError."""
    name = f"{save.PREFIX}{time.strftime('%Y%m%d-%H%M')}{save.SUFFIX}"
    asked = Path(words[0]).absolute() if words else folder
    # Of what an account may not look into, not every version of Python tells it so.
    path = asked / name if os.path.isdir(asked) or not words else asked
    if not words and not folder.is_dir():
        path = Path.home() / name
    if not os.path.isdir(path.parent) or not os.access(path.parent, os.W_OK | os.X_OK):
        why = say("save_no_folder", folder=path.parent)
        raise WrongError(say("save_failed", why=why))
    return save.free_name(path)


def not_saved(error: OSError, path: Path) -> str:
    """Say why nothing was saved."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return say("save_full", folder=path.parent)
    why = memory.printable(error.strerror or reason(error))
    return say("save_failed", why=f"{path}: {why}")


def at_home(path: Path, work: save.Work, folder: Path) -> list[str]:
    """Give the lines that say how a save is loaded at home: the same in a shell of any system."""
    image = BASE if work.base else HOME_IMAGE
    lines = [say("home"), "", say("home_unpack"), f"  tar -xf {shlex.quote(path.name)}"]
    if work.names:
        lines += [say("home_images", names=", ".join(work.names))]
        lines += ["  docker load -i images.tar.gz"]
    if work.volumes:
        lines += [say("home_volumes")]
        lines += [
            f'  docker run --rm -v {name}:/to -v "${{PWD}}/volumes:/from:ro" {image}'
            f" tar -C /to -xzf /from/{name}.tar.gz"
            for name in work.volumes
        ]
    if folder.is_dir():
        lines += [say("home_folder", folder=save.FOLDER)]
    return [*lines, say("home_containers")]


def account() -> str:
    """Give the name of the account that this runs as."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.geteuid())


def title(one: Exercise) -> str:
    """Give the title of an exercise."""
    return one.title(language())


def needs(names: list[str]) -> str:
    """Give what an exercise needs and the seat has not, in words."""
    return ", ".join(say(f"need_{one}") for one in names)


def row(found: Progress) -> str:
    """Give an exercise's line of the list, less its mark."""
    one = found.exercise
    text = say(
        "row" if one.minutes else "row_plain",
        number=one.number,
        title=title(one),
        minutes=one.minutes,
    )
    if found.state == UNFIT:
        return f"{text} ({say('unfit', what=needs(found.lacks))})"
    if found.state == UNJUDGED:
        return f"{text} ({say('unjudged')})"
    count = {"done": found.count(DONE), "all": len(found.steps), "was": found.count(WAS)}
    return text + say("row_was" if count["was"] else "row_steps", **count)


def moment(seconds: float) -> str:
    """Give when something was, as the day has it, or with its date."""
    told = time.localtime(seconds)
    today = time.localtime()[:3] == told[:3]
    shape = "%H:%M" if today else "%Y-%m-%d %H:%M"
    return say("at" if today else "on", when=time.strftime(shape, told))


def made(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Give what there is after something and was not before, in words."""

    def names(taken: Mapping[str, Any], kind: str) -> dict[str, str]:
        return {
            str(one.get("id") or one.get("name")): str(one.get("name") or (one["tags"] or ["?"])[0])
            for one in taken[kind]
        }

    return [
        say(f"kind_{kind}", name=name)
        for kind in KINDS
        for key, name in sorted(names(after, kind).items(), key=lambda one: one[1])
        if key not in names(before, kind)
    ]


def as_json(found: list[Progress]) -> dict[str, list[dict[str, Any]]]:
    """Give what programs are told: exercise to its steps, each with its state and its time."""
    return {
        one.exercise.name: [
            {**asdict(seen.step), "state": seen.state, "since": seen.since or None}
            for seen in one.steps
        ]
        for one in found
    }


def main() -> int:
    """Run the command, from the archive that it is in, and give the exit code."""
    try:
        labo = Labo(Path(sys.argv[0]))
        try:
            return labo.run(sys.argv[1:])
        except WrongError as error:
            labo.terminal.complain(str(error))
            return IMPOSSIBLE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Who has read so far needs no more; and Python is not to write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
