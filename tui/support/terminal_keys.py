"""One key that Textual 8.2 misreads from plain terminals and tmux.

Without the kitty protocol Alt+Enter comes as ESC CR, which Textual reads as a bare Enter: a new
line would send the prompt half written. It is taught to read it as Ctrl+J, which means the same
here.
"""

from __future__ import annotations

from typing import Any, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import Keys


def teach_alt_enter() -> None:
    """Add the key to Textual's table; again has no effect."""
    sequences = cast("dict[str, Any]", ANSI_SEQUENCES_KEYS)
    sequences.setdefault("\x1b\r", (Keys.ControlJ,))
