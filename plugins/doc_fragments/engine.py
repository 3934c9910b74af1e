# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What the modules have in common that speak with a Docker Engine."""


class ModuleDocFragment:
    """The fragment, as Ansible looks for it."""

    DOCUMENTATION = r"""
options:
  docker_socket:
    description: Path of the Docker Engine's socket.
    type: path
    default: /var/run/docker.sock
"""
