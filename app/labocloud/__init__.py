"""The course's web application."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from labocloud import api, container, content, pages, steps

STATIC = Path(__file__).parent / "static"
# A browser loads nothing that the app does not serve itself, and runs nothing written into a page.
POLICY = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("connect", "img", "script", "style")),
        *(f"{kind} 'none'" for kind in ("base-uri", "form-action", "frame-ancestors")),
    ]
)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the application.

    config: settings that replace the image's own:
    REVISION   the revision of the course image, which the image's build sets; empty in an image
               that somebody built by hand
    CONTENT    the folder of the pages, with one folder for each language
    EXERCISES  the folder of the exercises, with one folder for each exercise
    STEPS      the folder into which `labo` writes what it has found on the seat

    Raises OSError or ValueError where a file of the content is bad.
    """
    app = Flask(__name__, static_url_path=f"/static/{digest(STATIC)}")
    app.config.from_mapping(
        REVISION=os.environ.get("LABOCLOUD_REVISION", ""),
        CONTENT=content.CONTENT,
        EXERCISES=content.EXERCISES,
        STEPS=steps.FOLDER,
    )
    app.config.from_mapping(config)
    app.extensions["content"] = content.load(
        app.config["CONTENT"], app.config["EXERCISES"], f"{app.static_url_path}/"
    )
    app.extensions["served"] = container.Counter()
    app.register_blueprint(api.bp)
    names = ", ".join(app.extensions["content"])
    app.register_blueprint(pages.bp, url_prefix=f"/<any({names}):language>")
    app.add_url_rule("/", view_func=pages.choose)
    app.after_request(harden)
    return app


def digest(directory: Path) -> str:
    """Return the first 12 hexadecimal digits of a hash of a folder's files.

    They are part of the files' addresses, so that browsers may cache the files for good: a file of
    another image can have the same size and time, but not the same address.
    """
    files = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            files.update(hashlib.file_digest(file, "sha256").digest())
    return files.hexdigest()[:12]


def harden(response: Response) -> Response:
    """Add the security headers and the caching rule to a response, and return it.

    All but static files are no-cache: another container may answer at the same address at any time.
    """
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    is_static = request.endpoint == "static" and response.status_code < 400  # noqa: PLR2004
    response.headers["Cache-Control"] = "max-age=31536000, immutable" if is_static else "no-cache"
    return response
