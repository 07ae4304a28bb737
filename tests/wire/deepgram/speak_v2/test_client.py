"""The client's side of Speak v2, as transcripts: what comes, what it means, what is sent."""

from __future__ import annotations

import pytest

from gramophone.wire.deepgram.speak_v2.client import SpeakV2, SpeakV2Client, SpeakV2Limits
from gramophone.wire.deepgram.speak_v2.messages import (
    ConfigureFailure,
    Connected,
    Errored,
    Flushed,
    ServerMessage,
    SessionMetadata,
    SpeechInterrupted,
    SpeechMetadata,
    SpeechStarted,
    Warned,
    render,
)
from gramophone.wire.deepgram.speak_v2.notices import (
    INTERRUPT_IN_PROGRESS,
    INVALID_INTERRUPT_OFFSET,
    NO_ACTIVE_SPEECH,
    NO_AUDIO_GENERATED,
)
from gramophone.wire.speech_client import (
    ClearDone,
    FlushDone,
    HeardPosition,
    NotUnderstood,
    Opened,
    OutgoingFrame,
    ServiceWarned,
    SpeechClientEvent,
)

SECOND_US = 1_000_000
BYTES_PER_MS = 16
FLUSH = '{"type":"Flush"}'
INTERRUPT = '{"type":"Interrupt"}'
STARTED = SpeechStarted("dg_sp_0")
OVER = SpeechMetadata("dg_sp_0", 500, 12, 12)


@pytest.fixture
def client() -> SpeakV2Client:
    return SpeakV2(BYTES_PER_MS * 1000).client(0)


def comes(client: SpeakV2Client, *messages: ServerMessage | int) -> list[SpeechClientEvent]:
    """These messages arrive, and so many milliseconds of sound; what they mean."""
    events: list[SpeechClientEvent] = []
    for message in messages:
        if isinstance(message, int):
            client.receive_audio(0, message * BYTES_PER_MS)
        else:
            events += client.receive_text(render(message), 0)
    return events


def sent(client: SpeakV2Client) -> list[str]:
    return [outgoing.frame for outgoing in client.poll(0)]


def sounding(client: SpeakV2Client, *words: str, ms: int = 500) -> SpeakV2Client:
    """These words were sent, a chunk each, and so much of their sound has come."""
    for number, word in enumerate(words):
        client.speak(word, number)
    client.poll(0)
    comes(client, STARTED, ms)
    return client


def interrupt(offset_ms: int) -> str:
    return f'{{"type":"Interrupt","playback_offset":{{"type":"time_ms","value":{offset_ms}}}}}'


def interrupted(spoken_text: str | None, played_ms: int = 0) -> SpeechInterrupted:
    return SpeechInterrupted(played_ms, OVER, spoken_text, "" if spoken_text is not None else None)


