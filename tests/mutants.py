# /// script
# requires-python = ">=3.12"
# dependencies = ["cosmic-ray==8.7.0"]
# ///
"""Change one token of `plugins/` or `app/labocloud/` at a time; list the changes no test sees.

    ./lab uv run --no-project tests/mutants.py [--seed N] [--count 60] [--jobs 2] [FILE...]

uv installs cosmic-ray, whose operators make the changes, for this run alone. A comparison is
negated; `and` and `or` are swapped, and so are 0 and 1, True and False; a `not` is dropped; `None`
is returned. The seed draws a sample of all changes, or of those of the FILEs; it is the same as
long as the code is. The tests of tests/unit and app/tests run in copies of the project, and the
files here stay as they are. A change that a test sees takes some seconds, another one as long as
all the tests.

The list has changes too that make no difference, or one that only a scenario can see: read each.
"""

import argparse
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator

PROJECT = Path(__file__).resolve().parents[1]
SOURCES = ("plugins/**/*.py", "app/labocloud/*.py")
# It runs `./lab` as a user would, for minutes, and tests none of these files.
LEFT_OUT = "--ignore=tests/unit/test_lab.py"
# The tests of a change may take so many times as long as the first run, which runs alone.
PATIENCE = 4
OPERATORS = (
    *("Eq_NotEq", "NotEq_Eq", "Lt_GtE", "GtE_Lt", "Gt_LtE", "LtE_Gt", "Is_IsNot", "IsNot_Is"),
    *("AndWithOr", "OrWithAnd", "TrueWithFalse", "FalseWithTrue"),
)


class In(Operator):
    """Replaces `in` by `not in`, and the other way round."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  # parso's
        """Yield the places."""
        if node.type == "comparison" and self.negated(node):
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: Any, _index: int) -> Any:  # noqa: ANN401  # parso's
        """Replace the operator."""
        node.children[1] = parso.parse(f" {self.negated(node)}")
        return node

    @staticmethod
    def negated(node: Any) -> str | None:  # noqa: ANN401  # parso's
        """Return the opposite operator, None for another comparison."""
        operator = " ".join(node.children[1].get_code(include_prefix=False).split())
        return {"in": "not in", "not in": "in"}.get(operator)

    @classmethod
    def examples(cls) -> tuple[()]:
        """Return no examples."""
        return ()


class ReturnNone(Operator):
    """Replaces a returned value by None."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  # parso's
        """Yield the places."""
        if node.type == "return_stmt" and node.children[1].get_code().strip() != "None":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, _index: int) -> Any:  # noqa: ANN401  # parso's
        """Replace the value."""
        node.children[1:] = [parso.parse(" None")]
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        """Return no examples."""
        return ()


class ZeroAndOne(Operator):
    """Swaps 0 and 1."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  # parso's
        """Yield the places."""
        if node.type == "number" and node.value in ("0", "1"):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, _index: int) -> Any:  # noqa: ANN401  # parso's
        """Replace the number."""
        node.value = str(1 - int(node.value))
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        """Return no examples."""
        return ()


class Mutant(NamedTuple):
    """A change. path: in the project. occurrence: which of the operator's places in the file."""

    path: str
    line: int
    operator: Operator
    occurrence: int

    @property
    def folder(self) -> str:
        """The folder of all tests that can see the change."""
        return "app/tests" if self.path.startswith("app/") else "tests/unit"

    @property
    def own_tests(self) -> list[str]:
        """The files of the tests of the changed file, of which there may be none."""
        path = Path(self.path)
        name = path.stem.strip("_")
        names = (name, f"{name}_{path.parent.name}", f"{path.parent.name}_{name}")
        files = [f"{self.folder}/test_{name}.py" for name in names]
        return [file for file in files if (PROJECT / file).exists()]

    def apply(self, source: str) -> str:
        """Return the text of the file with the change."""
        return mutate_code(source, self.operator, self.occurrence)


def operators() -> Iterator[Operator]:
    """Yield the operators that make the changes."""
    for name in OPERATORS:
        kind = "Replace" if "With" in name else "ReplaceComparisonOperator_"
        yield get_operator(f"core/{kind}{name}")()
    yield get_operator("core/ReplaceUnaryOperator_Delete_Not")()
    yield from (In(), ReturnNone(), ZeroAndOne())


