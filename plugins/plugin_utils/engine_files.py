# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Make the files that configure Docker Engine: path to text, as the settings and the seat ask.

Their texts may hold a proxy's password, and are no facts: the rule tells of them by their paths,
and the tasks get them by the lookup service_files, which calls what is here.
"""

import json
import shlex
from collections.abc import Set
from datetime import date, time

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import ACCOUNT, SOCKET
from ansible_collections.labocloud.room.plugins.module_utils.passwords import without_passwords
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import JsonObject, Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Want
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import (
    environment_file,
    proxy_environment,
    shipped,
)

DAEMON_JSON = "/etc/docker/daemon.json"
PROXY_FILE = "/etc/docker/labocloud-proxy.env"
PROXY_UNIT = "/etc/systemd/system/docker.service.d/labocloud-proxy.conf"
CONTAINERD_TOML = "/etc/containerd/labocloud.toml"
CONTAINERD_UNIT = "/etc/systemd/system/containerd.service.d/labocloud.conf"
GROUP_UNIT = "/etc/systemd/system/docker.service.d/labocloud-group.conf"
# Where an engine without root has its socket, and nothing else.
RUNTIME = f"/run/{ACCOUNT}"
SETFACL = "/usr/bin/setfacl"
# What a login shell reads, as whoever logs in.
LOGIN = "/etc/profile.d/labocloud.sh"
# The unit of an engine without root, in the place of the package's; the setting of one that may
# publish low ports; and units that are kept from starting by a file in their place that is empty.
UNIT = "/etc/systemd/system/docker.service"
PORTS_UNIT = "/etc/systemd/system/docker.service.d/labocloud-ports.conf"
SOCKET_MASK = "/etc/systemd/system/docker.socket"
CONTAINERD_MASK = "/etc/systemd/system/containerd.service"
MASKED = ""
LOWEST_PORT = 1024
# Those that containerd reads when it starts.
CONTAINERDS = (CONTAINERD_TOML, CONTAINERD_UNIT)


def config(want: Want) -> JsonObject:
    """Give what daemon.json has to hold."""
    mirror = want["room"]["registry"]["mirror"]
    others = [text for one in want["docker_engine_registry_mirrors"] if (text := one.strip())]
    mirrors = ([f"https://{mirror}"] if mirror else []) + others
    return {
        **want["docker_engine_daemon_defaults"],
        **want["docker_engine_daemon_options"],
        **({"registry-mirrors": mirrors} if mirrors else {}),
    }


def json_text(value: object) -> str:
    """Return a value as the text of a file in JSON, the same for the same settings.

    What YAML has and JSON has not, a date, a time or a set, is written as Ansible's own filters do.
    Raises TypeError for anything else.
    """

    def as_json(other: object) -> object:
        if isinstance(other, date | time):
            return other.isoformat()
        if isinstance(other, Set):
            return list(other)
        raise TypeError(f"{type(other).__name__} is nothing that JSON has")

    # Keys are sorted as the texts that JSON makes of them.
    plain = json.loads(json.dumps(value, default=as_json))
    return f"{json.dumps(plain, indent=2, sort_keys=True)}\n"


def host_of(registry: str) -> str:
    """Give the host of host:port, as NO_PROXY wants it: an address of IPv6 without brackets."""
    return registry.rpartition(":")[0].strip("[]")


def environment(want: Want) -> dict[str, str]:
    """Give the variables that the engine is started with: its proxy, and what it does without."""
    registry = want["room"]["registry"]
    inside = [host_of(address) for address in (registry["at"], registry["mirror"]) if address]
    return proxy_environment(want["docker_engine_proxy"], dict.fromkeys(inside))


def containerd_is_ours(has: Seat, want: Want) -> bool:
    """Tell whether containerd is configured too.

    Docker's own package of it listens on no port; the distribution's does, for Kubernetes. One
    that was there before the toolkit may serve something else, and is left alone.
    """
    before = has["before"] or has
    return want["docker_engine_source"] == "distro" and "containerd" not in before["packages"]


def rootless(want: Want) -> bool:
    """Tell whether the engine is to run without root."""
    return want["docker_engine_students"] == "rootless"


def group_unknown(has: Seat, want: Want) -> bool:
    """Tell whether a group is named that the seat does not know, or not at this moment."""
    return bool(want["docker_engine_group"].strip()) and has["students"]["group"] is None


def known_group(has: Seat, want: Want) -> int | None:
    """Give the number of the group whose members may use the engine; None where none is known."""
    group = has["students"]["group"] if want["docker_engine_group"].strip() else None
    return group["gid"] if group else None


def letting_in(has: Seat, want: Want) -> list[list[str]]:
    """Give the commands that let the members of docker_engine_group use the engine, and no others.

    By its number: what a directory knows is not known as early as the engine starts. Of an engine
    without root they are the account's to give, not root's: whoever has that account can put a link
    in the place of the socket.
    """
    gid = known_group(has, want)
    group = "" if gid is None else f",group:{gid}:rw"
    socket = f"{RUNTIME}/docker.sock" if rootless(want) else SOCKET
    commands = [[SETFACL, f"--set=user::rw,group::rw,other::-{group}", socket]]
    if rootless(want):
        passing = "" if gid is None else f",group:{gid}:x"
        commands.append([SETFACL, f"--set=user::rwx,group::rx,other::-{passing}", RUNTIME])
    return commands


def group_unit(has: Seat, want: Want) -> str:
    """Give what docker.service has to do besides, each time that it has started."""
    lines = [f"ExecStartPost={' '.join(command)}" for command in letting_in(has, want)]
    return "\n".join(["# Written by labocloud (docker_engine_group).", "[Service]", *lines, ""])


def login(want: Want) -> dict[str, str]:
    """Give the script of a login, path to text; nothing where there is to be none.

    The engine reads nothing of it, and is not started anew for it.
    """
    folder = want["docker_engine_folder"].strip()
    values = {"folder": shlex.quote(folder), "engine": ACCOUNT if rootless(want) else ""}
    text = shipped("docker_engine", "profile.sh")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return {LOGIN: text} if folder else {}


def files(has: Seat, want: Want) -> dict[str, str]:
    """Give the files that have to be there; of the toolkit's, no others."""
    systemd = has["service_manager"] == "systemd"
    made = {DAEMON_JSON: json_text(config(want))}
    if variables := environment(want):
        made[PROXY_FILE] = environment_file(variables)
        if systemd:
            made[PROXY_UNIT] = shipped("docker_engine", "proxy.conf")
    if systemd and known_group(has, want) is not None:
        made[GROUP_UNIT] = group_unit(has, want)
    if rootless(want):
        return made | without_root(has, want)
    if systemd and containerd_is_ours(has, want):
        made[CONTAINERD_UNIT] = shipped("docker_engine", "containerd.conf")
        made[CONTAINERD_TOML] = shipped("docker_engine", "containerd.toml")
    return made


