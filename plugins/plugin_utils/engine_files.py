# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Generate the files that configure Docker Engine, path to text, from the settings and the facts.

A text may hold a proxy's password, so the texts are not facts: a verdict names the files by their
paths, and the tasks get the texts from the lookup service_files, which calls these functions.
"""

import json
import shlex
from collections.abc import Set
from datetime import date, time

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import ACCOUNT, SOCKET
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.passwords import without_passwords
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Settings
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import (
    environment_file,
    proxy_environment,
    shipped,
)

DAEMON_JSON = "/etc/docker/daemon.json"
PROXY_FILE = "/etc/docker/labocloud-proxy.env"
PROXY_UNIT = "/etc/systemd/system/docker.service.d/labocloud-proxy.conf"
_CONTAINERD_TOML = "/etc/containerd/labocloud.toml"
_CONTAINERD_UNIT = "/etc/systemd/system/containerd.service.d/labocloud.conf"
GROUP_UNIT = "/etc/systemd/system/docker.service.d/labocloud-group.conf"
# The directory of the socket of an engine without root; nothing else is in it.
RUNTIME = f"/run/{ACCOUNT}"
_SETFACL = "/usr/bin/setfacl"
# Login shells read this file, as the user who logs in.
LOGIN = "/etc/profile.d/labocloud.sh"
# The unit of an engine without root, which overrides the package's; the drop-in that lets it
# publish low ports; and empty files that mask units.
UNIT = "/etc/systemd/system/docker.service"
PORTS_UNIT = "/etc/systemd/system/docker.service.d/labocloud-ports.conf"
SOCKET_MASK = "/etc/systemd/system/docker.socket"
CONTAINERD_MASK = "/etc/systemd/system/containerd.service"
_MASKED = ""
LOWEST_PORT = 1024
# The files that containerd reads when it starts.
CONTAINERDS = (_CONTAINERD_TOML, _CONTAINERD_UNIT)


def config(settings: Settings) -> dict[str, object]:
    """Return the content of daemon.json."""
    mirror = settings["room"]["registry"]["mirror"]
    others = [text for url in settings["docker_engine_registry_mirrors"] if (text := url.strip())]
    mirrors = ([f"https://{mirror}"] if mirror else []) + others
    return {
        **settings["docker_engine_daemon_defaults"],
        **settings["docker_engine_daemon_options"],
        **({"registry-mirrors": mirrors} if mirrors else {}),
    }


def json_text(value: object) -> str:
    """Return a value as the text of a JSON file, the same for the same settings.

    Dates, times and sets, which YAML has and JSON lacks, are written as Ansible's own filters
    write them. Raises TypeError for any other type that JSON lacks.
    """

    def as_json(other: object) -> object:
        if isinstance(other, date | time):
            return other.isoformat()
        if isinstance(other, Set):
            return list(other)
        raise TypeError(f"{type(other).__name__} is no type of JSON")

    # Keys of any type become texts in JSON, and are sorted as texts.
    plain = json.loads(json.dumps(value, default=as_json))
    return f"{json.dumps(plain, indent=2, sort_keys=True)}\n"


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables of the engine: its proxy, and the hosts without it."""
    registry = settings["room"]["registry"]
    addresses = filter(None, (registry["at"], registry["mirror"]))
    # NO_PROXY takes an IPv6 address without brackets.
    inside = [address.rpartition(":")[0].strip("[]") for address in addresses]
    return proxy_environment(settings["docker_engine_proxy"], dict.fromkeys(inside))


def is_containerd_ours(has: SeatFacts, settings: Settings) -> bool:
    """Return whether the toolkit configures containerd too.

    Docker's own package of containerd listens on no port; the distribution's does, for Kubernetes.
    A containerd that was there before the toolkit may serve something else, and is left alone.
    """
    before = has["before"] or has
    return settings["docker_engine_source"] == "distro" and "containerd" not in before["packages"]


def is_rootless(settings: Settings) -> bool:
    """Return whether the engine is to run without root."""
    return settings["docker_engine_students"] == "rootless"


def is_group_unknown(has: SeatFacts, settings: Settings) -> bool:
    """Return whether docker_engine_group is set and the seat does not know it, or not just now."""
    return bool(settings["docker_engine_group"].strip()) and has["students"]["group"] is None


