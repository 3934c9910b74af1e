# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a machine says of itself, as the rules rely on it.

The module seat documents what each fact means (plugins/modules/seat.py, RETURN), and a test holds
the two equal. An answer is brought into the shape of these types before any rule reads it
(plugin_utils/seat_shape.py): each key is there, and has its type.
"""

from __future__ import annotations

from typing import Optional, TypedDict

from ansible_collections.labocloud.room.plugins.module_utils import state


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
    process: Optional[str]
    pid: Optional[int]
    container: Optional[str]


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

    members: Optional[list[str]]
    account: Optional[Account]
    group: Optional[Group]
    ranges: list[list[int]]


class Abilities(TypedDict):
    """What an engine without root needs of the kernel and of the disk."""

    namespaces: bool
    apparmor: bool
    cgroup2: bool
    tun: bool
    file_system: str


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


class EngineItself(TypedDict):
    """What an engine says of itself, and why none answers."""

    running: bool
    version: str
    root: str
    driver: str
    partial: bool
    cpus: int
    memory: bool
    pids: bool
    swarm: bool
    uid: Optional[int]
    why: str


class EngineFiles(TypedDict):
    """What the machine's files say of its engine."""

    enabled: bool
    free_mb: int
    data: bool
    outdated: bool
    masked: list[str]


class Docker(EngineItself, EngineFiles):
    """The engine that answers, and the directory of its data."""

    socket: Optional[Socket]
    roots: list[int]


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
    health: Optional[str]
    labels: dict[str, str]
    ports: list[Port]
    settings: dict[str, object]


class Clock(TypedDict):
    """Seconds: the control machine's time when it asked, and by how much the seat's is ahead."""

    control: Optional[float]
    ahead: Optional[float]


class Route(TypedDict):
    """A network to which there is a way, and by which interface."""

    to: str
    interface: str


class DockerNetwork(TypedDict):
    """A network of Docker's, and its subnet."""

    name: str
    subnet: str


class DockerNetworks(TypedDict):
    """Docker's own networks."""

    docker: list[DockerNetwork]
    docker_mtu: int
    docker_proxy: bool


class OwnNetwork(TypedDict):
    """The machine's way out."""

    interface: str
    mtu: int
    addresses: list[str]
    routes: list[Route]
    proxy: str


class Reached(TypedDict):
    """What came of reaching a registry outside the seat."""

    reached: bool
    why: str
    public: Optional[bool]
    issuer: str


class Network(OwnNetwork, DockerNetworks):
    """The way out, and Docker's own networks."""

    registries: dict[str, Reached]


class EngineFacts(TypedDict):
    """What an engine has."""

    engine: EngineItself
    images: dict[str, Image]
    containers: dict[str, Container]
    networks: list[str]
    volumes: list[str]
    network: DockerNetworks


class Answers(TypedDict):
    """Whether a registry answers on its own host."""

    answers: Optional[bool]
    why: str


class RegistryFiles(TypedDict):
    """What the files of the room's registry hold."""

    images: dict[str, str]
    ca: str
    certificate: str


class Registry(RegistryFiles):
    """The room's registry, on the machine that runs it."""

    answers: dict[str, Answers]


class Page(TypedDict):
    """What came of asking for the course's page."""

    status: Optional[int]
    revision: Optional[str]
    why: str


class Memory(TypedDict):
    """Where the practical's command remembers: ours, other or absent; whether all may write."""

    memory: str
    open: bool


class Exercises(Memory):
    """What the seat has of the practical: folder and command are ours, other or absent."""

    folder: str
    command: str
    digest: str
    left: int


class SystemFacts(TypedDict):
    """The system, and which machine it is."""

    os: System
    python: str
    arch: str
    service_manager: str
    root: bool
    machine: Identity


class Configuration(TypedDict):
    """What configures Docker."""

    files: dict[str, str]
    daemon_config: Optional[dict[str, object]]


class SeatFacts(SystemFacts, Configuration, state.Facts):
    """All that a machine says of itself."""

    listeners: list[Listener]
    packages: dict[str, str]
    held: list[str]
    docker_group: Optional[list[str]]
    students: Students
    able: Abilities
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
    page: Optional[Page]
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
RECORDS = (state.Before, state.BroughtFacts, state.Identities)