def without_root(has: Seat, want: Want) -> dict[str, str]:
    """Give the files by which systemd runs the engine without root, and none of root's."""
    made = {UNIT: shipped("docker_engine", "rootless.service"), SOCKET_MASK: MASKED}
    if containerd_is_ours(has, want):
        made[CONTAINERD_MASK] = MASKED
    if (port := want["docker_engine_lowest_port"]) < LOWEST_PORT:
        made[PORTS_UNIT] = shipped("docker_engine", "ports.conf").replace("PORT", str(port))
    return made


def secret(path: str, text: str) -> bool:
    """Tell whether a file may hold a password: that of a proxy."""
    return path == PROXY_FILE or (path == DAEMON_JSON and "proxies" in json.loads(text))


def fallback(has: Seat, want: Want) -> dict[str, str]:
    """Give daemon.json for an engine that refuses the one that is wanted.

    What it runs with, where that is known to work, or else the defaults. A seat tells addresses
    without their passwords: they are those of the settings, where it has the same.
    """
    docker, there = has["docker"], has["daemon_config"]
    if not (docker["running"] and not docker["outdated"] and there):
        return {DAEMON_JSON: json_text(want["docker_engine_daemon_defaults"])}
    proxies = want["docker_engine_daemon_options"].get("proxies")
    same = proxies and without_passwords(proxies) == there.get("proxies")
    return {DAEMON_JSON: json_text({**there, "proxies": proxies} if same else there)}
