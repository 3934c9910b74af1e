"""Docker Engine: what is installed, how it is configured, what it listens on."""

import json
from collections.abc import Callable
from typing import Any

from ansible_collections.labocloud.room.plugins.plugin_utils.judge import engine
from testinfra.host import Host


def release(host: Host) -> str:
    return f"{host.system_info.distribution}-{host.system_info.release.split('.')[0]}"


def test_the_releases_packages_are_installed(host: Host) -> None:
    names = engine.PACKAGES[release(host)]
    assert names
    for name in names + engine.HELPERS:
        assert host.package(name).is_installed, name


def test_the_engine_runs_and_starts_with_the_machine(host: Host) -> None:
    assert host.service("docker").is_running
    assert host.service("docker").is_enabled


def test_daemon_json_holds_what_was_asked_for_and_nothing_else(
    host: Host, settings: dict[str, Any]
) -> None:
    file = host.file("/etc/docker/daemon.json")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    wanted = settings["docker_engine_daemon_defaults"] | settings["docker_engine_daemon_options"]
    if settings["docker_engine_registry_mirrors"]:
        wanted |= {"registry-mirrors": settings["docker_engine_registry_mirrors"]}
    assert json.loads(file.content_string) == wanted


def test_a_pinned_version_is_held_and_another_is_not(host: Host, settings: dict[str, Any]) -> None:
    held = set(host.check_output("apt-mark showhold").split())
    if settings["docker_engine_version"]:
        assert held == {"docker.io", "docker-cli"}
        assert host.package("docker.io").version.startswith("26.1.")
    else:
        assert held == set()


def test_container_logs_rotate(docker: Callable[..., Any]) -> None:
    [container] = docker("inspect", "flask")
    assert container["HostConfig"]["LogConfig"] == {
        "Type": "local",
        "Config": {"max-size": "10m", "max-file": "3"},
    }


def test_networks_leave_the_campus_its_ranges(docker: Callable[..., Any]) -> None:
    [bridge] = docker("network", "inspect", "bridge")
    assert bridge["IPAM"]["Config"][0]["Subnet"].startswith("198.18.")


def test_buildx_and_compose_answer_where_the_release_has_them(host: Host) -> None:
    packages = engine.PACKAGES[release(host)]
    for command in ("buildx", "compose"):
        has_it = any(command in name for name in packages)
        assert (host.run(f"docker {command} version").rc == 0) == has_it


def test_a_student_uses_docker_without_sudo_and_another_account_does_not(host: Host) -> None:
    assert host.group("docker").members == ["student"]
    assert host.run("su student -c 'docker ps'").rc == 0
    assert "permission denied" in host.run("su -s /bin/sh nobody -c 'docker ps'").stderr


def test_nothing_listens_that_was_not_asked_for(host: Host, settings: dict[str, Any]) -> None:
    page = (settings["flask_container_bind_address"], settings["flask_container_host_port"])
    instance = {("0.0.0.0", 22), ("[::]", 22)}  # the instance's own SSH server
    listening = set()
    for line in host.check_output("ss --listening --tcp --numeric --no-header").splitlines():
        address, _, port = line.split()[3].rpartition(":")
        listening.add((address, int(port)))
    assert listening - instance == {page}


def test_the_engines_socket_is_for_root_and_its_group_alone(host: Host) -> None:
    socket = host.file("/run/docker.sock")
    assert (socket.user, socket.group, socket.mode) == ("root", "docker", 0o660)
