"""Archives of images, as an engine writes them, and as it never would."""

import io
import json
import tarfile

LAYER = "blobs/sha256/layer"
CONFIG = "blobs/sha256/config"


def manifest(*names: str) -> bytes:
    """Give manifest.json of one image that bears names."""
    return json.dumps([{"Config": CONFIG, "RepoTags": list(names), "Layers": [LAYER]}]).encode()


def tar(*members: tuple[str, bytes | str]) -> bytes:
    """Give an archive of members: a name with bytes, or with the text of what it is a link to."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def index(*names: str) -> bytes:
    """Give index.json of images that bear names."""
    notes = [
        {
            "io.containerd.image.name": f"docker.io/library/{name}",
            "org.opencontainers.image.ref.name": name.rpartition(":")[2],
        }
        for name in names
    ]
    return json.dumps({"manifests": [{"annotations": note} for note in notes]}).encode()


def images(*names: str, more: tuple[tuple[str, bytes | str], ...] = ()) -> bytes:
    """Give an archive of one image that bears names, and more members, which come in their place.

    It is as Docker 25 to 28 write it.
    """
    members = {LAYER: b"layer" * 5000, CONFIG: b"{}", "index.json": index(*names)}
    members |= dict(more) | {"manifest.json": manifest(*names)}
    return tar(*members.items())
