"""The few colours drawn text may have, as theme variables: every theme can be chosen.

One accent, one sound colour; the rest stands for a state.
"""

from __future__ import annotations

from typing import Final

MUTED: Final = "$foreground 60%"
PLAIN: Final = "$foreground"
ACCENT: Final = "$accent"
SOUND: Final = "$success"
SOUND_SOFT: Final = "$success 35%"
TROUGH: Final = "$foreground 7%"
WARNING: Final = "$warning"
TROUBLE: Final = "$error"
