"""Caption files as others read them: webvtt-py and ffmpeg."""

from __future__ import annotations

import html
import re
import subprocess
import tempfile
import wave
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import recordings
from gramophone.core.errors import StorageError
from gramophone.core.timeline import Event, SessionEnded, TextSpoken
from gramophone.library.export_request import Pauses, TurnSelection
from tests.support.builders import session_started, spoken_exchange
from tests.support.exported import HOSTILE, SECOND, taken_in, talked, written
from tests.support.recordings import SESSION_ID, record

FORMS = ("srt", "vtt")
MARK = re.compile(r"<[^>]*>")


def read(form: str, content: bytes) -> list[tuple[int, int, str]]:
    """Start and end in milliseconds and the text of every cue, as webvtt-py sees them."""
    with tempfile.NamedTemporaryFile(suffix=f".{form}") as file:
        file.write(content)
        file.flush()
        parsed = webvtt.from_srt(file.name) if form == "srt" else webvtt.read(file.name)
    cues = parsed.captions
    return [(_ms(cue.start), _ms(cue.end), html.unescape(cue.text)) for cue in cues]


def _ms(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return round((int(hours) * 60 + int(minutes)) * 60_000 + float(seconds) * 1000)


def ffmpeg_cues(path: Path) -> list[str]:
    """The texts of the packets ffmpeg finds, read as SubRip without its marks."""
    completed = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-f", "srt", "-"], capture_output=True, check=True
    )
    assert completed.stderr == b""
    blocks = completed.stdout.decode().replace("\r", "").strip().split("\n\n")
    return [MARK.sub("", block.split("\n", 2)[2]) for block in blocks]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pauses", [Pauses(), Pauses(real=True), Pauses(given_us=700_000)])
async def test_they_fit_the_sound_exported_with_the_same_options(
    form: str, pauses: Pauses, tmp_path: Path
) -> None:
    await talked(tmp_path, "One sentence of it.", "Another sentence, of another turn.", seconds=3)
    cues = read(form, await written(tmp_path, [SESSION_ID], form, pauses=pauses))
    (tmp_path / "sound.wav").write_bytes(
        await written(tmp_path, [SESSION_ID], "wav", pauses=pauses)
    )
    with wave.open(str(tmp_path / "sound.wav")) as sound:
        sound_ms = sound.getnframes() * 1000 // sound.getframerate()
    assert [text for *_, text in cues] == [
        "One sentence of it.",
        "Another sentence, of another turn.",
    ]
    assert (cues[0][0], cues[0][1], cues[1][1]) == (0, 3000, sound_ms)
    assert cues[1][0] == sound_ms - 3000


@pytest.mark.parametrize("form", FORMS)
async def test_they_fit_a_part_of_the_sound(form: str, tmp_path: Path) -> None:
    sentence = "One two three four five six seven eight nine ten."
    await talked(tmp_path, sentence, sentence, seconds=5)
    cut = TurnSelection(frozenset({3}))
    assert read(form, await written(tmp_path, [SESSION_ID], form, cut=cut))[0][0] == 0
    late = await written(
        tmp_path, [SESSION_ID], form, cut=TurnSelection(from_us=63_000_000, to_us=64_000_000)
    )
    ((start_ms, end_ms, text),) = read(form, late)
    # It may begin between two words.
    assert 0 <= start_ms < 200
    assert 1000 <= end_ms < 1200
    assert text in sentence.replace("\n", " ")
    assert len(text) < len(sentence)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", recordings.names())
async def test_ffmpeg_reads_the_same(form: str, name: str, tmp_path: Path) -> None:
    ids = await taken_in(tmp_path, [name])
    content = await written(tmp_path, ids, form)
    (tmp_path / f"out.{form}").write_bytes(content)
    cues = read(form, content)
    assert ffmpeg_cues(tmp_path / f"out.{form}") == [text for *_, text in cues]
    assert all(start < end for start, end, _ in cues)
    assert all(one[1] <= other[0] for one, other in pairwise(cues))


