"""What comes in pieces is redacted as the text that it is, however it is cut."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.redaction import PATTERN_CHARS, Redactor
from gramophone.text.redaction_stream import MOST_HELD_CHARS, RedactedStreams, StreamPiece
from gramophone.wire.json_text import json_pieces, with_texts
from tests.support.keys_in_text import CARD, KEY, OTHER, PARTS

redact = Redactor([KEY, OTHER], patterns=[r"\d{4}( \d{4}){2}"], key=b"k")
plain = Redactor([KEY, OTHER], key=b"k")


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def streamed(pieces: Sequence[str], redactor: Redactor = redact) -> list[str]:
    """What becomes of each piece when what is settled is taken after every one."""
    streams = RedactedStreams[int](redactor)
    settled: dict[int, str] = {}
    for number, text in enumerate(pieces):
        streams.put(number, [StreamPiece("answer", text)])
        settled |= {number: texts[0] for number, texts in streams.settled()}
    streams.finish()
    settled |= {number: texts[0] for number, texts in streams.settled()}
    assert not streams
    return [settled[number] for number in range(len(pieces))]


@pytest.mark.parametrize("size", range(1, 70))
def test_a_secret_in_pieces_of_any_size_is_hidden(size: int) -> None:
    text = f"My key is {KEY} and my card {CARD}, as in Bearer sk-{KEY}. Token {OTHER}!"
    pieces = streamed(cut(text, size))
    assert "".join(pieces) == redact(text)
    assert all(
        len(KEY) > 4 and KEY[at : at + 4] not in piece for piece in pieces for at in range(25)
    )


@given(st.lists(st.sampled_from(PARTS), max_size=30), st.lists(st.integers(1, 40), min_size=1))
def test_what_is_written_of_any_text_however_cut_is_what_is_written_of_the_whole(
    parts: list[str], sizes: list[int]
) -> None:
    text, pieces, at = "".join(parts), list[str](), 0
    while at < len(text):
        pieces.append(text[at : at + sizes[len(pieces) % len(sizes)]])
        at += len(pieces[-1])
    assert "".join(streamed(pieces, plain)) == plain(text)


def test_what_is_no_secret_stays_in_its_own_piece() -> None:
    pieces = cut("Cats c4n see; the token is a taken one; s, sk and skis.", 1)
    assert streamed(pieces, plain) == pieces


def test_a_piece_waits_only_while_it_may_belong_to_a_secret() -> None:
    streams = RedactedStreams[str](plain)

    def after(text: str) -> list[tuple[str, str]]:
        streams.put(text, [StreamPiece("answer", text)])
        return [(item, texts[0]) for item, texts in streams.settled()]

    assert after("Hello") == [("Hello", "Hello")]
    assert after(" c4") == []
    assert after("t") == [(" c4", " c4"), ("t", "t")]
    assert after(f" {KEY[:20]}") == []
    mark = plain.mark(KEY)
    assert after(KEY[20:]) == [(f" {KEY[:20]}", f" {mark}"), (KEY[20:], "")]


def test_streams_do_not_mix_and_an_item_waits_for_all_its_pieces() -> None:
    streams = RedactedStreams[str](plain)
    streams.put(
        "first", [StreamPiece("a", KEY[:9]), StreamPiece("b", "Hi."), StreamPiece(None, KEY)]
    )
    streams.put("second", [StreamPiece("b", " Ho.")])
    assert streams.settled() == [("second", [" Ho."])]
    streams.finish(lambda key: key == "b")
    assert streams.settled() == []
    streams.put("third", [StreamPiece("a", KEY[9:] + "!")])
    mark = plain.mark(KEY)
    assert streams.settled() == [("first", [mark, "Hi.", mark]), ("third", ["!"])]


def test_a_secret_that_is_cut_off_is_hidden_as_the_whole_is() -> None:
    hide = Redactor([KEY])
    mark = hide.mark(KEY)
    assert streamed(cut(f"It is {KEY[:20]}", 3), hide)[2:4] == [mark, ""]
    assert hide(f"It is {KEY[:8]}") == f"It is {mark}"
    assert hide(f"It is {KEY[:7]}") == f"It is {KEY[:7]}"
    assert hide(f"of it {KEY[5:22]} is known") == f"of it {mark} is known"


def test_a_pattern_is_found_within_the_length_that_is_held() -> None:
    long = Redactor(patterns=["<[a-z]+>"], key=b"k")
    text = f"{'word ' * 60}<{'x' * (PATTERN_CHARS - 2)}>{' word' * 60}"
    assert "".join(streamed(cut(text, 7), long)) == long(text)


def test_a_credential_without_end_is_not_held_without_end() -> None:
    streams, written = RedactedStreams[int](plain), list[str]()
    for number in range(3 * MOST_HELD_CHARS // 1000):
        streams.put(number, [StreamPiece("a", f"{'' if number else 'sk-'}{'x' * 1000}")])
        written += [text for _, (text,) in streams.settled()]
    assert not streams
    assert len(written) == 3 * MOST_HELD_CHARS // 1000
    assert "x" not in "".join(written)
    streams.put(0, [StreamPiece("a", "xx and more")])
    assert streams.settled() == [(0, [" and more"])]


def test_the_texts_of_chunks_are_pieces_of_streams_and_the_rest_stays() -> None:
    chunk = '{"id": "1", "choices": [{"index": 0, "delta": {"content": "c4n"}}], "n": [1, 2.50]}'
    pieces = json_pieces(chunk, (3, "chunk"))
    assert [piece.text for piece in pieces] == ["1", "c4n"]
    assert pieces[0].key is None
    assert with_texts(chunk, ["1", "c4n"]) is chunk
    assert with_texts(chunk, ["1", "***"]) == (
        '{"id":"1","choices":[{"index":0,"delta":{"content":"***"}}],"n":[1,2.5]}'
    )


def test_choices_and_calls_are_streams_of_their_own_and_words_have_spaces() -> None:
    def keys(document: str) -> list[object]:
        return [piece.key for piece in json_pieces(document, ())]

    call = '{"index":1,"function":{"arguments":"a"}}'
    one = f'{{"choices":[{{"index":0,"delta":{{"tool_calls":[{call}]}}}}]}}'
    assert keys(one) == keys(one.replace('"a"', '"b"'))
    assert keys(one) != keys(one.replace('"index":1', '"index":0'))
    assert keys(one) != keys(one.replace('{"index":0,"delta"', '{"index":1,"delta"'))
    words = json_pieces('{"words":[{"word":"4929"},{"word":"1111"},{"word":"2222"}]}', ())
    assert len({piece.key for piece in words}) == 1
    streams = RedactedStreams[str](redact)
    streams.put("frame", words)
    streams.finish()
    assert streams.settled() == [("frame", [redact.mark(CARD), "", ""])]


def test_a_hidden_token_does_not_stand_beside_itself_as_bytes() -> None:
    document = '{"logprobs":{"content":[{"token":"c4","bytes":[99,52],"top_logprobs":[]}]}}'
    assert '"bytes":null' in with_texts(document, ["***"])
