# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Make the files that configure a service, and compare them with those that a seat has.

A seat tells files as path to SHA-256; files that are wanted are path to text.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

ROLES = Path(__file__).parents[2] / "roles"


def hashes(files: Mapping[str, str]) -> dict[str, str]:
    """Give the path of each file to the SHA-256 of its text, as a seat tells it."""
    return {path: sha256(text.encode()).hexdigest() for path, text in files.items()}


def differing(files: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    """Give the paths of the files that are not there, or hold something else.

    present: as a seat tells it.
    """
    return [path for path, told in hashes(files).items() if present.get(path) != told]


@cache
def shipped(role: str, name: str) -> str:
    """Give the text of a file of a role's, which is written as it is."""
    return (ROLES / role / "files" / name).read_text(encoding="utf-8")


def proxy_environment(proxy: Mapping[str, Any], direct: Iterable[str] = ()) -> dict[str, str]:
    """Give the variables that tell a service of its proxy; none where it has none.

    proxy: as people set it, with the keys http, https and no_proxy, each of which may lack. direct:
    hosts that are reached without the proxy, besides those that people name.
    """
    through = {"HTTP_PROXY": proxy.get("http"), "HTTPS_PROXY": proxy.get("https")}
    hosts = [proxy.get("no_proxy"), *(direct if any(through.values()) else ())]
    told = through | {"NO_PROXY": ",".join(str(host) for host in hosts if host)}
    return {name: str(value) for name, value in told.items() if value}


def environment_file(variables: Mapping[str, str]) -> str:
    """Give the text of a file of variables, as systemd.exec(5) reads EnvironmentFile=."""

    def quoted(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"')

    return "".join(f'{name}="{quoted(value)}"\n' for name, value in variables.items())
