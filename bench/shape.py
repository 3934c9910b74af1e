"""Count how much of a checkout a reader has to hold in mind: `python bench/shape.py PATH`.

It reads files and runs nothing, so that it counts any commit's tree and other people's Ansible too:
`python bench/shape.py PATH --from playbooks/verify.yml`, `… --from roles/prometheus`.

What a run passes, from the playbook (`--from`, site.yml if not said) or from a play of that role:

* A file counts once, when a file that counts names it: import_playbook, the roles of a play,
  import_role and include_role (any tasks_from, vars_from, …), a role's dependencies, import_tasks
  and include_tasks, include_vars and vars_files; what of `defaults`, `vars`, `handlers` and
  `meta/main` a role has; the files and templates that a task, a lookup or a template names;
  modules, actions, filters, tests and lookups of the tree's own, and what these import of its
  module_utils and plugin_utils, however they spell it.
* A condition is not looked at: who reads has to open the file to know. Where a name holds an
  expression, each file counts that it could be (`restart_{{ x }}.yml`); a name that is an
  expression alone, none.
* What is not the tree's own does not count (Ansible's modules, other collections); nor do the
  configuration, the inventory, callbacks, documentation (meta/argument_specs too) and tests.
* `--without ROLE` takes a role out, for a room whose inventory sends no host to it.
* The chain is the longest row of these files of which each names the next. Modules and other Python
  end it as they are reached: what imports what is Python's, and told by its own tools.

What stands in the YAML, of all the tree's roles and playbooks whoever names them:

* Private names: the distinct words that begin with `__`, in YAML and in templates.
* Expressions in vars: the values of roles/*/vars and playbooks/vars that hold a `{{`.
  Each is worked out anew wherever it is used, out of sight.
* Filters: the uses of a Jinja filter in YAML (`x | default('')` is one) in 100 lines of it, blank
  lines and comments among them. Templates do not count here: that is where filters belong.
"""

import argparse
import ast
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its types are a package of their own
from jinja2 import Environment, TemplateSyntaxError, nodes

YAML = (".yml", ".yaml")
# Where a role's own tests lie, in models; nobody passes these.
ASIDE = {"molecule", "tests", "test"}
PRIVATE = re.compile(r"(?<![\w.])__[A-Za-z0-9]\w*(?<!__)\b")
PLACEHOLDER = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
# What Ansible takes for an expression as it stands.
BARE = {"when", "that", "until", "changed_when", "failed_when", "var", "break_when"}
BUILTIN = re.compile(r"^ansible\.(builtin|legacy)\.")
ROLE_PARTS = ("defaults", "vars", "handlers")
FILES_OF = {
    "template": "templates",
    "copy": "files",
    "script": "files",
    "unarchive": "files",
    "file": "files",
}


class Loader(yaml.SafeLoader):  # type: ignore[misc]  # without types, see above
    """Reads YAML with tags of Ansible's (`!unsafe`, `!vault`), whose values are of no interest."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


@dataclass(frozen=True)
class Jinja:
    """What the expressions of a text use.

    filters, tests: their names. lookups: their names, each with its first argument, which is None
    where it is no plain text.
    """

    filters: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    lookups: list[tuple[str, str | None]] = field(default_factory=list)

    def add(self, other: "Jinja") -> None:
        """Take in what another text uses."""
        self.filters.extend(other.filters)
        self.tests.extend(other.tests)
        self.lookups.extend(other.lookups)


ENVIRONMENT = Environment(  # noqa: S701  # nothing is rendered
    extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]
)


def plain(node: nodes.Node) -> str | None:
    """Give the text that an argument is; with a placeholder for each part that is none."""
    match node:
        case nodes.Const(value=str(value)):
            return value
        case nodes.Add(left=left, right=right):
            parts = [left, right]
        case nodes.Concat(nodes=several):
            parts = list(several)
        case _:
            return None
    return "".join("{{ }}" if (text := plain(part)) is None else text for part in parts)


def jinja(text: str) -> Jinja:
    """Give what a template's text uses. One that Jinja cannot read uses nothing."""
    used = Jinja()
    if "{" not in text:
        return used
    try:
        tree = ENVIRONMENT.parse(text)
    except TemplateSyntaxError:
        return used
    used.filters.extend(node.name for node in tree.find_all(nodes.Filter))
    used.tests.extend(node.name for node in tree.find_all(nodes.Test))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in {"lookup", "query", "q"}:
            name, *rest = [plain(argument) for argument in call.args[:2]] or [None]
            if name is not None:
                used.lookups.append((name, rest[0] if rest else None))
    return used


