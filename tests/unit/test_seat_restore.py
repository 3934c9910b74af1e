"""Show what seat_restore requests of an engine, and what it does where a request or file fails."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import image_tar
import mutated
import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import commands
from ansible_collections.labocloud.room.plugins.module_utils.engine import client
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.reset import (
    lock,
    recreating,
    restoring,
)
from ansible_collections.labocloud.room.plugins.modules import seat_restore
from hypothesis import given

SHORT = "0123456789ab"
KEY = SHORT + "0" * 52
OTHER = "b" * 64


def container(config: dict[str, Any], host: dict[str, Any], *mounts: dict) -> dict[str, Any]:
    return {
        "Id": KEY,
        "Name": "/web",
        "Config": {"Hostname": SHORT, "Image": "mine:1", "Labels": None} | config,
        "HostConfig": {"Binds": None, "NetworkMode": "default"} | host,
        "Mounts": list(mounts),
        "NetworkSettings": {"Networks": {}},
    }


def mounted(name: str, destination: str, **options: object) -> dict[str, Any]:
    return {"Type": "volume", "Name": name, "Destination": destination} | options


def test_it_runs_on_the_saved_image_and_is_marked() -> None:
    saved = container({"Labels": {"a": "b"}, "Env": ["X=1"]}, {})
    request, without = recreating.recreated(saved, "mark")
    assert without == []
    assert request["Image"] == f"labocloud-saved:{SHORT}"
    assert request["Labels"] == {"a": "b", "labocloud.restored": "mark"}
    assert request["Env"] == ["X=1"]


@pytest.mark.parametrize(("hostname", "stays"), [(SHORT, False), ("pc", True)])
def test_a_host_name_that_was_the_engines_choice_is_chosen_anew(hostname: str, stays: bool) -> None:
    request, _ = recreating.recreated(container({"Hostname": hostname}, {}), "mark")
    assert ("Hostname" in request) is stays


def test_a_volume_that_had_no_name_given_is_mounted_by_the_one_it_had() -> None:
    host = {
        "Binds": ["data:/data:ro", "/etc:/host"],
        "Mounts": [{"Type": "volume", "Target": "/v"}],
    }
    saved = container({}, host, mounted("data", "/data"), mounted("f00", "/v"))
    request = recreating.recreated(saved, "mark")[0]["HostConfig"]
    assert request["Binds"] == ["data:/data:ro", "/etc:/host", "f00:/v"]
    assert request["Mounts"] == []


def test_what_was_mounted_by_name_is_mounted_once() -> None:
    named = {"Type": "volume", "Source": "data", "Target": "/data"}
    memory = {"Type": "tmpfs", "Target": "/memory"}
    saved = container({}, {"Mounts": [named, memory]}, mounted("data", "/data"))
    request = recreating.recreated(saved, "mark")[0]["HostConfig"]
    assert request["Binds"] == []
    assert request["Mounts"] == [named, memory]


def test_a_bind_without_a_colon_is_a_place_for_a_volume_without_a_name() -> None:
    host = {"Binds": ["/data", "named:/named/"]}
    saved = container({}, host, mounted("f00", "/data"), mounted("named", "/named"))
    request = recreating.recreated(saved, "mark")[0]["HostConfig"]
    assert request["Binds"] == ["named:/named/", "f00:/data"]


def test_what_it_had_of_another_container_is_mounted_by_name_and_as_it_was() -> None:
    bind = {"Type": "bind", "Source": "/srv", "Destination": "/srv", "RW": True}
    memory = {"Type": "tmpfs", "Source": "", "Destination": "/memory"}
    saved = container(
        {}, {"VolumesFrom": ["other:ro"]}, mounted("data", "/data", RW=False), bind, memory
    )
    request = recreating.recreated(saved, "mark")[0]["HostConfig"]
    assert request["Binds"] == ["data:/data:ro", "/srv:/srv"]
    assert request["VolumesFrom"] is None


def test_what_it_has_of_a_container_that_came_back_it_has_of_that() -> None:
    network_mode = f"container:{OTHER}"
    host = {
        "NetworkMode": network_mode,
        "PidMode": network_mode,
        "IpcMode": network_mode,
        "Links": ["/db:/web/d"],
    }
    saved = container({"ExposedPorts": {"80/tcp": {}}, "Hostname": "pc"}, host)
    request, without = recreating.recreated(saved, "mark", lambda name: f"new-{name[:2]}")
    assert without == []
    host = request["HostConfig"]
    assert [host[key] for key in recreating.MODES] == ["container:new-bb"] * 3
    assert host["Links"] == ["new-db:d"]
    # An engine refuses these settings together with the network of another container.
    assert not {"ExposedPorts", "Hostname"} & set(request)


@pytest.mark.parametrize("mode", recreating.MODES)
def test_its_name_and_ports_go_with_anothers_network_alone(mode: str) -> None:
    config = {"ExposedPorts": {"80/tcp": {}}, "Hostname": "pc", "Domainname": ""}
    saved = container(config, {mode: f"container:{OTHER}"})
    request, _ = recreating.recreated(saved, "mark", lambda _: "new")
    assert (set(config) <= set(request)) is (mode != "NetworkMode")


def test_what_it_had_of_a_container_that_is_gone_it_does_without() -> None:
    network_mode = f"container:{OTHER}"
    host = {
        "NetworkMode": network_mode,
        "PidMode": network_mode,
        "IpcMode": "private",
        "Links": ["/db:/web/d"],
    }
    request, without = recreating.recreated(container({}, host), "mark")
    host = request["HostConfig"]
    assert [host[key] for key in (*recreating.MODES, "Links")] == ["none", "", "private", []]
    assert without == [
        f"NetworkMode container:{OTHER[:12]}",
        f"PidMode container:{OTHER[:12]}",
        "the link to db",
    ]


def test_those_come_first_of_which_others_have_something() -> None:
    def named(name: str, **host: object) -> dict[str, Any]:
        saved = container({}, host)
        return saved | {"Id": name * 64, "Name": f"/{name}"}

    a = named("a", NetworkMode=f"container:{'c' * 64}")
    b = named("b", Links=["/a:/b/a", "/gone:/b/g"])
    c = named("c", PidMode=f"container:{'c' * 64}")
    assert recreating.in_order([b, a, c]) == [c, a, b]


@pytest.mark.parametrize(
    ("config", "chosen"),
    [
        ([{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}], True),
        ([{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1", "IPRange": ""}], True),
        ([{"Subnet": "fd00::/64", "Gateway": "fd00::1/64"}], True),
        ([{"Subnet": "10.1.0.0/16"}], False),
        ([{"Subnet": "10.1.0.0/16", "Gateway": "10.1.0.254"}], False),
        ([{"Subnet": "10.1.0.0/16", "Gateway": "10.1.0.1", "IPRange": "10.1.4.0/24"}], False),
    ],
)
def test_addresses_that_the_engine_has_chosen(config: list[dict[str, str]], chosen: bool) -> None:
    assert restoring.is_chosen_by_engine({"IPAM": {"Config": config}}) is chosen


class Seat:
    """An engine, and a directory with what was saved of another engine."""

    def __init__(self, engine: stand_in.Engine, directory: Path) -> None:
        self.engine = engine
        self.src = directory / "labocloud-saved-mine"
        self.src.mkdir()
        self.containers: dict[str, dict[str, Any]] = {}
        self.networks: dict[str, dict[str, Any]] = {}
        self.images: dict[str, str] = {}
        self.volumes: dict[str, Any] = {}
        self.directory = directory / "volumes"
        kinds = ("containers", "volumes", "networks", "images", "left_out")
        self.manifest: dict[str, Any] = {kind: [] for kind in kinds}
        engine.on("GET", "/containers/(.*)/json", lambda _, name: self.container(name))
        engine.on("POST", r"/containers/create\?name=(.*)", self.create)
        engine.on("POST", r"/containers/(.*)/rename\?name=(.*)", self.rename)
        engine.on("DELETE", "/containers/(.*)", self.remove)
        engine.on("GET", "/networks/(.*)", lambda _, name: self.networks.get(name, ABSENT))
        engine.on("POST", "/networks/create", self.network)
        engine.on("POST", "/networks/.*/connect", None)
        engine.on("GET", "/images/(.*)/json", lambda _, name: self.image(name))
        engine.on("POST", r"/images/(.*)/tag\?repo=(.*)&tag=(.*)", self.tag)
        engine.on("DELETE", r"/images/(.*)\?noprune=true", self.untag)
        engine.on("POST", r"/images/load\?quiet=1", self.load)
        engine.on("GET", "/volumes/(.*)", lambda _, name: self.volumes.get(name, ABSENT))
        engine.on("POST", "/volumes/create", self.volume)

    def container(self, name: str) -> object:
        """Describe a container, by its name or ID."""
        return next(
            (row for row in self.containers.values() if name in (row["Name"], row["Id"])), ABSENT
        )

    def create(self, question: stand_in.Question, name: str) -> object:
        """Create a container."""
        key = f"{len(self.containers):064x}"
        request = question.json
        self.containers[key] = {"Id": key, "Name": name, "Config": request, **request}
        return {"Id": key}

    def rename(self, _: stand_in.Question, key: str, name: str) -> object:
        """Rename a container."""
        self.containers[key]["Name"] = name
        return None

    def remove(self, _: stand_in.Question, key: str) -> object:
        """Remove a container."""
        return None if self.containers.pop(key, None) else ABSENT

    def network(self, question: stand_in.Question) -> object:
        """Create a network."""
        self.networks[question.json["Name"]] = question.json
        return None

    def image(self, name: str) -> object:
        """Describe an image."""
        key = self.images.get(name.replace("%3A", ":"))
        names = [name for name, other in self.images.items() if other == key]
        return {"Id": key, "RepoTags": names} if key else ABSENT

    def tag(self, _: stand_in.Question, key: str, repository: str, tag: str) -> object:
        """Add a name to an image."""
        self.images[f"{repository}:{tag}"] = key.replace("%3A", ":")
        return None

    def untag(self, _: stand_in.Question, name: str) -> object:
        """Take a name from an image."""
        del self.images[name]
        return []

    def load(self, question: stand_in.Question) -> object:
        """Load an archive: each name gets an image of its own."""
        tar = subprocess.run(
            ["tar", "-xO", "manifest.json"], input=question.body, capture_output=True, check=True
        ).stdout
        for name in json.loads(tar)[0]["RepoTags"]:
            self.images[name] = f"sha256:{name[-12:]}"
        return {"stream": "Loaded"}

    def volume(self, question: stand_in.Question) -> object:
        """Create a volume."""
        name = question.json["Name"]
        place = self.directory / name / "_data"
        place.mkdir(parents=True)
        self.volumes[name] = question.json | {"Mountpoint": str(place)}
        return self.volumes[name]

    def save(self, **content: object) -> None:
        """Write a save of this content, with the archives that belong to it."""
        self.manifest |= content
        names = [row["tag"] for row in self.manifest["images"]]
        names += [f"labocloud-saved:{row['Id'][:12]}" for row in self.manifest["containers"]]
        if names:
            self.pack("images.tar.zst", image_tar.images(*names))
        members = [(f"{row['Name']}/_data/file", b"precious") for row in self.manifest["volumes"]]
        if members:
            self.pack("volumes.tar.zst", image_tar.tar(*members))
        self.write()

    def pack(self, name: str, content: bytes) -> None:
        """Write a packed archive."""
        command = ["zstd", "-q", "-f", "-o", self.src / name]
        subprocess.run(command, input=content, check=True)

    def write(self) -> None:
        """Write the manifest."""
        files = {path.name: digest(path) for path in self.src.glob("*.zst")}
        (self.src / "manifest.json").write_text(json.dumps(self.manifest | {"files": files}))

    def restore(self) -> dict[str, Any]:
        """Restore the save, and return the result of the module."""
        return stand_in.run(seat_restore.main, docker_socket=self.engine.path, src=str(self.src))

    def names(self) -> list[str]:
        """Return the names of the containers of this engine."""
        return [row["Name"] for row in self.containers.values()]


ABSENT = stand_in.Refuse(404)


def saved_container(name: str, **host: object) -> dict[str, Any]:
    """Return a saved container with this name; its ID repeats the name's first letter."""
    return container({}, host) | {"Id": name[0] * 64, "Name": f"/{name}"}


