"""Show that the facts of machines are kept where no module's answer can write."""

import configparser
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.action import VariableLayer
from ansible_collections.labocloud.room.plugins.action import room_groups
from ansible_collections.labocloud.room.plugins.plugin_utils import published
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import settings_of
from sample_seat import NAME, Known, variables

PROJECT = Path(__file__).parents[2]


def test_what_is_published_is_in_the_layer_of_actions_and_no_facts_are_kept_beside_it() -> None:
    action = room_groups.ActionModule.__new__(room_groups.ActionModule)
    published.publish(action, {"verdict": {"engine": 1}, "lacks": []})
    assert action.registered == {
        VariableLayer.CACHEABLE_FACT: {},
        VariableLayer.EPHEMERAL_FACT: {"docker_engine_verdict": 1, "labocloud_lacks": []},
    }


def test_it_is_read_back_of_each_machine_and_facts_are_not() -> None:
    facts = {"seat": "forged", "verdict": "forged", "course": "forged"}
    hostvars = Known(
        {
            "pc01": {**variables({"seat": 1, "course": 2}), "ansible_facts": facts},
            # An inventory may have any variable.
            "pc03": {"ansible_facts": facts, **facts, "exercises_verdict": {"settled": True}},
        }
    )
    verdict = dict.fromkeys(published.VERDICTS, 3)
    mine = {**variables({"verdict": verdict}), "ansible_facts": facts, "seat": "forged"}
    machine_variables = {"inventory_hostname": NAME, "hostvars": hostvars, **mine}
    assert published.published(NAME, machine_variables) == {"verdict": verdict}
    assert published.published("pc01", machine_variables) == {"seat": 1, "course": 2}
    assert published.published("pc03", machine_variables) == {}
    assert published.published("nobody", machine_variables) == {}


def test_nothing_is_read_where_facts_replace_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants.config, "get_config_value", lambda _: True)
    with pytest.raises(AnsibleError, match="inject_facts_as_vars = False under \\[defaults\\]"):
        settings_of(NAME, {}, None, None)


FORGED = {
    "seat": "forged",
    "verdict": {"machine": 7},
    "docker_engine_verdict": "forged",
    "labocloud_seat": "forged",
    "course_image_cache": "/forged",
}
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - labocloud.room.seat:
    - ansible.builtin.command: "true"
      changed_when: false
    - ansible.builtin.command: "true"
      delegate_to: other
      delegate_facts: true
      changed_when: false
- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - ansible.builtin.copy:
        content: "{{ {'mine': docker_engine_verdict,
                      'others': hostvars['other'].docker_engine_verdict,
                      'cache': course_image_cache | default('')} | to_json }}"
        dest: "{{ dest }}/{{ inventory_hostname }}"
        mode: "0600"
      delegate_to: localhost
      vars:
        ansible_connection: local
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""
WRAPPER = """#!{python}
import json, subprocess, sys
done = subprocess.run([{python!r}, *sys.argv[1:]], stdin=sys.stdin, capture_output=True, text=True)
try:
    answer = json.loads(done.stdout)
    answer.setdefault("ansible_facts", {{}}).update({forged!r})
    answer |= {{key: answer.get(key, value) for key, value in {forged!r}.items()}}
    answer["ansible_stats"] = {{"data": {{"x": None}}, "aggregate": True}}
    print(json.dumps(answer))
except ValueError:
    sys.stdout.write(done.stdout)
sys.stderr.write(done.stderr)
sys.exit(done.returncode)
"""


def test_no_seat_holds_up_a_run_without_an_end() -> None:
    """Both as a checkout and as a collection, whose ansible.cfg is the documented one."""
    [documented] = re.findall(
        r"```ini\n(.*?)```", (PROJECT / "docs/rooms.md").read_text(), re.DOTALL
    )
    for text in ((PROJECT / "ansible.cfg").read_text(), documented):
        settings_ = configparser.ConfigParser()
        settings_.read_string(text)
        assert settings_.getint("defaults", "task_timeout") > 0


def test_a_machine_that_adds_to_the_answers_of_its_modules_changes_nothing(tmp_path: Path) -> None:
    """Ansible itself runs here, with plain modules, delegated ones, and another play."""
    python = "/usr/bin/python3"
    liar = tmp_path / "liar"
    liar.write_text(WRAPPER.format(python=python, forged=FORGED))
    liar.chmod(0o700)
    lies = {"ansible_connection": "local", "ansible_python_interpreter": str(liar)}
    inventory = {"lab": {"hosts": {"this": lies, "other": lies}}}
    (tmp_path / "room.json").write_text(json.dumps(inventory))
    (tmp_path / "play.yml").write_text(PLAY)
    done = subprocess.run(
        ["ansible-playbook", "-i", "room.json", "-e", f"dest={tmp_path}", "play.yml"],
        cwd=tmp_path,
        env=os.environ | {"ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("this", "other"):
        facts = json.loads((tmp_path / name).read_text())
        assert facts["mine"]["settled"] in (True, False)
        assert facts["others"]["settled"] in (True, False)
        assert facts["cache"] == ""