class TestAStretch:
    def test_text_goes_out_at_once_and_one_flush_ends_it(self, client: SpeakV2Client) -> None:
        client.speak("Hello", 0)
        assert client.poll(0) == [OutgoingFrame('{"type":"Speak","text":"Hello "}', chunks=(0,))]
        client.speak("there.", 1)
        client.flush(0)
        assert client.poll(0) == [
            OutgoingFrame('{"type":"Speak","text":"there. "}', chunks=(1,)),
            OutgoingFrame(FLUSH, flush=0),
        ]

    def test_its_metadata_ends_it_and_flushed_does_not(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").flush(4)
        client.poll(0)
        assert comes(client, Flushed("dg_sp_0"), 20) == []
        assert client.owing
        assert comes(client, OVER, Flushed("dg_sp_0")) == [FlushDone(4)]
        assert not client.owing

    def test_stretches_end_in_their_order(self, client: SpeakV2Client) -> None:
        for number in range(2):
            client.speak("Hello", number)
            client.flush(number)
        client.poll(0)
        events = comes(client, STARTED, 10, OVER, SpeechStarted("dg_sp_1"), 10, OVER)
        assert events == [FlushDone(0), FlushDone(1)]

    def test_one_without_a_word_ends_with_a_warning(self, client: SpeakV2Client) -> None:
        sounding(client, "…", ms=0).flush(0)
        client.poll(0)
        warned = Warned("NO_SYNTHESIZABLE_TEXT", "Nothing.")
        events = comes(client, warned, SpeechMetadata("dg_sp_0", 0, 2, 2))
        assert events == [ServiceWarned("NO_SYNTHESIZABLE_TEXT", "Nothing."), FlushDone(0)]

    def test_one_that_the_service_had_ended_is_done(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").flush(0)
        client.poll(0)
        assert comes(client, NO_ACTIVE_SPEECH)[1:] == [FlushDone(0)]

    def test_a_long_text_takes_several_messages_and_one_name(self, client: SpeakV2Client) -> None:
        client.speak("word " * 500, 7)
        assert [outgoing.chunks for outgoing in client.poll(0)] == [(7,), ()]


class TestAnInterruption:
    def test_the_offset_is_what_came_less_what_was_not_played(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello", "there.", "Bye.")
        assert client.clear(0, unheard_us=120_000) == [interrupt(380)]
        assert client.stale
        assert comes(client, 40, interrupted("Hello there.")) == [ClearDone(HeardPosition(1, 6))]
        assert not client.stale

    def test_nothing_is_sent_before_its_answer(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").clear(0)
        client.speak("Bye.", 1)
        assert sent(client) == []
        comes(client, interrupted("Hello"))
        assert sent(client) == ['{"type":"Speak","text":"Bye. "}']

    def test_offsets_count_on_from_the_last(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").clear(0, unheard_us=300_000)
        comes(client, interrupted("Hello"))
        sounding(client, "Bye.", ms=70)
        assert client.clear(0) == [interrupt(270)]

    def test_one_that_is_no_further_has_no_offset(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").clear(0, unheard_us=500_000)
        comes(client, interrupted(""))
        sounding(client, "Bye.", ms=70)
        assert client.clear(0, unheard_us=70_000) == [INTERRUPT]
        assert comes(client, interrupted(None)) == [ClearDone(None)]

    def test_the_answer_counts_as_far_as_its_letters_agree(self, client: SpeakV2Client) -> None:
        sounding(client, "Well,", "“so", "it”", "is.").clear(0)
        assert comes(client, interrupted('well so it"')) == [ClearDone(HeardPosition(2, 3))]

    def test_an_answer_about_another_text_says_nothing(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").clear(0)
        assert comes(client, interrupted("Goodbye")) == [ClearDone(None)]

    def test_nothing_heard_is_an_answer(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").clear(0)
        assert comes(client, interrupted("")) == [ClearDone(HeardPosition(0, 0))]

    def test_what_is_over_needs_none(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").flush(0)
        client.poll(0)
        comes(client, OVER)
        assert client.clear(0) == []

    def test_of_a_second_stretch_that_had_not_begun_to_play_nothing_is_said(
        self, client: SpeakV2Client
    ) -> None:
        sounding(client, "Hello").flush(0)
        client.poll(0)
        comes(client, OVER)
        sounding(client, "Bye.", ms=60)
        assert client.clear(0, unheard_us=200_000) == [interrupt(360)]
        assert comes(client, interrupted("")) == [ClearDone(None)]

    def test_stretches_that_wait_are_interrupted_after_it(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").flush(0)
        client.speak("Bye.", 1)
        client.flush(1)
        client.poll(0)
        assert client.clear(0) == [interrupt(500)]
        assert comes(client, interrupted("Hello")) == []
        assert sent(client) == [INTERRUPT]
        assert comes(client, interrupted(None)) == [ClearDone(HeardPosition(0, 5))]


class TestAnIgnoredInterrupt:
    def test_without_sound_it_is_sent_again_with_the_first(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello", ms=0)
        assert client.clear(0) == [interrupt(0)]
        assert comes(client, NO_AUDIO_GENERATED)[1:] == []
        # So that what is said next is not added to it.
        assert sent(client) == [FLUSH]
        comes(client, 20)
        assert sent(client) == [INTERRUPT]
        assert comes(client, 20, interrupted(None)) == [ClearDone(None)]

    def test_without_sound_it_may_end_by_itself(self, client: SpeakV2Client) -> None:
        sounding(client, "…", ms=0).clear(0)
        comes(client, NO_AUDIO_GENERATED)
        assert comes(client, OVER) == [ClearDone(None)]

    def test_a_stretch_that_was_over_is_cleared(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").flush(0)
        client.poll(0)
        client.clear(0)
        assert comes(client, OVER) == []
        assert comes(client, NO_ACTIVE_SPEECH)[1:] == [ClearDone(None)]

    def test_an_offset_that_is_refused_is_left_out(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").clear(0)
        assert comes(client, INVALID_INTERRUPT_OFFSET)[1:] == []
        assert sent(client) == [INTERRUPT]
        assert comes(client, interrupted(None)) == [ClearDone(None)]

    def test_an_earlier_one_is_waited_for(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").clear(0)
        assert comes(client, INTERRUPT_IN_PROGRESS)[1:] == []
        assert comes(client, interrupted("Hello")) == [ClearDone(HeardPosition(0, 5))]


class TestOtherMessages:
    def test_connected_names_the_service(self, client: SpeakV2Client) -> None:
        assert comes(client, Connected("r-1", "flux-haley-en", "1", ())) == [Opened("r-1")]

    @pytest.mark.parametrize(
        "message",
        [
            Warned("INPUT_MARKUP_STRIPPED", "Stripped."),
            ConfigureFailure("SPEED_OUT_OF_RANGE", "Stripped."),
            Errored("NET-0004", "Stripped."),
        ],
    )
    def test_warnings_refusals_and_errors_are_warnings(
        self, client: SpeakV2Client, message: Warned | ConfigureFailure | Errored
    ) -> None:
        assert comes(client, message) == [ServiceWarned(message.code, "Stripped.")]

    def test_the_sums_of_the_session_mean_nothing(self, client: SpeakV2Client) -> None:
        assert comes(client, SessionMetadata(1, 2, 3)) == []

    def test_the_speed_is_configured(self, client: SpeakV2Client) -> None:
        assert client.set_speed(1.15) == ['{"type":"Configure","speed":1.15}']

    @pytest.mark.parametrize("frame", ["{", '{"type":"Metadata"}', "[1]"])
    def test_what_is_not_understood_is_named(self, client: SpeakV2Client, frame: str) -> None:
        (event,) = client.receive_text(frame, 0)
        assert isinstance(event, NotUnderstood)

    @pytest.mark.parametrize(
        "message", [STARTED, OVER, interrupted("Hello"), NO_ACTIVE_SPEECH, NO_AUDIO_GENERATED]
    )
    def test_what_answers_nothing_changes_nothing(
        self, client: SpeakV2Client, message: ServerMessage
    ) -> None:
        comes(client, message)
        assert not client.owing
        assert not client.stale
        assert sent(client) == []


class TestTime:
    def test_an_answer_is_owed_from_the_flush(self, client: SpeakV2Client) -> None:
        client.speak("Hello", 0)
        client.poll(0)
        assert client.next_wake_us(0) is None
        client.flush(0)
        client.poll(20 * SECOND_US)
        assert client.next_wake_us(0) == 30 * SECOND_US + 1
        assert not client.timed_out(30 * SECOND_US)
        assert client.timed_out(30 * SECOND_US + 1)

    def test_an_interrupt_has_to_be_answered(self, client: SpeakV2Client) -> None:
        sounding(client, "Hello").clear(5 * SECOND_US)
        assert client.next_wake_us(0) == 15 * SECOND_US + 1

    def test_the_connection_lives_an_hour(self) -> None:
        client = SpeakV2Client(16_000, SpeakV2Limits(), 0)
        assert not client.near_expiry(3299 * SECOND_US)
        assert client.near_expiry(3300 * SECOND_US)
