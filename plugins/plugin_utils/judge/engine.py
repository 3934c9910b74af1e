# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Docker Engine: installed, configured, running, trusting the room's registries."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.facts.machine import (
    UNITS_OF_THE_ENGINE,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.students import ROOT
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import build, registry, rootless
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import (
    Builder,
    Has,
    Verdict,
    Want,
    verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import differing

# What each release calls Docker. A release that is not here is refused. The engine comes first: it
# and the client, where that is a package of its own, are what a version is pinned for. Debian 12
# has no package of buildx or of compose v2; its docker.io carries the client.
PACKAGES = {
    "debian-12": ("docker.io",),
    "debian-13": ("docker.io", "docker-cli", "docker-buildx", "docker-compose"),
    "ubuntu-22.04": ("docker.io", "docker-buildx", "docker-compose-v2"),
    "ubuntu-24.04": ("docker.io", "docker-buildx", "docker-compose-v2"),
}
DOCKERS_OWN = (
    "docker-ce",
    "docker-ce-cli",
    "containerd.io",
    "docker-buildx-plugin",
    "docker-compose-plugin",
)
# What opens the engine to a group, and what an archive of images is unpacked with.
HELPERS = ("acl", "zstd")
LONGEST_NUMBER = 9
VERSIONED = ("docker.io", "docker-cli", "docker-ce", "docker-ce-cli")
# Packages that hold the same files as those of the other source.
CONFLICTS = {
    "distro": (*DOCKERS_OWN, "docker-ce-rootless-extras"),
    "upstream": (
        "rootlesskit",
        "docker.io",
        "docker-cli",
        "docker-doc",
        "docker-buildx",
        "docker-compose",
        "docker-compose-v2",
        "podman-docker",
        "containerd",
        "runc",
    ),
}
OTHER = {"distro": "upstream", "upstream": "distro"}
REPOSITORY = "/etc/apt/sources.list.d/docker.sources"
DOCKER_ROOT, CONTAINERD_ROOT = "/var/lib/docker", "/var/lib/containerd"
# Of all that configures Docker, what the toolkit writes. The CAs of the registries are apart.
OURS = re.compile(
    "/etc/(?:docker|containerd|systemd/system/(?:docker|containerd)[.]service[.]d)/"
    "(?:daemon[.]json|labocloud[^/]*)"
)
# And these, on a seat that has, or had, an engine without root.
UNITS = (engine_files.UNIT, engine_files.SOCKET_MASK, engine_files.CONTAINERD_MASK)
TRUST = "/etc/docker/certs.d"
IDENTITY = "/etc/docker/key.json"
# By this script Debian's docker.io empties Docker's directory when it is purged, whatever is there;
# it leaves a copy of it there.
NUKING = (
    "/usr/share/docker.io/contrib/nuke-graph-directory.sh",
    "/var/lib/docker/nuke-graph-directory.sh",
)


def version(text: str) -> tuple[int, ...]:
    """Give the numbers of a version, to compare it by."""
    # Python takes no number of thousands of digits.
    return tuple(int(number[:LONGEST_NUMBER]) for number in re.findall(r"\d+", text)[:3])


def without(names: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Give names in their order, each once, but for others."""
    taken = set(others)
    return [name for name in dict.fromkeys(names) if name not in taken]


def release(has: Has) -> str:
    """Give the system's name and version, as PACKAGES has them."""
    return f"{has['os']['id']}-{has['os']['version']}"


def installation(has: Has, want: Want, builder: Builder) -> dict[str, Any]:
    """Give what there is to install, as the verdict has it, and whether all of it is there.

    packages: as apt is asked for them, name or name=version, none where nothing is to come; those
    that the machine will build with are among them. conflicting: those of the other source. hold,
    release: names of those whose version is to be held, or let go.
    """
    there, pin = has["packages"], want["docker_engine_version"]
    source = want["docker_engine_source"]
    engine = DOCKERS_OWN if source == "upstream" else PACKAGES.get(release(has), ())
    more = rootless.PACKAGES[source] if rootless.wanted(want) and engine else ()
    names = [*engine, *HELPERS, *more]
    pinned = [name for name in names if name in VERSIONED] if pin else []
    # apt's * stands for anything.
    wanted = re.compile(re.escape(pin).replace(r"\*", ".*"))
    off = [name for name in pinned if name in there and not wanted.fullmatch(there[name])]
    # Only what the toolkit holds itself is let go.
    ours = without(has["held"], (has["before"] or has)["held"])
    told: dict[str, Any] = {
        "packages": [f"{name}={pin}" if name in pinned else name for name in names],
        "conflicting": [name for name in CONFLICTS[source] if name in there],
        "hold": without(pinned, has["held"]),
        "release": [] if pin else [name for name in VERSIONED if name in ours],
    }
    coming = [*without(names, there), *off, *told["conflicting"]]
    # One run of apt takes less time than two.
    told["packages"] = [*told["packages"], *build.foreseen(has, want, builder)] if coming else []
    right = not (coming or told["hold"] or told["release"])
    return told | {"installed": release(has) in PACKAGES and right}


def configuration(has: Has, want: Want) -> dict[str, Any]:
    """Give what there is to write, as the verdict has it, and whether all of it is there.

    files: paths of those that are wanted. stale: of those that no longer are. units: what reads
    anew what is written, when it starts; the engine starts a containerd that does not run yet.
    roots: the directories where the engine, with this configuration or with the fallback, and
    containerd keep their data.
    """
    files = engine_files.files(has, want)
    present = {path: told for path, told in has["files"].items() if ours(path, has)}
    # A directory that does not answer just now takes nobody's access away.
    unsure = [engine_files.GROUP_UNIT] if engine_files.group_unknown(has, want) else []
    stale = without(present, [*files, *unsure])
    changing = {*differing(files, present), *stale}
    own = engine_files.containerd_is_ours(has, want) and not rootless.wanted(want)
    anew = changing.intersection(engine_files.CONTAINERDS) or (own and has["docker"]["outdated"])
    # Whether it has started, or does when its package comes, before there is what it has to read.
    early = "containerd" in has["packages"] or has["apt"]["policy_rc_d"] == "other"
    usual = ROOT if rootless.wanted(want) else DOCKER_ROOT
    root = str(engine_files.config(want).get("data-root", usual))
    # What was kept from starting starts with what makes the socket.
    freed = bool(changing.intersection(UNITS)) and not rootless.wanted(want)
    units = {
        "containerd.service": bool(own and (freed or (anew and early))),
        "docker.socket": freed,
        "docker.service": True,
    }
    return {
        "files": sorted(files),
        "stale": stale,
        "units": [unit for unit, starts in units.items() if starts],
        # One that refuses its configuration starts without a directory of its own.
        "roots": without([root, usual, DOCKER_ROOT, CONTAINERD_ROOT]),
        "configured": not changing,
    }


def ours(path: str, has: Has) -> bool:
    """Tell whether a file that configures Docker is one that the toolkit writes."""
    return bool(OURS.fullmatch(path)) or (path in UNITS and rootless.was_here(has))


def ready(has: Has, want: Want) -> bool:
    """Tell whether the engine is installed and configured: nothing is refused any more then."""
    return bool(installation(has, want, {})["installed"] and configuration(has, want)["configured"])


def trust(has: Has, want: Want) -> dict[str, Any]:
    """Give the CAs to write, path to PEM, the paths of those to remove, and their directories.

    Each is trusted for its registry alone; the engine reads them anew at each pull. One that is not
    known today, since the registry's host was not asked, stays as it is.
    """
    rooms = want["room"]["registry"]
    at_home = rooms["host"] == want["name"]
    authority = has["registry"]["ca"] if at_home else rooms["ca"]
    addresses = [rooms[key] for key in ("at", "mirror") if rooms[key]]
    wanted = {f"{TRUST}/{address}/labocloud.crt": authority for address in addresses}
    present = {path: told for path, told in has["files"].items() if path.startswith(f"{TRUST}/")}
    known = {path: text for path, text in wanted.items() if text}
    write, remove = differing(known, present), without(present, wanted)
    return {
        "write": {path: known[path] for path in write},
        "remove": remove,
        "empty": [path.rpartition("/")[0] for path in remove],
        "settled": not write and not remove,
    }


def overruled(has: Has, want: Want) -> list[str]:
    """Give the keys of somebody else's daemon.json that would have another value, or none."""
    if has["before"] is not None or engine_files.DAEMON_JSON not in has["files"]:
        return []
    wanted = engine_files.config(want)
    return [
        key
        for key, value in (has["daemon_config"] or {}).items()
        if key not in want["docker_engine_daemon_options"]
        and not (key in wanted and wanted[key] == value)
    ]


def refusals(has: Has, want: Want, told: dict[str, Any]) -> Iterator[Finding]:
    """Tell what keeps the engine from being installed or configured.

    told: what there is to do. Networks that collide are refused by the part network.
    """
    name, docker, source = want["name"], has["docker"], want["docker_engine_source"]
    if wrong := want["wrong"].get("docker_engine"):
        yield finding("setting_wrong", name, what="; ".join(wrong))
    # What a seat says is no word of a command that somebody gives.
    masked = [
        unit
        for unit in UNITS_OF_THE_ENGINE
        if unit in docker["masked"] and not ours(f"/etc/systemd/system/{unit}", has)
    ]
    if has["service_manager"] == "systemd" and masked:
        yield finding("engine_masked", name, units=masked)
    yield from rootless.refusals(has, want, told["roots"][0])
    if told["installed"] and told["configured"]:
        return
    if release(has) not in PACKAGES:
        system = has["os"]["name"] or "an unknown system"
        values = {"release": release(has), "releases": ", ".join(PACKAGES)}
        yield finding("engine_unsupported", name, system=system, **values)
    if told["conflicting"] and not want["docker_engine_replace"]:
        values = {"packages": ", ".join(told["conflicting"]), "source": source}
        yield finding("engine_foreign", name, other=OTHER[source], **values)
    # What is free where Docker will be, where that is elsewhere, is not known.
    here = told["roots"][0] == docker["root"]
    wanted = want["docker_engine_min_free_mb"]
    if here and not told["installed"] and docker["free_mb"] < wanted:
        values = {"free": docker["free_mb"], "root": docker["root"]}
        yield finding("engine_disk", name, wanted=wanted, **values)
    if keys := overruled(has, want):
        yield finding("engine_overruled", name, keys=", ".join(keys))


def conditions(has: Has, want: Want, told: dict[str, Any]) -> Iterator[Finding]:
    """Tell what else is wrong; what the rest depends on is the first finding, and the only one."""
    name, docker = want["name"], has["docker"]
    needed = want["room_page_min_docker"]
    if not docker["running"]:
        found = "engine_stopped" if told["installed"] else "engine_missing"
        yield finding(found, name, why=docker["why"] or "it does not answer")
    elif version(docker["version"]) < version(needed):
        yield finding("engine_old", name, version=docker["version"], wanted=needed)
    else:
        wrong = {
            "engine_missing": not told["installed"],
            "engine_configuration": not told["configured"],
            "engine_outdated": docker["outdated"],
            "engine_kind": not rootless.right_one(has, want),
            "engine_disabled": has["service_manager"] == "systemd" and not docker["enabled"],
            "engine_trust": bool(told["trust"]["write"]),
        }
        yield from (finding(found, name) for found, is_so in wrong.items() if is_so)
        yield from rootless.limits(has, want)


def removal(has: Has, want: Want) -> dict[str, Any] | None:
    """Give what goes when the toolkit does, None where it has changed nothing.

    came: whether the engine came with it. stopping: whether it is to be stopped by hand, and
    services, what systemd stops. purges: whether Docker's data go. scripts: paths of what would
    remove them when its package goes. packages: what the toolkit brought and is there, held: what
    of it is held. files: paths to remove. empty: directories that go where that leaves them empty.
    give_back: paths of files that were there and come back. units: those to start anew, of an
    engine that was there. checked, data: the directories where Docker keeps its data, before and
    after its packages go; the record decides what becomes of each. group: whether the group docker
    came too.
    """
    before, present = has["before"], has["files"]
    if before is None:
        return None
    there = before["files"]
    was = set(rootless.ENGINES).intersection(before["packages"])
    mine = [path for path in present if ours(path, has)]
    trusted = [path for path in present if path.startswith(f"{TRUST}/")]
    # Not that of systemd, in which there are others' units, too.
    own = [*trusted, *(path for path in mine if path not in UNITS)]
    directories = [path.rpartition("/")[0] for path in own] + [TRUST] * bool(trusted)
    # What is in another one goes before it.
    directories.sort(key=lambda path: -path.count("/"))
    data = without([*before.get("roots", {}), has["docker"]["root"], DOCKER_ROOT, CONTAINERD_ROOT])
    # Of one that was there, what is the engine's without root alone.
    data = [ROOT] if was and ROOT in data else data
    # It may be there for others by now, and what they keep in it.
    others = {"containerd", "containerd.io"}.intersection(has["packages"])
    units = ["containerd.service"] * any(path in engine_files.CONTAINERDS for path in mine)
    if rootless.is_so(has):
        units = ["containerd.service", "docker.socket"]
    brought = [name for name in has["brought"]["packages"] if name in has["packages"]]
    systemd = has["service_manager"] == "systemd"
    # Docker before 23 has it, also where its package goes while the engine is one without root.
    identity = [IDENTITY] if want["docker_engine_purge"] and not was else []
    # One that was there runs as it did before, once this one has stopped.
    stops = (not was or rootless.is_so(has)) and has["docker"]["running"]
    return {
        "came": not was,
        "services": ["docker.socket", "docker.service"] if stops and systemd else [],
        "stopping": stops and not systemd,
        "purges": want["docker_engine_purge"] and (not was or data == [ROOT]),
        "scripts": list(NUKING) if "docker.io" in brought and not was else [],
        "packages": brought,
        "held": [name for name in brought if name in has["held"]],
        "files": without([*mine, *trusted, REPOSITORY, engine_files.LOGIN, *identity], there),
        "empty": without(directories, ["/etc/docker"] if was else []),
        "give_back": [path for path in [engine_files.DAEMON_JSON] if path in there],
        "units": [*units, "docker.service"]
        if before["docker_running"] and was.intersection(has["packages"])
        else [],
        "checked": data,
        "data": without(data, [CONTAINERD_ROOT] if others else []),
        "group": before["docker_group"] is None,
    }


def awaited(want: Want, builder: Builder) -> bool:
    """Tell whether the room's registry gets another CA in this run, which is then trusted."""
    known = bool(builder) and want["room"]["registry"]["host"] == want["room"]["builder"]
    return known and not registry.ca_lasts(builder["seat"])


def judge(has: Has, want: Want, builder: Builder) -> Verdict:
    """Judge the engine.

    Values, besides those of installation(), configuration(), trust(), removal() and of an engine
    without root (rootless.values): there, whether an engine of either source is installed; ran,
    whether one may have been started before, as while it was being replaced, or by its package
    where the seat has a policy-rc.d of its own; runs, whether it runs with what it is configured
    with, and starts with the machine; prepared, whether there is nothing to install, to mend of an
    installation, or to record of what the seat was like before.
    """
    docker = has["docker"]
    told = installation(has, want, builder) | configuration(has, want)
    told |= {"trust": trust(has, want), **rootless.values(has, want, told["roots"])}
    starts = docker["enabled"] or has["service_manager"] != "systemd"
    runs = docker["running"] and not docker["outdated"] and starts
    runs = runs and rootless.right_one(has, want)
    recorded = (has["before"] or {}).get("roots", {})
    there = rootless.installed(has)
    whole = told["installed"] and not has["apt"]["interrupted"]
    refused = list(refusals(has, want, told))
    return verdict(
        () if refused else conditions(has, want, told),
        settled=bool(
            whole
            and told["configured"]
            and told["housed"]
            and not told["moved"]["left"]
            and runs
            and told["trust"]["settled"]
            and not awaited(want, builder)
        ),
        refused=refused,
        there=there,
        ran=there or docker["running"] or has["apt"]["policy_rc_d"] == "other",
        runs=runs,
        prepared=whole and not without(told["roots"], recorded),
        removal=removal(has, want),
        **told,
    )
