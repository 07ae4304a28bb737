"""First sound: the article's logic, a Flush a sentence, and Gramophone, in turns, in one run.

    python -m benchmarks.latency [--rounds N] [--long] [--device] [--check] [--json]

A scripted model gives 120 tokens, 50 a second; the server is the stand-in in a process of its
own, which speaks only on Flush and sends its first sound 150 ms after one. The figure is the
time from the first token to the first sample handed to the speaker, medians over the rounds.
Gramophone is the real engine with its recorder and its socket. The speaker is the silent one
that keeps real time; with `--device` it is the default device, whose stated latency is added.
Then Speak v1 and v2 speak a text that opens with a sentence of one word, in turns: the v2 of the
stand-in begins at the end of a sentence. When v2's first word is sent shows that it does not wait.
`--long` speaks a text of 600 tokens to its end, which takes more than three minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.arrangements import (
    TOKEN_US,
    Room,
    article_us,
    first_sample_us,
    gramophone_us,
    gramophone_whole,
    sentences_us,
    tokens,
)
from benchmarks.tone_service import tone_service
from gramophone.devices.stderr_guard import keep_native_noise_out
from gramophone.standin.options import StandinOptions

FIRST_BYTE_MS = 150
ANSWER_TOKENS = 120
WANTED_CLAUSE_MS = 300
WANTED_AFTER_SENTENCE_MS = FIRST_BYTE_MS + 60
WANTED_SILENCE_MS = 100
WANTED_RATIO = 1.15
WANTED_FLUSHES_A_MINUTE = 20
LONG_TIMES = 5

BODY = """ A singer stood before a wide horn and sang as loud as the room would bear. The horn
led every wave of air down to a thin plate, and the plate shook a needle that stood on a turning
disc of wax. Wherever the voice went up, the needle drew a wider line; wherever it fell, the line
grew calm. When the wax was hard, a mould was made of it, and from the mould came a thousand
records. To hear one, everything runs the other way: the groove moves the needle, the needle
shakes the plate, and the horn gives the room its song back. Nothing in it needs a wire."""
CLAUSE_FIRST = "Sure, here is how a song was caught before there was a microphone."
SENTENCE_FIRST = "Sure. Here is how a song was caught before there was a microphone."
NO_BREAK = "A song was caught with nothing but a horn and a needle and a disc."


def answer(opening: str, count: int) -> str:
    """The opening and as much of the body as gives `count` tokens, ended with a full stop."""
    whole = tokens(opening + BODY.replace("\n", " ") * (count // ANSWER_TOKENS + 1))
    assert len(whole) >= count
    return "".join(whole[: count - 1]).rstrip(" ,;:.") + "."


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSound:
    """One text: milliseconds from the first token to the first sample, by three arrangements."""

    text: str
    article_ms: float
    sentences_ms: float
    gramophone_ms: float
    gramophone_most_ms: float
    wanted_ms: float

    @property
    def met(self) -> bool:
        return self.gramophone_ms <= self.wanted_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocols:
    """A short opening sentence by Speak v1 and v2: milliseconds from the first token."""

    v1_ms: float
    v1_most_ms: float
    v2_ms: float
    v2_most_ms: float
    v2_first_word_ms: float
    wanted_ms: float

    @property
    def met(self) -> bool:
        return max(self.v1_ms, self.v2_ms) <= self.wanted_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class LongAnswer:
    """The long text, spoken to its end."""

    tokens: int
    spoken_s: float
    flushes: int
    flushes_a_minute: int
    refused: int
    underruns: int
    missing_ms: float

    @property
    def met(self) -> bool:
        few = self.flushes_a_minute <= WANTED_FLUSHES_A_MINUTE
        return few and not self.refused and not self.underruns


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run."""

    rounds: int
    clause_first: FirstSound
    no_break: FirstSound
    protocols: Protocols
    silence_ms: float
    silence_most_ms: float
    wanted_silence_ms: float = WANTED_SILENCE_MS
    long_answer: LongAnswer | None = None

    @property
    def met(self) -> bool:
        long_met = self.long_answer is None or self.long_answer.met
        short_met = self.clause_first.met and self.no_break.met and self.protocols.met
        return short_met and long_met and self.silence_most_ms <= WANTED_SILENCE_MS


async def measure(room: Room, rounds: int, *, long: bool) -> Result:
    """All arrangements on both texts, in turns; then the long text."""
    silences: list[float] = []
    first: list[FirstSound] = []
    for opening in (CLAUSE_FIRST, NO_BREAK):
        text = answer(opening, ANSWER_TOKENS)
        times: list[tuple[float, float, float]] = []
        for _ in range(rounds):
            article, sentences = await article_us(room, text), await sentences_us(room, text)
            ours, silence = await gramophone_us(room, text)
            times.append((article / 1000, sentences / 1000, ours / 1000))
            silences.append(silence / 1000)
        first.append(_first_sound(opening, times))
    return Result(
        rounds=rounds,
        clause_first=first[0],
        no_break=first[1],
        protocols=await _protocols(room, rounds),
        silence_ms=round(statistics.median(silences), 1),
        silence_most_ms=round(max(silences), 1),
        long_answer=await _long_answer(room) if long else None,
    )


