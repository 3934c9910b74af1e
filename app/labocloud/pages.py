"""The pages: what a student opens."""

import logging
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from labocloud.api import facts
from labocloud.content import OWN, Language

LOG = logging.getLogger(__name__)
bp = Blueprint("pages", __name__)
# What is asked by machines, every few seconds: it would drown what people ask.
WATCHED = {"api.healthz", "api.about", "pages.live"}
# The page's address, as the course writes it, where it stands by itself: not in a command.
WRITTEN = re.compile(r'(?<=[">])http://localhost:8080\b')


@bp.app_url_value_preprocessor
def take_language(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Take the language out of the address, for all of this request; no page is asked for it."""
    g.language = (values or {}).pop("language", None) or spoken()


@bp.url_defaults
def put_language(_endpoint: str, values: dict[str, Any]) -> None:
    """Put the request's language into each address of a page that names no other."""
    values.setdefault("language", g.language)


def spoken() -> str:
    """Return the language of an address where no page is, else the one the browser prefers."""
    preferred = (re.split("[-_]", tag)[0].lower() for tag in request.accept_languages.values())
    languages = current_app.extensions["content"]
    return next((tag for tag in (request.path.split("/")[1], *preferred) if tag in languages), OWN)


def texts() -> Language:
    """Return the text in the request's language."""
    content: dict[str, Language] = current_app.extensions["content"]
    return content[g.language]


def written[Text](found: dict[str, Text], name: str) -> Text:
    """Give what has a name in this language. Raises NotFound."""
    if name not in found:
        abort(HTTPStatus.NOT_FOUND)
    return found[name]


@bp.after_app_request
def count(response: Response) -> Response:
    """Count what people ask, and write it where `docker logs` shows it."""
    if request.endpoint not in WATCHED:
        current_app.extensions["served"].add()
        LOG.info("%s %s %s", request.method, quote(request.path), response.status_code)
    return response


@bp.app_context_processor
def common() -> dict[str, object]:
    """Give what every template needs."""
    text = texts()
    return {
        "content": current_app.extensions["content"],
        "language": g.language,
        "menu": text.menu,
        "words": text.words,
    }


def choose() -> Response:
    """Lead to the language that the browser prefers."""
    response = redirect(url_for("pages.index"))
    response.vary.add("Accept-Language")
    return response


@bp.get("/")
def index() -> str:
    """Show which container answers, and what there is to read."""
    return render_template("index.html", facts=facts(), address="")


@bp.get("/container", strict_slashes=False)
def container() -> str:
    """Show what the container is."""
    page = written(texts().pages, "container")
    return render_template("container.html", page=page, facts=facts(), address="container")


@bp.get("/container/facts")
def live() -> str:
    """Give the changing part of that page."""
    return render_template("facts.html", facts=facts())


@bp.get("/exercises/")
def exercises() -> str:
    """Show what exercises there are."""
    found = texts().exercises
    if not found:
        abort(HTTPStatus.NOT_FOUND)
    return render_template("exercises.html", exercises=found, address="exercises/")


@bp.get("/exercises/<name>", strict_slashes=False)
def exercise(name: str) -> str:
    """Show an exercise, and which come before and after it."""
    found = texts().exercises
    told = written(found, name)
    names = list(found)
    at = names.index(name)
    return render_template(
        "exercise.html",
        exercise=told,
        before=names[at - 1] if at else None,
        after=names[at + 1] if at + 1 < len(names) else None,
        exercises=found,
        address=f"exercises/{name}",
    )


@bp.get("/<name>", strict_slashes=False)
def page(name: str) -> str:
    """Show a page of the course."""
    return render_template("page.html", page=written(texts().pages, name), address=name)


@bp.app_errorhandler(HTTPException)
def refuse(error: HTTPException) -> Response:
    """Say what went wrong, in the reader's language."""
    errors = texts().words["errors"]
    told = errors.get(str(error.code), errors["other"])
    response = error.get_response()
    response.data = render_template("error.html", error=told, code=error.code, address="")
    return response


@bp.app_template_filter()
def here(html: str) -> str:
    """Give HTML in which the page's own address is the one at which it is read."""
    # Empty where what the browser sent is no name of a host.
    return WRITTEN.sub(f"http://{request.host}", html) if request.host else html


@bp.app_template_filter()
def mebibytes(number: int) -> str:
    """Give a number of bytes as people read it, in the request's language."""
    return f"{number / 2**20:.1f}".replace(".", texts().words["decimal"])


@bp.app_template_filter()
def duration(seconds: int) -> str:
    """Give a number of seconds as hours, minutes and seconds."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
