"""The routes of the pages that students open in a browser."""

import logging
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from labocloud.api import facts, found
from labocloud.content import OWN, Language

LOG = logging.getLogger(__name__)
bp = Blueprint("pages", __name__)
# Programs ask these every few seconds: in the log, they would drown the requests of people.
WATCHED = {"api.healthz", "api.about", "api.told", "pages.live", "pages.told"}
# What the programs of this machine call the app, and its own container does.
LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|\[::1\])(:\d+)?")
_LONGEST_HOST = 100
# The app's address as the course writes it, but only where it stands alone, not within a command.
WRITTEN = re.compile(r'(?<=[">])http://localhost:8080\b')


@bp.app_url_value_preprocessor
def take_language(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Move the language from the URL's values to `g`, so that no view has a parameter for it."""
    g.language = (values or {}).pop("language", None) or preferred_language()


@bp.url_defaults
def put_language(_endpoint: str, values: dict[str, Any]) -> None:
    """Put the request's language into each URL of a page, unless another language was given."""
    values.setdefault("language", g.language)


def preferred_language() -> str:
    """Return the language at the start of the path, if any, else the one the browser prefers."""
    preferred = (re.split("[-_]", tag)[0].lower() for tag in request.accept_languages.values())
    languages = current_app.extensions["content"]
    return next((tag for tag in (request.path.split("/")[1], *preferred) if tag in languages), OWN)


def texts() -> Language:
    """Return the text in the request's language."""
    content: dict[str, Language] = current_app.extensions["content"]
    return content[g.language]


def get_or_abort[Text](by_name: dict[str, Text], name: str) -> Text:
    """Return the page or exercise of a name. Raises NotFound where the language has none."""
    if name not in by_name:
        abort(HTTPStatus.NOT_FOUND)
    return by_name[name]


@bp.after_app_request
def count(response: Response) -> Response:
    """Count the requests of people and write them to the log, which `docker logs` shows.

    There it also says which address asked, and as whom it asked the app: by which name or address.
    So it does for a request to a route for programs that is not from the machine itself.
    """
    is_watched = request.endpoint in WATCHED
    if not is_watched:
        current_app.extensions["served"].add()
    host = request.headers.get("Host", "")
    if not is_watched or (request.blueprint == "api" and not LOOPBACK.fullmatch(host)):
        LOG.info(
            "%s %s %s from %s to %s",
            request.method,
            quote(request.path),
            response.status_code,
            request.remote_addr,
            quote(host, safe=":[]")[:_LONGEST_HOST] or "-",
        )
    return response


@bp.app_context_processor
def common() -> dict[str, object]:
    """Return the variables that every template needs."""
    text = texts()
    return {
        "content": current_app.extensions["content"],
        "language": g.language,
        "menu": text.menu,
        "words": text.words,
    }


def choose() -> Response:
    """Redirect to the language that the browser prefers."""
    response = redirect(url_for("pages.index"))
    response.vary.add("Accept-Language")
    return response


@bp.get("/")
def index() -> str:
    """Show which container answers, and the menu."""
    return render_template("index.html", facts=facts(), address="")


@bp.get("/container", strict_slashes=False)
def container() -> str:
    """Show the facts of the container."""
    page = get_or_abort(texts().pages, "container")
    return render_template("container.html", page=page, facts=facts(), address="container")


@bp.get("/container/facts")
def live() -> str:
    """Return the part of that page that changes, which the browser loads again and again."""
    return render_template("facts.html", facts=facts())


@bp.get("/exercises/")
def exercises() -> str:
    """Show the list of exercises."""
    by_name = texts().exercises
    if not by_name:
        abort(HTTPStatus.NOT_FOUND)
    return render_template("exercises.html", exercises=by_name, address="exercises/")


@bp.get("/exercises/<name>", strict_slashes=False)
def exercise(name: str) -> str:
    """Show an exercise, with links to those before and after it."""
    by_name = texts().exercises
    shown = get_or_abort(by_name, name)
    names = list(by_name)
    at = names.index(name)
    steps = found(name)
    return render_template(
        "exercise.html",
        exercise=shown,
        name=name,
        steps=steps,
        is_done=bool(steps) and all(step["state"] == "done" for step in steps),
        before=names[at - 1] if at else None,
        after=names[at + 1] if at + 1 < len(names) else None,
        exercises=by_name,
        address=f"exercises/{name}",
    )


@bp.get("/exercises/<name>/steps")
def told(name: str) -> str:
    """Return the part of an exercise's page that changes, which the browser loads again."""
    get_or_abort(texts().exercises, name)
    return render_template("steps.html", steps=found(name))


@bp.get("/<name>", strict_slashes=False)
def page(name: str) -> str:
    """Show a page of the course."""
    return render_template("page.html", page=get_or_abort(texts().pages, name), address=name)


@bp.app_errorhandler(HTTPException)
def refuse(error: HTTPException) -> Response:
    """Return an error page in the reader's language."""
    messages = texts().words["errors"]
    message = messages.get(str(error.code), messages["other"])
    response = error.get_response()
    response.data = render_template("error.html", error=message, code=error.code, address="")
    return response


@bp.app_template_filter()
def here(html: str) -> str:
    """Return HTML with the app's address replaced by the one at which the page is read."""
    # request.host is empty where the browser sent no valid host name.
    return WRITTEN.sub(f"http://{request.host}", html) if request.host else html


@bp.app_template_filter()
def mebibytes(number: int) -> str:
    """Return a number of bytes in MiB with one decimal, written as in the request's language."""
    return f"{number / 2**20:.1f}".replace(".", texts().words["decimal"])


@bp.app_template_filter()
def duration(seconds: int) -> str:
    """Return a number of seconds as h:mm:ss."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
