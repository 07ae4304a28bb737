"""Watchers of speech over HTTP in the recording proxy, whichever service is asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import parse_qsl

from gramophone.core.frozen import frozen
from gramophone.core.timeline import SpeechConnected
from gramophone.standin.proxy.observe_listen_v1 import ListenObserver
from gramophone.standin.proxy.observe_speak_rest import SpeakRequestObserver
from gramophone.standin.proxy.session_recorder import AudioEncoding, SessionRecorder
from gramophone.standin.proxy.upstream import UpstreamAnswer
from gramophone.standin.server.http import Request
from gramophone.standin.source.openai_transcripts import request_frame
from gramophone.wire.lenient_json import compact
from gramophone.wire.llm.errors import RequestRefused
from gramophone.wire.openai_audio.transcription_request import (
    TRANSLATIONS_PATH,
    parse_transcription,
)
from gramophone.wire.openai_audio.transcriptions import text_in

_LARGEST_TRANSCRIPT_BYTES = 32 * 2**20


@frozen
class SpokenRequest:
    """A text that is to be spoken.

    Attributes:
        voice: the name of the voice, or of its model.
        samples: the form of the answer if it has samples; None for other files.
    """

    text: str
    voice: str
    samples: AudioEncoding | None


ReadSpoken: TypeAlias = Callable[[Request], SpokenRequest | None]
"""Reads a request to speak; None where it is none."""


# The recorder must not forget the session while a request is under way, though nothing of it is
# recorded before the service has granted it: a refused request leaves no trace. `await_answer` and
# `answer_came` count such requests, and each watcher calls the second exactly once (`_waiting`),
# whichever of its methods comes last.
class SpeechWatcher(ABC):
    """Watcher of one request; nothing is recorded before the service has granted it."""

    def __init__(self, address: str, request: Request, recorder: SessionRecorder) -> None:
        self._address = address
        self._request = request
        self._recorder = recorder
        self._asked_us = recorder.now_us()
        self._waiting = True
        recorder.await_answer()
        self.refused = 0
        self.unrecorded = 0

    @abstractmethod
    def answered(self, answer: UpstreamAnswer) -> None:
        """Take note of the head."""

    @abstractmethod
    def received(self, piece: bytes) -> None:
        """Take note of a piece of the body."""

    @abstractmethod
    def ended(self) -> None:
        """Take note that the body is complete."""

    @abstractmethod
    def broken(self) -> None:
        """Take note that the connection to the service was lost."""

    @abstractmethod
    def left(self) -> None:
        """Take note that the client has gone away."""

    def pass_over(self, *, refused: bool) -> None:
        """Take note that the request is not recorded, because it was refused or is not read."""
        self.refused, self.unrecorded = int(refused), int(not refused)
        self.settle()

    def settle(self) -> None:
        """Take note that it is decided whether the request is recorded; a refused one is not."""
        if self._waiting:
            self._waiting = False
            self._recorder.answer_came()

    def connect(self, answer: UpstreamAnswer) -> int:
        """Record the request as a connection of its own; gives its ordinal."""
        recorder = self._recorder
        ordinal = next(recorder.connections)
        request_id = answer.header("dg-request-id") or answer.header("x-request-id")
        recorder.record(
            [
                SpeechConnected(
                    at_us=self._asked_us,
                    connection=ordinal,
                    url=self._address,
                    request_id=request_id,
                )
            ]
        )
        self.settle()
        return ordinal


class SpokenWatcher(SpeechWatcher):
    """Watcher of a text and its sound."""

    _observer: SpeakRequestObserver | None = None

    def __init__(
        self, read: ReadSpoken, address: str, request: Request, recorder: SessionRecorder
    ) -> None:
        super().__init__(address, request, recorder)
        self._read = read

    def answered(self, answer: UpstreamAnswer) -> None:
        request, recorder = self._request, self._recorder
        content_type = answer.header("content-type")
        text = self._read(request)
        if answer.status >= 300 or content_type.startswith("application/json") or not text:
            self.pass_over(refused=answer.status >= 300)
            return
        form = text.samples
        fits = form is not None and recorder.expect_speech(form, text.voice)
        connection = self.connect(answer)
        turn = next(recorder.speeches)
        self._observer = SpeakRequestObserver(
            connection, turn, text.text, content_type, form if fits else None
        )
        recorder.record_speech(
            self._observer.begun(request.body.decode("utf-8", "replace"), self._asked_us)
        )

    def received(self, piece: bytes) -> None:
        if self._observer is not None:
            self._recorder.record_speech(self._observer.received(piece, self._recorder.now_us()))

    def ended(self) -> None:
        if self._observer is not None:
            self._recorder.record_speech(self._observer.ended(self._recorder.now_us()))
            self._observer = None

    def broken(self) -> None:
        if self._observer is not None:
            self._recorder.record_speech(self._observer.broken(self._recorder.now_us()))
            self._observer = None
        else:
            self.pass_over(refused=True)

    def left(self) -> None:
        if self._observer is not None:
            self._recorder.record_speech(self._observer.left(self._recorder.now_us()))
            self._observer = None
        self.settle()


class TranscribedWatcher(SpeechWatcher):
    """Watcher of a recording and its transcript; a subclass for each service."""

    _answer: UpstreamAnswer | None = None

    def __init__(self, address: str, request: Request, recorder: SessionRecorder) -> None:
        super().__init__(address, request, recorder)
        self._body = bytearray()

    @abstractmethod
    def _record(self, answer: UpstreamAnswer, body: bytes) -> None:
        """Record the answer to the request."""

    def answered(self, answer: UpstreamAnswer) -> None:
        if answer.status >= 300:
            self.pass_over(refused=True)
        else:
            self._answer = answer

    def received(self, piece: bytes) -> None:
        if self._answer is not None and len(self._body) < _LARGEST_TRANSCRIPT_BYTES:
            self._body += piece

    def ended(self) -> None:
        if self._answer is not None:
            self._record(self._answer, bytes(self._body))

    def broken(self) -> None:
        self.pass_over(refused=True)

    def left(self) -> None:
        self.settle()


class DeepgramTranscribedWatcher(TranscribedWatcher):
    """Watcher of a recording that Listen transcribes."""

    def _record(self, answer: UpstreamAnswer, body: bytes) -> None:
        recorder = self._recorder
        recorder.expect_listening(dict(parse_qsl(self._request.query)).get("model", ""))
        recorder.on_client_audio()
        connection = self.connect(answer)
        observer = ListenObserver(connection, recorder.speeches)
        at_us = recorder.now_us()
        recorder.record_speech(observer.answered(body.decode("utf-8", "replace"), at_us))
        recorder.record_speech(observer.ended(1000, "", at_us))


class OpenAITranscribedWatcher(TranscribedWatcher):
    """Watcher of a recording that OpenAI transcribes or translates.

    Of the request its digest and form are recorded. Events and probabilities have the text in
    pieces, in which no secret could be found: of those, the text alone is.
    """

    def _record(self, answer: UpstreamAnswer, body: bytes) -> None:
        request, recorder = self._request, self._recorder
        content_type = answer.header("content-type")
        try:
            translated = request.path == TRANSLATIONS_PATH
            form = request.header("content-type")
            asking = parse_transcription(form, request.body, translated=translated)
        except RequestRefused:
            self.pass_over(refused=False)
            return
        text = text_in(body, content_type, asking.output)
        whole = body.decode("utf-8", "replace") if asking.is_verbatim else compact({"text": text})
        recorder.expect_listening(asking.model)
        recorder.on_client_audio()
        connection = self.connect(answer)
        observer = ListenObserver(connection, recorder.speeches)
        at_us = recorder.now_us()
        recorder.record_speech(observer.sent(request_frame(asking, content_type), at_us))
        recorder.record_speech(observer.transcribed(whole, text, at_us))
        recorder.record_speech(observer.ended(1000, "", at_us))
