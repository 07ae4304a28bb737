"""`stats`, as a person uses it, and how it is drawn."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from gramophone.cli.bar_chart import Bar, Pen, draw_bars
from gramophone.cli.stats import drawn
from gramophone.library.statistics import Day, StoredStatistics, Tally, VoiceConfig, total
from tests.support.programs import Gramophone

TEXT = "Records turn. Needles listen."
KEPT = StoredStatistics(
    {
        VoiceConfig("openai", "gpt-5", "thalia"): Tally(
            *(40, 1, 2, 500_000, 7_000, 900, 1_500, 3),
            [300.0] * 38,
            [100.0] * 38,
            [150.0] * 38,
            [200.0, 450.0] * 19,
        ),
        VoiceConfig("chatgpt", "\x1b[31mgpt-4o", ""): Tally(turns=3, characters=120),
    },
    {0: (12, 500_000)},
)


def lines(pen: Pen) -> list[str]:
    summed = total(KEPT.tallies.values())
    some = [Day(date(2026, 11, 20), 3, 90_000), Day(date(2026, 11, 21), 9, 410_000)]
    return drawn(KEPT, ("provider", "model", "voice"), summed, some, pen)


def test_a_spoken_session_is_summed_up(gramophone: Gramophone) -> None:
    gramophone("say", "--mute", TEXT)
    report = gramophone.json("stats")
    session = gramophone.json("show", "last")
    assert (report["sessions"], report["session"], report["since"]) == (1, None, None)
    assert report["total"]["turns"] == 1
    assert report["total"]["characters"] == len(TEXT)
    assert report["total"]["response_ms"]["p50"] == session["turns"][0]["metrics"]["response_ms"]
    assert report["total"]["input_tokens"] is None
    (group,) = report["groups"]
    assert group["voice"] == session["voice"]
    assert sum(bar["turns"] for bar in report["response_histogram"]) == 1
    assert gramophone.json("stats", "last")["total"] == report["total"]
    assert gramophone.json("stats", "--since", "today")["total"] == report["total"]
    text = gramophone("stats").stdout
    assert "1 turn " in text
    assert "Spoken a day" in text
    assert "\x1b" not in text
    (row,) = csv.DictReader(io.StringIO(gramophone("stats", "--csv", "--by", "voice").stdout))
    assert (row["voice"], row["turns"], row["input_tokens"]) == (session["voice"], "1", "")


def test_where_there_is_nothing_it_says_so(gramophone: Gramophone) -> None:
    completed = gramophone("stats")
    assert (completed.returncode, completed.stdout) == (0, "")
    assert completed.stderr == "Nothing was answered yet; try: gramophone ask hello\n"
    assert gramophone.json("stats")["total"]["response_ms"] == {
        "turns": 0,
        "p50": None,
        "p95": None,
    }
    assert gramophone("stats", "--csv").stdout.startswith("provider,model,voice,turns,")
    assert "since 2026-11-02" in gramophone("stats", "--since", "2026-11-02").stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--since", "soon"), 1, "is not a date"),
        (("--since", "today is:pinned"), 1, "is not a date"),
        (("last",), 1, "No session has been recorded"),
        (("last", "--since", "today"), 2, "not both"),
        (("--json", "--csv"), 2, "not both"),
    ],
)
def test_what_cannot_be_is_refused(
    gramophone: Gramophone, arguments: tuple[str, ...], code: int, words: str
) -> None:
    completed = gramophone("stats", *arguments)
    assert completed.returncode == code
    assert words in completed.stderr
    assert completed.stdout == ""


@pytest.mark.parametrize("cells", [20, 40, 80, 200])
def test_it_fits_the_terminal(cells: int) -> None:
    report = lines(Pen(cells))
    assert "gpt-4o" in "\n".join(report)
    assert "\x1b" not in "\n".join(report)
    if cells >= 40:
        assert max(map(len, report)) <= cells


def test_without_unicode_or_colour_it_is_as_plain_as_can_be() -> None:
    report = "\n".join(lines(Pen(80, blocks=False)))
    assert report.isascii()
    assert "####" in report
    coloured = "\n".join(lines(Pen(80, coloured=True)))
    assert "\x1b[36m█" in coloured


def test_whatever_there_is_can_be_seen() -> None:
    bars = [Bar("a", 1_000_000, "many"), Bar("bb", 1, "one"), Bar("c", 0, "none")]
    assert [line.split() for line in draw_bars(bars, Pen(40))] == [
        ["a", "█" * 30, "many"],
        ["bb", "▏", "one"],
        ["c", "none"],
    ]
