"""What a registry keeps; pushing for real: molecule/room."""

import registry_publish

TAGS = {"python-1": 1.0, "python-2": 2.0, "python-3": 3.0, "base-1": 1.0}


def test_the_newest_of_each_kind_stay() -> None:
    assert registry_publish.outdated(TAGS, set(), 2) == ["python-1"]
    assert registry_publish.outdated(TAGS, set(), 3) == []


def test_what_is_pushed_now_stays_and_counts() -> None:
    """A revision that was gone back to is the oldest, and the one in use."""
    assert registry_publish.outdated(TAGS, {"python-1"}, 2) == ["python-2"]
    assert registry_publish.outdated(TAGS, {"python-1"}, 1) == ["python-2", "python-3"]


def test_the_registry_that_takes_pushes_is_on_loopback_and_wants_a_password() -> None:
    config = registry_publish.configuration("/storage", 5001, "/htpasswd")
    assert config["http"]["addr"] == "127.0.0.1:5001"
    assert config["auth"]["htpasswd"]["path"] == "/htpasswd"
    assert len(config["http"]["secret"]) == 32
