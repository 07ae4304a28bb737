"""The client's side of speech over HTTP: a request for each flush, and its sound as the answer.

Frames that go out are bodies of requests, verbatim. HTTP has no frames for what happens to them,
so what the connection reports comes as JSON of ours: a request has ended, was tried again, or all
were cancelled. Answers come in the order of the requests, of which a few are under way at a time:
the next is made while the one before still sounds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Any, Final, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.speak_v1.client import NO_LIMIT, split_text
from gramophone.wire.lenient_json import as_text, compact, read_object
from gramophone.wire.speech_client import (
    ClearDone,
    FlushDone,
    NotUnderstood,
    OutgoingFrame,
    ServiceWarned,
    SpeechCapabilities,
    SpeechClientEvent,
)

MOST_UNDER_WAY: Final = 2
"""Requests at a time: the one whose sound comes, and the one after it."""

ANSWER_TIMEOUT_US: Final = 90_000_000
"""A server that makes all of the sound before it sends any may take long for it."""

MINUTE_US: Final = 61_000_000
"""The window in which requests are counted; longer than a minute, because clocks differ."""

CANCEL: Final = compact({"type": "Cancel"})
"""The frame that cancels all requests; it goes no further than the connection."""

CANCELLED: Final = compact({"type": "Cancelled"})
"""The report that all requests are cancelled; no more of their sound comes."""

_SILENCE: Final = (
    "The voice sends nothing but silence; choose another with /voice, or check its model."
)

BodyOf: TypeAlias = Callable[[str], str]
"""Makes the body of a request from its text."""


def ended_report(request_id: str, *, silent: bool = False) -> str:
    """The report that the oldest request was answered; `silent` if its sound is all zeros."""
    fields: dict[str, Any] = {"type": "RequestEnded", "request_id": request_id}
    return compact({**fields, "silent": True} if silent else fields)


def retried_report(detail: str) -> str:
    """The report that a request failed and is made again."""
    return compact({"type": "RequestRetried", "detail": detail})


@frozen
class SpeechOverHttp:
    """Speech over HTTP as a `ports.speech.SpeechProtocol`.

    Attributes:
        body_of: makes the body of a request.
        capabilities: of the service; `minute_flushes` is how many requests it takes in a minute.
        answer_timeout_us: how long it may be silent while it owes an answer.
    """

    body_of: BodyOf
    capabilities: SpeechCapabilities = field(default_factory=SpeechCapabilities)
    answer_timeout_us: int = ANSWER_TIMEOUT_US

    def client(self, now_us: int) -> SpeechRequestsClient:
        """Make the machine of a connection that was opened now."""
        return SpeechRequestsClient(self, now_us)


def answer_timeout_us(request_timeout_s: float) -> int:
    """Longest silence of a service whose requests may each be silent for so long."""
    return max(ANSWER_TIMEOUT_US, round(request_timeout_s * 1_000_000))


@frozen
class _QueuedRequest:
    """A request that waits to be made; `flush` if it is the last of one."""

    text: str
    chunks: tuple[int, ...]
    flush: int | None = None


class SpeechRequestsClient:
    """The requests of one session. Times are microseconds on the caller's clock."""

    def __init__(self, protocol: SpeechOverHttp, opened_us: int) -> None:
        capabilities = protocol.capabilities
        self._body_of = protocol.body_of
        self._answer_timeout_us = protocol.answer_timeout_us
        self._longest_chars = capabilities.longest_request_chars
        self._minute_requests = capabilities.minute_flushes or NO_LIMIT
        self._chunks: list[tuple[int, str]] = []
        self._queue: deque[_QueuedRequest] = deque()
        self._unanswered: deque[int | None] = deque()
        self._made_us: deque[int] = deque()
        self._clearing = 0
        self._heard_us = opened_us
        self._knows_of_silence = False

    @property
    def stale(self) -> bool:
        """Whether sound that comes now belongs to what was cleared."""
        return self._clearing > 0

    @property
    def owing(self) -> bool:
        """Whether something waits to be sent, or for its answer."""
        return bool(self._queue or self._unanswered)

    def near_expiry(self, now_us: int) -> bool:
        """Whether the service will end this connection soon: never, each request has its own."""
        return False

    def flushes_left(self, now_us: int) -> int:
        """Requests that the service still takes now, those in the queue taken off."""
        self._expire_window(now_us)
        return max(0, self._minute_requests - len(self._made_us) - len(self._queue))

    def speak(self, text: str, chunk: int) -> None:
        """Add a chunk to the next request."""
        self._chunks.append((chunk, text))

    def flush(self, number: int) -> None:
        """Queue a request for the chunks since the last; several, if they are too long for one."""
        texts = list(_packed(self._chunks, self._longest_chars))
        self._chunks = []
        for index, (text, chunks) in enumerate(texts, 1):
            last = number if index == len(texts) else None
            self._queue.append(_QueuedRequest(text, chunks, last))

    def clear(self, now_us: int, unheard_us: int = 0) -> list[str]:
        """Drop all that waits or is unanswered; gives the frame that cancels the requests."""
        self._heard_us = now_us
        self._chunks = []
        self._queue.clear()
        self._unanswered.clear()
        self._clearing += 1
        return [CANCEL]

    def set_speed(self, speed: float) -> list[str]:
        """Change nothing: the speed stands in each body."""
        return []

    def close(self) -> list[str]:
        """Frames that end the session politely: none."""
        return []

    def poll(self, now_us: int) -> list[OutgoingFrame]:
        """Requests that may be made now, in order."""
        frames: list[OutgoingFrame] = []
        while self._queue and len(self._unanswered) < MOST_UNDER_WAY:
            if self._ready_us(now_us) > now_us:
                break
            if not self._unanswered:
                self._heard_us = now_us
            request = self._queue.popleft()
            self._unanswered.append(request.flush)
            self._made_us.append(now_us)
            body = self._body_of(request.text)
            frames.append(OutgoingFrame(body, request.chunks, request.flush))
        return frames

    def next_wake_us(self, now_us: int) -> int | None:
        """Time of the next change by time alone: more from `poll`, or a timeout."""
        due_us: list[int] = []
        if self._unanswered or self._clearing:
            due_us.append(self._heard_us + self._answer_timeout_us + 1)
        if self._queue and len(self._unanswered) < MOST_UNDER_WAY:
            due_us.append(max(now_us, self._ready_us(now_us)))
        return min(due_us, default=None)

    def timed_out(self, now_us: int) -> bool:
        """Whether the service has owed an answer for too long."""
        owing = bool(self._unanswered or self._clearing)
        return owing and now_us - self._heard_us > self._answer_timeout_us

    def receive_audio(self, now_us: int, size_bytes: int) -> None:
        """Take note of sound that came."""
        self._heard_us = now_us

    def receive_text(self, frame: str, now_us: int) -> list[SpeechClientEvent]:
        """Read a report of the connection; gives the events that it means."""
        self._heard_us = now_us
        fields = read_object(frame)
        match fields.get("type"):
            case "RequestEnded":
                return [*self._warned_of_silence(fields), *self._ended()]
            case "RequestRetried":
                return [ServiceWarned("RETRIED", as_text(fields.get("detail")))]
            case "Cancelled":
                self._clearing = max(0, self._clearing - 1)
                return [ClearDone()]
            case _:
                return [NotUnderstood("unknown report of a request")]

    def _ended(self) -> list[SpeechClientEvent]:
        # What ends while a cancellation is on its way belongs to what was cleared.
        if self._clearing or not self._unanswered:
            return []
        flush = self._unanswered.popleft()
        return [] if flush is None else [FlushDone(flush)]

    def _warned_of_silence(self, fields: dict[str, Any]) -> list[SpeechClientEvent]:
        if not fields.get("silent") or self._clearing:
            return []
        for_user, self._knows_of_silence = not self._knows_of_silence, True
        return [ServiceWarned("SILENCE", _SILENCE, for_user)]

    def _ready_us(self, now_us: int) -> int:
        self._expire_window(now_us)
        if len(self._made_us) < self._minute_requests:
            return now_us
        return self._made_us[0] + MINUTE_US

    def _expire_window(self, now_us: int) -> None:
        while self._made_us and self._made_us[0] + MINUTE_US <= now_us:
            self._made_us.popleft()


def _packed(
    chunks: list[tuple[int, str]], longest_chars: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Texts of requests, with the chunks that begin in each."""
    text, numbers = "", ()
    for number, chunk in chunks:
        for index, piece in enumerate(split_text(chunk, longest_chars)):
            if text and len(text) + 1 + len(piece) > longest_chars:
                yield text, numbers
                text, numbers = "", ()
            text = f"{text} {piece}" if text else piece
            numbers = numbers if index else (*numbers, number)
    if text:
        yield text, numbers
