"""A model that sends nothing, or much that says nothing: the user is told, and can stop it."""

from __future__ import annotations

from gramophone.conversation.answer_text import QUIET_US
from gramophone.conversation.messages import LlmChunk, PlaybackStopReported, StopAudio, StopModel
from gramophone.conversation.tts_session import Output
from gramophone.core.intents import Interrupt, StopPlayback
from gramophone.core.timeline import (
    DeltaReceived,
    ModelFinished,
    ModelQuiet,
    TurnCompleted,
    TurnInterrupted,
)
from gramophone.ports.language_model import ModelChunk
from tests.support.playbook import Make, Playbook, delta, ended, finish, like
from tests.support.talks import ask, begin_speaking, connected

NOTHING_SAID = LlmChunk(1, ModelChunk(raw='{"type":"ping"}'))


def quiet_told(play: Playbook) -> list[float]:
    """After how many seconds it was said that no text comes."""
    outputs: list[Output] = play.heard
    return [output.at_us / 1e6 for output in outputs if isinstance(output, ModelQuiet)]


def test_it_is_told_within_twenty_seconds() -> None:
    assert QUIET_US <= 20_000_000


def test_a_model_that_never_answers(play: Playbook) -> None:
    ask(play)
    assert play.conversation.next_wake_us(play.now_us) == QUIET_US
    play.after(14.9).gives_nothing()
    play.after(0.1).gives(ModelQuiet(at_us=15_000_000, turn=1, quiet_us=15_000_000))
    play.after(10).gives_nothing()
    play.after(5).gives(like(ModelQuiet, quiet_us=30_000_000))
    play.when(StopPlayback()).gives(StopAudio(1), StopModel(1))
    play.when(PlaybackStopReported(1, 0)).gives(TurnInterrupted, TurnCompleted)
    assert play.conversation.next_wake_us(play.now_us) is None


def test_chunks_that_say_nothing_are_no_answer(play: Playbook) -> None:
    """Keep-alives, thoughts, empty deltas: each a second after the one before."""
    ask(play)
    for _ in range(40):
        play.after(1).goes_on()
        play.when(NOTHING_SAID).goes_on()
    assert quiet_told(play) == [15, 30]


def test_text_ends_the_wait(play: Playbook) -> None:
    ask(play)
    play.after(10).gives_nothing()
    play.when(delta(1, "Hello")).gives(DeltaReceived)
    play.after(10).gives_nothing()
    play.after(5).gives(like(ModelQuiet, quiet_us=15_000_000))


def test_an_answer_that_has_come_whole_is_waited_for_no_longer(playbook: Make) -> None:
    play = playbook(has_voice=False)
    play.begin().goes_on()
    ask(play)
    play.when(delta(1, "Hello")).goes_on()
    play.when(finish(1)).goes_on()
    play.when(ended(1)).gives(ModelFinished, TurnCompleted)
    play.after(100).gives_nothing()


def test_escape_stops_an_answer_of_which_no_text_has_come(play: Playbook) -> None:
    """There is no sound to stop first."""
    ask(play)
    play.when(StopPlayback()).gives(StopAudio(1), StopModel(1))
    play.when(PlaybackStopReported(1, 0)).gives(TurnInterrupted, TurnCompleted)


def test_escape_stops_an_answer_whose_text_has_dried_up(playbook: Make) -> None:
    play = begin_speaking(connected(playbook()))
    play.after(15).goes_on()
    play.when(StopPlayback()).goes_on()
    assert play.all_of(StopModel) == [StopModel(1)]


def test_ctrl_c_stops_it(play: Playbook) -> None:
    ask(play)
    play.after(20).goes_on()
    play.when(Interrupt()).gives(StopAudio(1), StopModel(1))
    play.when(PlaybackStopReported(1, 0)).gives(TurnInterrupted, TurnCompleted)
