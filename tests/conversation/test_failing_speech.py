"""What a conversation makes of a speech service that refuses, hangs up, is silent or limits."""

from __future__ import annotations

import pytest

from gramophone.conversation.messages import (
    CloseTts,
    ConnectTts,
    FinishAudio,
    PlayAudio,
    PlaybackDrained,
    PlaybackStopReported,
    PlayoutPolled,
    SendTts,
    StartModel,
    StopAudio,
    TtsAudio,
    TtsRefused,
    TtsText,
)
from gramophone.conversation.tts_session import SPEECH_RATE_CHANGED, SPEECH_SILENT
from gramophone.core.intents import Interrupt, Say, Submit
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Failed,
    FlushAnswered,
    FlushRefused,
    FlushSent,
    ModelFinished,
    PlaybackFinished,
    RequestSent,
    SessionStarted,
    SpeechConnected,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    WarningReceived,
)
from gramophone.wire.deepgram.speak_v1.client import ClientLimits
from tests.support.playbook import (
    RATE_HZ,
    Make,
    Playbook,
    close,
    delta,
    ended,
    finish,
    flush,
    flushed,
    hung_up,
    like,
    metadata,
    opened,
    samples,
    says,
    sound,
    too_many_flushes,
)
from tests.support.talks import connected

SENTENCE = "one two three four five six seven eight nine ten eleven twelve."


@pytest.fixture
def play(playbook: Make) -> Playbook:
    """A session whose line stands, and a text that is being spoken: turn 0."""
    return saying(connected(playbook()))


def saying(play: Playbook, text: str = SENTENCE) -> Playbook:
    return play.when(Say(text)).gives(
        TurnStarted, says(text), TextSpoken, flush(), like(FlushSent, flush=0)
    )


class TestARefusedHandshake:
    REFUSED = "The speech service refused the connection (401: Invalid credentials.)."

    def test_the_answer_goes_on_as_text_and_the_service_is_left_alone(self, playbook: Make) -> None:
        play = playbook()
        play.begin().gives(SessionStarted, ConnectTts(0))
        play.when(Submit("Hello?")).goes_on()
        play.when(delta(1, "Hello there. ")).gives(DeltaReceived)
        play.when(TtsRefused(0, self.REFUSED)).gives(
            Failed(at_us=0, stage="speech", detail=self.REFUSED, turn=1)
        )
        play.when(delta(1, "How are you?")).gives(DeltaReceived)
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(
            ModelFinished,
            like(TurnCompleted, text="Hello there. How are you?", finish_reason="stop"),
        )

    def test_the_next_turn_tries_once_more(self, playbook: Make) -> None:
        play = playbook()
        play.begin().gives(SessionStarted, ConnectTts(0))
        play.when(TtsRefused(0, self.REFUSED)).gives(like(Failed, stage="speech", turn=None))
        play.after(100).gives_nothing()
        play.when(Submit("Hello?")).gives(
            TurnStarted, TurnCompleted, TurnStarted, ConnectTts(1), RequestSent, StartModel
        )
        play.when(TtsRefused(1, self.REFUSED)).gives(like(Failed, turn=1))
        play.when(delta(1, "Hello there.")).gives(DeltaReceived)
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(ModelFinished, TurnCompleted)

    def test_an_interruption_keeps_what_could_be_read(self, playbook: Make) -> None:
        play = playbook()
        play.begin().goes_on()
        play.when(Submit("Hello?")).goes_on()
        play.when(TtsRefused(0, self.REFUSED)).goes_on()
        play.when(delta(1, "Hello there. How ")).gives(DeltaReceived)
        play.when(Interrupt()).goes_on()
        play.when(PlaybackStopReported(1, 0)).gives(
            like(TurnInterrupted, heard_text="Hello there. How "), TurnCompleted
        )

    def test_at_the_reconnection_of_an_answer(self, play: Playbook) -> None:
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(hung_up(0)).gives(SpeechDisconnected, ConnectTts(1))
        play.when(TtsRefused(1, self.REFUSED)).gives(
            like(Failed, detail=self.REFUSED, turn=0), FinishAudio(0)
        )
        play.when(PlaybackDrained(0, 8000)).gives(
            PlaybackFinished, like(TurnCompleted, text=SENTENCE, finish_reason="said")
        )


