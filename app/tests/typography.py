"""The typography of French and of English: what is wrong in a text, and what mends it."""

import re

NO_BREAK = "\u00a0"
# Text to which no rule of typography applies: blocks, code, addresses, the targets of links.
CODE = re.compile(
    r"^ *```.*?^ *```$|`[^`]*`|<https?:[^>]*>|(?<=\])\([^)\s]*\)|https?:\S+",
    re.MULTILINE | re.DOTALL,
)
# The ! of ![…], which is a picture, is no punctuation mark.
MARK = r"(?:[;?»]|!(?!\[)|:(?=[\s|*]|$))"
UNIT = r"(?:minutes?|secondes?|heures?|min|Mio|Gio|Mo|Go|Ko)\b"
WRONG = {
    "a straight apostrophe or quotation mark": re.compile(r"['\"]"),
    "three dots instead of …": re.compile(r"\.\.\."),
}
RULES = {
    "fr": WRONG
    | {
        "no no-break space before a mark": re.compile(rf"(?<![{NO_BREAK}?!]){MARK}"),
        "no no-break space after «": re.compile(rf"«(?!{NO_BREAK})"),
        "no no-break space before a unit": re.compile(rf"\d {UNIT}"),
        "English quotation marks": re.compile("[“”]"),
        "another word for effacer": re.compile(r"\b[Ss]upprim"),
        "another word for journaux": re.compile(r"(?<!docker )\b[Ll]ogs\b"),
    },
    "en": WRONG
    | {
        "a blank before a mark": re.compile(rf"[ {NO_BREAK}]{MARK}"),
        "French quotation marks": re.compile("[«»]"),
        "at a port instead of on a port": re.compile(
            r"\bat (?:(?:a|another|the|its|their|whatever)\s+)?(?:free\s+)?port\b"
        ),
        "dead of instead of ended by": re.compile(r"\bdead of\b"),
        # What `docker diff` writes as D.
        "another word for remove": re.compile(r"(?<!\bD )\b[Dd]elet(?:e[sd]?|ing)\b"),
    },
}
# What mends a fault that has one remedy, in this order. Quotation marks and words are a person's.
MENDS = {
    "fr": [
        (re.compile(r"(?<=\w)'(?=\w)"), "’"),
        (re.compile(r"\.\.\."), "…"),
        (re.compile(rf"(?<=[^\s|]) +(?={MARK})"), NO_BREAK),
        (re.compile(rf"(?<=[^\s?!])(?={MARK})"), NO_BREAK),
        (re.compile(rf"(?<=«)[ ]?(?![{NO_BREAK}])"), NO_BREAK),
        (re.compile(rf"(?<=\d) (?={UNIT})"), NO_BREAK),
    ],
    "en": [
        (re.compile(r"(?<=\w)'(?=\w)"), "’"),
        (re.compile(r"\.\.\."), "…"),
        (re.compile(rf"(?<=\S)[ {NO_BREAK}]+(?={MARK})"), ""),
    ],
}


def prose(text: str) -> str:
    """Return a Markdown text with each character of its code replaced by a letter."""
    return CODE.sub(lambda code: re.sub(r"[^\n]", "x", code[0]), text)


def mended(text: str, language: str) -> str:
    """Return a Markdown text without the faults that can be mended; its code stays as it is."""
    for fault, right in MENDS[language]:
        for match in reversed(list(fault.finditer(prose(text)))):
            text = text[: match.start()] + right + text[match.end() :]
    return text
