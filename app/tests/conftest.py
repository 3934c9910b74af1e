"""Fixtures that the app's tests share."""

import pytest
from flask.testing import FlaskClient
from labocloud import create_app


@pytest.fixture
def client() -> FlaskClient:
    """Return a client of the app as the course image configures it."""
    return create_app({"REVISION": "0123456789abcdef"}).test_client()
