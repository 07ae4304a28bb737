"""A session whose second answer has a sample rate of its own: every sample stays as it was sent."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gramophone.core.timeline import AudioReceived, Event, SessionEnded
from gramophone.library.export_request import Pauses, TurnSelection
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.compaction import compact
from storage.recording.ephemeral_audio import EphemeralAudio
from tests.support.builders import session_started, spoken_exchange
from tests.support.bundles import export
from tests.support.export_talks import one_file
from tests.support.recordings import NOON, SESSION_ID, opened, record

SESSION_HZ, OWN_HZ = 24_000, 22_050


def tone(rate_hz: int, seconds: float) -> bytes:
    phase = 2 * np.pi * 440 / rate_hz * np.arange(round(rate_hz * seconds))
    return (np.sin(phase) * 16_000).astype("<i2").tobytes()


FIRST, SECOND = tone(SESSION_HZ, 0.5), tone(OWN_HZ, 1.0)


def with_own_rate(event: Event) -> Event:
    is_own = isinstance(event, AudioReceived) and event.turn == 3
    return replace(event, sample_rate_hz=OWN_HZ) if is_own else event


def talk(*, ended: bool = True) -> list[Event]:
    second = spoken_exchange(
        "And?",
        "It turns.",
        first_turn=2,
        start_us=5_000_000,
        frames=(SECOND[:3_001], SECOND[3_001:]),
    )
    return [
        session_started(sample_rate_hz=SESSION_HZ),
        *spoken_exchange(frames=(FIRST,)),
        *map(with_own_rate, second),
        *([SessionEnded(at_us=9_000_000)] if ended else []),
    ]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("mixed")
    asyncio.run(record(directory / "home", talk()))
    return directory


@pytest.fixture
def home(recorded: Path, tmp_path: Path) -> Path:
    shutil.copytree(recorded / "home", tmp_path / "home")
    return tmp_path / "home"


async def check(home: Path) -> None:
    """Assert that the session at `home` is whole, and has the samples that were sent."""
    async with await StoredLibrary.open(home) as library:
        session = await library.session(SESSION_ID)
        events = await library.events(SESSION_ID)
        assert await library.verify() == []
    _, first, _, second = session.turns
    assert first.audio is not None
    assert second.audio is not None
    assert (first.audio.sample_rate_hz, first.audio.samples) == (SESSION_HZ, 12_000)
    assert (second.audio.sample_rate_hz, second.audio.samples) == (OWN_HZ, 22_050)
    assert session.summary.spoken_ms == 1_500
    sound = [event for event in events if isinstance(event, AudioReceived)]
    assert b"".join(event.pcm for event in sound if event.turn == 1) == FIRST
    assert b"".join(event.pcm for event in sound if event.turn == 3) == SECOND
    assert {event.sample_rate_hz for event in sound} == {0, OWN_HZ}


async def test_the_file_of_a_turn_has_its_own_rate_and_the_samples_that_were_sent(
    recorded: Path,
) -> None:
    for turn, rate_hz, pcm in ((1, SESSION_HZ, FIRST), (3, OWN_HZ, SECOND)):
        samples, stored_hz = soundfile.read(
            recorded / f"home/audio/{SESSION_ID}/{turn}.wav", dtype="int16"
        )
        assert (stored_hz, samples.tobytes()) == (rate_hz, pcm)
    await check(recorded / "home")


async def test_statistics_count_seconds_of_each_turn_at_its_rate(recorded: Path) -> None:
    async with await StoredLibrary.open(recorded / "home") as library:
        statistics = await library.statistics()
    assert sum(tally.spoken_ms for tally in statistics.tallies.values()) == 1_500


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "compressed"])
async def test_a_bundle_gives_the_same_session(
    recorded: Path, tmp_path: Path, compress: bool
) -> None:
    path = tmp_path / "s.gramophone"
    await export(recorded / "home", path, compress=compress)
    async with await StoredLibrary.open(tmp_path / "other") as library:
        await library.import_bundle(path)
    await check(tmp_path / "other")


async def test_compacting_keeps_every_sample(home: Path) -> None:
    assert compact(Home.at(home), NOON + timedelta(days=1)).turns == 2
    assert soundfile.info(home / f"audio/{SESSION_ID}/3.flac").samplerate == OWN_HZ
    await check(home)


async def test_a_killed_recording_is_repaired(tmp_path: Path) -> None:
    await record(tmp_path, talk(ended=False))
    await check(tmp_path)


async def test_a_turn_without_rows_of_its_sound_has_the_rate_of_its_file(tmp_path: Path) -> None:
    await record(tmp_path, talk(ended=False))
    with opened(tmp_path) as database:
        database.execute("DELETE FROM event WHERE kind = 'AudioReceived' AND turn = 3")
        database.execute("UPDATE turn SET own_rate_hz = NULL, samples = 0 WHERE turn = 3")
    async with await StoredLibrary.open(tmp_path) as library:
        *_, second = (await library.session(SESSION_ID)).turns
    assert second.audio is not None
    assert (second.audio.sample_rate_hz, second.audio.samples) == (OWN_HZ, 22_050)


@pytest.mark.parametrize("real", [False, True], ids=["joined", "as-heard"])
async def test_an_export_of_both_has_one_rate(recorded: Path, real: bool) -> None:
    samples, rate_hz = soundfile.read(
        await one_file(recorded, "wav", pauses=Pauses(real=real)), dtype="int16"
    )
    assert rate_hz == SESSION_HZ
    end = samples[-24_000:].astype(float)
    wanted = np.frombuffer(tone(SESSION_HZ, 1.0), "<i2")
    assert np.abs(end - wanted)[200:-200].max() < 40


async def test_an_export_of_one_turn_is_what_was_sent(recorded: Path) -> None:
    path = await one_file(recorded, "wav", cut=TurnSelection(turns=frozenset({3})))
    samples, rate_hz = soundfile.read(path, dtype="int16")
    assert (rate_hz, samples.tobytes()) == (OWN_HZ, SECOND)


async def test_words_stand_where_they_are_heard(recorded: Path) -> None:
    path = await one_file(recorded, "srt")
    starts = [line[:12] for line in path.read_text().splitlines() if " --> " in line]
    ends = [line[17:] for line in path.read_text().splitlines() if " --> " in line]
    assert (starts[0], ends[-1]) == ("00:00:00,000", "00:00:01,500")


def test_a_talk_that_is_not_kept_is_written_at_the_rate_of_its_session(tmp_path: Path) -> None:
    sound = EphemeralAudio()
    for event in talk():
        sound.emit(event)
    sound.write(tmp_path / "out.wav")
    sound.close()
    samples, rate_hz = soundfile.read(tmp_path / "out.wav", dtype="int16")
    assert (rate_hz, len(samples)) == (SESSION_HZ, 36_000)
    assert samples[:12_000].tobytes() == FIRST
