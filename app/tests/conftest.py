"""What the app's tests share."""

import pytest
from flask.testing import FlaskClient
from labocloud import create_app


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client of the app as the course image configures it."""
    monkeypatch.setenv("LABOCLOUD_REVISION", "0123456789abcdef")
    return create_app().test_client()