def network(name: str, *config: dict[str, str], **options: object) -> dict[str, Any]:
    return {
        "Name": name,
        "Scope": "local",
        "Driver": "bridge",
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": list(config)},
        "Internal": False,
        "Attachable": False,
        "Options": {},
        "Labels": {},
    } | options


def volume(name: str, **options: str) -> dict[str, Any]:
    return {"Name": name, "Driver": "local", "Options": options or None, "Labels": None}


IMAGE = {"tag": "labocloud-saved:cccccccccccc", "id": "sha256:cccccccccccc", "names": ["tp3:1"]}


@pytest.fixture
def seat(
    engine: stand_in.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Seat]:
    monkeypatch.setattr(lock, "LOCK", tmp_path / "lock")
    return Seat(engine, tmp_path)


def test_all_comes_back_and_once(seat: Seat) -> None:
    seat.save(
        containers=[saved_container("bob"), saved_container("alice")],
        images=[IMAGE],
        volumes=[volume("data"), volume("outside", type="none", device="/home", o="bind")],
        networks=[network("net", {"Subnet": "10.1.0.0/16"})],
        left_out=["data/_data/sock"],
    )
    result = seat.restore()
    assert not result.get("failed"), result
    assert result["lines"] == [
        "volume data",
        "volume outside",
        "network net",
        "not saved, since it is a socket: data/_data/sock",
        "image tp3:1",
        "container bob, stopped: docker start bob",
        "container alice, stopped: docker start alice",
    ]
    assert (seat.directory / "data/_data/file").read_text() == "precious"
    # The data of the volume are on the device, and it is created with its saved options.
    assert not (seat.directory / "outside/_data/file").exists()
    assert seat.volumes["outside"]["DriverOpts"]["device"] == "/home"
    assert seat.names() == ["bob", "alice"]
    assert seat.images["tp3:1"] == IMAGE["id"]
    # The name in the archive is removed after loading.
    assert IMAGE["tag"] not in seat.images
    again = seat.restore()
    assert (again["changed"], again["lines"]) == (False, [])
    assert len(seat.containers) == 2


