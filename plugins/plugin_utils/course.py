# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Digest what the images are built from: the project's files, and the recipe of the base."""

import hashlib
import json
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import wanted
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import ExerciseError
from ansible_collections.labocloud.room.plugins.plugin_utils import lesson_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Course,
    CourseBegun,
    Practical,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.packing import pack

# The files that the base is built from, whichever project the course image is built from.
BASE = Path(__file__).parents[2] / "roles/course_build/files/base"
# The architectures that there is a base for, by the kernel's names, which wheels have too.
ARCHITECTURES = ("x86_64", "aarch64")
# The packages of a bootstrapped base. No maintainer script runs; bootstrap.sh does what is needed.
# busybox is a shell for `docker exec -it flask sh`.
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


def _text_of(path: Path) -> str:
    """Return a file's text without white space at its end. Raises OSError or ValueError."""
    return path.read_text(encoding="utf-8").rstrip()


def _sha256(data: bytes) -> str:
    """Return the SHA-256 of data, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def course(settings: Settings, has: SeatFacts) -> Course:
    """Return what decides the wanted images, as far as the control machine knows it.

    has: the facts of the machine that builds, at the beginning of the run. A file that cannot be
    read is no error: the result has the reason.
    """
    base = has["images"].get(settings["course_image_base_tag"])
    # By these values a run tells its own work from what was there when it began.
    begun: CourseBegun = {"had": base["id"] if base else "", "served": has["served"]}
    project = Path(settings["course_image_project"])
    try:
        lock = _text_of(project / "app/requirements.txt")
        # Everything that decides the base. All rooms have recorded the SHA-256 of this dict: a
        # change here makes each of them build the base again.
        recipe = {
            "dockerfile": _text_of(BASE / "Dockerfile"),
            "bootstrap": _text_of(BASE / "bootstrap.sh"),
            "packages": PACKAGES,
            "suite": settings["course_image_bootstrap_suite"],
            "source": settings["course_image_base_source"],
            "image": settings["course_image_base"],
            "python": settings["course_image_python"],
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
    python = settings["course_image_python"]
    return {
        "base": _sha256(json.dumps(recipe, sort_keys=True).encode()),
        "context": _sha256(packed),
        "wheels": {arch: _sha256(f"{lock}{python}{arch}".encode()) for arch in ARCHITECTURES},
        "exercises": exercises(project, packed),
        **begun,
        "why": "",
    }


def exercises(project: Path, packed: bytes) -> Practical:
    """Return the listing of the folder that all seats are given, or why there is none.

    packed: the build context of the course image, as packing.pack() returns it.
    """
    try:
        entries = lesson_files.entries(project, packed)
    except (OSError, ValueError, ExerciseError) as error:
        return {"files": [], "why": str(error)}
    return {"files": wanted(entries) if entries else [], "why": ""}
