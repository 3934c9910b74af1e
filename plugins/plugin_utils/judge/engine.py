# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Docker Engine: installed, configured, running, trusting the room's registries."""

import re
from collections.abc import Iterable, Iterator

from ansible_collections.labocloud.room.plugins.module_utils.facts.machine import (
    UNITS_OF_THE_ENGINE,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.students import ROOT
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    Configuration,
    EngineRemoval,
    EngineValues,
    EngineVerdict,
    Installation,
    Trust,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import build, registry, rootless
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
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


def release(has: Seat) -> str:
    """Give the system's name and version, as PACKAGES has them."""
    return f"{has['os']['id']}-{has['os']['version']}"


def installation(has: Seat, want: Want, builder: Builder) -> Installation:
    """Return what there is to install, and whether all of it is there."""
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
    before = has["before"]
    ours = without(has["held"], before["held"] if before else has["held"])
    conflicting = [name for name in CONFLICTS[source] if name in there]
    hold = without(pinned, has["held"])
    let_go = [] if pin else [name for name in VERSIONED if name in ours]
    coming = [*without(names, there), *off, *conflicting]
    packages = [f"{name}={pin}" if name in pinned else name for name in names]
    # One run of apt takes less time than two.
    packages += build.foreseen(has, want, builder) if coming else []
    return {
        "packages": packages if coming else [],
        "conflicting": conflicting,
        "hold": hold,
        "release": let_go,
        "installed": release(has) in PACKAGES and not (coming or hold or let_go),
    }


def configuration(has: Seat, want: Want) -> Configuration:
    """Return what there is to write, and whether all of it is there.

    The engine starts a containerd that does not run yet.
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


def ours(path: str, has: Seat) -> bool:
    """Tell whether a file that configures Docker is one that the toolkit writes."""
    return bool(OURS.fullmatch(path)) or (path in UNITS and rootless.was_here(has))


def ready(has: Seat, want: Want) -> bool:
    """Tell whether the engine is installed and configured: nothing is refused any more then."""
    return bool(installation(has, want, {})["installed"] and configuration(has, want)["configured"])


def trust(has: Seat, want: Want) -> Trust:
    """Return the CAs to write, the paths of those to remove, and their directories.

    Each is trusted for its registry alone; the engine reads them anew at each pull. One that is not
    known today, since the registry's host was not asked, stays as it is.
    """
    rooms = want["room"]["registry"]
    at_home = rooms["host"] == want["name"]
    authority = has["registry"]["ca"] if at_home else rooms["ca"]
    addresses = filter(None, (rooms["at"], rooms["mirror"]))
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


def overruled(has: Seat, want: Want) -> list[str]:
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


def refusals(
    has: Seat, want: Want, install: Installation, configure: Configuration
) -> Iterator[Finding]:
    """Yield what keeps the engine from being installed or configured.

    Networks that collide are refused by the part network.
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
    yield from rootless.refusals(has, want, configure["roots"][0])
    if install["installed"] and configure["configured"]:
        return
    if release(has) not in PACKAGES:
        system = has["os"]["name"] or "an unknown system"
        values = {"release": release(has), "releases": ", ".join(PACKAGES)}
        yield finding("engine_unsupported", name, system=system, **values)
    if install["conflicting"] and not want["docker_engine_replace"]:
        values = {"packages": ", ".join(install["conflicting"]), "source": source}
        yield finding("engine_foreign", name, other=OTHER[source], **values)
    # What is free where Docker will be, where that is elsewhere, is not known.
    here = configure["roots"][0] == docker["root"]
    free, wanted = docker["free_mb"], want["docker_engine_min_free_mb"]
    if here and not install["installed"] and free < wanted:
        yield finding("engine_disk", name, free=free, root=docker["root"], wanted=wanted)
    if keys := overruled(has, want):
        yield finding("engine_overruled", name, keys=", ".join(keys))


def conditions(has: Seat, want: Want, values: EngineValues) -> Iterator[Finding]:
    """Yield what else is wrong; what the rest depends on is the first finding, and the only one."""
    name, docker = want["name"], has["docker"]
    needed = want["room_page_min_docker"]
    if not docker["running"]:
        found = "engine_stopped" if values["installed"] else "engine_missing"
        yield finding(found, name, why=docker["why"] or "it does not answer")
    elif version(docker["version"]) < version(needed):
        yield finding("engine_old", name, version=docker["version"], wanted=needed)
    else:
        wrong = {
            "engine_missing": not values["installed"],
            "engine_configuration": not values["configured"],
            "engine_outdated": docker["outdated"],
            "engine_kind": not rootless.right_one(has, want),
            "engine_disabled": has["service_manager"] == "systemd" and not docker["enabled"],
            "engine_trust": bool(values["trust"]["write"]),
        }
        yield from (finding(found, name) for found, is_so in wrong.items() if is_so)
        yield from rootless.limits(has, want)


def removal(has: Seat, want: Want) -> EngineRemoval | None:
    """Return what goes when the toolkit does, None where it has changed nothing."""
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


def values_of(has: Seat, want: Want, builder: Builder) -> EngineValues:
    """Return what the tasks of the role need to know."""
    docker = has["docker"]
    install, configure = installation(has, want, builder), configuration(has, want)
    starts = docker["enabled"] or has["service_manager"] != "systemd"
    runs = docker["running"] and not docker["outdated"] and starts
    there = rootless.installed(has)
    whole = install["installed"] and not has["apt"]["interrupted"]
    return {
        **install,
        **configure,
        **rootless.values(has, want, configure["roots"]),
        "trust": trust(has, want),
        "there": there,
        # Its package may start it where the seat has a policy-rc.d of its own.
        "ran": there or docker["running"] or has["apt"]["policy_rc_d"] == "other",
        "runs": runs and rootless.right_one(has, want),
        "prepared": whole and not without(configure["roots"], rootless.roots_before(has)),
        "removal": removal(has, want),
    }


def judge(has: Seat, want: Want, builder: Builder) -> EngineVerdict:
    """Judge the engine."""
    values = values_of(has, want, builder)
    refused = list(refusals(has, want, values, values))
    settled = (
        values["installed"]
        and not has["apt"]["interrupted"]
        and values["configured"]
        and values["housed"]
        and not values["moved"]["left"]
        and values["runs"]
        and values["trust"]["settled"]
        and not awaited(want, builder)
    )
    found = () if refused else conditions(has, want, values)
    return {**verdict(found, settled=settled, refused=refused), **values}
