"""Keys and credentials in texts that are cut at random, through streams, chunks and recordings.

Attacks: what is written of pieces is what is written of the whole, and no piece of a key gets out,
at any instant. Every recording is looked at as bytes while it is written and when it is closed.
"""

from __future__ import annotations

import asyncio
import random
import string
import tempfile
from pathlib import Path

from gramophone.core.timeline import DeltaReceived, ModelChunkReceived
from gramophone.text.redaction import Redactor
from gramophone.text.redaction_stream import RedactedStreams, StreamPiece
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.soak.figures import Figures
from tests.support.answers_in_pieces import CHUNKS, answered
from tests.support.recordings import NOON, SESSION_ID, everything_in

_STREAMS, _RECORDINGS = 40_000, 60
_LEAK = 8
_LEADS = ("", "Token ", "Bearer ", "sk-", "api_key=", '"', "the key ", "s", "\n", "tok", "secret: ")
_ALPHABET = string.ascii_letters + string.digits


def run(seed: int, effort: float) -> Figures:
    """Cut texts in `RedactedStreams`, and record some."""
    figures = Figures({"streams": 0, "recordings": 0})
    for number in range(max(1, round(_STREAMS * effort))):
        dice = random.Random(f"{seed} stream {number}")
        figures.counts["streams"] += 1
        if complaint := _stream(dice):
            figures.broken.append(f"seed {seed}, stream {number}: {complaint}")
    for number in range(max(1, round(_RECORDINGS * effort))):
        dice = random.Random(f"{seed} recording {number}")
        figures.counts["recordings"] += 1
        if complaint := asyncio.run(_recording(dice)):
            figures.broken.append(f"seed {seed}, recording {number}: {complaint}")
    return figures


def _keys(dice: random.Random) -> list[str]:
    """Two keys; the second often begins as the first does."""
    first = "".join(dice.choices(_ALPHABET, k=dice.randint(16, 60)))
    stem = first[: dice.choice((0, 0, 1, 5, 15))]
    return [first, stem + "".join(dice.choices(_ALPHABET, k=dice.randint(16, 60)))]


def _text(dice: random.Random, keys: list[str]) -> str:
    parts: list[str] = []
    for _ in range(dice.randint(1, 8)):
        key = dice.choice(keys)
        word = dice.choice((key, key, key[: dice.randint(1, len(key))], "word", "an ordinary one"))
        parts += (dice.choice(_LEADS), word, dice.choice((" ", ". ", "", "\n", "é")))
    return "".join(parts)


def _cut(dice: random.Random, text: str) -> list[str]:
    pieces: list[str] = []
    most = dice.choice((1, 2, 5, 20, 70))
    while text:
        size = dice.randint(1, most)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def _stream(dice: random.Random) -> str:
    keys = _keys(dice)
    redactor = Redactor(keys, key=b"soak")
    text = _text(dice, keys)
    streams = RedactedStreams[int](redactor)
    settled: dict[int, str] = {}
    for number, piece in enumerate(_cut(dice, text)):
        streams.put(number, [StreamPiece("text", piece)])
        if dice.random() < 0.7:
            settled |= {item: texts[0] for item, texts in streams.settled()}
    streams.finish()
    settled |= {item: texts[0] for item, texts in streams.settled()}
    joined = "".join(settled[number] for number in sorted(settled))
    if any(key in joined for key in keys):
        return f"a whole key in {joined!r}"
    if "\n" not in text and joined != redactor(text):
        return f"{joined!r} of the pieces, {redactor(text)!r} of the whole"
    return ""


async def _recording(dice: random.Random) -> str:
    keys = _keys(dice)
    text = "".join(f"{dice.choice(_LEADS)}{dice.choice(keys)} " for _ in range(dice.randint(1, 5)))
    events = answered(_cut(dice, text), CHUNKS[dice.choice(list(CHUNKS))])
    with tempfile.TemporaryDirectory(prefix="gramophone-soak-") as directory:
        home = Path(directory)
        async with Recorder.open(home, wall_clock=lambda: NOON, redact=keys) as recorder:
            for event in events:
                recorder.emit(event)
                if dice.random() < 0.02:
                    await recorder.flush()
                    if leak := _leaks(home, keys):
                        return f"{leak} while it was written"
        if leak := _leaks(home, keys):
            return leak
        async with await StoredLibrary.open(home) as library:
            stored = list(await library.events(SESSION_ID, with_pcm=False))
    deltas = "".join(event.text for event in stored if isinstance(event, DeltaReceived))
    chunks = sum(isinstance(event, ModelChunkReceived) for event in stored)
    if any(key[:_LEAK] in deltas for key in keys):
        return f"a piece in the joined deltas {deltas!r}"
    return "" if len(stored) == len(events) and chunks else "events are missing"


def _leaks(home: Path, keys: list[str]) -> str:
    for path, content in everything_in(home).items():
        for key in keys:
            pieces = (key[at : at + _LEAK].encode() for at in range(len(key) - _LEAK + 1))
            if any(piece in content for piece in pieces):
                return f"a piece of a key in {path.name}"
    return ""
