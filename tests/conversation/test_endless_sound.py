"""A speech service that goes on sending sound for a text that was short: it is given up."""

from __future__ import annotations

from gramophone.conversation.messages import CloseTts, ConnectTts, PlaybackStopReported
from gramophone.conversation.tts_session import SPEECH_ENDLESS
from gramophone.conversation.turn import LEAST_SOUND_US, MOST_US_PER_CHAR
from gramophone.core.intents import Interrupt, Submit
from gramophone.core.timeline import AudioReceived, Failed, SpeechDisconnected
from tests.support.playbook import Playbook, cleared, delta, ended, finish, flushed, sound
from tests.support.talks import begin_speaking

SPOKEN = "One two three four."
ALLOWED_S = (LEAST_SOUND_US + len(SPOKEN) * MOST_US_PER_CHAR) / 1e6


def received_s(play: Playbook) -> float:
    return sum(event.size_bytes for event in play.all_of(AudioReceived)) / 2 / 8000


def test_the_connection_is_closed_and_it_is_said(play: Playbook) -> None:
    begin_speaking(play)
    for _ in range(1000):
        play.when(sound(ms=1000)).goes_on()
    assert ALLOWED_S <= received_s(play) <= ALLOWED_S + 1
    assert play.all_of(CloseTts) == [CloseTts(0)]
    assert [event.code for event in play.all_of(SpeechDisconnected)] == [1009]
    assert [event.detail for event in play.all_of(Failed)] == [SPEECH_ENDLESS]
    play.when(delta(1, "and six.")).goes_on()
    play.when(finish(1)).goes_on()
    play.when(ended(1)).goes_on()


def test_long_sound_that_ends_is_taken(play: Playbook) -> None:
    """Ten times slower than anybody speaks."""
    begin_speaking(play)
    for _ in range(12):
        play.when(sound(ms=1000)).goes_on()
    play.when(flushed()).goes_on()
    assert play.all_of(Failed) == []


def test_sound_that_goes_on_after_a_clear_is_given_up_too(play: Playbook) -> None:
    begin_speaking(play)
    play.when(Interrupt()).goes_on()
    play.when(PlaybackStopReported(1, 0)).goes_on()
    for _ in range(1000):
        play.when(sound(ms=1000)).goes_on()
    assert received_s(play) <= ALLOWED_S + 1
    assert play.all_of(CloseTts) == [CloseTts(0)]


def test_the_next_answer_is_spoken_on_a_new_connection(play: Playbook) -> None:
    """The sound without end is that of the answer before."""
    begin_speaking(play)
    play.when(Interrupt()).goes_on()
    play.when(PlaybackStopReported(1, 0)).goes_on()
    play.when(Submit("Next?")).goes_on()
    for _ in range(1000):
        play.when(sound(ms=1000)).goes_on()
    assert play.all_of(ConnectTts)[-1] == ConnectTts(1)
    assert play.all_of(Failed) == []


def test_sound_after_the_answer_was_spoken(play: Playbook) -> None:
    begin_speaking(play)
    play.when(sound(ms=1000)).goes_on()
    play.when(flushed()).goes_on()
    play.when(Interrupt()).goes_on()
    play.when(PlaybackStopReported(1, 0)).goes_on()
    play.when(cleared()).goes_on()
    for _ in range(1000):
        play.when(sound(ms=1000)).goes_on()
    assert received_s(play) <= ALLOWED_S + 1
    assert play.all_of(CloseTts) == [CloseTts(0)]
