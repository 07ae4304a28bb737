"""The two apps of the screen benchmark: Gramophone's own over a scripted feed, and a bare Textual
app with Textual's own `MarkdownStream`. Run by `benchmarks.screen` in a pty.

Both give the same deltas at the same instants of their own clock, the first `LEAD_IN_S` after the
first frame, and write the instant of the last one to the report file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import re
import sys
import time
from array import array
from pathlib import Path

from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Entry,
    PlaybackStarted,
    PlayoutAdvanced,
    SessionStarted,
    TurnCompleted,
    TurnStarted,
)

LEAD_IN_S = 3.0
END_MARK = "⁂"
LEVELS_HZ = 16
_TURN = 1_000_000
_RATE_HZ = 48_000

_MIXED = """\
## Section {n}: what the record keeps

A gramophone turns a **groove** back into sound; see *Emile Berliner* and `groove[{n}]` for more, or
[the long story](https://example.org/{n}). Every sentence here is plain prose, as answers are, and
runs on for a line or two before it stops.

- the horn makes the *diaphragm* loud
- the needle follows the groove
  - at 78 turns a minute
  - at 33⅓ turns a minute
- the spring drives all of it

```python
def play(groove: list[int], rate_hz: int = {n}) -> bytes:
    # a sample at a time
    return bytes(min(255, max(0, sample)) for sample in groove)
```

| part | made of | number |
|------|---------|--------|
| horn | brass | {n} |
| disc | shellac | {n}0 |

> Mary had a little lamb, number {n}.

1. wind it up
2. lower the needle

"""
_CODE_LINE = "value_{n} = transform(groove[{n}], rate_hz=48_000)  # sample {n} of the record\n"


def pieces(kind: str, count: int) -> list[str]:
    """`count` deltas of words and marks; the last has the end mark in it."""
    texts: list[str] = ["```python\n"] if kind == "fence" else []
    number = 0
    while len(texts) < count:
        number += 1
        source = _CODE_LINE if kind == "fence" else _MIXED
        texts += re.findall(r"\s*(?:\w+|[^\w\s])|\s+$", source.format(n=number))
    return [*texts[: count - 1], f" {END_MARK}"]


class Script:
    """Which deltas are due; tells the report when the last one was given."""

    def __init__(self, options: argparse.Namespace, *, last: bool = True) -> None:
        """Of several at once only the `last` has the end mark in it, and reports."""
        self._pieces = pieces(options.kind, options.deltas) if options.deltas else []
        self._last = last
        if self._pieces and not last:
            self._pieces[-1] = "."
        self._rate_hz = options.rate_hz
        self._report = options.report
        self._taken = 0
        self.began_s = math.inf

    def begin(self) -> None:
        self.began_s = time.monotonic() + LEAD_IN_S

    def due(self) -> list[str]:
        if not self._pieces:
            return []
        passed_s = time.monotonic() - self.began_s
        if passed_s < 0:
            return []
        count = len(self._pieces) if not self._rate_hz else int(passed_s * self._rate_hz)
        due = self._pieces[self._taken : count]
        self._taken += len(due)
        if due and self._last and self._taken == len(self._pieces):
            last_s = time.monotonic()
            if self._rate_hz:
                last_s = self.began_s + self._taken / self._rate_hz
            self._report.write_text(json.dumps({"last_delta_s": last_s}))
        return due

    @property
    def over(self) -> bool:
        return self._taken == len(self._pieces)


class ScriptedFeed:
    """What a pane is told: past turns at once, deltas in time, levels while it sounds."""

    def __init__(self, script: Script, options: argparse.Namespace) -> None:
        self._script = script
        self._sounding = options.sound
        self._levels = 0
        self._ended = False
        self._held = self._opening(options.past)

    def take(self) -> list[Entry]:
        entries, self._held = self._held, []
        entries += (DeltaReceived(at_us=0, turn=_TURN, text=text) for text in self._script.due())
        if self._sounding:
            entries += self._sound()
        if self._script.over and not self._ended and not self._sounding:
            self._ended = True
            entries.append(_completed(_TURN, "assistant", ""))
        return entries

    def close(self) -> None:
        self._held = []

    def _opening(self, past: int) -> list[Entry]:
        entries: list[Entry] = [
            SessionStarted(
                at_us=0,
                session_id="5e55000000000000",
                provider="scripted",
                model="metronome",
                voice="tone",
                encoding="linear16",
                sample_rate_hz=_RATE_HZ,
                system_prompt="",
            )
        ]
        for pair in range(past // 2):
            for turn, role in ((2 * pair, "user"), (2 * pair + 1, "assistant")):
                text = f"Question {pair}?" if role == "user" else _MIXED.format(n=pair)
                entries.append(TurnStarted(at_us=0, turn=turn, role=role, text=text))  # pyright: ignore[reportArgumentType]
                entries.append(_completed(turn, role, text))
        if not self._sounding or self._script.over:
            entries.append(TurnStarted(at_us=0, turn=_TURN, role="assistant"))
        return entries

    def _sound(self) -> list[Entry]:
        """As the engine tells of it: its sound at once, a position 16 times a second."""
        passed_s = time.monotonic() - self._script.began_s
        due = int(passed_s * LEVELS_HZ) if passed_s > 0 else 0
        entries: list[Entry] = []
        if due and not self._levels:
            entries.append(_sound())
            entries.append(PlaybackStarted(at_us=0, turn=_TURN, device="scripted"))
        for number in range(self._levels, due):
            position = number * _RATE_HZ // LEVELS_HZ
            entries.append(
                PlayoutAdvanced(
                    at_us=0, turn=_TURN, position_samples=position, queued_samples=_RATE_HZ
                )
            )
        self._levels = due
        return entries


def _sound() -> AudioReceived:
    """Half a minute of a voice that rises and falls."""
    samples = array("h")
    for number in range(30 * LEVELS_HZ):
        loud = 0.3 + 0.25 * math.sin(number / 3) + 0.1 * math.sin(number * 1.7)
        samples.extend(array("h", [round(loud * 32_767)]) * (_RATE_HZ // LEVELS_HZ))
    pcm = samples.tobytes()
    return AudioReceived(
        at_us=0, turn=_TURN, connection=0, offset_bytes=0, size_bytes=len(pcm), pcm=pcm
    )


def _completed(turn: int, role: str, text: str) -> TurnCompleted:
    return TurnCompleted(at_us=0, turn=turn, role=role, text=text, finish_reason="stop")  # pyright: ignore[reportArgumentType]


def run_ours(options: argparse.Namespace) -> None:
    """The app itself. What tests and the demo talk to stands in for the engine."""
    from tests.support.screen_backend import FakeBackend, FakeFeed
    from tui.app import GramophoneApp

    scripts = [Script(options, last=not number) for number in range(options.panes)]

    class Feed(FakeFeed):
        def __init__(self, script: Script) -> None:
            super().__init__()
            self._scripted = ScriptedFeed(script, options)

        def take(self) -> list[Entry]:
            return super().take() + self._scripted.take()

    feeds = [Feed(script) for script in scripts]

    class Started(FakeBackend):
        def start(self) -> None:
            for script in scripts:
                script.begin()
            app.run_worker(self._open_panes())

        async def _open_panes(self) -> None:
            for _ in scripts[1:]:
                await app.run_action("screen.new_pane")

        def another_feed(self) -> FakeFeed:
            return feeds[len(self.talks)]

    app = GramophoneApp(Started(conversation=feeds[0]))
    app.run()


def run_bare(options: argparse.Namespace) -> None:
    """Scrolling `Markdown` that is streamed to, and an input below it."""
    from textual.app import App, ComposeResult
    from textual.containers import Grid, VerticalScroll
    from textual.widgets import Input, Markdown

    class Bare(App[None]):
        CSS = "Grid { grid-size: 1; height: 1fr; } Grid.-many { grid-size: 2; }"

        def compose(self) -> ComposeResult:
            with Grid(classes="-many" if options.panes > 1 else ""):
                for _ in range(options.panes):
                    with VerticalScroll():
                        for pair in range(options.past // 2):
                            yield Markdown(f"Question {pair}?")
                            yield Markdown(_MIXED.format(n=pair))
                        yield Markdown()
            yield Input()

        def on_mount(self) -> None:
            self.query_one(Input).focus()
            for number, scroll in enumerate(self.query(VerticalScroll)):
                scroll.anchor()
                self.run_worker(self._produce(scroll, Script(options, last=not number)))

        async def _produce(self, scroll: VerticalScroll, script: Script) -> None:
            script.begin()
            stream = Markdown.get_stream(scroll.query(Markdown).last())
            while not script.over:
                for delta in script.due():
                    await stream.write(delta)
                await asyncio.sleep(0.005)
            await stream.stop()

    Bare().run()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("app", choices=["ours", "bare"])
    parser.add_argument("--kind", choices=["mixed", "fence"], default="mixed")
    parser.add_argument("--deltas", type=int, default=0)
    parser.add_argument("--rate-hz", type=float, default=0.0, help="0 is all at once")
    parser.add_argument("--past", type=int, default=0, help="turns that were said before")
    parser.add_argument("--panes", type=int, default=1, help="so many answers at once")
    parser.add_argument("--sound", action="store_true", help="an answer is heard all the time")
    parser.add_argument("--report", type=Path, required=True)
    options = parser.parse_args()
    (run_ours if options.app == "ours" else run_bare)(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
