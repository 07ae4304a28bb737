"""Everything that reads text of others, by name, and the shapes of text that make it do much."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from functools import partial
from typing import TypeAlias

from gramophone.core.errors import FilterError
from gramophone.core.timeline import TurnStarted
from gramophone.library import search_query
from gramophone.standin.source.matching import Expectation
from gramophone.text.chunker import Chunker
from gramophone.text.control_filter import ControlFilter
from gramophone.text.redacted_match import RedactedText
from gramophone.text.redaction import Redactor
from gramophone.text.sanitize import PlainStream, plain
from gramophone.text.sentences.splitter import SentenceCutter
from gramophone.wire.deepgram.json_frames import ProtocolViolation
from gramophone.wire.deepgram.speak_v2.markup import FluxText
from gramophone.wire.lenient_json import read_object
from gramophone.wire.sse import SseReader
from storage.bundle.container import Container, ContainerWriter
from storage.bundle.layout import EVENTS, SESSION, TURNS, BadBundle, audio_name
from storage.bundle.lines import event_in, event_line, session_values, turn_line, turn_values
from storage.chat_import import chatgpt, claude
from storage.chat_import.format import ChatError
from storage.chat_import.json_spans import spans
from storage.export.caption_layout import cues
from storage.export.excerpt import SpokenSentence
from storage.sessions.search import match_expression, snippet
from tests.support.captions import excerpt, passage

Parse: TypeAlias = Callable[[str], object]


PIECE = 7


def pieces(text: str) -> list[str]:
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def _stream(text: str) -> None:
    stream = PlainStream()
    for piece in pieces(text):
        stream.feed(piece)
    stream.finish()


def _controls(text: str) -> None:
    passed = ControlFilter()
    for char in text:
        passed.pass_on(char)


def _chunks(text: str) -> None:
    chunker = Chunker()
    chunker.feed(text)
    chunker.finish()


def _chunks_of_pieces(text: str) -> None:
    chunker = Chunker()
    for piece in pieces(text):
        chunker.feed(piece)
    chunker.finish()


def _sentences(text: str) -> None:
    cutter = SentenceCutter()
    for piece in pieces(text):
        cutter.feed(piece)
    cutter.rest()


def _flux(text: str) -> None:
    markup = FluxText()
    with suppress(ProtocolViolation):
        for piece in pieces(text):
            markup.take(piece)
        markup.finish()


def _events(text: str) -> None:
    reader = SseReader(most_bytes=1 << 30)  # what is bounded does not show how it grows
    for piece in pieces(text):
        reader.feed(piece.encode(errors="replace"))


def _filters(text: str) -> None:
    with suppress(FilterError):
        search_query.parse(text, date(2026, 1, 1))
    search_query.hint(text)
    search_query.completed(text)
    search_query.highlights(
        text, [search_query.SearchWord(text[:20]), search_query.SearchWord("a", open=True)]
    )


def _search(text: str) -> None:
    words = search_query.words_of(text)
    match_expression(words)
    snippet(text, words[:3])


def _spans(text: str) -> None:
    for _ in spans(piece.encode(errors="replace") for piece in pieces(text)):
        pass


def _in_json(text: str) -> None:
    read_object(text)
    read_object(json.dumps({"a": text}))


def _hidden(text: str) -> None:
    """A short text that hides much, and one as long as what comes."""
    RedactedText("***0123456789ab***".join([text[:100]] * 3)).follow(0, text, 3)
    RedactedText("***0123456789ab***".join([text, "b"])).follow(0, f"{text}a", 3)


def _expected(text: str) -> None:
    expected = Expectation("speech", [text[:20], text])
    for piece in pieces(text[:2000]):
        expected.match(0, piece)
    expected.differences()


def _captions(text: str) -> None:
    """As one chunk, and as chunks of a few letters."""
    for chunks in ([text], pieces(text)):
        passages: list[SpokenSentence] = []
        for chunk in chunks:
            if chunk.strip():
                passages.append(passage(chunk, passages[-1].end_us if passages else 0))
        for _ in cues(excerpt(tuple(passages))):
            pass


def _bundle_lines(text: str) -> None:
    """As a line that somebody else wrote, and as the text in one."""
    for line in (text.encode(errors="replace"), json.dumps({"text": text}).encode()):
        for read in (session_values, partial(turn_values, number=1), partial(event_in, number=1)):
            with suppress(BadBundle):
                read(line)
    turn = {"turn": 0, "role": "user", "started_us": 0, "text": plain(text)}
    turn_line(turn_values(json.dumps(turn).encode(), 1))
    started = TurnStarted(at_us=0, turn=0, role="user", text=plain(text))
    event_in(event_line(started), 1)


def _container(text: str) -> None:
    """So many parts as the text has hundreds of characters, and its lines in one of them."""
    file = io.BytesIO()
    writer = ContainerWriter(file)
    for number in range(len(text) // 100):
        writer.add(audio_name(number), [b"RIFF"])
    for name in (SESSION, TURNS, EVENTS):
        writer.add(name, [text.encode(errors="replace"), b"\n"])
    writer.finish()
    container = Container(file)
    with container.open(TURNS) as part:
        for _ in part.lines():
            pass
    container.close()


def _chat_tree(text: str) -> None:
    """A conversation of as many messages as the text has tens of characters, in a tree whose shape
    its beginning names; the newest message is the current one."""
    count = len(text) // 10
    parents = {number: TREES.get(text[:4], TREES["deep"])(number) for number in range(count)}
    nodes = {
        str(number): {
            "parent": str(parent),
            "message": {
                "author": {"role": "user" if number % 2 else "assistant"},
                "content": {"parts": [text[:20]]},
                "create_time": 1_700_000_000 + number,
            },
        }
        for number, parent in parents.items()
    }
    messages = [
        {"uuid": str(n), "parent_message_uuid": str(parent), "sender": "human", "text": text[:20]}
        for n, parent in parents.items()
    ]
    with suppress(ChatError):
        chatgpt.chat_of({"mapping": nodes})
    with suppress(ChatError):
        claude.chat_of({"chat_messages": messages})


TREES: dict[str, Callable[[int], int]] = {
    "deep": lambda number: number - 1,
    "wide": lambda _: 0,
    "comb": lambda number: number - 1 - number % 2,
    "ring": lambda number: number - 1 if number else 10**9,
    "loop": lambda number: number,
    "none": lambda _: -1,
}


def _chat_texts(text: str) -> None:
    """A message of this text, and one of its pieces."""
    parts = [text, *pieces(text)]
    content = {"parts": parts}
    node = {"message": {"author": {"role": "assistant"}, "content": content}}
    chatgpt.chat_of({"mapping": {"a": node}})
    blocks = [{"type": "text", "text": part} for part in parts]
    files = [{"file_name": part} for part in parts]
    claude.chat_of({"chat_messages": [{"sender": "human", "content": blocks, "files": files}]})


PARSERS: dict[str, Parse] = {
    "plain": plain,
    "plain, in pieces": _stream,
    "controls": _controls,
    "chunker": _chunks,
    "chunker, in pieces": _chunks_of_pieces,
    "sentences": _sentences,
    "inline controls": _flux,
    "server-sent events": _events,
    "JSON": _in_json,
    "redaction": Redactor(["c4n4ry-0123456789abcdef"]),
    "redaction with patterns": Redactor(["c4n4ry-0123"], patterns=[r"\d{4}( \d{4}){2}"]),
    "filters": _filters,
    "search": _search,
    "spans of an export": _spans,
    "hidden": _hidden,
    "expectation": _expected,
    "captions": _captions,
    "lines of a bundle": _bundle_lines,
    "parts of a bundle": _container,
    "chat trees": _chat_tree,
    "texts of chats": _chat_texts,
}


TEXTS = [
    ("", body) for body in ("a", "a ", "A.", "1. ", "e.g. ", "“a", "好", "。", "\n", " ", "...")
]


MARKDOWN = [
    *(
        ("", body)
        for body in ("*", "_a_ ", "`", "~", ":", "[", "[a](", "![", "<", "<a ", "&#", "$a")
    ),
    *(("", body) for body in ("|", "|-", "- a\n", "> ", "#", "\\(", "\\begin{", "```\n", "---\n")),
    *(
        ("---", " "),
        ("```", "a"),
        ("`", "a "),
        ("[", "a "),
        ("[a](", "b"),
        ("$", "a"),
        ("<!--", "-"),
    ),
    *(
        ("|", "a "),
        ("- ", "- "),
        (":::", " "),
        ("\\[", "a "),
        ("[^", "1"),
        ("<b ", 'a="'),
        ("【", "4"),
    ),
]


CONTROLS = [
    *(
        ("", body)
        for body in ("\x9d", "\x1b]", "\x9b0", "\x1b ", "\x9d\x1b", "\x1b[", "\r", "\x00")
    ),
    *(
        ("\x9b", "0"),
        ("\x1b", " "),
        ("\x9d", "a"),
        ("", "\u200d"),
        ("", "\U0001f468\u200d"),
        ("", "\ud800"),
    ),
]


MACHINES = [
    *(
        ("", body)
        for body in ("{", '{"a":', "[1,", '"\\', "\\", "data: x\n", "data:\n", ":\n", "\r\n")
    ),
    *(('"', "\\"), ('{"a": "', "x"), ("data: ", "x"), ("", '"pronounce"'), ("\\", "{"), ("{", " ")),
]


SECRETS = [
    *(
        ("", body)
        for body in ("token ", "bearer 1", "sk-", "api_key=", "c4n4ry-0123", "1234 ", "***")
    ),
    *(
        ("bearer ", "a"),
        ("api_key=", "a"),
        ("sk-", "a-"),
        ("", "***0123456789ab***"),
        ("<", "1***0123456789ab***"),
        ("sk-", '"***0123456789ab***token '),
        ("token ", " "),
    ),
]


FOOTNOTES = [
    *(("", body) for body in ("【", "【†", "\ue200", "\ue200a\ue201", "\ue202", "】")),
    *(("【", "†"), ("【†", "a"), ("\ue200url", "\ue202a"), ('\ue200entity\ue202["', "a")),
]


QUERIES = [("", body) for body in ("before:", "tag:a ", 'a:"', '"', "-a ", "-", "has:", "a:b:")]


SHAPES = [*TEXTS, *MARKDOWN, *CONTROLS, *MACHINES, *SECRETS, *FOOTNOTES, *QUERIES]
"""All of them, on all parsers, are a campaign of their own: `tests/soak/linear_time.py`."""
