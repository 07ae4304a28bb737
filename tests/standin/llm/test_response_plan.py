"""What faults make of an answer: pieces in, a plan out."""

from __future__ import annotations

import pytest

from gramophone.standin.faults import Fault
from gramophone.standin.llm.response_plan import (
    Ending,
    InjectedEvents,
    ResponsePlan,
    TimedBytes,
    plan_of,
)

MS = 1000
PIECES = [(0, b"one "), (10 * MS, b"two "), (20 * MS, b"three "), (30 * MS, b"four")]
INTRUDERS = InjectedEvents(lambda sent: b"<error>", b"<rubbish>", b"<unknown>")


def planned(
    *faults: str, pieces: list[TimedBytes] = PIECES, ending: Ending = Ending.WHOLE
) -> ResponsePlan:
    return plan_of(pieces, ending, tuple(map(Fault.parse, faults)), INTRUDERS)


def text_of(plan: ResponsePlan) -> str:
    return b"".join(data for _, data in plan.pieces).decode()


def instants_ms(plan: ResponsePlan) -> list[int]:
    return [instant_us // MS for instant_us, _ in plan.pieces]


def test_without_faults_it_stays_as_it_is() -> None:
    assert planned() == ResponsePlan(tuple(PIECES), Ending.WHOLE, 30 * MS)
    assert planned(ending=Ending.CUT).ending is Ending.CUT
    assert plan_of([], Ending.WHOLE, (), INTRUDERS) == ResponsePlan((), Ending.WHOLE, 0)


@pytest.mark.parametrize(
    ("fault", "text", "ending", "ends_ms"),
    [
        ("drop=6", "one tw", Ending.CUT, 10),
        ("drop=4", "one ", Ending.CUT, 10),
        ("drop=0", "", Ending.CUT, 0),
        ("reset=#3", "one two ", Ending.RESET, 20),
        ("reset=15ms", "one two ", Ending.RESET, 20),
        ("stall=#2", "one ", Ending.SILENCE, 10),
        ("silent=5", "one t", Ending.SILENCE, 10),
        ("sse-cut", "one two thr", Ending.CUT, 20),
        ("sse-cut=#2", "one tw", Ending.CUT, 10),
        ("sse-cut=9", "one two t", Ending.CUT, 20),
        ("overloaded", "one two <error>", Ending.WHOLE, 20),
        ("overloaded=#2", "one <error>", Ending.WHOLE, 10),
        ("malformed-chunk", "one two ", Ending.SPOILT, 20),
        ("rubbish", "<rubbish>one two three four", Ending.WHOLE, 30),
        ("rubbish=#2", "one <rubbish>two three four", Ending.WHOLE, 30),
        ("unknown-type=#4", "one two three <unknown>four", Ending.WHOLE, 30),
        ("duplicate", "one one two two three three fourfour", Ending.WHOLE, 30),
        ("duplicate=#3", "one two three three four", Ending.WHOLE, 30),
        ("drop=500", "one two three four", Ending.WHOLE, 30),
        ("drop=#0", "", Ending.CUT, 0),
        ("stall=2000ms", "one two three four", Ending.WHOLE, 30),
        ("hang-up=3", "one two three four", Ending.WHOLE, 30),
    ],
)
def test_a_fault(fault: str, text: str, ending: Ending, ends_ms: int) -> None:
    plan = planned(fault)
    assert (text_of(plan), plan.ending, plan.ends_us) == (text, ending, ends_ms * MS)


def test_a_silent_server_does_not_even_begin() -> None:
    assert planned("silent") == ResponsePlan((), Ending.SILENCE, 30 * MS, begins=False)


def test_a_stall_that_ends_makes_what_follows_late_and_no_later() -> None:
    assert instants_ms(planned("stall=#2,15ms")) == [0, 25, 25, 30]


def test_a_slow_first_byte_makes_all_late() -> None:
    assert instants_ms(planned("slow-first-byte=7")) == [7, 17, 27, 37]


def test_jitter_keeps_the_order_and_is_the_same_each_time() -> None:
    plan = planned("jitter=30")
    assert plan == planned("jitter=30")
    instants = instants_ms(plan)
    assert instants == sorted(instants)
    assert all(0 <= late - due <= 30 for late, due in zip(instants, [0, 10, 20, 30], strict=True))
    assert text_of(plan) == "one two three four"


def test_reordered_events_keep_their_instants() -> None:
    plan = planned("reorder")
    assert text_of(plan) == "two one fourthree "
    assert instants_ms(plan) == [0, 10, 20, 30]


def test_faults_strike_together() -> None:
    assert (
        text_of(planned("rubbish=#2", "duplicate=#1", "drop=#4")) == "one one <rubbish>two three "
    )


def test_an_empty_answer_has_no_place_for_faults() -> None:
    assert planned("drop=0", "rubbish", pieces=[]) == ResponsePlan((), Ending.WHOLE, 0)
