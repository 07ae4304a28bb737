"""A kept session from its files to the ear and the eye: all of the path but the sound card."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

import pytest

from gramophone.app.replay_session import make_schedule
from gramophone.core.clock import ManualClock
from gramophone.core.timeline import AudioReceived, Entry, Event
from gramophone.replay.replay import Replay, ReplayPorts
from gramophone.replay.schedule import SOUND_MISSING
from storage.home import Home
from storage.library import StoredLibrary
from tests.support.builders import SAMPLE_RATE_HZ, session_started, spoken_exchange
from tests.support.paced_speaker import PacedSpeaker
from tests.support.recordings import SESSION_ID, opened, record
from tui.transcript.model import TranscriptModel

ANSWERS = {1: "A needle follows the groove.", 3: "The horn makes it loud."}
SECOND_US = 6_000_000


def sound(first: int) -> bytes:
    return array("h", range(first, first + 4_800)).tobytes()


def session() -> list[Event]:
    return [
        session_started(),
        *spoken_exchange("How?", ANSWERS[1], frames=(sound(1), sound(4_801))),
        *spoken_exchange(
            "And?", ANSWERS[3], first_turn=2, start_us=SECOND_US, frames=(sound(20_000),)
        ),
    ]


class Heard:
    """What came of it, with the instants at which text was told."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.model = TranscriptModel()
        self.clock = ManualClock()
        self.speaker = PacedSpeaker(self.clock, SAMPLE_RATE_HZ)
        self.whole_us: dict[int, int] = {}

    def _emit(self, entry: Entry) -> None:
        self.model.apply(entry)
        for turn, words in ANSWERS.items():
            view = self.model.turns.get(turn)
            if view is not None and view.text == words:
                self.whole_us.setdefault(turn, self.clock.now_us())

    async def play(self) -> Heard:
        async with await StoredLibrary.open(self._home) as library:
            events = await library.events(SESSION_ID, with_pcm=False)
            audio = library.sound(SESSION_ID)
        ports = ReplayPorts(clock=self.clock, speaker=self.speaker, emit=self._emit)
        replay = Replay(make_schedule(events, audio), ports)
        while replay.state().playing:
            due_us = replay.step()
            self.clock.advance_us(max(1_000, (due_us or 0) - self.clock.now_us()))
        self.clock.advance_us(200_000)
        self.speaker.now()
        audio.close()
        return self

    @property
    def failures(self) -> list[str]:
        return [failure for view in self.model.turns.values() for failure in view.failures]


def pcm_of(events: Sequence[Event], *turns: int) -> bytes:
    return b"".join(e.pcm for e in events if isinstance(e, AudioReceived) and e.turn in turns)


async def test_what_was_recorded_is_what_is_heard_and_read(tmp_path: Path) -> None:
    await record(tmp_path, session())
    replayed = await Heard(tmp_path).play()
    assert replayed.speaker.sounded().tobytes() == pcm_of(session(), 1, 3)
    assert {turn: replayed.model.turns[turn].text for turn in ANSWERS} == ANSWERS
    assert replayed.failures == []


async def test_without_its_file_the_text_comes_in_the_same_time_and_it_is_said(
    tmp_path: Path,
) -> None:
    await record(tmp_path / "whole", session())
    await record(tmp_path / "without", session())
    Home.at(tmp_path / "without").wav(SESSION_ID, 1).unlink()
    whole = await Heard(tmp_path / "whole").play()
    without = await Heard(tmp_path / "without").play()
    assert without.speaker.sounded().tobytes() == pcm_of(session(), 3)
    assert without.model.turns[1].failures == [SOUND_MISSING]
    assert without.failures == [SOUND_MISSING], "said once, and of no other answer"
    assert without.model.turns[1].text == ANSWERS[1]
    for turn, at_us in whole.whole_us.items():
        assert without.whole_us[turn] == pytest.approx(at_us, abs=50_000)


async def test_damaged_rows_are_left_out_and_named_and_the_rest_plays(tmp_path: Path) -> None:
    await record(tmp_path, session())
    deltas = [n for n, e in enumerate(session()) if type(e).__name__ == "DeltaReceived"]
    with opened(tmp_path) as database:
        database.execute("UPDATE event SET kind = 'Nonsense' WHERE seq = ?", (deltas[0],))
    replayed = await Heard(tmp_path).play()
    assert replayed.failures == [f"Row {deltas[0]} of this session is damaged and was left out."]
    assert replayed.model.turns[1].text == ANSWERS[1][len(ANSWERS[1]) // 2 :]
    assert replayed.speaker.sounded().tobytes() == pcm_of(session(), 1, 3)
