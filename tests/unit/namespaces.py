"""A mount namespace of a test's own, in which something is mounted for real."""

import json
import os
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NAMESPACE = (
    os.geteuid() == 0
    and not subprocess.run(
        ["unshare", "--mount", "true"], capture_output=True, check=False
    ).returncode
)
mounting = pytest.mark.skipif(not NAMESPACE, reason="no mounts can be made here")


def with_mounts(script: str, directory: Path, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do some work in a mount namespace of its own, and give what it gives, which is JSON.

    script: of a shell, in that directory, that mounts something before.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings(action="ignore"):  # of threads, which have nothing to do with it
        child = os.fork()
    if child == 0:
        said: dict[str, Any] = {"failed": True, "msg": "the test itself failed"}
        try:
            os.unshare(os.CLONE_NEWNS)
            before = f"set -e; mount --make-rprivate /; cd {directory}; {script}"
            subprocess.run(["sh", "-c", before], check=True)
            said = work()
        finally:
            os.write(writing, json.dumps(said).encode())
            os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as answer:
        said = json.load(answer)
    os.waitpid(child, 0)
    return said
