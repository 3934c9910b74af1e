"""Ask the app, from inside its container, whether it answers: the image's HEALTHCHECK."""

import os
import sys
from urllib.error import URLError
from urllib.request import urlopen


def main() -> int:
    """Give the exit code that Docker wants: 0 where the app answers, 1 where it does not."""
    port = os.environ.get("FLASK_RUN_PORT", "8888")
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return 0 if answer.status == 200 else 1
    except (URLError, OSError) as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
