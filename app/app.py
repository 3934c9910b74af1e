"""Start the course's Flask app. The image runs this file: ENTRYPOINT ["python"], CMD ["app.py"].

The address and the port come from Flask's own variables, FLASK_RUN_HOST and FLASK_RUN_PORT.
"""

import os
import signal
import sys
from types import FrameType

from labocloud import create_app
from waitress import serve


def stop(_signal: int, _frame: FrameType | None) -> None:
    """End the server once the answers under way are sent.

    The first process of a container gets no default signal handlers: without this one,
    `docker stop` would wait ten seconds and then kill the app.
    """
    sys.exit(0)


def main() -> None:
    """Serve until the container is told to stop."""
    signal.signal(signal.SIGTERM, stop)
    serve(
        create_app(),
        host=os.environ.get("FLASK_RUN_HOST", "0.0.0.0"),
        port=int(os.environ.get("FLASK_RUN_PORT", "8888")),
        ident=None,
    )


if __name__ == "__main__":
    main()
