"""Transcripts as OpenAI writes them: JSON of three kinds, text, subtitles, and events.

Fields are those of the types in `openai.types.audio` (openai 3.52). Counts of tokens and
probabilities are made up, since nothing is recognised.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from sys import maxsize
from typing import Any, Final

from gramophone.core.frozen import frozen
from gramophone.text.language.detection import language_of
from gramophone.wire.deepgram.listen_v1.messages import HeardWord, seconds
from gramophone.wire.deepgram.listen_v1.transcript import RecordingTranscript, text_of
from gramophone.wire.lenient_json import as_text, compact, encoded, read_object
from gramophone.wire.llm.token_usage import guessed_tokens
from gramophone.wire.openai_audio.transcription_request import TranscriptionRequest
from gramophone.wire.sse import SseReader, event_bytes

_LOGPROB: Final = -0.01
_TOKENS_PER_SECOND: Final = 10
"""Of sound (OpenAI: 600 tokens a minute, by the prices of its transcribing models)."""
_VOCABULARY: Final = 50_257
"""The number of Whisper's tokens."""
_WHISPERS: Final = "whisper-1"
_LANGUAGES_MODEL: Final = "gpt-transcribe"
_SPEAKER: Final = "A"
_OF_SUBTITLES: Final = re.compile(r"-->|^\d+$|^WEBVTT")

# Whisper names languages in English (openai/whisper, tokenizer.py).
_NAMES: Final = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "he": "hebrew",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "ja": "japanese",
    "ko": "korean",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "th": "thai",
    "tr": "turkish",
    "uk": "ukrainian",
    "vi": "vietnamese",
    "zh": "chinese",
}


@frozen
class WrittenTranscript:
    """The answer to a request that is not streamed."""

    content_type: str
    body: bytes


def written(transcript: RecordingTranscript, request: TranscriptionRequest) -> WrittenTranscript:
    """A transcript in the form that is asked for."""
    match request.output:
        case "text":
            return _text(f"{transcript.text}\n")
        case "srt":
            return _text(_srt(transcript))
        case "vtt":
            return _text(_vtt(transcript))
        case "verbose_json":
            return _json(_verbose(transcript, request))
        case "diarized_json":
            return _json(_diarized(transcript))
        case _:
            return _json(_plain(transcript, request))


def events(transcript: RecordingTranscript, request: TranscriptionRequest) -> Iterator[bytes]:
    """A transcript as a stream: a delta for each word, segments where speakers are told apart."""
    by_speaker = request.output == "diarized_json"
    deltas = _deltas(transcript.words)
    for number, words in enumerate(transcript.utterances):
        for delta in islice(deltas, len(words)):
            yield event_bytes(_delta(delta, number if by_speaker else None, request))
        if by_speaker:
            yield event_bytes(_speakers_segment(number, words))
    done = {"type": "transcript.text.done", "text": transcript.text}
    yield event_bytes({**done, **_beside(transcript, request), "usage": _tokens(transcript)})


def _deltas(words: Sequence[HeardWord]) -> Iterator[str]:
    """The pieces of a text, each word with the space before it."""
    return (f" {word.text}" if number else word.text for number, word in enumerate(words))


def _delta(text: str, segment: int | None, request: TranscriptionRequest) -> dict[str, Any]:
    fields: dict[str, Any] = {"type": "transcript.text.delta", "delta": text}
    if request.logprobs:
        fields["logprobs"] = [_logprob(text)]
    if segment is not None:
        fields["segment_id"] = f"seg_{segment}"
    return fields


# --- JSON -------------------------------------------------------------------------------------


def _plain(transcript: RecordingTranscript, request: TranscriptionRequest) -> dict[str, Any]:
    if request.translated:
        return {"text": transcript.text}
    usage = _duration if request.model == _WHISPERS else _tokens
    return {
        "text": transcript.text,
        **_beside(transcript, request),
        "usage": usage(transcript),
    }


def _beside(transcript: RecordingTranscript, request: TranscriptionRequest) -> dict[str, Any]:
    """The fields that only some requests get."""
    fields: dict[str, Any] = {}
    if request.model == _LANGUAGES_MODEL:
        codes = [_language(transcript, request)] if transcript.words else []
        fields["languages"] = [{"code": code} for code in codes]
    if request.logprobs:
        fields["logprobs"] = [_logprob(delta) for delta in _deltas(transcript.words)]
    return fields


