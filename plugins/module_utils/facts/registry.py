# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Whether a registry answers over TLS by its name, as seats that pull from it ask."""

from __future__ import annotations

import http.client
import ssl
from contextlib import closing
from typing import Any

# For each piece of an answer. Who asks leaves behind what is late, as a whole too.
SECONDS = 20
LATE = {"answers": None, "why": "no answer in time"}
# Characters of what it answers, where that is no HTTP.
LONGEST = 200


def status_of(address: str, authority: str) -> int:
    """Give the status of a registry's first page, over TLS 1.2 or newer, without a proxy.

    address: host:port, one of IPv6 in brackets. Raises OSError, http.client.HTTPException or
    ValueError.
    """
    # As Docker trusts it: by this authority alone.
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    trust.load_verify_locations(cadata=authority)
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPSConnection(
        host.strip("[]"), int(port), timeout=SECONDS, context=trust
    )
    with closing(connection):
        connection.request("GET", "/v2/")
        return connection.getresponse().status


def ask(address: str, answer: dict[str, Any], authority: str) -> None:
    """Ask a registry, and put down whether it answers, and if not why. Raises nothing.

    answer: C(answers) and C(why), to begin with those of LATE. authority: the certificate, in PEM,
    of the CA that seats trust for it.
    """
    if not authority:
        answer.update(answers=False, why="it has no certificate")
        return
    try:
        status = status_of(address, authority)
    except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:
        # Of a certificate, OpenSSL's words tell less than Python's.
        told = getattr(error, "verify_message", None) or getattr(error, "strerror", None)
        why = " ".join((told or str(error) or type(error).__name__).split())
        answer.update(answers=False, why=why[:LONGEST])
        return
    good = status == http.client.OK
    answer.update(answers=good, why="" if good else f"its status is {status}")
