# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The engine's answers, as far as they are relied on: what they hold, and in which shape.

It is Docker's API, 1.41 to 1.53: each type names the fields that are read somewhere, and its shape
is made of it; others stand beside them. Engines differ in what they leave out, so that few fields
are in every shape: whoever needs one more asks with needing(shape, field).
"""

from __future__ import annotations

from typing import Any, Optional, TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, shape_of


def _shape_of(kind: type) -> dict[Any, Shape]:
    """Return the shape of an object of the engine's, which may have more fields than its type."""
    shape: dict[Any, Shape] = shape_of(kind, lambda _: True)
    return shape


def needing(shape: dict[Any, Shape], *fields: str) -> dict[Any, Shape]:
    """Return the shape of an object in which these fields may not be missing."""
    needed = {f"{field}?": field for field in fields}
    return {needed.get(key, key): value for key, value in shape.items()}


# How an engine lists an image that has no name.
NO_NAME = "<none>:<none>"

# What every list is, but that of volumes.
LIST: Shape = [object]


class Swarm(TypedDict, total=False):
    """A machine's part in a swarm: empty, where it has none."""

    LocalNodeState: str
    NodeID: str
    ControlAvailable: bool


class Info(TypedDict, total=False):
    """The engine itself."""

    ServerVersion: str
    DockerRootDir: str
    Driver: str
    DriverStatus: Optional[list[list[str]]]
    NCPU: int
    CpuCfsQuota: bool
    MemoryLimit: bool
    PidsLimit: bool
    Swarm: Swarm
    HttpProxy: Optional[str]
    HttpsProxy: Optional[str]
    SecurityOptions: Optional[list[str]]


class ListedImage(TypedDict, total=False):
    """An image in the engine's list."""

    Id: str
    RepoTags: Optional[list[str]]


class ImageConfig(TypedDict, total=False):
    """What a container of an image is started with."""

    Cmd: Optional[list[str]]
    Entrypoint: Optional[list[str]]
    Healthcheck: Optional[dict[str, object]]
    Labels: Optional[dict[str, str]]
    User: str


class RootFS(TypedDict, total=False):
    """The layers of an image, by their digests, the lowest first."""

    Layers: Optional[list[str]]


class Image(TypedDict, total=False):
    """An image. Created: a time, as of RFC 3339."""

    Id: str
    RepoTags: Optional[list[str]]
    RepoDigests: Optional[list[str]]
    Parent: str
    Architecture: str
    Created: str
    Size: int
    RootFS: RootFS
    Config: Optional[ImageConfig]


class HistoryRow(TypedDict, total=False):
    """A row of an image's history. Created: seconds since 1970. Size: 0 without a layer."""

    Created: int
    CreatedBy: str
    Size: int


class Port(TypedDict, total=False):
    """A port of a container, in the engine's list; PublicPort is the machine's."""

    PublicPort: int
    IP: str
    Type: str


class Mount(TypedDict, total=False):
    """What a container mounts, in the engine's list. Name: a volume's."""

    Type: str
    Name: str


class Joined(TypedDict, total=False):
    """How a container has joined a network, in the engine's list."""

    NetworkID: str


class ListedNetworks(TypedDict, total=False):
    """The networks of a container, by name, in the engine's list."""

    Networks: Optional[dict[str, Joined]]


class ListedContainer(TypedDict, total=False):
    """A container in the engine's list. SizeRw: bytes, where sizes were asked for."""

    Id: str
    Names: Optional[list[str]]
    Image: str
    ImageID: str
    State: str
    Status: str
    Labels: Optional[dict[str, str]]
    Ports: Optional[list[Port]]
    SizeRw: int
    Mounts: Optional[list[Mount]]
    NetworkSettings: Optional[ListedNetworks]


class _HostIp(TypedDict, total=False):
    """An address of the machine, empty for all."""

    HostIp: str


class PortBinding(_HostIp):
    """A port of the machine, at which one of a container's is to answer."""

    HostPort: str


class PublishedPort(_HostIp, total=False):
    """A port of the machine, at which one of a container's answers."""

    HostPort: str


class _Destination(TypedDict):
    """What nothing mounted lacks."""

    Destination: str


class MountPoint(Mount, _Destination, total=False):
    """What a container has mounted. RW: whether it may write there."""

    Source: str
    RW: bool


class MountRequest(TypedDict, total=False):
    """What a container was asked to mount."""

    Type: str
    Source: str
    Target: str


class ContainerConfig(TypedDict, total=False):
    """What a container was made with, wherever it runs. Image: as its maker called it."""

    Hostname: str
    Image: str
    Labels: Optional[dict[str, str]]
    User: Optional[str]


class HostConfig(TypedDict, total=False):
    """What a container was made with on its machine. PortBindings: "80/tcp" to the machine's."""

    AutoRemove: bool
    Binds: Optional[list[str]]
    Init: Optional[bool]
    IpcMode: str
    Links: Optional[list[str]]
    Memory: int
    Mounts: Optional[list[MountRequest]]
    NetworkMode: str
    PidMode: str
    PortBindings: Optional[dict[str, Optional[list[PortBinding]]]]
    ReadonlyRootfs: bool


class Health(TypedDict, total=False):
    """What a container's health check says."""

    Status: str


class ContainerState(TypedDict, total=False):
    """How a container runs, or has ended. StartedAt, FinishedAt: times, as of RFC 3339."""

    Error: str
    ExitCode: int
    FinishedAt: str
    Health: Optional[Health]
    OOMKilled: bool
    Paused: bool
    Pid: int
    Restarting: bool
    Running: bool
    StartedAt: str
    Status: str


