"""The engine after a restart. It comes after the container's tests: an ephemeral container goes."""

import json

from testinfra.host import Host


def test_the_engine_comes_back_as_it_was(host: Host) -> None:
    host.check_output("systemctl restart docker")
    assert host.service("docker").is_running
    assert host.service("docker").is_enabled
    assert (
        json.loads(host.check_output("docker info --format '{{json .LoggingDriver}}'")) == "local"
    )
    assert host.run("docker image inspect labocloud20202021:python").rc == 0


def test_services_can_be_taught(host: Host) -> None:
    """The course's fourth manager needs swarm mode, which live-restore would forbid."""
    host.check_output("docker swarm init --advertise-addr 127.0.0.1")
    assert host.run("docker service ls").rc == 0
    host.check_output("docker swarm leave --force")
