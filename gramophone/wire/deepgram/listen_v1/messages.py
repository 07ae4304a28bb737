"""Messages of Listen v1 (speech to text), and the parameters of a connection.

Names and fields are those of the published AsyncAPI file, as deepgram-sdk 7.17 has them. Texts of
refusals that are not published are written like those of Speak.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.json_frames import ProtocolViolation, json_object, text_of
from gramophone.wire.deepgram.speak_v1.parameters import ParameterRefused, truth, whole

# --- the query --------------------------------------------------------------------------------

SAMPLE_BYTES: Mapping[str, int] = MappingProxyType(
    {"linear16": 2, "linear32": 4, "mulaw": 1, "alaw": 1}
)
"""The bytes of a sample in the encodings whose sound can be measured."""

_COMPRESSED = frozenset({"flac", "amr-nb", "amr-wb", "opus", "ogg-opus", "speex", "g729"})
_DEFAULT_ENDPOINTING_MS = 10
_LEAST_UTTERANCE_END_MS = 1_000
_MODEL = re.compile(r"(?!flux-|aura-)[A-Za-z0-9]+([-._:][A-Za-z0-9]+)*")


@frozen(kw_only=True)
class ListenParameters:
    """Parameters of a connection: the form of its sound, and the results it asks for.

    Attributes:
        encoding: of raw sound; empty for a container, which says it itself.
        endpointing: whether the last result of an utterance says `speech_final`.
        utterance_end_ms: an UtteranceEnd comes after so much silence; None for never.
    """

    model: str = "base"
    encoding: str = ""
    sample_rate_hz: int = 0
    channels: int = 1
    interim_results: bool = False
    endpointing: bool = True
    utterance_end_ms: int | None = None
    vad_events: bool = False
    punctuate: bool = False

    @classmethod
    def from_query(cls, query: str) -> ListenParameters:
        """Read the query of the address, in any order; parameters without effect here are ignored.

        Raises:
            ParameterRefused: with the text of the 400 refusal.
        """
        parsed = parse_qs(query, keep_blank_values=True)
        values = {name: every[-1] for name, every in parsed.items()}
        end_ms = values.get("utterance_end_ms")
        parameters = cls(
            model=values.get("model", "base"),
            encoding=values.get("encoding", ""),
            sample_rate_hz=whole("sample_rate", values.get("sample_rate"), 0),
            channels=whole("channels", values.get("channels"), 1),
            interim_results=truth("interim_results", values.get("interim_results")),
            endpointing=_endpointing(values.get("endpointing")),
            utterance_end_ms=None if end_ms is None else whole("utterance_end_ms", end_ms, 0),
            vad_events=truth("vad_events", values.get("vad_events")),
            punctuate=truth("punctuate", values.get("punctuate"))
            or truth("smart_format", values.get("smart_format")),
        )
        if "keywords" in values and parameters.has_keyterms:
            raise ParameterRefused("Keywords are not supported by Nova-3; use keyterm instead.")
        if refusal := parameters.refusal():
            raise ParameterRefused(refusal)
        return parameters

    @property
    def has_keyterms(self) -> bool:
        """Whether the model is one of Nova-3."""
        return self.model.startswith("nova-3")

    @property
    def bytes_per_second(self) -> int:
        """Bytes in a second of raw sound; 0 where the query does not say."""
        return SAMPLE_BYTES.get(self.encoding, 0) * self.sample_rate_hz * self.channels

    def refusal(self) -> str:
        """The text of the refusal of these parameters; empty when they are accepted."""
        if not _MODEL.fullmatch(self.model):
            return "No such model/language/tier combination found."
        if self.encoding and self.encoding not in {*SAMPLE_BYTES, *_COMPRESSED}:
            return f"Unsupported encoding '{self.encoding}'."
        if self.encoding in SAMPLE_BYTES and not self.sample_rate_hz:
            return f"sample_rate is required with encoding '{self.encoding}'."
        if not 1 <= self.channels <= 20:
            return "channels must be between 1 and 20."
        if self.utterance_end_ms is not None:
            if self.utterance_end_ms < _LEAST_UTTERANCE_END_MS:
                return f"utterance_end_ms must be at least {_LEAST_UTTERANCE_END_MS}."
            if not self.interim_results:
                return "utterance_end_ms requires interim_results=true."
        return ""


def _endpointing(value: str | None) -> bool:
    if value is None or value.lower() in ("true", "false"):
        return value is None or value.lower() == "true"
    # A number is how long a pause ends an utterance; by rule every utterance ends at its last
    # word, so only its form is checked.
    whole("endpointing", value, _DEFAULT_ENDPOINTING_MS)
    return True


# --- from the client --------------------------------------------------------------------------

KEEP_ALIVE, FINALIZE, CLOSE_STREAM, CONFIGURE = "KeepAlive", "Finalize", "CloseStream", "Configure"
_CLIENT_TYPES = (KEEP_ALIVE, FINALIZE, CLOSE_STREAM, CONFIGURE)


def client_type(text: str) -> str:
    """The `type` of a client's text frame.

    Raises:
        ProtocolViolation: the frame is not one of the client's messages.
    """
    kind = text_of(json_object(text, "SchemaError"), "type")
    if kind not in _CLIENT_TYPES:
        raise ProtocolViolation("SchemaError", f"unknown type {kind!r}")
    return kind


# --- from the service -------------------------------------------------------------------------


@frozen
class HeardWord:
    """A word and its place in the stream, in microseconds."""

    text: str
    start_us: int
    end_us: int

    @property
    def bare(self) -> str:
        """The word in lower case, without the punctuation around it."""
        return _bare(self.text)


@frozen(kw_only=True)
class Results:
    """A transcript of the sound from `start_us` to `end_us`; unless final, it will be replaced."""

    start_us: int
    end_us: int
    words: tuple[HeardWord, ...] = ()
    is_final: bool = False
    speech_final: bool = False
    from_finalize: bool = False


@frozen
class SpeechStarted:
    """A voice began at this place in the stream."""

    at_us: int


@frozen
class UtteranceEnd:
    """Silence since the word that ended here."""

    last_word_end_us: int


@frozen
class Metadata:
    """Digest and length of all sound; the last message of a connection."""

    sha256: str
    duration_us: int


@frozen
class ConfigureSuccess:
    """A Configure was applied."""


@frozen
class ConfigureFailure:
    """A Configure was refused; nothing was changed."""

    code: str
    description: str


@frozen
class Misunderstood:
    """An Error about a text frame that is not a message. The connection goes on."""

    description: str
    message: str


@frozen
class Verbatim:
    """A message of the service as it was recorded."""

    text: str


_Made: TypeAlias = (
    Results
    | SpeechStarted
    | UtteranceEnd
    | Metadata
    | ConfigureSuccess
    | ConfigureFailure
    | Misunderstood
)
ServerMessage: TypeAlias = _Made | Verbatim


@frozen(kw_only=True)
class ListenIdentity:
    """Fields that are the same in all messages of one connection."""

    request_id: str
    model: str
    model_uuid: str
    version: str
    created: str
    channels: int = 1
    punctuate: bool = False


CONFIDENCE = 0.99
"""The confidence of all words: nothing is recognised, so nothing is in doubt."""
_LONGEST_S = 1e9


def render(message: ServerMessage, identity: ListenIdentity) -> str:
    """The text frame of a message."""
    if isinstance(message, Verbatim):
        return message.text
    return json.dumps(_fields(message, identity), separators=(",", ":"), ensure_ascii=False)


def transcript(words: tuple[HeardWord, ...], *, punctuate: bool) -> dict[str, Any]:
    """One alternative of a result."""
    return {
        "transcript": " ".join(word.text if punctuate else word.bare for word in words),
        "confidence": CONFIDENCE if words else 0.0,
        "words": [_word(word, punctuate=punctuate) for word in words],
    }


def _fields(message: _Made, identity: ListenIdentity) -> dict[str, Any]:
    match message:
        case Results():
            return _results(message, identity)
        case SpeechStarted(at_us):
            fields = {"type": "SpeechStarted", "channel": [0, 1], "timestamp": seconds(at_us)}
        case UtteranceEnd(at_us):
            fields = {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": seconds(at_us)}
        case Metadata(sha256, duration_us):
            fields = {
                "type": "Metadata",
                "transaction_key": "deprecated",
                "request_id": identity.request_id,
                "sha256": sha256,
                "created": identity.created,
                "duration": seconds(duration_us),
                "channels": identity.channels,
            }
        case ConfigureSuccess():
            fields = {"type": "ConfigureSuccess", "request_id": identity.request_id}
        case ConfigureFailure(code, description):
            fields = {
                "type": "ConfigureFailure",
                "request_id": identity.request_id,
                "code": code,
                "description": description,
            }
        case Misunderstood(description, text):
            fields = {
                "type": "Error",
                "variant": "SchemaError",
                "description": description,
                "message": text,
            }
    return fields


def _results(message: Results, identity: ListenIdentity) -> dict[str, Any]:
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": seconds(message.end_us - message.start_us),
        "start": seconds(message.start_us),
        "is_final": message.is_final,
        "speech_final": message.speech_final,
        "channel": {"alternatives": [transcript(message.words, punctuate=identity.punctuate)]},
        "metadata": {
            "request_id": identity.request_id,
            "model_info": {
                "name": identity.model,
                "version": identity.version,
                "arch": identity.model.partition("-general")[0],
            },
            "model_uuid": identity.model_uuid,
        },
        "from_finalize": message.from_finalize,
    }


def _word(word: HeardWord, *, punctuate: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "word": word.bare,
        "start": seconds(word.start_us),
        "end": seconds(word.end_us),
        "confidence": CONFIDENCE,
    }
    if punctuate:
        fields["punctuated_word"] = word.text
    return fields


def seconds(us: int) -> float:
    """Microseconds as the service writes them: seconds, as a decimal."""
    return us / 1_000_000


def seconds_in(value: object) -> float:
    """The value as seconds; 0 if it is none, or out of all bounds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0.0
    return float(value) if 0 < value < _LONGEST_S else 0.0


def words_of(text: str) -> list[str]:
    """The words of a text, with their punctuation; marks that stand alone are left out."""
    return [word for word in text.split() if _bare(word)]


def _bare(word: str) -> str:
    return re.sub(r"^\W+|\W+$", "", word).lower()
