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
