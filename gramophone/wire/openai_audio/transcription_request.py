"""Requests for transcripts and translations of OpenAI, `POST /v1/audio/…`, and their refusals.

Fields, formats and ranges are those of `TranscriptionCreateParams` and `TranslationCreateParams`
(openai 3.52); sentences are OpenAI's own, as far as they are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.llm.errors import ModelRefusal
from gramophone.wire.llm.refusals.openai_rules import (
    NumberRange,
    invalid,
    missing,
    out_of_range,
    unknown_value,
)
from gramophone.wire.llm.request_validation import refuse, refuse_if
from gramophone.wire.multipart import FormError, FormPart, parse_form

TRANSCRIPTIONS_PATH: Final = "/v1/audio/transcriptions"
TRANSLATIONS_PATH: Final = "/v1/audio/translations"

FORMATS: Final = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
LARGEST_SOUND_BYTES: Final = 25 * 2**20
"""The largest file (OpenAI: speech-to-text guide)."""

_JSON_MODEL: Final = re.compile(r"gpt-4o-(mini-)?transcribe(-\d{4}-\d{2}-\d{2})?")
_DIARIZING_MODEL: Final = "gpt-4o-transcribe-diarize"
_SUFFIXES: Final = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_BEGINNINGS: Final = (b"RIFF", b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3")
_GRANULARITIES: Final = ("word", "segment")
_INCLUDED: Final = ("logprobs",)
_OF_TRANSLATIONS: Final = ("model", "prompt", "response_format", "temperature")
_TRANSLATOR: Final = "whisper-1"
_NUMBER: Final = re.compile(r"-?\d{1,9}(\.\d{1,9})?")

Fields: TypeAlias = Mapping[str, tuple[str, ...]]
"""The fields of a form that are not files, each with all its values."""


@frozen(kw_only=True)
class TranscriptionRequest:
    """A recording that is to be transcribed.

    Attributes:
        sound: the file.
        output: a name in `FORMATS`.
        streamed: whether the answer is a stream of events.
        words: whether words with their times are asked for.
        segments: likewise segments.
        logprobs: likewise probabilities.
        language: of the sound, by its code; empty where the client does not say.
        translated: whether the text is asked for in English, whatever the language of the sound.
    """

    sound: bytes
    model: str
    output: str = "json"
    streamed: bool = False
    words: bool = False
    segments: bool = True
    logprobs: bool = False
    language: str = ""
    translated: bool = False

    @property
    def is_verbatim(self) -> bool:
        """Whether an answer that was recorded is given as it is: it is whole, and without the
        probabilities of pieces of words, in which a secret could not be found."""
        return not self.streamed and not self.logprobs

    @property
    def form(self) -> str:
        """The form of the answer as one word, by which a recorded one is found."""
        translation = "translation" * self.translated
        parts = (self.output, "words" * self.words, "segments" * self.segments, translation)
        return "-".join(filter(None, parts))


def parse_transcription(
    content_type: str, body: bytes, *, strict: bool = False, translated: bool = False
) -> TranscriptionRequest:
    """Read a request; unknown fields are ignored. When `strict`, all that the service refuses is.

    A translation has fewer fields: neither a language, nor a stream, nor words or probabilities.

    Raises:
        RequestRefused: it is not a form, has no file, or no format that exists.
    """
    try:
        parts = parse_form(content_type, body)
    except FormError as error:
        refuse(str(error))
    sounds = [part for part in parts if part.name == "file" and part.filename]
    fields = _fields(parts)
    if translated:
        fields = {name: fields[name] for name in _OF_TRANSLATIONS if name in fields}
    outputs = FORMATS[:-1] if translated else FORMATS
    refuse_if(next(_unreadable(sounds, fields, outputs), None))
    refuse_if(next(_refusals(sounds[0], fields), None) if strict else None)
    refuse_if(_no_translator(_last(fields, "model")) if strict and translated else None)
    granularities = fields.get("timestamp_granularities", ())
    model = _last(fields, "model")
    return TranscriptionRequest(
        sound=sounds[0].data,
        model=model,
        output=_last(fields, "response_format") or "json",
        streamed=_last(fields, "stream").lower() == "true" and model != "whisper-1",
        words="word" in granularities,
        segments=not granularities or "segment" in granularities,
        logprobs="logprobs" in fields.get("include", ()),
        language=_last(fields, "language") or _last(fields, "languages"),
        translated=translated,
    )


def _fields(parts: tuple[FormPart, ...]) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for part in parts:
        # The SDKs write a list as several fields whose name ends with brackets.
        name = part.name.removesuffix("[]")
        fields[name] = (*fields.get(name, ()), part.text)
    return fields


def _last(fields: Fields, name: str) -> str:
    return fields.get(name, ("",))[-1]


def _unreadable(
    sounds: list[FormPart], fields: Fields, outputs: tuple[str, ...]
) -> Iterator[ModelRefusal]:
    """Refusals of what no answer can be made of."""
    if not sounds:
        yield missing("file")
    output = _last(fields, "response_format")
    if output and output not in outputs:
        yield unknown_value("response_format", output, outputs)


def _refusals(sound: FormPart, fields: Fields) -> Iterator[ModelRefusal]:
    model = _last(fields, "model")
    if not model:
        yield missing("model")
    yield from _sound_refusals(sound)
    yield from _output_refusals(model, _last(fields, "response_format") or "json", fields)
    for name, allowed in (("timestamp_granularities", _GRANULARITIES), ("include", _INCLUDED)):
        for value in fields.get(name, ()):
            if value not in allowed:
                yield unknown_value(f"{name}[]", value, allowed)
    temperature = _last(fields, "temperature")
    if temperature:
        number = float(temperature) if _NUMBER.fullmatch(temperature) else temperature
        yield from out_of_range({"temperature": number}, (NumberRange("temperature", 0, 1),))


def _sound_refusals(sound: FormPart) -> Iterator[ModelRefusal]:
    size = len(sound.data)
    if size > LARGEST_SOUND_BYTES:
        sentence = (
            f"413: Maximum content size limit ({LARGEST_SOUND_BYTES}) exceeded ({size} bytes read)"
        )
        yield ModelRefusal(413, sentence, "server_error")
    suffix = sound.filename.rpartition(".")[2].lower()
    if suffix not in _SUFFIXES and not sound.data.startswith(_BEGINNINGS):
        yield invalid(f"Unrecognized file format. Supported formats: {list(_SUFFIXES)}", None)


def _output_refusals(model: str, output: str, fields: Fields) -> Iterator[ModelRefusal]:
    outputs = _outputs(model)
    if output not in outputs:
        names = " or ".join(f"'{name}'" for name in outputs)
        sentence = (
            f"response_format '{output}' is not compatible with model '{model}'. "
            f"Use {names} instead."
        )
        yield invalid(sentence, "response_format", "unsupported_value")
    if "timestamp_granularities" in fields and output != "verbose_json":
        sentence = "timestamp_granularities is only supported with response_format 'verbose_json'."
        yield invalid(sentence, "timestamp_granularities", "unsupported_value")


def _no_translator(model: str) -> ModelRefusal | None:
    """The refusal of a model of OpenAI's that transcribes, but does not translate."""
    if not model.startswith("gpt-"):
        return None
    sentence = f"The model '{model}' does not translate. Use '{_TRANSLATOR}' instead."
    return invalid(sentence, "model", "unsupported_value")


def _outputs(model: str) -> tuple[str, ...]:
    """The formats of a model; all of them where the service names none."""
    if model == _DIARIZING_MODEL:
        return ("json", "text", "diarized_json")
    if _JSON_MODEL.fullmatch(model):
        return ("json", "text")
    return FORMATS if model != "whisper-1" else FORMATS[:-1]
