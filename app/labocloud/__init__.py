"""The course's web application."""

import os

from flask import Flask

from labocloud import pages


def create_app() -> Flask:
    """Make the application.

    LABOCLOUD_REVISION, which the image's build sets, tells which revision of the course
    image answers; it is empty in an image that somebody built by hand.
    """
    app = Flask(__name__)
    app.config["REVISION"] = os.environ.get("LABOCLOUD_REVISION", "")
    app.register_blueprint(pages.bp)
    return app
