"""The client's side of Deepgram Speak v1: a queue under the service's limits, and its answers.

Text and flushes are queued, and come out of `poll` as frames when the limits allow: 2,000
characters a message, 2,400 characters in 60 s, 20 flushes in 60 s.
"""

# Nothing on this socket names the request it belongs to. Binary frames have no label, and the
# `sequence_id` of Flushed is 0 in every documented example; so meaning follows from order alone.
#
#   Flushed   answers the oldest Flush that is not answered (`_unanswered`), after its sound.
#   Cleared   answers the oldest Clear. Binary frames before it are of what was cleared: stale.
#   Warning EXCESSIVE_FLUSH
#             refuses the *newest* Flush: it comes when the Flush does, ahead of sound that is
#             still owed for earlier ones. That Flush gets no Flushed; it is queued again.
#
# A Clear takes flushes with it, and what becomes of their Flushed is not documented: it
# may be missing, come before the Cleared, or come after it. `_late_answers` counts those
# that may still come: so many are swallowed, until sound arrives that is not stale. From then on
# the next Flushed belongs to what was sent after the Clear.
#
# The windows of the limits are kept a little longer than stated (61 and 65 s), since the service
# counts by its own clock when a message arrives; the allowance of a Flush was seen to come back
# about 64 s later. After a refused Flush the next is tried after 8, 16, 32, then 64 s, since
# the service does not say when its allowance is back.

from __future__ import annotations

from collections import deque
from dataclasses import field

from gramophone.core.frozen import frozen
from gramophone.text.graphemes import start_of
from gramophone.wire.deepgram.speak_v1.messages import (
    Clear,
    Cleared,
    Close,
    Flush,
    Flushed,
    Metadata,
    ProtocolViolation,
    Speak,
    Unknown,
    Warned,
    parse_server,
    render,
)
from gramophone.wire.deepgram.speak_v1.parameters import SAMPLE_RATES_HZ, SPEEDS
from gramophone.wire.speech_client import (
    ClearDone,
    FlushDone,
    FlushIgnored,
    NotUnderstood,
    Opened,
    OutgoingFrame,
    ServiceWarned,
    SpeechCapabilities,
    SpeechClientEvent,
)

SECOND_US = 1_000_000
NO_LIMIT = 10**9


@frozen
class ClientLimits:
    """Limits of the service, and the lengths of the windows in which they are counted."""

    message_chars: int = 2000
    window_chars: int = 2400
    window_flushes: int = 20
    chars_window_us: int = 61 * SECOND_US
    flushes_window_us: int = 65 * SECOND_US
    session_us: int = 3600 * SECOND_US
    answer_timeout_us: int = 10 * SECOND_US

    @classmethod
    def embedded(cls) -> ClientLimits:
        """For a voice on this machine: only the length of a message is limited.

        It may load a voice of another language before it answers, on a machine that is busy.
        """
        return cls(
            window_chars=10**12,
            window_flushes=NO_LIMIT,
            session_us=10**15,
            answer_timeout_us=60 * SECOND_US,
        )

    @property
    def limited(self) -> bool:
        """Whether flushes are counted at all."""
        return self.window_flushes < NO_LIMIT


@frozen
class _QueuedItem:
    """A piece of text, or a flush, that waits to be sent."""

    text: str = ""
    chunks: tuple[int, ...] = ()
    flush: int | None = None


@frozen
class SpeakV1:
    """Speak v1 as a `ports.speech.SpeechProtocol`: text is spoken when it is flushed."""

    limits: ClientLimits = field(default_factory=ClientLimits)
    languages: tuple[str, ...] = ()
    language_advice: str = ""

    @property
    def capabilities(self) -> SpeechCapabilities:
        """Properties of a service that speaks v1, under these limits."""
        limits = self.limits
        return SpeechCapabilities(
            speeds=SPEEDS,
            longest_request_chars=limits.message_chars,
            minute_flushes=limits.window_flushes if limits.limited else None,
            sample_rates_hz=SAMPLE_RATES_HZ["linear16"],
            languages=self.languages,
            language_advice=self.language_advice,
        )

    def client(self, now_us: int) -> SpeakClient:
        """Make the machine of a connection that was opened now."""
        return SpeakClient(self.limits, now_us)


