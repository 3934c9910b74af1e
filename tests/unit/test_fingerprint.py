"""Test the fingerprint, which tells images apart on any engine."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint

# What engines of these versions told of the same two images: one that sets all that a Dockerfile
# can set, and one that has nothing but its base.
INSPECTED = json.loads(Path(__file__).with_name("inspected_images.json").read_text())
FULL, PLAIN = "buildkit", "plain"


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
    """Return an image's configuration with a field left out, and with each kind of empty value."""
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
