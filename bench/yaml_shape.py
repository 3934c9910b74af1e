"""Count what a reader of a checkout's YAML has to hold in mind; bench/shape.py prints it.

What a run passes, from the playbook (`--from`, site.yml by default) or from a play of that role:

* A file counts once, when a file that counts names it: import_playbook, the roles of a play,
  import_role and include_role (any tasks_from, vars_from, …), a role's dependencies, import_tasks
  and include_tasks, include_vars and vars_files; what of `defaults`, `vars`, `handlers` and
  `meta/main` a role has; the files and templates that a task, a lookup or a template names;
  modules, actions, filters, tests and lookups of the tree's own, and what these import of its
  module_utils and plugin_utils, however they spell it.
* A condition is not looked at: a reader has to open the file to know. Where a name holds an
  expression, each file counts that it could be (`restart_{{ x }}.yml`); a name that is an
  expression alone counts none.
* What is not the tree's own does not count (Ansible's modules, other collections); nor do the
  configuration, the inventory, callbacks, documentation (meta/argument_specs too) and tests.
* `--without ROLE` takes a role out, for a room whose inventory sends no host to it.
* The chain is the longest row of these files of which each names the next. Modules and other Python
  end it when it reaches them: tools for Python show what imports what.

What stands in the YAML of all the tree's roles and playbooks, whether a run passes them or not:

* Private names: the distinct words that begin with `__`, in YAML and in templates.
* Expressions in vars: the values of roles/*/vars and playbooks/vars that hold a `{{`.
  Ansible evaluates each anew wherever it is used, out of the reader's sight.
* Filters: the uses of a Jinja filter in YAML (`x | default('')` is one) in 100 lines of it, blank
  lines and comments among them. Templates do not count here: filters belong there.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # its types are a package of their own
from jinja2 import Environment, TemplateSyntaxError, nodes

YAML = (".yml", ".yaml")
# A role keeps its own tests in these folders; no run passes them.
TEST_FOLDERS = {"molecule", "tests", "test"}
PRIVATE = re.compile(r"(?<![\w.])__[A-Za-z0-9]\w*(?<!__)\b")
PLACEHOLDER = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
# Ansible takes the values of these keys as expressions, without braces.
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
    """Reads YAML with Ansible's tags (`!unsafe`, `!vault`), whose values become None."""


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
        """Add what another text uses."""
        self.filters.extend(other.filters)
        self.tests.extend(other.tests)
        self.lookups.extend(other.lookups)


ENVIRONMENT = Environment(  # noqa: S701  # nothing is rendered
    extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]
)


def plain(node: nodes.Node) -> str | None:
    """Return the text of an argument, with a placeholder for each part that is no plain text."""
    match node:
        case nodes.Const(value=str(value)):
            return value
        case nodes.Add(left=left, right=right):
            parts = [left, right]
        case nodes.Concat(nodes=operands):
            parts = list(operands)
        case _:
            return None
    return "".join("{{ }}" if (text := plain(part)) is None else text for part in parts)


def jinja(text: str) -> Jinja:
    """Return what a template's text uses. A text that Jinja cannot read uses nothing."""
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
    """Yield each text in a piece of YAML; an expression without braces gets them."""
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
    """Return what all expressions in a piece of YAML use."""
    used = Jinja()
    for text in texts(value):
        used.add(jinja(text))
    return used


def read(path: Path) -> str:
    """Return a file's text, which is empty for a file that is not text."""
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def load(path: Path) -> object:
    """Return a YAML file's value, or None for a file that cannot be read."""
    try:
        return yaml.load(read(path), Loader)  # noqa: S506  # a safe one
    except yaml.YAMLError:
        return None


def tasks_in(value: object) -> Iterator[Mapping[str, object]]:
    """Yield each task of a list of tasks, with those of its blocks."""
    for task in value if isinstance(value, list) else []:
        if isinstance(task, Mapping):
            yield task
            for part in ("block", "rescue", "always"):
                yield from tasks_in(task.get(part))


