"""The few colours drawn text may have, as theme variables: every theme can be chosen.

One accent, one sound colour; the rest stands for a state. `tui.theme.palette` makes them for a
theme; the percentages stand here and in stylesheets, because in a variable they would be lost.
"""

from __future__ import annotations

from typing import Final

MUTED: Final = "$ink-muted 60% $ink-quiet"
PLAIN: Final = "$ink-plain"
ACCENT: Final = "$ink-accent"
SOUND: Final = "$ink-sound"
SOUND_SOFT: Final = "$sound-soft 35%"
TROUGH: Final = "$trough 7%"
BESIDE: Final = "$fill 55% $ink-quiet"
TO_COME: Final = "$fill 35% $ink-quiet"
GRID: Final = "$fill 20% $ink-quiet"
WARNING: Final = "$ink-warning"
CURSOR: Final = "on $cursor-ground 18% $cursor-look"
TROUBLE: Final = "$ink-trouble"
