# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Fetch the pages of containers, at the ports and addresses of the seat that publish them."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime, timezone
from http import HTTPStatus
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
# Published ports that are tried where a page is wanted at whatever one.
_MOST_PORTS = 3


class Endpoint(NamedTuple):
    """Where a container's page is fetched from: an address and a port of the seat."""

    address: str
    port: int


def fetch_all(
    wanted: Iterable[tuple[str, int, str]],
    endpoints: Mapping[str, Mapping[str, Endpoint | None]],
) -> dict[str, Page]:
    """Return the pages that answer, as fetch() returns them, by "name:port/path".

    wanted: a container's name, its port, or 0 for whatever one is published, and a path. endpoints:
    where each published port answers, by the container's name and by the port, such as "8888/tcp".
    """
    pages = {}
    deadline = time.monotonic() + ALL_PAGES
    for name, port, path in wanted:
        page = _first_page(_places(endpoints.get(name, {}), port), path, deadline)
        if page:
            pages[f"{name}:{port}{path}"] = page
    return pages


def _places(endpoints: Mapping[str, Endpoint | None], port: int) -> list[Endpoint]:
    """Return where a port of a container answers; for port 0 the first published ones, by number.

    endpoints: by the port, such as "8888/tcp".
    """
    by_port = {
        int(key[: -len("/tcp")]): endpoint
        for key, endpoint in endpoints.items()
        if endpoint and endpoint.port in _PORTS and re.fullmatch(r"[0-9]{1,5}/tcp", key)
    }
    numbers = sorted(by_port)[:_MOST_PORTS] if port == 0 else [port]
    return [by_port[number] for number in numbers if number in by_port]


def _first_page(places: list[Endpoint], path: str, deadline: float) -> Page | None:
    """Return the first page with status 200, else the first one that answers, None without one.

    All tries together have ONE_PAGE seconds, and end at the deadline, as of time.monotonic().
    """
    answered = None
    for place in places:
        seconds = min(ONE_PAGE / len(places), deadline - time.monotonic())
        page = fetch(place.port, path, seconds, place.address) if seconds > 0 else None
        if page and page["status"] == HTTPStatus.OK:
            return page
        answered = answered or page
    return answered


def fetch(port: int, path: str, seconds: float, host: str = "127.0.0.1") -> Page | None:
    """Return a page at a port of this machine, None where none answers within the seconds.

    host: an address; the request comes from the same one, so that it reaches no other machine.
    """
    connection = LimitedConnection(host, port, timeout=seconds, source_address=(host, 0))
    connection.allow(seconds, _LARGEST)
    with closing(connection):
        try:
            ip_address(host)
            # By this name the course's app knows who looks again and again, and does not log it.
            connection.request("GET", path, headers={"Host": "localhost"})
            answer = connection.getresponse()
            length = answer.length
            body = answer.read(LONGEST_PAGE)
        except (OSError, ValueError, http.client.HTTPException):
            return None
        date = answer.headers.get("Last-Modified", "")
        try:
            parsed = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")
            modified = parsed.replace(tzinfo=timezone.utc).timestamp()
        except ValueError:
            modified = 0.0
        return {
            "status": answer.status,
            "modified": modified,
            "size": len(body) if length is None else length,
            "body": body.decode(errors="replace"),
        }
