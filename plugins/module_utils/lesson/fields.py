# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a snapshot of a seat's Docker has: the types of its fields, and the shape made of them.

Times are seconds since 1970, 0 where there is none yet; sizes are bytes; IDs have no "sha256:".
"""

from __future__ import annotations

from typing import Any, TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.shapes import (
    Shape,
    nothing,
    shape_of,
)


class Engine(TypedDict):
    """The engine.

    memory: whether it can limit a container's memory. compose: whether the seat has `docker
    compose`. swarm: whether it is a manager of one.
    """

    version: str
    rootless: bool
    memory: bool
    compose: bool
    swarm: bool


class Around(TypedDict):
    """What the seat's room has around it, as the control machine tells it, and not the engine.

    neighbour: the name of the seat beside it, and seat: its own, each as the tag of an image can
    be. address: that of the neighbour, as it is written in a URL. The three are empty without a
    neighbour. registry: the course's repository in the room's registry, HOST:PORT/NAME, else empty.
    """

    seat: str
    neighbour: str
    address: str
    registry: str


# type: bind, volume or tmpfs; name: the volume's; from: the seat's path. A class cannot have the
# field `from`, which is a keyword of Python's.
Mount = TypedDict("Mount", {"type": str, "name": str, "from": str, "to": str, "rw": bool})


class Container(TypedDict):
    """A container.

    image: the name as `docker run` was given it. image_id: of the image that had it then. status:
    created, running, paused, restarting, exited or dead. health: starting, healthy, unhealthy, or
    empty without a health check. command: the program and its arguments, only where an exercise
    wants it. hostname: its own name for itself. init, rm, restart, memory, network, read_only: as
    the options of `docker run`. restarts: how often Docker has restarted it by itself. ports: the
    container's, "8888/tcp", to the seat's, where it runs. networks: by name, the container's other
    names in it. addresses: its IPv4 addresses, by network, empty where it does not run.
    """

    id: str
    name: str
    image: str
    image_id: str
    created: float
    status: str
    exit: int
    error: str
    oom: bool
    started: float
    finished: float
    health: str
    command: list[str]
    hostname: str
    labels: dict[str, str]
    init: bool
    rm: bool
    restart: str
    restarts: int
    memory: int
    network: str
    read_only: bool
    ports: dict[str, list[int]]
    mounts: list[Mount]
    networks: dict[str, list[str]]
    addresses: dict[str, str]


class Row(TypedDict):
    """An instruction that built an image. size: 0 without a layer."""

    by: str
    size: int
    created: float


class Image(TypedDict):
    """An image.

    delivered: base or course, where the toolkit has delivered it to the seat as that one, else
    empty. layers: the first 16 digits of their digests, the lowest first. history: the first
    instruction first.
    """

    id: str
    tags: list[str]
    delivered: str
    created: float
    size: int
    labels: dict[str, str]
    user: str
    entrypoint: list[str]
    command: list[str]
    layers: list[str]
    history: list[Row]


class Gone(TypedDict):
    """An image that was delivered and is there no more.

    delivered, layers: as an image's. rows: how many its history had. Of one that still had its name
    when it went, the layers are not known.
    """

    delivered: str
    layers: list[str]
    rows: int


class Network(TypedDict):
    """A network."""

    name: str
    driver: str
    internal: bool


class Volume(TypedDict):
    """A volume."""

    name: str
    driver: str
    created: float
    labels: dict[str, str]


class Service(TypedDict):
    """A service. update: as UpdateStatus.State, or empty. ports: "8888/tcp" to host or ingress.

    set: those of the environment's variables that an exercise wants, where it sets them: the names.
    """

    id: str
    name: str
    image: str
    replicas: int
    update: str
    ports: dict[str, str]
    set: list[str]


class Task(TypedDict):
    """A task. service: the name. container: the ID. set: as a service's."""

    service: str
    container: str
    image: str
    state: str
    error: str
    set: list[str]


class Line(TypedDict):
    """A line of a container's log, and when it was written."""

    time: float
    text: str


class File(TypedDict):
    """What a container has at a path. kind: file, directory, link or other."""

    kind: str
    size: int
    modified: float


class Page(TypedDict):
    """A page of a container, and the beginning of its body. modified: when it was, else 0.

    size: of the whole body where the server says it, else of its beginning.
    """

    status: int
    modified: float
    size: int
    body: str


class Ending(TypedDict):
    """That somebody asked the engine to end a container. signal: 0 where it was `docker stop`.

    Before that one, `docker stop` has sent its signals, each told too.
    """

    time: float
    signal: int


class Events(TypedDict):
    """What the engine still knows to have happened: the last minutes, or nothing.

    since: when the first of it happened, whatever it was; 0 where nothing is known. named: the
    first 12 digits of the IDs of containers that something happened to, the latest first. ended: by
    these digits, the oldest first.
    """

    since: float
    named: list[str]
    ended: dict[str, list[Ending]]


class Named(TypedDict):
    """What exercises name of containers that are there.

    logs: the end of each, by the container's name. lines: the last ones, each with its time. files:
    by "name:/path", what is there. texts: the beginning of such a file. pages: by "name:port/path",
    fetched at the port of the seat that publishes it, for port 0 at the first that has it.
    """

    logs: dict[str, str]
    lines: dict[str, list[Line]]
    files: dict[str, File]
    texts: dict[str, str]
    pages: dict[str, Page]


class Snapshot(Named):
    """All of it, taken at a time."""

    taken: float
    engine: Engine
    around: Around
    containers: list[Container]
    images: list[Image]
    gone: list[Gone]
    networks: list[Network]
    volumes: list[Volume]
    services: list[Service]
    tasks: list[Task]
    events: Events


class Asked(TypedDict, total=False):
    """What an exercise wants beside the lists, which a snapshot always has.

    commands, logs, lines: names of containers. files, texts: [container, path]. pages: [container,
    port in the container, path], where the port may be 0 for whatever one is published, and the
    container `service:web` for those of a service of Compose. variables: names of the variables
    that services may set. events: the engine's.
    """

    commands: list[str]
    logs: list[str]
    lines: list[str]
    files: list[list[Any]]
    texts: list[list[Any]]
    pages: list[list[Any]]
    variables: list[str]
    events: bool


class Wants(TypedDict):
    """What several exercises want: each once, and files, texts and pages as tuples."""

    files: list[tuple[str, str]]
    texts: list[tuple[str, str]]
    pages: list[tuple[str, int, str]]
    commands: list[str]
    logs: list[str]
    lines: list[str]
    variables: list[str]
    events: bool


SNAPSHOT: dict[Any, Shape] = shape_of(Snapshot)
NOTHING_AROUND: Around = nothing(SNAPSHOT["around"])
WANTS: dict[Any, Shape] = shape_of(Asked)
