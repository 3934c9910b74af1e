# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What the images are made from: the digests of the project's files, and of the base's recipe."""

import hashlib
import json
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import wanted
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import ExerciseError
from ansible_collections.labocloud.room.plugins.plugin_utils import lesson_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Course,
    CourseBegun,
    Practical,
    Want,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.packing import pack

# What the base is made from, whatever project the course image is of.
BASE = Path(__file__).parents[2] / "roles/course_build/files/base"
# Architectures that there is a base for, by the name that the kernel and the wheels give them.
ARCHITECTURES = ("x86_64", "aarch64")
# Of a bootstrapped base. No maintainer script runs; bootstrap.sh does what is needed. busybox is a
# shell for `docker exec -it flask sh`.
PACKAGES = (
    "base-files",
    "base-passwd",
    "busybox",
    "ca-certificates",
    "libc-bin",
    "media-types",
    "netbase",
    "python3",
    "python3-pip-whl",
    "tzdata",
)


def text_of(path: Path) -> str:
    """Give a file's text, less what is empty at its end. Raises OSError or ValueError."""
    return path.read_text(encoding="utf-8").rstrip()


def sha256(data: bytes) -> str:
    """Give the SHA-256, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def course(want: Want, has: Seat) -> Course:
    """Return what decides the images that are wanted, as far as the control machine knows it.

    has: the machine that builds, as it is asked first in a run.
    """
    base = has["images"].get(want["course_image_base_tag"])
    # A run is not to take for its own work what was there when it began.
    begun: CourseBegun = {"had": base["id"] if base else "", "served": has["served"]}
    project = Path(want["course_image_project"])
    try:
        lock = text_of(project / "app/requirements.txt")
        # Everything that decides the base. Its SHA-256 is what all rooms have recorded: whatever is
        # changed here makes each of them build anew.
        recipe = {
            "dockerfile": text_of(BASE / "Dockerfile"),
            "bootstrap": text_of(BASE / "bootstrap.sh"),
            "packages": PACKAGES,
            "suite": want["course_image_bootstrap_suite"],
            "source": want["course_image_base_source"],
            "image": want["course_image_base"],
            "python": want["course_image_python"],
            "wheels": lock,
        }
        packed = pack(project, [])
    except (OSError, ValueError) as error:
        return {
            **begun,
            "base": "",
            "context": "",
            "wheels": {},
            "exercises": {"files": [], "why": ""},
            "why": str(error),
        }
    python = want["course_image_python"]
    return {
        "base": sha256(json.dumps(recipe, sort_keys=True).encode()),
        "context": sha256(packed),
        "wheels": {one: sha256(f"{lock}{python}{one}".encode()) for one in ARCHITECTURES},
        "exercises": exercises(project, packed),
        **begun,
        "why": "",
    }


def exercises(project: Path, packed: bytes) -> Practical:
    """Return the listing of the folder that all seats are given, and why there is none.

    packed: what the course image is built from.
    """
    try:
        told = lesson_files.entries(project, packed)
    except (OSError, ValueError, ExerciseError) as error:
        return {"files": [], "why": str(error)}
    return {"files": wanted(told) if told else [], "why": ""}
