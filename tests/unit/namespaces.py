"""Run part of a test in a mount namespace of its own, with real mounts."""

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
    """Call work in a new mount namespace, and return its result, which has to be JSON.

    script: of a shell; it runs in that directory first, and mounts something.
    """
    reading, writing = os.pipe()
    # Python warns of a fork where there are threads; the child uses none of them.
    with warnings.catch_warnings(action="ignore"):
        child = os.fork()
    if child == 0:
        result: dict[str, Any] = {"failed": True, "msg": "the test itself failed"}
        try:
            os.unshare(os.CLONE_NEWNS)
            before = f"set -e; mount --make-rprivate /; cd {directory}; {script}"
            subprocess.run(["sh", "-c", before], check=True)
            result = work()
        finally:
            os.write(writing, json.dumps(result).encode())
            os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as answer:
        result = json.load(answer)
    os.waitpid(child, 0)
    return result
