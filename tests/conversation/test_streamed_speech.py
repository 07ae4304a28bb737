"""Speech of a service that takes text as it comes, and says what was heard (Speak v2)."""

from __future__ import annotations

import pytest

from gramophone.conversation.messages import (
    CloseTts,
    ConnectTts,
    FinishAudio,
    PlayAudio,
    PlaybackDrained,
    PlaybackStopReported,
    SendTts,
    SettingsWanted,
    StopAudio,
    StopModel,
    SwitchProviders,
    TtsText,
)
from gramophone.conversation.speech_pacer import MOST_AHEAD_US, SpeechPacer, TextBatch
from gramophone.conversation.tts_session import HEARD_TIMEOUT_US
from gramophone.core.intents import Interrupt, Say, StopPlayback
from gramophone.core.timeline import (
    AudioReceived,
    ClearSent,
    DeltaReceived,
    FlushAnswered,
    FlushSent,
    ModelFinished,
    PlaybackFinished,
    PlaybackStopped,
    SettingsChanged,
    SpeechConnected,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    WarningReceived,
)
from gramophone.text.chunker import Chunk
from gramophone.wire.deepgram.speak_v2.client import SpeakV2
from gramophone.wire.deepgram.speak_v2.messages import (
    ClientMessage,
    Configure,
    Flush,
    ServerMessage,
    Speak,
    SpeechInterrupted,
    SpeechMetadata,
    SpeechStarted,
    render,
)
from gramophone.wire.deepgram.speak_v2.messages import Interrupt as InterruptMessage
from gramophone.wire.deepgram.speak_v2.notices import NO_ACTIVE_SPEECH
from tests.support.playbook import (
    RATE_HZ,
    Make,
    Playbook,
    delta,
    ended,
    finish,
    hung_up,
    like,
    opened,
    sound,
)
from tests.support.talks import ask

OVER = SpeechMetadata("dg_sp_0", 1000, 19, 19)


def sends(message: ClientMessage, connection: int = 0) -> SendTts:
    return SendTts(connection, render(message))


def comes(message: ServerMessage, connection: int = 0) -> TtsText:
    return TtsText(connection, render(message))


def interrupted(text_spoken: str | None) -> TtsText:
    return comes(SpeechInterrupted(0, OVER, text_spoken))


@pytest.fixture
def play(playbook: Make) -> Playbook:
    """A conversation over Speak v2, connected."""
    play = playbook(speech=SpeakV2(2 * RATE_HZ))
    play.begin().goes_on()
    return play.when(opened(0)).gives(SpeechConnected)


def sounding(play: Playbook) -> Playbook:
    """Turn 1 is under way: two words and a bit were sent, and a second of sound has come."""
    ask(play)
    play.when(delta(1, "One **two** thr")).gives(
        DeltaReceived, sends(Speak("One two ")), TextSpoken
    )
    play.when(comes(SpeechStarted("dg_sp_0"))).gives_nothing()
    return play.when(sound()).gives(AudioReceived, PlayAudio)


class TestText:
    def test_words_go_out_as_they_come_and_one_flush_at_the_end(self, play: Playbook) -> None:
        sounding(play)
        play.when(delta(1, "ee. Four")).gives(
            DeltaReceived,
            sends(Speak("three. ")),
            TextSpoken(at_us=0, turn=1, chunk=1, text="three.", source_start=12, source_end=18),
        )
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(
            ModelFinished,
            sends(Speak("Four ")),
            like(TextSpoken, chunk=2, text="Four"),
            sends(Flush()),
            FlushSent(at_us=0, turn=1, flush=0, last_chunk=2),
        )
        play.when(comes(OVER)).gives(
            FlushAnswered(at_us=0, turn=1, flush=0, end_samples=RATE_HZ), FinishAudio(1)
        )
        play.when(PlaybackDrained(1, RATE_HZ)).gives(
            PlaybackFinished, like(TurnCompleted, text="One **two** three. Four", remembered=None)
        )

    def test_a_given_text_is_flushed_at_once(self, play: Playbook) -> None:
        play.when(Say("Hello there.")).gives(
            TurnStarted,
            sends(Speak("Hello ")),
            TextSpoken,
            sends(Speak("there. ")),
            TextSpoken,
            sends(Flush()),
            FlushSent,
        )

    def test_text_without_a_word_needs_no_service(self, play: Playbook) -> None:
        play.when(Say("…")).gives(TurnStarted, like(TurnCompleted, text="…"))


