"""How far colours are apart, and colours moved until they can be read. Pure."""

from __future__ import annotations

from typing import Final

from textual.color import Color

LEAST_CONTRAST: Final = 4.5
"""What WCAG asks of text (level AA)."""


def contrast(one: Color, other: Color) -> float:
    """The ratio of their luminances, 1 to 21, as WCAG defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def quieter(text: Color, ground: Color) -> Color:
    """The colour of text that steps back, yet can be read in every theme. A terminal's own
    colours are not known, so they stay."""
    if text.ansi is not None or ground.ansi is not None:
        return text
    return next(
        (
            blend
            for share in range(60, 100, 4)
            if contrast(blend := ground.blend(text, share / 100), ground) >= LEAST_CONTRAST
        ),
        text,
    )


def readable(colour: Color, text: Color, ground: Color) -> Color:
    """The colour, nearer to that of the text if it could not be read on this ground."""
    if colour.ansi is not None or text.ansi is not None or ground.ansi is not None:
        return colour
    return next(
        (
            blend
            for share in range(0, 100, 10)
            if contrast(blend := colour.blend(text, share / 100), ground) >= LEAST_CONTRAST
        ),
        text,
    )


def _luminance(colour: Color) -> float:
    red, green, blue = (_linear(part) for part in colour.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
