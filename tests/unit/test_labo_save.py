"""Test what `labo save` saves of a student's work, and what it prints."""

import gzip
import io
import os
import resource
import signal
import subprocess
import tarfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import image_tar
import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.images import delivered
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    memory,
    save,
    save_text,
)
from sample_labo import FRENCH, Labo
from stand_in import wait_until

# The IDs of images: the student's, the course's and the base.
MINE, COURSE, BASE = "a" * 64, "c" * 64, "b" * 64


pytestmark = pytest.mark.usefixtures("texts")


def image(key: str, *names: str) -> dict[str, Any]:
    """Return an image as the engine lists it."""
    return {"Id": f"sha256:{key}", "RepoTags": list(names) or None}


def described(key: str) -> dict[str, Any]:
    """Return an image as the engine describes it; each has inherited the toolkit's label."""
    config = {"Labels": {"labocloud.revision": "1f"}}
    return {"Config": config, "RootFS": {"Layers": [key]}, "Architecture": "amd64"}


def of_volume(name: str) -> bytes:
    """Return a volume's content as the engine's archive: a file that ends in 5000 zeros."""
    return image_tar.tar(("./", ""), (f"./{name[:9]}", b"of" + name.encode() + bytes(5000)))


class Work:
    """A seat with a student's work: what the engine answers, and the student's folder."""

    def __init__(self, labo: Labo) -> None:
        """Create the folder, and let the engine have images, volumes and a container."""
        self.labo, engine = labo, labo.engine
        self.folder = labo.home / "labocloud"
        (self.folder / "ex3").mkdir(parents=True)
        (self.folder / "ex3/app.py").write_text("print(1)\n")
        (self.folder / "ex3/link").symlink_to("app.py")
        (self.folder / "labo-save-20260101-1000.tar").write_text("earlier")
        os.mkfifo(self.folder / "ex3/pipe")
        self.images(
            image(MINE, "mien:1", "mien:2"),
            image(COURSE, "labocloud20202021:python", "autre:1"),
            image(BASE, "labocloud20202021:base"),
            image("d" * 64),
        )
        self.deliver(COURSE, BASE)
        mounts = [{"Type": "volume", "Name": "1" * 64}, {"Type": "bind", "Source": "/x"}]
        volumes = ["compte", "1" * 64, "2" * 64]
        engine.on("GET", "/images/sha256:(.{64})/json", lambda _, key: described(key))
        engine.on("GET", r"/containers/json\?all=true", [{"Id": "x", "Mounts": mounts}])
        engine.on("GET", r"/containers/json\?all=true&filters=.*", [])
        engine.on("GET", "/volumes", {"Volumes": [{"Name": name} for name in volumes]})
        engine.on("GET", r"/images/get\?(.*)", self.give)
        engine.on("POST", "/containers/create", self.create)
        engine.on(
            "GET",
            r"/containers/(.*)/archive\?path=/from/\.",
            lambda _, name: stand_in.Raw(of_volume(name)),
        )
        engine.on("DELETE", "/containers/.*", None)

    def images(self, *images: dict[str, Any]) -> None:
        """Set the images that the engine lists."""
        self.labo.engine.on("GET", "/images/json", list(images))

    def deliver(self, *keys: str) -> None:
        """Write the file on the images that the toolkit has delivered. keys: their IDs."""
        self.labo.deliver(*({**described(key), "RepoTags": ["lab:1"]} for key in keys))

    def give(self, _: object, query: str) -> stand_in.Raw:
        """Answer with the archive of the images that a query names."""
        names = [unquote(name.removeprefix("names=")) for name in query.split("&")]
        return stand_in.Raw(image_tar.images(*names))

    def create(self, question: stand_in.Question) -> dict[str, str]:
        """Answer with the ID of a container that mounts a volume: the volume's name."""
        settings = question.json
        [mount] = settings["HostConfig"]["Mounts"]
        assert (settings["Image"], settings["HostConfig"]["NetworkMode"]) == (BASE, "none")
        assert (mount["Type"], mount["ReadOnly"]) == ("volume", True)
        return {"Id": mount["Source"]}

    def saves(self, folder: Path | None = None) -> list[Path]:
        """Return the saves, whole or half, except the earlier one."""
        paths = (folder or self.folder).glob("*.tar*")
        return sorted(path for path in paths if "20260101" not in path.name)


