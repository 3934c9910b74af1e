"""Show what bench/shape.py counts, on a small checkout."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from python_shape import Length, PythonShape, python_shape, report
from yaml_shape import jinja, shape

PROJECT = Path(__file__).parents[2]

# A comment says why a file counts, or why it does not.
TREE = {
    "galaxy.yml": "namespace: school\nname: lab\n",
    "site.yml": "- import_playbook: school.lab.all\n",
    "playbooks/all.yml": """
- hosts: lab
  vars_files: vars/room.yml
  roles:
    - school.lab.engine
  tasks:
    - name: Prove it
      ansible.builtin.include_role:
        name: page
        tasks_from: prove
        vars_from: proof
""",
    "playbooks/vars/room.yml": "room: {of: '{{ groups.lab | first }}', plain: text}\n",
    # Named by nothing.
    "playbooks/other.yml": "- hosts: lab\n  roles: [page]\n",
    "roles/engine/defaults/main.yml": "engine_users: []\n",
    "roles/engine/vars/main.yml": """
__engine_drop_in: "{{ lookup('ansible.builtin.template', 'drop_in.conf.j2') }}"
__engine_files: ["{{ __engine_drop_in }}", "plain", "{{ 'text | in quotes' }}"]
""",
    "roles/engine/meta/main.yml": "dependencies:\n  - role: school.lab.base\n",
    # Documentation.
    "roles/engine/meta/argument_specs.yml": "argument_specs: {}\n",
    "roles/engine/README.md": "Private: __not_this_one\n",
    "roles/engine/templates/drop_in.conf.j2": "{% include 'head.j2' %}{{ __engine_ca | quote }}\n",
    "roles/engine/templates/head.j2": "# {{ x }}\n",
    "roles/engine/tasks/main.yml": """
- name: Do it in a block
  block:
    - name: Restart
      ansible.builtin.include_tasks: "restart_{{ manager }}.yml"
      when: users | length > 0
    - name: Read what nobody knows before
      ansible.builtin.include_tasks: "{{ item }}.yml"
  rescue:
    - name: Ask
      school.lab.ask:
        path: "{{ users | default([]) | school.lab.shout }}"
""",
    "roles/engine/tasks/restart_systemd.yml": "- import_tasks: deepest.yml\n",
    "roles/engine/tasks/restart_none.yml": "- ansible.builtin.copy: {src: unit, dest: /etc/unit}\n",
    "roles/engine/tasks/deepest.yml": """
- ansible.builtin.template:
    src: drop_in.conf.j2
    dest: "{{ __engine_at }}"
""",
    # An expression alone could name it, and any other file.
    "roles/engine/tasks/unknown.yml": "- debug:\n",
    "roles/engine/files/unit": "[Unit]\n",
    "roles/base/tasks/main.yml": "- debug:\n",
    "roles/page/tasks/prove.yml": '- assert: {that: ["x is odd"]}\n',
    # Neither this entry nor these vars are asked for.
    "roles/page/tasks/main.yml": "- debug:\n",
    "roles/page/vars/main.yml": "__page_a: 1\n",
    "roles/page/vars/proof.yml": "__page_b: 1\n",
    # A role's own tests.
    "roles/page/molecule/default/converge.yml": "- hosts: all\n  vars: {__mine: '{{ a | b }}'}\n",
    "plugins/modules/ask.py": "import ansible_collections.school.lab.plugins.module_utils.net\n",
    "plugins/action/ask.py": "from ansible.module_utils.basic import AnsibleModule\nimport words\n",
    "plugins/module_utils/net.py": "from ansible.module_utils import deep\n",
    "plugins/module_utils/deep.py": "import re\n",
    "plugins/plugin_utils/words.py": """
from ansible_collections.school.lab.plugins.plugin_utils.judge import engine
""",
    "plugins/plugin_utils/judge/__init__.py": "",
    "plugins/plugin_utils/judge/engine.py": "",
    "plugins/plugin_utils/judge/unused.py": "",
    # Of another collection.
    "plugins/module_utils/basic_two.py": "",
    "plugins/filter/words_of.py": """
class FilterModule:
    def filters(self):
        return {"shout": str.upper}
""",
    "plugins/test/oddity.py": """
class TestModule:
    def tests(self):
        return {"odd": bool}
