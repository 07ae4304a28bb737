"""What the looks of a transcript are on the screen: theme variables, so that every theme fits."""

from __future__ import annotations

from typing import Final

from tui.colours import ACCENT, MUTED, SOUND, TROUBLE

FENCE: Final = "fence"
TO_COME: Final = "to-come"
LOOKS: Final = {
    "": "",
    "strong": "bold",
    "em": "italic",
    "strike": "strike",
    "heading": "bold",
    "h1": "bold underline",
    "link": f"{ACCENT} underline",
    "code": "$text-warning on $boost",
    FENCE: "on $boost",
    "label": MUTED,
    "bullet": MUTED,
    "bar": "$foreground 30%",
    "faint": "$foreground 20%",
    "comment": f"{MUTED} italic",
    "keyword": "$text-accent",
    "constant": "bold $text-success",
    "type": "$text-warning",
    "number": "$text-warning",
    "string": "$text-success",
    "builtin": "$text-accent",
    "function": "$text-primary",
    "name": "$text-primary",
    "error": "$text-error",
    TO_COME: MUTED,
    "accent": ACCENT,
    "muted": MUTED,
    "sound": SOUND,
    "trouble": TROUBLE,
}