class TestHangingUp:
    def test_the_line_is_mended_and_the_rest_said_again(self, play: Playbook) -> None:
        play.when(sound(ms=2500)).gives(AudioReceived, PlayAudio)
        play.when(hung_up(0, 1006, "")).gives(
            SpeechDisconnected(at_us=0, connection=0, code=1006, reason=""), ConnectTts(1)
        )
        play.when(opened(1)).gives(
            like(SpeechConnected, connection=1),
            says("five six seven eight nine ten eleven twelve.", 1),
            like(TextSpoken, chunk=1, source_start=19, source_end=63),
            flush(1),
            like(FlushSent, flush=1, last_chunk=1),
        )
        play.when(metadata(1)).gives_nothing()
        play.when(sound(1, ms=500)).gives(
            like(AudioReceived, connection=1, offset_bytes=40_000),
            like(PlayAudio, turn=0, realign=True),
        )
        play.when(flushed(1)).gives(
            like(FlushAnswered, flush=1, end_samples=24_000), FinishAudio(0)
        )
        play.when(PlaybackDrained(0, 24_000)).gives(PlaybackFinished, TurnCompleted)

    def test_frames_of_the_old_connection_are_passed_over(self, play: Playbook) -> None:
        play.when(hung_up(0)).gives(SpeechDisconnected, ConnectTts(1))
        play.when(sound(0)).gives_nothing()
        play.when(flushed(0)).gives_nothing()
        play.when(hung_up(0)).gives_nothing()
        play.when(opened(0)).gives_nothing()

    def test_twice_in_one_answer_is_enough(self, play: Playbook) -> None:
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(hung_up(0)).gives(SpeechDisconnected, ConnectTts(1))
        play.when(opened(1)).goes_on()
        play.when(hung_up(1)).gives(
            SpeechDisconnected,
            Failed(
                at_us=0,
                stage="speech",
                detail="The speech service hung up (1011 NET-0000); the answer goes on as text. "
                "Ask again.",
                turn=0,
            ),
            FinishAudio(0),
        )
        play.when(PlaybackDrained(0, 8000)).gives(
            like(PlaybackFinished, played_samples=8000), TurnCompleted
        )

    def test_the_next_answer_has_its_own_try(self, play: Playbook) -> None:
        play.when(hung_up(0)).goes_on()
        play.when(opened(1)).goes_on()
        play.when(hung_up(1)).goes_on()
        play.when(Say("Again.")).gives(TurnStarted, ConnectTts(2))
        play.when(opened(2)).gives(
            SpeechConnected, says("Again.", 2), TextSpoken, flush(2), FlushSent
        )
        play.when(hung_up(2)).gives(SpeechDisconnected, ConnectTts(3))

    def test_a_whole_answer_needs_no_line(self, play: Playbook) -> None:
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(FlushAnswered, FinishAudio)
        play.when(hung_up(0)).gives(SpeechDisconnected)
        play.when(PlaybackDrained(0, 8000)).gives(PlaybackFinished, TurnCompleted)

    def test_between_turns_it_is_taken_up_with_the_next(self, playbook: Make) -> None:
        play = connected(playbook())
        play.when(hung_up(0, 1000, "")).gives(SpeechDisconnected)
        play.after(60).gives_nothing()
        play.when(Say("Again.")).gives(TurnStarted, ConnectTts(1))
        play.when(opened(1)).gives(
            SpeechConnected, says("Again.", 1), TextSpoken, flush(1), FlushSent
        )

    def test_while_it_is_being_interrupted_nothing_is_said_again(self, play: Playbook) -> None:
        play.when(hung_up(0)).gives(SpeechDisconnected, ConnectTts(1))
        play.when(Interrupt()).gives(StopAudio(0))
        play.when(opened(1)).gives(SpeechConnected)
        play.when(PlaybackStopReported(0, 0)).gives(TurnInterrupted, TurnCompleted)
        play.when(Say("Next.")).gives(
            TurnStarted, says("Next.", 1), like(TextSpoken, turn=1), flush(1), FlushSent
        )

    def test_the_hour_that_is_over_is_one_more_hang_up(self, play: Playbook) -> None:
        play.when(hung_up(0, 1011, "NET-0003")).gives(
            like(SpeechDisconnected, code=1011, reason="NET-0003"), ConnectTts(1)
        )

    def test_a_connection_is_replaced_before_its_hour_is_over(self, playbook: Make) -> None:
        play = connected(playbook())
        play.after(3300).gives_nothing()
        play.when(Say("Again.")).gives(
            TurnStarted,
            close(0),
            CloseTts(0),
            like(SpeechDisconnected, connection=0, code=1000),
            ConnectTts(1),
        )
        play.when(hung_up(0, 1000, "")).gives_nothing()
        play.when(opened(1)).gives(
            SpeechConnected, says("Again.", 1), TextSpoken, flush(1), FlushSent
        )

    def test_a_young_connection_is_kept(self, playbook: Make) -> None:
        play = connected(playbook())
        play.after(3299).gives_nothing()
        play.when(Say("Again.")).gives(TurnStarted, says("Again."), TextSpoken, flush(), FlushSent)


