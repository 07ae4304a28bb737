"""The colours of drawn text for one theme: its own ones, moved until they can be read.

Themes name their colours for fills and borders; as text on paper white some are all but
invisible (contrast 1.4). In an ANSI theme nobody knows what the terminal makes of a colour, and
shades of one cannot be had: there what is quiet is dim, and a soft fill another colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from textual.color import BLACK, WHITE, Color

from tui.theme.contrast import LEAST_CONTRAST, contrast

_MUTED: Final = 0.6
_CURSOR: Final = 0.18
_COLOURLESS_TERMS: Final = frozenset({"dumb", "vt100", "vt102", "vt220"})
_STEPS: Final = 20
_NAMES: Final = {
    "ink-plain": "foreground",
    "ink-accent": "accent",
    "ink-sound": "success",
    "ink-warning": "warning",
    "ink-trouble": "error",
}


def inks(variables: Mapping[str, str], *, ansi: bool, colourless: bool = False) -> dict[str, str]:
    """The variables of `tui.theme.colour_names` for a theme's own variables.

    Where there is no shade for the row under the cursor, it is underlined (Textual's lists drop
    "reverse").
    """
    shadeless = ansi or colourless
    cursor = {
        "cursor-ground": "ansi_default" if ansi else _tint(variables).hex,
        "cursor-style": "underline" if shadeless else "none",
        "cursor-look": "underline" if shadeless else "",
    }
    if ansi:
        return {
            **{name: variables[own] for name, own in _NAMES.items()},
            **cursor,
            "ink-muted": "ansi_default",
            "ink-quiet": "dim",
            "fill": "ansi_default",
            "sound-soft": "ansi_bright_black",
            "trough": "ansi_default",
        }
    papers = grounds(variables)
    readable = {
        name: _readable(Color.parse(variables[own]), papers) for name, own in _NAMES.items()
    }
    return {
        **{name: colour.hex for name, colour in readable.items()},
        "ink-muted": _readable(Color.parse(variables["foreground"]), papers, _MUTED).hex,
        **cursor,
        "ink-quiet": "",
        "fill": variables["foreground"],
        "sound-soft": variables["success"],
        "trough": variables["foreground"],
    }


def colourless(environment: Mapping[str, str]) -> bool:
    """Whether the terminal shows no colours, or is not to."""
    term = environment.get("TERM", "")
    return bool(environment.get("NO_COLOR")) or (
        term in _COLOURLESS_TERMS or term.endswith(("-mono", "-m"))
    )


def grounds(variables: Mapping[str, str]) -> list[Color]:
    """The grounds of text: the screen, its bars and dialogues, a row under the cursor."""
    background = Color.parse(variables["background"])
    surface = Color.parse(variables["surface"])
    return [background, surface, background.blend(_tint(variables), _CURSOR, 1)]


def _tint(variables: Mapping[str, str]) -> Color:
    """The tint of a row under the cursor: the accent, as far as quiet text on it can be read."""
    # The tint is faded towards the background until muted text in the strongest colour can be
    # read on the row; without that, a theme with a loud accent would hide it.
    background = Color.parse(variables["background"])
    accent = Color.parse(variables["accent"])
    for step in range(_STEPS):
        tint = accent.blend(background, step / _STEPS, 1)
        row = background.blend(tint, _CURSOR, 1)
        if contrast(row.blend(_pole(background), _MUTED, 1), row) >= LEAST_CONTRAST:
            return Color.parse(tint.hex)
    return background


def _readable(colour: Color, papers: Sequence[Color], alpha: float = 1.0) -> Color:
    """The colour, moved no further than needed towards what stands out most."""
    pole = _pole(papers[0])
    for step in range(_STEPS):
        # Measured as it will be written: stylesheets have bytes, and rounding may cost contrast.
        moved = Color.parse(colour.blend(pole, step / _STEPS, 1).hex)
        if all(contrast(paper.blend(moved, alpha, 1), paper) >= LEAST_CONTRAST for paper in papers):
            return moved
    return pole


def _pole(paper: Color) -> Color:
    return max((BLACK, WHITE), key=lambda pole: contrast(pole, paper))
