# Copyright: labocloud contributors
# MIT License (see LICENSE)

"""What the judge says of each part of a machine: the keys that tasks and pages read.

A part's verdict has what every verdict has, and the values that the part's role needs. Those lack
where the machine has said nothing, or nothing that can be understood. A test collects the keys that
the YAML and the templates read, and finds each of them here, and none here that nobody reads.
"""

from typing import TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.images.delivered import Delivered
from ansible_collections.labocloud.room.plugins.module_utils.state import Moving
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding


class Verdict(TypedDict):
    """What every part's verdict has.

    settled: whether there is nothing for the part's role to do. refused: what keeps it from doing
    its work. findings: all that is wrong, the errors first.
    """

    settled: bool
    refused: list[Finding]
    findings: list[Finding]


class MachineVerdict(Verdict):
    """A machine that has said nothing. why: the connection's own words."""

    why: str


class Fill(TypedDict):
    """What the room's store is to fetch for a release, from its archive.

    suite: the release's name in the archive. architecture: in dpkg's words. packages: for each kind
    of machine what it installs, as apt is asked for it.
    """

    suite: str
    architecture: str
    packages: list[list[str]]


class PackagesVerdict(Verdict):
    """What a machine is to install.

    store: which part of the room's store is for it, empty where none is. fill: what the store has
    yet to fetch, None where it has all. own: the packages that the toolkit has brought.
    """

    store: str
    fill: Fill | None
    own: list[str]


class Installation(TypedDict):
    """What there is to install.

    packages: as apt is asked for them, name or name=version, none where nothing is to come; those
    that the machine will build with are among them, and those that lack. lacking: the room's own,
    by name. conflicting: those of the other source. hold, release: the names of those whose version
    is to be held, or let go. installed: whether all is as it should be, but for what is lacking.
    """

    packages: list[str]
    lacking: list[str]
    conflicting: list[str]
    hold: list[str]
    release: list[str]
    installed: bool


class Configuration(TypedDict):
    """What there is to write.

    files: the paths of the files that are wanted. stale: of those that no longer are. units: what
    reads anew what is written, when it starts. roots: the directories where the engine, with this
    configuration or with the fallback, and containerd keep their data. configured: whether all is
    as it should be.
    """

    files: list[str]
    stale: list[str]
    units: list[str]
    roots: list[str]
    configured: bool


class Trust(TypedDict):
    """The CAs to write, path to PEM, the paths of those to remove, and their directories."""

    write: dict[str, str]
    remove: list[str]
    empty: list[str]
    settled: bool


class WithoutRoot(TypedDict):
    """What the tasks of an engine without root need, and those of an engine that replaces one.

    without_root: whether the engine is to run so. account, group, home, uid, gid: its names, place
    and numbers. own_roots: where it keeps its data, with its configuration and with the fallback.
    ids: the arguments of usermod. housed: whether the account is as it has to be, and there is none
    where none is needed. lodging: the ID of the account that there is. stops: the units to stop
    before it starts. moving: what goes over from an engine of the other kind. moved: what is
    recorded to be on its way. leaves: the directories in which that engine has left data, and that
    go. data_stay: whether its data stay, since they were there before the toolkit.
    """

    without_root: bool
    account: str
    group: str
    home: str
    own_roots: list[str]
    uid: int
    gid: int
    ids: list[str]
    housed: bool
    lodging: int | None
    stops: list[str]
    moving: Moving
    moved: Moving
    leaves: list[str]
    data_stay: bool


class EngineRemoval(TypedDict):
    """What goes when the toolkit does.

    came: whether the engine came with it. services: what systemd stops. stopping: whether the
    engine is to be stopped by hand. purges: whether Docker's data go. scripts: the paths of what
    would remove them when its package goes. packages: what the toolkit brought and is there. held:
    what of it is held. files: the paths to remove. empty: the directories that go where that leaves
    them empty. give_back: the paths of the files that were there and come back. units: those to
    start anew, of an engine that was there. checked, data: the directories where Docker keeps its
    data, before and after its packages go. group: whether the group docker came too.
    """

    came: bool
    services: list[str]
    stopping: bool
    purges: bool
    scripts: list[str]
    packages: list[str]
    held: list[str]
    files: list[str]
    empty: list[str]
    give_back: list[str]
    units: list[str]
    checked: list[str]
    data: list[str]
    group: bool


class EngineVerdict(Verdict, Installation, Configuration, WithoutRoot):
    """Docker Engine.

    trust: the CAs of the room's registries. there: whether an engine of either source is installed.
    ran: whether one may have been started before. runs: whether it runs with what it is configured
    with, and starts with the machine. prepared: whether there is nothing to install, to mend of an
    installation, or to record. removal: None where the toolkit has changed nothing.
    """

    trust: Trust
    there: bool
    ran: bool
    runs: bool
    prepared: bool
    removal: EngineRemoval | None


class Login(TypedDict):
    """The script of a login: path to text where it is to be written, and the paths to remove."""

    write: dict[str, str]
    remove: list[str]


class Members(TypedDict):
    """Who is in which group, and who is to come and to go.

    group: the one whose members may use the engine. add, remove: who is to come into it, and to go.
    leave, back: who is to leave the group docker, and to be in it again. known: those that the
    toolkit has put there or is about to. brought: those of them who are still there. taken: those
    that it has taken out or is about to. stay_out: those of them who stay out. may: who may use the
    engine, or is to, but for the account that the toolkit connects with.
    """

    group: str
    add: list[str]
    remove: list[str]
    leave: list[str]
    back: list[str]
    known: list[str]
    brought: list[str]
    taken: list[str]
    stay_out: list[str]
    may: list[str]


