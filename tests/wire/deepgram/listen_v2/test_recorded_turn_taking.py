"""Turns of a recording over the sound that comes: the recorded messages, where the voice is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.wire.deepgram.listen_v1.utterances import Utterance, UtteranceQueue
from gramophone.wire.deepgram.listen_v2.messages import MessageWriter
from gramophone.wire.deepgram.listen_v2.parameters import ListenV2Parameters
from gramophone.wire.deepgram.listen_v2.recorded_turns import recorded_turns
from gramophone.wire.deepgram.listen_v2.server import Action, ListenV2Server
from gramophone.wire.deepgram.server_actions import SendText

RAW = "model=flux-general-en&encoding=linear16&sample_rate=16000"
PARAMETERS = ListenV2Parameters.from_query(f"{RAW}&eager_eot_threshold=0.5")
LOUD, QUIET = b"\0\x10" * 1_280, bytes(2_560)
"""80 ms each."""
VOICE = LOUD * 15 + QUIET * 10
FORCE, CLOSE = '{"type":"ForceEndTurn"}', '{"type":"CloseStream"}'


class Client:
    """A client, and the messages that it got."""

    def __init__(self, server: ListenV2Server) -> None:
        self._server = server
        self._writer = MessageWriter("r")
        self.texts: list[str] = []
        self._take(server.opened(0))

    def send(self, *frames: bytes | str) -> list[dict[str, Any]]:
        """Send frames; gives the messages about turns with words, without their numbers."""
        before = len(self.texts)
        for frame in frames:
            if isinstance(frame, str):
                self._take(self._server.text_received(frame, 0))
            else:
                self._take(self._server.sound_received(frame, 0))
        messages = [json.loads(text) for text in self.texts[before:]]
        return [
            {name: value for name, value in message.items() if name != "sequence_id"}
            for message in messages
            if message.get("transcript")
        ]

    def _take(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if isinstance(action, SendText):
                self.texts.append(self._writer.write(action.message))
                self._writer.sent()


def recorded(*frames: bytes | str) -> list[str]:
    """The messages of a connection on which these were sent, of two turns."""
    utterances = (Utterance("Why is it blue?", 1_200_000), Utterance("And the sea?", 1_200_000))
    queue = UtteranceQueue(utterances, voice_activated=True)
    client = Client(ListenV2Server(PARAMETERS, queue))
    client.send(*frames)
    return client.texts


def replay(texts: Sequence[str]) -> Client:
    return Client(ListenV2Server(PARAMETERS, (), recorded=recorded_turns(texts)))


TALK = recorded(QUIET * 30, VOICE, QUIET * 60, VOICE)


def events(messages: Sequence[dict[str, Any]]) -> list[tuple[str, int, str]]:
    return [
        (message["event"], message["turn_index"], message["transcript"])
        for message in messages
        if message["event"] != "Update"
    ]


def test_the_same_sound_gets_the_same_messages() -> None:
    client = replay(TALK)
    client.send(QUIET * 30, VOICE, QUIET * 60, VOICE)
    words = [text for text in map(json.loads, TALK) if text.get("transcript")]
    again = [text for text in map(json.loads, client.texts) if text.get("transcript")]
    for message in (*words, *again):
        message.pop("sequence_id")
    assert again == words
    assert [json.loads(text)["sequence_id"] for text in client.texts] == [*range(len(client.texts))]


@pytest.mark.parametrize(("first", "second"), [(0, 3), (10, 12), (80, 200)])
def test_a_turn_comes_with_its_voice_however_long_the_silence_was(first: int, second: int) -> None:
    client = replay(TALK)
    assert client.send(QUIET * first) == []
    messages = client.send(VOICE)
    assert client.send(QUIET * second) == []
    later = client.send(VOICE)
    assert events([*messages, *later]) == [
        ("StartOfTurn", 0, "Why"),
        ("EagerEndOfTurn", 0, "Why is it blue?"),
        ("EndOfTurn", 0, "Why is it blue?"),
        ("StartOfTurn", 1, "And"),
        ("EagerEndOfTurn", 1, "And the sea?"),
        ("EndOfTurn", 1, "And the sea?"),
    ]
    words = later[-1]["words"]
    begins_s = (first + second + 25) * 0.08
    assert words[0]["start"] == pytest.approx(begins_s)
    assert words[-1]["end"] == pytest.approx(begins_s + 1.2)
    assert later[-1]["audio_window_start"] == messages[-1]["audio_window_end"]


def test_silence_alone_is_taken_for_a_voice_after_ten_seconds() -> None:
    client = replay(TALK)
    again = client.send(QUIET * 500)
    assert events(again)[-1] == ("EndOfTurn", 1, "And the sea?")
    times = [json.loads(text) for text in TALK if json.loads(text).get("transcript")]
    shift_s = again[0]["audio_window_end"] - times[0]["audio_window_end"]
    assert shift_s == pytest.approx(9.92)


def test_a_turn_is_ended_by_force_with_all_its_words() -> None:
    client = replay(TALK)
    assert client.send(QUIET, FORCE) == []
    client.send(LOUD * 5)
    last = client.send(FORCE)[-1]
    assert (last["event"], last["trigger"]) == ("EndOfTurn", "manual")
    assert last["transcript"] == "Why is it blue?"
    assert last["words"][-1]["end"] == last["audio_window_end"] == 0.48
    # The next needs no silence before it, and no end at the end of the stream.
    client.send(LOUD * 5)
    rest = client.send(CLOSE)
    assert rest[-1]["event"] == "EagerEndOfTurn"
    assert rest[-1]["transcript"] == "And the sea?"


def test_an_end_that_was_forced_waits_for_it_or_for_the_timeout() -> None:
    forced = recorded(LOUD * 10, FORCE)
    client = replay(forced)
    assert "EndOfTurn" not in [message["event"] for message in client.send(LOUD * 10, QUIET * 20)]
    assert client.send(FORCE)[-1]["trigger"] == "manual"
    client = replay(forced)
    assert events(client.send(LOUD * 10, QUIET * 70))[-1] == ("EndOfTurn", 0, "Why is it blue?")


def test_a_turn_that_never_ended_does_so_by_the_timeout() -> None:
    client = replay(recorded(LOUD * 5, CLOSE))
    messages = client.send(LOUD * 5, QUIET * 80)
    assert (messages[-1]["event"], messages[-1]["trigger"]) == ("EndOfTurn", "timeout")
    assert events(messages)[-1] == ("EndOfTurn", 0, "Why is it blue?")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["words", "start", "end", "audio_window_end"]), inner)
    ),
    max_leaves=6,
)


@given(
    st.lists(st.tuples(ANYTHING, st.sampled_from(["Update", "EndOfTurn", "?"]))),
    st.lists(st.sampled_from([LOUD * 3, QUIET * 5, FORCE])),
)
def test_nothing_that_was_recorded_breaks_it(
    messages: list[tuple[Any, str]], frames: list[bytes | str]
) -> None:
    texts = [
        json.dumps(
            {"type": "TurnInfo", "transcript": "Yes.", "event": event}
            | (value if isinstance(value, dict) else {"words": value})
        )
        for value, event in messages
    ]
    client = replay(texts)
    client.send(*frames, CLOSE)
    assert len([text for text in client.texts if "Yes." in text]) <= 2 * len(texts) + 1
