#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Put images into the storage of the room's registry, and take old ones out."""

DOCUMENTATION = r"""
module: registry_publish
short_description: Push images into the storage of a read-only registry
description:
  - The registry that seats pull from is read-only. For as long as it takes, systemd runs a second
    one on the same storage, in a transient unit with an account, a sandbox and a network of its
    own. Nothing outside of that unit can reach it, and systemd ends it after a time, whatever
    becomes of this module. Skopeo, in there too, pushes the images from an archive.
  - Old images are removed in there afterwards, and their space is freed.
requirements:
  - docker, docker-registry, skopeo, bash and systemd (where the module runs)
  - the account labocloud-push, which owns the storage, and the group docker-registry
options:
  images:
    description: The images to push, tag in the registry to name in the engine.
    type: dict
    required: true
  repository:
    description: Name of the repository in the registry.
    type: str
    required: true
  storage:
    description: Root directory of the registry's storage.
    type: path
    required: true
  keep:
    description: >-
      How many images to keep of those whose tag begins with the same word, up to the first
      hyphen; the newest, and those that are pushed now.
    type: int
    required: true
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Pushing an image again changes nothing; the module says that it does.
"""

EXAMPLES = r"""
- name: Publish the course image
  labocloud.room.registry_publish:
    images: {python-0a1b: "labocloud20202021:python"}
    repository: labocloud20202021
    storage: /var/lib/docker-registry/room
    keep: 3
"""

RETURN = r"""
removed:
  description: Tags of the images that were removed.
  returned: success
  type: list
  elements: str
"""

import fcntl
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils import commands
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import SOCKET
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal

_UNIT = "labocloud-push.service"
_ACCOUNT = "labocloud-push"
_COMMANDS = ("docker", "docker-registry", "skopeo", "systemd-run")
# The port is one of a loopback interface that is the unit's own.
_PORT = "5000"
# A push takes seconds. systemd ends one that takes longer than this, with all that belongs to it.
_SECONDS = 900
_PROPERTIES = {
    "User": _ACCOUNT,
    "Group": "docker-registry",  # It may read what this account writes, and no more.
    "UMask": "0027",
    "RuntimeMaxSec": _SECONDS,
    "MemoryMax": "1G",
    "PrivateNetwork": "yes",
    "RuntimeDirectory": "labocloud-push",
    "RuntimeDirectoryMode": "0700",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectControlGroups": "yes",
    "RestrictNamespaces": "yes",
    "RestrictAddressFamilies": "AF_INET AF_UNIX",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
}
# The script runs in the unit. Its standard input is the archive of the images; its arguments are
# the tag and the name of each image, then "--", then the tags to remove. Where systemd may not make
# a network, it starts the unit in the host's, where anybody on the host would reach the registry,
# so the script refuses. No name is in braces after a dollar: systemd would replace it.
SCRIPT = r"""
set -eu
if [ "$(readlink /proc/self/ns/net)" = "$HOST_NETWORK" ]; then
    echo "systemd cannot give a unit a network of its own here. Fix: name another host in the" \
        "group registry, or set course_image_delivery to archive" >&2
    exit 1
fi
repository=$STORAGE/docker/registry/v2/repositories/$REPOSITORY
rm -rf "$repository/_uploads"  # of a push that was ended
printf '%s' "$CONFIGURATION" >"$RUNTIME_DIRECTORY/config.yml"
docker-registry serve "$RUNTIME_DIRECTORY/config.yml" >"$RUNTIME_DIRECTORY/log" 2>&1 &
until (: <"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; do
    kill -0 $! 2>/dev/null || { cat "$RUNTIME_DIRECTORY/log" >&2; exit 1; }
    sleep 0.05
done
until [ "$1" = -- ]; do
    skopeo --insecure-policy copy --quiet --dest-tls-verify=false \
        "docker-archive:/proc/self/fd/0:$2" "docker://127.0.0.1:$PORT/$REPOSITORY:$1"
    shift 2
done
shift
[ $# -gt 0 ] || exit 0
for tag; do
    rm -r "$repository/_manifests/tags/$tag"
done
docker-registry garbage-collect --delete-untagged "$RUNTIME_DIRECTORY/config.yml" >&2
"""


def outdated(tags: dict[str, float], wanted: set[str], keep: int) -> list[str]:
    """Return the tags to remove, in order.

    tags: each tag with the time of its last push, in seconds. wanted: tags that stay in any case.
    keep: how many stay of those that begin with the same word.
    """
    rows = defaultdict(list)
    for tag in tags:
        rows[tag.partition("-")[0]].append(tag)
    old: list[str] = []
    for row in rows.values():
        row.sort(key=lambda tag: (tag in wanted, tags[tag]), reverse=True)
        old += [tag for tag in row[keep:] if tag not in wanted]
    return sorted(old)