def _verbose(transcript: RecordingTranscript, request: TranscriptionRequest) -> dict[str, Any]:
    code = "en" if request.translated else _language(transcript, request)
    fields: dict[str, Any] = {
        "task": "translate" if request.translated else "transcribe",
        "language": _NAMES.get(code, code),
        "duration": seconds(transcript.duration_us),
        "text": transcript.text,
    }
    if request.segments:
        fields["segments"] = [
            _segment(number, words) for number, words in enumerate(transcript.utterances)
        ]
    if request.words:
        fields["words"] = [
            {"word": word.text, "start": seconds(word.start_us), "end": seconds(word.end_us)}
            for word in transcript.words
        ]
    return fields if request.translated else {**fields, "usage": _duration(transcript)}


def _segment(number: int, words: Sequence[HeardWord]) -> dict[str, Any]:
    text = f" {text_of(words)}"
    data = encoded(text)
    return {
        "id": number,
        # Whisper looks at frames of 10 ms.
        "seek": words[0].start_us // 10_000,
        "start": seconds(words[0].start_us),
        "end": seconds(words[-1].end_us),
        "text": text,
        "tokens": [zlib.crc32(encoded(word.text)) % _VOCABULARY for word in words],
        "temperature": 0.0,
        "avg_logprob": _LOGPROB,
        "compression_ratio": round(len(data) / len(zlib.compress(data)), 4),
        "no_speech_prob": 0.01,
    }


def _diarized(transcript: RecordingTranscript) -> dict[str, Any]:
    return {
        "task": "transcribe",
        "duration": seconds(transcript.duration_us),
        "text": transcript.text,
        "segments": [
            _speakers_segment(number, words) for number, words in enumerate(transcript.utterances)
        ],
        "usage": _tokens(transcript),
    }


def _speakers_segment(number: int, words: Sequence[HeardWord]) -> dict[str, Any]:
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{number}",
        "start": seconds(words[0].start_us),
        "end": seconds(words[-1].end_us),
        "text": text_of(words),
        "speaker": _SPEAKER,
    }


def _logprob(token: str) -> dict[str, Any]:
    return {"token": token, "bytes": list(encoded(token)), "logprob": _LOGPROB}


def _duration(transcript: RecordingTranscript) -> dict[str, Any]:
    return {"type": "duration", "seconds": -(-transcript.duration_us // 1_000_000)}


def _tokens(transcript: RecordingTranscript) -> dict[str, Any]:
    sound_tokens = -(-transcript.duration_us * _TOKENS_PER_SECOND // 1_000_000)
    output_tokens = guessed_tokens(len(transcript.text))
    return {
        "type": "tokens",
        "input_tokens": sound_tokens,
        "input_token_details": {"text_tokens": 0, "audio_tokens": sound_tokens},
        "output_tokens": output_tokens,
        "total_tokens": sound_tokens + output_tokens,
    }


def _language(transcript: RecordingTranscript, request: TranscriptionRequest) -> str:
    """The code of the language: the one that the client names, else found in the text."""
    return request.language or language_of(transcript.text)


# --- text -------------------------------------------------------------------------------------


def _srt(transcript: RecordingTranscript) -> str:
    cues = (
        f"{number}\n{_clock(words[0].start_us, ',')} --> {_clock(words[-1].end_us, ',')}\n"
        f"{text_of(words)}\n\n"
        for number, words in enumerate(transcript.utterances, 1)
    )
    return "".join(cues) + "\n"


def _vtt(transcript: RecordingTranscript) -> str:
    cues = (
        f"{_clock(words[0].start_us, '.')} --> {_clock(words[-1].end_us, '.')}\n"
        f"{text_of(words)}\n\n"
        for words in transcript.utterances
    )
    return "WEBVTT\n\n" + "".join(cues)


def _clock(at_us: int, mark: str) -> str:
    ms = at_us // 1_000
    hours, minutes, seconds_of_minute = ms // 3_600_000, ms // 60_000 % 60, ms // 1_000 % 60
    return f"{hours:02}:{minutes:02}:{seconds_of_minute:02}{mark}{ms % 1_000:03}"


def _text(text: str) -> WrittenTranscript:
    return WrittenTranscript("text/plain; charset=utf-8", encoded(text))


def _json(value: dict[str, Any]) -> WrittenTranscript:
    return WrittenTranscript("application/json", encoded(compact(value)))


# --- reading ----------------------------------------------------------------------------------


def text_in(body: bytes, content_type: str, output: str) -> str:
    """The text of a transcript in any of these forms; empty where it has none."""
    if content_type.startswith("text/event-stream"):
        values = [read_object(data) for data in SseReader(maxsize).feed(body)]
        done = [event for event in values if event.get("type") == "transcript.text.done"]
        return as_text(done[-1].get("text")) if done else ""
    text = body.decode("utf-8", "replace")
    if output in ("srt", "vtt"):
        lines = (line.strip() for line in text.splitlines())
        return " ".join(line for line in lines if line and not _OF_SUBTITLES.search(line))
    return text.strip() if output == "text" else as_text(read_object(text).get("text"))
