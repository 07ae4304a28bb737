"""The page of a session as a file: one, whole, the same every time, and its sound fits."""

from __future__ import annotations

import io
import json
import re
import tempfile
from base64 import b64decode, b64encode
from hashlib import sha256
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fixtures import recordings
from gramophone.config.voice_choice import SAMPLE_RATES_HZ
from gramophone.core.errors import StorageError
from gramophone.core.timeline import AudioReceived, Event, SessionEnded
from gramophone.library.export_request import FORMS, ExportRequest, Pauses, TurnSelection
from storage.library import StoredLibrary
from tests.support.builders import session_started, spoken_exchange
from tests.support.recordings import SESSION_ID, record

PAUSES = Pauses(given_us=FORMS["html"].pause_us)


def talk(*exchanges: tuple[str, str, bytes], rate_hz: int = 48_000) -> list[Event]:
    events: list[Event] = []
    for number, (question, answer, pcm) in enumerate(exchanges):
        events += spoken_exchange(
            question,
            answer,
            first_turn=2 * number,
            start_us=1_000_000 + number * 10_000_000,
            frames=(pcm,),
        )
    return [session_started(sample_rate_hz=rate_hz), *events, SessionEnded(at_us=90_000_000)]


async def page_of(
    home: Path, session_id: str = SESSION_ID, cut: TurnSelection | None = None
) -> str:
    path = home.with_suffix(".html")
    order = ExportRequest("html", path, replace=True, cut=cut or TurnSelection(), pauses=PAUSES)
    async with await StoredLibrary.open(home) as library:
        await library.export([session_id], order)
    return path.read_text(encoding="utf-8")


def sound_of(html: str) -> tuple[np.ndarray, int]:
    (address,) = re.findall(r'<audio [^>]*src="data:audio/mpeg;base64,([^"]*)"', html)
    return soundfile.read(io.BytesIO(b64decode(address, validate=True)))


def data_of(html: str) -> dict[str, str | int]:
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html)
    return json.loads(data)


def burst(silence_s: float, tone_s: float, rate_hz: int) -> bytes:
    """Silence, then a tone of half the full scale."""
    silence = np.zeros(round(silence_s * rate_hz))
    time_s = np.arange(round(tone_s * rate_hz)) / rate_hz
    tone = np.sin(2 * np.pi * 440 * time_s) * 16_384
    return np.concatenate([silence, tone]).astype("<i2").tobytes()


@pytest.mark.parametrize("rate_hz", SAMPLE_RATES_HZ)
async def test_sound_stands_where_the_words_say(rate_hz: int, tmp_path: Path) -> None:
    pcm = burst(0.5, 0.5, rate_hz)
    exchanges = (("Well?", "Now it sounds.", pcm), ("Again?", "So it does.", pcm))
    await record(tmp_path, talk(*exchanges, rate_hz=rate_hz))
    html = await page_of(tmp_path)
    sound, decoded_hz = sound_of(html)
    assert decoded_hz == rate_hz
    assert len(sound) == 2.6 * rate_hz
    loud = np.flatnonzero(np.abs(sound) > 0.1) / rate_hz
    assert loud[0] == pytest.approx(0.5, abs=0.01)
    assert loud[loud < 1.5][-1] == pytest.approx(1.0, abs=0.01)
    assert loud[loud > 1.5][0] == pytest.approx(1 + 0.6 + 0.5, abs=0.01)
    data = data_of(html)
    assert data["duration_ms"] == 2_600
    peaks = np.frombuffer(bytes.fromhex(str(data["peaks"])), np.uint8)
    assert len(peaks) == 1_200
    half = np.flatnonzero(peaks > 120) * 2.6 / 1_200
    assert half[0] == pytest.approx(0.5, abs=0.01)
    assert half[-1] == pytest.approx(2.6, abs=0.01)
    assert peaks.max() == 128


async def test_sound_of_an_odd_rate_is_refused_in_a_sentence(tmp_path: Path) -> None:
    await record(tmp_path, talk(("a", "b", b"\1\0" * 900), rate_hz=9_000))
    with pytest.raises(
        StorageError, match="MP3 does not have that rate; export the session as wav"
    ):
        await page_of(tmp_path)
    assert not tmp_path.with_suffix(".html").exists()


async def test_a_full_disk_leaves_nothing_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record(tmp_path, talk(("a", "b", burst(0, 2, 48_000))))
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: open("/dev/full", "r+b", buffering=0))
    with pytest.raises(StorageError, match="No space left on device"):
        await page_of(tmp_path)
    assert not tmp_path.with_suffix(".html").exists()


async def test_less_sound_than_the_shape_has_places(tmp_path: Path) -> None:
    await record(tmp_path, talk(("a", "b", b"\xff\x7f" * 5)))
    assert data_of(await page_of(tmp_path))["peaks"] == "ff" * 5


async def test_the_same_session_gives_the_same_bytes(tmp_path: Path) -> None:
    for event_home in ("one", "two"):
        await record(tmp_path / event_home, talk(("a", "b " * 9, burst(0.1, 1, 48_000))))
    pages = [await page_of(tmp_path / home) for home in ("one", "one", "two")]
    assert pages[0] == pages[1] == pages[2]


async def test_nothing_but_the_pages_own_script_and_style_is_let_in(tmp_path: Path) -> None:
    await record(tmp_path, talk(("a", "b", b"\1\0" * 480)))
    html = await page_of(tmp_path)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    rules = dict(rule.split(" ", 1) for rule in unescape(policy).split("; "))
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert (rules["media-src"], rules["img-src"]) == ("data:", "data:")
    assert html.count("<script") == 2
    assert not re.search(r"<[^>]+ (on\w+|style)=", html)
    assert not re.search(r"(src|href)=\"(?!data:)", html)


async def test_text_without_sound_is_a_page_too(tmp_path: Path) -> None:
    events = [
        event
        for event in talk(("Is it?", "It **is**.", b"\1\0"))
        if not isinstance(event, AudioReceived)
    ]
    await record(tmp_path, events)
    html = await page_of(tmp_path)
    assert "<audio" not in html
    assert "data-from=" not in html.split("<script")[0]
    assert '<p dir="auto">It <strong>is</strong>.</p>' in html
    assert "no sound" in html


async def test_a_turn_alone_has_only_its_words(tmp_path: Path) -> None:
    pcm = burst(0, 0.5, 48_000)
    await record(tmp_path, talk(("One?", "The first.", pcm), ("Two?", "The second.", pcm)))
    html = await page_of(tmp_path, cut=TurnSelection(turns=frozenset({3})))
    assert re.findall(r'data-from="(\d+)"[^>]*>([^<]+)', html) == [("0", "The"), ("110", "second.")]
    assert "One?" not in html.split("</header>", 1)[1]


async def test_a_recording_is_small_and_every_word_that_is_said_can_light_up(
    tmp_path: Path,
) -> None:
    session_id = "dd4acff339a3baa3"
    async with await StoredLibrary.open(tmp_path) as library:
        await library.import_bundle(recordings.path_of("long-markdown"))
    html = await page_of(tmp_path, session_id)
    assert len(html) < 9_000 * 60
    words = re.findall(r'<span class="w"([^>]*)>', html)
    assert len(words) == 165
    assert all("data-to" in attributes for attributes in words)
    assert re.findall(r'<pre data-from="(\d+)"><code>while', html)