class TestOwnRates:
    def test_a_turn_keeps_the_rate_that_its_sound_comes_with(self, play: Playbook) -> None:
        play.when(TtsAudio(0, bytes(4), 22_050)).gives(
            like(AudioReceived, sample_rate_hz=22_050),
            PlayAudio(0, bytes(4), realign=True, sample_rate_hz=22_050),
        )
        play.when(TtsAudio(0, bytes(4), 22_050)).gives(
            like(AudioReceived, offset_bytes=4, sample_rate_hz=22_050),
            PlayAudio(0, bytes(4), sample_rate_hz=22_050),
        )

    def test_the_rate_of_the_session_is_not_named(self, play: Playbook) -> None:
        play.when(TtsAudio(0, bytes(4), RATE_HZ)).gives(
            like(AudioReceived, sample_rate_hz=0), PlayAudio(0, bytes(4), realign=True)
        )

    def test_a_service_that_changes_its_rate_in_mid_answer_is_given_up(
        self, play: Playbook
    ) -> None:
        play.when(TtsAudio(0, samples(RATE_HZ))).gives(AudioReceived, PlayAudio)
        play.when(TtsAudio(0, bytes(4), 22_050)).gives(
            CloseTts(0),
            like(SpeechDisconnected, reason="the sample rate changed within an answer"),
            like(Failed, detail=SPEECH_RATE_CHANGED, turn=0),
            FinishAudio(0),
        )


class TestOddFrames:
    def test_a_sample_may_be_split_between_frames(self, play: Playbook) -> None:
        play.when(TtsAudio(0, b"\x01\x00\x02")).gives(
            like(AudioReceived, offset_bytes=0, size_bytes=3), PlayAudio(0, b"\x01\x00\x02", True)
        )
        play.when(TtsAudio(0, b"\x00\x03\x00")).gives(
            like(AudioReceived, offset_bytes=3, size_bytes=3), PlayAudio(0, b"\x00\x03\x00")
        )
        play.when(flushed()).gives(like(FlushAnswered, end_samples=3), FinishAudio)

    def test_an_empty_frame_is_nothing(self, play: Playbook) -> None:
        play.when(TtsAudio(0, b"")).gives_nothing()

    def test_a_new_connection_begins_at_a_whole_sample(self, play: Playbook) -> None:
        play.when(TtsAudio(0, b"\x01\x00\x02")).goes_on()
        play.when(hung_up(0)).goes_on()
        play.when(opened(1)).goes_on()
        play.when(TtsAudio(1, b"\x05\x00")).gives(
            like(AudioReceived, offset_bytes=4, size_bytes=2),
            PlayAudio(0, b"\x05\x00", realign=True),
        )
        play.when(flushed(1)).gives(like(FlushAnswered, end_samples=3), FinishAudio)


class TestSilence:
    def test_ten_seconds_after_the_flush_it_is_given_up(self, play: Playbook) -> None:
        play.after(10).gives_nothing()
        wake_us = play.conversation.next_wake_us(play.now_us)
        assert wake_us == 10_000_001
        play.after(0.000_001).gives(
            CloseTts(0),
            like(SpeechDisconnected, connection=0, code=1006, reason="no answer"),
            Failed(at_us=0, stage="speech", detail=SPEECH_SILENT, turn=0),
            like(TurnCompleted, turn=0, text=SENTENCE),
        )
        play.when(Say("Again.")).gives(TurnStarted, ConnectTts(1))

    def test_sound_puts_it_off_and_what_came_still_plays(self, play: Playbook) -> None:
        play.after(9).gives_nothing()
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.after(9).gives_nothing()
        play.after(2).gives(CloseTts, SpeechDisconnected, Failed, FinishAudio(0))
        play.when(PlaybackDrained(0, 8000)).gives(PlaybackFinished, TurnCompleted)

    def test_an_idle_line_may_be_silent(self, playbook: Make) -> None:
        play = connected(playbook())
        assert play.conversation.next_wake_us(0) is None
        play.after(1000).gives_nothing()

    def test_a_clear_that_is_not_answered_costs_the_connection_and_no_turn(
        self, play: Playbook
    ) -> None:
        play.when(Interrupt()).goes_on()
        play.when(PlaybackStopReported(0, 0)).goes_on()
        play.after(11).gives(CloseTts(0), like(SpeechDisconnected, reason="no answer"))

    def test_the_timeout_is_the_callers(self, playbook: Make) -> None:
        play = saying(connected(playbook(limits=ClientLimits(answer_timeout_us=1_000_000))))
        play.after(1.1).gives(CloseTts, SpeechDisconnected, Failed, TurnCompleted)


