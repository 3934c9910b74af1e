"""Images as an engine describes them, and their archives as it writes them, and broken ones."""

import io
import json
import tarfile
from typing import Any

LAYER = "blobs/sha256/layer"
CONFIG = "blobs/sha256/config"


def inspected(key: str, *names: str) -> dict[str, Any]:
    """Return an image as an engine describes it. key: its ID, by which its fingerprint differs."""
    return {
        "Id": key,
        "RepoTags": list(names),
        "Config": {"Cmd": [key]},
        "RootFS": {"Layers": ["sha256:1"]},
        "Architecture": "amd64",
    }


def manifest(*names: str) -> bytes:
    """Return the manifest.json of one image with these names."""
    return json.dumps([{"Config": CONFIG, "RepoTags": list(names), "Layers": [LAYER]}]).encode()


def tar(*members: tuple[str, bytes | str]) -> bytes:
    """Return an archive of members: each a name with bytes, or with a symbolic link's target."""
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
    """Return the index.json of images with these names."""
    annotations = [
        {
            "io.containerd.image.name": f"docker.io/library/{name}",
            "org.opencontainers.image.ref.name": name.rpartition(":")[2],
        }
        for name in names
    ]
    manifests = [{"annotations": image} for image in annotations]
    return json.dumps({"manifests": manifests}).encode()


def images(*names: str, extra: tuple[tuple[str, bytes | str], ...] = ()) -> bytes:
    """Return an archive of one image with these names, as Docker 25 to 28 write it.

    extra: further members, which come before manifest.json.
    """
    members = {LAYER: b"layer" * 5000, CONFIG: b"{}", "index.json": index(*names)}
    members |= dict(extra) | {"manifest.json": manifest(*names)}
    return tar(*members.items())
