"""The modules' shared code, under the name that Ansible gives it on a seat."""

from pathlib import Path

import ansible.module_utils

PROJECT = Path(__file__).parents[2]
ansible.module_utils.__path__.append(str(PROJECT / "plugins/module_utils"))