def argument(task: Mapping[str, object], *names: str) -> str | None:
    """Return what a task hands to an action, as free text or under one of the option's names.

    names: the action, then the names of the option.
    """
    for key, value in task.items():
        if BUILTIN.sub("", str(key)) in names[:1]:
            if isinstance(value, Mapping):
                handed_value = next((value[name] for name in names[1:] if name in value), None)
            else:
                handed_value = value
            return handed_value if isinstance(handed_value, str) else None
    return None


class Tree:
    """A checkout in which the files are found that other files name."""

    def __init__(self, root: Path, without: Collection[str] = ()) -> None:
        """Open the checkout in the directory root, as if it had not the roles in without."""
        self.root = root.resolve()
        self.without = without
        galaxy = load(self.root / "galaxy.yml") if (self.root / "galaxy.yml").exists() else None
        self.collection = ""
        if isinstance(galaxy, Mapping):
            self.collection = f"{galaxy.get('namespace')}.{galaxy.get('name')}"

    def short_name(self, name: str) -> str:
        """Return a name of the tree's own without its collection; other names stay as they are."""
        return name.removeprefix(f"{self.collection}.") if self.collection else name

    @cached_property
    def filters(self) -> dict[str, Path]:
        """The files that the tree's filters and tests are in, by the names that YAML uses."""
        paths = {}
        for path in sorted(
            (*self.root.glob("plugins/filter/*.py"), *self.root.glob("plugins/test/*.py"))
        ):
            paths[path.stem] = path
            for node in ast.walk(ast.parse(read(path))):
                if isinstance(node, ast.ClassDef) and node.name in {"FilterModule", "TestModule"}:
                    tables = (part for part in ast.walk(node) if isinstance(part, ast.Dict))
                    for key in (key for table in tables for key in table.keys):
                        if isinstance(key, ast.Constant) and isinstance(key.value, str):
                            paths[key.value] = path
        return paths

    def plugins(self, kinds: tuple[str, ...], name: str) -> list[Path]:
        """Return the files of the plugins of these kinds that have the name."""
        paths = [self.root / f"plugins/{kind}/{self.short_name(name)}.py" for kind in kinds]
        return [path for path in paths if path.is_file()]

    def role_of(self, path: Path) -> Path | None:
        """Return the directory of the role that a file belongs to."""
        parts = path.relative_to(self.root).parts
        return (
            self.root / "roles" / parts[1] if parts[:1] == ("roles",) and len(parts) > 1 else None
        )

    def matching(self, base: Path, name: str) -> list[Path]:
        """Return the files that a name in the directory base can mean; all those of a directory."""
        if (role := self.role_of(base)) is not None:
            name = re.sub(r"{{\s*role_path\s*}}", str(role), name)
        name = re.sub(r"{{\s*playbook_dir\s*}}", str(base), name)
        pattern = PLACEHOLDER.sub("*", name)
        if not re.sub(r"[*./]", "", pattern.removesuffix(".yml")):
            return []
        if pattern != name:
            # Nothing can be looked for below a folder whose name is known only at run time.
            return sorted(base.glob(pattern)) if not pattern.startswith(("*", "/")) else []
        path = (base / name).resolve()
        if path.is_dir() and path.is_relative_to(self.root) and path != self.root:
            return sorted(inner for inner in path.rglob("*") if inner.is_file())
        return [path] if path.is_file() and path.is_relative_to(self.root) else []

    def yaml(self, base: Path, name: str) -> list[Path]:
        """Return the YAML files that a name can mean, with or without its ending."""
        stem = name.removesuffix(".yml").removesuffix(".yaml")
        for candidate in (name, *(stem + suffix for suffix in YAML)):
            if found := self.matching(base, candidate):
                return found
        return []

    def role(self, name: str, values: Mapping[str, object]) -> list[Path]:
        """Return the files by which a role is entered, and those of its dependencies.

        values: the options of the import, of which `tasks_from` and the like choose files.
        """
        directory = self.root / "roles" / self.short_name(name)
        if "{{" in name or not directory.is_dir() or directory.name in self.without:
            return []
        paths = [
            path
            for part in ("tasks", *ROLE_PARTS)
            for path in self.yaml(directory / part, str(values.get(f"{part}_from", "main")))
        ]
        for meta in self.yaml(directory / "meta", "main"):
            paths.append(meta)
            value = load(meta)
            dependencies = isinstance(value, Mapping) and value.get("dependencies")
            for role in dependencies or []:
                paths += self.role(_role_name(role), {})
        return paths

    def imported(self, path: Path) -> list[Path]:
        """Return the tree's own module_utils and plugin_utils that a Python file imports."""
        names = set()
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {alias.name for alias in node.names}
        candidates = []
        for name in names:
            kinds, last = ["module_utils", "plugin_utils"], name
            if "." in name:
                kinds = [kind for kind in kinds if f"{kind}." in name]
                last = name.rpartition("utils.")[2].replace(".", "/")
            if name.startswith("ansible_collections.") and f".{self.collection}." not in name:
                continue
            endings = (".py", "/__init__.py")
            candidates += [
                self.root / f"plugins/{kind}/{last}{end}" for kind in kinds for end in endings
            ]
        return [candidate for candidate in candidates if candidate.is_file()]

    def used(self, path: Path, jinja: Jinja) -> Iterator[Path]:
        """Yield the files of the filters, tests and lookups that the expressions of a file use."""
        for name in (*jinja.filters, *jinja.tests):
            if (plugin := self.filters.get(self.short_name(name))) is not None:
                yield plugin
        for name, first in jinja.lookups:
            yield from self.plugins(("lookup",), name)
            kind = FILES_OF.get(BUILTIN.sub("", name))
            if kind is not None and first is not None:
                yield from self.matching((self.role_of(path) or path.parent) / kind, first)

    def named(self, path: Path) -> list[Path]:
        """Return the files that a file names, in order, each once."""
        paths: list[Path] = []
        if path.suffix == ".py" and path.is_relative_to(self.root / "plugins"):
            paths += self.imported(path)
        elif path.suffix in YAML:
            value = load(path)
            paths += self.used(path, expressions(value))
            for play in value if isinstance(value, list) else []:
                if isinstance(play, Mapping) and (
                    "hosts" in play or any("import_playbook" in str(key) for key in play)
                ):
                    paths += self.named_by_play(path, play)
            for task in tasks_in(value):
                paths += self.named_by_task(path, task)
        elif path.suffix == ".j2":
            text = read(path)
            paths += self.used(path, jinja(text))
            for name in re.findall(
                r"{%-?\s*(?:include|import|extends|from)\s+['\"]([^'\"]+)", text
            ):
                paths += self.matching((self.role_of(path) or path.parent) / "templates", name)
        return [other for other in dict.fromkeys(paths) if other != path]

    def named_by_play(self, path: Path, play: Mapping[str, object]) -> Iterator[Path]:
        """Yield the files that a play names."""
        if (book := argument(play, "import_playbook")) is not None:
            short = self.short_name(book)
            yield from (
                self.yaml(self.root / "playbooks", short)
                if short != book
                else self.yaml(path.parent, book)
            )
        vars_files = play.get("vars_files")
        for name in vars_files if isinstance(vars_files, list) else [vars_files or ""]:
            yield from self.matching(path.parent, str(name))
        roles = play.get("roles")
        for role in roles if isinstance(roles, list) else []:
            yield from self.role(_role_name(role), {})
        for part in ("pre_tasks", "tasks", "post_tasks", "handlers"):
            for task in tasks_in(play.get(part)):
                yield from self.named_by_task(path, task)

    def named_by_task(self, path: Path, task: Mapping[str, object]) -> Iterator[Path]:
        """Yield the files that a task names."""
        role = self.role_of(path)
        for action in ("include_tasks", "import_tasks"):
            if (name := argument(task, action, "file")) is not None:
                yield from self.yaml(path.parent, name) or (
                    self.yaml(role / "tasks", name) if role else []
                )
        for action in ("include_role", "import_role"):
            if (name := argument(task, action, "name", "role")) is not None:
                values = next(value for key, value in task.items() if str(key).endswith(action))
                yield from self.role(name, values if isinstance(values, Mapping) else {})
        if (name := argument(task, "include_vars", "file", "dir")) is not None:
            yield from self.yaml(role / "vars" if role else path.parent, name)
        for action in ("template", "copy", "script", "unarchive"):
            if (name := argument(task, action, "src", "cmd")) is not None:
                name = name.partition(" ")[0] if action == "script" else name
                yield from self.matching((role or path.parent) / FILES_OF[action], name)
        for key in task:
            yield from self.plugins(("action", "modules"), str(key))


