"""Test that a module takes the options that its documentation has, and no others."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule

PLUGINS = "ansible_collections.labocloud.room.plugins"
MODULES = sorted(
    path.stem
    for path in Path(__file__).parents[2].glob("plugins/modules/*.py")
    # The others document an action that has no module.
    if "def main" in path.read_text()
)
FIELDS = ("type", "elements", "required", "default", "choices")


class Taken(Exception):  # noqa: N818  # no error
    """The arguments of a module's AnsibleModule: its options, and the others."""


def taken(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options that a module takes, and its other arguments to AnsibleModule."""

    def take(_module: AnsibleModule, argument_spec: dict[str, Any], **other: object) -> None:
        raise Taken(argument_spec, other)

    monkeypatch.setattr(AnsibleModule, "__init__", take)
    with pytest.raises(Taken) as end:
        importlib.import_module(f"{PLUGINS}.modules.{name}").main()
    return end.value.args


def options(specification: dict[str, Any]) -> dict[str, Any]:
    """Return each option's specification without what equals Ansible's defaults."""
    return {
        name: {
            key: option[key]
            for key in FIELDS
            if key in option and not (key == "required" and option[key] is False)
        }
        for name, option in specification.items()
    }


def documented(name: str) -> dict[str, Any]:
    """Return a module's documentation, merged with its documentation fragments."""
    documentation = yaml.safe_load(
        importlib.import_module(f"{PLUGINS}.modules.{name}").DOCUMENTATION
    )
    for fragment in documentation["extends_documentation_fragment"]:
        place = fragment.removeprefix("labocloud.room.")
        shared = importlib.import_module(f"{PLUGINS}.doc_fragments.{place}").ModuleDocFragment
        content = yaml.safe_load(shared.DOCUMENTATION)
        documentation["options"] = content["options"] | documentation.get("options", {})
        attributes = documentation["attributes"]
        for attribute, default in content.get("attributes", {}).items():
            attributes[attribute] = default | attributes.get(attribute, {})
    return documentation


@pytest.mark.parametrize("name", MODULES)
def test_a_module_takes_its_documented_options(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documentation = documented(name)
    spec, other = taken(name, monkeypatch)
    assert options(spec) == options(documentation.get("options") or {})
    support = documentation["attributes"]["check_mode"]["support"]
    assert other.get("supports_check_mode", False) is (support == "full")
