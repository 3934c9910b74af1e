"""The pages: what a student opens."""

import logging
from http import HTTPStatus
from urllib.parse import quote

from flask import (
    Blueprint,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from labocloud.api import facts
from labocloud.content import LANGUAGES, Language

LOG = logging.getLogger(__name__)
bp = Blueprint("pages", __name__)
LOCALE = f"/<any({', '.join(LANGUAGES)}):language>"
# What is asked by machines, every few seconds: it would drown what people ask.
WATCHED = {"api.healthz", "api.about", "pages.live"}


def spoken() -> str:
    """Give the language of the address, else the one that the browser prefers."""
    asked = [request.path.split("/")[1], *(tag[:2] for tag in request.accept_languages.values())]
    return next((tag for tag in asked if tag in LANGUAGES), LANGUAGES[0])


def texts() -> Language:
    """Give the text in the request's language."""
    content: dict[str, Language] = current_app.extensions["content"]
    return content[spoken()]


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
    return {"language": spoken(), "content": current_app.extensions["content"], **vars(texts())}


@bp.get("/")
def choose() -> Response:
    """Lead to the language that the browser prefers."""
    response = redirect(url_for("pages.index", language=spoken()))
    response.vary.add("Accept-Language")
    return response


@bp.get(f"{LOCALE}/")
def index(language: str) -> str:
    """Show which container answers, and what there is to read."""
    return render_template("index.html", facts=facts(), name="")


@bp.get(f"{LOCALE}/container")
def container(language: str) -> str:
    """Show what the container is."""
    page = texts().pages["container"]
    return render_template("container.html", page=page, facts=facts(), name="container")


@bp.get(f"{LOCALE}/container/facts")
def live(language: str) -> str:
    """Give the changing part of that page."""
    return render_template("facts.html", facts=facts())


@bp.get(f"{LOCALE}/<name>")
def page(language: str, name: str) -> str:
    """Show a page of the course."""
    if name not in texts().pages:
        abort(HTTPStatus.NOT_FOUND)
    return render_template("page.html", page=texts().pages[name], name=name)


@bp.app_errorhandler(HTTPException)
def refuse(error: HTTPException) -> Response:
    """Say what went wrong, in the reader's language."""
    errors = texts().words["errors"]
    told = errors.get(str(error.code), errors["other"])
    response = error.get_response()
    response.data = render_template("error.html", error=told, code=error.code, name="")
    return response


@bp.app_template_filter()
def mebibytes(number: int) -> str:
    """Give a number of bytes as people read it, in the request's language."""
    return f"{number / 2**20:.1f}".replace(".", texts().words["decimal"])


@bp.app_template_filter()
def duration(seconds: int) -> str:
    """Give a number of seconds as hours, minutes and seconds."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
