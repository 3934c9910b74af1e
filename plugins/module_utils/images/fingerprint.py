# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What tells one image from another, whichever version of Docker describes it."""

from __future__ import annotations

import hashlib
import json

from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import Image

# What makes two images the same: the configuration that OCI's image specification has, and what
# Docker adds to it. Docker's own fields of a container that stand beside them, Hostname, Tty or
# Image, decide nothing, and newer versions of it leave them out; ArgsEscaped is Windows' alone.
IMAGE_CONFIG = (
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Labels",
    "OnBuild",
    "Shell",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
)
# Of its health check, what all versions tell: StartInterval is unknown to Docker 20.10.
HEALTHCHECK = ("Test", "Interval", "Timeout", "StartPeriod", "Retries")


def fingerprint(image: Image) -> str:
    """Return the SHA-256 of what makes an image what it is, from the engine's description of it.

    A field that is empty is as one that is not there: versions of Docker differ in which they tell.
    """
    config = image.get("Config") or {}
    health = config.get("Healthcheck") or {}
    parts = {key: config.get(key) or None for key in IMAGE_CONFIG}
    parts["Healthcheck"] = {key: health[key] for key in HEALTHCHECK if health.get(key)} or None
    parts |= {"Layers": image["RootFS"].get("Layers") or [], "Architecture": image["Architecture"]}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
