"""The day it is for the reader, by the app's clock."""

from __future__ import annotations

from datetime import date

from textual.dom import DOMNode


def today_of(node: DOMNode) -> date:
    """Today in the reader's zone; the app of a test may have a day of its own."""
    now = getattr(node.app, "now", None)  # pyright: ignore[reportUnknownArgumentType]
    return now().astimezone().date() if now is not None else date.today()