class StudentsVerdict(Verdict, Members):
    """Who may use Docker.

    socket: the commands that mend the engine's socket. login: the script of a login. recorded:
    whether the seat's record names just those that are brought and those that stay out. opened:
    whether root's socket has an ACL.
    """

    socket: list[list[str]]
    login: Login
    recorded: bool
    opened: bool


class Certificates(TypedDict):
    """The registry's certificates.

    certified: whether there is nothing to make. ca_lasts: whether that of the CA stays. subject:
    the name or the address that the registry's is for.
    """

    certified: bool
    ca_lasts: bool
    subject: str


class RegistryWork(Certificates):
    """What there is to do on the registry's host.

    lacking: the packages that are not there. services: what is to run, the registry last. accounts:
    whom it needs. stopping: the units that wait while they are changed. absent: the toolkit's files
    that are no longer asked for, and what a mirror keeps that no longer runs. removal: what goes
    with the registry. ports: where they listen. configured, runs, ours: whether it is as it should
    be, listens, and is the toolkit's.
    """

    lacking: list[str]
    services: list[str]
    accounts: list[str]
    stopping: list[str]
    removal: list[str]
    absent: list[str]
    configured: bool
    runs: bool
    ours: bool
    ports: list[int]


class RegistryElsewhere(Verdict):
    """The way to the room's registry, on a machine that does not run it.

    host: the machine that runs it, empty where the room has none. storage: where its images are.
    """

    host: str
    storage: str


class RegistryVerdict(RegistryElsewhere, RegistryWork):
    """The room's registry, on its host.

    down: why it does not answer, as who has to go without it is told.
    """

    down: str


class Origin(TypedDict):
    """What the base is made from, unless it is bootstrapped.

    source: registry, bootstrap or present; auto where its registry has to be asked first. asks:
    whether the registry is asked. image: the base's source as it was named. repository: of that
    name. digest: of the image that is pulled, empty where its registry has to tell it. name: the
    toolkit's own name for it. forget: the ID of the image that has the name, where it is the
    toolkit's.
    """

    source: str
    asks: bool
    image: str
    repository: str
    digest: str
    name: str
    forget: str


class BuildVerdict(Verdict):
    """The build, on the machine that builds.

    waits_for: why it cannot be done yet, in a sentence. base, course: whether the one and the other
    are to be built. publish: what the registry lacks, its tag to the image's name. The rest is what
    these are made from.
    """

    waits_for: str
    base: bool
    course: bool
    publish: dict[str, str]
    repository: str
    project: str
    tag: str
    name: str
    revision: str
    base_tag: str
    base_revision: str
    forget: str
    rootfs: str
    packages: list[str]
    tools: list[str]
    suite: str
    python: str
    platforms: list[list[str]]
    wheels: str
    origin: Origin


class WantedImage(TypedDict):
    """The revision that a machine is to have; empty before it is known."""

    name: str
    revision: str
    fingerprint: str


class Archive(TypedDict):
    """The archive by which images come: how its path begins, their names, the layers it lacks."""

    archive: str
    images: list[str]
    skip_layers: int


class Pulled(TypedDict):
    """An image to pull: its reference by digest, its name and its fingerprint."""

    image: str
    name: str
    fingerprint: str


class NamedImage(TypedDict):
    """An image that is there, and has yet to be named or remembered."""

    name: str
    fingerprint: str


class ImagesUnknown(Verdict):
    """The images, where the machine that builds was not asked.

    builder: who builds. revision: the one that the machine is to serve now, empty where none is
    known. lacking: the names of those that are to come. waits_for: what the builder has to do
    first, in a sentence. brought: the images that go with the toolkit, names with IDs.
    """

    builder: str
    revision: str
    lacking: list[str]
    waits_for: str
    brought: dict[str, str]


class ImagesVerdict(ImagesUnknown):
    """The images.

    wanted: the revision that the machine is to have. images: name to fingerprint of all that it is
    to have. road, registry: by which road those that lack come, and from where; archive, pull: by
    what. forget: the ID of the base that they replace. outdated, unserved: names with the IDs that
    go: revisions beyond those that are kept, and names that nobody is served by. stale: names that
    are remembered and are not the toolkit's any more. naming: what has yet to be named or
    remembered, nothing where all is so. names: where the revision is to come, the course's name to
    its own. named: whether the one is for the other. serves: the revision, on the machine that has
    yet to remember that the room has it.
    """

    wanted: WantedImage
    images: dict[str, str]
    road: str
    registry: str
    archive: Archive
    pull: list[Pulled]
    forget: str
    outdated: dict[str, str]
    unserved: dict[str, str]
    stale: list[str]
    naming: list[NamedImage]
    names: dict[str, str]
    named: bool
    serves: str


class DesiredContainer(TypedDict, total=False):
    """A container as POST /containers/create of Docker's API takes it; empty where there is none.

    Healthcheck: nanoseconds, and a number. HostConfig: the fields of Docker's API, only handed on.
    """

    Image: str
    User: str
    Labels: dict[str, str]
    ExposedPorts: dict[str, dict[str, str]]
    Healthcheck: dict[str, int]
    HostConfig: dict[str, object]


class ContainerVerdict(Verdict):
    """The course's container.

    own: the IDs of those that the toolkit has made. left: the successor among them that an
    interrupted run has left. replaces: the one that a new one takes the place of. removal: those
    that go with the toolkit. successor: the name that a new one has until it takes over. wanted:
    what the container has to be. differs: the fields in which it is not so.
    """

    own: list[str]
    left: str
    replaces: str
    removal: list[str]
    successor: str
    wanted: DesiredContainer
    differs: list[str]


class ExercisesVerdict(Verdict):
    """The practical.

    delivered: the images that were ever brought. removal: whether there is anything that goes with
    the toolkit.
    """

    delivered: list[Delivered]
    removal: bool
