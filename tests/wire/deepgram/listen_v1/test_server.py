"""Listen v1 as a machine: what is heard when, and what is told of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from gramophone.wire.deepgram.listen_v1.connection import IDLE_US, Action
from gramophone.wire.deepgram.listen_v1.messages import (
    ConfigureFailure,
    ConfigureSuccess,
    ListenParameters,
    Metadata,
    Misunderstood,
    Results,
    ServerMessage,
    SpeechStarted,
    UtteranceEnd,
)
from gramophone.wire.deepgram.listen_v1.server import ListenServer
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.server_actions import CloseConnection, SendText
from gramophone.wire.deepgram.speak_v1.parameters import ParameterRefused

SECOND = b"\1\0" * 16_000
SKY = Utterance("Why is – it blue?", 2_400_000)
SEA = Utterance("Ask them.", 700_000)
RAW = "model=nova-3&encoding=linear16&sample_rate=16000"


def machine(query: str = "", *utterances: Utterance) -> ListenServer:
    server = ListenServer(ListenParameters.from_query(f"{RAW}&{query}"), utterances or (SKY, SEA))
    server.opened(0)
    return server


def messages_in(actions: list[Action]) -> list[ServerMessage]:
    return [action.message for action in actions if isinstance(action, SendText)]


def results(actions: list[Action]) -> Iterator[tuple[str, bool]]:
    for message in messages_in(actions):
        if isinstance(message, Results):
            yield " ".join(word.text for word in message.words), message.is_final


def test_words_come_as_far_as_the_sound_has_come() -> None:
    server = machine("interim_results=true")
    results_each_second = [list(results(server.sound_received(SECOND, 0))) for _ in range(4)]
    assert results_each_second == [
        [("Why is", False)],
        [("Why is it", False)],
        [("Why is it blue?", True)],
        [("Ask them.", True)],
    ]


def test_longer_words_take_longer_and_fill_the_utterance() -> None:
    (result,) = messages_in(machine().sound_received(SECOND * 3, 0))
    assert isinstance(result, Results)
    assert (result.start_us, result.end_us, result.speech_final) == (0, 2_400_000, True)
    at = [(word.bare, word.start_us, word.end_us) for word in result.words]
    assert at == [
        ("why", 0, 600_000),
        ("is", 600_000, 1_000_000),
        ("it", 1_000_000, 1_400_000),
        ("blue", 1_400_000, 2_400_000),
    ]


def test_without_interim_results_only_what_is_final_is_told() -> None:
    server = machine()
    assert server.sound_received(SECOND * 2, 0) == []
    assert list(results(server.sound_received(SECOND, 0))) == [("Why is it blue?", True)]


def test_the_cutting_of_the_sound_changes_nothing_that_is_final() -> None:
    whole, cut = machine(), machine()
    messages = [message for at in range(0, len(SECOND) * 4, 333) for message in _piece(cut, at)]
    assert messages == messages_in(whole.sound_received(SECOND * 4, 0))


def _piece(server: ListenServer, at: int) -> list[ServerMessage]:
    return messages_in(server.sound_received((SECOND * 4)[at : at + 333], 0))


def test_speech_starts_with_each_utterance_and_ends_after_the_last() -> None:
    server = machine("interim_results=true&vad_events=true&utterance_end_ms=1000")
    messages = messages_in(server.sound_received(SECOND * 4, 0))
    assert [type(message) for message in messages] == [
        SpeechStarted,
        Results,
        SpeechStarted,
        Results,
    ]
    assert messages[2] == SpeechStarted(2_400_000)
    assert messages_in(server.sound_received(SECOND, 0)) == [UtteranceEnd(3_100_000)]
    assert server.sound_received(SECOND, 0) == []


def test_finalize_tells_the_utterance_whole_in_the_time_there_was() -> None:
    server = machine()
    server.sound_received(SECOND, 0)
    (result,) = messages_in(server.text_received('{"type":"Finalize"}', 0))
    assert isinstance(result, Results)
    assert (result.is_final, result.from_finalize, result.end_us) == (True, True, 1_000_000)
    assert [word.end_us for word in result.words] == [250_000, 416_666, 583_333, 1_000_000]
    # What follows is the next one, which begins here.
    assert list(results(server.sound_received(SECOND, 0))) == [("Ask them.", True)]
    (nothing,) = messages_in(server.text_received('{"type":"Finalize"}', 0))
    assert isinstance(nothing, Results)
    assert (nothing.words, nothing.from_finalize, nothing.speech_final) == ((), True, False)


def test_what_was_not_begun_is_not_told() -> None:
    server = machine()
    server.sound_received(SECOND * 2 + SECOND[:16_000], 0)
    assert list(results(server.text_received('{"type":"CloseStream"}', 0))) == [("", True)]


@pytest.mark.parametrize("close", ['{"type":"CloseStream"}', None])
def test_the_stream_ends_with_its_metadata(close: str | None) -> None:
    server = machine()
    server.sound_received(SECOND[:8_000], 0)
    actions = server.text_received(close, 0) if close else server.sound_received(b"", 0)
    assert list(results(actions)) == [("Why is it blue?", True)]
    digest = hashlib.sha256(SECOND[:8_000]).hexdigest()
    assert actions[-2:] == [SendText(Metadata(digest, 250_000)), CloseConnection(1000, "")]
    assert server.sound_received(SECOND, 0) == []
    assert server.deadline_us is None


def test_silence_on_the_wire_ends_the_connection() -> None:
    server = machine()
    server.sound_received(SECOND, 1_000_000)
    server.text_received('{"type":"KeepAlive"}', 5_000_000)
    assert server.deadline_us == 15_000_000
    assert server.time_passed(IDLE_US) == []
    assert server.time_passed(5_000_000 + IDLE_US) == [CloseConnection(1011, "NET-0001")]
    assert server.deadline_us is None


@pytest.mark.parametrize("text", ["", "[]", '{"type":"Flush"}', '{"type":3}'])
def test_what_is_not_understood_is_said_so(text: str) -> None:
    server = machine()
    (message,) = messages_in(server.text_received(text, 1))
    assert isinstance(message, Misunderstood)
    assert message.message == text
    assert server.deadline_us == IDLE_US


def test_only_nova_3_takes_other_keyterms() -> None:
    configure = '{"type":"Configure","keyterms":["sky"]}'
    assert messages_in(machine().text_received(configure, 0)) == [ConfigureSuccess()]
    (answer,) = messages_in(machine("model=nova-2").text_received(configure, 0))
    assert isinstance(answer, ConfigureFailure)


def test_a_wav_says_itself_how_long_it_is() -> None:
    head = b"RIFF\0\0\0\0WAVEfmt " + (16).to_bytes(4, "little") + b"\1\0\1\0"
    head += (
        (8_000).to_bytes(4, "little") + (16_000).to_bytes(4, "little") + b"\2\0\x10\0data\0\0\0\0"
    )
    server = ListenServer(ListenParameters.from_query("model=nova-3"), (SEA,))
    for at in range(len(head)):
        assert server.sound_received(head[at : at + 1], 0) == []
    actions = server.sound_received(b"\0" * 11_200, 0)
    assert list(results(actions)) == [("Ask them.", True)]
    (_, metadata, _) = server.sound_received(b"", 0)
    assert isinstance(metadata, SendText)
    assert isinstance(metadata.message, Metadata)
    assert metadata.message.duration_us == 700_000


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("model=flux-general-en", "No such model/language/tier combination found."),
        ("model=nova-3&encoding=mp7", "Unsupported encoding 'mp7'."),
        ("encoding=linear16", "sample_rate is required with encoding 'linear16'."),
        ("sample_rate=high", "sample_rate must be a whole number."),
        ("channels=0", "channels must be between 1 and 20."),
        ("utterance_end_ms=999&interim_results=true", "utterance_end_ms must be at least 1000."),
        ("utterance_end_ms=1000", "utterance_end_ms requires interim_results=true."),
        ("vad_events=maybe", "vad_events must be true or false."),
        ("endpointing=soon", "endpointing must be a whole number."),
        ("model=nova-3&keywords=sky:2", "Keywords are not supported by Nova-3; use keyterm"),
    ],
)
def test_refused_queries(query: str, why: str) -> None:
    with pytest.raises(ParameterRefused) as refused:
        ListenParameters.from_query(query)
    assert str(refused.value).startswith(why)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", {"model": "base", "endpointing": True, "bytes_per_second": 0}),
        ("endpointing=false", {"endpointing": False}),
        ("endpointing=300&smart_format=True", {"endpointing": True, "punctuate": True}),
        ("encoding=mulaw&sample_rate=8000&channels=2", {"bytes_per_second": 16_000}),
        ("keyterm=sky&keyterm=sea&tag=x", {"has_keyterms": False}),
    ],
)
def test_what_a_query_asks_for(query: str, fields: dict[str, Any]) -> None:
    parameters = ListenParameters.from_query(query)
    assert {name: getattr(parameters, name) for name in fields} == fields