def texts(value: object, key: str = "") -> Iterator[str]:
    """Give each text in a piece of YAML; one that is an expression as it stands, in braces."""
    if isinstance(value, str):
        yield f"{{{{ {value} }}}}" if key in BARE and "{{" not in value else value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(name, str) and "{{" in name:
                yield name
            yield from texts(inner, str(name).rpartition(".")[2])
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, key)


def expressions(value: object) -> Jinja:
    """Give what all expressions in a piece of YAML use."""
    used = Jinja()
    for text in texts(value):
        used.add(jinja(text))
    return used


def read(path: Path) -> str:
    """Give a file's text; of one that is not text, nothing."""
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def load(path: Path) -> object:
    """Give a YAML file's value; of one that cannot be read, None."""
    try:
        return yaml.load(read(path), Loader)  # noqa: S506  # a safe one
    except yaml.YAMLError:
        return None


def tasks_in(value: object) -> Iterator[Mapping[str, Any]]:
    """Give each task of a list of tasks, those of its blocks too."""
    for task in value if isinstance(value, list) else []:
        if isinstance(task, Mapping):
            yield task
            for part in ("block", "rescue", "always"):
                yield from tasks_in(task.get(part))


def argument(task: Mapping[str, Any], *names: str) -> str | None:
    """Give what a task hands to an action, free or as its `file`, `name` or the like."""
    for key, value in task.items():
        if BUILTIN.sub("", str(key)) in names[:1]:
            if isinstance(value, Mapping):
                found = next((value[name] for name in names[1:] if name in value), None)
            else:
                found = value
            return found if isinstance(found, str) else None
    return None


