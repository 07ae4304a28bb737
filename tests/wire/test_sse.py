"""Server-sent events by the grammar of WHATWG, in whatever pieces they come."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.wire.limits import TooMuch
from gramophone.wire.sse import SseEvent, SseReader, raw_event

MARK = b"\xef\xbb\xbf"
LINE_ENDS = [b"\n", b"\r", b"\r\n"]


def read(*pieces: bytes) -> list[str]:
    reader = SseReader()
    return [data for piece in pieces for data in reader.feed(piece)]


def in_bytes(stream: bytes) -> list[bytes]:
    return [stream[index : index + 1] for index in range(len(stream))]


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: a\n\n", ["a"]),
        (b"data:a\ndata:  b\n\n", ["a\n b"]),
        (b"data\n\n", [""]),
        (b"data\ndata\n\n", ["\n"]),
        (b"data:\n\n", [""]),
        (b": only a comment\n\n", []),
        (b"event: x\n\n", []),
        (b"event: x\nid: 1\nretry: 5\nsomething: else\ndata: a\n\n", ["a"]),
        (b"database: no\n\n", []),
        (b" data: no\n\n", []),
        (b"data: not whole\n", []),
        (b"\n\n\ndata: a\n\n\n\n", ["a"]),
        ("data: \u2028\u0085\x0b\x1e é\n\n".encode(), ["\u2028\u0085\x0b\x1e é"]),
        (b"data: \xff\n\n", ["\ufffd"]),
        (MARK + b"data: a\n\n", ["a"]),
        (MARK + MARK + b"data: a\n\n", []),
        (MARK[:2] + b"data: a\n\n", []),
    ],
)
def test_the_grammar(stream: bytes, data: list[str]) -> None:
    for end in LINE_ENDS:
        written = stream.replace(b"\n", end)
        assert read(written) == read(*in_bytes(written)) == data


TEXTS = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=9)


@given(st.lists(TEXTS, max_size=4), st.sampled_from(LINE_ENDS), st.booleans(), st.data())
def test_events_are_read_whatever_their_line_ends_and_however_they_are_cut(
    texts: list[str], end: bytes, marked: bool, data: st.DataObject
) -> None:
    written = b"".join(raw_event(text, "x") for text in texts).replace(b"\n", end)
    stream = MARK + written if marked else written
    places = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    cut = pairwise([0, *places, len(stream)])
    assert read(*(stream[start:stop] for start, stop in cut)) == texts


@given(st.lists(st.sampled_from([b"data: a", b"", b"x", b"\n", b"\r", b"\r\n"]), max_size=12))
def test_the_cuts_of_a_stream_do_not_matter(parts: list[bytes]) -> None:
    stream = b"".join(parts)
    assert read(stream) == read(*in_bytes(stream))


def test_an_event_that_ends_with_a_return_is_given_at_once() -> None:
    reader = SseReader()
    assert reader.feed(b"data: a\r\r") == ["a"]
    assert reader.feed(b"\ndata: b\r\n\r") == ["b"]


@pytest.mark.parametrize("data", ["", "a", "a\nb", "\n", '{"a": "\u2028"}'])
@pytest.mark.parametrize("name", ["", "content_block_delta"])
def test_what_is_written_is_read(data: str, name: str) -> None:
    (event,) = SseReader().events(raw_event(data, name))
    assert event == SseEvent(name.encode(), data.encode())
    assert event.encoded() == raw_event(data, name)


@pytest.mark.parametrize(
    "piece",
    [b"data: " + b"x" * 500, b"x" * 500, b"data: xxxxxxx\n", b"data:\n", b":\n", b"\n"],
)
def test_what_has_no_end_is_refused(piece: bytes) -> None:
    reader = SseReader(most_bytes=1000)

    def send() -> None:
        for _ in range(100):
            reader.feed(piece)

    with pytest.raises(TooMuch, match="an event of more than"):
        send()


def test_what_is_large_is_bounded_event_by_event() -> None:
    reader = SseReader(most_bytes=1100)
    for _ in range(100):
        assert len(reader.feed(b"data: " + b"x" * 900 + b"\n\n")) == 1