def test_a_container_that_is_not_made_is_not_told_as_made(seat: Seat) -> None:
    """The engine may lack its image, for example."""
    create = seat.create

    def refuse(question: stand_in.Question, name: str) -> object:
        return ABSENT if "bbb" in name else create(question, name)

    seat.engine.on("POST", r"/containers/create\?name=(.*)", refuse)
    seat.save(containers=[saved_container("bob"), saved_container("alice")])
    result = seat.restore()
    assert result["failed"]
    assert "container bob: POST /containers/create" in result["msg"]
    assert "container alice, stopped" in result["msg"]
    assert seat.names() == ["alice"]
    seat.engine.on("POST", r"/containers/create\?name=(.*)", create)
    assert seat.restore()["lines"] == ["container bob, stopped: docker start bob"]


@pytest.mark.parametrize(
    ("config", "comes"),
    [
        ({"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}, True),
        ({"Subnet": "10.1.0.0/16"}, False),
    ],
)
def test_a_subnet_that_is_taken(seat: Seat, config: dict[str, str], comes: bool) -> None:
    make = seat.network

    def create(question: stand_in.Question) -> object:
        if question.json["IPAM"].get("Config"):
            return stand_in.Refuse(403, "Pool overlaps with other one on this address space")
        return make(question)

    seat.engine.on("POST", "/networks/create", create)
    bob = saved_container("bob", NetworkMode="net")
    bob["NetworkSettings"]["Networks"]["net"] = {"IPAMConfig": None, "Aliases": None}
    seat.save(
        networks=[network("net", config), network("free")],
        containers=[bob, saved_container("alice")],
    )
    result = seat.restore()
    assert result.get("failed", False) is not comes
    assert "network free" in result["lines"]
    assert "alice" in seat.names()
    if comes:
        line = "network net, with another subnet: 172.18.0.0/16 is taken"
        assert line in result["lines"]
        assert "bob" in seat.names()
    else:
        assert result["missing"][0].startswith("network net: POST /networks/create: 403")
        assert result["missing"][1:] == ["container bob: it waits for the network net"]
        # The same command completes it later.
        seat.engine.on("POST", "/networks/create", make)
        assert not seat.restore().get("failed")
        assert seat.containers[f"{1:064x}"]["HostConfig"]["NetworkMode"] == "net"


def test_a_network_that_is_refused_for_another_reason_is_told(seat: Seat) -> None:
    seat.engine.on("POST", "/networks/create", stand_in.Refuse(500, "no such driver"))
    seat.save(networks=[network("net", {"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"})])
    assert "no such driver" in seat.restore()["msg"]
    assert len(seat.engine.asked("POST")) == 1


def test_what_was_on_a_swarms_network_does_without(seat: Seat) -> None:
    bob = saved_container("bob", NetworkMode="over")
    bob["NetworkSettings"]["Networks"]["over"] = {"IPAMConfig": None, "Aliases": None}
    seat.save(networks=[network("over", Scope="swarm")], containers=[bob])
    result = seat.restore()
    assert result["missing"] == [
        "network over: it was a swarm's. Fix: docker network create -d overlay over",
        "container bob is here without the network over",
    ]
    assert seat.containers[f"{0:064x}"]["HostConfig"]["NetworkMode"] == "none"


def test_a_network_of_another_name_is_not_taken_for_one_that_is_lacking(seat: Seat) -> None:
    """An engine takes a name for the beginning of an ID."""
    seat.networks["ab"] = {"Name": "other", "Id": "ab12"}
    seat.save(networks=[network("ab")])
    assert seat.restore()["lines"] == ["network ab"]


def test_a_container_joins_that_of_the_same_save(seat: Seat) -> None:
    """The restored container has a new ID."""
    seat.save(
        containers=[
            saved_container("alice", NetworkMode=f"container:{'b' * 64}"),
            saved_container("bob"),
        ]
    )
    assert not seat.restore().get("failed")
    assert seat.names() == ["bob", "alice"]
    host = seat.containers[f"{1:064x}"]["HostConfig"]
    assert host["NetworkMode"] == f"container:{0:064x}"


def test_a_container_that_joined_one_that_is_gone_comes_without_it(seat: Seat) -> None:
    seat.save(
        containers=[
            saved_container("alice", NetworkMode=f"container:{'9' * 64}"),
            saved_container("bob"),
        ]
    )
    result = seat.restore()
    assert result["missing"] == [
        f"container alice is here without NetworkMode container:{'9' * 12}"
    ]
    assert seat.names() == ["alice", "bob"]


def test_a_container_whose_volume_did_not_come_waits_for_it(seat: Seat) -> None:
    """Otherwise the engine would create an empty volume of that name."""
    bob = container({}, {"Binds": ["bad:/data"]}, mounted("bad", "/data"))
    seat.save(volumes=[volume("bad"), volume("good")], containers=[bob])
    seat.engine.on(
        "POST",
        "/volumes/create",
        lambda question: stand_in.Refuse(500) if b"bad" in question.body else seat.volume(question),
    )
    result = seat.restore()
    assert result["missing"][1:] == ["container web: it waits for the volume bad"]
    assert result["lines"] == ["volume good"]
    assert seat.containers == {}


def test_a_container_that_cannot_join_a_network_is_made_anew_by_the_next_run(seat: Seat) -> None:
    bob = saved_container("bob", NetworkMode="bridge")
    for name in ("bridge", "net"):
        bob["NetworkSettings"]["Networks"][name] = {"IPAMConfig": None, "Aliases": ["x", "b" * 12]}
    seat.save(networks=[network("net")], containers=[bob])
    seat.engine.on("POST", "/networks/.*/connect", stand_in.Refuse(500))
    assert seat.restore()["failed"]
    assert seat.containers == {}
    joined = next(
        question for question in seat.engine.questions if question.path == "/networks/net/connect"
    )
    assert joined.json["EndpointConfig"]["Aliases"] == ["x"]
    seat.engine.on("POST", "/networks/.*/connect", None)
    assert seat.restore()["lines"] == ["container bob, stopped: docker start bob"]


def test_what_was_interrupted_is_made_anew_and_nothing_of_anothers_removed(seat: Seat) -> None:
    seat.save(containers=[saved_container("bob"), saved_container("alice")])
    manifest_digest = digest(seat.src / "manifest.json")
    for key, label in (("b" * 12, manifest_digest), ("a" * 12, "other")):
        seat.containers[key] = {
            "Id": key,
            "Name": f"labocloud-saved-{key}",
            "Config": {"Labels": {"labocloud.restored": label}},
        }
    seat.restore()
    assert seat.engine.asked("DELETE") == [f"/containers/{'b' * 12}"]


def test_taken_names_of_containers_keep_nothing_else_back(seat: Seat) -> None:
    for name in ("bob", "bob-restored", "alice"):
        seat.containers[name] = {"Id": name, "Name": name, "Config": {"Labels": None}}
    seat.save(
        containers=[saved_container("bob"), saved_container("alice"), saved_container("carol")]
    )
    result = seat.restore()
    assert "there are containers bob and bob-restored already" in result["msg"]
    assert seat.names()[3:] == ["alice-restored", "carol"]


def test_a_name_of_an_image_is_never_taken_from_another(seat: Seat) -> None:
    seat.images["tp3:1"] = "sha256:else"
    seat.save(images=[IMAGE])
    assert seat.restore()["lines"] == ["image tp3:1-restored"]
    assert seat.images["tp3:1"] == "sha256:else"
    assert seat.restore()["lines"] == []
    seat.images["tp3:1-restored"] = "sha256:else"
    assert "there are images tp3:1 and tp3:1-restored already" in seat.restore()["msg"]


@pytest.mark.parametrize(
    "archive",
    [
        image_tar.images("labocloud-saved:cccccccccccc", "python:3"),
        image_tar.images(extra=(("repositories", b'{"python": {"3": "x"}}'),)),
        image_tar.images(
            extra=(
                (
                    "index.json",
                    b'{"manifests": [{"annotations": {"io.containerd.image.name": "python:3"}}]}',
                ),
            )
        ),
        image_tar.images(
            extra=(
                (
                    "index.json",
                    b'{"manifests": [{"annotations": {"org.opencontainers.image.ref.name": "3"}}]}',
                ),
            )
        ),
        image_tar.images(extra=(("./manifest.json", image_tar.manifest("python:3")),)),
        image_tar.tar(("a", b""), ("manifest.json", "a")),
        image_tar.images("labocloud-saved:cccccccccccc")[:9000],
        image_tar.tar(("manifest.json", b"[[]]")),
        image_tar.tar(("manifest.json", b"{")),
    ],
    ids=["a name", "old", "oci", "oci tag", "twice", "link", "cut", "shape", "no JSON"],
)
def test_only_names_of_its_own_are_loaded(seat: Seat, archive: bytes) -> None:
    seat.manifest |= {"images": [IMAGE], "volumes": [volume("data")]}
    seat.pack("images.tar.zst", archive)
    seat.pack("volumes.tar.zst", image_tar.tar(("data/_data/file", b"")))
    seat.write()
    result = seat.restore()
    assert result["failed"]
    assert "cannot restore" in result["msg"]
    # The module refuses before it changes anything.
    assert seat.engine.asked("POST") == []


@pytest.mark.parametrize(
    "told",
    [
        {"images": [IMAGE | {"tag": "python:3"}]},
        {"containers": [saved_container("bob") | {"Id": "../../images/x"}]},
        {"volumes": None},
        {"files": {"../other": "0" * 64}},
    ],
)
def test_a_manifest_that_is_not_seat_saves_is_refused(seat: Seat, told: dict[str, Any]) -> None:
    seat.save()
    manifest = seat.src / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | told))
    assert "cannot restore" in seat.restore()["msg"]
    assert seat.engine.asked("POST") == seat.engine.asked("DELETE") == []


