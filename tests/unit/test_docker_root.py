"""Test the removal of Docker's directories: Docker's own data goes, and nothing else.

Mounts are real, in a mount namespace of the test's own.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.mounts import parse_mounts
from ansible_collections.labocloud.room.plugins.modules import docker_root
from hypothesis import given
from hypothesis import strategies as st
from namespaces import mounting, with_mounts
from sample_seat import SEAT

# What an engine leaves in its directory, as seen of 20.10, 26 and 28, and containerd in its own.
DOCKERS = [
    "buildkit",
    "containers",
    "engine-id",
    "image",
    "network",
    "nuke-graph-directory.sh",
    "overlay2",
    "plugins",
    "runtimes",
    "swarm",
    "tmp",
    "trust",
    "volumes",
    "containerd",
    "rootfs",
    "1.1",
]
CONTAINERDS = [
    "io.containerd.metadata.v1.bolt",
    "io.containerd.runtime.v2.task",
    "opt",
    "tmpmounts",
    "io.containerd.snapshotter.v1.overlayfs",
]
BEFORE = SEAT["before"]


@pytest.fixture(autouse=True)
def directory(remembers: Path) -> Path:
    """Return the directory of the machine's record during a test."""
    return remembers


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Return a directory with somebody's files that may not be lost, to mount in Docker's."""
    directory = tmp_path / "theirs"
    directory.mkdir()
    (directory / "thesis").write_text("years of work")
    return directory


def remember(roots: dict[str, str]) -> None:
    """Record the state of directories before the toolkit."""

    def change(remembered: state.State) -> None:
        remembered.before = BEFORE | {"roots": roots}

    state.update(change)


def seat(root: Path, how: str, *entries: str) -> None:
    """Record a root's earlier state, and create files of these names in it."""
    remember({str(root): how})
    for entry in entries:
        path = root / entry
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def purge(*roots: Path, check: bool = False) -> dict[str, Any]:
    """Return the module's answer to a request to remove Docker's data."""
    paths = [str(root) for root in roots]
    return stand_in.run(docker_root.main, paths=paths, state="absent", _ansible_check_mode=check)


def test_what_docker_kept_goes_and_the_directory_with_it(tmp_path: Path) -> None:
    root = tmp_path / "docker"
    seat(root, "absent", *(f"{name}/deep/er" for name in DOCKERS), "image/.hidden")
    (root / "overlay2/l").symlink_to(tmp_path)
    assert purge(root, check=True)["changed"]
    assert (root / "image/.hidden").exists()
    assert purge(root) == {"changed": True, "staying": []}
    assert not root.exists()
    assert tmp_path.exists()
    assert not purge(root)["changed"]


def test_what_containerd_kept_goes_too(tmp_path: Path) -> None:
    root = tmp_path / "containerd"
    seat(root, "absent", *(f"{name}/x" for name in CONTAINERDS))
    assert purge(root)["changed"]
    assert not root.exists()


def test_a_directory_that_was_there_stays(tmp_path: Path) -> None:
    """Show it for a directory like /srv, with the entries of its file system."""
    root = tmp_path / "srv"
    seat(root, "empty", "image/x", "lost+found/x")
    assert purge(root, check=True)["changed"]
    assert purge(root)["changed"]
    assert os.listdir(root) == ["lost+found"]
    assert (root / "lost+found/x").exists()
    assert not purge(root, check=True)["changed"]
    assert not purge(root)["changed"]


def test_a_link_to_a_directory_stays_and_so_does_that(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "docker").symlink_to(tmp_path / "disk")
    seat(tmp_path / "docker", "absent", "image/x")
    assert purge(tmp_path / "docker")["changed"]
    assert (tmp_path / "docker").is_symlink()
    assert os.listdir(tmp_path / "disk") == []


@pytest.mark.parametrize(
    "foreign", ["thesis.odt", "home", ".ssh", "image2", "volumes.bak", "\udcff"]
)
def test_what_is_not_dockers_is_named_and_nothing_goes(tmp_path: Path, foreign: str) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    seat(first, "absent", "image/x")
    seat(second, "empty", "image/x", foreign)
    roots = {str(first): "absent", str(second): "empty"}
    remember(roots)
    for check in (True, False):
        answer = purge(first, second, check=check)
        assert answer["failed"]
        named = foreign.encode(errors="backslashreplace").decode()
        assert f"{second} holds what is not Docker's: {named}." in answer["msg"]
        assert "Fix: " in answer["msg"]
    assert (first / "image/x").exists()
    assert (second / "image/x").exists()


