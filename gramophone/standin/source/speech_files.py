"""Recorded answers of speech over HTTP: files, or the head and tail around samples.

Samples stand in the timeline as sound. Other bytes, the head of a WAV or a whole MP3, are frames
of text: `{"type":"Body","content_type":…,"base64":…}`.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AudioReceived,
    Event,
    FrameReceived,
    FrameSent,
    SpeechConnected,
    SpeechDisconnected,
)
from gramophone.text.spaceless import without_spaces
from gramophone.wire.deepgram.paths import SPEAK_PATH
from gramophone.wire.deepgram.speak_v1.parameters import ParameterRefused
from gramophone.wire.deepgram.speak_v1.rest import RestParameters
from gramophone.wire.lenient_json import as_text, read_object
from gramophone.wire.llm.errors import RequestRefused
from gramophone.wire.openai_audio.speech import SPEECH_PATH, SpeechRequest, parse_speech

_BODY = "Body"
_PATHS = (SPEAK_PATH, SPEECH_PATH)
_LOST = 1006


@frozen
class FileForm:
    """The form that a request asks for, by which its recorded answer is found.

    Attributes:
        encoding: or the format of a file.
        sample_rate_hz: 0 where the service has one rate alone.
    """

    service: Literal["deepgram", "openai"]
    encoding: str
    container: str = ""
    sample_rate_hz: int = 0


def form_of(parameters: RestParameters) -> FileForm:
    """The form of an answer of Speak over HTTP."""
    return FileForm(
        "deepgram", parameters.encoding, parameters.container, parameters.sample_rate_hz
    )


def openai_form(request: SpeechRequest) -> FileForm:
    """The form of an answer of OpenAI's `audio/speech`."""
    return FileForm("openai", request.encoding, "sse" if request.in_events else "")


@frozen
class RecordedFile:
    """One answer; its samples, if it has any, stand between `head` and `tail`.

    Attributes:
        text: that was to be spoken.
        head: as (microseconds after the request, bytes).
        whole: whether `head` is all of it.
        broken: whether the service broke off behind it.
    """

    text: str
    form: FileForm
    content_type: str
    head: tuple[tuple[int, bytes], ...]
    tail: bytes = b""
    whole: bool = True
    broken: bool = False

    def answers(self, text: str, form: FileForm) -> bool:
        """Whether this is the answer to such a request."""
        return without_spaces(self.text) == without_spaces(text) and self.form == form


class RecordedFiles:
    """The answers of a session, each given once; unless `strict`, each again when it has come.

    Where a strict session has none left for a text, the voice is asked, which refuses it.
    """

    def __init__(self, files: Sequence[RecordedFile] = (), *, strict: bool = False) -> None:
        self._unused = list(files)
        self._repeated: list[RecordedFile] = []
        self._strict = strict

    def find(self, text: str, form: FileForm) -> RecordedFile | None:
        """Take the answer to a request; None without one."""
        for file in self._unused:
            if file.answers(text, form):
                self._unused.remove(file)
                self._repeated.append(file)
                return file
        repeated = () if self._strict else self._repeated
        return next((file for file in repeated if file.answers(text, form)), None)

    def has_given(self, text: str, form: FileForm) -> bool:
        """Whether this was answered before, and strictness forbids it again."""
        return self._strict and any(file.answers(text, form) for file in self._repeated)


def body_frame(data: bytes, content_type: str) -> str:
    """A piece of an answer as the text of a frame."""
    fields = {"type": _BODY, "content_type": content_type, "base64": b64encode(data).decode()}
    return json.dumps(fields, separators=(",", ":"))


def recorded_files(events: Sequence[Event]) -> tuple[RecordedFile, ...]:
    """The answers of speech over HTTP in a session, those that are more than samples."""
    requests: dict[int, _FileRequest] = {}
    for event in events:
        match event:
            case SpeechConnected(connection=ordinal, url=url):
                parts = urlsplit(url)
                if parts.scheme in ("http", "https") and parts.path.endswith(_PATHS):
                    requests[ordinal] = _FileRequest(parts.path, parts.query)
            case (
                FrameSent(connection=ordinal)
                | FrameReceived(connection=ordinal)
                | AudioReceived(connection=ordinal)
                | SpeechDisconnected(connection=ordinal)
            ) if ordinal in requests:
                requests[ordinal].read(event)
            case _:
                pass
    files = (request.file() for request in requests.values())
    return tuple(file for file in files if file is not None)


def _request_in(path: str, query: str, body: str) -> tuple[str, FileForm]:
    """The text to be spoken and its form.

    Raises:
        ParameterRefused: the request of Deepgram is none.
        RequestRefused: likewise OpenAI's.
    """
    if path.endswith(SPEECH_PATH):
        request = parse_speech(body.encode())
        return request.text, openai_form(request)
    form = form_of(RestParameters.from_query(query))
    return as_text(read_object(body).get("text")) or body, form


@dataclass(slots=True)
class _FileRequest:
    """A request while the session is read."""

    path: str
    query: str
    body: str = ""
    asked_us: int = 0
    content_type: str = ""
    head: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    tail: bytes = b""
    sounds: bool = False
    spoilt: bool = False
    broken: bool = False

    def read(self, event: FrameSent | FrameReceived | AudioReceived | SpeechDisconnected) -> None:
        match event:
            case SpeechDisconnected(code=code):
                self.broken = code == _LOST
            case FrameSent(text=text, at_us=at_us):
                self.body, self.asked_us = text, at_us
            case AudioReceived():
                self.sounds = True
            case FrameReceived(text=text, at_us=at_us):
                fields = read_object(text)
                if fields.get("type") != _BODY:
                    # A client that records itself reports on its requests (`speech_requests`).
                    return
                self.content_type = as_text(fields.get("content_type"))
                try:
                    data = b64decode(as_text(fields.get("base64")), validate=True)
                except ValueError:
                    # A pattern of the user was found in the Base64 and replaced.
                    self.spoilt = True
                    return
                if self.sounds:
                    self.tail += data
                else:
                    self.head.append((at_us - self.asked_us, data))

    def file(self) -> RecordedFile | None:
        if not self.head or self.spoilt:
            return None
        try:
            text, form = _request_in(self.path, self.query, self.body)
        except (ParameterRefused, RequestRefused):
            return None
        head, whole = tuple(self.head), not self.sounds
        return RecordedFile(text, form, self.content_type, head, self.tail, whole, self.broken)
