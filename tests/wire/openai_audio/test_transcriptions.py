"""Transcripts in each of OpenAI's forms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.wire.deepgram.listen_v1.transcript import RecordingTranscript, transcript_of
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.openai_audio.transcription_request import TranscriptionRequest
from gramophone.wire.openai_audio.transcriptions import events, text_in, written
from gramophone.wire.sse import SseReader
from tests.support.sdk_types import assert_typed

SECOND = 1_000_000
SPOKEN = (Utterance("Good day.", 2 * SECOND), Utterance("How are you?", SECOND))
# 32 kbit/s are assumed of sound that does not say it.
SOUND = bytes(4_000 * 4)
HEARD = transcript_of(SOUND, SPOKEN)
NOTHING = transcript_of(SOUND, ())


def asking(model: str = "gpt-4o-transcribe", **fields: Any) -> TranscriptionRequest:
    return TranscriptionRequest(sound=SOUND, model=model, **fields)


def body(output: str, transcript: RecordingTranscript = HEARD, **fields: Any) -> Any:
    answer = written(transcript, asking(output=output, **fields))
    assert answer.content_type == "application/json"
    return json.loads(answer.body)


def test_the_transcript_lies_over_the_sound() -> None:
    assert (HEARD.text, HEARD.duration_us) == ("Good day. How are you?", 4 * SECOND)
    assert [(words[0].start_us, words[-1].end_us) for words in HEARD.utterances] == [
        (0, 2 * SECOND),
        (2 * SECOND, 3 * SECOND),
    ]


@pytest.mark.parametrize("transcript", [HEARD, NOTHING], ids=["words", "silence"])
def test_json(transcript: RecordingTranscript) -> None:
    plain = body("json", transcript)
    assert_typed("transcription", plain)
    assert plain["text"] == transcript.text
    assert plain["usage"]["total_tokens"] == (
        plain["usage"]["input_tokens"] + plain["usage"]["output_tokens"]
    )
    whisper = body("json", transcript, model="whisper-1")
    assert whisper == {"text": transcript.text, "usage": {"type": "duration", "seconds": 4}}
    diarized = body("diarized_json", transcript)
    assert_typed("diarized transcription", diarized)
    assert len(diarized["segments"]) == len(transcript.utterances)


def test_probabilities_cover_the_text() -> None:
    plain = body("json", logprobs=True)
    assert_typed("transcription", plain)
    assert "".join(entry["token"] for entry in plain["logprobs"]) == plain["text"]
    assert bytes(plain["logprobs"][1]["bytes"]) == b" day."


def test_verbose_json_with_segments_or_words_or_both() -> None:
    verbose = body("verbose_json", words=True, model="whisper-1")
    assert_typed("verbose transcription", verbose)
    assert (verbose["language"], verbose["duration"]) == ("english", 4.0)
    assert [segment["text"] for segment in verbose["segments"]] == [" Good day.", " How are you?"]
    assert [word["word"] for word in verbose["words"]] == HEARD.text.split()
    assert "words" not in body("verbose_json")
    assert "segments" not in body("verbose_json", segments=False, words=True)


@pytest.mark.parametrize(
    ("model", "language", "codes"),
    [("gpt-transcribe", "", ["en"]), ("gpt-transcribe", "fr", ["fr"]), ("whisper-1", "", None)],
)
def test_languages_of_the_model_that_finds_them(
    model: str, language: str, codes: list[str] | None
) -> None:
    plain = body("json", model=model, language=language)
    assert plain.get("languages") == (codes and [{"code": code} for code in codes])
    assert body("json", NOTHING, model="gpt-transcribe")["languages"] == []


def test_text_and_subtitles() -> None:
    texts = {output: written(HEARD, asking(output=output)) for output in ("text", "srt", "vtt")}
    assert {text.content_type for text in texts.values()} == {"text/plain; charset=utf-8"}
    assert texts["text"].body == b"Good day. How are you?\n"
    assert texts["srt"].body.decode() == (
        "1\n00:00:00,000 --> 00:00:02,000\nGood day.\n\n"
        "2\n00:00:02,000 --> 00:00:03,000\nHow are you?\n\n\n"
    )
    assert texts["vtt"].body.decode() == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nGood day.\n\n"
        "00:00:02.000 --> 00:00:03.000\nHow are you?\n\n"
    )


@pytest.mark.parametrize("transcript", [HEARD, NOTHING], ids=["words", "silence"])
@pytest.mark.parametrize("output", ["json", "diarized_json"])
def test_a_stream_of_events(transcript: RecordingTranscript, output: str) -> None:
    request = asking(output=output, logprobs=True, streamed=True)
    stream = b"".join(events(transcript, request))
    *parts, done = [json.loads(data) for data in SseReader().feed(stream)]
    for event in (*parts, done):
        assert_typed("transcription event", event)
    deltas = [event for event in parts if event["type"] == "transcript.text.delta"]
    assert "".join(event["delta"] for event in deltas) == done["text"] == transcript.text
    segments = [event for event in parts if event["type"] == "transcript.text.segment"]
    assert len(segments) == (len(transcript.utterances) if output == "diarized_json" else 0)
    assert {event.get("segment_id") for event in deltas} <= {None, "seg_0", "seg_1"}


@pytest.mark.parametrize("output", ["json", "verbose_json", "diarized_json", "text", "srt", "vtt"])
def test_the_text_is_read_back_from_any_form(output: str) -> None:
    answer = written(HEARD, asking(output=output))
    assert text_in(answer.body, answer.content_type, output) == HEARD.text


def test_the_text_is_read_back_from_a_stream() -> None:
    stream = b"".join(events(HEARD, asking(streamed=True)))
    assert text_in(stream, "text/event-stream; charset=utf-8", "json") == HEARD.text
    assert text_in(stream[:40], "text/event-stream", "json") == ""
