"""A model's answer and its speech, seen by a proxy, are one turn of the session."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    FlushAnswered,
    FlushSent,
    RequestSent,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
)
from gramophone.standin.proxy.observe_speak_v1 import SpeakObserver
from gramophone.standin.proxy.proxy import upstream_of
from gramophone.standin.proxy.turn_joiner import TurnJoiner
from gramophone.standin.source.answers import answers_of
from gramophone.standin.source.speech import recorded_speech
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.paths import SPEAK_PATH
from gramophone.wire.deepgram.speak_v1.messages import Clear, Flush, Flushed, Speak, render
from gramophone.wire.llm.answer import ModelAnswer, TextPiece
from tests.support.model_proxies import passing, post
from tests.support.model_requests import CHAT, MESSAGES
from tests.support.model_standin import standing_in
from tests.support.speak_client import sound, talking
from tests.support.standins import running

SAID = ModelAnswer(
    None, tuple(map(TextPiece, ("**Sure.** ", "The sky is *blue*. ", "So is the sea.")))
)
LONG = SAID, SAID
FLUSHED = '{"type":"Flushed","sequence_id":0}'


class Talk:
    """A model and a speech connection, and what they come to in one session."""

    def __init__(self) -> None:
        self._turns = count()
        self.joiner = TurnJoiner(self._turns)
        self._speech = SpeakObserver(0, count(), 2)
        self.events: list[Event] = []
        self.now_us = 0

    def ask(self) -> int:
        turn = next(self._turns)
        self._model(
            TurnStarted(at_us=self._now(), turn=turn, role="assistant"),
            RequestSent(at_us=self.now_us, turn=turn, provider="openai", model="m", messages=1),
        )
        return turn

    def answer(self, turn: int, text: str, reason: str = "") -> None:
        self._model(DeltaReceived(at_us=self._now(), turn=turn, text=text))
        if reason:
            self.complete(turn, text, reason)

    def complete(self, turn: int, text: str, reason: str = "stop") -> None:
        end = TurnCompleted(
            at_us=self._now(), turn=turn, role="assistant", text=text, finish_reason=reason
        )
        self._model(end)

    def say(self, *messages: Any) -> None:
        for message in messages:
            self._heard(self._speech.sent(render(message), self._now()))

    def hear(self, *frames: str | bytes) -> None:
        for frame in frames:
            self._heard(self._speech.received(frame, self._now()))

    def leave(self, code: int = 1000) -> None:
        self._heard(self._speech.ended(code, "", self._now()))

    def end(self) -> None:
        self.events += self.joiner.released()

    def all(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def turns(self) -> list[tuple[int, str, str]]:
        return [(turn.turn, turn.text, turn.finish_reason) for turn in self.all(TurnCompleted)]

    def _now(self) -> int:
        self.now_us += 1
        return self.now_us

    def _model(self, *events: Event) -> None:
        self.events += self.joiner.answered(events)

    def _heard(self, events: list[Event]) -> None:
        self.events += self.joiner.spoken(events)


def test_sentences_that_are_spoken_while_they_stream_are_one_turn() -> None:
    talk = Talk()
    turn = talk.ask()
    talk.answer(turn, "**One** two. ")
    talk.say(Speak("One two."), Flush())
    talk.hear(b"\1\2\3\4", FLUSHED)
    talk.answer(turn, "- Three.")
    talk.complete(turn, "**One** two. - Three.")
    assert talk.turns() == []
    talk.say(Speak("Three"), Speak("."), Flush())
    talk.hear(b"\5\6")
    assert talk.turns() == []
    talk.hear(FLUSHED)
    assert talk.turns() == [(turn, "**One** two. - Three.", "stop")]
    assert len(talk.all(TurnStarted)) == 1
    spoken = [
        (event.turn, event.chunk, event.source_start, event.source_end)
        for event in talk.all(TextSpoken)
    ]
    assert spoken == [(turn, 0, 2, 11), (turn, 1, 15, 20), (turn, 2, 20, 20)]
    assert [(event.flush, event.last_chunk) for event in talk.all(FlushSent)] == [(0, 0), (1, 2)]
    assert [(event.flush, event.end_samples) for event in talk.all(FlushAnswered)] == [
        (0, 2),
        (1, 3),
    ]
    assert [event.offset_bytes for event in talk.all(AudioReceived)] == [0, 4]


@pytest.mark.parametrize("sentence", ["Let me see.", "blue", "…"])
def test_other_words_are_a_turn_of_their_own(sentence: str) -> None:
    talk = Talk()
    turn = talk.ask()
    talk.answer(turn, "The sky is blue.", "stop")
    talk.say(Speak(sentence), Flush())
    talk.hear(b"\1\2", FLUSHED)
    talk.end()
    assert talk.turns() == [(1, sentence, "stop"), (turn, "The sky is blue.", "stop")]


def test_the_next_question_ends_an_answer_that_nobody_speaks() -> None:
    talk = Talk()
    first = talk.ask()
    talk.answer(first, "One.", "stop")
    assert talk.turns() == []
    second = talk.ask()
    assert talk.turns() == [(first, "One.", "stop")]
    talk.answer(second, "One.", "failed")
    assert len(talk.turns()) == 2
    talk.say(Speak("One."))
    talk.leave()
    assert talk.turns()[2:] == [(2, "One.", "stop")]


def test_a_clear_ends_the_turn_when_the_model_has() -> None:
    talk = Talk()
    turn = talk.ask()
    talk.answer(turn, "One two. ")
    talk.say(Speak("One two."), Flush(), Clear())
    talk.hear('{"type":"Cleared","sequence_id":0}')
    assert talk.turns() == []
    talk.complete(turn, "One two. Three.")
    assert talk.turns() == [(turn, "One two. Three.", "interrupted")]


def test_two_that_speak_the_same_answer_at_once_are_two() -> None:
    talk = Talk()
    turn = talk.ask()
    talk.answer(turn, "One. Two.", "stop")
    talk.say(Speak("One."), Flush())
    beside = SpeakObserver(1, iter([99]), 2)
    talk.events += talk.joiner.spoken(beside.sent(render(Speak("Two.")), 7))
    assert [event.turn for event in talk.all(TextSpoken)] == [turn, 1]


WORDS = st.sampled_from(["One. ", "Two! ", "*three*", "…", "four"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "answer", "stop", "say", "flush", "clear", "sound"]), WORDS)
    | st.tuples(st.sampled_from(["flushed", "cleared"]), st.just("")),
    max_size=25,
)


@given(STEPS)
def test_each_turn_begins_once_ends_once_and_has_its_sound_in_one_piece(
    steps: list[tuple[str, str]],
) -> None:
    talk, open_turn, texts = Talk(), -1, dict[int, str]()
    for step, word in steps:
        match step:
            case "ask" if open_turn < 0:
                open_turn = talk.ask()
            case "answer" if open_turn >= 0:
                texts[open_turn] = texts.get(open_turn, "") + word
                talk.answer(open_turn, word)
            case "stop" if open_turn >= 0:
                talk.complete(open_turn, texts.get(open_turn, ""))
                open_turn = -1
            case "say":
                talk.say(Speak(word))
            case "flush":
                talk.say(Flush())
            case "clear":
                talk.say(Clear())
            case "sound":
                talk.hear(word.encode())
            case "flushed":
                talk.hear(FLUSHED)
            case "cleared":
                talk.hear('{"type":"Cleared","sequence_id":0}')
            case _:
                pass
    talk.leave()
    if open_turn >= 0:
        talk.complete(open_turn, texts.get(open_turn, ""))
    talk.end()
    begun = [event.turn for event in talk.all(TurnStarted)]
    assert begun == list(range(len(begun)))
    assert sorted(event.turn for event in talk.all(TurnCompleted)) == begun
    sizes = dict.fromkeys(begun, 0)
    for frame in talk.all(AudioReceived):
        assert frame.offset_bytes == sizes[frame.turn]
        sizes[frame.turn] += frame.size_bytes
    for turn in begun:
        chunks = [event.chunk for event in talk.all(TextSpoken) if event.turn == turn]
        assert chunks == list(range(len(chunks)))
        flushes = [event.flush for event in talk.all(FlushSent) if event.turn == turn]
        assert flushes == list(range(len(flushes)))


async def test_a_talk_through_the_proxy_is_served_again() -> None:
    async with standing_in(*LONG) as models, running() as speech:
        places = {name: upstream_of(models.http()) for name in ("openai", "anthropic")}
        async with passing(speech, places) as through:
            answer = (await post(through.address, CHAT)).json()["choices"][0]["message"]["content"]
            sentences = answer.replace("*", "").split(". ")
            async with talking(through.address.websocket(SPEAK_PATH), "") as talk:
                sounds: list[bytes] = []
                for sentence in sentences:
                    await talk.say(Speak(sentence), Flush())
                    sounds.append(sound(await talk.hear_until(Flushed)))
                await post(through.address, MESSAGES)
    started = through.all(TurnStarted)
    assert [(event.turn, event.role) for event in started] == [
        (0, "user"),
        (1, "assistant"),
        (2, "user"),
        (3, "assistant"),
    ]
    assert {event.turn for event in through.all(TextSpoken, AudioReceived)} == {1}
    ends = through.all(TurnCompleted)
    assert [(event.turn, event.text) for event in ends if event.role == "assistant"] == [
        (1, answer),
        (3, answer),
    ]
    instants = [event.at_us for event in through.events]
    assert instants == sorted(instants)
    assert [answer.prompt for answer in answers_of(through.events)] == ["Hello?", "Hello?"]
    voice = RecordedVoice(recorded_speech(through.events), strict=True)
    async with running(voice=voice) as again, talking(again, "") as talk:
        for sentence, before in zip(sentences, sounds, strict=True):
            await talk.say(Speak(sentence), Flush())
            assert sound(await talk.hear_until(Flushed)) == before
