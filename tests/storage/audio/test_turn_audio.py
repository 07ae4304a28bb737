"""A turn's sound is the same bytes, whether a WAV or a FLAC has it, wherever it is read."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from gramophone.library.export_request import ExportRequest
from storage.audio.turn_audio import TurnSound, stored_path
from storage.audio.wav import WavFormat, WavWriter
from storage.library import StoredLibrary
from storage.recording.recovery import RECOVERED
from tests.support.builders import session_started, spoken_exchange
from tests.support.compacted import as_flac
from tests.support.recordings import SESSION_ID, opened, record, record_unended

LINEAR = WavFormat("linear16", 48_000)
SAMPLES = 150_000
PCM = np.random.default_rng(5).integers(-32_768, 32_767, SAMPLES, dtype="<i2").tobytes()


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV and a FLAC of the same sound, some blocks long."""
    directory = tmp_path_factory.mktemp("sound")
    writer = WavWriter(directory / "1.wav", LINEAR)
    writer.write(0, PCM)
    writer.close()
    soundfile.write(directory / "2.flac", np.frombuffer(PCM, "<i2"), 48_000, "PCM_16")
    return directory


@given(st.lists(st.tuples(st.integers(0, len(PCM) + 9), st.integers(0, 200_000)), max_size=8))
def test_any_piece_in_any_order_is_what_was_received(
    sounds: Path, pieces: list[tuple[int, int]]
) -> None:
    with TurnSound(sounds / "1.wav") as wav, TurnSound(sounds / "2.flac") as flac:
        assert (wav.compacted, flac.compacted) == (False, True)
        for offset, size in pieces:
            assert flac.read(offset, size) == PCM[offset : offset + size]
            assert wav.read(offset, size) == PCM[offset : offset + size]


@pytest.mark.parametrize("name", ["1.wav", "2.flac"])
def test_length_hash_and_blocks(sounds: Path, name: str) -> None:
    with TurnSound(sounds / name) as sound:
        assert sound.data_bytes() == len(PCM)
        assert sound.sha256() == hashlib.sha256(PCM).hexdigest()
        assert b"".join(sound.blocks()) == PCM
        assert all(len(block) % 2 == 0 for block in sound.blocks())
        assert sound.fault(LINEAR) == ""
        assert "does not fit" in sound.fault(WavFormat("linear16", 8_000))
    sound.close()


def test_the_other_kind_is_taken_where_the_named_one_is_gone(sounds: Path) -> None:
    assert stored_path(sounds / "2.wav") == sounds / "2.flac"
    assert stored_path(sounds / "1.flac") == sounds / "1.wav"
    assert stored_path(sounds / "3.wav") is None
    with TurnSound(sounds / "2.wav") as sound:
        assert (sound.path, sound.missing) == (sounds / "2.flac", False)
    with TurnSound(sounds / "3.flac") as sound:
        assert (sound.path, sound.missing) == (sounds / "3.flac", True)
        assert (sound.data_bytes(), sound.read(0, 10)) == (0, b"")


@pytest.mark.parametrize("held", [b"", b"fLaC", b"this is no sound" * 9])
def test_what_is_no_flac_is_empty_and_told(tmp_path: Path, held: bytes) -> None:
    (tmp_path / "1.flac").write_bytes(held)
    with TurnSound(tmp_path / "1.flac") as sound:
        assert (sound.missing, sound.data_bytes(), sound.read(0, 4)) == (False, 0, b"")
        assert sound.fault(LINEAR) == "is not a FLAC file of 16 bits and one channel"


def test_stereo_and_24_bits_are_not_ours(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "1.flac", np.zeros((9, 2), "<i2"), 8_000, "PCM_16")
    soundfile.write(tmp_path / "2.flac", np.zeros(9), 8_000, "PCM_24")
    for name in ("1.flac", "2.flac"):
        with TurnSound(tmp_path / name) as sound:
            assert "is not a FLAC file of 16 bits" in sound.fault(LINEAR)


