"""Read the fields of texts for str.format."""

from string import Formatter


def fields(text: str | list[str]) -> set[str]:
    """Return the names of the fields of a text, or of all its plural forms."""
    forms = [text] if isinstance(text, str) else text
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}
