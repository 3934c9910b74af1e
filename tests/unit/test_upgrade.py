"""A machine of an earlier release is taken over: it stays known what is whose."""

import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.engine import roots as engine_roots
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    fingerprint,
    fingerprint_1,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.listing import list_things
from ansible_collections.labocloud.room.plugins.modules import seat_state

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
    """Give the images that the toolkit has brought: a base, three revisions, the last one named."""
    images = [image("base", BASE)]
    for name, revision in zip(NAMES, REVISIONS, strict=True):
        names = [name, TAG] if revision == REVISIONS[-1] else [name]
        images.append(image(name[-1], *names, Labels={"labocloud.revision": revision}))
    return images


def container(key: str, name: str, on: str) -> dict[str, Any]:
    known = {"Id": key, "Names": [f"/{name}"], "ImageID": on, "State": "running", "Labels": {}}
    return known | {"SizeRw": 1, "Mounts": []}


def have(
    engine: stand_in.Engine, images: list[dict[str, Any]], *containers: dict[str, Any]
) -> None:
    """Have an engine with images and containers, and nothing else."""
    for one in images:
        for name in (one["Id"], *one["RepoTags"]):
            engine.on("GET", f"/images/{name}/json", one)
    engine.on("GET", r"/images/json.*", images)
    engine.on("GET", "/containers/json.*", list(containers))
    engine.on("GET", "/networks", [])
    engine.on("GET", "/volumes", {"Volumes": []})
    engine.on("GET", "/plugins", [])
    nothing = {"Containers": [], "Volumes": [], "BuildCache": []}
    engine.on("GET", r"/system/df.*", {"Images": images, **nothing})
    told = {"ServerVersion": "26", "DockerRootDir": "/x", "Driver": "overlay2"}
    engine.on("GET", "/info", {**told, "Swarm": {"NodeID": ""}})


# As commit ef3483e writes them: sorted, on one line, for root alone.
BEFORE: dict[str, Any] = {
    "containers": [],
    "docker_data": False,
    "docker_group": None,
    "docker_running": False,
    "files": [DAEMON_JSON],
    "held": [],
    "ids": {"cache": [], "containers": [], "images": {}, "networks": [], "swarm": ""},
    "images": [],
    "networks": [],
    "packages": ["apt", "bash"],
    "roots": {"/var/lib/containerd": "absent", "/var/lib/docker": "absent"},
    "volumes": [],
}
BROUGHT: dict[str, Any] = {
    "containers": [FLASK],
    "making": "",
    "packages": ["containerd", "docker.io"],
    "users": ["alice"],
}
BUILT: dict[str, Any] = {
    "bases": {"python:3.13-slim-trixie": "sha256:5f"},
    "images": {one["RepoTags"][0]: fingerprint(one) for one in toolkits()},
    "version": 2,
}
SERVED: dict[str, Any] = {"revisions": REVISIONS}
RECORDS = {"before": BEFORE, "brought": BROUGHT, "built": BUILT, "served": SERVED}
CONFIG = b'{"proxies": {"http-proxy": "http://me:s3cret@proxy.example"}, "data-root": "/srv"}'


@pytest.fixture
def earlier(remembers: Path) -> Path:
    """A machine of that release."""
    write(remembers, RECORDS)
    (remembers / "daemon.json").write_bytes(CONFIG)
    (remembers / "daemon.json").chmod(0o640)
    return remembers


def write(directory: Path, records: dict[str, Any]) -> None:
    """Write records as that release does."""
    directory.mkdir(mode=0o700, exist_ok=True)
    for name, value in records.items():
        path = directory / f"{name}.json"
        path.write_bytes(json.dumps(value, sort_keys=True).encode() + b"\n")
        path.chmod(0o600)


def facts() -> dict[str, Any]:
    """Give what a machine with its packages, and those of another, tells of what it remembers."""
    there = {*BEFORE["packages"], *BROUGHT["packages"], "curl"}
    return state.read().facts({one["RepoTags"][0]: one for one in toolkits()}, there)


# What the release told of it.
FACTS = {
    "before": BEFORE,
    "brought": BROUGHT,
    "built": BUILT["images"],
    "bases": BUILT["bases"],
    "served": REVISIONS,
}


def serve(remembered: state.State) -> None:
    """Change something."""
    remembered.served.append("d" * 64)


