"""The turns of a page, and what stands above them: who spoke, when it is heard, what it took."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from gramophone.analysis.metrics import TurnMetrics
from gramophone.core.picture import Picture
from storage.export.formats.html.elements import Element, Node, Timed, untimed, written
from storage.export.formats.html.text import (
    ShownWord,
    harmless,
    harmless_line,
    markdown,
    verbatim,
)
from storage.export.formats.html.words import WordTimes, heard
from storage.export.text_labels import heard_up_to, thinking_of

if TYPE_CHECKING:
    from gramophone.library.library import TurnRecord
    from storage.export.excerpt import Excerpt, ExcerptTurn

_MONTHS: Final = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_ENDS: Final = {
    "interrupted": "stopped",
    "failed": "failed here",
    "length": "cut off by the token limit",
    "max_tokens": "cut off by the token limit",
    "repeated": "spoken again",
}
PictureFile: TypeAlias = Callable[[str], bytes]
"""Gives the file of a picture by its SHA-256; nothing where it is lost."""


def facts(excerpt: Excerpt) -> list[Node]:
    """Facts of the session on one line."""
    about = excerpt.record.summary
    items = [
        _moment(about.created_at),
        _of(harmless_line(about.model), harmless_line(about.provider)),
        f"voice {harmless_line(about.voice)}" if about.voice and excerpt.samples else "",
        _counted(len(excerpt.turns), "turn"),
        f"{clock(excerpt.duration_us)} of sound" if excerpt.samples else "no sound",
    ]
    return [Element("span", [fact], {"class": "fact"}) for fact in items if fact]


def turn_elements(
    excerpt: Excerpt, picture: PictureFile, *, thoughts: bool
) -> Generator[Generator[str]]:
    """Each turn as HTML, with its thoughts folded above the text if they are wanted. `picture`
    gives the file of one by its SHA-256."""
    for turn in excerpt.turns:
        yield _turn(turn, picture, heard_at_all=bool(excerpt.samples), thoughts=thoughts)


def _turn(
    turn: ExcerptTurn, picture: PictureFile, *, heard_at_all: bool, thoughts: bool
) -> Generator[str]:
    record = turn.record
    text = verbatim(record.text) if record.role == "user" else markdown(record.text)
    timed: Timed = untimed
    if turn.passages:
        timed = partial(_attributes, heard(text.words, turn.passages, turn.start_us))
    if record.unheard:
        timed = partial(_dimmed, timed, text.words, record.heard_chars or 0)
    speaker = harmless_line(record.speaker)
    kinds = ["turn", "asked" if record.role == "user" else "answered"]
    kinds += ["spoken"] if turn.stretches else []
    kinds += ["withdrawn"] if record.withdrawn else []
    attributes = {
        "class": " ".join(kinds),
        "id": f"turn-{record.turn}",
        "aria-label": f"{speaker}, turn {record.turn}",
    }
    if heard_at_all:
        attributes["data-at"] = str(turn.start_us // 1000)
    head: list[Node] = [Element("h2", [speaker])]
    if turn.stretches:
        seek = {"type": "button", "class": "from", "data-seek": str(turn.start_us // 1000)}
        head.append(Element("button", [clock(turn.start_us)], seek))
    article = Element("article", [Element("header", head)], attributes)
    if thoughts and record.aside.thoughts:
        article.children += ["\n", _thoughts(record)]
    article.children += ["\n", Element("div", list(text.nodes), {"class": "text"})]
    for shown in record.pictures:
        article.children += ["\n", _picture(shown, picture(shown.sha256))]
    if record.aside.incomplete:
        note = harmless_line(record.aside.incomplete)
        article.children.append(Element("p", [note], {"class": "end"}))
    if notes := _notes(turn):
        article.children.append(Element("footer", [Element("p", [" · ".join(notes)])]))
    return written([article], timed)


def _picture(picture: Picture, content: bytes) -> Element:
    caption = harmless_line(f"{picture.name}, {picture.size}")
    if not content:
        return Element("p", [f"[{caption}]"], {"class": "picture"})
    attributes = {
        "src": f"data:{picture.media_type};base64,{b64encode(content).decode()}",
        "alt": caption,
        "width": str(picture.width),
        "height": str(picture.height),
    }
    return Element("p", [Element("img", [], attributes)], {"class": "picture"})


def _thoughts(record: TurnRecord) -> Element:
    lines = harmless(record.aside.thoughts).strip("\n").split("\n")
    paragraphs = [Element("p", [line]) for line in lines if line.strip()]
    summary = Element("summary", [thinking_of(record)])
    return Element("details", [summary, *paragraphs], {"class": "thoughts"})


def _attributes(words: tuple[WordTimes, ...], word: int) -> Mapping[str, str]:
    word_times = words[word]
    times = {"data-from": str(word_times.from_us // 1000)}
    return times | {"data-to": str(word_times.to_us // 1000)} if word_times.to_us else times


def _dimmed(
    timed: Timed, words: tuple[ShownWord, ...], heard_characters: int, word: int
) -> Mapping[str, str]:
    """Tells words apart that follow the place where the sound was stopped."""
    unheard = words[word].source >= heard_characters
    return {**timed(word), "class": "w unheard"} if unheard else timed(word)


def _notes(turn: ExcerptTurn) -> list[str]:
    record = turn.record
    if record.role == "user":
        return ["taken back"] if record.withdrawn else []
    notes = [
        "taken back" if record.withdrawn else "",
        "" if record.aside.incomplete else _ENDS.get(record.finish_reason, ""),
        heard_up_to(record),
        *_figures(record.metrics),
        f"{(turn.end_us - turn.start_us) / 1_000_000:.1f} s" if turn.stretches else "",
    ]
    return [note for note in notes if note]


def _figures(metrics: TurnMetrics) -> list[str]:
    tokens = metrics.output_tokens
    return [
        f"first words {_ms(metrics.ttft_ms)}" if metrics.ttft_ms is not None else "",
        f"first sound {_ms(metrics.response_ms)}" if metrics.response_ms is not None else "",
        _counted(tokens, "token") if tokens else "",
    ]


def _ms(span_ms: float) -> str:
    return f"{span_ms:.0f} ms" if span_ms < 1000 else f"{span_ms / 1000:.1f} s"


def _of(model: str, provider: str) -> str:
    return f"{model} ({provider})" if model and provider else model or provider


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def clock(position_us: int) -> str:
    """`0:07`, `12:40`, `1:02:09`."""
    minutes, second = divmod(position_us // 1_000_000, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def _moment(created_at: str) -> str:
    """`21 Nov 2026, 14:03 UTC`: the same page wherever it is made."""
    try:
        moment = datetime.fromisoformat(created_at).astimezone(UTC)
    except (ValueError, OverflowError):
        return harmless_line(created_at)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"