class TestInterruption:
    def test_what_the_service_says_counts(self, play: Playbook) -> None:
        sounding(play)
        play.when(Interrupt()).gives(StopAudio(1), StopModel(1))
        play.when(PlaybackStopReported(1, 6000)).gives(
            ClearSent(at_us=0, turn=1), sends(InterruptMessage(750))
        )
        play.when(sound(ms=40)).gives(like(AudioReceived, turn=1, stale=True))
        play.when(interrupted("One")).gives(
            TurnInterrupted(at_us=0, turn=1, heard_text="One", heard_samples=6000),
            like(TurnCompleted, finish_reason="interrupted", remembered=3),
        )

    def test_a_word_within_markdown_is_found(self, play: Playbook) -> None:
        sounding(play)
        play.when(Interrupt()).goes_on()
        play.when(PlaybackStopReported(1, 6000)).goes_on()
        play.when(interrupted("One two")).gives(
            like(TurnInterrupted, heard_text="One **two**"), TurnCompleted
        )

    def test_without_an_answer_the_estimate_counts(self, play: Playbook) -> None:
        sounding(play)
        play.when(Interrupt()).goes_on()
        play.when(PlaybackStopReported(1, 800)).gives(ClearSent, sends(InterruptMessage(100)))
        play.after(HEARD_TIMEOUT_US / 1e6).gives(
            like(TurnInterrupted, heard_text=""), TurnCompleted
        )
        play.when(interrupted("One")).gives_nothing()

    @pytest.mark.parametrize("cause", ["late", "lost"])
    def test_one_that_was_over_or_is_lost_is_estimated(self, play: Playbook, cause: str) -> None:
        sounding(play)
        play.when(Interrupt()).goes_on()
        play.when(PlaybackStopReported(1, 800)).goes_on()
        if cause == "late":
            play.when(comes(NO_ACTIVE_SPEECH)).gives(
                WarningReceived, TurnInterrupted, TurnCompleted
            )
        else:
            play.when(hung_up()).gives(SpeechDisconnected, TurnInterrupted, TurnCompleted)

    def test_before_any_sound_nobody_is_waited_for(self, play: Playbook) -> None:
        ask(play)
        play.when(delta(1, "One two ")).goes_on()
        play.when(Interrupt()).gives(StopAudio(1), StopModel(1))
        play.when(PlaybackStopReported(1, 0)).gives(
            ClearSent,
            sends(InterruptMessage(0)),
            like(TurnInterrupted, heard_text=""),
            TurnCompleted,
        )

    def test_sound_that_was_all_received_is_not_interrupted(self, play: Playbook) -> None:
        play.when(Say("One two.")).goes_on()
        play.when(sound()).goes_on()
        play.when(comes(OVER)).gives(FlushAnswered, FinishAudio(0))
        play.when(Interrupt()).gives(StopAudio(0))
        play.when(PlaybackStopReported(0, 6000)).gives(
            like(TurnInterrupted, heard_text="One"), TurnCompleted
        )

    def test_sound_stopped_alone_is_told_exactly_as_well(self, play: Playbook) -> None:
        sounding(play)
        play.when(StopPlayback()).gives(StopAudio(1))
        play.when(PlaybackStopReported(1, 6000)).gives(ClearSent, sends(InterruptMessage(750)))
        play.when(delta(1, "ee. Four")).gives(DeltaReceived)
        play.when(interrupted("One")).gives(
            PlaybackStopped(at_us=0, turn=1, played_samples=6000, heard_characters=3)
        )
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(ModelFinished, like(TurnCompleted, remembered=3))

    def test_the_next_turn_waits_for_the_interrupt(self, play: Playbook) -> None:
        """Else the Interrupt could stop the next stretch instead of this one."""
        ask(play)
        play.when(delta(1, "One two ")).goes_on()
        play.when(Say("Next one.")).goes_on()
        play.when(PlaybackStopReported(1, 0)).gives(
            ClearSent, sends(InterruptMessage(0)), TurnInterrupted, TurnCompleted, TurnStarted
        )
        play.when(interrupted("")).gives(
            sends(Speak("Next ")), TextSpoken, sends(Speak("one. ")), TextSpoken, sends(Flush()),
            FlushSent,
        )  # fmt: skip


class TestConnection:
    def test_a_loss_in_mid_turn_goes_on_with_what_was_not_received(self, play: Playbook) -> None:
        sounding(play)
        play.when(hung_up()).gives(SpeechDisconnected, ConnectTts(1))
        play.when(delta(1, "ee. ")).gives(DeltaReceived)
        play.when(opened(1)).gives(
            SpeechConnected,
            sends(Speak("three. "), 1),
            like(TextSpoken, chunk=1, text="three."),
        )
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(
            ModelFinished, sends(Flush(), 1), like(FlushSent, flush=1, last_chunk=1)
        )

    def test_another_speed_is_configured(self, play: Playbook) -> None:
        settings = SettingsWanted(1, "local", "smollm2", "aura-2-thalia-en", "", 1.25)
        play.when(settings).gives(SettingsChanged, sends(Configure(1.25)), SwitchProviders(1))

    def test_another_speed_while_it_connects_needs_another_connection(self, playbook: Make) -> None:
        play = playbook(speech=SpeakV2(2 * RATE_HZ))
        play.begin().goes_on()
        settings = SettingsWanted(1, "local", "smollm2", "aura-2-thalia-en", "", 1.25)
        play.when(settings).gives(SettingsChanged, CloseTts(0), SwitchProviders(1), ConnectTts(1))


class TestPacer:
    def test_text_far_ahead_of_what_is_heard_waits(self) -> None:
        pacer = SpeechPacer(0, streams_text=True)
        pacer.feed("One two ")
        assert pacer.send(0, MOST_AHEAD_US + 1, 1) is None
        assert pacer.send(0, 0, 1) == TextBatch(0, 0, (Chunk("One two", 0, 7, False),), ends=False)

    def test_the_end_alone_is_a_flush_alone(self) -> None:
        pacer = SpeechPacer(0, streams_text=True)
        pacer.feed("One ")
        pacer.send(0, 0, 1)
        pacer.finish()
        assert pacer.send(0, 0, 1) == TextBatch(0, 1, ())
        assert pacer.send(0, 0, 1) is None
        assert not pacer.complete
        pacer.flush_done(0)
        assert pacer.complete

    def test_what_is_abandoned_is_not_flushed(self) -> None:
        pacer = SpeechPacer(0, streams_text=True)
        pacer.feed("One two ")
        pacer.send(0, 0, 1)
        pacer.abandon()
        assert pacer.send(0, 0, 1) is None
        assert pacer.complete