def _role_name(role: object) -> str:
    """Return the name of a role as a play or a dependency lists it: a name, or a mapping."""
    return str(role.get("role", role.get("name", "")) if isinstance(role, Mapping) else role)


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
        """The number of filters that 100 lines of YAML use."""
        return 100 * self.filters / self.lines if self.lines else 0.0


def passed(tree: Tree, first: list[Path]) -> tuple[list[Path], list[Path]]:
    """Return all files that are reached from the first ones, and the longest chain from one."""
    longest: dict[Path, list[Path]] = {}
    under_way: set[Path] = set()

    def chain_from(path: Path) -> list[Path]:
        if path not in longest:
            under_way.add(path)
            # In a ring of files that name each other, the file that was met first comes first.
            chains = [chain_from(named) for named in tree.named(path) if named not in under_way]
            under_way.remove(path)
            # Python ends a chain.
            rest = max(chains, key=len, default=[]) if path.suffix != ".py" else []
            longest[path] = [path, *rest]
        return longest[path]

    best = max((chain_from(path) for path in first), key=len, default=[])
    return sorted(longest), best


def yaml_files(tree: Tree, *patterns: str) -> list[Path]:
    """Return the files of these patterns that a run could pass, without a role's own tests."""
    paths = {path for pattern in patterns for path in tree.root.glob(pattern) if path.is_file()}
    return sorted(
        path for path in paths if TEST_FOLDERS.isdisjoint(path.relative_to(tree.root).parts)
    )


