"""The course's web application."""

import os

from flask import Flask, Response

from labocloud import api, container, content, pages

# A browser loads nothing that the app does not serve itself, and runs nothing written into a page.
POLICY = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("connect", "img", "script", "style")),
        *(f"{kind} 'none'" for kind in ("base-uri", "form-action", "frame-ancestors")),
    ]
)


def create_app() -> Flask:
    """Make the application.

    LABOCLOUD_REVISION, which the image's build sets, tells which revision of the course
    image answers; it is empty in an image that somebody built by hand.
    """
    app = Flask(__name__)
    app.config["REVISION"] = os.environ.get("LABOCLOUD_REVISION", "")
    app.extensions["content"] = content.load()
    app.extensions["served"] = container.Counter()
    app.register_blueprint(api.bp)
    app.register_blueprint(pages.bp)
    app.after_request(harden)
    return app


def harden(response: Response) -> Response:
    """Give every answer the strict headers.

    no-cache: another container may answer at the same address at any time.
    """
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-cache"
    return response
