"""When words are heard: our times, as exported, against the engine's own."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

import pytest

from gramophone.library.export_request import Pauses
from storage.recording.recorder import Recorder
from tests.support.exported import written
from tests.support.recordings import SESSION_ID
from tests.support.word_times import spoken

TEXTS = (
    "A gramophone keeps no sound at all. It keeps a movement, and the air does the rest: the "
    "needle follows the groove, the membrane is shaken by it, and whoever stands before the horn "
    "hears a voice.",
    "Emile Berliner was born in Hanover in 1851 and sailed to America when he was nineteen. His "
    "patent for the flat disc is dated November 8, 1887. By 1901, more than 250,000 machines had "
    "been sold; the Victor Talking Machine Company alone made about 40 a day.",
    "Why did the flat record win? Because it could be pressed. A cylinder had to be recorded again "
    "and again, perhaps ten at a time; a disc, once engraved, gave thousands of copies. That is, "
    "in one sentence, the whole story of the industry.",
    "# How to begin\n\nFirst, **wind the spring**. Then:\n\n1. Lower the needle *gently* onto the "
    "edge of the record.\n2. Close the lid, so that the hiss of the needle is not heard.\n3. "
    "Listen.\n\nSteel needles last for one side, e.g. side A. Dr. Smith's book, which costs "
    "$12.50, says the same.",
    "Yes. No. Maybe. It was a quiet Tuesday evening, and nobody in the house had thought of music "
    "for a very long time, when suddenly, from the attic, there came a thin and crackling voice "
    "which sang of the sea, of ships, and of somebody called Rosalind who had promised to wait.",
)
MEDIAN_MS = 100
P90_MS = 250
MOMENT = re.compile(r"<(\d\d):(\d\d):(\d\d)\.(\d{3})>")


@pytest.mark.engines
async def test_words_are_told_when_the_engine_spoke_them(tmp_path: Path) -> None:
    async with Recorder.open(tmp_path) as recorder:
        talk = await spoken(tmp_path, TEXTS, [recorder])
    document = json.loads(await written(tmp_path, [SESSION_ID], "json", pauses=Pauses()))
    late_ms: list[float] = []
    for turn in document["turns"]:
        words = [word for passage in turn["passages"] for word in passage["words"]]
        engine_words = talk.words.get(turn["turn"], [])
        assert [word["text"] for word in words] == [word.text for word in engine_words]
        for word, engine in zip(words, engine_words, strict=True):
            late_ms.append((word["start_us"] - turn["start_us"] - engine.start_us) / 1000)
            source = turn["text"][word["source_start"] : word["source_end"]]
            assert re.sub(r"\W", "", source) == re.sub(r"\W", "", word["text"])
    assert len(late_ms) > 200
    early_or_late_ms = [abs(late) for late in late_ms]
    assert median(early_or_late_ms) <= MEDIAN_MS
    assert quantiles(early_or_late_ms, n=10)[-1] <= P90_MS
    starts_us = [
        word["start_us"]
        for turn in document["turns"]
        for passage in turn["passages"]
        for word in passage["words"]
    ]
    assert all(one < other for one, other in pairwise(starts_us))
    assert_captions_agree(await written(tmp_path, [SESSION_ID], "vtt"), starts_us)


def assert_captions_agree(vtt: bytes, starts_us: list[int]) -> None:
    """Every moment in the captions is that of a word, in order."""
    moments = [
        ((int(h) * 60 + int(m)) * 60 + int(s)) * 1000 + int(ms)
        for h, m, s, ms in MOMENT.findall(vtt.decode())
    ]
    assert moments == sorted(set(moments))
    assert set(moments) <= {start_us // 1000 for start_us in starts_us}
    assert len(moments) > len(starts_us) * 0.7