def _first_sound(opening: str, times: list[tuple[float, float, float]]) -> FirstSound:
    article, sentences, ours = zip(*times, strict=True)
    sentence_ms = (len(tokens(opening)) - 1) * TOKEN_US / 1000
    if opening == NO_BREAK:
        wanted_ms = sentence_ms + WANTED_AFTER_SENTENCE_MS
    else:
        wanted_ms = WANTED_CLAUSE_MS
    return FirstSound(
        text=opening,
        article_ms=round(statistics.median(article), 1),
        sentences_ms=round(statistics.median(sentences), 1),
        gramophone_ms=round(statistics.median(ours), 1),
        gramophone_most_ms=round(max(ours), 1),
        wanted_ms=wanted_ms,
    )


async def _protocols(room: Room, rounds: int) -> Protocols:
    text = answer(SENTENCE_FIRST, ANSWER_TOKENS)
    v1_ms: list[float] = []
    v2_ms: list[float] = []
    words_ms: list[float] = []
    for _ in range(rounds):
        v1_us, _ = await first_sample_us(room, text, flux=False)
        v2_us, word_us = await first_sample_us(room, text, flux=True)
        v1_ms.append(v1_us / 1000)
        v2_ms.append(v2_us / 1000)
        words_ms.append(word_us / 1000)
    # The end of "Sure." is known with the token behind it.
    arrives_ms = 2 * TOKEN_US / 1000
    return Protocols(
        v1_ms=round(statistics.median(v1_ms), 1),
        v1_most_ms=round(max(v1_ms), 1),
        v2_ms=round(statistics.median(v2_ms), 1),
        v2_most_ms=round(max(v2_ms), 1),
        v2_first_word_ms=round(statistics.median(words_ms), 1),
        wanted_ms=round(WANTED_RATIO * (FIRST_BYTE_MS + arrives_ms), 1),
    )


async def _long_answer(room: Room) -> LongAnswer:
    count = LONG_TIMES * ANSWER_TOKENS
    began_us = room.clock.now_us()
    timing = await gramophone_whole(room, answer(CLAUSE_FIRST, count))
    busiest = max(
        sum(1 for other in timing.flushes_us if 0 <= other - flush < 60_000_000)
        for flush in timing.flushes_us
    )
    missing = sum(gap.missing_samples for gap in timing.underruns)
    return LongAnswer(
        tokens=count,
        spoken_s=round((room.clock.now_us() - began_us) / 1e6, 1),
        flushes=len(timing.flushes_us),
        flushes_a_minute=busiest,
        refused=timing.refused,
        underruns=len(timing.underruns),
        missing_ms=round(missing / 48, 1),
    )


def _print(result: Result) -> None:
    print(f"first token to first sample, ms    article  sentences  gramophone   most   wanted"
          f"   ({result.rounds} rounds)")  # fmt: skip
    for name, first in (("a short clause", result.clause_first), ("no break", result.no_break)):
        print(
            f"opens with {name:22}{first.article_ms:9.0f}{first.sentences_ms:11.0f}"
            f"{first.gramophone_ms:12.0f}{first.gramophone_most_ms:7.0f}  ≤ {first.wanted_ms:.0f}"
        )
    protocols = result.protocols
    print(
        f"opens with a short sentence, ms: v1 {protocols.v1_ms:.0f} (most "
        f"{protocols.v1_most_ms:.0f}), v2 {protocols.v2_ms:.0f} ({protocols.v2_most_ms:.0f}), "
        f"wanted ≤ {protocols.wanted_ms:.0f}; v2's first word was sent after "
        f"{protocols.v2_first_word_ms:.0f}"
    )
    print(
        f"Interrupt to silence, ms: median {result.silence_ms:.0f}, "
        f"most {result.silence_most_ms:.0f}, wanted < {WANTED_SILENCE_MS}"
    )
    if (long := result.long_answer) is not None:
        print(
            f"{long.tokens} tokens, {long.spoken_s:.0f} s: {long.flushes} flushes, "
            f"at most {long.flushes_a_minute} in 60 s (≤ {WANTED_FLUSHES_A_MINUTE}), "
            f"{long.refused} refused, {long.underruns} gaps ({long.missing_ms:.0f} ms)"
        )


async def _run(options: argparse.Namespace) -> Result:
    service = StandinOptions(first_byte_ms=FIRST_BYTE_MS)
    with tempfile.TemporaryDirectory() as home, tone_service(service) as speak_url:
        room = Room(speak_url, Path(home), device=options.device)
        return await measure(room, options.rounds, long=options.long)


def main() -> int:
    keep_native_noise_out()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--long", action="store_true", help="speak 600 tokens to the end as well")
    parser.add_argument("--device", action="store_true", help="play on the default device")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a figure is missed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    result = asyncio.run(_run(options))
    if options.json:
        print(json.dumps(asdict(result)))
    else:
        _print(result)
    return 1 if options.check and not result.met else 0


if __name__ == "__main__":
    sys.exit(main())
