"""Commands on damaged libraries end with a sentence: a short run of `make soak ARGS=damage`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gramophone.core.errors import StorageError
from gramophone.library.export_request import ExportRequest
from storage.audio.turn_audio import TurnSound
from storage.home import Home, is_session_id
from storage.library import StoredLibrary
from storage.maintenance.verify import verify
from tests.support.recordings import SESSION_ID, opened, record

SEEDS = (20261130, 7)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_damaged_is_told_in_a_sentence(seed: int) -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "tests.soak", "damage", "--seed", str(seed), "--effort", "0.015"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert " 0 broken" in completed.stdout


@pytest.mark.parametrize("kind", ["fifo", "directory", "device", "link"])
async def test_what_stands_in_place_of_a_wav_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    home = tmp_path / "home"
    await record(home)
    wav = Home.at(home).wav(SESSION_ID, 1)
    wav.rename(tmp_path / "sound.wav")
    if kind == "fifo":
        os.mkfifo(wav)
    elif kind == "directory":
        wav.mkdir()
    else:
        wav.symlink_to("/dev/zero" if kind == "device" else tmp_path / "sound.wav")
    with pytest.raises(OSError, match="not a file"):
        TurnSound(wav)
    (finding,) = [
        finding for finding in verify(Home.at(home)) if "cannot be read" in finding.detail
    ]
    assert "not a file" in finding.detail
    async with await StoredLibrary.open(home) as library:
        order = ExportRequest(form="wav", path=tmp_path / "out.wav")
        with pytest.raises(StorageError, match="cannot be exported"):
            await library.export([SESSION_ID], order)
        assert (await library.session(SESSION_ID)).turns[1].text


@pytest.mark.parametrize(
    "change",
    [
        "session SET sample_rate_hz = 0",
        "session SET sample_rate_hz = -1",
        "session SET sample_rate_hz = 7",
        "session SET encoding = 'opus'",
        "turn SET samples = -5",
    ],
)
async def test_rows_that_cannot_be_keep_their_text(tmp_path: Path, change: str) -> None:
    home = tmp_path / "home"
    await record(home)
    before = len(list(home.rglob("*.wav")))
    with opened(home) as database:
        database.execute(f"UPDATE {change}")
    assert verify(Home.at(home))
    async with await StoredLibrary.open(home) as library:
        text = (await library.session(SESSION_ID)).turns[1].text
        assert (await library.sessions())[0].spoken_ms >= 0
        await library.peaks(SESSION_ID)
        await library.export([SESSION_ID], ExportRequest(form="txt", path=tmp_path / "out.txt"))
        for form in ("wav", "mp3", "flac"):
            with pytest.raises(StorageError, match=r"cannot be exported: .* its text can be"):
                await library.export([SESSION_ID], ExportRequest(form=form, path=tmp_path / "out"))
    assert text in (tmp_path / "out.txt").read_text()
    assert len(list(home.rglob("*.wav"))) == before


async def test_figures_beyond_all_numbers_are_left_out(tmp_path: Path) -> None:
    await record(tmp_path)
    with opened(tmp_path) as database:
        database.execute("UPDATE turn SET ttft_ms = 9e999, tokens_per_s = -9e999")
    async with await StoredLibrary.open(tmp_path) as library:
        metrics = (await library.session(SESSION_ID)).turns[1].metrics
        assert (metrics.ttft_ms, metrics.tokens_per_s) == (None, None)
        order = ExportRequest(form="bundle", path=tmp_path / "out.gramophone")
        with pytest.raises(StorageError, match="a figure that is not a number"):
            await library.export([SESSION_ID], order)


async def test_an_export_of_a_table_that_is_another_says_so(tmp_path: Path) -> None:
    await record(tmp_path)
    with opened(tmp_path) as database:
        database.execute("ALTER TABLE event RENAME COLUMN connection TO konnection")
    async with await StoredLibrary.open(tmp_path) as library:
        for form in ("jsonl", "vtt", "html"):
            order = ExportRequest(form=form, path=tmp_path / f"out.{form}")
            with pytest.raises(StorageError, match="gramophone verify"):
                await library.export([SESSION_ID], order)


def test_only_text_is_an_id() -> None:
    assert is_session_id("5e551017a0000000")
    assert not any(map(is_session_id, (b"5e55", None, 5, "", "x", "5E")))
