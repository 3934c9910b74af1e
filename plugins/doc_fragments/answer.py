# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What the modules take that answer with the facts of the machine."""


class ModuleDocFragment:
    """The fragment, as Ansible looks for it."""

    DOCUMENTATION = r"""
options:
  control_time:
    description:
      - The control machine's time when it asks, in seconds since 1970. The seat's clock is compared
        with it.
    type: float
  registries:
    description:
      - Registries, host:port, that the seat tries to reach. All together take at most two seconds.
    type: list
    elements: str
    default: []
  page_url:
    description:
      - The address, with C(http://), at which the page of a container answers. The page of health
        below it is asked for, where O(page_container) runs. It takes at most twenty seconds.
    type: str
    default: ""
  page_container:
    description: Name of the container whose page that is.
    type: str
    default: ""
  own_registries:
    description:
      - Registries, host:port, that this machine is to run. Each is asked over TLS, as seats ask it,
        by the CA that is made here. All together take at most twenty seconds.
    type: list
    elements: str
    default: []
  students_group:
    description: A group, local or of a directory, whose members may use the engine.
    type: str
    default: ""
notes:
  - RV(seat) is what the machine has at the end. The action of the same name sets the options that
    concern it, and judges it, so that no further question is needed.
"""
