"""Samples: both laws of G.711 against known tables, and cutting into frames."""

from __future__ import annotations

import hashlib
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.audio.pcm import (
    FrameCutter,
    alaw_decode,
    alaw_encode,
    decode,
    encode,
    mulaw_decode,
    mulaw_encode,
)

EVERY_SAMPLE = array("h", range(-32_768, 32_768)).tobytes()
EVERY_CODE = bytes(range(256))


def linear16(*samples: int) -> bytes:
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_every_sample_and_every_code_as_in_the_standard_library_of_python_3_11() -> None:
    """The digests are those of audioop.lin2ulaw, ulaw2lin, lin2alaw and alaw2lin."""
    assert (
        sha256(mulaw_encode(EVERY_SAMPLE))
        == "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a"
    )
    assert (
        sha256(mulaw_decode(EVERY_CODE))
        == "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"
    )
    assert (
        sha256(alaw_encode(EVERY_SAMPLE))
        == "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b"
    )
    assert (
        sha256(alaw_decode(EVERY_CODE))
        == "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174"
    )


def test_silence_and_full_scale() -> None:
    ends = linear16(0, 32_767, -32_768)
    assert mulaw_encode(ends).hex() == "ff8000"
    assert alaw_encode(ends).hex() == "d5aa2a"
    assert mulaw_decode(b"\xff\x80\x00") == linear16(0, 32_124, -32_124)
    assert alaw_decode(b"\xd5\xaa\x2a") == linear16(8, 32_256, -32_256)


@pytest.mark.parametrize("encoding", ["linear16", "mulaw", "alaw"])
def test_what_was_decoded_encodes_to_the_same(encoding: str) -> None:
    # mulaw has two zeros; the negative one comes back as the other.
    codes = bytes(code for code in EVERY_CODE if code != 0x7F)
    data = EVERY_SAMPLE if encoding == "linear16" else codes
    assert encode(decode(data, encoding), encoding) == data


@pytest.mark.parametrize("law", [mulaw_encode, alaw_encode])
def test_half_a_sample_is_an_error(law: object) -> None:
    assert callable(law)
    with pytest.raises(ValueError, match="multiple of item size"):
        law(b"\0\0\0")


@given(st.lists(st.binary(max_size=50)), st.integers(min_value=1, max_value=20))
def test_frames_are_the_same_whatever_the_pieces(pieces: list[bytes], frame_bytes: int) -> None:
    cutter = FrameCutter(frame_bytes)
    frames = [frame for piece in pieces for frame in cutter.cut(piece)]
    rest = cutter.rest()
    assert b"".join(frames) + rest == b"".join(pieces)
    assert all(len(frame) == frame_bytes for frame in frames)
    assert len(rest) < frame_bytes
    assert cutter.rest() == b""
