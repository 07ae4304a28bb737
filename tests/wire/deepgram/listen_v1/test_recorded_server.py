"""Listen v1 from a recording, for clients that are silent for another time than in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gramophone.wire.deepgram.listen_v1.connection import Action
from gramophone.wire.deepgram.listen_v1.messages import (
    ListenIdentity,
    ListenParameters,
    Verbatim,
    render,
)
from gramophone.wire.deepgram.listen_v1.recorded_server import ListenReplay, RecordedConnection
from gramophone.wire.deepgram.listen_v1.recorded_utterances import RecordedMessage
from gramophone.wire.deepgram.listen_v1.utterances import Utterance, UtteranceQueue
from gramophone.wire.deepgram.listen_v1.voice_activated_server import VoiceActivatedServer
from gramophone.wire.deepgram.server_actions import SendText

QUERY = "encoding=linear16&sample_rate=8000&vad_events=true&interim_results=true"
PARAMETERS = ListenParameters.from_query(f"{QUERY}&utterance_end_ms=1000")
IDENTITY = ListenIdentity(request_id="r", model="nova-3", model_uuid="u", version="1", created="")
LOUD, QUIET = b"\0\x10" * 640, bytes(1_280)
"""80 ms each."""
VOICE = LOUD * 20 + QUIET * 15
FINALIZE, CLOSE = '{"type":"Finalize"}', '{"type":"CloseStream"}'


def texts(actions: Sequence[Action]) -> list[str]:
    return [
        message.text if isinstance(message, Verbatim) else render(message, IDENTITY)
        for message in (action.message for action in actions if isinstance(action, SendText))
    ]


def recorded(*sound: bytes | str) -> RecordedConnection:
    """A connection on which this was sent, of two utterances."""
    queue = UtteranceQueue(
        (Utterance("Why is it blue?", 1_600_000), Utterance("And the sea?", 1_600_000)),
        voice_activated=True,
    )
    server = VoiceActivatedServer(PARAMETERS, queue)
    messages: list[RecordedMessage] = []
    answered = 0
    for frame in sound:
        if isinstance(frame, str):
            answered += 1
            actions = server.text_received(frame, 0)
        else:
            actions = server.sound_received(frame, 0)
        messages += [RecordedMessage(text, answered) for text in texts(actions)]
    return RecordedConnection(tuple(messages))


TALK = recorded(QUIET * 50, VOICE, QUIET * 100, VOICE, CLOSE)


def times(text: str) -> list[Any]:
    fields: dict[str, Any] = json.loads(text)
    words: list[dict[str, Any]] = []
    if fields["type"] == "Results":
        words = fields["channel"]["alternatives"][0]["words"]
    instants = [fields.get(name) for name in ("start", "timestamp", "last_word_end")]
    return [instant for instant in instants if instant is not None] + [
        instant for word in words for instant in (word["start"], word["end"])
    ]


def test_the_same_sound_gets_the_same_messages() -> None:
    replay = ListenReplay(PARAMETERS, TALK)
    actions = [
        *replay.sound_received(QUIET * 50 + VOICE + QUIET * 100 + VOICE, 0),
        *replay.text_received(CLOSE, 0),
    ]
    assert texts(actions) == [message.text for message in TALK.messages]


def test_an_utterance_comes_with_its_voice_however_long_the_silence_was() -> None:
    original = [json.loads(message.text) for message in TALK.messages]
    for pauses in ((1, 3), (10, 30), (80, 300)):
        replay = ListenReplay(PARAMETERS, TALK)
        assert replay.sound_received(QUIET * pauses[0], 0) == []
        first = texts(replay.sound_received(VOICE, 0))
        assert texts(replay.sound_received(QUIET * pauses[1], 0)) == []
        second = texts(replay.sound_received(VOICE, 0))
        rest = texts(replay.text_received(CLOSE, 0))
        messages = [json.loads(text) for text in (*first, *second, *rest)]
        assert [message["type"] for message in messages] == [
            message["type"] for message in original
        ]
        # Each is later or earlier by as much as its voice.
        shifts_s = [pause * 0.08 - 4 for pause in (pauses[0], 0)]
        shifts_s[1] = shifts_s[0] + (pauses[1] - 100) * 0.08
        for shift_s, group in zip(shifts_s, (first, second), strict=True):
            for text in group:
                source = original[messages.index(json.loads(text))]
                moved_s = [round(instant + shift_s, 6) for instant in times(json.dumps(source))]
                assert times(text) == moved_s


def test_what_was_not_spoken_does_not_come_at_the_end() -> None:
    replay = ListenReplay(PARAMETERS, TALK)
    replay.sound_received(QUIET * 50 + VOICE, 0)
    rest = [json.loads(text)["type"] for text in texts(replay.text_received(CLOSE, 0))]
    assert rest == ["Metadata"]


def test_a_client_that_finalizes_more_or_less_often_hears_the_same() -> None:
    talk = recorded(LOUD * 5, FINALIZE, QUIET * 20, LOUD * 5, FINALIZE, CLOSE)
    replay = ListenReplay(PARAMETERS, talk)
    replay.sound_received(LOUD * 5, 0)
    first = texts(replay.text_received(FINALIZE, 0))
    assert json.loads(first[0])["from_finalize"] is True
    # One more in the silence.
    assert texts(replay.text_received(FINALIZE, 0)) == []
    assert texts(replay.sound_received(QUIET * 9, 0)) == []
    replay.sound_received(LOUD * 5, 0)
    (second,) = texts(replay.text_received(FINALIZE, 0))
    assert json.loads(second)["channel"]["alternatives"][0]["transcript"] == "and the sea"