@pytest.mark.parametrize("form", FORMS)
async def test_sessions_follow_each_other_as_their_sound_does(form: str, tmp_path: Path) -> None:
    names = ["short-answer", "interrupted"]
    one, two = await taken_in(tmp_path, names)
    first = read(form, await written(tmp_path, [one], form))
    second = read(form, await written(tmp_path, [two], form))
    both = read(form, await written(tmp_path, [one, two], form))
    assert both[: len(first)] == first
    (tmp_path / "one.wav").write_bytes(await written(tmp_path, [one], "wav"))
    with wave.open(str(tmp_path / "one.wav")) as sound:
        shift_ms = sound.getnframes() * 1000 / sound.getframerate()
    shifted = both[len(first) :]
    assert [text for *_, text in shifted] == [text for *_, text in second]
    for (start, end, _), (start_ms, end_ms, _) in zip(second, shifted, strict=True):
        assert abs(start + shift_ms - start_ms) <= 1
        assert abs(end + shift_ms - end_ms) <= 1


async def test_every_word_of_a_vtt_lights_up_in_its_cue(tmp_path: Path) -> None:
    ids = await taken_in(tmp_path, ["long-list"])
    content = (await written(tmp_path, ids, "vtt")).decode()
    cue = re.compile(r"^(\S+) --> (\S+)\n((?:.+\n)+)", re.MULTILINE)
    lit = cue.findall(content)
    assert len(lit) > 20
    for start, end, payload in lit:
        at_ms = _ms(start)
        for moment in re.findall(r"<(\d\d:\d\d:\d\d\.\d{3})>", payload):
            assert at_ms < _ms(moment) < _ms(end)
            at_ms = _ms(moment)
        assert MARK.sub("", payload).split() == re.findall(r"<c>(.*?)</c>", payload)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_forges_a_cue(form: str, text: str, tmp_path: Path) -> None:
    await talked(tmp_path, f"Before {text} after.", seconds=6, question=text)
    content = await written(tmp_path, [SESSION_ID], form)
    cues = read(form, content)
    assert cues[0][0] == 0
    assert cues[-1][1] == 6000
    body = content.decode().split("\n\n")
    times = [block for block in body if "-->" in block]
    assert len(times) == len(cues)
    assert all(block.count("-->") == 1 for block in times)
    words = " ".join(text for *_, text in cues).replace("\n", " ")
    assert words.startswith("Before")
    assert words.endswith("after.")
    (tmp_path / f"out.{form}").write_bytes(content)
    assert len(ffmpeg_cues(tmp_path / f"out.{form}")) == len(cues)
    if form == "vtt":
        assert set(MARK.findall(content.decode().split("\n\n", 2)[2])) <= {
            mark
            for mark in MARK.findall(content.decode())
            if re.fullmatch(r"</?c>|<[\d:.]+>", mark)
        }
    else:
        assert not re.search(r"<[a-z/!]|[{}]", content.decode())


ANY = st.text(st.one_of(st.sampled_from("a b\n<>-&;{}\\0:,.\r\u2028"), st.characters()), min_size=1)


@settings(max_examples=25, deadline=None)
@given(st.lists(ANY, min_size=1, max_size=3), ANY)
async def test_any_text_gives_whole_files(answers: list[str], question: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        await talked(Path(directory), "Hello.", *answers, question=question)
        for form in FORMS:
            content = await written(Path(directory), [SESSION_ID], form)
            cues = read(form, content)
            assert len(cues) == content.count(b" --> ")
            assert cues[0][2] == "Hello."
            assert all(text.strip() for *_, text in cues)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("frames", [(), (SECOND,)])
async def test_where_no_word_was_spoken_there_are_no_captions(
    form: str, frames: tuple[bytes, ...], tmp_path: Path
) -> None:
    """A session without sound, and one whose only answer is an emoji: nothing was sent to be
    spoken."""
    talk = spoken_exchange(answer="👍", frames=frames)
    silent: list[Event] = [event for event in talk if not isinstance(event, TextSpoken)]
    await record(tmp_path, [session_started(), *silent, SessionEnded(at_us=9_000_000)])
    with pytest.raises(StorageError, match="no captions to export"):
        await written(tmp_path, [SESSION_ID], form)
    assert not (tmp_path / f"out.{form}").exists()


@pytest.mark.parametrize("form", FORMS)
async def test_one_that_is_silent_is_passed_over_among_others(form: str, tmp_path: Path) -> None:
    (one,) = await taken_in(tmp_path, ["short-answer"])
    silent = [replace(session_started(), session_id="0b"), SessionEnded(at_us=1)]
    await record(tmp_path, silent)
    both = await written(tmp_path, ["0b", one], form)
    assert both == await written(tmp_path, [one], form)
