"""One turn's speech: what is sent when, what is said again, and what was heard."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.conversation.speech_pacer import (
    SLOW_US_PER_CHAR,
    SURE_MARGIN_US,
    SpeechPacer,
    TextBatch,
)
from tests.support.speech_world import Service, speak

SECOND_US = 1_000_000
PLENTY = 20
WORDS = (
    "river stone morning letter simple carry window garden music answer travel silver quiet "
    "number market winter people machine record needle voice groove listen paper copper"
).split()


def tokens(count: int, opening: str = "", seed: int = 1) -> list[str]:
    """So many words with their spaces, in sentences of four to twenty."""
    chance = random.Random(seed)
    written = [f"{word} " for word in opening.split()]
    words_left = 0
    while len(written) < count:
        word = chance.choice(WORDS)
        if not words_left:
            words_left = chance.randint(4, 20)
            word = word.capitalize()
        words_left -= 1
        mark = "." if not words_left else "," if chance.random() < 0.1 else ""
        written.append(f"{word}{mark} ")
    return [*written[:-1], written[-1].strip(" .,") + "."]


def text_of(sending: TextBatch | None) -> str:
    assert sending is not None
    return " ".join(chunk.text for chunk in sending.chunks)


def uttering(text: str, *, whole: bool = False) -> SpeechPacer:
    utterance = SpeechPacer(0)
    utterance.feed(text)
    if whole:
        utterance.finish()
    return utterance


class TestWhatIsSentWhen:
    def test_the_first_clause_goes_at_once_and_alone(self) -> None:
        utterance = uttering("Sure, here is how. It is simple. Like this. And ")
        assert text_of(utterance.send(0, 0, PLENTY)) == "Sure,"

    def test_sentences_follow_together_while_little_is_unheard(self) -> None:
        utterance = uttering("Sure, here is how. It is simple. Like this. And ")
        utterance.send(0, 0, PLENTY)
        sending = utterance.send(0, 0, PLENTY)
        assert text_of(sending) == "here is how. It is simple. Like this."
        assert sending is not None
        assert (sending.flush, sending.first_chunk, sending.last_chunk) == (1, 1, 3)
        assert utterance.send(0, 0, PLENTY) is None

    def test_text_is_held_while_much_is_unheard(self) -> None:
        utterance = uttering("One two three. Four five six. Seven ")
        utterance.send(0, 0, PLENTY)
        assert utterance.send(0, 3 * SECOND_US, PLENTY) is None
        assert text_of(utterance.send(0, SECOND_US, PLENTY)) == "Four five six."

    def test_what_was_sent_and_has_not_sounded_counts_as_unheard(self) -> None:
        sentence = "This sentence is as long as some sixty letters are when spoken."
        utterance = uttering(f"{sentence} {sentence} And ")
        utterance.send(0, 0, PLENTY)
        assert utterance.send(0, 0, PLENTY) is None
        utterance.audio(0, 2 * SECOND_US)
        assert utterance.send(0, 0, PLENTY) is not None

    def test_the_fewer_flushes_are_left_the_longer_it_waits(self) -> None:
        def asks_for_more_at(queued_us: int, flushes_left: int) -> bool:
            utterance = uttering("One two three. Four five six. Seven ")
            utterance.send(0, 0, PLENTY)
            utterance.audio(0, SECOND_US)
            utterance.flush_done(0)
            return utterance.send(0, queued_us, flushes_left) is not None

        assert asks_for_more_at(2_500_000, 20)
        assert not asks_for_more_at(2_500_000, 12)
        assert asks_for_more_at(1_300_000, 12)
        assert not asks_for_more_at(1_300_000, 6)
        assert asks_for_more_at(600_000, 6)
        assert not asks_for_more_at(600_000, 4)
        assert asks_for_more_at(0, 4)

    def test_a_group_is_no_longer_than_a_breath_of_400_characters(self) -> None:
        utterance = uttering("One. " + "This is a sentence of forty characters. " * 30 + "And ")
        utterance.send(0, 0, PLENTY)
        sending = utterance.send(0, 0, PLENTY)
        assert 360 <= len(text_of(sending)) <= 410

    def test_the_last_flush_goes_however_much_is_unheard(self) -> None:
        utterance = uttering("One two three. Four", whole=True)
        utterance.send(0, 0, PLENTY)
        assert text_of(utterance.send(0, 60 * SECOND_US, 1)) == "Four"

    def test_nothing_goes_without_a_flush_to_go_with_it(self) -> None:
        utterance = uttering("One two three.", whole=True)
        assert utterance.send(0, 0, 0) is None
        assert text_of(utterance.send(0, 0, 1)) == "One two three."

    def test_a_sentence_is_cut_when_sound_is_about_to_run_dry(self) -> None:
        utterance = uttering("One two three. This is a sentence that goes on and on ")
        utterance.send(0, 0, PLENTY)
        utterance.audio(100_000, 800_000)
        assert utterance.send(100_000, 800_000, PLENTY) is None
        utterance.flush_done(0)
        cut = text_of(utterance.send(500_000, 300_000, PLENTY))
        assert cut.startswith("This is a sentence")
        assert not cut.endswith(".")

    def test_sound_that_is_only_kept_is_spoken_by_whole_sentences(self) -> None:
        utterance = SpeechPacer(0, awaited=False)
        utterance.feed("Sure, and here we go with a sentence that takes its time and ")
        assert text_of(utterance.send(0, 0, PLENTY)) == "Sure,"
        utterance.audio(0, 500_000)
        utterance.flush_done(0)
        assert utterance.send(500_000, 0, PLENTY) is None
        utterance.feed("ends. More")
        sent = text_of(utterance.send(600_000, 0, PLENTY))
        assert sent == "and here we go with a sentence that takes its time and ends."

    def test_a_sentence_is_not_cut_before_the_first_sound(self) -> None:
        utterance = uttering("One two three. This is a sentence that goes on and on ")
        utterance.send(0, 0, PLENTY)
        assert utterance.send(100_000, 0, PLENTY) is None

    def test_the_last_flushes_are_not_spent_on_cuts(self) -> None:
        utterance = uttering("One two three. This is a sentence that goes on and on ")
        utterance.send(0, 0, PLENTY)
        utterance.audio(100_000, 800_000)
        utterance.flush_done(0)
        assert utterance.send(500_000, 0, 4) is None
        assert utterance.send(500_000, 0, 5) is not None

    def test_an_answer_that_came_late_does_not_make_it_greedy(self) -> None:
        """A first byte that took a minute of pacing says nothing about the service."""
        utterance = uttering("One two three. Four five six. Seven ")
        utterance.send(0, 0, PLENTY)
        utterance.audio(60 * SECOND_US, SECOND_US)
        utterance.flush_done(0)
        assert utterance.send(61 * SECOND_US, 4 * SECOND_US, PLENTY) is None


class TestWhenItIsComplete:
    def test_only_with_the_text_whole_and_every_flush_answered(self) -> None:
        utterance = uttering("One two three.")
        assert not utterance.complete
        utterance.finish()
        assert not utterance.complete
        utterance.send(0, 0, PLENTY)
        assert not utterance.complete
        utterance.flush_done(0)
        assert utterance.complete

    def test_at_once_where_nothing_can_be_spoken(self) -> None:
        assert uttering("```\ncode\n```\n", whole=True).complete

    def test_when_it_was_given_up(self) -> None:
        utterance = uttering("One two three. Four five six. Seven")
        utterance.send(0, 0, PLENTY)
        utterance.abandon()
        assert utterance.complete
        assert utterance.abandoned
        utterance.feed(" eight.")
        utterance.finish()
        assert utterance.send(0, 0, PLENTY) is None

    def test_an_answer_to_a_flush_that_is_none_of_its_own_is_passed_over(self) -> None:
        utterance = uttering("One two three.", whole=True)
        utterance.send(0, 0, PLENTY)
        utterance.flush_done(7)
        assert not utterance.complete


class TestInAWorldOfItsOwn:
    """A model of 50 tokens a second, a service that answers in 150 ms with 15 characters a
    second, and a player."""

    @pytest.mark.parametrize("count", [2, 10, 120, 400, 1000, 3000])
    @pytest.mark.parametrize("opening", ["Sure, here is how", "Yes.", "The"])
    def test_every_word_once_in_order_without_a_gap(self, count: int, opening: str) -> None:
        deltas = tokens(count, opening)
        spoken = speak(deltas)
        assert spoken.words == "".join(deltas).split()
        assert spoken.gaps == []
        assert spoken.most_flushes() <= 10

    def test_the_first_sound_needs_a_clause_and_the_service_alone(self) -> None:
        spoken = speak(tokens(120, "Sure, here is how"))
        assert spoken.first_sound_us <= 200_000

    @pytest.mark.parametrize("latency_us", [50_000, 300_000])
    @pytest.mark.parametrize("us_per_char", [45_000, 90_000])
    def test_other_paces_and_latencies(self, us_per_char: int, latency_us: int) -> None:
        deltas = tokens(400, "The answer to this is a long one")
        spoken = speak(deltas, service=Service(us_per_char=us_per_char, latency_us=latency_us))
        assert spoken.words == "".join(deltas).split()
        assert spoken.gaps == []
        assert spoken.most_flushes() <= 20

    def test_a_service_that_keeps_real_time(self) -> None:
        deltas = tokens(400)
        spoken = speak(deltas, service=Service(speed=1))
        assert spoken.words == "".join(deltas).split()
        assert spoken.most_flushes() <= 20

    @pytest.mark.parametrize("tokens_per_second", [1, 3])
    def test_a_model_slower_than_speech_cannot_use_the_flushes_up(
        self, tokens_per_second: float
    ) -> None:
        deltas = tokens(300)
        spoken = speak(deltas, tokens_per_second=tokens_per_second)
        assert spoken.words == "".join(deltas).split()
        assert spoken.most_flushes() <= 20

    @settings(max_examples=25, deadline=None)
    @given(st.integers(1, 200), st.integers(0, 1000), st.sampled_from([2.0, 8.0, 50.0, 400.0]))
    def test_whatever_is_said_all_of_it_is_spoken(
        self, count: int, seed: int, tokens_per_second: float
    ) -> None:
        deltas = tokens(count, seed=seed)
        spoken = speak(deltas, tokens_per_second=tokens_per_second)
        assert spoken.words == "".join(deltas).split()
        assert spoken.most_flushes() <= 20


class TestAfterABrokenConnection:
    def test_all_that_was_not_answered_is_said_again(self) -> None:
        utterance = uttering("One two three. Four five six. Seven eight nine. Ten ")
        utterance.send(0, 0, PLENTY)
        utterance.send(0, 0, PLENTY)
        first, second = utterance.unspoken(0)
        assert (text_of(first), text_of(second)) == (
            "One two three.",
            "Four five six. Seven eight nine.",
        )
        assert (first.flush, second.flush) == (2, 3)
        assert (first.first_chunk, second.last_chunk) == (3, 5)

    def test_what_was_answered_is_not(self) -> None:
        utterance = uttering("One two three. Four five six. Seven ")
        utterance.send(0, 0, PLENTY)
        utterance.send(0, 0, PLENTY)
        utterance.audio(0, 900_000)
        utterance.flush_done(0)
        (again,) = utterance.unspoken(0)
        assert text_of(again) == "Four five six."

    def test_what_was_all_received_is_not(self) -> None:
        utterance = uttering("One two three.", whole=True)
        utterance.send(0, 0, PLENTY)
        utterance.audio(0, 10 * SECOND_US)
        assert utterance.unspoken(0) == []
        assert utterance.complete

    def test_text_not_sent_yet_is_sent_as_if_nothing_had_happened(self) -> None:
        utterance = uttering("One two three. Four five six. Seven ")
        utterance.send(0, 0, PLENTY)
        (again,) = utterance.unspoken(0)
        assert text_of(again) == "One two three."
        assert text_of(utterance.send(0, 0, PLENTY)) == "Four five six."

    @settings(deadline=None)
    @given(
        st.integers(40_000, 90_000),
        st.integers(0, 100),
        st.integers(5, 60),
        st.integers(0, 50),
    )
    def test_no_word_is_lost_and_few_are_repeated(
        self, us_per_char: int, percent: int, count: int, seed: int
    ) -> None:
        answer = "".join(tokens(count, seed=seed))
        utterance = uttering(answer, whole=True)
        sent: list[TextBatch] = []
        while sending := utterance.send(0, 0, PLENTY):
            sent.append(sending)
        text = " ".join(map(text_of, sent))
        received_us = len(text) * us_per_char * percent // 100
        flown_us = 0
        for number, sending in enumerate(sent):
            # The space before all but the first is a part of `text`, so its time counts as well.
            length_us = (len(text_of(sending)) + (number > 0)) * us_per_char
            if flown_us + length_us > received_us:
                utterance.audio(0, received_us - flown_us)
                break
            utterance.audio(0, length_us)
            utterance.flush_done(sending.flush)
            flown_us += length_us
        again = " ".join(text_of(sending) for sending in utterance.unspoken(0))
        sounded = text[: received_us // us_per_char]
        assert text.endswith(again)
        whole = text[len(sounded) :][:1] in ("", " ")
        cut_at = len(sounded) if whole else sounded.rfind(" ") + 1
        assert len(again) >= len(text[cut_at:].strip())
        # Less than 400 characters are ever unanswered. Unsure is what a slow voice would not have
        # said in that time, until the pace is known, and an eighth from then on; and the margin.
        unsure = max(1 / 8, 1 - us_per_char / SLOW_US_PER_CHAR)
        margin = SURE_MARGIN_US // us_per_char + 10
        assert len(again) <= len(text) - cut_at + 400 * unsure + margin


class TestOverABrokenConnection:
    def test_what_was_surely_heard_is_not_said_again(self) -> None:
        utterance = uttering("one two three four five six seven eight nine ten.", whole=True)
        utterance.send(0, 0, PLENTY)
        utterance.audio(0, 2 * SECOND_US)
        (again,) = utterance.unspoken(0)
        assert text_of(again) == "four five six seven eight nine ten."
