"""Sessions as Markdown: what is known of them in front, each turn under a heading.

What was said is Markdown itself and stands in a quotation, which every line of it opens again: no
heading, rule or list in it can be one of the document. HTML could, wherever the page is shown, so
that is taken apart (`storage.export.formats.markdown_escape`). Pictures stand in the file itself.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Generator, Iterable
from statistics import median
from typing import BinaryIO

from gramophone.library.export_request import ExportRequest
from gramophone.library.library import SessionSummary, TurnRecord
from gramophone.text.sanitize import plain, plain_line
from storage.export.excerpt_audio import ReportProgress
from storage.export.formats.markdown_escape import without_html
from storage.export.stored_session import ExportedSession
from storage.export.text_labels import (
    read_turns,
    remarks_on,
    speaker_of,
    spoken_ms,
    thinking_of,
    title_of,
)

_PUNCTUATION = re.compile(r"[\\`*_\[\]<>&~|#]")
_ESCAPED = r"\\\g<0>"


def write_md(
    sessions: Iterable[ExportedSession],
    file: BinaryIO,
    order: ExportRequest,
    _progress: ReportProgress,
) -> None:
    """Write the conversations. Front matter can only stand in front, so that of a second session
    stands below its title, in a block of code."""
    for number, session in enumerate(sessions):
        for line in _lines(session, first=number == 0, thoughts=order.thoughts):
            file.write(f"{line}\n".encode())


def _lines(session: ExportedSession, *, first: bool, thoughts: bool) -> Generator[str]:
    about = session.record.summary
    title = _PUNCTUATION.sub(_ESCAPED, title_of(about))
    if first:
        yield from ("---", *_matter(about, session.turns), "---", "", f"# {title}")
    else:
        yield from ("", f"# {title}", "", "```yaml", *_matter(about, session.turns), "```")
    for turn in read_turns(session.turns):
        speaker = _PUNCTUATION.sub(_ESCAPED, speaker_of(turn))
        yield from ("", f"## {turn.turn} · {speaker}{remarks_on(turn)}", "")
        if thoughts and turn.aside.thoughts:
            yield from (f"*{thinking_of(turn)}:*", "", *_quoted(turn.aside.thoughts))
            yield from ("", "*Answer:*", "")
        yield from _quoted(turn.text)
        for number, picture in enumerate(turn.pictures, 1):
            name = _PUNCTUATION.sub(_ESCAPED, plain_line(f"{picture.name}, {picture.size}"))
            yield from ("", f"![{name}][{_reference(turn.turn, number)}]")
        if turn.aside.incomplete:
            yield from ("", f"*{_PUNCTUATION.sub(_ESCAPED, plain_line(turn.aside.incomplete))}*")
        if figures := ", ".join(_figures_of(turn)):
            yield from ("", f"*{figures}*")
    yield from _pictures(session, read_turns(session.turns))


# A picture's Base64 has thousands of characters: it stands below the turns, where nobody reads.
def _pictures(session: ExportedSession, turns: tuple[TurnRecord, ...]) -> Generator[str]:
    for turn in turns:
        for number, picture in enumerate(turn.pictures, 1):
            if content := session.picture(picture.sha256):
                uri = f"data:{picture.media_type};base64,{b64encode(content).decode()}"
                yield from ("", f"[{_reference(turn.turn, number)}]: {uri}")


def _reference(turn: int, number: int) -> str:
    return f"picture-{turn}-{number}"


def _quoted(text: str) -> Generator[str]:
    lines = without_html(plain(text).strip("\n").rstrip()).split("\n")
    yield from (f"> {line}" if line.strip() else ">" for line in lines)


# --- front matter -------------------------------------------------------------------------------


def _matter(about: SessionSummary, turns: tuple[TurnRecord, ...]) -> Generator[str]:
    yield f"title: {_yaml(title_of(about))}"
    yield f"date: {_yaml(about.created_at)}"
    yield f"session: {_yaml(about.id)}"
    yield f"provider: {_yaml(about.provider)}"
    yield f"model: {_yaml(about.model)}"
    yield f"voice: {_yaml(about.voice)}"
    yield f"tags: [{', '.join(_yaml(tag) for tag in about.tags)}]"
    yield "figures:"
    for name, figure in _figures(turns):
        yield f"  {name}: {'null' if figure is None else figure}"


def _figures(turns: tuple[TurnRecord, ...]) -> Generator[tuple[str, float | None]]:
    answers = [turn.metrics for turn in turns if turn.role == "assistant"]
    yield "turns", len(turns)
    yield "spoken_s", sum(spoken_ms(turn) or 0 for turn in turns) / 1000
    yield "ttft_ms", _median(took.ttft_ms for took in answers)
    yield "ttfa_ms", _median(took.ttfa_ms for took in answers)
    yield "response_ms", _median(took.response_ms for took in answers)
    yield "input_tokens", _sum(took.input_tokens for took in answers)
    yield "output_tokens", _sum(took.output_tokens for took in answers)
    yield "underruns", sum(took.underruns for took in answers)


def _median(figures: Iterable[float | None]) -> float | None:
    measured = [figure for figure in figures if figure is not None]
    return round(median(measured), 3) if measured else None


def _sum(counts: Iterable[int | None]) -> int | None:
    counted = [count for count in counts if count is not None]
    return sum(counted) if counted else None


def _yaml(text: str) -> str:
    """A string as YAML and JSON write it alike, on one line; what YAML does not take as it is
    stands as its escape."""
    quoted = json.dumps(plain_line(text), ensure_ascii=False)
    return "".join(char if char.isprintable() else _escaped(char) for char in quoted)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# --- turns --------------------------------------------------------------------------------------


def _figures_of(turn: TurnRecord) -> Generator[str]:
    took = turn.metrics
    if length_ms := spoken_ms(turn):
        yield f"{length_ms / 1000:.1f} s spoken"
    if took.ttft_ms is not None:
        yield f"first words after {took.ttft_ms:.0f} ms"
    if took.response_ms is not None:
        yield f"heard after {took.response_ms:.0f} ms"
    if took.output_tokens is not None:
        yield f"{took.output_tokens:,} tokens"
    if took.underruns:
        yield f"{took.underruns:,} underrun{'s' if took.underruns > 1 else ''}"
