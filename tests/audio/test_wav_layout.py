"""WAV files by the whole grammar: every order of chunks, sizes that nobody filled in, RF64."""

from __future__ import annotations

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.audio.wav_layout import PCM, NotWav, WavLayout, wav_layout
from tests.support.wav_layouts import ACCEPTED, EXTENSIBLE, FORM, LIST, SOUND, UNKNOWN, chunk, riff


def sound_of(data: bytes) -> bytes:
    layout = wav_layout(data, len(data))
    assert (layout.tag, layout.channels, layout.sample_rate_hz, layout.bits) == (PCM, 1, 24_000, 16)
    return data[layout.data_start : layout.data_start + layout.data_bytes]


@pytest.mark.parametrize("kind", ACCEPTED)
def test_samples_are_found(kind: str) -> None:
    assert sound_of(ACCEPTED[kind]) == SOUND


def test_an_empty_chunk_in_a_finished_file_is_empty() -> None:
    assert sound_of(riff(chunk(b"fmt ", FORM), chunk(b"data", b""), LIST)) == b""
    assert sound_of(riff(chunk(b"fmt ", FORM), chunk(b"data", b""))) == b""


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "does not begin"),
        (b"RIFF\0\0\0\0AVI ", "does not begin"),
        (riff(chunk(b"data", SOUND), chunk(b"fmt ", FORM)), "before their form"),
        (riff(chunk(b"fmt ", FORM)), "no samples"),
        (riff(chunk(b"fmt ", FORM[:10]), chunk(b"data", SOUND)), "cut off"),
        (riff(chunk(b"fmt ", EXTENSIBLE[:30]), chunk(b"data", SOUND)), "not known"),
        (riff(chunk(b"fmt ", EXTENSIBLE[:-1] + b"x"), chunk(b"data", SOUND)), "not known"),
        (riff(chunk(b"junk", b"", UNKNOWN - 8), chunk(b"data", SOUND)), "no samples"),
    ],
)
def test_what_is_not_a_wav_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(NotWav, match=reason):
        wav_layout(data, len(data))


def test_samples_must_begin_within_what_is_looked_at() -> None:
    data = riff(chunk(b"junk", bytes(5_000)), chunk(b"fmt ", FORM), chunk(b"data", SOUND))
    with pytest.raises(NotWav, match="too late"):
        wav_layout(data[:1_000], len(data))


@given(
    channels=st.integers(1, 8),
    rate=st.integers(1, 192_000),
    width=st.integers(1, 4),
    frames=st.integers(0, 50),
)
def test_files_of_another_writer_are_read(
    channels: int, rate: int, width: int, frames: int
) -> None:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(bytes(channels * width * frames))
    data = content.getvalue()
    assert wav_layout(data, len(data)) == WavLayout(
        PCM, channels, rate, 8 * width, 44, channels * width * frames
    )


@given(data=st.binary(max_size=200), at=st.integers(0, 300), kind=st.sampled_from([*ACCEPTED]))
def test_damage_is_refused_or_stays_inside_the_file(data: bytes, at: int, kind: str) -> None:
    whole = ACCEPTED[kind]
    damaged = whole[:at] + data + whole[at + len(data) :]
    try:
        layout = wav_layout(damaged, len(damaged))
    except NotWav:
        return
    assert 0 <= layout.data_start <= layout.data_start + layout.data_bytes <= len(damaged)