def shape(root: Path, entry: str | None = None, without: Collection[str] = ()) -> Shape:
    """Count a checkout.

    entry: a playbook or a role's directory, below root; by default site.yml there or in playbooks.
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
    with_templates = yamls + yaml_files(tree, "*.yml", "roles/**/*.j2", "playbooks/**/*.j2")
    variables = yaml_files(
        tree,
        *(f"{top}/**/*{suffix}" for top in ("roles/*/vars", "playbooks/vars") for suffix in YAML),
    )
    return Shape(
        files=[str(path.relative_to(tree.root)) for path in reached],
        chain=[str(path.relative_to(tree.root)) for path in chain],
        names=len({name for path in with_templates for name in PRIVATE.findall(read(path))}),
        expressions=sum("{{" in text for path in variables for text in texts(load(path))),
        filters=sum(len(expressions(load(path)).filters) for path in yamls),
        lines=sum(len(read(path).splitlines()) for path in yamls),
    )


def report(counted: Shape, verbose: bool) -> Iterator[str]:
    """Yield the lines that are printed; with the files that a run passes, where verbose."""
    if verbose:
        yield from (*counted.files, "")
    yield f"{len(counted.files):6} files that a run passes"
    yield f"{len(counted.chain):6} files in the deepest chain: {' → '.join(counted.chain)}"
    yield f"{counted.names:6} private names"
    yield f"{counted.expressions:6} expressions in vars"
    yield (
        f"{counted.filters_per_100_lines:6.1f} filters in 100 lines of YAML"
        f" ({counted.filters} in {counted.lines})"
    )
