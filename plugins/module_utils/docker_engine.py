# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Talk to a Docker Engine with nothing but Python's own library."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
from typing import Any

SOCKET = "/var/run/docker.sock"
# What makes two images the same: what Docker stores of it, less the fields that differ between
# the versions of Docker that build, save and load it.
IMAGE_CONFIG = (
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Labels",
    "User",
    "WorkingDir",
)


class DockerConnection(http.client.HTTPConnection):
    """HTTP over the engine's socket."""

    def __init__(self, path: str, timeout: float = 20) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the socket instead of a port."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def ask(self, path: str, method: str = "GET", body: object = None) -> Any:  # noqa: ANN401  # JSON
        """Give the engine's answer, None where the thing is not there.

        body: what to send, as JSON. Raises OSError or http.client.HTTPException where no engine
        answers, and where the answer is an error of the engine's own.
        """
        headers = {} if body is None else {"Content-Type": "application/json"}
        self.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.getresponse()
        text = answer.read()
        if answer.status == http.client.NOT_FOUND:
            return None
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise OSError(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
        return json.loads(text) if text else {}


def fingerprint(image: dict[str, Any]) -> str:
    """Give the SHA-256 of what makes an image what it is, from the engine's description of it."""
    config = image.get("Config") or {}
    parts = {key: config.get(key) or None for key in IMAGE_CONFIG}
    parts["Layers"] = image["RootFS"].get("Layers") or []
    parts["Architecture"] = image["Architecture"]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
