"""Texts compared by what is said: without white space, which is neither heard nor asked."""

from __future__ import annotations


def without_spaces(text: str) -> str:
    """The text without its white space, so that it does not matter how it was cut and laid out."""
    return "".join(text.split())