""",
    "plugins/filter/unused.py": "class FilterModule:\n    def filters(self):\n        return {}\n",
}
PASSED = [
    "playbooks/all.yml",
    "playbooks/vars/room.yml",
    "plugins/action/ask.py",
    "plugins/filter/words_of.py",
    "plugins/module_utils/deep.py",
    "plugins/module_utils/net.py",
    "plugins/modules/ask.py",
    "plugins/plugin_utils/judge/__init__.py",
    "plugins/plugin_utils/judge/engine.py",
    "plugins/plugin_utils/words.py",
    "plugins/test/oddity.py",
    "roles/base/tasks/main.yml",
    "roles/engine/defaults/main.yml",
    "roles/engine/files/unit",
    "roles/engine/meta/main.yml",
    "roles/engine/tasks/deepest.yml",
    "roles/engine/tasks/main.yml",
    "roles/engine/tasks/restart_none.yml",
    "roles/engine/tasks/restart_systemd.yml",
    "roles/engine/templates/drop_in.conf.j2",
    "roles/engine/templates/head.j2",
    "roles/engine/vars/main.yml",
    "roles/page/tasks/prove.yml",
    "roles/page/vars/proof.yml",
    "site.yml",
]


@pytest.fixture(name="tree")
def fixture_tree(tmp_path: Path) -> Path:
    for name, text in TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_files_that_a_run_passes_are_those_that_name_each_other(tree: Path) -> None:
    assert shape(tree).files == PASSED


def test_the_chain_goes_over_playbooks_roles_and_includes(tree: Path) -> None:
    assert shape(tree).chain == [
        "site.yml",
        "playbooks/all.yml",
        "roles/engine/tasks/main.yml",
        "roles/engine/tasks/restart_systemd.yml",
        "roles/engine/tasks/deepest.yml",
        "roles/engine/templates/drop_in.conf.j2",
        "roles/engine/templates/head.j2",
    ]


def test_python_ends_a_chain(tree: Path) -> None:
    """The module is one more file; what it imports, and what that imports, is not."""
    (tree / "roles/engine/tasks/deepest.yml").write_text("- ask:\n")
    assert len(shape(tree).chain) == 6
    assert shape(tree).chain[-1].startswith("plugins/")


def test_roles_that_call_each_other_are_counted_once(tree: Path) -> None:
    """A dependency, and back."""
    (tree / "roles/base/tasks/main.yml").write_text("- import_role: {name: engine}\n")
    (tree / "roles/engine/tasks/deepest.yml").write_text("- import_role: {name: base}\n")
    counted = shape(tree)
    assert counted.files == PASSED
    assert len(counted.chain) == len(set(counted.chain))


def test_a_role_that_no_host_comes_to_can_be_left_out(tree: Path) -> None:
    others = [name for name in PASSED if "page" not in name and "oddity" not in name]
    assert shape(tree, without=["page"]).files == others


def test_a_role_can_be_counted_by_itself(tree: Path) -> None:
    counted = shape(tree, "roles/engine")
    others = ("site", "playbooks", "roles/page", "plugins/test")
    assert counted.files == [name for name in PASSED if not name.startswith(others)]
    assert counted.chain[:2] == ["(a playbook)", "roles/engine/tasks/main.yml"]


def test_what_stands_in_the_yaml(tree: Path) -> None:
    counted = shape(tree)
    assert counted.names == len(
        {"__engine_drop_in", "__engine_files", "__engine_ca", "__engine_at", "__page_a", "__page_b"}
    )
    # room's `of`, the drop-in, and two of the files.
    assert counted.expressions == 4
    # first; length in a bare condition; default and shout.
    assert counted.filters == 4
    assert counted.filters_per_100_lines == 100 * 4 / counted.lines


def test_a_text_that_jinja_cannot_read_uses_nothing() -> None:
    assert jinja("{{ a | }}").filters == []
    assert jinja("a | b").filters == []
    assert jinja("{{ q('file', 'a' ~ b) }}").lookups == [("file", "a{{ }}")]


def test_tags_of_ansible_and_files_that_are_none_are_read_over(tree: Path) -> None:
    (tree / "roles/engine/defaults/main.yml").write_text("a: !unsafe '{{ b | c }}'\n")
    (tree / "playbooks/vars/room.yml").write_text("a: [\n")
    (tree / "roles/engine/files/unit").write_bytes(b"\xff\xfe")
    counted = shape(tree)
    assert counted.files == PASSED
    assert counted.filters == 3


def test_a_place_without_playbooks_is_told_in_words(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, PROJECT / "bench/shape.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert f"{tmp_path} has no site.yml and no playbooks/site.yml" in result.stderr


Written = Callable[[str, str], PythonShape]


@pytest.fixture(name="written")
def fixture_written(tmp_path: Path) -> Written:
    """Return a function that adds a file to a checkout and counts it."""

    def write(name: str, text: str) -> PythonShape:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return python_shape(tmp_path)

    return write


def test_a_checkout_without_python_has_nothing_to_count(tmp_path: Path) -> None:
    counted = python_shape(tmp_path)
    assert counted.plugin_lines == counted.unit_test_lines == 0
    assert counted.longest_file == counted.longest_function == Length(0, "")
    assert not counted.open_mappings + counted.docstrings + counted.targets + counted.unnamed


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def f(a: dict[str, Any]) -> Mapping[str, Any]: ...", 2),
        ("async def f(*a: t.Dict[str, t.Any], **b: abc.Mapping[str, Any]): ...", 2),
        ("class A:\n    x: list[dict[str, Any]]\n", 1),
        ("def f(a: dict[str, dict[str, Any]] | None): x: 'Mapping[str, Any]' = a", 2),
        ("def f(a: 'list[\"dict[str, Any]\"]'): ...", 1),
        ("def f(a: dict[str, int], b: dict[int, Any], c: Callable[[str, Any], int]): ...", 0),
        ("def f(a: Literal['dict[str, Any]'], b: 'no type'): ...", 0),
        # Of a value and of a text nothing is annotated.
        ("x = cast(dict[str, Any], {})\n'dict[str, Any]'\n", 0),
    ],
)
def test_open_mappings_are_counted_in_any_spelling(written: Written, text: str, count: int) -> None:
    assert len(written("plugins/filter/a.py", text).open_mappings) == count


def test_an_alias_that_hides_an_open_mapping_is_counted_where_it_is_used(written: Written) -> None:
    written(
        "plugins/plugin_utils/judge/words.py",
        """