@pytest.mark.parametrize("answer", [stand_in.Refuse(500, "disk"), {"error": "disk full"}])
def test_images_that_are_not_loaded_are_told(seat: Seat, answer: object) -> None:
    seat.engine.on("POST", r"/images/load\?quiet=1", answer)
    seat.save(containers=[saved_container("bob")], volumes=[volume("data")])
    result = seat.restore()
    assert "disk" in result["msg"]
    assert "What came back: volume data" in result["msg"]
    assert seat.containers == {}


def test_a_file_that_is_altered_is_found_first(seat: Seat) -> None:
    seat.save(volumes=[volume("data")])
    with (seat.src / "volumes.tar.zst").open("ab") as file:
        file.write(b"x")
    assert "volumes.tar.zst is torn or altered" in seat.restore()["msg"]
    assert seat.engine.asked("POST") == []


def test_a_volume_of_the_same_name_keeps_all_back(seat: Seat) -> None:
    seat.volumes["data"] = {"Name": "data", "Labels": None}
    seat.save(volumes=[volume("data")], containers=[saved_container("bob")])
    assert "Fix: docker volume rm data" in seat.restore()["msg"]
    assert seat.engine.asked("POST") == []


def test_a_name_that_is_no_word_of_a_command_is_quoted_in_it(seat: Seat) -> None:
    """A false engine may choose such names when a seat is saved."""
    seat.save(networks=[network("x;sh", Scope="swarm")], containers=[saved_container("a;sh")])
    result = seat.restore()
    assert "Fix: docker network create -d overlay 'x;sh'" in result["msg"]
    assert result["lines"] == ["container a;sh, stopped: docker start 'a;sh'"]
    # The stand-in finds a volume by the path of the request, in which the name is quoted.
    seat.volumes["x%3Bsh"] = {"Name": "x;sh", "Labels": None}
    seat.save(volumes=[volume("x;sh")])
    assert "Fix: docker volume rm 'x;sh'," in seat.restore()["msg"]