def files(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


def test_it_tells_what_it_told_before_and_after_it_is_written_anew(earlier: Path) -> None:
    assert facts() == FACTS
    assert len(files(earlier)) == 5
    assert state.update(serve)
    assert files(earlier) == ["state.json"]
    assert facts() == FACTS | {"served": [*REVISIONS, "d" * 64]}
    assert (earlier / "state.json").stat().st_mode & 0o777 == 0o600


def test_to_look_at_it_changes_nothing(earlier: Path) -> None:
    then = {name: (earlier / name).read_bytes() for name in files(earlier)}
    assert not state.update(lambda _remembered: None)
    assert state.update(serve, check=True)
    assert then == {name: (earlier / name).read_bytes() for name in files(earlier)}


def test_reset_and_removal_know_what_is_whose(
    earlier: Path, engine: stand_in.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before and after it is written anew; and its images are the builder's, so none is sent."""
    own = [*toolkits(), image("mine", "mine:1")]
    runs = container(FLASK, "flask", own[-2]["Id"])
    have(engine, own, runs, container("theirs", "flask-2", own[-1]["Id"]))
    for _ in range(2):
        with closing(DockerConnection(engine.path)) as docker:
            things, refused = list_things(docker, "pc07", [])
        assert refused == ""
        assert [one["name"] for one in things["images"]] == ["mine:1"]
        assert [one["id"] for one in things["containers"]] == ["theirs"]
        assert things["names"] == {}
        known = engine_roots.known(state.read())
        assert known["/var/lib/docker"] == known["/var/lib/containerd"] == "absent"
        assert known["/srv"] == "empty"
        assert facts()["built"] == {one["RepoTags"][0]: fingerprint(one) for one in toolkits()}
        state.update(serve)
    place = tmp_path / "given back"
    state.update(lambda remembered: remembered.files.update({str(place): kept(remembered)}))
    assert seat_state.give_back(str(place), check=False)
    assert (place.read_bytes(), place.stat().st_mode & 0o777) == (CONFIG, 0o640)


def kept(remembered: state.State) -> dict[str, Any]:
    """Give the daemon.json of before."""
    return remembered.files[DAEMON_JSON]


def test_an_installation_that_it_was_at_is_known(remembers: Path) -> None:
    coming = {"packages": [], "users": [], "coming": ["docker.io", "none"], "policy_rc_d": True}
    write(remembers, RECORDS | {"brought": coming})
    assert facts()["brought"] == {"packages": ["docker.io"], "users": []}
    assert state.read().brought["policy_rc_d"] is True
    state.update(serve)
    assert state.read().brought == coming


def test_a_copy_without_the_record_that_tells_of_it_is_none(earlier: Path) -> None:
    """The run ended between the two: the toolkit has changed nothing yet."""
    (earlier / "before.json").unlink()
    assert state.read().files == {}
    assert facts()["before"] is None


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("text", ["", "{", "[]", '{"packages": 5, "docker": null}', "[" * 100_000])
def test_a_torn_record_is_told_and_nothing_is_written(
    earlier: Path, record: str, text: str
) -> None:
    (earlier / f"{record}.json").write_text(text)
    (earlier / "served.json").write_text("{")
    with pytest.raises(state.TornError, match=rf"/{record}\.json .*") as torn:
        state.update(serve)
    # All that is torn is told at once.
    assert f"{earlier}/served.json cannot be read" in str(torn.value)
    assert (earlier / f"{record}.json").exists()
    assert "state.json" not in files(earlier)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("before", '{"packages": 5, "docker_data": true}', "before.packages is not a list"),
        ("before", '{"docker_data": true}', "before.packages lacks"),
        ("before", '{"packages": ["a", null], "docker_data": true}', "packages[1] is not a text"),
        ("before", '{"packages": [], "docker_data": true, "ids": []}', "before.ids is not an obj"),
        ("before", '{"packages": [], "packages": [], "docker_data": true}', "a key is in it twice"),
        ("brought", '{"packages": 5, "docker": null}', "brought.packages is not a list"),
        ("brought", '{"policy_rc_d": "yes"}', "policy_rc_d is not true or false"),
        ("brought", '{"other": NaN}', "NaN is no number"),
        ("built", '{"version": "2", "images": {}}', "built.version is not a whole number"),
        ("built", '{"version": 2, "images": []}', "built.images is not an object"),
        ("built", '{"room:base": 5}', "holds no such record"),
        ("served", '{"revisions": "abc"}', "served.revisions is not a list"),
        ("served", "{}", "served.revisions lacks"),
        ("brought", '{"a":' * 40 + "1" + "}" * 40, "is not JSON of at most 30 levels"),
        ("brought", '{"a":' * 100_000, "nested too deep"),
        ("brought", '{"a": ' + "9" * 5000 + "}", "cannot be read"),
        ("brought", '{"a": "' + "x" * state.LARGEST + '"}', "larger than"),
        ("state", '{"version": 3}', "state.before lacks"),
    ],
)
def test_a_record_of_another_shape_is_torn(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    """And told in a sentence that can be read, with the file's name."""
    (tmp_path / f"{name}.json").write_text(text)
    with pytest.raises(state.TornError) as torn:
        state.read(tmp_path)
    assert str(torn.value).startswith(f"{tmp_path}/{name}.json ")
    assert words in str(torn.value)
    assert len(str(torn.value)) < 600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("before", {"packages": [], "docker_data": False}),
        ("before", {"packages": ["a"], "docker_data": True, "docker_group": None, "new": {"a": 1}}),
        ("brought", {}),
        ("brought", {"packages": ["a"], "making": "", "containers": ["id"], "new": [1]}),
    ],
)
def test_records_of_all_releases_are_read_and_kept(
    remembers: Path, name: str, value: dict[str, Any]
) -> None:
    write(remembers, {name: value})
    assert getattr(state.read(), name) == value
    state.update(serve)
    assert getattr(state.read(), name) == value


