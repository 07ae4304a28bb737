"""WAV: whole at every moment, byte for byte what came, and repaired without loss."""

from __future__ import annotations

import hashlib
import struct
import wave
from pathlib import Path

import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gramophone.core.errors import StorageError
from storage.audio.wav import (
    HEADER_BYTES,
    LARGEST_DATA_BYTES,
    WavFormat,
    WavReader,
    WavWriter,
    header_fault,
)

LINEAR = WavFormat("linear16", 48_000)
PCM = struct.pack("<5h", 0, 1000, -1000, 32767, -32768)


def written(path: Path, *frames: bytes, form: WavFormat = LINEAR) -> WavWriter:
    writer = WavWriter(path, form)
    for frame in frames:
        writer.write(writer.size_bytes, frame)
    return writer


def test_every_reader_opens_the_file_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "1.wav"
    writer = WavWriter(path, LINEAR)
    for count in range(1, 4):
        writer.write(writer.size_bytes, PCM)
        with wave.open(str(path), "rb") as sound:
            assert sound.readframes(100) == PCM * count
        assert soundfile.read(path, dtype="int16")[0].tobytes() == PCM * count
        assert header_fault(path, LINEAR) == ""
    writer.close()


def test_a_new_file_is_an_empty_wav(tmp_path: Path) -> None:
    WavWriter(tmp_path / "1.wav", LINEAR).close()
    assert soundfile.info(tmp_path / "1.wav").frames == 0


@pytest.mark.parametrize(
    ("encoding", "tag", "bits", "subtype"),
    [("linear16", 1, 16, "PCM_16"), ("mulaw", 7, 8, "ULAW"), ("alaw", 6, 8, "ALAW")],
)
def test_each_encoding_has_its_tag(
    encoding: str, tag: int, bits: int, subtype: str, tmp_path: Path
) -> None:
    path = tmp_path / "1.wav"
    written(path, bytes(16), form=WavFormat(encoding, 8_000)).close()
    header = path.read_bytes()[:HEADER_BYTES]
    assert struct.unpack_from("<H", header, 20) == (tag,)
    assert struct.unpack_from("<H", header, 34) == (bits,)
    info = soundfile.info(path)
    assert (info.subtype, info.samplerate, info.frames) == (subtype, 8_000, 128 // bits)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(StorageError, match=r"'opus'.*linear16"):
        WavFormat("opus", 48_000)


def test_an_odd_end_is_closed_off_and_written_over_by_what_follows(tmp_path: Path) -> None:
    path = tmp_path / "1.wav"
    writer = written(path, b"\1\2\3")
    writer.sync()
    assert path.stat().st_size == HEADER_BYTES + 4
    assert header_fault(path, LINEAR) == ""
    assert writer.sha256() == hashlib.sha256(b"\1\2\3").hexdigest()
    writer.write(3, b"\4")
    assert path.read_bytes()[HEADER_BYTES:] == b"\1\2\3\4"
    writer.close()


def test_a_hole_left_by_an_aligned_frame_is_silence(tmp_path: Path) -> None:
    path = tmp_path / "1.wav"
    writer = written(path, b"\1\2\3")
    writer.write(4, b"\5\6")
    assert path.read_bytes()[HEADER_BYTES:] == b"\1\2\3\0\5\6"
    assert writer.sha256() == hashlib.sha256(b"\1\2\3\0\5\6").hexdigest()
    writer.close()


def test_what_is_written_over_is_hashed_afresh(tmp_path: Path) -> None:
    writer = written(tmp_path / "1.wav", b"abcdef")
    writer.sha256()
    writer.write(2, b"XY")
    assert writer.sha256() == hashlib.sha256(b"abXYef").hexdigest()
    writer.close()


def test_a_file_of_more_than_4_gib_is_refused_before_it_is_written(tmp_path: Path) -> None:
    writer = written(tmp_path / "1.wav", PCM)
    with pytest.raises(StorageError, match="4 GiB"):
        writer.write(LARGEST_DATA_BYTES - 1, PCM)
    writer.close()


def test_negative_offsets_are_refused(tmp_path: Path) -> None:
    writer = written(tmp_path / "1.wav", PCM)
    with pytest.raises(StorageError, match="cannot hold"):
        writer.write(-2, PCM)
    writer.close()


@pytest.mark.parametrize("length", [0, 1, 43, 44, 45, 46, 53, 54])
def test_a_cut_file_is_repaired_to_what_it_holds(length: int, tmp_path: Path) -> None:
    path = tmp_path / "1.wav"
    written(path, PCM).close()
    path.write_bytes(path.read_bytes()[:length])
    writer = WavWriter(path, LINEAR)
    assert writer.size_bytes == max(0, length - HEADER_BYTES)
    assert writer.sha256() == hashlib.sha256(PCM[: writer.size_bytes]).hexdigest()
    writer.close()
    assert header_fault(path, LINEAR) == ""
    assert soundfile.info(path).frames == writer.samples


def test_sound_beyond_the_header_is_kept_by_a_repair(tmp_path: Path) -> None:
    path = tmp_path / "1.wav"
    written(path, PCM).close()
    with path.open("ab") as file:
        file.write(b"\7" * 7)
    assert "says it holds" in header_fault(path, LINEAR)
    WavWriter(path, LINEAR).close()
    with WavReader(path) as reader:
        assert reader.read(0, 100)[: reader.data_bytes()] == PCM + b"\7" * 7


def test_a_repaired_file_is_not_changed_by_another_repair(tmp_path: Path) -> None:
    path = tmp_path / "1.wav"
    written(path, b"\1\2\3").close()
    WavWriter(path, LINEAR).close()
    once = path.read_bytes()
    WavWriter(path, LINEAR).close()
    assert path.read_bytes() == once


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(st.binary(max_size=40), max_size=12), cut=st.integers(0, 400))
def test_whatever_is_written_and_wherever_it_is_cut_it_stays_readable(
    frames: list[bytes], cut: int, tmp_path: Path
) -> None:
    path = tmp_path / "any.wav"
    path.unlink(missing_ok=True)
    written(path, *frames).close()
    path.write_bytes(path.read_bytes()[:cut])
    held = b"".join(frames)[: max(0, cut - HEADER_BYTES)]
    WavWriter(path, LINEAR).close()
    with WavReader(path) as reader:
        assert reader.read(0, reader.data_bytes()) == held
        assert reader.sha256() == hashlib.sha256(held).hexdigest()
    assert soundfile.info(path).frames == len(held) // 2


def test_a_missing_file_reads_as_nothing(tmp_path: Path) -> None:
    with WavReader(tmp_path / "none.wav") as reader:
        assert reader.missing
        assert reader.read(0, 10) == b""
        assert reader.data_bytes() == 0
