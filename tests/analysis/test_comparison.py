"""Two sessions side by side: what differs is told, and timing makes no difference."""

from __future__ import annotations

from dataclasses import replace

from gramophone.analysis.comparison import Comparison, SpeechMessage, compare
from gramophone.core.timeline import Event, FrameSent, SpeechConnected, TurnCompleted
from tests.support.builders import session_started, spoken_exchange

SPEAK = '{"type":"Speak","text":"%s"}'


def session(*, answer: str = "A gramophone plays records.", **changes: object) -> list[Event]:
    return [session_started(), *spoken_exchange(answer=answer, **changes)]  # pyright: ignore[reportArgumentType]


def sent(*texts: str) -> list[Event]:
    connected = SpeechConnected(at_us=0, connection=0, url="ws://x/v1/speak", request_id="r")
    return [connected, *(FrameSent(at_us=0, connection=0, text=text) for text in texts)]


def test_a_session_is_the_same_as_itself() -> None:
    compared = compare(session(), session())
    assert compared.same
    assert (compared.texts, compared.messages, compared.sounds) == ((), (), ())


def test_another_time_makes_no_difference_but_is_told() -> None:
    slow = [replace(event, at_us=event.at_us * 2) if event.at_us else event for event in session()]
    compared = compare(session(), slow)
    assert compared.same
    timing = {timing_.name: timing_ for timing_ in compared.timings}["first flush to first byte"]
    one_ms, other_ms = timing.p50_ms
    assert one_ms is not None
    assert other_ms == 2 * one_ms


def test_another_text_is_told() -> None:
    compared = compare(session(), session(answer="A gramophone plays tapes."))
    assert compared.texts == (
        'Turn 1 says "A gramophone plays records." in the first, '
        '"A gramophone plays tapes." in the second.',
    )
    assert not compared.same


def test_a_turn_more_is_told() -> None:
    longer = [*session(), *spoken_exchange(first_turn=2, start_us=9_000_000)]
    compared = compare(session(), longer)
    assert [text.partition(":")[0] for text in compared.texts] == [
        "Turn 2 (user) is in the second only",
        "Turn 3 (assistant) is in the second only",
    ]


def test_another_end_is_told() -> None:
    cut = [
        replace(event, finish_reason="length")
        if isinstance(event, TurnCompleted) and event.role == "assistant"
        else event
        for event in session()
    ]
    assert compare(session(), cut).texts == ("Turn 1 ended with stop and with length.",)


def test_sound_is_compared_by_length_and_hash() -> None:
    other = session(frames=(b"\x01\x00" * 480, b"\x02\x00" * 470))
    (sentence,) = compare(session(), other).sounds
    assert sentence.startswith("The sound of turn 1 differs: 1920 bytes, ")
    assert "and 1900 bytes, " in sentence


def test_how_frames_were_cut_makes_no_difference() -> None:
    other = session(frames=(b"\x01\x00" * 100, b"\x01\x00" * 380 + b"\x02\x00" * 480))
    assert compare(session(), other).sounds == ()


def test_messages_are_compared_in_order() -> None:
    one = sent(SPEAK % "One.", '{"type":"Flush"}', SPEAK % "Two.", '{"type":"Flush"}')
    other = sent(SPEAK % "One.", SPEAK % "Two.", '{"type":"Flush"}')
    compared = compare(one, other)
    assert compared.messages
    assert not compared.same
    assert compare(one, one).same


def test_how_text_is_cut_into_messages_makes_no_difference() -> None:
    assert compare(sent(SPEAK % "One. Two."), sent(SPEAK % "One. ", SPEAK % "Two.")).same


def test_what_is_no_json_is_a_message_too() -> None:
    compared = compare(sent("rubbish"), sent("[1]"))
    assert compared.messages == ('Message 0: ? "rubbish" in the first, ? "[1]" in the second.',)


def test_nothing_is_the_same_as_nothing() -> None:
    assert compare([], []) == Comparison((), (), (), ())
    assert SpeechMessage("Flush").text == ""
