#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Put images into the storage of the room's registry, and take old ones out."""

DOCUMENTATION = r"""
module: registry_publish
short_description: Push images into the storage of a read-only registry
description:
  - The registry that seats pull from is read-only. For as long as it takes, this starts a second
    one on the same storage, on a loopback port, which takes pushes with a password that is made
    for this one time; then removes old images and frees their space.
requirements:
  - docker, docker-registry and perl (the commands, where the module runs)
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
  port:
    description: Loopback port for the pushes.
    type: int
    default: 5001
  keep:
    description: >-
      How many images to keep of those whose tag begins with the same word, up to the first
      hyphen; the newest, and those that are pushed now.
    type: int
    required: true
author:
  - labocloud contributors
attributes:
  check_mode:
    description: Cannot run in check_mode.
    support: none
  diff_mode:
    description: Shows no diff of images.
    support: none
  idempotent:
    description: Pushing an image again changes nothing; the module says that it does.
    support: none
"""

EXAMPLES = r"""
- name: Publish the course image
  registry_publish:
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

import base64
import json
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

ACCOUNT = "docker-registry"
USER = "builder"
# The hash that the registry reads; the password comes on the standard input, out of ps's sight.
BCRYPT = 'chomp($p = <STDIN>); print crypt($p, "\\$2b\\$10\\$" . shift)'
BCRYPT_SALT = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
START_SECONDS = 10


def outdated(tags: dict[str, float], wanted: set[str], keep: int) -> list[str]:
    """Give the tags to remove.

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


def configuration(storage: str, port: int, htpasswd: str) -> dict[str, Any]:
    """Give the configuration of the registry that takes the pushes."""
    return {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": storage}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": secrets.token_hex(16)},
        "auth": {"htpasswd": {"realm": "labocloud", "path": htpasswd}},
    }


def run(*command: str, **options: Any) -> str:  # noqa: ANN401  # subprocess.run's own
    """Run a command and give its output. Raises subprocess.CalledProcessError."""
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


@contextmanager
def registry(config: Path, port: int) -> Iterator[None]:
    """Run a registry that takes pushes. Raises OSError where it does not start."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))  # a port that is taken is told before anything else
    log = config.with_name("log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(config)],
            stdout=output,
            stderr=output,
            user=ACCOUNT,
            group=ACCOUNT,
            extra_groups=[],
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise OSError(f"the registry does not start: {log.read_text()}") from None
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def push(images: dict[str, str], repository: str, port: int, password: str, room: Path) -> None:
    """Push images, tag in the registry to name in the engine. room: a directory that is root's.

    Raises subprocess.CalledProcessError.
    """
    address = f"127.0.0.1:{port}"
    secret = base64.b64encode(f"{USER}:{password}".encode()).decode()
    (room / "config.json").write_text(json.dumps({"auths": {address: {"auth": secret}}}))
    for tag, image in images.items():
        name = f"{address}/{repository}:{tag}"
        run("docker", "tag", image, name)
        try:
            run("docker", "--config", str(room), "push", "--quiet", name)
        finally:
            run("docker", "image", "rm", "--no-prune", name)


def remove(tags: list[str], directory: Path, config: Path) -> None:
    """Remove tags, which stand in directory, and free the space of what no tag names."""
    for tag in tags:
        shutil.rmtree(directory / tag)
    collect = ("docker-registry", "garbage-collect", "--delete-untagged", str(config))
    run(*collect, user=ACCOUNT, group=ACCOUNT, extra_groups=[])


def publish(
    images: dict[str, str], repository: str, storage: str, port: int, keep: int
) -> list[str]:
    """Push images, remove old ones, and give the tags of those.

    Raises OSError and subprocess.CalledProcessError.
    """
    with (
        tempfile.TemporaryDirectory(prefix="labocloud-") as ours,
        tempfile.TemporaryDirectory(prefix="labocloud-") as theirs,
    ):
        password = secrets.token_urlsafe(24)
        salt = "".join(secrets.choice(BCRYPT_SALT) for _ in range(22))
        htpasswd = Path(theirs) / "htpasswd"
        config = Path(theirs) / "config.yml"
        hashed = run("perl", "-e", BCRYPT, salt, input=password)
        htpasswd.write_text(f"{USER}:{hashed}\n")
        # JSON is YAML.
        config.write_text(json.dumps(configuration(storage, port, str(htpasswd))))
        for path in (Path(theirs), htpasswd, config):
            shutil.chown(path, ACCOUNT, ACCOUNT)
        htpasswd.chmod(0o600)
        with registry(config, port):
            push(images, repository, port, password, Path(ours))
        root = Path(storage) / "docker/registry/v2/repositories" / repository
        directory = root / "_manifests/tags"
        tags = {path.name: (path / "current/link").stat().st_mtime for path in directory.iterdir()}
        old = outdated(tags, set(images), keep)
        if old:
            remove(old, directory, config)
        return old


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "dict", "required": True},
            "repository": {"type": "str", "required": True},
            "storage": {"type": "path", "required": True},
            "port": {"type": "int", "default": 5001},
            "keep": {"type": "int", "required": True, "no_log": False},
        },
    )
    names = ("images", "repository", "storage", "port", "keep")
    try:
        removed = publish(*(module.params[name] for name in names))
    except OSError as error:
        module.fail_json(msg=f"the images cannot be published: {error}")
    except subprocess.CalledProcessError as error:
        module.fail_json(msg=f"the images cannot be published: {error.stderr.strip() or error}")
    module.exit_json(changed=True, removed=removed)


if __name__ == "__main__":
    main()