def _lacking() -> list[str]:
    """Return what this host lacks to push: names of commands, or of the account."""
    names = [command for command in _COMMANDS if shutil.which(command) is None]
    try:
        pwd.getpwnam(_ACCOUNT)
    except KeyError:
        names.append(f"account {_ACCOUNT}")
    return names


def _configuration(storage: str) -> dict[str, Any]:
    """Return the configuration of the registry that takes the pushes."""
    return {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": storage}},
        "http": {"addr": f"127.0.0.1:{_PORT}"},
    }


def unit(
    images: dict[str, str], repository: str, storage: str, old: list[str], network: str
) -> list[str]:
    """Return the command that pushes images, and removes old tags, in a transient unit.

    Its standard input is the archive of the images. images: tag to name. old: the tags. network:
    the host's, as /proc names it.
    """
    environment = {
        "CONFIGURATION": json.dumps(_configuration(storage)),  # JSON is YAML, too.
        "HOME": storage,  # Skopeo keeps a record there of the layers that it has compressed.
        "HOST_NETWORK": network,
        "PORT": _PORT,
        "REPOSITORY": repository,
        "STORAGE": storage,
    }
    properties = _PROPERTIES | {"ReadWritePaths": storage}
    return [
        "systemd-run",
        f"--unit={_UNIT}",
        "--description=A push into the room's registry",
        *("--quiet", "--collect", "--wait", "--pipe", "--service-type=exec"),
        *(f"--property={name}={value}" for name, value in properties.items()),
        *(f"--setenv={name}={value}" for name, value in environment.items()),
        *("--", "/bin/bash", "-c", SCRIPT, _UNIT),
        *(word for pair in images.items() for word in pair),
        *("--", *old),
    ]


def _run(*command: str, **options: Any) -> str:  # noqa: ANN401  # subprocess.run's own
    """Run a command and return its output. Raises subprocess.CalledProcessError."""
    output: str = subprocess.run(
        command, check=True, capture_output=True, text=True, **options
    ).stdout
    return output


def save(images: list[str], file: IO[bytes], docker_socket: str) -> None:
    """Write an archive of images to a file, and go back to its beginning.

    Raises subprocess.CalledProcessError.
    """
    commands.run(["docker", "save", *images], docker_socket, stdout=file)
    # The unit's account opens the file anew.
    os.fchmod(file.fileno(), 0o644)
    file.seek(0)


@contextmanager
def alone(storage: str) -> Iterator[None]:
    """Wait until nobody else pushes into the storage, and let nobody else push meanwhile.

    Raises OSError.
    """
    directory = os.open(storage, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _publish(
    images: dict[str, str], repository: str, storage: str, keep: int, docker_socket: str
) -> list[str]:
    """Push images, remove old ones, and return the tags of those that were removed.

    The arguments are the module's. Raises OSError and subprocess.CalledProcessError.
    """
    directory = Path(storage) / "docker/registry/v2/repositories" / repository / "_manifests/tags"
    # The file has no name, so that it is gone with this process, however that ends.
    with alone(storage), tempfile.TemporaryFile(dir="/var/tmp") as file:
        save(sorted(set(images.values())), file, docker_socket)
        # A run that was killed may have left the unit; only this run may have one now.
        subprocess.run(["systemctl", "stop", _UNIT], check=False, capture_output=True)
        tags = {link.parts[-3]: link.stat().st_mtime for link in directory.glob("*/current/link")}
        old = outdated(dict.fromkeys(images, 0.0) | tags, set(images), keep)
        network = os.readlink("/proc/self/ns/net")
        _run(*unit(images, repository, storage, old, network), stdin=file)
        return old


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "dict", "required": True},
            "repository": {"type": "str", "required": True},
            "storage": {"type": "path", "required": True},
            "keep": {"type": "int", "required": True, "no_log": False},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    if lacks := _lacking():
        module.fail_json(
            msg=str(
                Refusal(
                    f"the images cannot be published without {', '.join(lacks)}",
                    "run playbooks/registry.yml, which brings what is missing",
                )
            )
        )
    names = ("images", "repository", "storage", "keep", "docker_socket")
    try:
        removed = _publish(*(module.params[name] for name in names))
    except OSError as error:
        module.fail_json(msg=f"the images cannot be published: {error}")
    except subprocess.CalledProcessError as error:
        why = error.stderr.strip() or (
            f"{error.cmd[0]} ended with {error.returncode}, or was ended after {_SECONDS} seconds. "
            f"Its log: journalctl -u {_UNIT}"
        )
        module.fail_json(msg=f"the images cannot be published: {why}")
    module.exit_json(changed=True, removed=removed)


if __name__ == "__main__":
    main()
