"""The routes for programs: they answer in JSON."""

import platform
import socket

from flask import Blueprint, Response, current_app, jsonify

from labocloud import container

bp = Blueprint("api", __name__)


def facts() -> dict[str, str | int | None]:
    """Return the facts of this container, see container.facts."""
    return container.facts(current_app.config["REVISION"], current_app.extensions["served"].value)


@bp.get("/healthz")
def healthz() -> Response:
    """Return the app's status, its container and its versions."""
    return jsonify(
        status="ok",
        container=socket.gethostname(),
        revision=current_app.config["REVISION"],
        python=platform.python_version(),
    )


@bp.get("/api/container")
def about() -> Response:
    """Return the facts of this container."""
    return jsonify(facts())
