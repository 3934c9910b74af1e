# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge Docker Engine: installed, configured, running, trusting the room's registries."""

import re
from collections.abc import Iterable, Iterator

from ansible_collections.labocloud.room.plugins.module_utils.facts.machine import (
    UNITS_OF_THE_ENGINE,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.facts.students import ROOT
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    Configuration,
    EngineRemoval,
    EngineVerdict,
    Installation,
    Trust,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import build, registry, rootless
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import differing

# The names of Docker's packages on each release; other releases are refused. The engine comes
# first: a version is pinned for it and for the client, where that is a package of its own. Debian
# 12 has no package of buildx or of compose v2; its docker.io contains the client.
PACKAGES = {
    "debian-12": ("docker.io",),
    "debian-13": ("docker.io", "docker-cli", "docker-buildx", "docker-compose"),
    "ubuntu-22.04": ("docker.io", "docker-buildx", "docker-compose-v2"),
    "ubuntu-24.04": ("docker.io", "docker-buildx", "docker-compose-v2"),
}
_DOCKERS_OWN = (
    "docker-ce",
    "docker-ce-cli",
    "containerd.io",
    "docker-buildx-plugin",
    "docker-compose-plugin",
)
# acl opens the engine to a group, zstd unpacks an archive of images.
HELPERS = ("acl", "zstd")
_LONGEST_NUMBER = 9
_VERSIONED = ("docker.io", "docker-cli", "docker-ce", "docker-ce-cli")
# Packages that hold the same files as the packages of the wanted source.
_CONFLICTS = {
    "distro": (*_DOCKERS_OWN, "docker-ce-rootless-extras"),
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
# What dpkg lists; what apt takes beside it, as name=version or a package that others provide, would
# never be found installed.
_PACKAGE_NAME = re.compile("[a-z0-9][a-z0-9+.-]*[a-z0-9+]")
_OTHER_SOURCE = {"distro": "upstream", "upstream": "distro"}
_REPOSITORY = "/etc/apt/sources.list.d/docker.sources"
DOCKER_ROOT, CONTAINERD_ROOT = "/var/lib/docker", "/var/lib/containerd"
# The files of Docker's configuration that the toolkit writes, but for the registries' CAs.
_OURS = re.compile(
    "/etc/(?:docker|containerd|systemd/system/(?:docker|containerd)[.]service[.]d)/"
    "(?:daemon[.]json|labocloud[^/]*)"
)
# Units that the toolkit writes too, on a seat that has, or had, an engine without root.
_UNITS = (engine_files.UNIT, engine_files.SOCKET_MASK, engine_files.CONTAINERD_MASK)
_TRUST = "/etc/docker/certs.d"
IDENTITY = "/etc/docker/key.json"
# Debian's docker.io empties Docker's directory by this script when it is purged, whatever is there,
# and leaves a copy of the script in it.
_NUKING = (
    "/usr/share/docker.io/contrib/nuke-graph-directory.sh",
    "/var/lib/docker/nuke-graph-directory.sh",
)


def version(text: str) -> tuple[int, ...]:
    """Return the first three numbers of a version, by which versions are compared."""
    # Python refuses to read a number of thousands of digits.
    return tuple(int(number[:_LONGEST_NUMBER]) for number in re.findall(r"\d+", text)[:3])


def _without(names: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Return names without the others, in their order and each once."""
    excluded = set(others)
    return [name for name in dict.fromkeys(names) if name not in excluded]


def release(has: SeatFacts) -> str:
    """Return the system's name and version in the form of the keys of PACKAGES."""
    return f"{has['os']['id']}-{has['os']['version']}"


def _pinned(names: Iterable[str], pin: str) -> list[str]:
    """Return the packages that are installed in the version that is set, none where none is."""
    return [name for name in names if name in _VERSIONED] if pin else []


def with_version(names: list[str], pin: str) -> list[str]:
    """Return packages as apt is asked for them. pin: the version that is set, or nothing."""
    pinned = _pinned(names, pin)
    return [f"{name}={pin}" if name in pinned else name for name in names]


def installation(has: SeatFacts, settings: Settings, builder: Builder) -> Installation:
    """Return what there is to install, and whether all of Docker is installed."""
    present, pin = has["packages"], settings["docker_engine_version"]
    source = settings["docker_engine_source"]
    engine = _DOCKERS_OWN if source == "upstream" else PACKAGES.get(release(has), ())
    additional = rootless.PACKAGES[source] if engine_files.is_rootless(settings) and engine else ()
    names = [*engine, *HELPERS, *additional]
    pinned = _pinned(names, pin)
    # In a version that apt takes, * stands for anything.
    wanted = re.compile(re.escape(pin).replace(r"\*", ".*"))
    other = [name for name in pinned if name in present and not wanted.fullmatch(present[name])]
    # Only packages that the toolkit holds itself are released.
    before = has["before"]
    own_holds = _without(has["held"], before["held"] if before else has["held"])
    conflicting = [name for name in _CONFLICTS[source] if name in present]
    hold = _without(pinned, has["held"])
    to_release = [] if pin else [name for name in _VERSIONED if name in own_holds]
    changes = [*_without(names, present), *other, *conflicting]
    packages = with_version(names, pin)
    # The build's packages are added here, since one run of apt takes less time than two.
    packages += build.foreseen_packages(has, settings, builder) if changes else []
    lacking = _without(settings["docker_engine_packages"], [*present, *names])
    return {
        "packages": _without([*(packages if changes else []), *lacking]),
        "lacking": lacking,
        "conflicting": conflicting,
        "hold": hold,
        "release": to_release,
        "installed": release(has) in PACKAGES and not (changes or hold or to_release),
    }


def _configuration(has: SeatFacts, settings: Settings) -> Configuration:
    """Return what there is to write, and whether all of it is written.

    The engine itself starts a containerd that does not run yet.
    """
    files = engine_files.files(has, settings)
    present = {path: digest for path, digest in has["files"].items() if _is_ours(path, has)}
    # A directory service that does not answer just now takes nobody's access away.
    unsure = [engine_files.GROUP_UNIT] if engine_files.is_group_unknown(has, settings) else []
    stale = _without(present, [*files, *unsure])
    changing = {*differing(files, present), *stale}
    owns_containerd = engine_files.is_containerd_ours(
        has, settings
    ) and not engine_files.is_rootless(settings)
    is_changing = changing.intersection(engine_files.CONTAINERDS)
    is_outdated = is_changing or (owns_containerd and has["docker"]["outdated"])
    # containerd may have started, or start with its package, before its configuration is written.
    is_early = "containerd" in has["packages"] or has["apt"]["policy_rc_d"] == "other"
    usual = ROOT if engine_files.is_rootless(settings) else DOCKER_ROOT
    root = str(engine_files.config(settings).get("data-root", usual))
    # Once the units are unmasked, docker.socket has to start, which opens the socket.
    is_unmasking = bool(changing.intersection(_UNITS)) and not engine_files.is_rootless(settings)
    units = {
        "containerd.service": bool(
            owns_containerd and (is_unmasking or (is_outdated and is_early))
        ),
        "docker.socket": is_unmasking,
        "docker.service": True,
    }
    return {
        "files": sorted(files),
        "stale": stale,
        "units": [unit for unit, starts in units.items() if starts],
        # An engine that refuses its configuration starts with the usual directory.
        "roots": _without([root, usual, DOCKER_ROOT, CONTAINERD_ROOT]),
        "configured": not changing,
    }


def _is_ours(path: str, has: SeatFacts) -> bool:
    """Return whether a file of Docker's configuration is one that the toolkit writes."""
    return bool(_OURS.fullmatch(path)) or (path in _UNITS and rootless.was_set_up(has))


def is_ready(has: SeatFacts, settings: Settings) -> bool:
    """Return whether the engine is installed and configured, so that collisions only warn."""
    return (
        installation(has, settings, {})["installed"] and _configuration(has, settings)["configured"]
    )


def _trust(has: SeatFacts, settings: Settings) -> Trust:
    """Return the CAs to write, the paths of those to remove, and their directories.

    Each CA is trusted for its registry alone; the engine reads them again at each pull. The file of
    a CA that is not known, because the registry's host was not asked, stays as it is.
    """
    rooms = settings["room"]["registry"]
    is_host = rooms["host"] == settings["name"]
    authority = has["registry"]["ca"] if is_host else rooms["ca"]
    addresses = filter(None, (rooms["at"], rooms["mirror"]))
    wanted = {f"{_TRUST}/{address}/labocloud.crt": authority for address in addresses}
    present = {
        path: digest for path, digest in has["files"].items() if path.startswith(f"{_TRUST}/")
    }
    texts = {path: text for path, text in wanted.items() if text}
    write, remove = differing(texts, present), _without(present, wanted)
    return {
        "write": {path: texts[path] for path in write},
        "remove": remove,
        "empty": [path.rpartition("/")[0] for path in remove],
        "settled": not write and not remove,
    }


def _overruled_keys(has: SeatFacts, settings: Settings) -> list[str]:
    """Return the keys of somebody else's daemon.json that would change or disappear."""
    if has["before"] is not None or engine_files.DAEMON_JSON not in has["files"]:
        return []
    wanted = engine_files.config(settings)
    return [
        key
        for key, value in (has["daemon_config"] or {}).items()
        if key not in settings["docker_engine_daemon_options"]
        and not (key in wanted and wanted[key] == value)
    ]


def _refusals(
    has: SeatFacts, settings: Settings, install: Installation, configure: Configuration
) -> Iterator[Finding]:
    """Yield what keeps the engine from being installed or configured, but for its networks."""
    name, docker, source = settings["name"], has["docker"], settings["docker_engine_source"]
    if wrong := settings["wrong"].get("docker_engine"):
        yield finding("setting_wrong", name, what="; ".join(wrong))
    if wrong_names := [
        package
        for package in settings["docker_engine_packages"]
        if not _PACKAGE_NAME.fullmatch(package) or package in _CONFLICTS[source]
    ]:
        yield finding("engine_package_name", name, packages=", ".join(wrong_names))
    # Only known names come into the finding's command: a seat may report any text as a unit.
    masked = [
        unit
        for unit in UNITS_OF_THE_ENGINE
        if unit in docker["masked"] and not _is_ours(f"/etc/systemd/system/{unit}", has)
    ]
    if has["service_manager"] == "systemd" and masked:
        yield finding("engine_masked", name, units=masked)
    yield from rootless.refusals(has, settings, configure["roots"][0])
    if install["installed"] and configure["configured"]:
        return
    if release(has) not in PACKAGES:
        system = has["os"]["name"] or "an unknown system"
        values = {"release": release(has), "releases": ", ".join(PACKAGES)}
        yield finding("engine_unsupported", name, system=system, **values)
    if install["conflicting"] and not settings["docker_engine_replace"]:
        values = {"packages": ", ".join(install["conflicting"]), "source": source}
        yield finding("engine_foreign", name, other=_OTHER_SOURCE[source], **values)
    # The free space is only known for the directory that the seat has reported.
    is_reported = configure["roots"][0] == docker["root"]
    free, wanted = docker["free_mb"], settings["docker_engine_min_free_mb"]
    if is_reported and not install["installed"] and free < wanted:
        yield finding("engine_disk", name, free=free, root=docker["root"], wanted=wanted)
    if keys := _overruled_keys(has, settings):
        yield finding("engine_overruled", name, keys=", ".join(keys))


def _conditions(
    has: SeatFacts,
    settings: Settings,
    install: Installation,
    configure: Configuration,
    trust: Trust,
) -> Iterator[Finding]:
    """Yield what else is wrong.

    An engine that is missing, stopped or old has no other finding, since the others depend on it.
    """
    name, docker = settings["name"], has["docker"]
    needed = settings["room_page_min_docker"]
    if not docker["running"]:
        condition = "engine_stopped" if install["installed"] else "engine_missing"
        yield finding(condition, name, why=docker["why"] or "it does not answer")
    elif version(docker["version"]) < version(needed):
        yield finding("engine_old", name, version=docker["version"], wanted=needed)
    else:
        states = {
            "engine_missing": not install["installed"],
            "engine_configuration": not configure["configured"],
            "engine_outdated": docker["outdated"],
            "engine_kind": not rootless.is_right_kind(has, settings),
            "engine_disabled": has["service_manager"] == "systemd" and not docker["enabled"],
            "engine_trust": bool(trust["write"]),
        }
        yield from (finding(condition, name) for condition, is_so in states.items() if is_so)
        if install["installed"] and install["lacking"]:
            yield finding("engine_packages", name, packages=", ".join(install["lacking"]))
        yield from rootless.limits(has, settings)


def _removal(has: SeatFacts, settings: Settings) -> EngineRemoval | None:
    """Return what goes together with the toolkit; None where the toolkit has changed nothing."""
    before, present = has["before"], has["files"]
    if before is None:
        return None
    earlier = set(rootless.ENGINES).intersection(before["packages"])
    configuring = [path for path in present if _is_ours(path, has)]
    trusted = [path for path in present if path.startswith(f"{_TRUST}/")]
    data = _without([*before.get("roots", {}), has["docker"]["root"], DOCKER_ROOT, CONTAINERD_ROOT])
    # If an engine was there before, only the data of the one without root are the toolkit's.
    data = [ROOT] if earlier and ROOT in data else data
    # containerd may serve others by now, who keep their data in its directory.
    others = {"containerd", "containerd.io"}.intersection(has["packages"])
    units = ["containerd.service"] * any(path in engine_files.CONTAINERDS for path in configuring)
    if rootless.is_set_up(has):
        units = ["containerd.service", "docker.socket"]
    brought = [name for name in has["brought"]["packages"] if name in has["packages"]]
    is_systemd = has["service_manager"] == "systemd"
    # Docker before 23 creates the file, which goes even if an engine without root runs instead.
    identity = [IDENTITY] if settings["docker_engine_purge"] and not earlier else []
    files = [*configuring, *trusted, _REPOSITORY, engine_files.LOGIN, *identity]
    # An engine that was there before runs as it did, once the one without root has stopped.
    is_stopping = (not earlier or rootless.is_set_up(has)) and has["docker"]["running"]
    return {
        "came": not earlier,
        "services": ["docker.socket", "docker.service"] if is_stopping and is_systemd else [],
        "stopping": is_stopping and not is_systemd,
        "purges": settings["docker_engine_purge"] and (not earlier or data == [ROOT]),
        "scripts": list(_NUKING) if "docker.io" in brought and not earlier else [],
        "packages": brought,
        "held": [name for name in brought if name in has["held"]],
        "files": _without(files, before["files"]),
        "empty": _emptied(configuring, trusted, ["/etc/docker"] if earlier else []),
        "give_back": [path for path in [engine_files.DAEMON_JSON] if path in before["files"]],
        "units": [*units, "docker.service"]
        if before["docker_running"] and earlier.intersection(has["packages"])
        else [],
        "checked": data,
        "data": _without(data, [CONTAINERD_ROOT] if others else []),
        "group": before["docker_group"] is None,
    }


def _emptied(configuring: list[str], trusted: list[str], staying: list[str]) -> list[str]:
    """Return the directories that may be empty once the toolkit's files are gone, inner ones first.

    configuring, trusted: the paths of the files that configure the engine, and of the CAs. staying:
    directories that stay in any case.
    """
    # systemd's directory has other people's units in it.
    paths = [*trusted, *(path for path in configuring if path not in _UNITS)]
    directories = [path.rpartition("/")[0] for path in paths] + [_TRUST] * bool(trusted)
    directories.sort(key=lambda path: -path.count("/"))
    return _without(directories, staying)


def _is_ca_coming(settings: Settings, builder: Builder) -> bool:
    """Return whether the room's registry gets another CA in this run, which is then trusted."""
    is_asked = bool(builder) and settings["room"]["registry"]["host"] == settings["room"]["builder"]
    return is_asked and not registry.ca_lasts(builder["seat"])


def judge(has: SeatFacts, settings: Settings, builder: Builder) -> EngineVerdict:
    """Judge the engine."""
    docker, trust = has["docker"], _trust(has, settings)
    install, configure = installation(has, settings, builder), _configuration(has, settings)
    without_root = rootless.values(has, settings, configure["roots"])
    starts_at_boot = docker["enabled"] or has["service_manager"] != "systemd"
    is_current = docker["running"] and not docker["outdated"] and starts_at_boot
    runs = is_current and rootless.is_right_kind(has, settings)
    is_there = rootless.is_installed(has)
    is_complete = install["installed"] and not install["lacking"] and not has["apt"]["interrupted"]
    settled = (
        (is_complete and configure["configured"] and runs)
        and (without_root["housed"] and not without_root["moved"]["left"])
        and (trust["settled"] and not _is_ca_coming(settings, builder))
    )
    refused = list(_refusals(has, settings, install, configure))
    others = () if refused else _conditions(has, settings, install, configure, trust)
    return {
        **verdict(others, settled=settled, refused=refused),
        **install,
        **configure,
        **without_root,
        "trust": trust,
        "there": is_there,
        # The package may start the engine if the seat has a policy-rc.d of its own.
        "ran": is_there or docker["running"] or has["apt"]["policy_rc_d"] == "other",
        "runs": runs,
        "prepared": is_complete and not _without(configure["roots"], rootless.roots_before(has)),
        "removal": _removal(has, settings),
    }