class TestRubbish:
    @pytest.mark.parametrize(
        ("frame", "description"),
        [
            ("{", "not JSON: JSONDecodeError"),
            ("[]", "not a JSON object"),
            ('{"type": "Applause"}', "unknown message type 'Applause'"),
        ],
    )
    def test_it_is_told_and_passed_over(self, play: Playbook, frame: str, description: str) -> None:
        play.when(TtsText(0, frame)).gives(like(WarningReceived, code="NOT-UNDERSTOOD"))
        assert description in play.all_of(WarningReceived)[0].description
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(FlushAnswered, FinishAudio)

    def test_answers_to_nothing_are_passed_over(self, playbook: Make) -> None:
        play = connected(playbook())
        play.when(flushed()).gives_nothing()
        play.when(TtsText(0, '{"type":"Cleared","sequence_id":0}')).gives_nothing()


class TestTooManyFlushes:
    def test_the_flush_is_sent_again_and_no_text_is_lost_or_glued(self, play: Playbook) -> None:
        play.when(too_many_flushes()).gives(
            like(WarningReceived, code="EXCESSIVE_FLUSH"),
            FlushRefused(at_us=0, turn=0, flush=0),
        )
        play.after(7.9).gives_nothing()
        play.after(0.2).gives(flush(), like(FlushSent, flush=0, last_chunk=0))
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(like(FlushAnswered, flush=0), FinishAudio)
        assert play.sent().count(says(SENTENCE).text) == 1

    def test_each_refusal_is_waited_for_longer(self, play: Playbook) -> None:
        for seconds in (8, 16, 32, 64, 64):
            play.when(too_many_flushes()).gives(WarningReceived, FlushRefused)
            play.after(seconds - 0.1).gives_nothing()
            play.after(0.2).gives(flush(), FlushSent)

    def test_text_that_follows_waits_behind_it(self, playbook: Make) -> None:
        play = connected(playbook())
        play.when(Submit("Hello?")).goes_on()
        play.when(delta(1, "Well, that is it. And ")).gives(
            DeltaReceived,
            says("Well,"),
            TextSpoken,
            flush(),
            FlushSent,
            says("that is it."),
            TextSpoken,
            flush(),
            like(FlushSent, flush=1),
        )
        play.when(too_many_flushes()).gives(WarningReceived, like(FlushRefused, flush=1))
        play.when(delta(1, "that is more. Then ")).gives(DeltaReceived)
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(like(FlushAnswered, flush=0))
        play.when(PlayoutPolled(1, 0)).gives_nothing()
        play.after(8.1).gives(
            flush(),
            like(FlushSent, flush=1),
            says("And that is more."),
            TextSpoken,
            flush(),
            like(FlushSent, flush=2),
        )


class TestPacing:
    def test_text_beyond_the_minute_waits(self, playbook: Make) -> None:
        play = connected(playbook())
        text = " ".join(f"{SENTENCE.capitalize()}" for _ in range(60))
        play.when(Say(text)).goes_on()
        seconds = 0.0
        while not any(isinstance(output, FinishAudio) for output in play.heard):
            play.after(0.5).goes_on()
            seconds += 0.5
            play.when(PlayoutPolled(0, 0)).goes_on()
            while len(play.all_of(FlushAnswered)) < len(play.all_of(FlushSent)):
                play.when(sound()).goes_on()
                play.when(flushed()).goes_on()
        spoken = " ".join(event.text for event in play.all_of(TextSpoken))
        assert spoken == text
        # 3,840 characters are two minutes' allowance: the second begins 61 s after the first.
        assert 60 < seconds < 75

    def test_a_message_never_exceeds_its_limit(self, playbook: Make) -> None:
        play = connected(playbook(limits=ClientLimits(message_chars=20)))
        play.when(Say("Supercalifragilisticexpialidocious is a word.")).goes_on()
        frames = [output.text for output in play.heard if isinstance(output, SendTts)]
        texts = [frame.split('"')[7] for frame in frames if "Speak" in frame]
        assert "".join(texts) == "Supercalifragilisticexpialidocious is a word. "
        assert max(map(len, texts)) <= 20
