"""Peaks: the shape of a turn's sound, in every encoding, against a reader that is not ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gramophone.core.timeline import SessionEnded
from gramophone.library.library import TurnAudio
from storage.audio.peaks import peaks
from storage.audio.wav import WavFormat, WavWriter
from storage.library import StoredLibrary
from tests.support.builders import SAMPLE_RATE_HZ, session_started, spoken_exchange
from tests.support.recordings import SESSION_ID, record


def written(path: Path, pcm: bytes, encoding: str = "linear16", rate: int = 8_000) -> TurnAudio:
    form = WavFormat(encoding, rate)
    writer = WavWriter(path, form)
    writer.write(0, pcm)
    writer.sync()
    writer.close()
    return TurnAudio(path, rate, form.samples(len(pcm)), "", encoding)


def loudest(path: Path, rate: int, buckets_per_second: int) -> list[int]:
    """The same from libsndfile, bucket by bucket."""
    samples, _ = soundfile.read(path, dtype="int16")
    loud = np.abs(samples.astype(np.int32))
    shape: list[int] = []
    while (start := len(shape) * rate // buckets_per_second) < len(loud):
        end = (len(shape) + 1) * rate // buckets_per_second
        shape.append(min(255, round(int(loud[start:end].max()) * 255 / 32_767)))
    return shape


def test_each_bucket_is_its_loudest_sample(tmp_path: Path) -> None:
    quiet, loud = b"\0\0" * 399 + b"\x00\x40", b"\x00\x80" + b"\0\0" * 399
    audio = written(tmp_path / "a.wav", quiet + loud + b"\0\0" * 7)
    assert peaks({3: audio}, 20) == {3: bytes([128, 255, 0])}


@pytest.mark.parametrize("encoding", ["linear16", "mulaw", "alaw"])
@pytest.mark.parametrize("rate", [8_000, 22_050])
def test_all_encodings_sound_as_another_reader_hears_them(
    tmp_path: Path, encoding: str, rate: int
) -> None:
    pcm = np.random.default_rng(3).integers(0, 256, 2 * rate * 30, dtype=np.uint8).tobytes()
    audio = written(tmp_path / "a.wav", pcm, encoding, rate)
    assert list(peaks({0: audio}, 20)[0]) == loudest(audio.path, rate, 20)


@settings(deadline=None, max_examples=60)
@given(pcm=st.binary(max_size=600), buckets=st.integers(1, 8_000))
def test_there_are_as_many_buckets_as_sound_has(
    tmp_path_factory: pytest.TempPathFactory, pcm: bytes, buckets: int
) -> None:
    # libsndfile takes samples that begin so for another container.
    assume(not pcm.startswith((b"OggS", b"wvpk")))
    audio = written(tmp_path_factory.mktemp("wav") / "a.wav", pcm)
    shape = list(peaks({0: audio}, buckets)[0])
    assert shape == loudest(audio.path, 8_000, buckets)


def test_a_missing_file_has_no_entry_and_a_short_one_fewer_buckets(tmp_path: Path) -> None:
    missing = TurnAudio(tmp_path / "none.wav", 8_000, 400, "")
    short = written(tmp_path / "a.wav", b"\x00\x40" * 500)
    with short.path.open("r+b") as file:
        file.truncate(44 + 2 * 401)
    assert peaks({0: missing, 1: short}, 20) == {1: bytes([128, 128])}


def test_more_buckets_than_samples_are_refused(tmp_path: Path) -> None:
    audio = written(tmp_path / "a.wav", b"\0\0")
    with pytest.raises(ValueError, match="9000 buckets"):
        peaks({0: audio}, 9_000)


async def test_the_library_gives_them_by_turn(tmp_path: Path) -> None:
    frame = b"\x00\x40" * (SAMPLE_RATE_HZ // 10)
    events = [session_started(), *spoken_exchange(frames=(frame,)), SessionEnded(at_us=9_000_000)]
    await record(tmp_path / "home", events)
    async with await StoredLibrary.open(tmp_path / "home") as library:
        assert await library.peaks(SESSION_ID) == {1: bytes([128, 128])}
        (tmp_path / f"home/audio/{SESSION_ID}/1.wav").unlink()
        assert await library.peaks(SESSION_ID) == {}