class Tree:
    """A checkout: finds in it what its files name."""

    def __init__(self, root: Path, without: Collection[str] = ()) -> None:
        """Look at the checkout in the directory root, as if it had not the roles without."""
        self.root = root.resolve()
        self.without = without
        about = load(self.root / "galaxy.yml") if (self.root / "galaxy.yml").exists() else None
        self.collection = ""
        if isinstance(about, Mapping):
            self.collection = f"{about.get('namespace')}.{about.get('name')}"

    def own(self, name: str) -> str:
        """Give the short form of a name that may be the tree's own; that of others is kept full."""
        return name.removeprefix(f"{self.collection}.") if self.collection else name

    @cached_property
    def filters(self) -> dict[str, Path]:
        """The files that the tree's filters and tests are in, by the names that YAML uses."""
        found = {}
        for path in sorted(
            (*self.root.glob("plugins/filter/*.py"), *self.root.glob("plugins/test/*.py"))
        ):
            found[path.stem] = path
            for node in ast.walk(ast.parse(read(path))):
                if isinstance(node, ast.ClassDef) and node.name in {"FilterModule", "TestModule"}:
                    for table in (one for one in ast.walk(node) if isinstance(one, ast.Dict)):
                        for key in table.keys:
                            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                                found[key.value] = path
        return found

    def plugins(self, kinds: tuple[str, ...], name: str) -> list[Path]:
        """Give the files of a plugin of one of these kinds."""
        paths = [self.root / f"plugins/{kind}/{self.own(name)}.py" for kind in kinds]
        return [path for path in paths if path.is_file()]

    def role_of(self, path: Path) -> Path | None:
        """Give the directory of the role that a file belongs to."""
        parts = path.relative_to(self.root).parts
        return (
            self.root / "roles" / parts[1] if parts[:1] == ("roles",) and len(parts) > 1 else None
        )

    def matching(self, base: Path, name: str) -> list[Path]:
        """Give the files that a name in the directory base can mean; of a directory, all in it."""
        if (role := self.role_of(base)) is not None:
            name = re.sub(r"{{\s*role_path\s*}}", str(role), name)
        name = re.sub(r"{{\s*playbook_dir\s*}}", str(base), name)
        pattern = PLACEHOLDER.sub("*", name)
        if not re.sub(r"[*./]", "", pattern.removesuffix(".yml")):
            return []
        if pattern != name:
            # Below a place that is known only when it runs nothing can be looked for.
            return sorted(base.glob(pattern)) if not pattern.startswith(("*", "/")) else []
        path = (base / name).resolve()
        if path.is_dir() and path.is_relative_to(self.root) and path != self.root:
            return sorted(one for one in path.rglob("*") if one.is_file())
        return [path] if path.is_file() and path.is_relative_to(self.root) else []

    def yaml(self, base: Path, name: str) -> list[Path]:
        """Give the YAML files that a name can mean, with or without its ending."""
        stem = name.removesuffix(".yml").removesuffix(".yaml")
        for candidate in (name, *(stem + suffix for suffix in YAML)):
            if found := self.matching(base, candidate):
                return found
        return []

    def role(self, name: str, values: Mapping[str, Any]) -> list[Path]:
        """Give the files that a role is entered by, its dependencies' among them."""
        directory = self.root / "roles" / self.own(name)
        if "{{" in name or not directory.is_dir() or directory.name in self.without:
            return []
        found = [
            one
            for part in ("tasks", *ROLE_PARTS)
            for one in self.yaml(directory / part, str(values.get(f"{part}_from", "main")))
        ]
        for meta in self.yaml(directory / "meta", "main"):
            found.append(meta)
            about = load(meta)
            for other in (isinstance(about, Mapping) and about.get("dependencies")) or []:
                named = (
                    other.get("role", other.get("name", ""))
                    if isinstance(other, Mapping)
                    else other
                )
                found += self.role(str(named), {})
        return found

    def imported(self, path: Path) -> list[Path]:
        """Give the tree's own module_utils and plugin_utils that a Python file imports."""
        names = set()
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {alias.name for alias in node.names}
        found = []
        for name in names:
            kinds, last = ["module_utils", "plugin_utils"], name
            if "." in name:
                kinds = [kind for kind in kinds if f"{kind}." in name]
                last = name.rpartition("utils.")[2].replace(".", "/")
            if name.startswith("ansible_collections.") and f".{self.collection}." not in name:
                continue
            endings = (".py", "/__init__.py")
            found += [
                self.root / f"plugins/{kind}/{last}{end}" for kind in kinds for end in endings
            ]
        return [one for one in found if one.is_file()]

    def used(self, path: Path, what: Jinja) -> Iterator[Path]:
        """Give the files of the filters, tests and lookups that expressions use."""
        for name in (*what.filters, *what.tests):
            if (found := self.filters.get(self.own(name))) is not None:
                yield found
        for name, first in what.lookups:
            yield from self.plugins(("lookup",), name)
            kind = FILES_OF.get(BUILTIN.sub("", name))
            if kind is not None and first is not None:
                yield from self.matching((self.role_of(path) or path.parent) / kind, first)

    def named(self, path: Path) -> list[Path]:
        """Give the files that a file names, in order, each once."""
        found: list[Path] = []
        if path.suffix == ".py" and path.is_relative_to(self.root / "plugins"):
            found += self.imported(path)
        elif path.suffix in YAML:
            value = load(path)
            found += self.used(path, expressions(value))
            for one in value if isinstance(value, list) else []:
                if isinstance(one, Mapping) and (
                    "hosts" in one or any("import_playbook" in str(key) for key in one)
                ):
                    found += self.named_by_play(path, one)
            for task in tasks_in(value):
                found += self.named_by_task(path, task)
        elif path.suffix == ".j2":
            text = read(path)
            found += self.used(path, jinja(text))
            for name in re.findall(
                r"{%-?\s*(?:include|import|extends|from)\s+['\"]([^'\"]+)", text
            ):
                found += self.matching((self.role_of(path) or path.parent) / "templates", name)
        return [one for one in dict.fromkeys(found) if one != path]

    def named_by_play(self, path: Path, play: Mapping[str, Any]) -> Iterator[Path]:
        """Give the files that a play names."""
        if (book := argument(play, "import_playbook")) is not None:
            short = self.own(book)
            yield from (
                self.yaml(self.root / "playbooks", short)
                if short != book
                else self.yaml(path.parent, book)
            )
        several = play.get("vars_files") or []
        for name in [several] if isinstance(several, str) else several:
            yield from self.matching(path.parent, str(name))
        for role in play.get("roles") or []:
            name = role.get("role", role.get("name", "")) if isinstance(role, Mapping) else role
            yield from self.role(str(name), {})
        for part in ("pre_tasks", "tasks", "post_tasks", "handlers"):
            for task in tasks_in(play.get(part)):
                yield from self.named_by_task(path, task)

    def named_by_task(self, path: Path, task: Mapping[str, Any]) -> Iterator[Path]:
        """Give the files that a task names."""
        role = self.role_of(path)
        for action in ("include_tasks", "import_tasks"):
            if (name := argument(task, action, "file")) is not None:
                yield from self.yaml(path.parent, name) or (
                    self.yaml(role / "tasks", name) if role else []
                )
        for action in ("include_role", "import_role"):
            if (name := argument(task, action, "name", "role")) is not None:
                values = next(value for key, value in task.items() if str(key).endswith(action))
                yield from self.role(name, values)
        if (name := argument(task, "include_vars", "file", "dir")) is not None:
            yield from self.yaml(role / "vars" if role else path.parent, name)
        for action in ("template", "copy", "script", "unarchive"):
            if (name := argument(task, action, "src", "cmd")) is not None:
                name = name.partition(" ")[0] if action == "script" else name
                yield from self.matching((role or path.parent) / FILES_OF[action], name)
        for key in task:
            yield from self.plugins(("action", "modules"), str(key))


