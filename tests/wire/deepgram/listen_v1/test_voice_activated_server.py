"""Listen v1 as a machine whose utterances begin with a voice in the sound."""

from __future__ import annotations

from collections.abc import Sequence

from gramophone.wire.deepgram.listen_v1.connection import Action
from gramophone.wire.deepgram.listen_v1.messages import ListenParameters, Results, SpeechStarted
from gramophone.wire.deepgram.listen_v1.utterances import Utterance, UtteranceQueue
from gramophone.wire.deepgram.listen_v1.voice_activated_server import VoiceActivatedServer
from gramophone.wire.deepgram.server_actions import SendText

STEP_BYTES = 1_280
"""80 ms at 8 kHz."""
LOUD, QUIET = b"\0\x10" * (STEP_BYTES // 2), bytes(STEP_BYTES)
SKY = Utterance("Why is the sky blue?", 1_600_000)
SEA = Utterance("And the sea?", 800_000)
FINALIZE, CLOSE = '{"type":"Finalize"}', '{"type":"CloseStream"}'


def machine(
    *utterances: Utterance, encoding: str = "linear16", queue: UtteranceQueue | None = None
) -> VoiceActivatedServer:
    query = f"encoding={encoding}&sample_rate=8000&vad_events=true"
    parameters = ListenParameters.from_query(query)
    waiting = queue or UtteranceQueue(utterances or (SKY, SEA), voice_activated=True)
    return VoiceActivatedServer(parameters, waiting)


def finals(actions: Sequence[Action]) -> list[tuple[int, int, str]]:
    """Start and end in milliseconds, and text of each final result."""
    return [
        (
            action.message.start_us // 1_000,
            action.message.end_us // 1_000,
            " ".join(word.text for word in action.message.words),
        )
        for action in actions
        if isinstance(action, SendText)
        and isinstance(action.message, Results)
        and action.message.is_final
    ]


def test_each_utterance_waits_for_a_voice_behind_a_pause() -> None:
    server = machine()
    actions = server.sound_received(QUIET * 100, 0)
    assert actions == []
    actions = server.sound_received(LOUD * 20 + QUIET * 200, 0)
    assert actions[0] == SendText(SpeechStarted(8_000_000))
    assert finals(actions) == [(8_000, 9_600, "Why is the sky blue?")]
    actions = server.sound_received(LOUD * 10 + QUIET * 2 + LOUD + QUIET * 9 + LOUD * 20, 0)
    assert finals(actions) == [(25_600, 26_640, "And the sea?")]
    assert server.unfinished == ()


def test_the_cutting_of_the_sound_changes_nothing() -> None:
    sound = QUIET * 3 + LOUD * 25 + QUIET * 30 + LOUD * 3 + QUIET * 9
    whole, cut = machine(), machine()
    pieces = [
        action
        for start in range(0, len(sound), 333)
        for action in cut.sound_received(sound[start : start + 333], 0)
    ]
    assert pieces == whole.sound_received(sound, 0)
    assert len(finals(pieces)) == 2


def test_a_slow_voice_is_waited_for_and_a_quick_one_is_not() -> None:
    slow = machine()
    # Pauses of up to 320 ms are within a sentence.
    assert finals(slow.sound_received(LOUD * 25 + QUIET * 4 + LOUD * 11 + QUIET * 4, 0)) == []
    assert finals(slow.sound_received(QUIET, 0)) == [(0, 3_200, "Why is the sky blue?")]
    quick = machine()
    assert finals(quick.sound_received(LOUD * 5 + QUIET * 7, 0)) == []
    assert finals(quick.sound_received(QUIET, 0)) == [(0, 400, "Why is the sky blue?")]
    endless = machine()
    assert finals(endless.sound_received(LOUD * 100, 0)) == [(0, 6_640, "Why is the sky blue?")]


def test_a_pause_in_the_middle_does_not_end_an_utterance() -> None:
    server = machine()
    actions = server.sound_received(LOUD * 6 + QUIET * 7 + LOUD * 7 + QUIET * 8, 0)
    assert finals(actions) == [(0, 1_600, "Why is the sky blue?")]


def test_a_finalize_ends_an_utterance_and_lets_the_next_begin_without_a_pause() -> None:
    server = machine()
    server.sound_received(LOUD * 3, 0)
    assert finals(server.text_received(FINALIZE, 0)) == [(0, 240, "Why is the sky blue?")]
    assert finals(server.text_received(FINALIZE, 0)) == [(240, 240, "")]
    assert finals(server.sound_received(LOUD * 10 + QUIET * 5, 0)) == [(240, 1_040, "And the sea?")]
    assert finals(server.text_received(CLOSE, 0)) == [(1_040, 1_440, "")]


def test_silence_alone_is_an_utterance_only_for_who_asks_for_its_end() -> None:
    server = machine()
    assert server.sound_received(QUIET * 500, 0) == []
    assert finals(server.text_received(FINALIZE, 0)) == [(0, 40_000, "Why is the sky blue?")]
    # After a voice, silence is none any more.
    server.sound_received(LOUD * 10 + QUIET * 20, 0)
    server.put_back()
    assert finals(server.text_received(CLOSE, 0)) == [(40_800, 42_400, "")]


def test_a_time_says_when_an_utterance_begins_whatever_the_sound_is() -> None:
    timed = Utterance("Yes.", 240_000, after_us=1_600_000)
    server = machine(timed, timed)
    assert finals(server.sound_received(QUIET * 50, 0)) == [
        (1_600, 1_840, "Yes."),
        (3_440, 3_680, "Yes."),
    ]


def test_sound_whose_loudness_cannot_be_told_lets_utterances_begin_at_once() -> None:
    server = machine(encoding="opus")
    assert finals(server.sound_received(bytes(16_000), 0)) == [
        (0, 1_600, "Why is the sky blue?"),
        (1_600, 2_400, "And the sea?"),
    ]


def test_an_utterance_without_an_end_is_left_to_the_next_connection() -> None:
    queue = UtteranceQueue((SKY, SEA), voice_activated=True)
    first, second = machine(queue=queue), machine(queue=queue)
    first.sound_received(LOUD * 3, 0)
    assert first.unfinished == (SKY,)
    first.put_back()
    assert finals(second.sound_received(LOUD * 20 + QUIET * 5, 0)) == [
        (0, 1_600, "Why is the sky blue?")
    ]
    second.put_back()
    assert queue.waiting == (SEA,)