@pytest.mark.parametrize("name", ["tar", "zstd"])
def test_a_command_that_fails_alone_leaves_a_volume_unfinished(
    seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    seat.save(volumes=[volume("data")])
    script = {
        "tar": "cat > /dev/null; echo broken >&2; exit 1",
        "zstd": '/usr/bin/zstd "$@"; exit 1',
    }[name]
    stand_in.program(tmp_path / "bin" / name, script)
    path = commands.ENVIRONMENT["PATH"]
    monkeypatch.setitem(commands.ENVIRONMENT, "PATH", f"{tmp_path / 'bin'}:{path}")
    result = seat.restore()
    why = "broken[.]$" if name == "tar" else "zstd ends with 1"
    assert re.match(f"cannot restore: volume data: {why}", result["msg"])
    monkeypatch.setitem(commands.ENVIRONMENT, "PATH", path)
    assert seat.restore()["lines"] == ["volume data"]


BOB = saved_container(
    "bob", NetworkMode="net", Links=["/alice:/bob/a"], Mounts=[], VolumesFrom=None
)
BOB |= {
    "Mounts": [mounted("data", "/data", RW=False)],
    "NetworkSettings": {"Networks": {"net": {"IPAMConfig": None, "Aliases": ["x"]}}},
}
MANIFEST = {
    "containers": [BOB, saved_container("alice")],
    "images": [IMAGE],
    "volumes": [volume("data", type="none", device="/home")],
    "networks": [network("net", {"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"})],
    "left_out": ["data/_data/sock"],
    "files": {},
}


@mutated.bounded
@given(mutated.json_of([MANIFEST]))
def test_of_any_manifest_what_did_not_come_is_told(seat: Seat, manifest: dict[str, Any]) -> None:
    (seat.src / "manifest.json").write_text(json.dumps(manifest))
    for objects in (seat.containers, seat.networks, seat.volumes, seat.images):
        objects.clear()
    shutil.rmtree(seat.directory, ignore_errors=True)
    if not (seat.src / "images.tar.zst").exists():
        tags = [f"labocloud-saved:{letter * 12}" for letter in "abc"]
        seat.pack("images.tar.zst", image_tar.images(*tags))
    result = seat.restore()
    if result.get("failed"):
        assert result["missing"]
        assert result["msg"].startswith("cannot restore: ")
    else:
        assert len(seat.containers) == len({saved["Id"] for saved in manifest["containers"]})
    # No unfinished container is left.
    assert not [name for name in seat.names() if name.startswith("labocloud-saved-")]


def test_volumes_are_written_with_the_rights_of_their_engine_alone(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat.save(volumes=[volume("data")])
    monkeypatch.setattr(client.DockerConnection, "with_its_rights", lambda *_: ["false"])
    result = seat.restore()
    assert result["lines"] == []
    assert "volume data" in result["missing"][-1]
    assert not list(seat.directory.rglob(restoring.COMPLETE))
