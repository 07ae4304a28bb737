"""What pictures are taken of: a talk that speaks, kept sessions, the keys that lead there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from textual.pilot import Pilot

from gramophone.core.timeline import (
    DeltaReceived,
    Entry,
    FlushAnswered,
    FlushSent,
    PlaybackStarted,
    PlayoutAdvanced,
    RequestSent,
    TextSpoken,
    TurnStarted,
)
from gramophone.library.library import TurnRecord
from gramophone.ports.backend import AudibleSpan, ReplayState, TurnMark
from tests.support.builders import session_started, spoken_exchange
from tests.support.screen_answers import CODE
from tests.support.screen_backend import (
    FakeBackend,
    FakeFeed,
    FakeLibrary,
    FakeReplay,
    kept_session,
)
from tests.support.seeing import drawn, press
from tests.support.speech_like import sound, syllables
from tui.conversation.pane import Pane

Compare: TypeAlias = Callable[..., bool]
Steps: TypeAlias = Callable[[Pilot[Any]], Awaitable[None]]

SIZES = [(40, 12), (80, 24), (140, 40)]
SIZE_NAMES = [f"{columns}x{rows}" for columns, rows in SIZES]
every_size = pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)

ANSWER = f"""Sure, here is how a **gramophone** works.

1. A needle follows the groove.
2. The diaphragm turns its movement into *sound*.

{CODE}
| Part | Does |
|---|---|
| Needle | follows |
| Horn | amplifies |
"""

KEPT_TURNS = [
    TurnRecord(0, "user", "How does a gramophone work?", "sent", 0),
    TurnRecord(1, "assistant", ANSWER, "stop", 1_000_000),
    TurnRecord(2, "user", "And the horn?", "sent", 2_000_000),
    TurnRecord(3, "assistant", "It makes the", "interrupted", 3_000_000),
]
KEPT = [
    kept_session(21, "How does a gramophone work?", turns=KEPT_TURNS, spoken_ms=31_200),
    kept_session(20, "Plan a week in Lisbon, with two children and a dog", spoken_ms=185_000),
    kept_session(19, "Why is the sky blue?", recovered=True),
    kept_session(18, "日本語のタイトル [bold]not bold[/bold]", spoken_ms=0),
    *(kept_session(number) for number in range(17, 2, -1)),
]

TIDY = [
    kept_session(
        21,
        "How does a gramophone work?",
        turns=KEPT_TURNS,
        spoken_ms=31_200,
        pinned=True,
        tags=["machines", "to-read"],
    ),
    kept_session(20, "Plan a week in Lisbon, with two children", tags=["travel"]),
    kept_session(19, "Why is the sky blue?", recovered=True, tags=["physics"]),
    *(kept_session(number) for number in range(17, 9, -1)),
]


def user_turn(question: str, turn: int) -> list[Entry]:
    return list(spoken_exchange(question, "", first_turn=turn, start_us=0)[:2])


def spoken(turn: int, text: str, *ends: int) -> list[Entry]:
    """The text's paragraphs as they were flushed, with where their sound ends."""
    entries: list[Entry] = []
    start = 0
    for number, (paragraph, end) in enumerate(zip(text.split("\n\n"), ends, strict=False)):
        read = paragraph.replace("*", "")
        until = start + len(paragraph)
        entries += (
            TextSpoken(
                at_us=1, turn=turn, chunk=number, text=read, source_start=start, source_end=until
            ),
            FlushSent(at_us=1, turn=turn, flush=number, last_chunk=number),
            FlushAnswered(at_us=2, turn=turn, flush=number, end_samples=end),
        )
        start = until + 2
    return entries


def speaking() -> FakeBackend:
    """In the middle of an answer."""
    feed = FakeFeed(
        [
            session_started(),
            *user_turn("How does a gramophone work?", 0),
            TurnStarted(at_us=0, turn=1, role="assistant"),
            RequestSent(at_us=0, turn=1, provider="local", model="smollm2", messages=1),
            DeltaReceived(at_us=204_000, turn=1, text=ANSWER),
            *spoken(1, ANSWER.split("```")[0], 192_000, 576_000),
            sound(1, syllables(240)),
            PlaybackStarted(at_us=440_000, turn=1, device="speaker"),
        ]
    )
    return FakeBackend(feed)


def replay_state() -> ReplayState:
    """In the middle of the second of three exchanges; 40 seconds with 29 of sound."""
    marks: list[TurnMark] = []
    passages: list[AudibleSpan] = []
    for number, (start_s, sound_s, end_s) in enumerate([(0, 1, 10), (12, 13, 27), (30, 32, 38)]):
        start_us, end_us = start_s * 1_000_000, end_s * 1_000_000
        marks.append(TurnMark(2 * number, "user", start_us, start_us))
        marks.append(TurnMark(2 * number + 1, "assistant", start_us, end_us))
        passages.append(AudibleSpan(2 * number + 1, sound_s * 1_000_000, end_us, 0))
    return ReplayState(
        ready=True,
        position_us=18_400_000,
        duration_us=40_000_000,
        speed=1.5,
        marks=tuple(marks),
        passages=tuple(passages),
    )


def shapes() -> dict[str, dict[int, bytes]]:
    return {KEPT[0].summary.id: {turn: syllables(290, 31 * turn) for turn in (1, 3, 5)}}


async def until_still(pilot: Pilot[Any]) -> None:
    """Drawn, at a clock that stands still from now on."""
    await drawn(pilot)
    pane = pilot.app.screen.query_one(Pane)
    now_s = pane.seconds()
    pane.seconds = lambda: now_s
    await drawn(pilot)


def mid_sound(feed: FakeFeed) -> Steps:
    """Some seconds in, at a clock that stands still."""

    async def listen(pilot: Pilot[Any]) -> None:
        await until_still(pilot)
        feed.put(
            PlayoutAdvanced(at_us=600_000, turn=1, position_samples=336_000, queued_samples=240_000)
        )
        await drawn(pilot)

    return listen


def asking(*keys: str) -> Steps:
    """The last key opens a question, whose worker waits: so nothing waits for it here."""

    async def press(pilot: Pilot[Any]) -> None:
        await pressing(*keys[:-1])(pilot)
        await pilot.press(keys[-1])
        await pilot.pause()

    return press


def asking_on(*keys: str) -> Steps:
    """As `asking`, with a key more for the question itself."""

    async def press(pilot: Pilot[Any]) -> None:
        await asking(*keys[:-1])(pilot)
        await pilot.press(keys[-1])
        await pilot.pause()

    return press


def pressing(*keys: str) -> Steps:
    async def steps(pilot: Pilot[Any]) -> None:
        await drawn(pilot)
        await press(pilot, *keys)

    return steps


def replaying() -> tuple[FakeBackend, Steps]:
    """A kept session that plays, half way."""
    backend = speaking()
    feed, backend.conversation = backend.conversation, FakeFeed()
    backend.replay_feed = FakeReplay(feed.waiting, feed.steady, replay_state())
    backend.library = FakeLibrary(KEPT)
    backend.library.shapes = shapes()

    async def replay(pilot: Pilot[Any]) -> None:
        await pressing("f2", "r")(pilot)
        await mid_sound(backend.replay_feed)(pilot)

    return backend, replay
