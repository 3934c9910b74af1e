# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find out whether a registry answers over TLS by its name, as it has to for seats that pull."""

from __future__ import annotations

import http.client
import ssl
from contextlib import closing

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Answers

# Seconds for each piece of an answer; the caller limits the whole.
SECONDS = 20
LATE: Answers = {"answers": None, "why": "no answer in time"}
# Characters of the reason, which may be what it answers where that is no HTTP.
_LONGEST = 200


def _status_of(address: str, authority: str) -> int:
    """Return the status of a registry's first page, over TLS 1.2 or newer, without a proxy.

    address: host:port, one of IPv6 in brackets. Raises OSError, http.client.HTTPException or
    ValueError.
    """
    # Docker trusts this authority alone, too.
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


def ask(address: str, answer: Answers, authority: str) -> None:
    """Ask a registry, host:port, and put into answer whether it answers. Raises nothing.

    answer: C(answers), and C(why) not, to begin with those of LATE. authority: the certificate, in
    PEM, of the CA that seats trust for it.
    """
    if not authority:
        answer.update({"answers": False, "why": "it has no certificate"})
        return
    try:
        status = _status_of(address, authority)
    except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:
        # On a certificate, Python's verify_message says more than OpenSSL's own words.
        words = getattr(error, "verify_message", None) or getattr(error, "strerror", None)
        why = " ".join((words or str(error) or type(error).__name__).split())
        answer.update({"answers": False, "why": why[:_LONGEST]})
        return
    is_ok = status == http.client.OK
    answer.update({"answers": is_ok, "why": "" if is_ok else f"its status is {status}"})
