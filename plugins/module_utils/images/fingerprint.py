# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What tells one image from another, whichever version of Docker describes it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

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
# What a fingerprint covered in records that have no version.
IMAGE_CONFIG_1 = (
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Labels",
    "User",
    "WorkingDir",
)


def hash_of(parts: dict[str, Any], image: dict[str, Any]) -> str:
    """Give the SHA-256 of parts of an image's configuration, its layers and its architecture."""
    parts |= {"Layers": image["RootFS"].get("Layers") or [], "Architecture": image["Architecture"]}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def fingerprint(image: dict[str, Any]) -> str:
    """Give the SHA-256 of what makes an image what it is, from the engine's description of it.

    What is empty is as what is not there: versions of Docker differ in which of the two they tell.
    """
    config = image.get("Config") or {}
    health = config.get("Healthcheck") or {}
    parts = {key: config.get(key) or None for key in IMAGE_CONFIG}
    parts["Healthcheck"] = {key: health[key] for key in HEALTHCHECK if health.get(key)} or None
    return hash_of(parts, image)


def fingerprint_1(image: dict[str, Any]) -> str | None:
    """Give the fingerprint that a record without a version has of an image.

    It did not cover all that fingerprint() does. The toolkit's images had nothing there: for one
    that has, None.
    """
    config = image.get("Config") or {}
    if any(config.get(key) for key in set(IMAGE_CONFIG) - set(IMAGE_CONFIG_1)):
        return None
    return hash_of({key: config.get(key) or None for key in IMAGE_CONFIG_1}, image)
