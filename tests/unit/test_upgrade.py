"""A machine whose state.json an earlier release has written is taken over as it is.

Each of VERSION_3 is what a release of that version has written, word for word.
"""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.reset.listing import list_things
from ansible_collections.labocloud.room.plugins.module_utils.shapes import faults
from ansible_collections.labocloud.room.plugins.modules import seat_state
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_shape import SEAT

BASE, TAG = "room:base", "room:python"
REVISIONS = [letter * 64 for letter in "abc"]
NAMES = [f"{TAG}-{revision[:12]}" for revision in REVISIONS]
FLASK = "f" * 64
DAEMON_JSON = "/etc/docker/daemon.json"


def image(key: str, *names: str, **config: object) -> dict[str, Any]:
    return {
        "Id": f"sha256:{key}",
        "RepoTags": list(names),
        "RepoDigests": [],
        "Parent": "",
        "Size": 1,
        "SharedSize": 0,
        "Config": {"Cmd": [key], "OnBuild": None, "Volumes": None, **config},
        "RootFS": {"Layers": ["sha256:1", f"sha256:{key}"]},
        "Architecture": "amd64",
    }


def toolkits() -> list[dict[str, Any]]:
    """Return the images that the toolkit brought: a base, and three revisions, the last named."""
    images = [image("base", BASE)]
    for name, revision in zip(NAMES, REVISIONS, strict=True):
        names = [name, TAG] if revision == REVISIONS[-1] else [name]
        images.append(image(name[-1], *names, Labels={"labocloud.revision": revision}))
    return images


def container(key: str, name: str, on: str) -> dict[str, Any]:
    description = {
        "Id": key,
        "Names": [f"/{name}"],
        "ImageID": on,
        "State": "running",
        "Labels": {},
    }
    return description | {"SizeRw": 1, "Mounts": []}


def have(
    engine: stand_in.Engine, images: list[dict[str, Any]], *containers: dict[str, Any]
) -> None:
    """Let the engine answer with images and containers, and nothing else."""
    for description in images:
        for name in (description["Id"], *description["RepoTags"]):
            engine.on("GET", f"/images/{name}/json", description)
    engine.on("GET", r"/images/json.*", images)
    engine.on("GET", "/containers/json.*", list(containers))
    engine.on("GET", "/networks", [])
    engine.on("GET", "/volumes", {"Volumes": []})
    engine.on("GET", "/plugins", [])
    nothing = {"Containers": [], "Volumes": [], "BuildCache": []}
    engine.on("GET", r"/system/df.*", {"Images": images, **nothing})
    info = {"ServerVersion": "26", "DockerRootDir": "/x", "Driver": "overlay2"}
    engine.on("GET", "/info", {**info, "Swarm": {"NodeID": ""}})


NO_IDS = '"ids": {"cache": [], "containers": [], "images": {}, "networks": [], "swarm": ""}'
RAN_IDS = NO_IDS.replace('"swarm"', '"plugins": [], "swarm"')
BEFORE = (
    '{"containers": [], "docker_data": false, "docker_group": null, "docker_running": false,'
    f' "files": ["/etc/docker/daemon.json"], "held": [], {NO_IDS}, "images": [], "networks": [],'
    ' "packages": ["apt", "bash"], "roots": {"/srv": "empty", "/var/lib/containerd": "absent",'
    ' "/var/lib/docker": "absent"}, "volumes": []}'
)
# Where no engine was to be installed, it was not recorded what its directories were like.
NO_ROOTS = BEFORE.replace(
    '"roots": {"/srv": "empty", "/var/lib/containerd": "absent", "/var/lib/docker": "absent"}, ', ""
)
RAN = BEFORE.replace('"docker_running": false', '"docker_running": true').replace(NO_IDS, RAN_IDS)
BUILT: dict[str, dict[str, str]] = {
    "bases": {"python:3.13-slim-trixie": "sha256:5f"},
    "earlier": {},
    "images": {
        toolkits_image["RepoTags"][0]: fingerprint(toolkits_image) for toolkits_image in toolkits()
    },
}
CONFIG = b'{"proxies": {"http-proxy": "http://me:s3cret@proxy.example"}, "data-root": "/srv"}'
NOTHING_BUILT = '{"bases": {}, "earlier": {}, "images": {}}'


def written(
    before: str = BEFORE,
    brought: str = "{}",
    built: str = NOTHING_BUILT,
    files: str = "{}",
    served: str = "[]",
) -> bytes:
    """Return a file as a release of version 3 writes it."""
    return (
        f'{{"before": {before}, "brought": {brought}, "built": {built}, "files": {files},'
        f' "served": {served}, "version": 3}}\n'
    ).encode()


