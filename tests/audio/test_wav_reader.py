"""A WAV is read as it comes: every form of samples, every size that writers leave in its head."""

from __future__ import annotations

import math
import struct

import pytest

from gramophone.audio.linear16_converter import UnknownSamples
from gramophone.audio.wav_layout import FLOAT, PCM, NotWav
from gramophone.audio.wav_reader import WavStreamReader

SAMPLES = (0, 1_000, -1_000, 32_767, -32_768, 256)
LINEAR16 = struct.pack("<6h", *SAMPLES)


def wav(
    data: bytes,
    *,
    tag: int = PCM,
    bits: int = 16,
    channels: int = 1,
    size: int | None = None,
    before: bytes = b"",
) -> bytes:
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, 16_000, 16_000 * block, block, bits)
    data_size = len(data) if size is None else size
    head = b"fmt " + struct.pack("<I", len(form)) + form + before
    body = head + b"data" + struct.pack("<I", data_size) + data
    return b"RIFF" + struct.pack("<I", min(len(body) + 4, 0xFFFF_FFFF)) + b"WAVE" + body


def read(file: bytes, step: int = 1 << 20) -> bytes:
    reader = WavStreamReader()
    pieces = (file[start : start + step] for start in range(0, len(file), step))
    samples = [part for piece in pieces for part in reader.feed(piece)]
    assert {part.sample_rate_hz for part in samples} <= {16_000}
    return b"".join(part.pcm for part in samples)


@pytest.mark.parametrize("step", [1, 3, 7, 1 << 20])
def test_a_wav_cut_anywhere_gives_its_samples(step: int) -> None:
    assert read(wav(LINEAR16, before=b"LIST\x03\0\0\0abc\0"), step) == LINEAR16


@pytest.mark.parametrize("size", [0, 4, 1 << 20, 0xFFFF_FFFF])
def test_a_size_that_is_wrong_loses_no_sample(size: int) -> None:
    assert read(wav(LINEAR16 * 3, size=size)) == LINEAR16 * 3


def test_a_file_that_states_no_length_at_all_goes_on_to_its_end() -> None:
    file = bytearray(wav(LINEAR16, size=0))
    file[4:8] = b"\xff\xff\xff\xff"
    assert read(bytes(file)) == LINEAR16


def test_chunks_behind_the_samples_are_not_played() -> None:
    tags = b"LIST\x05\0\0\0INFOx\0"
    assert read(wav(LINEAR16) + tags) == LINEAR16
    assert read(wav(b"\x80\x80\x80", bits=8) + b"\0" + tags) == bytes(6)


@pytest.mark.parametrize("step", [1, 5, 1 << 20])
def test_wavs_behind_each_other_are_joined(step: int) -> None:
    assert read(wav(LINEAR16) * 3, step) == LINEAR16 * 3


def test_8_bits_have_their_silence_in_the_middle() -> None:
    assert read(wav(bytes((0, 128, 255)), bits=8)) == struct.pack("<3h", -32_768, 0, 32_512)


@pytest.mark.parametrize("bits", [24, 32])
def test_wide_samples_keep_their_upper_16_bits(bits: int) -> None:
    wide = b"".join(
        (sample << (bits - 16)).to_bytes(bits // 8, "little", signed=True) for sample in SAMPLES
    )
    assert read(wav(wide, bits=bits), 5) == LINEAR16


def test_floats_are_clipped_and_what_is_no_number_is_silence() -> None:
    numbers = (0.0, 0.5, -0.5, 2.0, -2.0, math.nan, math.inf)
    data = struct.pack("<7f", *numbers)
    wanted = (0, 16_384, -16_384, 32_767, -32_768, 0, 0)
    assert read(wav(data, tag=FLOAT, bits=32), 3) == struct.pack("<7h", *wanted)


def test_two_channels_are_averaged() -> None:
    data = struct.pack("<6h", 100, 300, -32_768, -32_768, 5, -5)
    assert read(wav(data, channels=2), 3) == struct.pack("<3h", 200, -32_768, 0)


def test_a_form_that_is_not_known_is_named() -> None:
    with pytest.raises(UnknownSamples, match="form 85 with 16 bits"):
        read(wav(b"\0\0", tag=0x55))
    with pytest.raises(UnknownSamples, match="9 channels"):
        read(wav(bytes(18), channels=9))


def test_a_head_without_end_is_refused() -> None:
    with pytest.raises(NotWav, match="begin too late"):
        read(wav(b"", before=b"JUNK" + struct.pack("<I", 1 << 20)))
