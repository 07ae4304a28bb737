"""Transcripts of OpenAI in a recorded session: the request and its answer, each a text frame.

The sound is not stored, only its digest, with the form of the answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from urllib.parse import urlsplit

from gramophone.core.frozen import frozen
from gramophone.core.timeline import Event, FrameReceived, FrameSent, SpeechConnected
from gramophone.wire.lenient_json import as_text, compact, read_object
from gramophone.wire.openai_audio.transcription_request import (
    TRANSCRIPTIONS_PATH,
    TRANSLATIONS_PATH,
    TranscriptionRequest,
)


@frozen
class OpenAITranscript:
    """One answer, verbatim; or the text alone, if it was streamed or had probabilities."""

    sha256: str
    form: str
    content_type: str
    body: str
    is_verbatim: bool


def request_frame(request: TranscriptionRequest, content_type: str) -> str:
    """A request as the text of a frame, with the type of its answer."""
    fields = {
        "type": "Recording",
        "sha256": hashlib.sha256(request.sound).hexdigest(),
        "form": request.form,
        "content_type": content_type,
        "verbatim": request.is_verbatim,
    }
    return compact(fields)


def openai_transcripts(events: Sequence[Event]) -> tuple[OpenAITranscript, ...]:
    """The transcripts of a session, in the order of the requests."""
    requests: dict[int, str] = {}
    transcripts: list[OpenAITranscript] = []
    for event in events:
        match event:
            case SpeechConnected(connection=ordinal, url=url):
                if urlsplit(url).path.endswith((TRANSCRIPTIONS_PATH, TRANSLATIONS_PATH)):
                    requests[ordinal] = ""
            case FrameSent(connection=ordinal, text=text) if ordinal in requests:
                requests[ordinal] = text
            case FrameReceived(connection=ordinal, text=text) if ordinal in requests:
                transcripts.append(_transcript(requests[ordinal], text))
            case _:
                pass
    return tuple(transcripts)


def _transcript(request: str, answer: str) -> OpenAITranscript:
    fields = read_object(request)
    return OpenAITranscript(
        as_text(fields.get("sha256")),
        as_text(fields.get("form")),
        as_text(fields.get("content_type")),
        answer,
        fields.get("verbatim") is True,
    )
