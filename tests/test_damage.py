"""Commands on damaged libraries end with a sentence: a short run of `make soak ARGS=damage`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gramophone.errors import StorageError
from gramophone.exports import ExportOrder
from storage.home import Home
from storage.library import Library
from storage.turn_sound import TurnSound
from storage.verify import verify
from tests.storage.recordings import SESSION_ID, record

SEEDS = (20261130, 7)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_damaged_is_told_in_a_sentence(seed: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "damage", "--seed", str(seed), "--effort", "0.015"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


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
    (finding,) = [each for each in verify(Home.at(home)) if "cannot be read" in each.detail]
    assert "not a file" in finding.detail
    async with await Library.open(home) as library:
        order = ExportOrder(form="wav", path=tmp_path / "out.wav")
        with pytest.raises(StorageError, match="cannot be exported"):
            await library.export([SESSION_ID], order)
        assert (await library.session(SESSION_ID)).turns[1].text
