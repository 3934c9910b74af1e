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


class _ImageConfig(TypedDict, total=False):
    Cmd: Optional[list[str]]
    Entrypoint: Optional[list[str]]
    Healthcheck: Optional[dict[str, object]]
    Labels: Optional[dict[str, str]]
    User: str


class _RootFS(TypedDict, total=False):
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
    RootFS: _RootFS
    Config: Optional[_ImageConfig]


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


class NamedMount(TypedDict, total=False):
    """What a container has mounted, in the engine's list. Name: a volume's."""

    Type: str
    Name: str


class _Joined(TypedDict, total=False):
    NetworkID: str


class _ListedNetworks(TypedDict, total=False):
    Networks: Optional[dict[str, _Joined]]


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
    Mounts: Optional[list[NamedMount]]
    NetworkSettings: Optional[_ListedNetworks]


class _HostIp(TypedDict, total=False):
    HostIp: str


class PortBinding(_HostIp):
    """A port of the machine, at which one of a container's is to answer."""

    HostPort: str


class PublishedPort(_HostIp, total=False):
    """A port of the machine, at which one of a container's answers."""

    HostPort: str


class _Destination(TypedDict):
    Destination: str


class MountPoint(NamedMount, _Destination, total=False):
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

    Domainname: str
    ExposedPorts: Optional[dict[str, object]]
    Hostname: str
    Image: str
    Labels: Optional[dict[str, str]]
    MacAddress: str
    User: Optional[str]


class _RestartPolicy(TypedDict, total=False):
    Name: str


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
    RestartPolicy: Optional[_RestartPolicy]
    VolumesFrom: Optional[list[str]]


class _Health(TypedDict, total=False):
    Status: str


class _ContainerState(TypedDict, total=False):
    Error: str
    ExitCode: int
    FinishedAt: str
    Health: Optional[_Health]
    OOMKilled: bool
    Paused: bool
    Pid: int
    Restarting: bool
    Running: bool
    StartedAt: str
    Status: str


class Endpoint(_Joined, total=False):
    """How a container has joined a network. IPAddress: empty where it does not run."""

    Aliases: Optional[list[str]]
    IPAddress: str
    IPAMConfig: Optional[dict[str, object]]
    Links: Optional[list[str]]


class _NetworkSettings(TypedDict, total=False):
    Networks: Optional[dict[str, Optional[Endpoint]]]
    Ports: Optional[dict[str, Optional[list[PublishedPort]]]]


class _GraphDriver(TypedDict, total=False):
    Data: Optional[dict[str, str]]


class Container(TypedDict, total=False):
    """A container. Created: a time, as of RFC 3339. Image: the ID of the one that it runs.

    RestartCount: how often the engine has restarted it by itself since it was last started.
    """

    Id: str
    Name: str
    Created: str
    Path: str
    Args: Optional[list[str]]
    Image: str
    RestartCount: int
    State: _ContainerState
    Config: ContainerConfig
    HostConfig: HostConfig
    Mounts: Optional[list[MountPoint]]
    NetworkSettings: Optional[_NetworkSettings]
    GraphDriver: Optional[_GraphDriver]


class PathStat(TypedDict):
    """What is at a path in a container. mode: bits as of Go's FileMode. mtime: as of RFC 3339."""

    size: int
    mode: int
    mtime: str


class _Actor(TypedDict, total=False):
    ID: str
    Attributes: Optional[dict[str, str]]


class Event(TypedDict):
    """Something that has happened. Actor: what it has happened to. timeNano: since 1970."""

    Type: str
    Action: str
    Actor: _Actor
    timeNano: int


class Subnet(TypedDict, total=False):
    """The addresses of a network."""

    Subnet: str
    Gateway: str


class _Ipam(TypedDict, total=False):
    Config: Optional[list[Subnet]]


class Network(TypedDict, total=False):
    """A network."""

    Id: str
    Name: str
    Attachable: bool
    Driver: str
    EnableIPv6: bool
    Internal: bool
    IPAM: Optional[_Ipam]
    Labels: Optional[dict[str, str]]
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


class _ImageUsage(TypedDict):
    Id: str
    Size: int
    SharedSize: int


class _UsageData(TypedDict):
    Size: int


class _VolumeUsage(TypedDict):
    Name: str
    UsageData: _UsageData


class _CachePiece(TypedDict):
    """A piece of the build cache. CreatedAt sorts as text."""

    ID: str
    Shared: bool
    Size: int
    CreatedAt: str


class Usage(TypedDict, total=False):
    """The space that is used, in bytes, -1 where it was not measured."""

    Images: Optional[list[_ImageUsage]]
    Volumes: Optional[list[_VolumeUsage]]
    BuildCache: Optional[list[_CachePiece]]


class Plugin(TypedDict):
    """A plugin of the engine's."""

    Id: str
    Name: str


class _NamedSpec(TypedDict):
    Name: str


class InSwarm(TypedDict):
    """A service, a secret or a configuration of a swarm."""

    ID: str
    Spec: _NamedSpec


class _ContainerSpec(TypedDict, total=False):
    Image: str
    Env: Optional[list[str]]


class _TaskSpec(TypedDict, total=False):
    ContainerSpec: Optional[_ContainerSpec]


class _Replicated(TypedDict, total=False):
    Replicas: Optional[int]


class _ServiceMode(TypedDict, total=False):
    Replicated: Optional[_Replicated]


class _ServiceSpec(TypedDict, total=False):
    Name: str
    Mode: Optional[_ServiceMode]
    TaskTemplate: Optional[_TaskSpec]


class _ServicePort(TypedDict, total=False):
    TargetPort: int
    Protocol: str
    PublishMode: str


class _ServiceEndpoint(TypedDict, total=False):
    Ports: Optional[list[_ServicePort]]


class _UpdateStatus(TypedDict, total=False):
    State: str


class Service(TypedDict, total=False):
    """A service of a swarm."""

    ID: str
    Spec: _ServiceSpec
    Endpoint: Optional[_ServiceEndpoint]
    UpdateStatus: Optional[_UpdateStatus]


class _ContainerStatus(TypedDict, total=False):
    ContainerID: str


class _TaskStatus(TypedDict, total=False):
    State: str
    Err: str
    ContainerStatus: Optional[_ContainerStatus]


class Task(TypedDict, total=False):
    """A task of a service: one container of it."""

    ServiceID: str
    Spec: _TaskSpec
    Status: _TaskStatus


INFO = _shape_of(Info)
LISTED_IMAGE = needing(_shape_of(ListedImage), "Id")
IMAGE = _shape_of(Image)
HISTORY_ROW = _shape_of(HistoryRow)
LISTED_CONTAINER = needing(_shape_of(ListedContainer), "Id")
# A container in the list for whoever reads nothing there but its ID.
IDENTIFIED: dict[Any, Shape] = {"Id": str, ...: object}
CONTAINER = _shape_of(Container)
PATH_STAT = _shape_of(PathStat)
EVENT = _shape_of(Event)
NETWORK = needing(_shape_of(Network), "Name")
VOLUMES: Shape = {"Volumes?": ([object], None), ...: object}
VOLUME = needing(_shape_of(Volume), "Name")
USAGE = _shape_of(Usage)
PLUGIN = _shape_of(Plugin)
IN_SWARM = _shape_of(InSwarm)
SERVICE = needing(_shape_of(Service), "ID")
TASK = _shape_of(Task)
