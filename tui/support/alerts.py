"""What went wrong just now and must be told, wherever one looks. Pure."""

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
    """One sentence. One that is `shown` stands in the conversation as well."""

    title: str
    sentence: str
    severity: Literal["warning", "error"]
    stage: Stage
    shown: bool = False


def troubles(entries: Sequence[Entry], *, spoken: bool) -> Iterator[Alert]:
    """Those among the newest entries; `spoken` says whether anything was said yet: before that,
    what is missing for a talk is told on the empty screen, which shows no failures else."""
    for entry in entries:
        match entry:
            case Failed():
                yield Alert(
                    _TITLES[entry.stage],
                    plain_line(entry.detail),
                    "error",
                    entry.stage,
                    shown=entry.stage in ("model", "speech")
                    or (spoken and entry.stage == "session"),
                )
            case DeviceChanged(silent=True) if entry.detail and entry.device != MUTED and spoken:
                yield Alert(_TITLES["speaker"], plain_line(entry.detail), "warning", "speaker")
            case _:
                pass
