"""What is counted of a checkout, on a small one."""

import subprocess
import sys
from pathlib import Path

import pytest
from shape import jinja, shape

PROJECT = Path(__file__).parents[2]

# The comment of each file says why it counts, or why it does not.
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
    """The module is one more; what it imports, and what that imports, is not."""
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
    left = [name for name in PASSED if "page" not in name and "oddity" not in name]
    assert shape(tree, without=["page"]).files == left


def test_a_role_can_be_counted_by_itself(tree: Path) -> None:
    counted = shape(tree, "roles/engine")
    others = ("site", "playbooks", "roles/page", "plugins/test")
    assert counted.files == [name for name in PASSED if not name.startswith(others)]
    assert counted.chain[:2] == ["(a playbook)", "roles/engine/tasks/main.yml"]


def test_what_stands_in_the_yaml(tree: Path) -> None:
    counted = shape(tree)
    assert counted.names == len(
        {
            "__engine_drop_in",
            "__engine_files",
            "__engine_ca",
            "__engine_at",
            "__page_a",
            "__page_b",
        }
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
    asked = subprocess.run(
        [sys.executable, PROJECT / "bench/shape.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 2
    assert f"{tmp_path} has no site.yml and no playbooks/site.yml" in asked.stderr


def test_the_project_itself_is_counted_the_same_twice() -> None:
    counted = shape(PROJECT)
    assert counted == shape(PROJECT)
    assert any(name.startswith("plugins/modules/seat") for name in counted.files)
    assert counted.chain[0] == "site.yml"
