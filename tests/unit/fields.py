"""What a text for str.format asks for."""

from string import Formatter


def fields(text: str | list[str]) -> set[str]:
    """Return the names of the values that a text, or any of its forms, takes."""
    forms = [text] if isinstance(text, str) else text
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}
