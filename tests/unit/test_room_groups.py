"""Each machine is in the groups of what it lacks."""

import pytest
from ansible.plugins.action import ActionBase, VariableLayer
from ansible_collections.labocloud.room.plugins.action import room_groups
from sample_seat import Known, variables


def test_a_machine_with_two_names_is_refused_and_one_that_lacks_nothing_is_in_no_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ActionBase, "run", lambda *_: {})
    runs = {"pc01": "a", "pc02": "b", "pc03": "c", "pc04": "b"}
    lacks = {"pc01": [], "pc02": ["lacks_images", "unproven"], "pc03": ["lacks_engine"], "pc04": []}
    hostvars = Known(
        {
            name: variables({"seat": {"machine": {"running": machine}}, "lacks": lacks[name]})
            for name, machine in runs.items()
        }
    )
    # One that is off has told nothing of itself; one whose task has failed was not judged.
    hostvars["pc05"] = variables({"seat": None, "lacks": ["refused", "unproven"]})
    hostvars["pc06"] = {}
    action = room_groups.ActionModule.__new__(room_groups.ActionModule)
    first = {"inventory_hostname": "pc01", "ansible_play_hosts_all": list(hostvars)}
    assert action.run(None, {**hostvars["pc01"], **first, "hostvars": hostvars}) == {
        "changed": False
    }
    assert action.registered[VariableLayer.EPHEMERAL_FACT] == {
        "labocloud_twins": {"pc02": ["pc04"], "pc04": ["pc02"]},
        "labocloud_groups": {
            "pc02": ["refused", "unproven"],
            "pc03": ["lacks_engine"],
            "pc04": ["refused", "unproven"],
            "pc05": ["refused", "unproven"],
        },
    }
