"""Read the ways to do an exercise, and give the verdict on one that was tried.

A line of a file is a way, `MARK STEPS | NAME | SCRIPT`. MARK is + where the steps are done
after the script, - where none of them is, and ! where they are done although the way is wrong:
docs/lesson.md names it, by these words. Behind the mark, ~ is for an extra way, and {need,need} for
what not every seat has: compose, memory (a limit of it), or the least version of the engine. STEPS
are IDs with commas between, or * for all. A script is run by `sh -e` in a new home, with $B and $C
for the course's two images and $N for a new line. Lines that begin with @ are for all ways:

    @own KIND=NAME,NAME…   what is removed before each way; * ends a name that is only a beginning
    @def NAME() { …; }     a function of the shell
    @needs NEED,NEED       what a seat must have for all of them
    @before SCRIPT         is run once; the files that it makes are in each way's home
    @each SCRIPT           is run before each way's own script, in the same shell
    @alone                 after all others, and with none beside it
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

# The kinds of what an engine has, in the order in which they are removed.
KINDS = ("services", "containers", "images", "volumes", "networks")
# Seconds: between two judgements, and before a wrong way is judged again, since what is done
# a moment later counts too.
PAUSE, AGAIN = 0.6, 1.0
# What every script has before its own functions.
HELPERS = """\
B=labocloud20202021:base
C=labocloud20202021:python
N='
'
up() { /usr/bin/python3 -S "$WAYS" --up "$1"; }
ready() {
    timeout "$PLENTY" sh -c \
        'until docker exec "$0" python healthcheck.py >/dev/null 2>&1; do sleep 0.2; done' "$1"
}
"""
_CASE = re.compile(r"([-+!])(~?)(?:\{([a-z0-9,]+)\})? (\S+) \| (.+?) \| (.+)")


class Case(NamedTuple):
    """A way to do an exercise. needs: what a seat must have. steps: IDs, or only "*" for all."""

    mark: str
    extra: bool
    needs: tuple[str, ...]
    steps: tuple[str, ...]
    name: str
    script: str


class Ways(NamedTuple):
    """The ways to do an exercise. name: of its folder. own: names to remove, by kind.

    needs: what a seat must have for any of them.
    """

    name: str
    own: dict[str, tuple[str, ...]]
    needs: tuple[str, ...]
    functions: str
    before: str
    each: str
    alone: bool
    cases: list[Case]

    @property
    def number(self) -> str:
        """The two digits of the exercise."""
        return self.name[:2]

    def script(self, case: Case) -> str:
        """Return the whole script of a way."""
        return f"{HELPERS}{self.functions}{self.each}{case.script}\n"


def parse(name: str, text: str) -> Ways:
    """Return the ways in the text of a file, NN-name. Raises ValueError, with the line's number."""
    own: dict[str, tuple[str, ...]] = {}
    scripts = {"def": "", "before": "", "each": ""}
    needs: tuple[str, ...] = ()
    alone, cases = False, []
    for number, line in enumerate(text.splitlines(), 1):
        word, _, rest = line.partition(" ")
        if not line or line.startswith("#"):
            continue
        if word == "@own":
            own |= {
                kind: tuple(filter(None, names.split(",")))
                for kind, _, names in (part.partition("=") for part in rest.split())
            }
        elif word == "@needs":
            needs = tuple(rest.split(","))
        elif word == "@alone":
            alone = True
        elif line.startswith("@") and word[1:] in scripts and rest:
            scripts[word[1:]] += f"{rest}\n"
        elif match := _CASE.fullmatch(line):
            mark, extra, needed, steps, title, script = match.groups()
            needed = tuple(needed.split(",")) if needed else ()
            cases.append(Case(mark, bool(extra), needed, tuple(steps.split(",")), title, script))
        else:
            raise ValueError(f"{name}.txt, line {number}, is no way: {line[:60]}")
    if wrong := set(own) - set(KINDS):
        raise ValueError(f"{name}.txt: @own has {', '.join(sorted(wrong))}, none of {KINDS}")
    functions, before, each = (scripts[word] for word in ("def", "before", "each"))
    return Ways(name, own, needs, functions, before, each, alone, cases)


def load(folder: Path) -> list[Ways]:
    """Return the ways of all files of a folder. Raises OSError and ValueError."""
    return [parse(file.stem, file.read_text("utf-8")) for file in sorted(folder.glob("*.txt"))]


# The steps of an exercise: ID to whether it is done, and the hint where it is not.
Steps = dict[str, tuple[bool, str]]


def judged(case: Case, judge: Callable[[], Steps], patience: float) -> tuple[str, str]:
    """Return the verdict on a way whose script has run, and what explains it.

    patience: seconds until what is not done counts as refused. The verdicts: right, as the file
    says; refused, a valid way; accepted, a wrong one; seen, a wrong one that the file says is not;
    unjudged, where the command failed each time.
    """
    end, looks, why = time.monotonic() + patience, 0, ""
    while True:
        try:
            steps = judge()
        except Exception as error:  # whatever a check raises
            steps, why = None, f"labo check: {error!r}"
        if steps is not None:
            looks += 1
            chosen = list(steps) if case.steps == ("*",) else case.steps
            done = [step for step in chosen if steps.get(step, (False,))[0]]
            still = [step for step in chosen if step not in done]
            why = "; ".join(f"{step}: {steps.get(step, (0, 'no such step'))[1]}" for step in still)
            if case.mark == "-" and done:
                return "accepted", ", ".join(done)
            if case.mark != "-" and not still:
                return "right", ""
            if case.mark == "-" and looks > 1:
                return "right", why
        if time.monotonic() >= end and not (case.mark == "-" and looks):
            verdict = {"+": "refused", "!": "seen", "-": "unjudged"}[case.mark]
            return (verdict if looks else "unjudged"), why
        time.sleep(AGAIN if case.mark == "-" else PAUSE)


def result(ways: Ways, case: Case, verdict: str, why: str, seconds: float) -> dict[str, Any]:
    """Return what is told of a way that was tried: of which exercise, which one, and how it went.

    verdict: of judged(), or skipped, where the seat lacks what it needs, or failed, its script.
    """
    return {
        "exercise": ways.name,
        "way": f"{case.mark} {','.join(case.steps)} | {case.name}",
        "verdict": verdict,
        "why": why,
        "seconds": round(seconds, 1),
    }


def line_of(told: dict[str, Any]) -> str:
    """Return a result in one line, or some more where there is something to explain."""
    head = f"{told['verdict']}: {told['exercise']}: {told['way']} ({told['seconds']} s)"
    lines = told["why"].splitlines() if told["verdict"] not in ("right", "skipped") else []
    return "\n    ".join([head, *lines])
