"""Count what a reader of a checkout's Python has to hold in mind; bench/shape.py prints it.

Nothing is imported or run, and a file that this Python cannot parse is passed over.

* Open mappings: the annotations in plugins/ that hold `dict[str, Any]` or `Mapping[str, Any]`,
  under whatever name these are imported, nested or quoted. They say nothing about the keys.
* A type alias hides one where its value holds one, or holds another such alias. Each annotation
  that uses the alias, in its own file or where it is imported, is counted apart.
* Vague names: the bindings of the words in VAGUE in plugins/. A plain assignment is `=`, `:=`, an
  annotated or an augmented one. Targets are those, and the targets of loops, comprehensions,
  `with`, `except` and `match`. Parameters are counted apart.
* Unnamed parts: the plugins, the files and packages of module_utils and plugin_utils, and the roles
  that docs/architecture.md does not name in a code span or a code block. A span with the path from
  the root names that path and the folders above it; any other span names what has its words as a
  file name, a folder or a plugin name.
* Own facts: the uses of `ansible_facts` in roles and playbooks whose key is none of Ansible's own
  fact collectors, nor of getent, package_facts and service_facts. A key that is an expression
  counts as the project's own.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ansible.module_utils.facts.default_collectors import collectors

VAGUE = ("one", "told", "said", "known", "made", "of", "more", "had")
NOT_IMPERATIVE = {"Give", "Gives", "Tell", "Tells", "Say", "Says"}
MAPPINGS = {"dict", "Dict", "Mapping"}
DOCSTRING_FOLDERS = ("plugins", "app", "bench", "tests", "molecule")
PLUGIN_KINDS = ("modules", "action", "callback", "lookup", "filter")
SHARED_KINDS = ("module_utils", "plugin_utils")
ARCHITECTURE = "docs/architecture.md"
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
FULL_PATH = re.compile(r"(?:plugins|roles)/[\w./-]+")
FACT = re.compile(
    r"""ansible_facts(?:['"]\])?(?:\.get\(\s*['"](\w+)|\[\s*['"](\w+)['"]\s*\]|\[|\.(?!get\()(\w+))"""
)
ANSIBLE_FACTS = {"packages", "services"}.union(
    *({collector.name, *collector._fact_ids} for collector in collectors)
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Length:
    """A number of lines, and the place that has so many: empty where there is none."""

    lines: int = 0
    place: str = ""


@dataclass(frozen=True)
class PythonShape:
    """What was counted. Each place is `path:line what`, with the path below the checkout's root."""

    open_mappings: list[str]
    aliases: list[str]
    alias_uses: list[str]
    plugin_lines: int
    unit_test_lines: int
    longest_function: Length
    longest_file: Length
    docstrings: list[str]
    assignments: list[str]
    targets: list[str]
    parameters: list[str]
    unnamed: list[str]
    own_facts: list[str]
    ansible_facts: list[str]


class Source:
    """A parsed Python file.

    path: below the root. module: its dotted name below plugins/, by which others import it.
    """

    def __init__(self, root: Path, path: Path) -> None:
        """Parse the file. Raises SyntaxError or UnicodeDecodeError where it cannot be."""
        self.path = str(path.relative_to(root))
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        parts = list(path.relative_to(root).with_suffix("").parts[1:])
        self.is_package = parts[-1:] == ["__init__"]
        self.module = ".".join(parts[:-1] if self.is_package else parts)

    def place(self, line: int, what: str) -> str:
        """Return a place of this file."""
        return f"{self.path}:{line} {what}"

    @cached_property
    def imports(self) -> dict[str, str]:
        """The dotted names below plugins/ of what the file imports, by the names it has here."""
        names = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    if name.asname:
                        names[name.asname] = _below_plugins(name.name)
            elif isinstance(node, ast.ImportFrom):
                base = _below_plugins(node.module or "")
                if node.level:
                    above = self.module.split(".")
                    above = above[: len(above) - node.level + self.is_package]
                    base = ".".join([*above, *([node.module] if node.module else [])])
                for name in node.names:
                    names[name.asname or name.name] = f"{base}.{name.name}"
        return names

    @cached_property
    def annotations(self) -> list[ast.expr]:
        """All annotations; one in quotes is parsed, and stands at the line of the quotes."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.arg | ast.AnnAssign):
                found.append(node.annotation)
            elif isinstance(node, Function):
                found.append(node.returns)
        annotations = [annotation for annotation in found if annotation is not None]
        annotations.sort(key=lambda node: (node.lineno, node.col_offset))
        return [_unquoted(node) for node in annotations]

    @cached_property
    def definitions(self) -> dict[str, ast.expr]:
        """The values of the names that are bound at the top level, as type aliases are."""
        values = {}
        for node in self.tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values[name] = _unquoted(value)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    if _is_type_alias(node):
                        values[name] = _unquoted(value)
                case ast.TypeAlias(name=ast.Name(id=name), value=value):
                    values[name] = value
        return values


def _below_plugins(module: str) -> str:
    return module.rpartition("plugins.")[2]


def _is_type_alias(node: ast.AST) -> bool:
    return isinstance(node, ast.AnnAssign) and _last_name(node.annotation) == "TypeAlias"


def _last_name(node: ast.expr) -> str:
    """Return `Any` of both `Any` and `typing.Any`; of anything else an empty text."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _unquoted(annotation: ast.expr) -> ast.expr:
    """Return an annotation with the quoted parts parsed."""

    class Unquote(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.expr:
            if not isinstance(node.value, str):
                return node
            try:
                parsed = ast.parse(node.value.strip(), mode="eval").body
            except SyntaxError:
                return node
            for inner in ast.walk(parsed):
                ast.copy_location(inner, node)
            result: ast.expr = self.visit(parsed)
            return result

        def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
            if _last_name(node.value) == "Literal":
                # Its values are no types.
                return node
            self.generic_visit(node)
            return node

    result: ast.expr = Unquote().visit(annotation)
    return result


def sources(root: Path, pattern: str) -> list[Source]:
    """Return the Python files of a glob pattern that can be parsed, in the order of their paths."""
    parsed = []
    for path in sorted(root.glob(pattern)):
        try:
            parsed.append(Source(root, path))
        except (SyntaxError, UnicodeDecodeError):
            continue
    return parsed


def _open_mappings_in(node: ast.expr) -> list[ast.expr]:
    return [
        part
        for part in ast.walk(node)
        if isinstance(part, ast.Subscript)
        and _last_name(part.value) in MAPPINGS
        and isinstance(part.slice, ast.Tuple)
        and [_last_name(argument) for argument in part.slice.elts] == ["str", "Any"]
    ]


def _alias_uses_in(node: ast.expr, source: Source, aliases: set[str]) -> list[tuple[int, str]]:
    """Return the line and the dotted name of each of these aliases that a piece of code names."""
    uses = []
    for part in ast.walk(node):
        match part:
            case ast.Name(id=word, lineno=line):
                name = source.imports.get(word, f"{source.module}.{word}")
            case ast.Attribute(value=ast.Name(id=word), attr=attribute, lineno=line):
                name = f"{source.imports.get(word, word)}.{attribute}"
            case _:
                continue
        if name in aliases:
            uses.append((line, name))
    return uses


def find_aliases(plugins: list[Source]) -> dict[str, str]:
    """Return the places of the type aliases that hide an open mapping, by their dotted names.

    A name that a module only passes on from another one is in the result with the place of the
    alias itself.
    """
    places: dict[str, str] = {}
    before = -1
    while len(places) > before:
        before = len(places)
        for source in plugins:
            for name, value in source.definitions.items():
                is_type = isinstance(value, ast.Subscript | ast.BinOp | ast.Name | ast.Attribute)
                hides = is_type and (
                    _open_mappings_in(value) or _alias_uses_in(value, source, set(places))
                )
                if hides:
                    place = source.place(value.lineno, name)
                    places.setdefault(f"{source.module}.{name}", place)
            for name, origin in source.imports.items():
                if origin in places:
                    places.setdefault(f"{source.module}.{name}", places[origin])
    return places


def _bindings(source: Source) -> Iterator[tuple[str, int, str]]:
    """Yield the kind (assignment, target or parameter), line and name of each binding."""
    plain: set[ast.AST] = set()
    for node in ast.walk(source.tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
            targets = [node.target]
        plain.update(part for target in targets for part in ast.walk(target))
    for node in ast.walk(source.tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield "assignment" if node in plain else "target", node.lineno, name
            case ast.arg(arg=name):
                yield "parameter", node.lineno, name
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                yield "target", node.lineno, name


def _docstrings(source: Source) -> Iterator[str]:
    """Yield the places of the docstrings that do not begin with an imperative that says what."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function):
            words = (ast.get_docstring(node) or "").split(maxsplit=1)
            if words and re.sub(r"\W", "", words[0]) in NOT_IMPERATIVE:
                yield source.place(getattr(node, "lineno", 1), getattr(node, "name", "module"))


def _unnamed(root: Path) -> list[str]:
    """Return the paths of the parts that docs/architecture.md does not name."""
    page = root / ARCHITECTURE
    code = CODE.findall(page.read_text(encoding="utf-8")) if page.exists() else []
    paths: set[str] = set()
    words: set[str] = set()
    for span in code:
        for path in FULL_PATH.findall(span):
            named = Path(path).with_suffix("")
            paths.update(str(folder) for folder in (named, *named.parents))
        words.update(re.findall(r"\w+", FULL_PATH.sub("", span)))
    parts = [
        *(path for kind in PLUGIN_KINDS for path in root.glob(f"plugins/{kind}/*.py")),
        *(path for kind in SHARED_KINDS for path in root.glob(f"plugins/{kind}/*.py")),
        *(path.parent for kind in SHARED_KINDS for path in root.glob(f"plugins/{kind}/*/*.py")),
        *(path for path in root.glob("roles/*") if path.is_dir()),
    ]
    return [
        str(path.relative_to(root))
        for path in sorted(set(parts))
        if path.stem not in {"__init__", "__pycache__"}
        and str(path.relative_to(root).with_suffix("")) not in paths
        # A module's action is found with it.
        and not (path.parent.name == "action" and f"plugins/modules/{path.stem}" in paths)
        and path.stem not in words
    ]


def _facts(root: Path) -> Iterator[tuple[bool, str]]:
    """Yield whether a fact is Ansible's own, and the place, for each use in roles and playbooks."""
    for folder in ("roles", "playbooks"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in {".yml", ".yaml", ".j2"} or not path.is_file():
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            for match in FACT.finditer(text):
                key = next(filter(None, match.groups()), "")
                line = text.count("\n", 0, match.start()) + 1
                place = f"{path.relative_to(root)}:{line} {key or 'an expression'}"
                yield key in ANSIBLE_FACTS or key.startswith("getent_"), place


def python_shape(root: Path) -> PythonShape:
    """Count the Python of the checkout in the directory root."""
    root = root.resolve()
    plugins = sources(root, "plugins/**/*.py")
    tests = sources(root, "tests/unit/*.py")
    aliases = find_aliases(plugins)
    open_mappings, alias_uses = [], []
    for source in plugins:
        for annotation in source.annotations:
            open_mappings += [
                source.place(part.lineno, ast.unparse(part))
                for part in _open_mappings_in(annotation)
            ]
            alias_uses += [
                source.place(line, name.rpartition(".")[2])
                for line, name in _alias_uses_in(annotation, source, set(aliases))
            ]
    functions = [
        Length((node.end_lineno or 0) - node.lineno + 1, source.place(node.lineno, node.name))
        for source in plugins
        for node in ast.walk(source.tree)
        if isinstance(node, Function)
    ]
    files = [Length(len(source.text.splitlines()), source.path) for source in plugins]
    vague = {
        kind: [
            source.place(line, name)
            for source in plugins
            for binding_kind, line, name in _bindings(source)
            if name in VAGUE and binding_kind == kind
        ]
        for kind in ("assignment", "target", "parameter")
    }
    facts = list(_facts(root))
    return PythonShape(
        open_mappings=open_mappings,
        aliases=sorted(set(aliases.values())),
        alias_uses=alias_uses,
        plugin_lines=sum(length.lines for length in files),
        unit_test_lines=sum(len(source.text.splitlines()) for source in tests),
        longest_function=max(functions, key=lambda length: length.lines, default=Length()),
        longest_file=max(files, key=lambda length: length.lines, default=Length()),
        docstrings=[
            place
            for folder in DOCSTRING_FOLDERS
            for source in sources(root, f"{folder}/**/*.py")
            for place in _docstrings(source)
        ],
        assignments=vague["assignment"],
        targets=vague["assignment"] + vague["target"],
        parameters=vague["parameter"],
        unnamed=_unnamed(root),
        own_facts=[place for is_ansibles, place in facts if not is_ansibles],
        ansible_facts=[place for is_ansibles, place in facts if is_ansibles],
    )


def report(counted: PythonShape, verbose: bool) -> Iterator[str]:
    """Yield the lines that are printed; with the places of what was counted, where verbose."""
    function, file = counted.longest_function, counted.longest_file
    words = ", ".join(VAGUE)
    rows: list[tuple[int, str, list[str]]] = [
        (
            len(counted.open_mappings),
            "annotations Mapping[str, Any] or dict[str, Any] in plugins",
            counted.open_mappings,
        ),
        (len(counted.aliases), "type aliases that hide one", counted.aliases),
        (len(counted.alias_uses), "annotations that use such an alias", counted.alias_uses),
        (counted.plugin_lines, "lines of Python in plugins", []),
        (counted.unit_test_lines, "lines of Python in tests/unit", []),
        (function.lines, f"lines in the longest function of plugins: {function.place}", []),
        (file.lines, f"lines in the longest file of plugins: {file.place}", []),
        (
            len(counted.docstrings),
            "docstrings that begin with Give, Tell or Say",
            counted.docstrings,
        ),
        (len(counted.assignments), f"plain assignments in plugins to {words}", []),
        (len(counted.targets), "with the targets of loops and the like", counted.targets),
        (len(counted.parameters), "parameters of these names", counted.parameters),
        (
            len(counted.unnamed),
            f"plugins and roles that {ARCHITECTURE} leaves out",
            counted.unnamed,
        ),
        (len(counted.own_facts), "uses of ansible_facts for the project's own", counted.own_facts),
        (len(counted.ansible_facts), "uses of Ansible's own facts", counted.ansible_facts),
    ]
    for number, what, places in rows:
        yield f"{number:6} {what}"
        if verbose:
            yield from (f"         {place}" for place in places)
