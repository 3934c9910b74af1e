# Copyright: labocloud contributors
# MIT License (see LICENSE)

"""What a machine says of itself, as the rules rely on it.

The module seat documents what each fact means (plugins/modules/seat.py, RETURN), and a test holds
the two equal. An answer is brought into the shape of these types before any rule reads it
(plugin_utils/seat_shape.py): each key is there, and has its type.
"""

from typing import NotRequired, TypedDict


class System(TypedDict):
    """The operating system, by os-release(5); empty where it does not say."""

    id: str
    version: str
    codename: str
    name: str


class Identity(TypedDict):
    """What tells this machine from others."""

    id: str
    running: str
    host_keys: list[str]


class Listener(TypedDict):
    """A process, or a container, that listens on a TCP port."""

    port: int
    address: str
    process: str | None
    pid: int | None
    container: str | None


class Account(TypedDict):
    """The account of an engine without root. A range is its first ID and how many there are."""

    uid: int
    gid: int
    locked: bool
    subuids: list[list[int]]
    subgids: list[list[int]]


class Group(TypedDict):
    """A group of accounts."""

    name: str
    gid: int


class Students(TypedDict):
    """Who may use an engine without root, and which IDs other accounts have."""

    members: list[str] | None
    account: Account | None
    group: Group | None
    ranges: list[list[int]]


class Abilities(TypedDict):
    """What an engine without root needs of the kernel and of the disk."""

    namespaces: bool
    apparmor: bool
    cgroup2: bool
    tun: bool
    file_system: str


class Identities(TypedDict):
    """What tells the things of an engine from others of their names.

    plugins lack where Docker did not run.
    """

    containers: list[str]
    images: dict[str, list[str]]
    networks: list[str]
    plugins: NotRequired[list[str]]
    cache: list[str]
    swarm: str


class Before(TypedDict):
    """What the machine was like before the toolkit first changed it.

    roots: the directories of an engine that the toolkit has installed, by their paths: absent,
    empty or in use.
    """

    packages: list[str]
    files: list[str]
    held: list[str]
    docker_group: list[str] | None
    docker_data: bool
    docker_running: bool
    images: list[str]
    containers: list[str]
    networks: list[str]
    volumes: list[str]
    ids: Identities
    roots: NotRequired[dict[str, str]]


class Moving(TypedDict):
    """The images that go over to an engine of the other kind, and what that one leaves."""

    path: str
    sha256: str
    images: dict[str, str]
    left: list[str]


class Brought(TypedDict):
    """What the toolkit has brought."""

    packages: list[str]
    users: list[str]
    taken: NotRequired[list[str]]
    moving: NotRequired[Moving]
    containers: NotRequired[list[str]]
    making: NotRequired[str | None]


class Apt(TypedDict):
    """What an interrupted installation has left, and whether services are kept from starting."""

    unfinished: list[str]
    journal: bool
    interrupted: bool
    policy_rc_d: str


class Socket(TypedDict):
    """Who may use the engine's socket."""

    uid: int
    gid: int
    mode: int
    groups: list[int]


class Docker(TypedDict):
    """The engine that answers, and the directory of its data."""

    running: bool
    enabled: bool
    version: str
    root: str
    free_mb: int
    driver: str
    data: bool
    outdated: bool
    partial: bool
    cpus: int
    memory: bool
    pids: bool
    swarm: bool
    uid: int | None
    socket: Socket | None
    roots: list[int]
    masked: list[str]
    why: str


class Image(TypedDict):
    """An image that has a name."""

    id: str
    revision: str
    fingerprint: str
    layers: list[str]
    labels: dict[str, str]


class Port(TypedDict):
    """A port of the machine on which a container answers."""

    address: str
    port: int
    protocol: str


class Container(TypedDict):
    """A container, and what it was started with."""

    id: str
    image: str
    image_id: str
    state: str
    health: str | None
    labels: dict[str, str]
    ports: list[Port]
    settings: dict[str, object]


class Clock(TypedDict):
    """Seconds: the control machine's time when it asked, and by how much the seat's is ahead."""

    control: float | None
    ahead: float | None


class Route(TypedDict):
    """A network to which there is a way, and by which interface."""

    to: str
    interface: str


class DockerNetwork(TypedDict):
    """A network of Docker's, and its subnet."""

    name: str
    subnet: str


class Reached(TypedDict):
    """What came of reaching a registry outside the seat."""

    reached: bool
    why: str
    public: bool | None
    issuer: str


class Network(TypedDict):
    """The way out, and Docker's own networks."""

    interface: str
    mtu: int
    addresses: list[str]
    routes: list[Route]
    proxy: str
    docker: list[DockerNetwork]
    docker_mtu: int
    docker_proxy: bool
    registries: dict[str, Reached]


class Answers(TypedDict):
    """Whether a registry answers on its own host."""

    answers: bool | None
    why: str


class Registry(TypedDict):
    """The room's registry, on the machine that runs it."""

    images: dict[str, str]
    ca: str
    certificate: str
    answers: dict[str, Answers]


class Page(TypedDict):
    """What came of asking for the course's page."""

    status: int | None
    revision: str | None
    why: str


class Exercises(TypedDict):
    """What the seat has of the practical: folder, command and memory are ours, other or absent."""

    folder: str
    command: str
    memory: str
    digest: str
    open: bool
    left: int


class Seat(TypedDict):
    """All that a machine says of itself."""

    os: System
    python: str
    arch: str
    service_manager: str
    root: bool
    machine: Identity
    listeners: list[Listener]
    packages: dict[str, str]
    held: list[str]
    files: dict[str, str]
    daemon_config: dict[str, object] | None
    docker_group: list[str] | None
    students: Students
    able: Abilities
    before: Before | None
    brought: Brought
    built: dict[str, str]
    bases: dict[str, str]
    served: list[str]
    torn: list[str]
    apt: Apt
    docker: Docker
    images: dict[str, Image]
    containers: dict[str, Container]
    networks: list[str]
    volumes: list[str]
    clock: Clock
    network: Network
    registry: Registry
    page: Page | None
    exercises: Exercises
    odd: list[str]


class Attack(TypedDict):
    """One attack: outcome is succeeded, withstood or untried."""

    name: str
    outcome: str
    why: str


class Attacks(TypedDict):
    """What came of the attacks that were tried as a student."""

    account: str
    why: str
    tried: list[Attack]


# What a machine has recorded: another release may have put more beside these keys, which stays.
RECORDS = (Before, Brought, Identities)
