"""Show how texts of a seat are made printable."""

from ansible_collections.labocloud.room.plugins.plugin_utils.printable import (
    LAYOUT,
    cleaned,
    one_line,
    printable,
)
from hypothesis import given
from hypothesis import strategies as st

TEXT = st.text(st.one_of(st.characters(), st.sampled_from("\x1b\x07\x9b\x7f\r\n\t\u202e[31m")))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXT),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXT, inner)),
)


def texts(value: object) -> list[str]:
    """Return all texts in JSON data, including the keys."""
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


@given(TEXT)
def test_no_character_is_left_that_cannot_be_seen(text: str) -> None:
    output = printable(text)
    assert len(output) == len(text)
    assert all(char.isprintable() or char in LAYOUT for char in output)
    assert all(
        output_char == char
        for output_char, char in zip(output, text, strict=True)
        if output_char != " "
    )
    assert printable(output) == output
    assert one_line(text).isprintable()


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=f" {LAYOUT}")))
def test_text_that_can_be_seen_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(JSON)
def test_no_text_is_left_out_wherever_it_stands(value: object) -> None:
    assert all(printable(text) == text for text in texts(cleaned(value)))


def test_all_else_stays_as_it_is() -> None:
    answer = {
        "pid": 1,
        "running": True,
        "before": None,
        "ca": "-----BEGIN\nx\n",
        "ports": [1.5, {}],
    }
    assert cleaned(answer) == answer
    assert cleaned({"w\x1b[2Jeb": ["a\x07"]}) == {"w [2Jeb": ["a "]}
