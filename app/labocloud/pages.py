"""The pages: what a student opens, and what a machine asks."""

import platform
import socket

from flask import Blueprint, Response, current_app, jsonify, render_template

bp = Blueprint("pages", __name__)


@bp.get("/")
def index() -> str:
    """Show which container answers."""
    return render_template(
        "index.html",
        container=socket.gethostname(),
        revision=current_app.config["REVISION"],
        python=platform.python_version(),
    )


@bp.get("/healthz")
def healthz() -> Response:
    """Tell that the app answers, and which one it is."""
    return jsonify(
        status="ok",
        container=socket.gethostname(),
        revision=current_app.config["REVISION"],
        python=platform.python_version(),
    )


@bp.after_app_request
def harden(response: Response) -> Response:
    """Let a browser load nothing that the app does not serve itself."""
    response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
