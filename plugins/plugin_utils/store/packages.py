# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""List the packages that the machines of a room install, where these are fetched once for all."""

from ansible_collections.labocloud.room.plugins.module_utils.apt import LIBRARY
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Settings
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import (
    build,
    engine,
    registry,
    rootless,
)

# The releases that there are packages of, and their names in Debian's archive.
RELEASES = {"debian-12": "bookworm", "debian-13": "trixie"}


def packages(release: str, settings: Settings) -> list[list[str]]:
    """Return what machines of a release install, as apt is asked for it: a list for each kind.

    The kinds are a seat, whichever engine it has, a machine that builds, and the registry's host,
    where the room has one. Each installs its own, so the dependencies of each are its own, too.
    release: one of RELEASES. settings: a machine's.
    """
    seat = (*engine.PACKAGES[release], *engine.HELPERS, *rootless.PACKAGES["distro"], LIBRARY)
    others = settings["docker_engine_packages"]
    kinds = [
        engine.with_version([*seat, *others], settings["docker_engine_version"]),
        list(build.TOOLS),
    ]
    if settings["room"]["registry"]["host"]:
        kinds.append(list(registry.PACKAGES))
    return [sorted({*kind}) for kind in kinds]
