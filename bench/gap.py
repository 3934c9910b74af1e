#!/usr/bin/python3
"""Request a page all along, and print the longest time in which it did not answer.

Runs on the seat itself, with the seat's own Python and nothing else:
`./lab ansible pc03 -m ansible.builtin.script -a "bench/gap.py --seconds 60"`, while the room is
updated from another terminal. Prints JSON: `asked` and `failed` are numbers of requests,
`longest_gap_ms` is the longest time from one answer to the next, and `revisions` are those that
answered, in the order in which they came.
"""

import argparse
import http.client
import json
import signal
import sys
import time
from urllib.parse import urlsplit

ANSWER_SECONDS = 2


def request_revision(address: str) -> str:
    """Return the revision that answers at host:port.

    Raises OSError, http.client.HTTPException, ValueError or KeyError where none does.
    """
    connection = http.client.HTTPConnection(address, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz")
        revision: str = json.load(connection.getresponse())["revision"]
    finally:
        connection.close()
    return revision


def watch(address: str, seconds: float, pause: float) -> dict[str, object]:
    """Send requests for so many seconds, or until SystemExit is raised; return what was seen.

    pause: seconds from an answer to the next request.
    """
    requests, failed, longest = 0, 0, 0.0
    revisions: list[str] = []
    begin = last = time.monotonic()
    try:
        while time.monotonic() < begin + seconds:
            requests += 1
            try:
                revision = request_revision(address)
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                failed += 1
            else:
                now = time.monotonic()
                longest, last = max(longest, now - last), now
                if revision not in revisions[-1:]:
                    revisions.append(revision)
            time.sleep(pause)
    except SystemExit:
        pass
    # A page that never came back has a gap too.
    longest = max(longest, time.monotonic() - last)
    return {
        "asked": requests,
        "failed": failed,
        "longest_gap_ms": round(longest * 1000),
        "revisions": revisions,
    }


def main() -> None:
    """Run until the time is over, or until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=0.01, help="seconds between two questions")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    print(json.dumps(watch(urlsplit(options.url).netloc, options.seconds, options.pause)))


if __name__ == "__main__":
    main()
