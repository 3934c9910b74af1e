"""Ask the app, from inside its container, whether it answers: the image's HEALTHCHECK.

It imports no more than it needs: Docker runs it every few seconds.
"""

import http.client
import os
import sys


def main() -> int:
    """Return the exit code for Docker: 0 where the app answers, 1 where it does not."""
    port = int(os.environ.get("FLASK_RUN_PORT", "8888"))
    app = http.client.HTTPConnection("127.0.0.1", port, timeout=25)
    try:
        app.request("GET", "/healthz")
        status = app.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(error)
        return 1
    return 0 if status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
