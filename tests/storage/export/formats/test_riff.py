"""What stands around the samples of an exported WAV, as four other programs read it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import soundfile

import storage.export.formats.wav
from gramophone.library.export_request import Pauses, TurnSelection
from storage.export.audio_tags import AudioMark, about
from storage.export.formats.riff import HEAD_BYTES, LARGEST_SIZE, TaggedWav, chunk, tail
from tests.support.export_talks import ANSWERS, FIRST, OTHER_ID, SECOND, one_file, talk
from tests.support.readers import READERS, chapters, probed
from tests.support.recordings import SESSION_ID, record
from tests.support.summaries import summary

GAP_SAMPLES = 4 * 48_000 - len(FIRST) // 2


@pytest.mark.parametrize("reader", READERS)
async def test_every_reader_gets_the_samples_that_came(reader: str, tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    path = await one_file(tmp_path, "wav")
    assert READERS[reader](path) == FIRST + SECOND
    path = await one_file(tmp_path, "wav", pauses=Pauses(real=True))
    assert READERS[reader](path) == FIRST + bytes(2 * GAP_SAMPLES) + SECOND
    path = await one_file(tmp_path, "wav", pauses=Pauses(given_us=500_000))
    assert READERS[reader](path) == FIRST + bytes(2 * 24_000) + SECOND


@pytest.mark.parametrize("reader", [name for name in READERS if name != "wave"])
async def test_beyond_the_limit_it_is_rf64(
    reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record(tmp_path / "home", talk())
    as_riff = (await one_file(tmp_path, "wav")).read_bytes()
    monkeypatch.setattr(storage.export.formats.wav, "LARGEST_SIZE", len(as_riff) - 9)
    path = await one_file(tmp_path, "wav")
    assert soundfile.info(path).format == "RF64"
    assert READERS[reader](path) == FIRST + SECOND
    assert len(path.read_bytes()) == len(as_riff)


def test_the_limit_is_where_32_bits_end() -> None:
    wav = TaggedWav(48_000, 1, about([summary()]))
    most = LARGEST_SIZE + 8 - HEAD_BYTES
    assert wav.head(most - 10, 10)[:8] == b"RIFF\xff\xff\xff\xff"
    head = wav.head(most - 8, 10)
    assert head[:8] == b"RF64\xff\xff\xff\xff"
    assert struct.unpack_from("<4sIQQQI", head, 12) == (
        b"ds64", 28, LARGEST_SIZE + 2, most - 8, (most - 8) // 2, 0
    )  # fmt: skip
    assert head[-8:] == b"data\xff\xff\xff\xff"


@pytest.mark.parametrize("data_bytes", [0, 10, 1 << 33])
def test_the_head_is_always_as_long(data_bytes: int) -> None:
    assert len(TaggedWav(8_000, 2, about([summary()])).head(data_bytes, 100)) == HEAD_BYTES


async def test_turns_and_sentences_are_cue_points(tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    path = await one_file(tmp_path, "wav", pauses=Pauses(given_us=500_000))
    second = len(FIRST) // 2 + 24_000
    assert chapters(path) == [
        (0.0, f"1: {ANSWERS[0]}"),
        (pytest.approx(second / 48_000), f"3: {ANSWERS[1]}"),
    ]
    description: str = soundfile.info(path, verbose=True).extra_info
    assert f"Pos : {second:5}  Chunk : data" in description
    assert f"labl : 2 : 3: {ANSWERS[1]}" in description


async def test_it_says_what_it_is(tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    path = await one_file(
        tmp_path, "wav", cut=TurnSelection(from_us=1_000_000), pauses=Pauses(real=True)
    )
    assert probed(path)["format"]["tags"] == {
        "title": "What is a gramophone?",
        "artist": "aura-2-thalia-en",
        "comment": "Session 5e551017a0000000; answers by smollm2",
        "date": "2026-11-21",
        "creation_time": "12:00:00",
        "encoder": "Gramophone",
        "encoded_by": "Gramophone",
        "originator_reference": SESSION_ID,
        # The session began at 12:00:00.25, and the file begins a second later.
        "time_reference": str((12 * 3600 + 1) * 48_000 + 12_000),
    }


async def test_several_sessions_follow_each_other(tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    await record(tmp_path / "home", talk(OTHER_ID))
    path = await one_file(tmp_path, "wav", SESSION_ID, OTHER_ID)
    assert READERS["wave"](path) == 2 * (FIRST + SECOND)
    title = "What is a gramophone?"
    labels = [f"{title} – 1: {ANSWERS[0]}", f"3: {ANSWERS[1]}"]
    assert [label for _, label in chapters(path)] == 2 * labels
    assert probed(path)["format"]["tags"]["title"] == f"{title} and 1 more"


async def test_the_same_sessions_give_the_same_bytes(tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    first = (await one_file(tmp_path, "wav")).read_bytes()
    assert (await one_file(tmp_path, "wav")).read_bytes() == first


def test_odd_chunks_are_padded() -> None:
    assert chunk(b"labl", b"abc") == b"labl\x03\0\0\0abc\0"
    assert chunk(b"labl", b"abcd") == b"labl\x04\0\0\0abcd"
    for length in range(1, 5):
        assert len(tail(about([summary()]), [AudioMark(0, "x" * length, turn=True)])) % 2 == 0


def test_what_32_bits_cannot_count_has_no_cue_point() -> None:
    beyond = [AudioMark(0, "first"), AudioMark(LARGEST_SIZE + 1, "beyond")]
    assert b"first" in tail(about([summary()]), beyond)
    assert b"beyond" not in tail(about([summary()]), beyond)