@pytest.mark.parametrize(
    ("value", "built"),
    [
        ({}, {"images": {}, "bases": {}, "earlier": {}}),
        ({"room:base": "m"}, {"images": {}, "bases": {}, "earlier": {"room:base": "m"}}),
        ({"version": 2}, {"images": {}, "bases": {}, "earlier": {}}),
        (
            {"version": 2, "images": {"room:base": "m"}, "bases": {"python:3": "d"}},
            {"images": {"room:base": "m"}, "bases": {"python:3": "d"}, "earlier": {}},
        ),
    ],
)
def test_what_was_built_is_read_of_all_releases(
    remembers: Path, value: dict[str, Any], built: dict[str, Any]
) -> None:
    write(remembers, {"built": value})
    assert state.read().built == built
    state.update(serve)
    assert state.read().built == built


def test_a_daemon_json_that_is_no_file_is_told(earlier: Path) -> None:
    (earlier / "daemon.json").unlink()
    os.mkfifo(earlier / "daemon.json")
    with pytest.raises(state.TornError, match=r"daemon\.json is no regular file"):
        state.read()


class PowerCutError(BaseException):
    """Nothing is tidied up."""


def cut(*_more: object) -> None:
    """End all of it."""
    raise PowerCutError


def test_a_kill_before_the_new_name_leaves_what_was_there(
    earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", cut)
        with pytest.raises(PowerCutError):
            state.update(serve)
    assert facts() == FACTS
    state.update(serve)
    assert files(earlier) == ["state.json"]


@pytest.mark.parametrize("before", range(5))
def test_a_kill_before_the_old_ones_are_removed_is_mended_by_the_next_write(
    earlier: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    """However many of them are gone: what is remembered is the new file's."""
    unlink, gone = Path.unlink, []

    def unlinking(path: Path) -> None:
        if not path.name.endswith(".part"):
            if len(gone) == before:
                raise PowerCutError
            gone.append(path.name)
        unlink(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", unlinking)
        with pytest.raises(PowerCutError):
            state.update(serve)
    assert len(files(earlier)) == 6 - before
    # What is left of the old ones is no one's, whatever it says.
    for name in state.OLD_FILES:
        if (earlier / name).exists():
            (earlier / name).write_text("{")
    assert facts() == FACTS | {"served": [*REVISIONS, "d" * 64]}
    state.update(lambda remembered: remembered.served.append("e" * 64))
    assert files(earlier) == ["state.json"]


def test_what_is_forgotten_is_forgotten_of_the_old_ones_too(earlier: Path) -> None:
    assert state.forget()
    assert not earlier.exists()


def test_images_of_a_release_whose_fingerprints_covered_less_are_known(
    remembers: Path, engine: stand_in.Engine
) -> None:
    """And each that is named anew from then on by the fingerprint of today."""
    own = toolkits()
    write(remembers, {"before": BEFORE, "built": {o["RepoTags"][0]: fingerprint_1(o) for o in own}})
    have(engine, [*own, image("mine", "mine:1")])
    for _ in range(2):
        assert facts()["built"] == BUILT["images"]
        with closing(DockerConnection(engine.path)) as docker:
            things, _refused = list_things(docker, "pc07", [])
        assert [one["name"] for one in things["images"]] == ["mine:1"]
        assert things["names"] == {}
        state.update(serve)
    state.update(lambda remembered: remembered.name_image(BASE, "print of today"))
    assert facts()["built"] == BUILT["images"] | {BASE: "print of today"}
    state.update(lambda remembered: remembered.forget_image(NAMES[0]))
    assert set(facts()["built"]) == {BASE, *NAMES[1:]}


def test_a_trap_under_the_bases_name_is_not_taken_for_it(
    remembers: Path, engine: stand_in.Engine
) -> None:
    """It has the earlier fingerprint of the base, and runs what a student wrote in each build."""
    write(remembers, {"before": BEFORE, "built": {BASE: fingerprint_1(image("base", BASE))}})
    have(engine, [image("base", BASE, OnBuild=["RUN evil"])])
    with closing(DockerConnection(engine.path)) as docker:
        things, _refused = list_things(docker, "pc07", [])
    assert [one["name"] for one in things["images"]] == [BASE]
