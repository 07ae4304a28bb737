"""Whole recordings over HTTP: which parameters add which parts of the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.wire.deepgram.listen_v1.messages import ListenIdentity
from gramophone.wire.deepgram.listen_v1.rest import RecordingParameters, render_recording
from gramophone.wire.deepgram.listen_v1.transcript import transcript_of
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.speak_v1.parameters import ParameterRefused
from tests.support.sdk_types import assert_typed

SECOND = 1_000_000
SPOKEN = (
    Utterance("Good day. (How are you?) Well", 3 * SECOND),
    Utterance("Bonjour.", SECOND),
)
SOUND = bytes(4_000 * 5)
IDENTITY = ListenIdentity(
    request_id="5e551017-a000-4000-8000-000000000000",
    model="nova-3",
    model_uuid="a-uuid",
    version="2026-01-20.0",
    created="2026-11-30T12:00:00.000Z",
)


def answer(query: str, utterances: tuple[Utterance, ...] = SPOKEN) -> Any:
    parameters = RecordingParameters.from_query(query)
    heard = transcript_of(SOUND, utterances, parameters.listen)
    body = json.loads(render_recording(heard, parameters, IDENTITY))
    assert_typed("listen", body)
    return body["results"]


def alternative(results: Any) -> Any:
    return results["channels"][0]["alternatives"][0]


def test_nothing_is_added_unasked() -> None:
    results = answer("model=nova-3")
    assert results.keys() == {"channels"}
    assert alternative(results).keys() == {"transcript", "confidence", "words"}
    assert alternative(results)["transcript"] == "good day how are you well bonjour"
    assert results["channels"][0].keys() == {"alternatives"}


@pytest.mark.parametrize("query", ["paragraphs=true", "smart_format=true"])
def test_paragraphs_bring_punctuation(query: str) -> None:
    heard = alternative(answer(query))
    assert heard["transcript"] == "Good day. (How are you?) Well Bonjour."
    assert heard["words"][1]["punctuated_word"] == "day."
    paragraphs = heard["paragraphs"]
    assert paragraphs["transcript"] == "\nGood day. (How are you?) Well\n\nBonjour."
    first, second = paragraphs["paragraphs"]
    assert [sentence["text"] for sentence in first["sentences"]] == [
        "Good day.",
        "(How are you?)",
        "Well",
    ]
    assert (first["num_words"], first["end"], second["start"]) == (6, 3.0, 3.0)


def test_utterances_have_their_words() -> None:
    one, other = answer("utterances=true&punctuate=true")["utterances"]
    assert (one["transcript"], other["transcript"]) == tuple(text.text for text in SPOKEN)
    assert (one["start"], one["end"], other["start"], other["end"]) == (0.0, 3.0, 3.0, 4.0)
    assert one["id"] != other["id"]
    assert "speaker" not in one


def test_one_speaker_said_it_all() -> None:
    results = answer("utterances=true&paragraphs=true&diarize=true")
    heard = alternative(results)
    parts = [*results["utterances"], *heard["words"], *heard["paragraphs"]["paragraphs"]]
    assert {part["speaker"] for part in parts} == {0}


def test_silence() -> None:
    results = answer("utterances=true&paragraphs=true&detect_language=true", ())
    assert (results["utterances"], alternative(results)["words"]) == ([], [])
    assert alternative(results)["paragraphs"]["paragraphs"] == []


def test_a_value_that_is_none() -> None:
    with pytest.raises(ParameterRefused, match="utterances must be true or false"):
        RecordingParameters.from_query("utterances=maybe")
