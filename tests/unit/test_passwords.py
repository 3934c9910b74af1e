"""No name and no password of an address is shown."""

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.passwords import (
    sentence_without_passwords,
    without_passwords,
)


def test_a_password_in_daemon_json_is_not_told() -> None:
    config = {
        "proxies": {"http-proxy": "http://eleve:secret@p.example:3128", "no-proxy": "a@b"},
        "registry-mirrors": ["https://u.example:p@s.example/s s@mirror.example"],
        "log-opts": {"max-size": "10m"},
        "debug": True,
    }
    assert without_passwords(config) == {
        "proxies": {"http-proxy": "http://p.example:3128", "no-proxy": "a@b"},
        "registry-mirrors": ["https://mirror.example"],
        "log-opts": {"max-size": "10m"},
        "debug": True,
    }


@pytest.mark.parametrize("password", ["s3cret", "s/3cret", "s@3cret", "s3@cret/@", "s3:cret"])
def test_a_password_may_hold_what_ends_an_address(password: str) -> None:
    address = f"http://me:{password}@proxy.example:3128/"
    assert without_passwords(address) == "http://proxy.example:3128/"
    assert sentence_without_passwords(f"no {address} here") == "no http://proxy.example:3128/ here"


def test_a_value_is_all_address_and_a_sentence_is_not() -> None:
    """A blank is of the password in the one, and ends the address in the other."""
    assert without_passwords("http://me:s 3cret@proxy.example") == "http://proxy.example"
    sentence = "http://proxy.example is refused: write to admin@school.example"
    assert sentence_without_passwords(sentence) == sentence