Has = Mapping[str, Any]
Want: TypeAlias = "dict[str, Any] | None"
type Many = list[Has]
Number = int
NOTHING = cast(dict[str, Any], {})
def f(a: Has, b: Number) -> list[Want]: ...
""",
    )
    # A package that passes a name on hides nothing more.
    written("plugins/plugin_utils/judge/__init__.py", "from .words import Has, Many\n")
    written(
        "plugins/action/ask.py",
        """
from ansible_collections.a.b.plugins.plugin_utils import judge
from ansible_collections.a.b.plugins.plugin_utils.judge import Has as H, words
def f(a: H, b: words.Want, c: judge.Many, d: Many, e: dict[str, Any]): ...
""",
    )
    # What has the same name elsewhere is another thing.
    counted = written("plugins/filter/a.py", "def f(a: Has): ...\n")
    assert counted.aliases == [
        "plugins/plugin_utils/judge/words.py:2 Has",
        "plugins/plugin_utils/judge/words.py:3 Want",
        "plugins/plugin_utils/judge/words.py:4 Many",
    ]
    assert counted.alias_uses == [
        "plugins/action/ask.py:4 Has",
        "plugins/action/ask.py:4 Want",
        "plugins/action/ask.py:4 Many",
        "plugins/plugin_utils/judge/words.py:7 Has",
        "plugins/plugin_utils/judge/words.py:7 Want",
    ]
    assert len(counted.open_mappings) == 1


def test_lines_are_counted_and_the_longest_file_and_function_named(written: Written) -> None:
    written("tests/unit/test_a.py", "1\n2\n")
    written("tests/browser/test_b.py", "1\n")
    written("plugins/modules/short.py", "class A:\n    def long(self):\n        1\n        2\n")
    # What cannot be parsed is nobody's Python.
    written("plugins/modules/old.py", "print 'no'\n" * 100)
    counted = written("plugins/modules/long.py", "def f(): ...\n" * 5)
    assert counted.unit_test_lines == 2
    assert counted.plugin_lines == 9
    assert counted.longest_file == Length(5, "plugins/modules/long.py")
    assert counted.longest_function == Length(3, "plugins/modules/short.py:2 long")


def test_docstrings_with_give_tell_or_say_are_counted_everywhere(written: Written) -> None:
    written("app/a.py", '"""Tells a thing."""\nclass A:\n    """Say it."""\n')
    written("molecule/x/a.py", 'def f():\n    """Give it."""\ndef g():\n    """Given."""\n')
    counted = written("docs/a.py", '"""Give it."""\n')
    assert counted.docstrings == ["app/a.py:1 module", "app/a.py:2 A", "molecule/x/a.py:1 f"]


def test_bindings_of_vague_names_are_counted_by_their_kind(written: Written) -> None:
    counted = written(
        "plugins/filter/a.py",
        """
