"""The course image and its base, as they stand on the seat."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.plugin_utils.packing import pack
from conftest import PROJECT

COURSE = "labocloud20202021:python"
BASE = "labocloud20202021:base"
AIM_BYTES = 90_000_000


@pytest.fixture
def image(docker: Callable[..., Any]) -> dict[str, Any]:
    [description] = docker("image", "inspect", COURSE)
    return description


@pytest.fixture
def base(docker: Callable[..., Any]) -> dict[str, Any]:
    [description] = docker("image", "inspect", BASE)
    return description


def test_the_revision_is_that_of_these_files_on_this_base(
    image: dict[str, Any], base: dict[str, Any]
) -> None:
    """Computed from the project's files and the seat's base, not read where the role wrote it."""
    context = hashlib.sha256(pack(PROJECT, [])).hexdigest()
    wanted = hashlib.sha256((context + fingerprint(base)).encode()).hexdigest()
    assert image["Config"]["Labels"]["labocloud.revision"] == wanted


def test_the_course_image_stands_on_the_base_that_is_there(
    image: dict[str, Any], base: dict[str, Any]
) -> None:
    layers = base["RootFS"]["Layers"]
    assert layers == image["RootFS"]["Layers"][: len(layers)]


def test_the_base_tells_what_it_was_made_from(base: dict[str, Any]) -> None:
    labels = base["Config"]["Labels"]
    assert len(labels["labocloud.revision"]) == hashlib.sha256().digest_size * 2
    assert labels["labocloud.base.source"] == "bootstrap"
    assert labels["labocloud.base.from"] == "debian:trixie"


def test_the_image_is_as_its_dockerfile_says(image: dict[str, Any]) -> None:
    config = image["Config"]
    assert config["Entrypoint"] == ["python"]
    assert config["Cmd"] == ["app.py"]
    assert config["WorkingDir"] == "/python-app"
    assert config["User"] == "10001:10001"
    assert config["Labels"]["labocloud.image"] == "course"
    assert config["ExposedPorts"] == {"8888/tcp": {}}
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "healthcheck.py"]


def test_the_image_is_small(image: dict[str, Any]) -> None:
    assert image["Size"] < AIM_BYTES


def test_the_seat_remembers_what_is_the_toolkits(
    image: dict[str, Any],
    base: dict[str, Any],
    host: Any,  # noqa: ANN401
) -> None:
    state = json.loads(host.check_output("cat /var/lib/labocloud/state.json"))
    revision = f"{COURSE}-{image['Config']['Labels']['labocloud.revision'][:12]}"
    images = {BASE: fingerprint(base), revision: fingerprint(image)}
    assert state["built"] == {
        "images": images,
        "bases": {},
        "delivered": [
            {"fingerprint": print_, "name": name, "layers": [], "rows": 0}
            for name, print_ in images.items()
        ],
    }


def test_nothing_is_left_of_the_build(image: dict[str, Any], host: Any) -> None:  # noqa: ANN401
    tags = host.check_output("docker image ls --all --format '{{.Repository}}:{{.Tag}}'").split()
    revision = f"{COURSE}-{image['Config']['Labels']['labocloud.revision'][:12]}"
    assert {tag for tag in tags if "none" not in tag} == {COURSE, BASE, revision}
    assert host.check_output("find /tmp /var/tmp -name '*labocloud*'") == ""