def test_a_flac_that_is_cut_short_gives_what_is_there(sounds: Path, tmp_path: Path) -> None:
    whole = (sounds / "2.flac").read_bytes()
    (tmp_path / "1.flac").write_bytes(whole[: len(whole) // 2])
    with TurnSound(tmp_path / "1.flac") as sound:
        assert sound.read(0, 1000) == PCM[:1000]
        with pytest.raises(OSError, match="FLAC is damaged"):
            sound.sha256()


# --- in the library -------------------------------------------------------------------------------


async def test_all_that_reads_sound_gives_the_same_from_flac(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    frames = (b"\x01\x02" * 480, b"\xf0\x0f" * 481)
    await record(
        before,
        [
            session_started(),
            *spoken_exchange(frames=frames),
            *spoken_exchange(first_turn=2, start_us=5_000_000, frames=(b"\x07\x08" * 300,)),
        ],
    )
    async with await StoredLibrary.open(before):
        pass
    shutil.copytree(before, after)
    as_flac(after)
    read: list[object] = []
    for home in (before, after):
        out = tmp_path / f"{home.name}-out"
        out.mkdir()
        async with await StoredLibrary.open(home) as library:
            assert await library.verify() == []
            sound = library.sound(SESSION_ID)
            pieces = [sound.read(turn, 7, 555) for turn in (1, 3, 1)]
            sound.close()
            for order in (
                ExportRequest("wav", out / "a.wav"),
                ExportRequest("bundle", out / "a.gramophone"),
                ExportRequest("bundle", out / "b.gramophone", compress=True),
            ):
                await library.export([SESSION_ID], order)
            read.append(
                (
                    await library.events(SESSION_ID),
                    await library.peaks(SESSION_ID),
                    pieces,
                    [path.read_bytes() for path in sorted(out.iterdir())],
                )
            )
            record_ = await library.session(SESSION_ID)
            paths = [turn.audio.path for turn in record_.turns if turn.audio is not None]
            assert all(path.is_file() for path in paths)
    assert read[0] == read[1]


async def test_a_record_read_before_compaction_still_finds_its_sound(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    async with await StoredLibrary.open(tmp_path / "home") as library:
        sound = library.sound(SESSION_ID)
        first = sound.read(1, 0, 100)
        as_flac(tmp_path / "home")
        assert sound.read(1, 100, 100), "an open file outlives its name"
        sound.close()
        assert sound.read(1, 0, 100) == first
        sound.close()


async def test_verify_names_flac_that_is_damaged_missing_or_unknown(tmp_path: Path) -> None:
    await record(tmp_path)
    as_flac(tmp_path)
    path = tmp_path / f"audio/{SESSION_ID}/1.flac"
    whole = path.read_bytes()
    async with await StoredLibrary.open(tmp_path) as library:

        async def findings() -> str:
            return "\n".join(finding.detail for finding in await library.verify())

        path.write_bytes(whole[:-1] + b"\x55")
        assert "hash differs" in await findings() or "cannot be read" in await findings()
        path.write_bytes(b"nothing")
        assert "is not a FLAC file" in await findings()
        path.unlink()
        assert f"missing: {path}" in await findings()
        path.write_bytes(whole)
        (path.parent / "1.wav").touch()
        assert "1.wav belongs to no turn" in await findings()
        (path.parent / "1.wav").unlink()
        with opened(tmp_path) as database:
            database.execute("UPDATE turn SET audio_file = '1.wav' WHERE turn = 1")
        assert "is in 1.flac, not in 1.wav" in await findings()


async def test_rows_of_before_beside_files_of_today_are_repaired(tmp_path: Path) -> None:
    await record_unended(tmp_path)
    with opened(tmp_path) as database:
        before = database.execute("SELECT samples, sha256 FROM turn WHERE turn = 1").fetchone()
    as_flac(tmp_path)
    with opened(tmp_path) as database:
        database.execute("UPDATE turn SET audio_file = '1.wav', samples = 3 WHERE turn = 1")
        database.execute("DELETE FROM event WHERE turn = 1 AND kind = 'TurnCompleted'")
        database.execute("UPDATE turn SET completed_us = NULL WHERE turn = 1")
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.verify() == []
        turn = (await library.session(SESSION_ID)).turns[1]
    assert turn.finish_reason == RECOVERED
    assert turn.audio is not None
    assert (turn.audio.path.name, turn.audio.samples, turn.audio.sha256) == ("1.flac", *before)