one = 1
a, (told, *said) = b
known: int = 1
more += 1
x[of] = (had := made)
self.one = 1
for one, b in one: ...
[told for told in told]
with a as said: ...
def f(one, *, of=1): ...
try: ...
except E as known: ...
match a:
    case [made, *more]: ...
    case {**had}: ...
""",
    )
    kinds = (counted.assignments, counted.targets, counted.parameters)
    assert [len(places) for places in kinds] == [6, 13, 2]
    assert counted.parameters == ["plugins/filter/a.py:11 one", "plugins/filter/a.py:11 of"]


def test_what_the_architecture_leaves_out_is_counted(written: Written) -> None:
    for name in (
        *("plugins/modules/ask.py", "plugins/action/ask.py", "plugins/modules/load.py"),
        *("plugins/action/load.py", "plugins/plugin_utils/words.py", "plugins/lookup/words_of.py"),
        *("plugins/module_utils/facts/disk.py", "plugins/module_utils/engine/__init__.py"),
        *("roles/seat/tasks/main.yml", "roles/page/tasks/main.yml", "roles/room/tasks/main.yml"),
    ):
        written(name, "")
    page = """
The module `plugins/modules/ask.py`; `load`, of both kinds; words, and `words_of()` by
`labo.words_of`; `facts/disk.py`, engine, and `roles/page/tasks`.

```mermaid
room --> seats
```
"""
    counted = written("docs/architecture.md", page)
    # The action ask is found with its module.
    assert counted.unnamed == [
        "plugins/module_utils/engine",
        "plugins/plugin_utils/words.py",
        "roles/seat",
    ]


def test_facts_of_the_projects_own_are_told_from_those_of_ansible(written: Written) -> None:
    written(
        "roles/a/tasks/main.yml", "- when: ansible_facts['verdict'].a or ansible_facts.os_family\n"
    )
    written("roles/a/templates/a.j2", "{{ ansible_facts.get('twins') }}{{ ansible_facts[x] }}\n")
    written("roles/a/README.md", "ansible_facts['seat']\n")
    counted = written(
        "playbooks/a.yml",
        "# no facts\na: hostvars[b]['ansible_facts']['seat']\nb: ansible_facts.getent_passwd\n",
    )
    assert counted.own_facts == [
        "roles/a/tasks/main.yml:1 verdict",
        "roles/a/templates/a.j2:1 twins",
        "roles/a/templates/a.j2:1 an expression",
        "playbooks/a.yml:2 seat",
    ]
    assert counted.ansible_facts == [
        "roles/a/tasks/main.yml:1 os_family",
        "playbooks/a.yml:3 getent_passwd",
    ]


def test_the_places_are_listed_where_they_are_asked_for(written: Written) -> None:
    counted = written("plugins/filter/a.py", "def f(one: dict[str, Any]):\n    told = 1\n")
    short, long = (list(report(counted, verbose)) for verbose in (False, True))
    assert [line for line in long if line in short] == short
    assert [line.strip() for line in long if line not in short] == [
        "plugins/filter/a.py:1 dict[str, Any]",
        "plugins/filter/a.py:2 told",
        "plugins/filter/a.py:1 one",
        "plugins/filter/a.py",
    ]
    assert "     1 plain assignments in plugins to one, told, said" in "\n".join(short)


def test_the_command_prints_both_parts(tree: Path) -> None:
    printed = subprocess.run(
        [sys.executable, PROJECT / "bench/shape.py", tree, "-v"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tree,
    ).stdout
    assert printed.startswith("\n".join(PASSED))
    assert f"{len(PASSED):6} files that a run passes" in printed
    assert "lines of Python in plugins" in printed


def test_the_project_itself_is_counted_the_same_twice() -> None:
    counted = shape(PROJECT)
    assert counted == shape(PROJECT)
    assert any(name.startswith("plugins/modules/seat") for name in counted.files)
    assert counted.chain[0] == "site.yml"