def test_what_was_in_use_before_stays_and_is_told(tmp_path: Path) -> None:
    root, unknown = tmp_path / "srv", tmp_path / "unknown"
    seat(root, "in use", "image/x")
    (unknown / "image").mkdir(parents=True)
    assert purge(root, unknown) == {"changed": False, "staying": [str(root), str(unknown)]}
    assert (root / "image/x").exists()
    assert (unknown / "image").exists()


def test_where_nothing_is_remembered_nothing_is_done(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "docker/image").mkdir(parents=True)
    answer = purge(tmp_path / "docker")
    assert answer["failed"]
    assert "no record of what was there before" in answer["msg"]
    directory.mkdir()
    (directory / "state.json").write_text("{")
    assert "cannot be read" in purge(tmp_path / "docker")["msg"]
    assert (tmp_path / "docker/image").exists()


def test_a_directory_that_is_deeper_than_any_path_goes(tmp_path: Path) -> None:
    root = tmp_path / "docker"
    seat(root, "absent", "volumes/x/_data/file")
    descriptor = os.open(root / "volumes/x/_data", os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d" * 20, dir_fd=descriptor)
        deeper = os.open("d" * 20, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = deeper
    os.close(descriptor)
    assert purge(root)["changed"]
    assert not root.exists()


# ---- mounts -------------------------------------------------------------------------------


def purge_with(mounts: str, root: Path, busy: str = "..", blind: bool = False) -> dict[str, Any]:
    """Purge a root in a mount namespace of its own, where a shell script has mounted something.

    Return the module's answer, and as `left` the mounts below the root afterwards. busy: a
    directory in the root that is somebody's working directory meanwhile. blind: whether the module
    sees no mount in the list of them.
    """

    def work() -> dict[str, Any]:
        os.chdir(root / busy)
        original = docker_root.read_mounts
        if blind:
            docker_root.read_mounts = list
        answer = purge(root)
        answer["left"] = [m.path for m in docker_root.mounts_below(str(root), original())]
        return answer

    return with_mounts(mounts, root, work)


@mounting
@pytest.mark.parametrize(
    "mount",
    [
        "mount --bind {theirs} volumes/x/_data",
        "mount --bind {theirs} volumes/x/_data && mount --bind {theirs} volumes/x/_data",
        "mount -t tmpfs none volumes/x/_data && touch volumes/x/_data/in-memory",
        "mkdir -p 1.1/volumes/y/_data && mount --bind {theirs} 1.1/volumes/y/_data",
        "mkdir -p 'volumes/a b\\c/_data' && mount --bind {theirs} 'volumes/a b\\c/_data'",
        "mkdir -p containers/c/mounts/shm && mount -t tmpfs shm containers/c/mounts/shm",
        "mkdir -p overlay2/o/merged overlay2/o/work && mount -t overlay overlay overlay2/o/merged"
        " -o lowerdir={theirs},upperdir=overlay2/o,workdir=overlay2/o/work || mount -t tmpfs none"
        " overlay2/o/merged",
    ],
)
def test_what_a_killed_engine_left_mounted_is_unmounted_and_what_is_there_stays(
    tmp_path: Path, theirs: Path, mount: str
) -> None:
    """Show it for a volume of somebody's directory, a container's files and its memory."""
    root = tmp_path / "docker"
    seat(root, "absent", "volumes/x/_data/file")
    answer = purge_with(mount.format(theirs=theirs), root)
    assert (answer.get("msg"), answer["changed"], answer["left"]) == (None, True, [])
    assert (theirs / "thesis").read_text() == "years of work"
    assert not root.exists()


@mounting
@pytest.mark.parametrize(
    ("mount", "where"),
    [
        ("mount --bind {theirs} volumes", "volumes"),
        ("mkdir overlay2 && mount --bind {theirs} overlay2", "overlay2"),
        ("mkdir volumes/x/_data/deeper && mount --bind {theirs} volumes/x/_data/deeper",
         "volumes/x/_data/deeper"),
        ("touch image && mount --bind {theirs}/thesis image", "image"),
        ("mkdir image && mount --bind {theirs} image", "image"),
    ],
)  # fmt: skip
def test_what_else_is_mounted_is_named_and_nothing_goes(
    tmp_path: Path, theirs: Path, mount: str, where: str
) -> None:
    root = tmp_path / "docker"
    seat(root, "absent", "volumes/x/_data/file", "swarm/x")
    answer = purge_with(mount.format(theirs=theirs), root)
    assert answer["failed"]
    assert f"not Docker's: {root}/{where}. Nothing" in answer["msg"]
    assert answer["left"] == [f"{root}/{where}"]
    assert (theirs / "thesis").read_text() == "years of work"
    assert (root / "swarm/x").exists()


@mounting
def test_what_is_in_use_and_cannot_be_unmounted_is_named(tmp_path: Path, theirs: Path) -> None:
    root = tmp_path / "docker"
    seat(root, "absent", "volumes/x/_data/file", "image/x")
    answer = purge_with(f"mount --bind {theirs} volumes/x/_data", root, busy="volumes/x/_data")
    assert answer["failed"]
    assert f"{root}/volumes/x/_data is mounted and cannot be unmounted" in answer["msg"]
    assert "busy" in answer["msg"]
    assert (theirs / "thesis").read_text() == "years of work"
    assert (root / "image/x").exists()


@mounting
@pytest.mark.parametrize("kind", ["--bind {theirs}", "-t tmpfs none"])
def test_what_is_mounted_meanwhile_is_not_entered(tmp_path: Path, theirs: Path, kind: str) -> None:
    """Show it for mounts of the same file system too, as the list of mounts was read earlier."""
    root = tmp_path / "docker"
    (theirs / "deep").mkdir()
    (theirs / "thesis").rename(theirs / "deep/thesis")
    seat(root, "absent", "volumes/x/_data/file")
    mount = f"mount {kind.format(theirs=theirs)} volumes/x/_data"
    answer = purge_with(mount, root, blind=True)
    assert answer["failed"]
    assert f"something is mounted at {root}/volumes/x/_data" in answer["msg"]
    assert (theirs / "deep/thesis").read_text() == "years of work"


@mounting
@pytest.mark.parametrize("kind", ["--bind {theirs}", "-t tmpfs none"])
def test_a_directory_that_is_a_disk_of_its_own_is_emptied_and_stays(
    tmp_path: Path, kind: str
) -> None:
    """Show it for a directory of the same disk that is mounted there, too."""
    theirs, root = tmp_path / "theirs", tmp_path / "docker"
    theirs.mkdir()
    seat(root, "absent", "image/below-the-disk")
    kind = kind.format(theirs=theirs)
    mount = f"mount {kind} {root}; mkdir {root}/image {root}/lost+found"
    answer = purge_with(mount, root)
    assert (answer.get("msg"), answer["changed"]) == (None, True)
    assert (root / "image/below-the-disk").exists()


MOUNTINFO = r"""27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
53 27 0:39 / /var/lib/docker/overlay2/1/merged rw - overlay overlay rw,lowerdir=/var/lib/docker/l/1
70 27 254:0 /x /var/lib/docker/volumes/a\040b\134c/_data rw master:1 propagate_from:2 - ext4 /x rw
71 70 0:50 / /var/lib/docker/volumes/a\040b\134c/_data/deeper rw - nfs4 server:/x rw
72 27 0:51 / /var/lib/docker-other/x rw - tmpfs none rw
"""


def test_mounts_as_the_kernel_tells_them() -> None:
    mounts = parse_mounts(MOUNTINFO)
    assert mounts[2] == (70, "/var/lib/docker/volumes/a b\\c/_data", "ext4")
    below = docker_root.mounts_below("/var/lib/docker", mounts)
    assert [mount.number for mount in below] == [71, 70, 53]
    dockers = [mount.number for mount in below if docker_root.is_dockers(mount, "/var/lib/docker")]
    assert dockers == [70, 53]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_any_name_of_a_directory_is_read_as_it_is(name: str) -> None:
    written = "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in name)
    [mount] = parse_mounts(f"9 1 0:1 / /x/{written} rw - tmpfs none rw\n")
    assert mount == (9, f"/x/{name}", "tmpfs")


@given(st.text())
def test_what_is_no_list_of_mounts_is_refused(text: str) -> None:
    if text.strip("\n"):
        with pytest.raises(ValueError, match="no line of mountinfo"):
            parse_mounts(text)
