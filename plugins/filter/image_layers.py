# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Tell which layers of an image a seat has already."""

DOCUMENTATION = r"""
name: image_layers_present
short_description: How many of an image's lowest layers another machine has
description:
  - A layer stands on those under it, so only an unbroken row from the lowest one counts.
positional: layers
options:
  _input:
    description: The images of the machine, as C(seat_facts) tells them.
    type: dict
    required: true
  layers:
    description: The layers of the image, the lowest first.
    type: list
    elements: str
    required: true
author:
  - labocloud contributors
"""

EXAMPLES = r"""
- name: Show what a seat need not be sent
  ansible.builtin.debug:
    msg: "{{ ansible_facts['seat']['images'] | labocloud.room.image_layers_present(layers) }}"
"""

RETURN = r"""
_value:
  description: The number of layers.
  type: int
"""

from collections.abc import Callable
from itertools import takewhile
from typing import Any


def image_layers_present(images: dict[str, Any], layers: list[str]) -> int:
    """Give how many of layers, counted from the lowest, some image of images stands on."""

    def same(image: dict[str, Any]) -> int:
        pairs = zip(image["layers"], layers, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    return max(map(same, images.values()), default=0)


class FilterModule:
    """Tell Ansible of the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Give the filters of this file by name."""
        return {"image_layers_present": image_layers_present}
