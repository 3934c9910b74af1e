# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Fetch the pages of containers, at the ports and addresses of the seat that publish them."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime, timezone
from ipaddress import ip_address
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.engine.limited_http import (
    LimitedConnection,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import Page

# Seconds: for one page, and for all of them. An app that looks up a name without a network answers
# only after some seconds.
ONE_PAGE, ALL_PAGES = 5.0, 10.0
# Bytes of an answer, and characters of a page.
_LARGEST, LONGEST_PAGE = 4_000_000, 4000
_PORTS = range(1, 2**16)


class Endpoint(NamedTuple):
    """Where a container's page is fetched from: an address and a port of the seat."""

    address: str
    port: int


def fetch_all(
    wanted: Iterable[tuple[str, int, str]],
    endpoints: Mapping[str, Mapping[str, Endpoint | None]],
) -> dict[str, Page]:
    """Return the pages that answer, as fetch() returns them, by "name:port/path".

    wanted: a container's name, its port, and a path. endpoints: where each published port answers,
    by the container's name and by the port, such as "8888/tcp".
    """
    pages = {}
    deadline = time.monotonic() + ALL_PAGES
    for name, port, path in wanted:
        endpoint = endpoints.get(name, {}).get(f"{port}/tcp")
        seconds = min(ONE_PAGE, deadline - time.monotonic())
        if seconds > 0 and endpoint and endpoint.port in _PORTS:
            page = fetch(endpoint.port, path, seconds, endpoint.address)
            if page:
                pages[f"{name}:{port}{path}"] = page
    return pages


def fetch(port: int, path: str, seconds: float, host: str = "127.0.0.1") -> Page | None:
    """Return a page at a port of this machine, None where none answers within the seconds.

    host: an address; the request comes from the same one, so that it reaches no other machine.
    """
    connection = LimitedConnection(host, port, timeout=seconds, source_address=(host, 0))
    connection.allow(seconds, _LARGEST)
    with closing(connection):
        try:
            ip_address(host)
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read(LONGEST_PAGE).decode(errors="replace")
        except (OSError, ValueError, http.client.HTTPException):
            return None
        date = answer.headers.get("Last-Modified", "")
        try:
            parsed = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")
            modified = parsed.replace(tzinfo=timezone.utc).timestamp()
        except ValueError:
            modified = 0.0
        return {"status": answer.status, "modified": modified, "body": body}