@pytest.fixture
def work(labo: Labo) -> Work:
    """Return a seat with a student's work."""
    return Work(labo)


def test_all_of_a_students_work_is_in_one_file_and_how_to_load_it(work: Work) -> None:
    code, output, errors = work.labo.run("save", **FRENCH)
    assert (code, errors) == (0, "")
    [path] = work.saves()
    with tarfile.open(path) as archive:
        names = archive.getnames()
        contents = {
            name: archive.extractfile(name).read()  # type: ignore[union-attr]
            for name in names
            if archive.getmember(name).isreg()
        }
        assert archive.getmember("labocloud/ex3/link").linkname == "app.py"
    assert sorted(names) == [
        "README.txt",
        "images.tar.gz",
        "labocloud",
        "labocloud/ex3",
        "labocloud/ex3/app.py",
        "labocloud/ex3/link",
        f"volumes/{'1' * 64}.tar.gz",
        "volumes/compte.tar.gz",
    ]
    assert contents["labocloud/ex3/app.py"] == b"print(1)\n"
    assert gzip.decompress(contents["volumes/compte.tar.gz"]) == of_volume("compte")
    # The base is saved with the student's images, which are built on it. The course image is not
    # saved, whatever its names are.
    names = ["labocloud20202021:base", "mien:1", "mien:2"]
    assert gzip.decompress(contents["images.tar.gz"]) == image_tar.images(*names)
    readme = contents["README.txt"].decode()
    for text in (readme, output):
        assert f"  tar -xf {path.name}\n" in text
        assert "  docker load -i images.tar.gz\n" in text
        assert (
            '  docker run --rm -v compte:/to -v "${PWD}/volumes:/from:ro"'
            " labocloud20202021:base tar -C /to -xzf /from/compte.tar.gz\n"
        ) in text
        assert "Chez vous, avec Docker" in text
    assert f"Sauvé\u00a0: {path}" in output
    assert work.labo.engine.asked("DELETE") == [
        f"/containers/{name}?force=true" for name in ("1" * 64, "compte")
    ]
    saved = memory.read(work.labo.memory).saved
    assert (saved.images, saved.volumes) == ({MINE}, {"1" * 64, "compte"})
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["python", "moi", "v2", "tp", "python-1f0000000000"])
def test_a_build_of_ones_own_that_has_the_courses_name_is_ones_own(work: Work, name: str) -> None:
    """Show it for images that have inherited the course image's label, by a build or a commit."""
    own = image(MINE, f"labocloud20202021:{name}")
    work.images(own, image(COURSE, "autre:1"), image(BASE, "labocloud20202021:base"))
    assert f"labocloud20202021:base, labocloud20202021:{name} (" in work.labo.run("save")[1]
    assert memory.read(work.labo.memory).saved.images == {MINE}


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1]", b"\xff"])
def test_where_no_delivery_is_known_nothing_is_left_out(work: Work, content: bytes | None) -> None:
    path = work.labo.program.with_name(delivered.FILE)
    path.unlink() if content is None else path.write_bytes(content)
    assert work.labo.run("save")[0] == 0
    assert memory.read(work.labo.memory).saved.images == {MINE, COURSE, BASE}


@pytest.mark.parametrize("odd", [["x"], {"Id": f"sha256:{BASE}"}], ids=["a list", "half of it"])
def test_an_image_that_goes_meanwhile_or_is_odd_is_no_traceback(work: Work, odd: object) -> None:
    work.labo.engine.on("GET", f"/images/sha256:{COURSE}/json", stand_in.Refuse(404))
    work.labo.engine.on("GET", f"/images/sha256:{BASE}/json", odd)
    assert work.labo.run("save")[0] == 0
    assert memory.read(work.labo.memory).saved.images == {MINE, COURSE, BASE}


