"""The routes for programs: they answer in JSON."""

import os
import platform
import socket
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify

from labocloud import container, steps

bp = Blueprint("api", __name__)


def facts() -> dict[str, str | int | None]:
    """Return the facts of this container, see container.facts."""
    return container.facts(current_app.config["REVISION"], current_app.extensions["served"].value)


def found(name: str) -> list[dict[str, Any]]:
    """Return the steps of an exercise as `labo` has found them, see steps.read."""
    return steps.read(current_app.config["STEPS"], name)


@bp.get("/healthz")
def healthz() -> Response:
    """Return the app's status, its container and its versions.

    steps: whether `labo` can tell it the steps of exercises, which takes a folder to write into.
    """
    return jsonify(
        status="ok",
        container=socket.gethostname(),
        revision=current_app.config["REVISION"],
        python=platform.python_version(),
        steps=os.access(current_app.config["STEPS"], os.W_OK),
    )


@bp.get("/api/container")
def about() -> Response:
    """Return the facts of this container."""
    return jsonify(facts())


@bp.get("/api/steps/<name>")
def told(name: str) -> Response:
    """Return the steps of an exercise as `labo` has found them. Raises NotFound for no exercise."""
    if not any(name in text.exercises for text in current_app.extensions["content"].values()):
        abort(HTTPStatus.NOT_FOUND)
    return jsonify(steps=found(name))