@dataclass(frozen=True)
class Shape:
    """What was counted. The paths are below the checkout's root."""

    files: list[str]
    chain: list[str]
    names: int
    expressions: int
    filters: int
    lines: int

    @property
    def filters_per_100_lines(self) -> float:
        """How many filters 100 lines of YAML use."""
        return 100 * self.filters / self.lines if self.lines else 0.0


def passed(tree: Tree, first: list[Path]) -> tuple[list[Path], list[Path]]:
    """Give all files that are reached from the first ones, and the longest chain from one."""
    longest: dict[Path, list[Path]] = {}
    under_way: set[Path] = set()

    def chain_from(path: Path) -> list[Path]:
        if path not in longest:
            under_way.add(path)
            # Files that name each other in a ring: the one that was met first comes first.
            chains = [chain_from(one) for one in tree.named(path) if one not in under_way]
            under_way.remove(path)
            # Python ends a chain.
            rest = max(chains, key=len, default=[]) if path.suffix != ".py" else []
            longest[path] = [path, *rest]
        return longest[path]

    best = max((chain_from(path) for path in first), key=len, default=[])
    return sorted(longest), best


def yaml_files(tree: Tree, *patterns: str) -> list[Path]:
    """Give the files of these patterns that a run could pass, and not a role's own tests."""
    found = {path for pattern in patterns for path in tree.root.glob(pattern) if path.is_file()}
    return sorted(path for path in found if not ASIDE & set(path.relative_to(tree.root).parts))


def shape(root: Path, entry: str | None = None, without: Collection[str] = ()) -> Shape:
    """Count a checkout.

    entry: a playbook or a role's directory, below root; without it, site.yml there or in playbooks.
    without: names of roles that no host comes to.
    Raises FileNotFoundError where it is neither.
    """
    tree = Tree(root, without)
    names = (entry,) if entry is not None else ("site.yml", "playbooks/site.yml")
    start = next((tree.root / name for name in names if (tree.root / name).exists()), None)
    if start is None:
        raise FileNotFoundError(f"{root} has no {' and no '.join(names)}")
    first = tree.role(start.name, {}) if start.is_dir() else [start]
    reached, chain = passed(tree, first)
    if start.is_dir():
        # A play that names the role is a file too, wherever it is.
        chain = [Path(tree.root / "(a playbook)"), *chain]
    yamls = yaml_files(
        tree, *(f"{top}/**/*{suffix}" for top in ("roles", "playbooks") for suffix in YAML)
    )
    texts_too = yamls + yaml_files(tree, "*.yml", "roles/**/*.j2", "playbooks/**/*.j2")
    lazy = yaml_files(
        tree,
        *(f"{top}/**/*{suffix}" for top in ("roles/*/vars", "playbooks/vars") for suffix in YAML),
    )
    return Shape(
        files=[str(path.relative_to(tree.root)) for path in reached],
        chain=[str(path.relative_to(tree.root)) for path in chain],
        names=len({name for path in texts_too for name in PRIVATE.findall(read(path))}),
        expressions=sum("{{" in text for path in lazy for text in texts(load(path))),
        filters=sum(len(expressions(load(path)).filters) for path in yamls),
        lines=sum(len(read(path).splitlines()) for path in yamls),
    )


def main() -> int:
    """Count the checkout that the command line names, and give the exit code."""
    parser = argparse.ArgumentParser(
        description="Count how much of a checkout one has to hold in mind."
    )
    parser.add_argument("path", type=Path, help="the checkout")
    parser.add_argument("--from", dest="entry", help="the playbook, or the role's directory, in it")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="ROLE",
        help="a role that no host comes to",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="list the files too")
    arguments = parser.parse_args()
    try:
        counted = shape(arguments.path, arguments.entry, arguments.without)
    except FileNotFoundError as error:
        parser.error(str(error))
    if arguments.verbose:
        print("\n".join(counted.files), end="\n\n")
    print(f"{len(counted.files):6} files that a run passes")
    print(f"{len(counted.chain):6} files in the deepest chain: {' → '.join(counted.chain)}")
    print(f"{counted.names:6} private names")
    print(f"{counted.expressions:6} expressions in vars")
    print(
        f"{counted.filters_per_100_lines:6.1f} filters in 100 lines of YAML"
        f" ({counted.filters} in {counted.lines})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
