"""Listen v1 over HTTP: the parameters of a whole recording, and the JSON of its transcript.

Fields are those of `ListenV1Response` (deepgram-sdk 7.17); what each parameter adds is from
Deepgram's pages on `utterances`, `paragraphs`, `smart_format` and `diarize`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import NAMESPACE_URL, uuid5

from gramophone.core.frozen import frozen
from gramophone.text.language.detection import language_of
from gramophone.wire.deepgram.listen_v1.messages import (
    CONFIDENCE,
    HeardWord,
    ListenIdentity,
    ListenParameters,
    seconds,
    transcript,
)
from gramophone.wire.deepgram.listen_v1.transcript import RecordingTranscript, text_of
from gramophone.wire.deepgram.speak_v1.parameters import truth

_SENTENCE_ENDS: Final = (".", "?", "!", "…", "。", "？", "！")
_CLOSING: Final = "\"'”’»)]"


@frozen(kw_only=True)
class RecordingParameters:
    """Parameters of a recording: the form of its sound, and the parts of the answer.

    Attributes:
        diarize: whether words have a speaker; there is one, 0.
        detect_language: whether the language is found from the text.
        tags: that the client gave, for its metadata.
    """

    listen: ListenParameters
    utterances: bool = False
    paragraphs: bool = False
    diarize: bool = False
    detect_language: bool = False
    tags: tuple[str, ...] = ()

    @classmethod
    def from_query(cls, query: str) -> RecordingParameters:
        """Read the query of the address; parameters without effect here are ignored.

        Raises:
            ParameterRefused: with the text of the 400 refusal.
        """
        pairs = parse_qsl(query, keep_blank_values=True)
        values = dict(pairs)
        listen = ListenParameters.from_query(query)
        # Paragraphs need punctuation and turn it on; smart formatting has both.
        paragraphs = truth("paragraphs", values.get("paragraphs")) or truth(
            "smart_format", values.get("smart_format")
        )
        return cls(
            listen=replace(listen, punctuate=listen.punctuate or paragraphs),
            utterances=truth("utterances", values.get("utterances")),
            paragraphs=paragraphs,
            diarize=truth("diarize", values.get("diarize")),
            detect_language=truth("detect_language", values.get("detect_language")),
            tags=tuple(value for name, value in pairs if name == "tag"),
        )


def render_recording(
    heard: RecordingTranscript, parameters: RecordingParameters, identity: ListenIdentity
) -> bytes:
    """The answer to a recording."""
    metadata: dict[str, Any] = {
        "transaction_key": "deprecated",
        "request_id": identity.request_id,
        "sha256": heard.sha256,
        "created": identity.created,
        "duration": seconds(heard.duration_us),
        "channels": identity.channels,
        "models": [identity.model_uuid],
        "model_info": {
            identity.model_uuid: {
                "name": identity.model,
                "version": identity.version,
                "arch": identity.model,
            }
        },
    }
    if parameters.tags:
        metadata["tags"] = list(parameters.tags)
    results: dict[str, Any] = {"channels": [_channel(heard, parameters)]}
    if parameters.utterances:
        results["utterances"] = [
            _utterance(words, f"{identity.request_id}/{number}", parameters)
            for number, words in enumerate(heard.utterances)
        ]
    answer = {"metadata": metadata, "results": results}
    return json.dumps(answer, ensure_ascii=False).encode()


def _channel(heard: RecordingTranscript, parameters: RecordingParameters) -> dict[str, Any]:
    alternative = _alternative(heard.words, parameters)
    if parameters.paragraphs:
        alternative["paragraphs"] = _paragraphs(heard, parameters)
    channel: dict[str, Any] = {"alternatives": [alternative]}
    if parameters.detect_language:
        channel["detected_language"] = language_of(heard.text)
    return channel


def _alternative(words: tuple[HeardWord, ...], parameters: RecordingParameters) -> dict[str, Any]:
    fields = transcript(words, punctuate=parameters.listen.punctuate)
    if parameters.diarize:
        for word in fields["words"]:
            word |= {"speaker": 0, "speaker_confidence": CONFIDENCE}
    return fields


def _utterance(
    words: tuple[HeardWord, ...], name: str, parameters: RecordingParameters
) -> dict[str, Any]:
    return {
        "start": seconds(words[0].start_us),
        "end": seconds(words[-1].end_us),
        **_alternative(words, parameters),
        "channel": 0,
        **_speaker(parameters),
        "id": str(uuid5(NAMESPACE_URL, name)),
    }


def _paragraphs(heard: RecordingTranscript, parameters: RecordingParameters) -> dict[str, Any]:
    """One paragraph for each utterance, divided into its sentences."""
    texts = map(text_of, heard.utterances)
    before = "Speaker 0: " if parameters.diarize else ""
    return {
        "transcript": "\n" + before + "\n\n".join(texts),
        "paragraphs": [
            {
                "sentences": [
                    {
                        "text": text_of(sentence),
                        "start": seconds(sentence[0].start_us),
                        "end": seconds(sentence[-1].end_us),
                    }
                    for sentence in _sentences(words)
                ],
                **_speaker(parameters),
                "num_words": len(words),
                "start": seconds(words[0].start_us),
                "end": seconds(words[-1].end_us),
            }
            for words in heard.utterances
        ],
    }


def _speaker(parameters: RecordingParameters) -> dict[str, int]:
    return {"speaker": 0} if parameters.diarize else {}


def _sentences(words: Sequence[HeardWord]) -> Iterator[list[HeardWord]]:
    """The words of each sentence; one ends with a word that has its mark behind it."""
    sentence: list[HeardWord] = []
    for word in words:
        sentence.append(word)
        if word.text.rstrip(_CLOSING).endswith(_SENTENCE_ENDS):
            yield sentence
            sentence = []
    if sentence:
        yield sentence
