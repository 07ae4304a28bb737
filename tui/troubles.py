"""What went wrong just now and must be told, wherever one looks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gramophone.audibility import MUTED
from gramophone.plain import plain_line
from gramophone.timeline import DeviceChanged, Entry, Failed

_TITLES = {
    "recording": "Not recorded any more",
    "model": "No answer",
    "speech": "No voice",
    "speaker": "No sound",
    "session": "Not done",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One sentence. One that is `shown` stands in the conversation as well."""

    title: str
    sentence: str
    severity: Literal["warning", "error"]
    shown: bool = False


def troubles(entries: Sequence[Entry], *, spoken: bool) -> Iterator[Trouble]:
    """Those among the newest entries; `spoken` says whether anything was said yet: before that,
    a device that is missing is told on the empty screen."""
    for entry in entries:
        match entry:
            case Failed():
                yield Trouble(
                    _TITLES[entry.stage],
                    plain_line(entry.detail),
                    "error",
                    shown=entry.stage != "recording",
                )
            case DeviceChanged(silent=True) if entry.detail and entry.device != MUTED and spoken:
                yield Trouble(_TITLES["speaker"], plain_line(entry.detail), "warning")
            case _:
                pass
