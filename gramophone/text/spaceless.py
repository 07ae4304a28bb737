"""Text without white space, for comparisons in which line breaks and cuts do not count."""

from __future__ import annotations


def without_spaces(text: str) -> str:
    """Remove all white space, so that cuts and line breaks make no difference."""
    return "".join(text.split())


def letters_of(text: str) -> str:
    """The letters and digits of a text, without case: what is heard of it."""
    return "".join(character.casefold() for character in text if character.isalnum())
