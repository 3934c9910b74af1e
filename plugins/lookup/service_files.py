# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Look up the files of a service's configuration, which are no facts: they may hold a password."""

DOCUMENTATION = r"""
name: service_files
short_description: What a service is configured with, as the verdict on it has judged
description:
  - Of a machine that C(labocloud.room.seat) has asked, by the settings that hold for it.
options:
  _terms:
    description:
      - V(files), the files that everybody may read, path to text.
      - V(secrets), those that hold a proxy's address, and so perhaps its password.
      - V(fallback_files) and V(fallback_secrets), the same of a configuration that works, for a
        Docker Engine that refuses this one.
      - V(environment), the variables that a Docker Engine is started with where nothing else tells
        it.
    type: list
    elements: str
    choices: [files, secrets, fallback_files, fallback_secrets, environment]
    required: true
  service:
    description: Which service, by the role that runs it.
    type: str
    choices: [docker_engine, room_registry]
    required: true
author:
  - labocloud contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Write the files that configure the engine
  labocloud.room.text_files:
    files: "{{ lookup('labocloud.room.service_files', 'files', service='docker_engine') }}"
    secrets: "{{ lookup('labocloud.room.service_files', 'secrets', service='docker_engine') }}"
"""

RETURN = r"""
_raw:
  description: For each term a dictionary.
  type: list
  elements: dict
"""

import json

from ansible.plugins.lookup import LookupBase
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files, registry_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Settings
from ansible_collections.labocloud.room.plugins.plugin_utils.published import Variables
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import settings_of


class SeatVariables(Variables):
    """The variables of a task on a machine that was asked."""

    labocloud_seat: SeatFacts


class LookupModule(LookupBase):
    """The lookup, by the name that Ansible looks for."""

    def run(
        self, terms: list[str], variables: SeatVariables, **kwargs: object
    ) -> list[dict[str, str]]:
        """Return a dictionary for each term."""
        self.set_options(var_options=variables, direct=kwargs)
        name, has = variables["inventory_hostname"], variables["labocloud_seat"]
        settings = settings_of(name, variables, self._loader, self._templar)
        service = self.get_option("service")
        return [files_of(service, term, has, settings) for term in terms]


def files_of(service: str, term: str, has: SeatFacts, settings: Settings) -> dict[str, str]:
    """Return the files, path to text, or the variables that a term names.

    has: the seat's facts. settings: the seat's.
    """
    if term == "environment":
        return engine_files.environment(settings)
    if service == "room_registry":
        files = registry_files.files(settings)
    else:
        generate = engine_files.fallback if term.startswith("fallback") else engine_files.files
        files = generate(has, settings)
    secrets = term.endswith("secrets")
    return {path: text for path, text in files.items() if is_secret(path, text) is secrets}


def is_secret(path: str, text: str) -> bool:
    """Return whether a file may hold the password of a proxy."""
    has_proxies = path == engine_files.DAEMON_JSON and "proxies" in json.loads(text)
    return has_proxies or path in (engine_files.PROXY_FILE, registry_files.PROXY_FILE)
