# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Generate the files that configure a service, and compare them with those that a seat has.

A seat reports its files as path to SHA-256; the wanted files are path to text.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

ROLES = Path(__file__).parents[2] / "roles"


def hashes(files: Mapping[str, str]) -> dict[str, str]:
    """Return the path of each file to the SHA-256 of its text, as a seat reports them."""
    return {path: sha256(text.encode()).hexdigest() for path, text in files.items()}


def differing(files: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    """Return the paths of the files that are missing or have another content."""
    return [path for path, digest in hashes(files).items() if present.get(path) != digest]


@cache
def shipped(role: str, name: str) -> str:
    """Return the text of a file in a role's folder files. Raises OSError."""
    return (ROLES / role / "files" / name).read_text(encoding="utf-8")


def proxy_environment(proxy: Mapping[str, object], direct: Iterable[str] = ()) -> dict[str, str]:
    """Return the environment variables of a service's proxy; none where it has none.

    proxy: the setting, with the keys http, https and no_proxy, each of which is optional. direct:
    hosts that are reached without the proxy, besides those of no_proxy.
    """
    through = {"HTTP_PROXY": proxy.get("http"), "HTTPS_PROXY": proxy.get("https")}
    hosts = [proxy.get("no_proxy"), *(direct if any(through.values()) else ())]
    variables = through | {"NO_PROXY": ",".join(str(host) for host in hosts if host)}
    return {name: str(value) for name, value in variables.items() if value}


def environment_file(variables: Mapping[str, str]) -> str:
    """Return variables as the text of a file for EnvironmentFile=, see systemd.exec(5)."""

    def quoted(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"')

    return "".join(f'{name}="{quoted(value)}"\n' for name, value in variables.items())
