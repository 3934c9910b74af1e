# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What the modules take that change a machine and answer what it has then."""


class ModuleDocFragment:
    """The fragment, as Ansible looks for it."""

    DOCUMENTATION = r"""
options:
  control_time:
    description: As of M(labocloud.room.seat); the action gives it.
    type: float
  registries:
    description: As of M(labocloud.room.seat); the action gives it.
    type: list
    elements: str
    default: []
  own_registries:
    description: As of M(labocloud.room.seat); the action gives it.
    type: list
    elements: str
    default: []
  page_url:
    description: As of M(labocloud.room.seat); the action gives it.
    type: str
    default: ""
  students_group:
    description: As of M(labocloud.room.seat); the action gives it.
    type: str
    default: ""
  page_container:
    description: As of M(labocloud.room.seat); the action gives it.
    type: str
    default: ""
"""
