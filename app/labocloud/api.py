"""What a machine asks: JSON."""

import platform
import socket

from flask import Blueprint, Response, current_app, jsonify

from labocloud import container

bp = Blueprint("api", __name__)


def facts() -> dict[str, str | int | None]:
    """Give the facts of the container that answers."""
    return container.facts(current_app.config["REVISION"], current_app.extensions["served"].value)


@bp.get("/healthz")
def healthz() -> Response:
    """Tell that the app answers, and which one it is."""
    return jsonify(
        status="ok",
        container=socket.gethostname(),
        revision=current_app.config["REVISION"],
        python=platform.python_version(),
    )


@bp.get("/api/container")
def about() -> Response:
    """Tell what the container is."""
    return jsonify(facts())
