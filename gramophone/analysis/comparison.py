"""Comparison of two sessions: texts, messages to the speech service, sound, timing.

Sound and messages of two sessions that say the same are the same; their timing never is, so it
is given in figures and counts as no difference.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise, zip_longest
from typing import Any, cast

from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    FlushSent,
    FrameSent,
    PlaybackStarted,
    RequestSent,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
)
from gramophone.text.graphemes import cut

_SHOWN_CHARACTERS = 100


@frozen
class ComparedTurn:
    """The result of one turn; its sound as SHA-256 and length of the bytes received."""

    role: str
    text: str
    finish_reason: str
    sha256: str
    size_bytes: int


@frozen
class SpeechMessage:
    """A message to the speech service; texts that follow each other are one."""

    type: str
    text: str = ""


@frozen
class Timing:
    """One series of intervals, in milliseconds; None where a session has none."""

    name: str
    p50_ms: tuple[float | None, float | None]
    p95_ms: tuple[float | None, float | None]
    most_ms: tuple[float | None, float | None]


@frozen
class Comparison:
    """Differences, a sentence each, and the timing of both sessions."""

    texts: tuple[str, ...]
    messages: tuple[str, ...]
    sounds: tuple[str, ...]
    timings: tuple[Timing, ...]

    @property
    def same(self) -> bool:
        """Whether nothing but the timing differs."""
        return not (self.texts or self.messages or self.sounds)


def compare(one: Sequence[Event], other: Sequence[Event]) -> Comparison:
    """Compare two timelines; their AudioReceived carry the sound."""
    left, right = _SessionDigest(one), _SessionDigest(other)
    texts: list[str] = []
    sounds: list[str] = []
    for number, (a, b) in enumerate(zip_longest(left.turns(), right.turns())):
        if a is None or b is None:
            texts.extend(_alone(number, "first", a))
            texts.extend(_alone(number, "second", b))
            continue
        texts.extend(_turn_differences(number, a, b))
        if (a.sha256, a.size_bytes) != (b.sha256, b.size_bytes):
            sounds.append(
                f"The sound of turn {number} differs: {a.size_bytes} bytes, {a.sha256[:12]}, "
                f"and {b.size_bytes} bytes, {b.sha256[:12]}."
            )
    return Comparison(
        tuple(texts),
        tuple(_message_differences(left.messages, right.messages)),
        tuple(sounds),
        tuple(
            _timing(name, left.intervals_us.get(name, []), right.intervals_us.get(name, []))
            for name in {**left.intervals_us, **right.intervals_us}
        ),
    )


def _alone(number: int, session: str, turn: ComparedTurn | None) -> Iterable[str]:
    if turn is not None:
        yield f"Turn {number} ({turn.role}) is in the {session} only: {_shown(turn.text)}."


def _turn_differences(number: int, a: ComparedTurn, b: ComparedTurn) -> Iterable[str]:
    if a.role != b.role:
        yield f"Turn {number} is of {a.role} in the first, of {b.role} in the second."
    elif a.text != b.text:
        yield f"Turn {number} says {_shown(a.text)} in the first, {_shown(b.text)} in the second."
    elif a.finish_reason != b.finish_reason:
        yield f"Turn {number} ended with {a.finish_reason} and with {b.finish_reason}."


def _message_differences(
    one: Sequence[SpeechMessage], other: Sequence[SpeechMessage]
) -> Iterable[str]:
    # With autojunk a message that comes often (Flush) would count as noise in a long session.
    matcher = SequenceMatcher(a=one, b=other, autojunk=False)
    for operation, a_start, a_end, b_start, b_end in matcher.get_opcodes():
        if operation == "equal":
            continue
        first = ", ".join(map(_named, one[a_start:a_end])) or "nothing"
        second = ", ".join(map(_named, other[b_start:b_end])) or "nothing"
        yield f"Message {a_start}: {first} in the first, {second} in the second."


def _named(message: SpeechMessage) -> str:
    return f"{message.type} {_shown(message.text)}" if message.text else message.type


def _shown(text: str) -> str:
    line = " ".join(text.split())
    short = line if len(line) <= _SHOWN_CHARACTERS else f"{cut(line, _SHOWN_CHARACTERS - 1)}…"
    return f'"{short}"'


def _timing(name: str, one_us: Sequence[int], other_us: Sequence[int]) -> Timing:
    def both(percent: int) -> tuple[float | None, float | None]:
        return _percentile_ms(one_us, percent), _percentile_ms(other_us, percent)

    return Timing(name, both(50), both(95), both(100))


def _percentile_ms(intervals_us: Sequence[int], percent: int) -> float | None:
    if not intervals_us:
        return None
    ordered = sorted(intervals_us)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] / 1000, 3)


# --- one session ------------------------------------------------------------------------------


@dataclass(slots=True)
class _TurnDigest:
    role: str
    text: str
    finish_reason: str = ""
    sha256: Any = field(default_factory=hashlib.sha256)
    size_bytes: int = 0
    frames_us: list[int] = field(default_factory=list[int])


class _SessionDigest:
    """Turns, messages and intervals of one timeline."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._turns: dict[int, _TurnDigest] = {}
        self.messages: list[SpeechMessage] = []
        self.intervals_us: dict[str, list[int]] = {}
        self._begun_us: dict[str, dict[int, int]] = {}
        for event in events:
            self._take(event)
        for turn in self._turns.values():
            for before_us, at_us in pairwise(turn.frames_us):
                self.intervals_us.setdefault("between frames", []).append(at_us - before_us)

    def turns(self) -> list[ComparedTurn]:
        """Give the turns in the order in which they began."""
        return [
            ComparedTurn(
                turn.role,
                turn.text,
                turn.finish_reason,
                turn.sha256.hexdigest() if turn.size_bytes else "",
                turn.size_bytes,
            )
            for turn in self._turns.values()
        ]

    def _take(self, event: Event) -> None:
        match event:
            case TurnStarted(turn=number, role=role, text=text):
                self._turns[number] = _TurnDigest(role, text)
            case TurnCompleted(turn=number, text=text, finish_reason=reason):
                if turn := self._turns.get(number):
                    turn.text, turn.finish_reason = text, reason
            case AudioReceived(turn=number, pcm=pcm):
                if turn := self._turns.get(number):
                    turn.sha256.update(pcm)
                    turn.size_bytes += event.size_bytes
                    turn.frames_us.append(event.at_us)
            case FrameSent(text=text):
                self._sent(text)
            case _:
                pass
        self._time(event)

    def _time(self, event: Event) -> None:
        match event:
            case RequestSent(turn=number):
                self._begin(number, event.at_us, "request to first delta")
            case DeltaReceived(turn=number):
                self._end(number, event.at_us, "request to first delta")
            case TextSpoken(turn=number, chunk=0):
                self._begin(number, event.at_us, "text sent to first sample")
            case FlushSent(turn=number, flush=0):
                self._begin(number, event.at_us, "first flush to first byte")
            case AudioReceived(turn=number):
                self._end(number, event.at_us, "first flush to first byte")
            case PlaybackStarted(turn=number):
                self._end(number, event.at_us, "text sent to first sample")
            case _:
                pass

    def _begin(self, turn: int, at_us: int, name: str) -> None:
        self._begun_us.setdefault(name, {}).setdefault(turn, at_us)

    def _end(self, turn: int, at_us: int, name: str) -> None:
        begun_us = self._begun_us.get(name, {}).pop(turn, None)
        if begun_us is not None:
            self.intervals_us.setdefault(name, []).append(at_us - begun_us)

    def _sent(self, text: str) -> None:
        # How a text is cut into Speak messages depends on when its deltas came, which is timing.
        message = _message(text)
        before = self.messages[-1] if self.messages else None
        if before is not None and before.type == message.type == "Speak":
            self.messages[-1] = SpeechMessage("Speak", before.text + message.text)
        else:
            self.messages.append(message)


def _message(text: str) -> SpeechMessage:
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        return SpeechMessage("?", text)
    if not isinstance(parsed, dict):
        return SpeechMessage("?", text)
    fields = cast("dict[str, object]", parsed)
    message_text = fields.get("text")
    return SpeechMessage(
        str(fields.get("type", "?")), message_text if isinstance(message_text, str) else ""
    )
