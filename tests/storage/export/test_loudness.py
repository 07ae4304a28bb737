"""Loudness, against ffmpeg's meter and the signals that EBU Tech 3341 gives for one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fixtures.recordings import RECORDINGS
from gramophone.core.timeline import AudioReceived, SessionEnded
from gramophone.library.export_request import ExportRequest
from storage.bundle.reader import read_bundle
from storage.export.loudness import SILENCE_LUFS, LoudnessMeter, level, levelled
from storage.export.sample_conversion import Samples
from storage.library import StoredLibrary
from tests.support.builders import session_started, spoken_exchange
from tests.support.export_talks import FIRST, SECOND, one_file, talk
from tests.support.readers import READERS
from tests.support.recordings import SESSION_ID, record


def by_ffmpeg(path: Path) -> tuple[float, float]:
    """Integrated loudness and true peak."""
    report = subprocess.run(
        ["ffmpeg", "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    loudness = re.findall(r"I:\s+(-?[\d.]+) LUFS", report)[-1]
    peak = re.findall(r"Peak:\s+(-?[\d.]+|-inf) dBFS", report)[-1]
    return float(loudness), float(peak)


def speech() -> tuple[Samples, int]:
    """What Piper said in a recording of ours."""
    session, events = read_bundle(RECORDINGS / "long-list.gramophone")
    pcm = b"".join(event.pcm for event in events if isinstance(event, AudioReceived))
    return np.frombuffer(pcm, "<i2").astype(np.int16)[:, None], session.sample_rate_hz


def measured(samples: Samples, rate_hz: int, block: int = 50_000) -> float:
    meter = LoudnessMeter(rate_hz, samples.shape[1])
    for at in range(0, len(samples), block):
        meter.add(samples[at : at + block])
    return meter.loudness_lufs()


def sine(rate_hz: int, *parts: tuple[float, float]) -> Samples:
    """1 kHz in both channels: seconds, and a level in dBFS."""
    wave = [
        10 ** (db / 20) * np.sin(2 * np.pi * 1000 * np.arange(round(s * rate_hz)) / rate_hz)
        for s, db in parts
    ]
    mono = np.rint(np.concatenate(wave) * 32_767).astype(np.int16)
    return np.stack([mono, mono], axis=1)


@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 24_000])
@pytest.mark.parametrize(
    ("parts", "lufs"),
    [
        ([(20, -23)], -23),
        ([(20, -33)], -33),
        ([(10, -36), (60, -23), (10, -36)], -23),
        ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23),
        ([(20, -26), (20.1, -20), (20, -26)], -23),
    ],
)
def test_the_signals_of_tech_3341_read_as_they_should(
    rate_hz: int, parts: list[tuple[float, float]], lufs: float
) -> None:
    assert measured(sine(rate_hz, *parts), rate_hz) == pytest.approx(lufs, abs=0.1)


def test_speech_reads_as_ffmpeg_reads_it(tmp_path: Path) -> None:
    samples, rate_hz = speech()
    for quieter in (1, 20):
        soundfile.write(tmp_path / "speech.wav", samples // quieter, rate_hz)
        assert measured(samples // quieter, rate_hz) == pytest.approx(
            by_ffmpeg(tmp_path / "speech.wav")[0], abs=0.1
        )


def test_it_does_not_matter_where_sound_is_cut() -> None:
    samples, rate_hz = speech()
    assert measured(samples, rate_hz, 1_111) == pytest.approx(measured(samples, rate_hz), abs=1e-9)
    whole = np.concatenate(list(levelled([samples], lambda: rate_hz, 4.0)))
    cut = (samples[at : at + 999] for at in range(0, len(samples), 999))
    pieces = np.concatenate(list(levelled(cut, lambda: rate_hz, 4.0)))
    assert len(whole) == len(samples)
    assert np.abs(whole.astype(int) - pieces).max() <= 1


@pytest.mark.parametrize("wanted_lufs", [-23, -16])
async def test_an_export_has_the_loudness_asked_for(wanted_lufs: float, tmp_path: Path) -> None:
    samples, rate_hz = speech()
    events = [
        session_started(sample_rate_hz=rate_hz),
        *spoken_exchange(frames=(samples.tobytes(),)),
        SessionEnded(at_us=99_000_000),
    ]
    await record(tmp_path / "home", events)
    path = await one_file(tmp_path, "wav", loudness_lufs=wanted_lufs)
    loudness, peak = by_ffmpeg(path)
    assert loudness == pytest.approx(wanted_lufs, abs=0.2)
    assert peak <= -1.0
    assert soundfile.info(path).frames == len(samples)
    first = path.read_bytes()
    assert (await one_file(tmp_path, "wav", loudness_lufs=wanted_lufs)).read_bytes() == first


async def test_what_cannot_be_that_loud_is_said(tmp_path: Path) -> None:
    samples, rate_hz = speech()
    events = [
        session_started(sample_rate_hz=rate_hz),
        *spoken_exchange(frames=(samples.tobytes(),)),
        SessionEnded(at_us=99_000_000),
    ]
    await record(tmp_path / "home", events)
    reports: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        reports.append((done, total))

    order = ExportRequest("wav", tmp_path / "out.wav", loudness_lufs=-6)
    async with await StoredLibrary.open(tmp_path / "home") as library:
        result = await library.export([SESSION_ID], order, progress=tell)
    assert len(result.notes) == 1
    assert "LUFS; louder is not possible" in result.notes[0]
    assert by_ffmpeg(tmp_path / "out.wav")[1] <= -1.0
    assert reports == sorted(reports)
    assert reports[-1][0] < reports[-1][1] == 1000


def played(samples: Samples) -> Generator[Samples]:
    yield samples


@pytest.mark.parametrize("samples", [0, 1, 100, 19_199, 48_000])
def test_silence_stays_silence(samples: int) -> None:
    silence = np.zeros((samples, 1), np.int16)
    assert measured(silence, 48_000) == SILENCE_LUFS
    levelling = level(lambda: played(silence), lambda: 48_000, -16)
    assert (levelling.gain, levelling.reached_lufs) == (1.0, SILENCE_LUFS)
    assert not np.concatenate(list(levelled(played(silence), lambda: 48_000, 9.0))).any()


@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.35])
def test_less_than_a_block_is_brought_there_too(seconds: float) -> None:
    beep = sine(48_000, (seconds, -30))
    levelling = level(lambda: played(beep), lambda: 48_000, -20)
    louder = np.concatenate(list(levelled(played(beep), lambda: 48_000, levelling.gain)))
    assert measured(louder, 48_000) == pytest.approx(-20, abs=0.2)


async def test_without_it_no_sample_is_changed(tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    assert READERS["wave"](await one_file(tmp_path, "wav")) == FIRST + SECOND
