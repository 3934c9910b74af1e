"""What tells one image from another, on whichever engine it stands, and in older records."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import (
    fingerprint,
    fingerprint_1,
)

# What engines of these versions told of the same two images: one that sets all that a Dockerfile
# can set, and one that has nothing but its base.
INSPECTED = json.loads(Path(__file__).with_name("inspected_images.json").read_text())
FULL, PLAIN = "buildkit", "plain"
# What the toolkit's releases without a version in the record took for the plain one.
PLAIN_1 = "ffa6366b4e95ac60b18108f106f6e2bd60acfc1e4bbd37ad4202f8998bd5b53c"


@pytest.mark.parametrize("name", [FULL, PLAIN])
def test_it_is_the_same_whichever_engine_tells_of_an_image(name: str) -> None:
    assert len({fingerprint(images[name]) for images in INSPECTED.values()}) == 1


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("Cmd", ["other"]),
        ("Entrypoint", ["other"]),
        ("Env", ["A=c"]),
        ("ExposedPorts", {"9/tcp": {}}),
        ("Healthcheck", {"Test": ["CMD", "other"]}),
        ("Labels", {"a": "c"}),
        ("OnBuild", ["RUN evil"]),
        ("Shell", ["/bin/evil"]),
        ("StopSignal", "SIGKILL"),
        ("User", "root"),
        ("Volumes", {"/": {}}),
        ("WorkingDir", "/other"),
    ],
)
@pytest.mark.parametrize("name", [FULL, PLAIN])
def test_no_field_can_be_changed_or_added_unnoticed(name: str, field: str, other: object) -> None:
    image = INSPECTED["26.1.5"][name]
    changed = image | {"Config": image["Config"] | {field: other}}
    assert fingerprint(changed) != fingerprint(image)
    assert len({fingerprint(image | {"Config": config}) for config in empties(image, field)}) == 1


def empties(image: dict[str, Any], field: str) -> list[dict[str, Any]]:
    """Give an image's configuration with a field left out, and with it empty in every way."""
    without = {key: value for key, value in image["Config"].items() if key != field}
    return [without, *(without | {field: empty} for empty in (None, "", [], {}, False))]


def test_layers_and_architecture_are_part_of_it() -> None:
    image = INSPECTED["26.1.5"][PLAIN]
    assert fingerprint(image | {"RootFS": {"Layers": ["sha256:1"]}}) != fingerprint(image)
    assert fingerprint(image | {"Architecture": "arm64"}) != fingerprint(image)


def test_an_empty_part_of_the_health_check_is_as_one_that_is_not_there() -> None:
    image = copy.deepcopy(INSPECTED["20.10.24"][FULL])
    before = fingerprint(image)
    image["Config"]["Healthcheck"] |= {"Retries": 0, "StartPeriod": 0}
    assert fingerprint(image) == before
    image["Config"]["Healthcheck"]["Retries"] = 1
    assert fingerprint(image) != before


@pytest.mark.parametrize("engine", INSPECTED)
def test_that_of_older_records_is_what_it_was(engine: str) -> None:
    assert fingerprint_1(INSPECTED[engine][PLAIN]) == PLAIN_1


@pytest.mark.parametrize("field", ["OnBuild", "Shell", "StopSignal", "Volumes"])
def test_an_image_with_what_older_records_did_not_cover_is_none_of_theirs(field: str) -> None:
    image = copy.deepcopy(INSPECTED["26.1.5"][PLAIN])
    image["Config"][field] = INSPECTED["26.1.5"][FULL]["Config"][field]
    assert fingerprint_1(image) is None