READY = written(
    brought=(
        f'{{"containers": ["{FLASK}"], "making": "", "packages": ["containerd", "docker.io"],'
        ' "taken": [], "users": ["alice"]}'
    ),
    built=json.dumps(BUILT, sort_keys=True),
    files=json.dumps({DAEMON_JSON: {"mode": 0o640, "text": CONFIG.decode()}}, sort_keys=True),
    served=json.dumps(REVISIONS),
)
MOVING = '{"images": {"a:1": "f"}, "left": ["/var/lib/docker"], "path": "/a", "sha256": "b"}'
# Each with what the packages that it brought are, of which docker.io is there.
VERSION_3 = {
    "ready": (READY, ["containerd", "docker.io"]),
    "a registry alone": (written(NO_ROOTS), []),
    "Docker ran before": (written(RAN, '{"packages": []}'), []),
    "interrupted": (
        written(brought='{"coming": ["docker.io", "runc"], "policy_rc_d": true}'),
        ["docker.io"],
    ),
    "interrupted anew": (
        written(brought='{"coming": ["tini"], "packages": ["runc"], "policy_rc_d": false}'),
        ["runc"],
    ),
    "moving": (written(brought=f'{{"moving": {MOVING}, "taken": ["bob"], "users": []}}'), []),
    "making": (written(brought='{"containers": [], "making": "flask-next"}'), []),
    "images before all else": (written("null", built=json.dumps(BUILT, sort_keys=True)), []),
}


def have_written(directory: Path, data: bytes) -> Path:
    """Write a machine's state, and return its file."""
    directory.mkdir(mode=0o700)
    path = directory / "state.json"
    path.write_bytes(data)
    return path


def serve(remembered: state.State) -> None:
    """Change something."""
    remembered.served.append("d" * 64)


@pytest.mark.parametrize("kind", VERSION_3)
def test_it_is_read_and_nothing_of_it_is_written_anew(remembers: Path, kind: str) -> None:
    data, packages = VERSION_3[kind]
    path = have_written(remembers, data)
    whole = json.loads(data)
    facts = state.read().facts({"bash", "docker.io", "curl"})
    brought = {"users": [], **whole["brought"], "packages": packages}
    for key in state.UNDER_WAY:
        brought.pop(key, None)
    assert facts == {
        "before": whole["before"],
        "brought": brought,
        "built": whole["built"]["images"],
        "delivered": [
            {"fingerprint": print_, "name": name, "layers": [], "rows": 0}
            for name, print_ in whole["built"]["images"].items()
        ],
        "bases": whole["built"]["bases"],
        "served": whole["served"],
    }
    # The facts have the shape that the control machine accepts.
    assert list(faults(facts, {key: SEAT[key] for key in facts}, "seat")) == []
    assert not state.update(lambda _remembered: None)
    assert path.read_bytes() == data
    # The content stays when something is added.
    assert state.update(serve)
    assert json.loads(path.read_bytes()) == whole | {"served": [*whole["served"], "d" * 64]}


def test_reset_and_removal_know_what_is_whose(
    remembers: Path, engine: stand_in.Engine, tmp_path: Path
) -> None:
    """This holds before and after the record is rewritten; no image needs to be sent again."""
    have_written(remembers, READY)
    own = [*toolkits(), image("mine", "mine:1")]
    runs = container(FLASK, "flask", own[-2]["Id"])
    have(engine, own, runs, container("theirs", "flask-2", own[-1]["Id"]))
    for _ in range(2):
        with closing(DockerConnection(engine.path)) as docker:
            things, refused = list_things(docker, "pc07", [])
        assert refused == ""
        assert [row["name"] for row in things["images"]] == ["mine:1"]
        assert [row["id"] for row in things["containers"]] == ["theirs"]
        assert things["names"] == {}
        state.update(serve)
    place = tmp_path / "given back"
    state.update(lambda remembered: remembered.files.update({str(place): previous(remembered)}))
    assert seat_state.give_back(str(place), check=False)
    assert (place.read_bytes(), place.stat().st_mode & 0o777) == (CONFIG, 0o640)


def previous(remembered: state.State) -> dict[str, Any]:
    """Return the recorded previous daemon.json."""
    return remembered.files[DAEMON_JSON]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"version": 3}', "state.before lacks"),
        (written(BEFORE.replace('["apt", "bash"]', "5")), "before.packages is not a list"),
        (written(BEFORE.replace('"apt"', "null")), "before.packages[0] is not a text"),
        (written(BEFORE.replace('"held": [], ', "")), "before.held lacks"),
        (written(BEFORE.replace(NO_IDS, '"ids": []')), "before.ids is not an object"),
        (written(BEFORE.replace('"held"', '"files"')), "a key is in it twice"),
        (written(brought='{"packages": 5}'), "brought.packages is not a list"),
        (written(brought='{"policy_rc_d": "yes"}'), "policy_rc_d is not true or false"),
        (written(brought='{"other": NaN}'), "NaN is no number"),
        (written(built='{"images": [], "bases": {}}'), "built.images is not an object"),
        (written(served='"abc"'), "served is not a list"),
        (written(brought='{"a":' * 40 + "1" + "}" * 40), "is not JSON of at most 30 levels"),
        (written(brought='{"a":' * 100_000), "nested too deep"),
        (written(brought='{"a": ' + "9" * 5000 + "}"), "cannot be read"),
        (written(brought='{"a": "' + "x" * state.LARGEST + '"}'), "larger than"),
    ],
    ids=range(15),
)
def test_what_no_release_has_written_is_torn(remembers: Path, data: bytes, words: str) -> None:
    """The message is readable and names the file; nothing is written."""
    path = have_written(remembers, data)
    with pytest.raises(state.TornError) as torn:
        state.update(serve)
    assert str(torn.value).startswith(f"{path} ")
    assert words in str(torn.value)
    assert len(str(torn.value)) < 600
    assert path.read_bytes() == data
