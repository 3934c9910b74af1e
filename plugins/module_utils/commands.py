# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Run commands of the machine's own, and docker for the engine at a socket."""

from __future__ import annotations

import subprocess
from typing import IO

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import STREAM_SECONDS

# A tar or zstd that a user put first on the path is not meant.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def environment(docker_socket: str) -> dict[str, str]:
    """Return the environment of a docker command that is for the engine at a socket."""
    return ENVIRONMENT | {"DOCKER_HOST": f"unix://{docker_socket}"}


def run(
    command: list[str],
    docker_socket: str,
    *,
    check: bool = True,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    """Run a docker command for the engine at a socket, which may never end it by itself.

    Raises subprocess.CalledProcessError where it fails and check says so, and OSError, also where
    it takes longer than STREAM_SECONDS.
    """
    try:
        return subprocess.run(  # noqa: S603  # no shell
            command,
            env=environment(docker_socket),
            check=check,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            errors="replace",
            timeout=STREAM_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        words = " ".join(command[:2])
        raise TimeoutError(f"{words} has not ended after {STREAM_SECONDS:.0f} s") from error
