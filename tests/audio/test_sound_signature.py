"""The format of sound is recognised by its first bytes, as soon as there are enough of them."""

from __future__ import annotations

import io

import pytest
import soundfile

from gramophone.audio.sound_signature import ENOUGH_BYTES, mpeg_frame_bytes, sound_format


def mp3(rate_hz: int) -> bytes:
    data = io.BytesIO()
    with soundfile.SoundFile(data, "w", rate_hz, 1, "MPEG_LAYER_III", format="MP3") as sound:
        sound.buffer_write(bytes(rate_hz), dtype="int16")
    return data.getvalue()


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_frames_of_mpeg_follow_each_other_at_the_stated_length(rate_hz: int) -> None:
    data = mp3(rate_hz)
    at = frames = 0
    while at < len(data):
        length = mpeg_frame_bytes(data[at : at + 4])
        assert length > 0
        at, frames = at + length, frames + 1
    assert (at, frames > 5) == (len(data), True)


def test_more_bytes_are_wanted_only_while_they_can_matter() -> None:
    data = mp3(24_000)
    length = mpeg_frame_bytes(data)
    assert sound_format(data[:3]) is None
    assert sound_format(data[:length]) is None
    assert sound_format(data[: length + 8]) == "mp3"
    assert sound_format(data[:length], whole=True) == "pcm"
    assert sound_format(bytes(8)) == "pcm"
    assert length + 8 < ENOUGH_BYTES


def test_two_frames_of_adts_are_aac() -> None:
    frame = b"\xff\xf1\x50\x80\x01\x7f\xfc" + bytes(4)
    assert sound_format(frame + frame) == "aac"
    assert sound_format(frame + bytes(40)) == "pcm"
