"""The body of an answer is read for what it is: samples, files, events, or text instead."""

from __future__ import annotations

import io
import json
import math
from array import array
from base64 import b64encode

import pytest
import soundfile

from gramophone.audio.sound_reader import EncodedSound, NotSound
from gramophone.audio.wav_reader import Linear16
from gramophone.wire.sound_response import SoundResponse
from gramophone.wire.sse import event_bytes

TONE = array("h", [round(8_000 * math.sin(index / 20)) for index in range(6_000)]).tobytes()


def read(body: bytes, content_type: str = "audio/pcm", step: int = 1 << 20) -> bytes:
    """The samples of a body, which are all at 24,000 Hz."""
    pieces = pieces_of(body, content_type, step)
    assert all(isinstance(piece, Linear16) and piece.sample_rate_hz == 24_000 for piece in pieces)
    return b"".join(piece.pcm for piece in pieces if isinstance(piece, Linear16))


def pieces_of(body: bytes, content_type: str, step: int = 1 << 20) -> list[Linear16 | EncodedSound]:
    reader = SoundResponse(content_type, 24_000)
    parts = (body[start : start + step] for start in range(0, len(body), step))
    return [*(piece for part in parts for piece in reader.feed(part)), *reader.finish()]


def file(kind: str, subtype: str) -> bytes:
    data = io.BytesIO()
    with soundfile.SoundFile(data, "w", 24_000, 1, subtype, format=kind) as sound:
        sound.buffer_write(TONE, dtype="int16")
    return data.getvalue()


@pytest.mark.parametrize("step", [1, 3, 999, 1 << 20])
def test_samples_are_whole_however_they_are_cut(step: int) -> None:
    assert read(TONE, step=step) == TONE


@pytest.mark.parametrize("label", ["", "audio/pcm", "text/event-stream", "text/html"])
def test_the_label_does_not_matter(label: str) -> None:
    assert read(TONE, label) == TONE
    assert read(file("WAV", "PCM_16"), label) == TONE


def test_half_a_sample_at_the_end_is_dropped() -> None:
    assert read(TONE + b"\x7f") == TONE
    assert read(b"\0\0" + b"\x7f") == b"\0\0"


def test_rate_and_channels_in_the_label_are_believed_where_they_are_possible() -> None:
    (piece,) = pieces_of(TONE, "audio/L16; rate=16000;channels=2")
    assert isinstance(piece, Linear16)
    assert (len(piece.pcm), piece.sample_rate_hz) == (len(TONE) // 2, 16_000)
    assert read(TONE, "audio/pcm; rate=12; channels=many") == TONE


@pytest.mark.parametrize(
    ("kind", "subtype", "encoding"),
    [("MP3", "MPEG_LAYER_III", "mp3"), ("OGG", "OPUS", "ogg"), ("FLAC", "PCM_16", "flac")],
)
def test_a_file_comes_through_as_it_is(kind: str, subtype: str, encoding: str) -> None:
    data = file(kind, subtype)
    pieces = pieces_of(data, "audio/pcm", step=100)
    assert all(isinstance(piece, EncodedSound) and piece.encoding == encoding for piece in pieces)
    assert b"".join(piece.data for piece in pieces if isinstance(piece, EncodedSound)) == data


def test_samples_that_begin_like_mpeg_are_samples() -> None:
    assert read(b"\xff\xfb\x90\xc4" + TONE) == b"\xff\xfb\x90\xc4" + TONE


def test_formats_without_a_decoder_are_named() -> None:
    with pytest.raises(NotSound, match="MP4, which is not read here; ask it for wav, pcm or mp3"):
        read(b"\0\0\0\x20ftypM4A " + bytes(100))


# --- events -----------------------------------------------------------------------------------


def events(pcm: bytes, size: int) -> bytes:
    cuts = (pcm[start : start + size] for start in range(0, len(pcm), size))
    deltas = (
        event_bytes({"type": "speech.audio.delta", "audio": b64encode(cut).decode()})
        for cut in cuts
    )
    done = event_bytes({"type": "speech.audio.done", "usage": {"total_tokens": 1}})
    return b"".join(deltas) + event_bytes({"type": "applause"}) + done


@pytest.mark.parametrize("label", ["text/event-stream; charset=utf-8", "application/octet-stream"])
@pytest.mark.parametrize("step", [1 << 20, 50])
def test_events_give_the_sound_in_them(label: str, step: int) -> None:
    assert read(events(TONE, 777), label, step) == TONE
    assert read(events(file("WAV", "PCM_16"), 777), label, step) == TONE


def test_an_error_among_events_is_told() -> None:
    body = events(TONE, 1_000) + event_bytes({"type": "error", "error": {"message": "No credit."}})
    with pytest.raises(NotSound, match=r"an error \(No credit\.\)"):
        read(body, "text/event-stream")


def test_an_event_with_rubbish_for_sound_is_refused() -> None:
    body = event_bytes({"type": "speech.audio.delta", "audio": "x"})
    with pytest.raises(NotSound, match="an event whose sound cannot be read"):
        read(body, "text/event-stream")


# --- text instead of sound --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "description"),
    [
        ("", "no sound"),
        ("  \n", "no sound"),
        ("<!DOCTYPE html><html><head><title> Login </title>", r"a web page \(Login\)"),
        ("<html><body>nothing", "a web page"),
        ("Model is loading", r"text \(Model is loading\)"),
        ("é" * 500, r"text \(é{200}\)"),
        (json.dumps({"error": {"message": "No such voice."}}), r"an error \(No such voice\.\)"),
        (json.dumps({"error": "No such voice."}), r"an error \(No such voice\.\)"),
        (json.dumps({"detail": [{"msg": "field required"}]}), r"an error \(field required\)"),
        (json.dumps({"err_msg": "Bad Request: x"}), r"an error \(Bad Request: x\)"),
        (json.dumps({"audio": None}), "JSON, not sound"),
        ("{" + "[" * 100_000, "JSON, not sound"),
    ],
    ids=[
        "nothing",
        "blanks",
        "page-with-title",
        "page",
        "text",
        "long-text",
        "error-of-openai",
        "error-as-text",
        "error-of-fastapi",
        "error-of-deepgram",
        "json",
        "deep-json",
    ],
)
@pytest.mark.parametrize("step", [1 << 20, 7])
def test_text_is_described(body: str, description: str, step: int) -> None:
    with pytest.raises(NotSound, match=f"^{description}$"):
        read(body.encode(), "audio/pcm", step)


def test_a_wav_without_samples_is_no_sound() -> None:
    with pytest.raises(NotSound, match="no sound"):
        read(file("WAV", "PCM_16")[:44])
