"""Begin a finding, a setting, an exercise or a playbook: `./lab new KIND NAME`.

It makes the files, and adds the lines, that CONTRIBUTING.md lists. What is to be written stands in
them as `WRITE: …`, and the tests fail until nothing of that is left; what else lacks they name too.

    ./lab new finding PART/NAME    such as machine/battery_low
    ./lab new setting NAME         such as flask_container_colour: it begins with its role's name
    ./lab new exercise NAME        such as pull-and-push: it gets the next number
    ./lab new playbook VERB        such as audit
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# Path, of the project, to its new text.
Files = dict[str, str]


class WrongNameError(Exception):
    """A name that nothing can have; the text says why, and what to give instead."""


def read(path: str) -> str:
    """Return the text of a file of the project."""
    return (PROJECT / path).read_text(encoding="utf-8")


def checked(name: str, pattern: str, example: str) -> str:
    """Return a name that has a pattern. Raises WrongNameError."""
    if not re.fullmatch(pattern, name):
        raise WrongNameError(f"{name} is no name for it. Fix: give one like {example}")
    return name


def finding(name: str) -> tuple[Files, list[str]]:
    """Return the files of a finding, PART/NAME, and the tests that try them."""
    part, _, key = checked(name, r"[a-z]+/[a-z][a-z0-9_]*", "machine/battery_low").partition("/")
    test, rule = f"tests/unit/test_judge_{part}.py", f"plugins/plugin_utils/judge/{part}.py"
    if not (PROJECT / rule).is_file():
        raise WrongNameError(f"{part} is no part. Fix: give one that has a file beside {rule}")
    table = "plugins/plugin_utils/findings.toml"
    if re.search(rf"^{key} = ", read(table), re.MULTILINE):
        raise WrongNameError(f"{key} is there already, in {table}. Fix: give another name")
    row = (
        f'\n[[row]]\ncompared = "WRITE: what with what"\n[row.warning]\n'
        f'{key} = "./lab up --limit {{seat}}"\n'
    )
    words = f'\n[{key}]\ncause = "WRITE: what is wrong."\nadvice = "WRITE: what to do; then"\n'
    files = {table: read(table) + row, rule: read(rule) + f"# WRITE: when {key} is found.\n"}
    for language in sorted((PROJECT / "locale").glob("*/findings.toml")):
        path = str(language.relative_to(PROJECT))
        files[path] = read(path) + words
    trial = f"\n\ndef test_{key}() -> None:\n    raise AssertionError('WRITE: with it, without')\n"
    files[test] = read(test) + trial
    advice = f"| `WRITE: the line of {key}` | WRITE: what to do |\n"
    files["docs/troubleshooting.md"] = read("docs/troubleshooting.md").rstrip("\n") + f"\n{advice}"
    return files, [test, "tests/unit/test_catalogue.py", "tests/unit/test_findings.py"]


def setting(name: str) -> tuple[Files, list[str]]:
    """Return the files of a setting, whose name begins with its role's, and their tests."""
    checked(name, r"[a-z][a-z0-9_]*", "flask_container_colour")
    roles = [path.name for path in (PROJECT / "roles").iterdir()]
    role = max((role for role in roles if name.startswith(f"{role}_")), key=len, default="")
    if not role:
        raise WrongNameError(f"{name} begins with no role's name. Fix: {', '.join(sorted(roles))}")
    specs, defaults = f"roles/{role}/meta/argument_specs.yml", f"roles/{role}/defaults/main.yml"
    if re.search(rf"^{name}:", read(defaults), re.MULTILINE):
        raise WrongNameError(f"{name} is there already, in {defaults}. Fix: give another name")
    lines = read(specs).splitlines(keepends=True)
    begin = next(number for number, line in enumerate(lines) if line.startswith("    options:"))
    inside = (number for number in range(begin + 1, len(lines)) if lines[number].strip())
    end = next((at for at in inside if not lines[at].startswith("      ")), len(lines))
    option = f'      {name}:\n        description: "WRITE: what it is for."\n        type: str\n'
    lines.insert(end, f'{option}        default: ""\n')
    files = {specs: "".join(lines), defaults: f'{read(defaults)}{name}: ""  # WRITE: its group\n'}
    return files, ["tests/unit/test_contract.py", "tests/unit/test_settings.py"]


SECTIONS = {
    "fr": ("À faire", "Indices", "À retenir"),
    "en": ("What to do", "Hints", "What to remember"),
}


def exercise(name: str) -> tuple[Files, list[str]]:
    """Return the files of an exercise, which has the next number, and the tests that try them."""
    checked(name, r"[a-z][a-z0-9-]*", "pull-and-push")
    last = max(path.name for path in (PROJECT / "app/exercises").glob("[0-9][0-9]-*"))
    folder = f"{int(last[:2]) + 1:02}-{name}"
    files = {
        f"app/exercises/{folder}/solution.sh": "# WRITE: the commands that solve it.\n",
        f"app/exercises/{folder}/check.py": (
            '"""WRITE: what it is about.\n\nOpen: WRITE: what is not seen.\n"""\n\n\n'
            'def check(seat):\n    """Yield the steps."""\n'
            '    yield ("first", ("WRITE: étape", "WRITE: step"), [])\n'
        ),
    }
    for language, sections in SECTIONS.items():
        text = "".join(f"\n## {section}\n\n1. WRITE: …\n" for section in sections)
        page = f"# WRITE: a title\n\nWRITE: the goal. 10 minutes.\n{text}"
        files[f"app/exercises/{folder}/{language}.md"] = page
    return files, ["tests/unit/test_exercises.py -k " + folder, "app/tests -k " + folder]


def playbook(name: str) -> tuple[Files, list[str]]:
    """Return the files of a playbook, and the tests that try them."""
    path = f"playbooks/{checked(name, r'[a-z]+', 'audit')}.yml"
    if (PROJECT / path).exists():
        raise WrongNameError(f"{path} is there already. Fix: give another name")
    pattern = read("playbooks/flask.yml")
    files = {path: pattern.replace("Run the course's Flask container", "WRITE: what will be true")}
    for page in ("README.md", "README.fr.md"):
        before, row, after = read(page).partition("| `playbooks/verify.yml` |")
        files[page] = f"{before}| `{path}` | WRITE: what it does |\n{row}{after}"
    return files, ["tests/test_conventions.py", "tests/unit/test_run_kinds.py"]


KINDS: dict[str, Callable[[str], tuple[Files, list[str]]]] = {
    "finding": finding,
    "setting": setting,
    "exercise": exercise,
    "playbook": playbook,
}


def main(arguments: list[str]) -> int:
    """Make the files, and say what comes next; return the exit code."""
    if len(arguments) != 2 or arguments[0] not in KINDS:
        print(__doc__)
        return 0 if {"-h", "--help"} & {*arguments} else 2
    try:
        files, tests = KINDS[arguments[0]](arguments[1])
    except WrongNameError as error:
        print(f"new: {error}.", file=sys.stderr)
        return 2
    for path, text in files.items():
        place = PROJECT / path
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
        print(path)
    print("Write what stands there as WRITE: …; these tests say what lacks:")
    for test in ["tests/test_conventions.py -k to_be_written", *tests]:
        print(f"  ./lab pytest -q {test}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
