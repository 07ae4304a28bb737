"""Contrast of colours after WCAG 2, and colours moved until they can be read.

The contrast of two colours is (L1 + 0.05) / (L2 + 0.05), where L is the relative luminance of the
lighter and the darker one; 0.05 stands for light that a screen reflects. It goes from 1 to 21, and
text of ordinary size needs 4.5 (success criterion 1.4.3, level AA). Luminance is a sum of linear
light, weighted by what the eye makes of red, green and blue. The bytes of a colour are not linear
(sRGB spends more of them on dark shades), so each is converted first; adding them as they are
would take mid grey for 50 % of the light, and it has 22 %.

No theme chooses its colours for text on every ground of ours, so a colour is blended step by step
towards one that certainly reads, the first step that is enough being the nearest to the theme's.
"""

from __future__ import annotations

from typing import Final

from textual.color import Color

LEAST_CONTRAST: Final = 4.5
"""The contrast that WCAG asks of text (level AA)."""


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def quieter(text: Color, ground: Color) -> Color:
    """The colour of text that steps back, yet can be read in every theme.

    The values of a terminal's own 16 colours are not known, so these stay as they are.
    """
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
    # The threshold as WCAG prints it; IEC 61966-2-1 has 0.04045, and no byte lies in between.
    return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
