"""Part of a session on one clock: what is taken, and where it lies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.alignment.word_timing import TimedChunk
from gramophone.core.timeline import Event, SessionEnded
from gramophone.library.export_request import Pauses, TurnSelection
from gramophone.library.library import SessionRecord
from gramophone.replay.schedule import ReplaySchedule
from gramophone.replay.track import Track
from storage.export.excerpt import Excerpt, excerpt
from storage.library import StoredLibrary
from tests.support.builders import session_started, spoken_exchange
from tests.support.recordings import SESSION_ID, record

FRAME = b"\x01\x00" * 4_800
RATE_HZ = 48_000


async def two_answers(home: Path) -> tuple[SessionRecord, list[Event]]:
    """Two spoken answers of 0.1 and 0.2 s; the second begins at 2 s or a little later."""
    await record(
        home,
        [
            session_started(),
            *spoken_exchange(frames=(FRAME,)),
            *spoken_exchange(first_turn=2, start_us=2_000_000, frames=(FRAME, FRAME)),
            SessionEnded(at_us=9_000_000),
        ],
    )
    async with await StoredLibrary.open(home) as library:
        return await library.session(SESSION_ID), await library.events(SESSION_ID, with_pcm=False)


async def tracks(home: Path) -> list[Track]:
    async with await StoredLibrary.open(home) as library:
        return ReplaySchedule(await library.events(SESSION_ID)).tracks


def lengths(cut: Excerpt) -> list[tuple[int, int, int]]:
    return [(stretch.turn, stretch.start_samples, stretch.samples) for stretch in cut.stretches]


async def test_joined_turns_follow_each_other(tmp_path: Path) -> None:
    record, events = await two_answers(tmp_path)
    cut = excerpt(record, events)
    assert lengths(cut) == [(1, 0, 4_800), (3, 4_800, 9_600)]
    assert (cut.samples, cut.duration_us) == (14_400, 300_000)
    paused = excerpt(record, events, pauses=Pauses(given_us=500_000))
    assert lengths(paused) == [(1, 0, 4_800), (3, 28_800, 9_600)]


async def test_real_pauses_are_those_of_the_replay(tmp_path: Path) -> None:
    record, events = await two_answers(tmp_path)
    cut = excerpt(record, events, pauses=Pauses(real=True))
    one_us, two_us = (track.start_us for track in await tracks(tmp_path))
    (_, first, _), (_, second, _) = lengths(cut)
    assert first == 0
    assert abs(second * 1_000_000 / RATE_HZ - (two_us - one_us)) <= 1_000_000 / RATE_HZ
    assert two_us - one_us > 500_000


@pytest.mark.parametrize("pauses", [Pauses(), Pauses(real=True), Pauses(given_us=250_000)])
async def test_a_cut_takes_turns_or_a_part_of_the_replay(tmp_path: Path, pauses: Pauses) -> None:
    record, events = await two_answers(tmp_path)
    assert lengths(excerpt(record, events, TurnSelection(frozenset({3})), pauses)) == [
        (3, 0, 9_600)
    ]
    one, two = await tracks(tmp_path)
    begun = TurnSelection(to_us=one.start_us + 50_000)
    assert lengths(excerpt(record, events, begun, pauses)) == [(1, 0, 2_400)]
    late = TurnSelection(from_us=one.start_us + 75_000, to_us=two.start_us + 100_000)
    assert [length for *_, length in lengths(excerpt(record, events, late, pauses))] == [
        1_200,
        4_800,
    ]
    assert excerpt(record, events, TurnSelection(from_us=60_000_000), pauses).samples == 0


async def test_turns_that_were_taken_back_come_only_when_asked(tmp_path: Path) -> None:
    record, events = await two_answers(tmp_path)
    back = replace(record, turns=(*record.turns[:3], replace(record.turns[3], withdrawn=True)))
    assert [turn for turn, _, _ in lengths(excerpt(back, events))] == [1]
    assert [
        turn for turn, _, _ in lengths(excerpt(back, events, TurnSelection(withdrawn=True)))
    ] == [1, 3]


async def test_what_is_kept_is_what_counts(tmp_path: Path) -> None:
    """A file that holds less than the timeline tells of is not exported beyond its end."""
    record, events = await two_answers(tmp_path)
    audio = record.turns[3].audio
    assert audio is not None
    short = replace(record.turns[3], audio=replace(audio, samples=100))
    cut = excerpt(replace(record, turns=(*record.turns[:3], short)), events)
    assert lengths(cut) == [(1, 0, 4_800), (3, 4_800, 100)]


async def test_passages_lie_within_their_turn_and_in_order(tmp_path: Path) -> None:
    record, events = await two_answers(tmp_path)
    for pauses in (Pauses(), Pauses(real=True)):
        at_us = 0
        for turn in excerpt(record, events, pauses=pauses).turns:
            for passage in turn.passages:
                assert turn.start_us <= passage.start_us < passage.end_us <= turn.end_us
                assert passage.words
                for word in passage.words:
                    assert at_us <= word.start_us < word.end_us <= passage.end_us
                    assert word.text in turn.record.text
                    at_us = word.end_us
        assert at_us > 0


@given(
    st.text(st.sampled_from("ab \n,é"), min_size=1, max_size=60),
    st.integers(0, 10**9),
    st.integers(0, 10**7),
)
def test_words_of_a_chunk_are_in_order_and_within(text: str, start: int, samples: int) -> None:
    span = TimedChunk(text, start, start + samples, 7, 7 + len(text))
    words = list(span.words())
    assert [word.text for word in words] == text.split()
    edges = [edge for word in words for edge in (word.start_samples, word.end_samples)]
    assert edges == sorted(edges)
    assert all(start <= edge <= start + samples for edge in edges)
    assert all(text[w.source_start - 7 : w.source_end - 7] == w.text for w in words)