def cut(data: bytes) -> list[bytes]:
    """Return the beginnings of an archive that ends at each kind of wrong place."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        *_, last = archive
    end = last.offset_data + -(-last.size // 512) * 512
    return [b"", data[:512], data[:700], data[: end - 600], data[:end], data[: end + 512]]


@pytest.mark.parametrize("piece", range(6))
def test_a_volume_that_is_torn_is_read_again(work: Work, piece: int) -> None:
    whole, questions = of_volume("compte"), []

    def answer(question: object) -> stand_in.Raw:
        questions.append(question)
        return stand_in.Raw(whole if len(questions) == 3 else cut(whole)[piece])

    work.labo.engine.on("GET", r"/containers/compte/archive\?path=/from/\.", answer)
    code, _, errors = work.labo.run("save")
    assert (code, errors, len(questions)) == (0, "", 3)
    [path] = work.saves()
    with tarfile.open(path) as archive:
        assert archive.getnames().count("volumes/compte.tar.gz") == 1
        content = archive.extractfile("volumes/compte.tar.gz").read()  # type: ignore[union-attr]
    assert gzip.decompress(content) == whole


def test_a_volume_that_is_torn_each_time_is_left_aside_loudly(work: Work) -> None:
    torn = stand_in.Raw(cut(of_volume("compte"))[4])
    work.labo.engine.on("GET", r"/containers/compte/archive\?path=/from/\.", torn)
    code, output, errors = work.labo.run("save")
    assert (code, "NOT SAVED" in errors, "compte" in errors) == (1, True, True)
    assert "compte.tar.gz" not in output
    # Nobody reads 64 digits, except where they have to be typed.
    assert f"{'1' * 12}… (" in output
    [path] = work.saves()
    with tarfile.open(path) as archive:
        assert "volumes/compte.tar.gz" not in archive.getnames()
        assert {"images.tar.gz", f"volumes/{'1' * 64}.tar.gz"} <= set(archive.getnames())
    assert memory.read(work.labo.memory).saved.volumes == {"1" * 64}
    assert "PAS SAUVÉ" in work.labo.run("save", **FRENCH)[2]


@pytest.mark.parametrize("kind", ["half", "without one of them", "without a layer"])
def test_images_that_are_torn_each_time_are_left_aside_loudly(work: Work, kind: str) -> None:
    names = ["labocloud20202021:base", "mien:1", "mien:2"]
    whole = image_tar.images(*names)
    archives = {
        "half": whole[: len(whole) // 2],
        "without one of them": image_tar.images(*names[:2]),
        "without a layer": image_tar.tar(("manifest.json", image_tar.manifest(*names))),
    }
    work.labo.engine.on("GET", r"/images/get\?.*", stand_in.Raw(archives[kind]))
    code, output, errors = work.labo.run("save")
    assert (code, "NOT SAVED" in errors, "mien:1" in errors) == (1, True, True)
    assert "docker load" not in output
    [path] = work.saves()
    with tarfile.open(path) as archive:
        assert "images.tar.gz" not in archive.getnames()
        assert "volumes/compte.tar.gz" in archive.getnames()
    saved = memory.read(work.labo.memory).saved
    assert (saved.images, saved.volumes) == (set(), {"1" * 64, "compte"})


def test_what_is_to_be_pasted_has_only_words_of_its_own(work: Work) -> None:
    """Show that no odd name is printed in a command: a false engine or a volume may have one."""
    names = ["mien:1", "x;sh $HOME", "-v/:/x", "a\nb:1"]
    work.images(image(MINE, *names), image(BASE, "labocloud20202021:base"))
    volumes = [{"Name": name} for name in ("compte", "x;sh", "$(id)", "-v")]
    work.labo.engine.on("GET", "/volumes", {"Volumes": volumes})
    path = work.labo.home / "x;sh $HOME.tar"
    code, output, errors = work.labo.run("save", str(path))
    assert (code, errors) == (0, "")
    assert "  tar -xf 'x;sh $HOME.tar'\n" in output
    lines = [line for line in output.splitlines() if line.startswith("  docker run")]
    assert ["compte:/to" in line for line in lines] == [True]
    assert "(labocloud20202021:base, mien:1)" in output
    for word in ("x;sh\n", "$(id)", "-v/:/x"):
        assert word not in output


def test_what_is_there_is_not_written_over(work: Work) -> None:
    mine = work.labo.home / "mine.tar"
    mine.write_text("kept")
    assert work.labo.run("save", str(mine))[0] == 0
    assert mine.read_text() == "kept"
    assert (work.labo.home / "mine-2.tar").exists()
    assert work.labo.run("save", str(work.labo.home))[0] == 0
    assert len(list(work.labo.home.glob("labo-save-*.tar"))) == 1
    # The save is in the folder that is saved, and does not hold itself.
    assert work.labo.run("save", str(work.folder / "mine.tar"))[0] == 0
    with tarfile.open(work.folder / "mine.tar") as archive:
        assert "labocloud/mine.tar.part" not in archive.getnames()


def test_what_cannot_be_is_told_and_leaves_nothing(work: Work) -> None:
    code, _, errors = work.labo.run("save", "/none/such/file.tar")
    assert (code, "/none/such" in errors) == (2, True)
    work.labo.engine.on("GET", r"/images/get\?.*", stand_in.Refuse(500, "no space left on device"))
    code, _, errors = work.labo.run("save")
    assert (code, "Nothing is saved" in errors, "no space left" in errors) == (2, True, True)
    assert work.saves() == []
    assert memory.read(work.labo.memory).saved == memory.Saved()


def test_a_disk_that_is_full_leaves_nothing_of_it(work: Work, tmp_path: Path) -> None:
    (work.folder / "large").write_bytes(b"x" * 100_000)
    completed = subprocess.run(
        work.labo.command("save"),
        env=work.labo.environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 2
    assert "Nothing is saved" in completed.stderr
    assert work.saves() == []
    full = save_text.not_saved(OSError(28, "No space left on device"), tmp_path / "x.tar")
    assert f"in {tmp_path}" in full or str(tmp_path) in full


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_end_in_the_middle_leaves_nothing_half(work: Work, number: int) -> None:
    work.labo.engine.on("GET", "/containers/.*/archive.*", stand_in.Stream(b"x" * 1000))
    with subprocess.Popen(
        work.labo.command("save"),
        env=work.labo.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        engine = work.labo.engine
        wait_until(lambda: any("archive" in path for path in engine.asked("GET")))
        assert len(work.saves()) == 1
        running.send_signal(number)
        _, errors = running.communicate(timeout=120)
    assert (running.returncode, errors) == (130, b"")
    assert work.saves() == []
    assert work.labo.engine.asked("DELETE") == [f"/containers/{'1' * 64}?force=true"]


def test_what_a_save_that_was_killed_has_left_goes_with_the_next(work: Work) -> None:
    left = r"/containers/json\?all=true&filters=.*labo.save.*"
    work.labo.engine.on("GET", left, [{"Id": "left"}])
    assert work.labo.run("save")[0] == 0
    assert work.labo.engine.asked("DELETE")[0] == "/containers/left?force=true"


def test_who_has_made_nothing_is_told_so(labo: Labo) -> None:
    labo.engine.on("GET", r"/containers/json\?.*", [])
    code, output, _ = labo.run("save")
    assert (code, "There is nothing to save" in output) == (0, True)
    assert list(labo.home.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads all")
def test_what_the_account_cannot_read_is_left_aside_and_told(work: Work) -> None:
    (work.folder / "secret").write_text("x")
    (work.folder / "secret").chmod(0)
    code, _, errors = work.labo.run("save")
    assert (code, str(work.folder / "secret") in errors) == (0, True)


def test_a_directory_that_cannot_be_entered_is_left_aside_and_told(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Show it with a simulated error, as root may enter each directory."""
    closed, scan = work.folder / "closed", os.scandir
    closed.mkdir()

    def scandir(path: str) -> object:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    path = work.labo.home / "made.tar"
    with path.open("wb") as file:
        archive = save.Archive(file)
        assert save.save_folder(archive, work.folder, path) == [closed]
        archive.close()
    with tarfile.open(path) as saved:
        assert "labocloud/ex3/app.py" in saved.getnames()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_what_another_account_has_closed_is_left_aside(shared: Path) -> None:
    folder = shared / "in"
    for name, mode in (("named", 0o444), ("closed", 0o700)):
        (folder / name / "deeper").mkdir(parents=True)
        (folder / name / "file").touch()
        (folder / name).chmod(mode)
    with (shared / "made.tar").open("wb") as file:
        os.seteuid(65534)
        try:
            left = save.save_folder(save.Archive(file), folder, shared / "made.tar")
        finally:
            os.seteuid(0)
    named = folder / "named"
    assert sorted(left) == [folder / "closed", named / "deeper", named / "file"]


