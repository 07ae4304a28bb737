"""`fixture diff`: two sessions side by side."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from gramophone.cli.output import result
from gramophone.cli.standing_in import recorded
from gramophone.comparison import Comparison, Timing, compare

_BOTH = "{:>10} {:>10}"


async def diff(home: Path, one: str, other: str, *, as_json: bool) -> int:
    """Print how two sessions or bundles differ; 1 if anything but their timing does.

    Raises:
        StorageError: one of them is not there, or cannot be read.
    """
    (_, first), (_, second) = await recorded(home, one), await recorded(home, other)
    compared = compare(first, second)
    if as_json:
        sys.stdout.write(json.dumps({"same": compared.same, **asdict(compared)}) + "\n")
    else:
        result(_report(compared).rstrip("\n"))
    return 0 if compared.same else 1


def _report(compared: Comparison) -> str:
    sides = {"text": compared.texts, "messages": compared.messages, "sound": compared.sounds}
    lines = [f"{side}: {sentence}" for side, told in sides.items() for sentence in told]
    lines = lines or ["Texts, messages and sound are the same."]
    if compared.timings:
        heads = "".join(f"  {name:>21}" for name in ("p50 ms", "p95 ms", "most ms"))
        lines += ["", f"{'timing':27}{heads}"]
        lines += map(_row, compared.timings)
    return "\n".join(lines) + "\n"


def _row(timing: Timing) -> str:
    cells = (timing.p50_ms, timing.p95_ms, timing.most_ms)
    shown = "".join("  " + _BOTH.format(*map(_figure, both)) for both in cells)
    return f"{timing.name:27}{shown}"


def _figure(ms: float | None) -> str:
    return "-" if ms is None else f"{ms:.1f}"
