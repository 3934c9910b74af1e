# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Run the machine's own commands, and docker for the engine at a socket."""

from __future__ import annotations

import subprocess
from typing import IO

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import STREAM_SECONDS

# The path is fixed, so that no tar or zstd that a user has put first on it is run.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def run(
    command: list[str],
    docker_socket: str,
    *,
    check: bool = True,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    """Run a docker command for the engine at a socket, for STREAM_SECONDS at most.

    An engine may leave it without an answer. Raises subprocess.CalledProcessError where it fails
    and check is true, and OSError, of which TimeoutError is one.
    """
    try:
        return subprocess.run(  # noqa: S603  # no shell
            command,
            env=ENVIRONMENT | {"DOCKER_HOST": f"unix://{docker_socket}"},
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