def test_a_folder_that_is_a_link_is_saved_as_the_folder_it_is(work: Work, tmp_path: Path) -> None:
    real = work.folder.rename(work.labo.home / "real")
    work.folder.symlink_to(real.name)
    assert work.labo.run("save")[0] == 0
    [path] = work.saves()
    subprocess.run(["tar", "-xf", path], cwd=tmp_path, check=True)
    assert (tmp_path / "labocloud/ex3/app.py").read_text() == "print(1)\n"


def test_what_is_left_half_keeps_no_name_from_the_next(work: Work) -> None:
    half = work.labo.home / "mine.tar.part"
    half.write_text("half")
    assert work.labo.run("save", str(work.labo.home / "mine.tar"))[0] == 0
    assert half.read_text() == "half"
    assert (work.labo.home / "mine-2.tar").exists()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_volume_that_cannot_be_read_keeps_none_from_being_saved(work: Work, method: str) -> None:
    def create(question: stand_in.Question) -> object:
        container = work.create(question)
        if method == "POST" and container["Id"] == "broken":
            return stand_in.Refuse(500, "error while mounting volume")
        return container

    volumes = ["broken", "compte"]
    work.labo.engine.on("GET", "/volumes", {"Volumes": [{"Name": name} for name in volumes]})
    work.labo.engine.on("POST", "/containers/create", create)
    work.labo.engine.on(
        "GET", r"/containers/broken/archive\?.*", stand_in.Refuse(500, "error while mounting")
    )
    code, output, errors = work.labo.run("save")
    assert (code, errors) == (0, "Left aside, since they cannot be read: volume broken\n")
    [path] = work.saves()
    with tarfile.open(path) as archive:
        names = archive.getnames()
        content = archive.extractfile("volumes/compte.tar.gz").read()  # type: ignore[union-attr]
        readme = archive.extractfile("README.txt").read()  # type: ignore[union-attr]
    assert [name for name in names if "broken" in name] == []
    assert gzip.decompress(content) == of_volume("compte")
    assert "compte.tar.gz" in output
    assert ("broken" in output, b"broken" in readme) == (False, False)
    assert memory.read(work.labo.memory).saved.volumes == {"compte"}


def test_a_file_that_grows_while_it_is_saved_breaks_no_archive(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/file").write_bytes(b"1" * 10)
    path = tmp_path / "made.tar"
    with path.open("wb") as file:
        archive = save.Archive(file)
        with archive.member("a" * 150) as target:
            target.write(b"2" * 1000)
        save.save_folder(archive, tmp_path / "in", path)
        archive.close()
    with tarfile.open(path) as saved:
        assert [member.size for member in saved] == [1000, 0, 10]
        assert saved.extractfile("labocloud/file").read() == b"1" * 10  # type: ignore[union-attr]
