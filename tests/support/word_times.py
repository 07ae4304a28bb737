"""Texts spoken through the whole client by a voice that knows when it spoke each word."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gramophone.core.frozen import frozen
from gramophone.core.intents import Submit
from gramophone.core.sinks import Sink
from gramophone.core.timeline import Event
from gramophone.providers.engine_process import EngineProcess
from tests.support.engine_sessions import ScriptedModel, completed, session


@frozen
class EngineWord:
    """A word as the engine spoke it, in microseconds of the turn's sound."""

    text: str
    start_us: int
    end_us: int


@frozen
class SpokenTalk:
    """A session's events, and by turn what the engine knows of its words."""

    events: list[Event]
    words: dict[int, list[EngineWord]]


async def spoken(path: Path, texts: Sequence[str], sinks: Sequence[Sink] = ()) -> SpokenTalk:
    """Each text as the answer of a turn, one after another."""
    alignment_file = path / "words.jsonl"
    alignment_file.touch()
    options = ["--speak", "--no-limits", "--watch-stdin", "--progress", "--voice", "piper"]
    child = EngineProcess(
        "The voice", "tests.support.aligned_voice", [str(alignment_file), *options], lambda _: None
    )
    words: dict[int, list[EngineWord]] = {}
    model = ScriptedModel(*(re.findall(r"\s*\S+", text) for text in texts))
    try:
        ready = await child.start()
        async with session(ready["speak_url"], model=model, sinks=sinks) as (engine, listening):
            read_lines = 0
            for number in range(len(texts)):
                engine.post(Submit("Speak."))
                await listening.until(completed(2 * number + 1))
                lines = _lines(alignment_file)
                words[2 * number + 1] = list(_words(lines[read_lines:]))
                read_lines = len(lines)
        return SpokenTalk([e for e in listening.entries if isinstance(e, Event)], words)
    finally:
        await child.aclose()


def _lines(alignment_file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in alignment_file.read_text(encoding="utf-8").splitlines()]


def _words(lines: Sequence[dict[str, Any]]) -> list[EngineWord]:
    """The pieces follow each other in the turn's sound without a gap."""
    words: list[EngineWord] = []
    before_us = 0
    for line in lines:
        rate_hz = line["rate_hz"]
        assert line["spoken"] == line["samples"]
        for text, start, end in line["words"]:
            start_us, end_us = (before_us + at * 1_000_000 // rate_hz for at in (start, end))
            words.append(EngineWord(text, start_us, end_us))
        before_us += line["samples"] * 1_000_000 // rate_hz
    return words
