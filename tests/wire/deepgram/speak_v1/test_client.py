"""The client's side of Speak v1: what goes out when, and what answers mean."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.wire.deepgram.speak_v1.client import ClientLimits, SpeakClient, split_text
from gramophone.wire.deepgram.speak_v1.messages import Cleared, Flushed, Metadata, Warned, render
from gramophone.wire.speech_client import (
    ClearDone,
    FlushDone,
    FlushIgnored,
    NotUnderstood,
    Opened,
    OutgoingFrame,
    ServiceWarned,
)

SECOND_US = 1_000_000
FLUSHED = render(Flushed(0))
CLEARED = render(Cleared(0))
TOO_MANY = render(Warned("EXCESSIVE_FLUSH", "Too many."))


@pytest.fixture
def client() -> SpeakClient:
    return SpeakClient(ClientLimits(), opened_us=0)


def flushing(client: SpeakClient, *numbers: int) -> SpeakClient:
    """A client that has sent these flushes."""
    for number in numbers:
        client.flush(number)
    assert [outgoing.flush for outgoing in client.poll(0)] == list(numbers)
    return client


def text_of(outgoing: OutgoingFrame) -> str:
    return json.loads(outgoing.frame).get("text", "")


class TestSending:
    def test_a_space_follows_each_text(self, client: SpeakClient) -> None:
        client.speak("One.", 0)
        client.speak("Two.", 1)
        client.flush(0)
        assert client.poll(0) == [
            OutgoingFrame('{"type":"Speak","text":"One. "}', chunks=(0,)),
            OutgoingFrame('{"type":"Speak","text":"Two. "}', chunks=(1,)),
            OutgoingFrame('{"type":"Flush"}', flush=0),
        ]
        assert client.poll(0) == []

    def test_nothing_waits_for_nothing(self, client: SpeakClient) -> None:
        assert client.next_poll_us(5) is None
        assert client.next_wake_us(5) is None
        client.flush(0)
        assert client.next_poll_us(5) == 5

    def test_a_long_text_takes_several_messages_and_one_name(self, client: SpeakClient) -> None:
        client.speak("word " * 460, 7)
        sent = client.poll(0)
        assert [outgoing.chunks for outgoing in sent] == [(7,), ()]
        assert "".join(map(text_of, sent)) == "word " * 460 + " "
        assert len(text_of(sent[0])) <= 2000

    def test_quotes_and_controls_are_escaped(self, client: SpeakClient) -> None:
        client.speak('"\\\n\ud800', 0)
        (sent,) = client.poll(0)
        assert sent.frame.isascii()
        assert text_of(sent) == '"\\\n\ud800 '

    def test_no_more_than_the_minute_allows(self, client: SpeakClient) -> None:
        client.speak("a" * 1499, 0)
        client.speak("b" * 899, 1)
        client.speak("c", 2)
        assert [outgoing.chunks for outgoing in client.poll(0)] == [(0,), (1,)]
        assert client.next_poll_us(SECOND_US) == 61 * SECOND_US
        assert client.poll(61 * SECOND_US - 1) == []
        assert [outgoing.chunks for outgoing in client.poll(61 * SECOND_US)] == [(2,)]

    def test_text_waits_for_as_much_room_as_it_needs(self, client: SpeakClient) -> None:
        client.speak("a" * 999, 0)
        client.poll(0)
        client.speak("b" * 999, 1)
        client.poll(10 * SECOND_US)
        client.speak("c" * 1899, 2)
        assert client.next_poll_us(11 * SECOND_US) == 71 * SECOND_US
        assert client.poll(61 * SECOND_US) == []
        assert [outgoing.chunks for outgoing in client.poll(71 * SECOND_US)] == [(2,)]

    def test_flushes_are_counted_in_a_rolling_window(self, client: SpeakClient) -> None:
        for number in range(21):
            client.flush(number)
        assert client.flushes_left(0) == 0
        assert len(client.poll(0)) == 20
        assert client.next_poll_us(1) == 65 * SECOND_US
        assert client.poll(65 * SECOND_US - 1) == []
        assert [outgoing.flush for outgoing in client.poll(65 * SECOND_US)] == [20]
        assert client.flushes_left(65 * SECOND_US) == 19

    def test_an_embedded_voice_limits_messages_alone(self) -> None:
        client = SpeakClient(ClientLimits.embedded(), 0)
        for number in range(100):
            client.speak("a" * 1799, number)
            client.flush(number)
        assert len(client.poll(0)) == 200
        assert not client.near_expiry(10**12)

    @pytest.mark.parametrize(("seconds", "near"), [(3299, False), (3300, True), (4000, True)])
    def test_it_knows_when_its_hour_is_nearly_over(
        self, client: SpeakClient, seconds: int, near: bool
    ) -> None:
        assert client.near_expiry(seconds * SECOND_US) is near

    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("text"), st.integers(1, 260)),
                st.tuples(st.just("flush"), st.just(0)),
                st.tuples(st.just("wait"), st.integers(1, 30_000)),
            ),
            max_size=80,
        )
    )
    def test_no_window_is_ever_exceeded_and_all_comes_out_in_order(
        self, steps: list[tuple[str, int]]
    ) -> None:
        limits = ClientLimits(message_chars=50, window_chars=300, window_flushes=3)
        client = SpeakClient(limits, 0)
        now_us = 0
        sent: list[tuple[int, OutgoingFrame]] = []
        expected: list[str] = []
        for number, (kind, size) in enumerate(steps):
            match kind:
                case "text":
                    text = f"{number} " * size
                    expected.append(text[:size] + " ")
                    client.speak(text[:size], number)
                case "flush":
                    expected.append("|")
                    client.flush(number)
                case _:
                    now_us += size * 1000
            sent += [(now_us, outgoing) for outgoing in client.poll(now_us)]
        while (due_us := client.next_poll_us(now_us)) is not None:
            assert due_us >= now_us
            now_us = due_us
            frames = client.poll(now_us)
            assert frames, "what was announced did not come"
            sent += [(now_us, outgoing) for outgoing in frames]
        assert "".join(text_of(frame) or "|" for _, frame in sent) == "".join(expected)
        assert all(len(text_of(frame)) <= limits.message_chars for _, frame in sent)
        characters = [(at_us, len(text_of(frame))) for at_us, frame in sent if text_of(frame)]
        flushes = [(at_us, 1) for at_us, frame in sent if frame.flush is not None]
        assert busiest(characters, limits.chars_window_us) <= limits.window_chars
        assert busiest(flushes, limits.flushes_window_us) <= limits.window_flushes


def busiest(sent: Sequence[tuple[int, int]], window_us: int) -> int:
    """The most that falls into any window of this length."""
    return max(
        (
            sum(amount for at_us, amount in sent if began_us <= at_us < began_us + window_us)
            for began_us, _ in sent
        ),
        default=0,
    )


class TestSplitting:
    @given(st.text(max_size=200), st.integers(1, 40))
    def test_no_character_is_lost_and_no_piece_too_long(self, text: str, limit: int) -> None:
        pieces = split_text(text, limit)
        assert "".join(pieces) == text
        assert all(1 <= len(piece) <= limit for piece in pieces)

    def test_it_is_done_at_a_space_where_there_is_one(self) -> None:
        assert split_text("one two three", 8) == ["one two", " three"]

    def test_a_word_that_is_too_long_is_cut(self) -> None:
        assert split_text("onetwothree", 4) == ["onet", "woth", "ree"]

    def test_pieces_are_as_long_as_may_be(self) -> None:
        pieces = split_text("a " * 3000, 2000)
        assert list(accumulate(map(len, pieces)))[-1] == 6000
        assert len(pieces) == 4


class TestAnswers:
    def test_metadata_names_the_service(self, client: SpeakClient) -> None:
        frame = render(Metadata("req", "aura", "1", "2"))
        assert client.receive_text(frame, 0) == [Opened("req")]

    def test_flushes_are_answered_in_their_order(self, client: SpeakClient) -> None:
        flushing(client, 4, 5)
        assert client.receive_text(FLUSHED, 1) == [FlushDone(4)]
        assert client.owing
        assert client.receive_text(FLUSHED, 2) == [FlushDone(5)]
        assert not client.owing
        assert client.receive_text(FLUSHED, 3) == []

    @pytest.mark.parametrize(
        "frame",
        [
            '{"type":"Warning","warn_code":"SOMETHING","warn_msg":"Beware."}',
            '{"type":"Warning","code":"SOMETHING","description":"Beware."}',
        ],
    )
    def test_a_warning_is_read_in_both_dialects(self, client: SpeakClient, frame: str) -> None:
        assert client.receive_text(frame, 0) == [ServiceWarned("SOMETHING", "Beware.")]

    def test_what_is_not_understood_is_named(self, client: SpeakClient) -> None:
        (meaning,) = client.receive_text("nonsense", 0)
        assert isinstance(meaning, NotUnderstood)
        assert "not JSON" in meaning.detail
        assert client.receive_text('{"type":"Applause"}', 0) == [
            NotUnderstood("unknown message type 'Applause'")
        ]


class TestRefusedFlushes:
    @pytest.mark.parametrize(
        "frame",
        [
            TOO_MANY,
            '{"type":"Warning","code":"EXCESSIVE_FLUSH","description":"Too many."}',
        ],
    )
    def test_the_newest_is_sent_again(self, client: SpeakClient, frame: str) -> None:
        flushing(client, 0, 1)
        warned, ignored = client.receive_text(frame, 0)
        assert isinstance(warned, ServiceWarned)
        assert ignored == FlushIgnored(1)
        assert client.flushes_left(0) == 0
        assert client.poll(8 * SECOND_US - 1) == []
        assert client.poll(8 * SECOND_US) == [OutgoingFrame('{"type":"Flush"}', flush=1)]
        assert client.receive_text(FLUSHED, 0) == [FlushDone(0)]

    def test_it_goes_out_before_what_was_queued_behind_it(self, client: SpeakClient) -> None:
        flushing(client, 0)
        client.receive_text(TOO_MANY, 0)
        client.speak("More.", 1)
        client.flush(1)
        assert client.poll(0) == []
        sent = client.poll(8 * SECOND_US)
        assert [outgoing.flush for outgoing in sent] == [0, None, 1]

    def test_an_answer_ends_the_growing_patience(self, client: SpeakClient) -> None:
        flushing(client, 0)
        client.receive_text(TOO_MANY, 0)
        client.poll(8 * SECOND_US)
        client.receive_text(FLUSHED, 9 * SECOND_US)
        client.flush(1)
        client.poll(9 * SECOND_US)
        client.receive_text(TOO_MANY, 10 * SECOND_US)
        assert client.next_poll_us(10 * SECOND_US) == 18 * SECOND_US

    def test_nothing_is_sent_again_when_nothing_was_flushed(self, client: SpeakClient) -> None:
        assert client.receive_text(TOO_MANY, 0) == [ServiceWarned("EXCESSIVE_FLUSH", "Too many.")]

    def test_a_refusal_from_before_a_clear_is_not_the_next_ones(self, client: SpeakClient) -> None:
        flushing(client, 0)
        client.clear(0)
        flushing(client, 1)
        assert len(client.receive_text(TOO_MANY, 0)) == 1
        client.receive_text(CLEARED, 0)
        client.receive_audio(0)
        assert client.receive_text(FLUSHED, 0) == [FlushDone(1)]


class TestClearing:
    def test_everything_is_dropped(self, client: SpeakClient) -> None:
        flushing(client, 0)
        client.speak("More.", 1)
        assert client.clear(0) == ['{"type":"Clear"}']
        assert client.poll(0) == []
        assert not client.owing

    def test_sound_is_stale_until_the_cleared(self, client: SpeakClient) -> None:
        flushing(client, 0)
        assert not client.stale
        client.clear(0)
        client.clear(0)
        assert client.stale
        assert client.receive_text(CLEARED, 0) == [ClearDone()]
        assert client.stale
        assert client.receive_text(CLEARED, 0) == [ClearDone()]
        assert not client.stale
        assert client.receive_text(CLEARED, 0) == []

    def test_a_flushed_before_the_cleared_answers_nothing(self, client: SpeakClient) -> None:
        flushing(client, 0)
        client.clear(0)
        flushing(client, 1)
        assert client.receive_text(FLUSHED, 0) == []
        client.receive_text(CLEARED, 0)
        assert client.receive_text(FLUSHED, 0) == [FlushDone(1)]

    def test_a_late_flushed_after_the_cleared_answers_nothing(self, client: SpeakClient) -> None:
        flushing(client, 0, 1)
        client.clear(0)
        flushing(client, 2)
        client.receive_text(CLEARED, 0)
        assert client.receive_text(FLUSHED, 0) == []
        assert client.receive_text(FLUSHED, 0) == []
        client.receive_audio(0)
        assert client.receive_text(FLUSHED, 0) == [FlushDone(2)]

    def test_after_its_sound_a_flushed_is_an_answer(self, client: SpeakClient) -> None:
        flushing(client, 0)
        client.clear(0)
        flushing(client, 1)
        client.receive_audio(0)
        client.receive_text(CLEARED, 0)
        client.receive_audio(0)
        assert client.receive_text(FLUSHED, 0) == [FlushDone(1)]

    def test_close_is_said_in_so_many_words(self, client: SpeakClient) -> None:
        assert client.close() == ['{"type":"Close"}']


class TestTimeouts:
    def test_an_answer_is_owed_from_the_flush(self, client: SpeakClient) -> None:
        client.flush(0)
        client.poll(5 * SECOND_US)
        assert client.silent_for_us(6 * SECOND_US) == SECOND_US
        assert not client.timed_out(15 * SECOND_US)
        assert client.timed_out(15 * SECOND_US + 1)
        assert client.next_wake_us(6 * SECOND_US) == 15 * SECOND_US + 1

    def test_nothing_is_owed_without_a_flush(self, client: SpeakClient) -> None:
        client.speak("Hello", 0)
        client.poll(0)
        assert client.silent_for_us(100 * SECOND_US) == 0

    @pytest.mark.parametrize("frame", [FLUSHED, TOO_MANY, '{"type":"Applause"}'])
    def test_a_message_is_a_sign_of_life(self, client: SpeakClient, frame: str) -> None:
        flushing(client, 0, 1)
        client.receive_text(frame, 9 * SECOND_US)
        assert not client.timed_out(19 * SECOND_US)
        assert client.timed_out(20 * SECOND_US)

    def test_rubbish_is_none(self, client: SpeakClient) -> None:
        flushing(client, 0)
        client.receive_text("nonsense", 9 * SECOND_US)
        assert client.timed_out(11 * SECOND_US)

    def test_sound_is_one(self, client: SpeakClient) -> None:
        flushing(client, 0)
        client.receive_audio(9 * SECOND_US)
        assert not client.timed_out(19 * SECOND_US)

    def test_a_clear_has_to_be_answered(self, client: SpeakClient) -> None:
        flushing(client, 0)
        client.clear(5 * SECOND_US)
        assert client.timed_out(16 * SECOND_US)
        client.receive_text(CLEARED, 16 * SECOND_US)
        assert not client.timed_out(100 * SECOND_US)

    def test_the_earlier_of_two_reasons_wakes(self, client: SpeakClient) -> None:
        flushing(client, 0)
        client.receive_text(TOO_MANY, 0)
        assert client.next_wake_us(0) == 8 * SECOND_US