class SpeakClient:
    """One connection. Times are microseconds on the caller's clock."""

    def __init__(self, limits: ClientLimits, opened_us: int) -> None:
        self._limits = limits
        self._expires_us = opened_us + limits.session_us
        self._queue: deque[_QueuedItem] = deque()
        self._chars: deque[tuple[int, int]] = deque()
        self._flushes: deque[int] = deque()
        self._unanswered: deque[int] = deque()
        self._refused_until_us = 0
        self._refusals = 0
        self._clearing = 0
        self._late_answers = 0
        self._heard_us = opened_us

    @property
    def stale(self) -> bool:
        """Whether binary frames that come now belong to what was cleared."""
        return self._clearing > 0

    @property
    def owing(self) -> bool:
        """Whether something waits to be sent, or for its answer."""
        return bool(self._queue or self._unanswered)

    def near_expiry(self, now_us: int, margin_us: int = 300 * SECOND_US) -> bool:
        """Whether the service will end this connection soon (60 minutes after it opened)."""
        return now_us >= self._expires_us - margin_us

    def flushes_left(self, now_us: int) -> int:
        """The number of flushes that the window still allows, those in the queue taken off."""
        self._expire_windows(now_us)
        if now_us < self._refused_until_us:
            return 0
        waiting = sum(1 for item in self._queue if item.flush is not None)
        return max(0, self._limits.window_flushes - len(self._flushes) - waiting)

    def speak(self, text: str, chunk: int) -> None:
        """Queue text; one space goes after it, because the service adds none between messages."""
        limit_chars = min(self._limits.message_chars, self._limits.window_chars)
        for index, piece in enumerate(split_text(f"{text} ", limit_chars)):
            self._queue.append(_QueuedItem(text=piece, chunks=() if index else (chunk,)))

    def flush(self, number: int) -> None:
        """Queue a flush, which is named by `number` in the events about it."""
        self._queue.append(_QueuedItem(flush=number))

    def clear(self, now_us: int, unheard_us: int = 0) -> list[str]:
        """Drop all that waits or is unanswered; gives the frames to send at once.

        The service cannot use `unheard_us`.
        """
        self._heard_us = now_us
        self._queue.clear()
        self._late_answers += len(self._unanswered)
        self._unanswered.clear()
        self._clearing += 1
        return [render(Clear())]

    def set_speed(self, speed: float) -> list[str]:
        """Nothing: the speed is a parameter of the connection."""
        return []

    def close(self) -> list[str]:
        """The frame that ends the session politely."""
        return [render(Close())]

    def poll(self, now_us: int) -> list[OutgoingFrame]:
        """The frames that may be sent now, in order."""
        self._expire_windows(now_us)
        frames: list[OutgoingFrame] = []
        while self._queue and self._ready_us(self._queue[0], now_us) <= now_us:
            item = self._queue.popleft()
            if item.flush is None:
                self._chars.append((now_us, len(item.text)))
                frames.append(OutgoingFrame(render(Speak(text=item.text)), chunks=item.chunks))
                continue
            if not self._unanswered:
                self._heard_us = now_us
            self._flushes.append(now_us)
            self._unanswered.append(item.flush)
            frames.append(OutgoingFrame(render(Flush()), flush=item.flush))
        return frames

    def next_poll_us(self, now_us: int) -> int | None:
        """Instant at which `poll` may give more; None when nothing waits."""
        if not self._queue:
            return None
        return max(now_us, self._ready_us(self._queue[0], now_us))

    def next_wake_us(self, now_us: int) -> int | None:
        """Instant of the next change by time alone: more from `poll`, or a timeout."""
        due_us = self.next_poll_us(now_us)
        if not (self._unanswered or self._clearing):
            return due_us
        timeout_us = self._heard_us + self._limits.answer_timeout_us + 1
        return timeout_us if due_us is None else min(due_us, timeout_us)

    def silent_for_us(self, now_us: int) -> int:
        """Microseconds since the service was heard while it owes an answer; 0 when it owes none."""
        return now_us - self._heard_us if self._unanswered or self._clearing else 0

    def timed_out(self, now_us: int) -> bool:
        """Whether the service has owed an answer for too long."""
        return self.silent_for_us(now_us) > self._limits.answer_timeout_us

    def receive_audio(self, now_us: int, size_bytes: int = 0) -> None:
        """Take note that sound has come, however much."""
        self._heard_us = now_us
        if not self._clearing:
            self._late_answers = 0

    def receive_text(self, frame: str, now_us: int) -> list[SpeechClientEvent]:
        """Read a text frame; gives the events that it means."""
        try:
            message = parse_server(frame)
        except ProtocolViolation as error:
            return [NotUnderstood(str(error))]
        self._heard_us = now_us
        match message:
            case Metadata():
                return [Opened(message.request_id)]
            case Flushed():
                return self._flushed()
            case Cleared():
                if not self._clearing:
                    return []
                self._clearing -= 1
                return [ClearDone()]
            case Warned():
                return self._warned(message, now_us)
            case Unknown():
                return [NotUnderstood(f"unknown message type {message.type!r}")]

    def _flushed(self) -> list[SpeechClientEvent]:
        # A flush that a Clear took away may be answered all the same, before the Cleared or
        # after it; the answer to a later one has its sound before it.
        if self._clearing or self._late_answers or not self._unanswered:
            self._late_answers = max(0, self._late_answers - 1)
            return []
        self._refusals = 0
        return [FlushDone(self._unanswered.popleft())]

    def _warned(self, message: Warned, now_us: int) -> list[SpeechClientEvent]:
        warned = ServiceWarned(message.code, message.description)
        if message.code != "EXCESSIVE_FLUSH" or self._clearing or not self._unanswered:
            return [warned]
        # The warning comes when the flush does, ahead of the sound still owed for earlier
        # ones, so it is the newest flush that was ignored.
        ignored = self._unanswered.pop()
        self._refusals += 1
        self._refused_until_us = now_us + min(64, 4 * 2**self._refusals) * SECOND_US
        self._queue.appendleft(_QueuedItem(flush=ignored))
        return [warned, FlushIgnored(ignored)]

    def _ready_us(self, item: _QueuedItem, now_us: int) -> int:
        if item.flush is not None:
            ready = self._refused_until_us
            if len(self._flushes) >= self._limits.window_flushes:
                ready = max(ready, self._flushes[0] + self._limits.flushes_window_us)
            return ready
        used = sum(count for _, count in self._chars)
        ready = now_us
        for sent_us, count in self._chars:
            if used + len(item.text) <= self._limits.window_chars:
                break
            used -= count
            ready = sent_us + self._limits.chars_window_us
        return ready

    def _expire_windows(self, now_us: int) -> None:
        while self._chars and self._chars[0][0] + self._limits.chars_window_us <= now_us:
            self._chars.popleft()
        while self._flushes and self._flushes[0] + self._limits.flushes_window_us <= now_us:
            self._flushes.popleft()


def split_text(text: str, limit_chars: int) -> list[str]:
    """Pieces of at most `limit_chars` whose concatenation is `text`, cut at spaces if there are,
    else between graphemes."""
    pieces: list[str] = []
    while len(text) > limit_chars:
        cut = text.rfind(" ", max(1, limit_chars // 2), limit_chars)
        if cut < 0:
            cut = start_of(text, limit_chars) or limit_chars
        pieces.append(text[:cut])
        text = text[cut:]
    return [*pieces, text] if text else pieces
