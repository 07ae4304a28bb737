"""Surrogates: pairs are joined wherever they are cut, and halves become U+FFFD."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gramophone.core.intents import Submit
from gramophone.core.surrogates import SurrogateJoiner, escaped, whole
from gramophone.core.timeline import (
    DeltaReceived,
    Event,
    ModelChunkReceived,
    SessionEnded,
    TurnCompleted,
    TurnStarted,
)
from storage.library import StoredLibrary
from tests.support.builders import session_started
from tests.support.playbook import Make, Playbook, delta, ended, finish
from tests.support.recordings import SESSION_ID, record
from tests.support.talks import ask, connected

TEXT = st.text(st.characters(codec=None) | st.sampled_from("\ud83d\ude00\U0001f600a"))


def test_pairs_are_joined_and_halves_replaced() -> None:
    assert whole("a\ud83d\ude00b") == "a\U0001f600b"
    assert whole("\ude00\ud83d \ud83dx") == "\ufffd\ufffd \ufffdx"
    assert whole("plain ünïcödé \U0001f600") == "plain ünïcödé \U0001f600"


@given(text=TEXT, cuts=st.lists(st.integers(0, 50), max_size=8))
def test_pieces_make_the_same_text_wherever_they_are_cut(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    joiner = SurrogateJoiner()
    pieces = [joiner.feed(text[a:b]) for a, b in itertools.pairwise(places)]
    joined = "".join([*pieces, joiner.finish()])
    assert joined == whole(text)
    assert all(piece == whole(piece) for piece in pieces)
    joined.encode()


@given(text=TEXT)
def test_json_keeps_halves_as_escapes(text: str) -> None:
    line = escaped(json.dumps(text, ensure_ascii=False))
    line.encode()
    assert whole(json.loads(line)) == whole(text)


def deltas(play: Playbook) -> list[str]:
    return [event.text for event in play.all_of(DeltaReceived)]


def test_a_character_that_comes_in_two_deltas_is_one(play: Playbook) -> None:
    ask(play)
    for piece in ("Hi \ud83d", "\ude00 there.", "\ud83d"):
        play.when(delta(1, piece)).goes_on()
    play.when(finish(1)).goes_on()
    play.when(ended(1)).goes_on()
    assert deltas(play) == ["Hi ", "\U0001f600 there.", "\ufffd"]


def test_what_a_user_sends_is_whole(playbook: Make) -> None:
    play = connected(playbook())
    play.when(Submit("Why \ud83d\ude00 \ud83d?")).goes_on()
    assert play.all_of(TurnStarted)[0].text == "Why \U0001f600 \ufffd?"


async def test_a_recording_goes_on_over_halves_of_characters(tmp_path: Path) -> None:
    texts = ["Hi \ud83d", "\ude00 there.", "\ude00"]
    events: list[Event] = [
        session_started(SESSION_ID),
        TurnStarted(at_us=1, turn=0, role="assistant"),
    ]
    for text in texts:
        events.append(ModelChunkReceived(at_us=2, turn=0, raw=json.dumps(text)))
        events.append(DeltaReceived(at_us=2, turn=0, text=text))
    answer = "".join(texts)
    events.append(
        TurnCompleted(at_us=3, turn=0, role="assistant", text=answer, finish_reason="stop")
    )
    await record(tmp_path, [*events, SessionEnded(at_us=4)])
    async with await StoredLibrary.open(tmp_path) as library:
        (turn,) = (await library.session(SESSION_ID)).turns
        assert turn.text == "Hi \U0001f600 there.\ufffd"
        stored = await library.events(SESSION_ID)
        assert stored[: len(events) - 1] == events[:-1]
        assert await library.verify() == []