class Endpoint(Joined, total=False):
    """How a container has joined a network."""

    Aliases: Optional[list[str]]
    IPAMConfig: Optional[dict[str, object]]
    Links: Optional[list[str]]


class NetworkSettings(TypedDict, total=False):
    """The networks of a container, by name, and its ports, "80/tcp" to the machine's."""

    Networks: Optional[dict[str, Optional[Endpoint]]]
    Ports: Optional[dict[str, Optional[list[PublishedPort]]]]


class GraphDriver(TypedDict, total=False):
    """Where the engine keeps a container's own files."""

    Data: Optional[dict[str, str]]


class Container(TypedDict, total=False):
    """A container. Created: a time, as of RFC 3339. Image: the ID of the one that it runs."""

    Id: str
    Name: str
    Created: str
    Path: str
    Args: Optional[list[str]]
    Image: str
    State: ContainerState
    Config: ContainerConfig
    HostConfig: HostConfig
    Mounts: Optional[list[MountPoint]]
    NetworkSettings: Optional[NetworkSettings]
    GraphDriver: Optional[GraphDriver]


class Subnet(TypedDict, total=False):
    """The addresses of a network."""

    Subnet: str
    Gateway: str


class Ipam(TypedDict, total=False):
    """Where the addresses of a network come from."""

    Config: Optional[list[Subnet]]


class Network(TypedDict, total=False):
    """A network."""

    Id: str
    Name: str
    Driver: str
    Internal: bool
    IPAM: Optional[Ipam]
    Options: Optional[dict[str, str]]
    Scope: str


class Volume(TypedDict, total=False):
    """A volume. CreatedAt: a time, as of RFC 3339."""

    Name: str
    Driver: str
    CreatedAt: str
    Labels: Optional[dict[str, str]]
    Mountpoint: str
    Options: Optional[dict[str, str]]


class ImageUsage(TypedDict):
    """The space of an image, and what of it other images have too."""

    Id: str
    Size: int
    SharedSize: int


class UsageData(TypedDict):
    """The space of a volume."""

    Size: int


class VolumeUsage(TypedDict):
    """A volume with its space."""

    Name: str
    UsageData: UsageData


class CachePiece(TypedDict):
    """A piece of the build cache. CreatedAt sorts as text."""

    ID: str
    Shared: bool
    Size: int
    CreatedAt: str


class Usage(TypedDict, total=False):
    """The space that is used, in bytes, -1 where it was not measured."""

    Images: Optional[list[ImageUsage]]
    Volumes: Optional[list[VolumeUsage]]
    BuildCache: Optional[list[CachePiece]]


class Plugin(TypedDict):
    """A plugin of the engine's."""

    Id: str
    Name: str


class NamedSpec(TypedDict):
    """What is asked of a swarm, by name."""

    Name: str


class InSwarm(TypedDict):
    """A service, a secret or a configuration of a swarm."""

    ID: str
    Spec: NamedSpec


class ContainerSpec(TypedDict, total=False):
    """What the containers of a service are made of."""

    Image: str


class TaskSpec(TypedDict, total=False):
    """What a task of a service is made of."""

    ContainerSpec: Optional[ContainerSpec]


class Replicated(TypedDict, total=False):
    """Of how many tasks a service is to be."""

    Replicas: Optional[int]


class ServiceMode(TypedDict, total=False):
    """How many tasks a service is to be of: so many, where it is not one a machine."""

    Replicated: Optional[Replicated]


class ServiceSpec(TypedDict, total=False):
    """What a service is to be."""

    Name: str
    Mode: Optional[ServiceMode]
    TaskTemplate: Optional[TaskSpec]


class ServicePort(TypedDict, total=False):
    """A port of a service. PublishMode: ingress or host."""

    TargetPort: int
    Protocol: str
    PublishMode: str


class ServiceEndpoint(TypedDict, total=False):
    """Where a service answers."""

    Ports: Optional[list[ServicePort]]


class UpdateStatus(TypedDict, total=False):
    """How far the update of a service is."""

    State: str


class Service(TypedDict, total=False):
    """A service of a swarm."""

    ID: str
    Spec: ServiceSpec
    Endpoint: Optional[ServiceEndpoint]
    UpdateStatus: Optional[UpdateStatus]


class ContainerStatus(TypedDict, total=False):
    """The container of a task."""

    ContainerID: str


class TaskStatus(TypedDict, total=False):
    """How a task goes on."""

    State: str
    Err: str
    ContainerStatus: Optional[ContainerStatus]


class Task(TypedDict, total=False):
    """A task of a service: one container of it."""

    ServiceID: str
    Spec: TaskSpec
    Status: TaskStatus


INFO = _shape_of(Info)
LISTED_IMAGE = needing(_shape_of(ListedImage), "Id")
IMAGE = _shape_of(Image)
HISTORY_ROW = _shape_of(HistoryRow)
LISTED_CONTAINER = needing(_shape_of(ListedContainer), "Id")
# A container in the list for whoever reads nothing there but its ID.
IDENTIFIED: dict[Any, Shape] = {"Id": str, ...: object}
CONTAINER = _shape_of(Container)
NETWORK = needing(_shape_of(Network), "Name")
VOLUMES: Shape = {"Volumes?": ([object], None), ...: object}
VOLUME = needing(_shape_of(Volume), "Name")
USAGE = _shape_of(Usage)
PLUGIN = _shape_of(Plugin)
IN_SWARM = _shape_of(InSwarm)
SERVICE = needing(_shape_of(Service), "ID")
TASK = _shape_of(Task)
