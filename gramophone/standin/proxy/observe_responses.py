"""Frames of Responses over a websocket as questions and their answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from gramophone.standin.proxy.observe_llm import AnswerObserver
from gramophone.standin.proxy.session_recorder import SessionRecorder
from gramophone.wire.lenient_json import as_count, as_text, compact, encoded, read_object
from gramophone.wire.sse import raw_event

_ENDINGS: Final = (
    "response.completed",
    "response.incomplete",
    "response.failed",
    "error",
)


class ResponsesFrames:
    """Watcher of one connection. Its answers come one after the other, in the order asked for.

    Each is observed as the stream that it would be over HTTP, so that a recording can be played
    there as well.
    """

    def __init__(
        self, requested: Callable[[bytes], AnswerObserver], recorder: SessionRecorder
    ) -> None:
        """`requested` records a question, and gives the observer of its answer."""
        self._requested = requested
        self._recorder = recorder
        self._open: deque[AnswerObserver] = deque()

    def sent(self, frame: str | bytes) -> None:
        fields = read_object(frame)
        if fields.pop("type", None) == "response.create" and fields.get("generate") is not False:
            self._open.append(self._requested(encoded(compact(fields))))

    def received(self, frame: str | bytes) -> None:
        if not self._open:
            return
        observer, fields = self._open[0], read_object(frame)
        kind = as_text(fields.get("type"))
        self._observe(observer, fields, frame)
        if kind in _ENDINGS:
            self._open.popleft()
            self._recorder.record_answer(observer.ended(self._recorder.now_us()))

    def ended(self, code: int, reason: str, *, by_service: bool) -> None:
        for observer in self._open:
            end = observer.broken if by_service else observer.left
            self._recorder.record_answer(end(self._recorder.now_us()))

    def _observe(
        self, observer: AnswerObserver, fields: dict[str, Any], frame: str | bytes
    ) -> None:
        text = frame if isinstance(frame, str) else frame.decode(errors="replace")
        if status := as_count(fields.get("status")):
            # A refusal has the status that it would have over HTTP.
            observer.answered(status, "application/json")
            piece = encoded(text)
        else:
            observer.answered(200, "text/event-stream")
            piece = raw_event(text)
        self._recorder.record_answer(observer.received(piece, self._recorder.now_us()))