def mutants(path: str) -> Iterator[Mutant]:
    """Yield all mutants of a file, given by its path in the project."""
    source = (PROJECT / path).read_text(encoding="utf-8")
    lines = source.splitlines()
    nodes = list(ast_nodes(get_ast(source)))
    for operator in operators():
        positions = (position for node in nodes for position in operator.mutation_positions(node))
        for occurrence, ((line, _), _) in enumerate(positions):
            # No unit test runs a module as a seat does.
            if not lines[line - 1].startswith("if __name__"):
                yield Mutant(path, line, operator, occurrence)


@contextmanager
def copies(count: int) -> Iterator[queue.Queue[Path]]:
    """Make copies of the project, and remove them afterwards."""
    with tempfile.TemporaryDirectory(prefix="labocloud-mutants-") as directory:
        free: queue.Queue[Path] = queue.Queue()
        for number in range(count):
            copy = Path(directory, str(number))
            ignored = shutil.ignore_patterns(".venv*", "__pycache__", "build", "dist")
            shutil.copytree(PROJECT, copy, symlinks=True, ignore=ignored)
            free.put(copy)
        yield free


def failure(copy: Path, *tests: str, seconds: float | None = None) -> str:
    """Run tests in a copy, and return why they fail, empty if they pass.

    seconds: the longest that they may take.
    """
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    # Python compares time and size alone, and would take the bytecode of the unchanged file.
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment["PATH"] = f"{PROJECT}/.venv/bin:{environment['PATH']}"
    command = [f"{PROJECT}/.venv/bin/python", "-m", "pytest", "-qx", "--no-header", *tests]
    # It has a session of its own: a changed line that ends processes may end all of its group.
    with subprocess.Popen(
        command,
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        try:
            output, _ = run.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            return f"they take longer than {seconds:.0f} seconds"
    return "\n".join(output.splitlines()[-3:]) if run.returncode else ""


def survives(free: queue.Queue[Path], mutant: Mutant, seconds: float) -> bool:
    """Return whether all tests pass with a change: first those of the file, then the others.

    seconds: the time of all tests without a change. A change that makes something endless counts as
    seen after that time by the tests of the file, after PATIENCE times as long by the others.
    """
    copy = free.get()
    changed = copy / mutant.path
    before = changed.read_text(encoding="utf-8")
    try:
        changed.write_text(mutant.apply(before), encoding="utf-8")
        if mutant.own_tests and failure(copy, *mutant.own_tests, seconds=seconds):
            return False
        others = [f"--ignore={file}" for file in mutant.own_tests]
        return not failure(copy, mutant.folder, LEFT_OUT, *others, seconds=PATIENCE * seconds)
    finally:
        changed.write_text(before, encoding="utf-8")
        free.put(copy)


def description(mutant: Mutant) -> str:
    """Return the place of a change, with the line before and after it."""
    before = (PROJECT / mutant.path).read_text(encoding="utf-8")
    pairs = zip(before.splitlines(), mutant.apply(before).splitlines(), strict=False)
    old, new = next((old.strip(), new.strip()) for old, new in pairs if old != new)
    return f"{mutant.path}:{mutant.line}\n    {old}\n    {new}"


def main() -> None:
    """Draw a sample and list its survivors."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="path in the project")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60, help="how many; 0 for all of them")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()

    # A shell that has started this in the background lets it be ignored, and tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    files = arguments.files or [
        str(path.relative_to(PROJECT)) for pattern in SOURCES for path in PROJECT.glob(pattern)
    ]
    all_mutants = [mutant for path in sorted(files) for mutant in mutants(path)]
    count = min(arguments.count or len(all_mutants), len(all_mutants))
    sample = random.Random(arguments.seed).sample(all_mutants, count)  # noqa: S311  # no secret
    alive = 0
    with copies(arguments.jobs) as free, ThreadPoolExecutor(arguments.jobs) as pool:
        copy, begun = free.get(), time.monotonic()
        for folder in ("tests/unit", "app/tests"):
            if output := failure(copy, folder, LEFT_OUT):
                sys.exit(f"the tests fail without any change; mend that first:\n{output}")
        seconds = time.monotonic() - begun
        free.put(copy)
        fates = pool.map(lambda mutant: survives(free, mutant, seconds), sample)
        for mutant, survived in zip(sample, fates, strict=True):
            alive += survived
            if survived:
                print(description(mutant), flush=True)
    print(
        f"{count - alive} of {count} are seen ({1 - alive / count:.0%}),"
        f" of {len(all_mutants)} there are"
    )


if __name__ == "__main__":
    main()