def known_group(has: SeatFacts, settings: Settings) -> int | None:
    """Return the ID of the group whose members may use the engine; None where none is known."""
    group = has["students"]["group"] if settings["docker_engine_group"].strip() else None
    return group["gid"] if group else None


def access_commands(has: SeatFacts, settings: Settings) -> list[list[str]]:
    """Return the commands that let the members of docker_engine_group use the engine, nobody else.

    They name the group by its ID, since a directory service may not answer yet when the engine
    starts. For an engine without root its account has to run them, not root: whoever has that
    account can put a link in the place of the socket.
    """
    gid = known_group(has, settings)
    group = "" if gid is None else f",group:{gid}:rw"
    socket = f"{RUNTIME}/docker.sock" if is_rootless(settings) else SOCKET
    commands = [[_SETFACL, f"--set=user::rw,group::rw,other::-{group}", socket]]
    if is_rootless(settings):
        entry = "" if gid is None else f",group:{gid}:x"
        commands.append([_SETFACL, f"--set=user::rwx,group::rx,other::-{entry}", RUNTIME])
    return commands


def _group_unit(has: SeatFacts, settings: Settings) -> str:
    """Return the drop-in by which docker.service opens its socket each time that it has started."""
    lines = [f"ExecStartPost={' '.join(command)}" for command in access_commands(has, settings)]
    return "\n".join(["# Written by labocloud (docker_engine_group).", "[Service]", *lines, ""])


def login(settings: Settings) -> dict[str, str]:
    """Return the login script, path to text; nothing where there is to be none.

    The engine does not read it, so a change is no reason to restart the engine.
    """
    folder = settings["docker_engine_folder"].strip()
    values = {"folder": shlex.quote(folder), "engine": ACCOUNT if is_rootless(settings) else ""}
    text = shipped("docker_engine", "profile.sh")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return {LOGIN: text} if folder else {}


def files(has: SeatFacts, settings: Settings) -> dict[str, str]:
    """Return the files that have to be there: path to text. Others of the toolkit's are stale."""
    is_systemd = has["service_manager"] == "systemd"
    texts = {DAEMON_JSON: json_text(config(settings))}
    if variables := environment(settings):
        texts[PROXY_FILE] = environment_file(variables)
        if is_systemd:
            texts[PROXY_UNIT] = shipped("docker_engine", "proxy.conf")
    if is_systemd and known_group(has, settings) is not None:
        texts[GROUP_UNIT] = _group_unit(has, settings)
    if is_rootless(settings):
        return texts | _rootless_files(has, settings)
    if is_systemd and is_containerd_ours(has, settings):
        texts[_CONTAINERD_UNIT] = shipped("docker_engine", "containerd.conf")
        texts[_CONTAINERD_TOML] = shipped("docker_engine", "containerd.toml")
    return texts


def _rootless_files(has: SeatFacts, settings: Settings) -> dict[str, str]:
    """Return the files by which systemd runs an engine without root, and none of root's."""
    texts = {UNIT: shipped("docker_engine", "rootless.service"), SOCKET_MASK: _MASKED}
    if is_containerd_ours(has, settings):
        texts[CONTAINERD_MASK] = _MASKED
    if (port := settings["docker_engine_lowest_port"]) < LOWEST_PORT:
        texts[PORTS_UNIT] = shipped("docker_engine", "ports.conf").replace("PORT", str(port))
    return texts


def fallback(has: SeatFacts, settings: Settings) -> dict[str, str]:
    """Return daemon.json, path to text, for an engine that refuses the one that is wanted.

    It is what the engine runs with, if that is known to work, or else the defaults. A seat reports
    addresses without their passwords; the passwords are taken from the settings if those have the
    same addresses.
    """
    docker, present = has["docker"], has["daemon_config"]
    if not (docker["running"] and not docker["outdated"] and present):
        return {DAEMON_JSON: json_text(settings["docker_engine_daemon_defaults"])}
    proxies = settings["docker_engine_daemon_options"].get("proxies")
    is_same = proxies and without_passwords(proxies) == present.get("proxies")
    return {DAEMON_JSON: json_text({**present, "proxies": proxies} if is_same else present)}
