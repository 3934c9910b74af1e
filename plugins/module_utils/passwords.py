# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Leave the names and passwords of addresses out of what people see.

Of `http://me:s3cret@proxy.example`, `http://proxy.example` stays. A password may hold a slash, an
at sign or a blank, so how far it goes depends on what it stands in.
"""

from __future__ import annotations

import re
from typing import Any

# In a value that is an address, all of the line to the last at sign is the name and the password.
_IN_A_VALUE = re.compile(r"(?<=://).*@")
# In a sentence, an address ends with a blank: what comes after it is of the sentence.
_IN_A_SENTENCE = re.compile(r"(?<=://)\S*@")


def without_passwords(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Return a copy of JSON data in which no address holds a name and a password.

    A seat tells its configuration so, and the settings are compared with that so.
    """
    if isinstance(value, str):
        return _IN_A_VALUE.sub("", value)
    if isinstance(value, dict):
        return {key: without_passwords(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [without_passwords(entry) for entry in value]
    return value


def sentence_without_passwords(sentence: str) -> str:
    """Return a sentence in which no address holds a name and a password."""
    return _IN_A_SENTENCE.sub("", sentence)
