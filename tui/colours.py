"""The few colours drawn text may have, as theme variables: every theme can be chosen.

One accent, one sound colour; the rest stands for a state.
"""

from __future__ import annotations

from typing import Final

from textual.color import Color

MUTED: Final = "$foreground 60%"
PLAIN: Final = "$foreground"
ACCENT: Final = "$accent"
SOUND: Final = "$success"
SOUND_SOFT: Final = "$success 35%"
TROUGH: Final = "$foreground 7%"
WARNING: Final = "$warning"
TROUBLE: Final = "$error"

READABLE_CONTRAST: Final = 4.5


def quieter(text: Color, ground: Color) -> Color:
    """The colour of text that steps back, yet can be read in every theme. A terminal's own
    colours are not known, so they stay."""
    if text.ansi is not None or ground.ansi is not None:
        return text
    return next(
        (
            blend
            for share in range(60, 100, 4)
            if contrast(blend := ground.blend(text, share / 100), ground) >= READABLE_CONTRAST
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
            if contrast(blend := colour.blend(text, share / 100), ground) >= READABLE_CONTRAST
        ),
        text,
    )


def contrast(one: Color, other: Color) -> float:
    """How far two colours are apart, as WCAG has it: 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
