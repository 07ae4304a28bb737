"""Reading the body of an answer that should be sound, whatever a server really sends.

Servers that speak as OpenAI or Deepgram do are asked for samples, and send those, or a WAV, or MP3
all the same, or events with one of these in them, or an error as JSON with status 200, or a page
of a web server. Labels are often wrong (frameworks put `text/html` on any bytes), so the first
bytes decide: what is not text is sound (`audio.sound_reader`).
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64

from gramophone.audio.sound_reader import NotSound, SoundPiece, SoundReader
from gramophone.audio.wav_reader import RATES_HZ
from gramophone.wire.lenient_json import (
    as_list,
    as_object,
    as_text,
    is_list,
    is_object,
    read_object,
)
from gramophone.wire.limits import MOST_ANSWER_BYTES, MOST_REFUSAL_BYTES, TooMuch
from gramophone.wire.sse import SseReader

MOST_SOUND_EVENT_BYTES = 24 * 2**20
"""One event with sound: some servers put all of an answer into one."""

_TEXT_BYTES = 64
"""As many first bytes as are looked at for text."""

_NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,200})", re.IGNORECASE)
_EVENT_FIELDS = (b"data:", b"event:", b":")
_NUMBER = re.compile(r"[0-9]{1,6}")


class SoundResponse:
    """Reads one body."""

    def __init__(self, content_type: str, sample_rate_hz: int) -> None:
        """`sample_rate_hz` is that of samples without a head, unless the label says another.

        Raises:
            NotSound: the label says that it has too many channels.
        """
        kind, parameters = _label(content_type)
        self._label_is_events = kind == "text/event-stream"
        self._events: SseReader | None = None
        rate_hz = _number(parameters, "rate")
        self._sound = SoundReader(
            rate_hz if rate_hz in RATES_HZ else sample_rate_hz,
            channels=_number(parameters, "channels") or 1,
        )
        self._head = b""
        self._is_sound = False
        self._text: bytearray | None = None
        self._received_bytes = 0

    def feed(self, piece: bytes) -> list[SoundPiece]:
        """Read the next piece of the body.

        Raises:
            NotSound: the body is something else.
            TooMuch: it is larger than any speech.
        """
        self._received_bytes += len(piece)
        if self._received_bytes > MOST_ANSWER_BYTES:
            raise TooMuch.of("an answer", MOST_ANSWER_BYTES)
        if self._events is not None:
            return self._read_events(self._events, piece)
        if self._is_sound:
            return self._sound.feed(piece)
        if self._text is not None:
            return self._collect(self._text, piece)
        self._head += piece
        return self._decide() if len(self._head) >= _TEXT_BYTES else []

    def finish(self) -> list[SoundPiece]:
        """End the body; gives what was still held.

        Raises:
            NotSound: the body was something else, or there was none.
        """
        pieces = self._decide() if self._head else []
        if self._text is not None:
            raise NotSound(text_description(bytes(self._text)))
        pieces += self._sound.finish()
        if not self._sound.begun:
            raise NotSound("no sound")
        return pieces

    def _decide(self) -> list[SoundPiece]:
        head, self._head = self._head, b""
        if not _is_text(head):
            self._is_sound = True
            return self._sound.feed(head)
        if self._label_is_events or head.lstrip().startswith(_EVENT_FIELDS):
            self._events = SseReader(MOST_SOUND_EVENT_BYTES)
            return self._read_events(self._events, head)
        self._text = bytearray()
        return self._collect(self._text, head)

    def _collect(self, text: bytearray, piece: bytes) -> list[SoundPiece]:
        text += piece
        if len(text) > MOST_REFUSAL_BYTES:
            raise NotSound(text_description(bytes(text[:MOST_REFUSAL_BYTES])))
        return []

    def _read_events(self, reader: SseReader, piece: bytes) -> list[SoundPiece]:
        pieces: list[SoundPiece] = []
        for data in reader.feed(piece):
            # A large text is one value: to look at the marks within it would take its time again.
            event = read_object(data)
            if event.get("type") == "speech.audio.delta":
                pieces += self._sound.feed(_decoded(as_text(event.get("audio"))))
            elif event.get("type") == "error" or event.get("error"):
                raise NotSound(text_description(data.encode(errors="replace")))
        return pieces


def text_description(body: bytes) -> str:
    """Describe a body of text: the message of an error, the title of a page, or its beginning.

    It is a peer's text: not yet safe for a terminal, and of any length up to that of the body.
    """
    text = body.decode(errors="replace").strip()
    if text.startswith("{"):
        return f"an error ({message})" if (message := error_message(body)) else "JSON, not sound"
    if text[:15].lower().startswith(("<!doctype html", "<html")):
        title = _TITLE.search(text)
        return f"a web page ({title[1].strip()})" if title else "a web page"
    return f"text ({text[:200]})" if text else "no sound"


def error_message(body: bytes) -> str:
    """The message of an error as JSON, as OpenAI, Deepgram, FastAPI or others have it; or empty."""
    fields = read_object(body)
    for name in ("error", "message", "detail", "err_msg", "reason"):
        value = fields.get(name)
        if is_list(value):
            # FastAPI's: a list of what is wrong with the request.
            value = next(iter(as_list(value)), None)
        if is_object(value):
            value = as_object(value).get("message") or as_object(value).get("msg")
        if message := as_text(value):
            return message
    return ""


def _is_text(head: bytes) -> bool:
    """Whether these bytes are text; samples hardly ever have so many without a control code."""
    if _NOT_IN_TEXT.search(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The cut may go through the last character.
        return error.end == len(head) and error.reason == "unexpected end of data"
    return True


def _label(content_type: str) -> tuple[str, dict[str, str]]:
    kind, *fields = content_type.lower()[:200].split(";")
    pairs = (field.partition("=") for field in fields)
    return kind.strip(), {name.strip(): value.strip(' "') for name, _, value in pairs}


def _number(parameters: dict[str, str], name: str) -> int:
    number = parameters.get(name, "")
    return int(number) if _NUMBER.fullmatch(number) else 0


def _decoded(text: str) -> bytes:
    try:
        return a2b_base64(text)
    except (Base64Error, ValueError) as error:
        raise NotSound("an event whose sound cannot be read") from error
