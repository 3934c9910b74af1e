"""Fixtures that the app's tests share."""

import pytest
from flask.testing import FlaskClient
from labocloud import create_app


@pytest.fixture
def client() -> FlaskClient:
    """Return a client of the app as the course image configures it."""
    return create_app({"REVISION": "0123456789abcdef"}).test_client()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --fix, which a command that names app/tests has: it mends the typography of texts."""
    parser.addoption("--fix", action="store_true", help="mend the typography that can be mended")
