"""Styles of the looks of a transcript, as theme variables, so that every theme fits."""

from __future__ import annotations

from typing import Final, NamedTuple

FENCE: Final = "fence"
TO_COME: Final = "to-come"
SPOKEN: Final = "spoken"
HIT: Final = "hit"
CURRENT_HIT: Final = "hit-now"


class HitSpan(NamedTuple):
    """Offsets in the turn's text of words that were looked for, and their look."""

    start: int
    end: int
    look: str


QUIET: Final = frozenset({TO_COME, "label", "bullet", "comment", "muted"})
"""Looks whose text steps back as far as it can still be read."""
LOOKS: Final = {
    "": "",
    "strong": "bold",
    "em": "italic",
    "strike": "strike",
    "heading": "bold",
    "h1": "bold underline",
    "link": "$text-accent underline",
    "code": "$text-warning on $boost",
    FENCE: "on $boost",
    "bar": "$foreground 30%",
    "faint": "$foreground 20%",
    "comment": "italic",
    "keyword": "$text-accent",
    "constant": "bold $text-success",
    "type": "$text-warning",
    "number": "$text-warning",
    "string": "$text-success",
    "builtin": "$text-accent",
    "function": "$text-primary",
    "name": "$text-primary",
    "error": "$text-error",
    "plain": "$foreground",
    TO_COME: "$foreground",
    # The line below it is for terminals that have no colours of ours.
    SPOKEN: "$text-success underline",
    # Reversed, so that a hit is seen without colours, too.
    HIT: "$text-warning reverse",
    CURRENT_HIT: "bold $text-accent reverse",
    "accent": "$text-accent",
    "sound": "$text-success",
    "trouble": "$text-error",
}
TO_BE_READ: Final = frozenset(LOOKS) - {"bar", "faint"}
