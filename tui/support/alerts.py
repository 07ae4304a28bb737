"""Alerts: failures that the user must see on whatever screen is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from gramophone.core.frozen import frozen
from gramophone.core.timeline import MUTED, DeviceChanged, Entry, Failed, Stage
from gramophone.text.sanitize import plain_line

_TITLES = {
    "recording": "Not recorded any more",
    "model": "No answer",
    "speech": "No voice",
    "speaker": "No sound",
    "session": "Not done",
}


@frozen
class Alert:
    """One sentence about a failure.

    Attributes:
        stage: part of the engine that failed.
        shown: the conversation says it, too, so a user who sees that needs no alert.
    """

    title: str
    sentence: str
    severity: Literal["warning", "error"]
    stage: Stage
    shown: bool = False


def alerts(entries: Sequence[Entry], *, has_turns: bool) -> Iterator[Alert]:
    """Alerts among the newest entries, in their order.

    `has_turns` says whether the conversation has a turn. Before that its screen shows what is
    missing instead of failures (`conversation.welcome`).
    """
    for entry in entries:
        match entry:
            case Failed():
                yield Alert(
                    _TITLES[entry.stage],
                    plain_line(entry.detail),
                    "error",
                    entry.stage,
                    shown=entry.stage in ("model", "speech")
                    or (has_turns and entry.stage == "session"),
                )
            case DeviceChanged(silent=True) if entry.detail and entry.device != MUTED and has_turns:
                yield Alert(_TITLES["speaker"], plain_line(entry.detail), "warning", "speaker")
            case _:
                pass
