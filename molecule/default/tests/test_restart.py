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


def test_a_directorys_group_is_let_in_by_a_new_socket_too(host: Host) -> None:
    # Which ends the engine, and may leave it so; the starts so far do not count.
    host.run("systemctl restart docker.socket")
    host.check_output("systemctl reset-failed docker.service; systemctl start docker.service")
    assert host.run("su - member -c 'docker ps'").rc == 0
    assert "permission denied" in host.run("su - other -c 'docker ps'").stderr
