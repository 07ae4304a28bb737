"""Thoughts within text: which tags count, and that it does not matter how the text is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.wire.llm.think_tags import TagKind, TagPiece, ThinkTagMemory, ThinkTagReader

SHORT = {"T": TagKind.TEXT, "?": TagKind.THOUGHT, "<": TagKind.RETRACT, "…": TagKind.UNCLOSED}
LETTERS = {kind: letter for letter, kind in SHORT.items()}


def taken(reader: ThinkTagReader, delta: str) -> list[TagPiece]:
    """The pieces of a delta, by the short way where it is open."""
    return [TagPiece(TagKind.TEXT, delta)] if reader.take_plain(delta) else reader.feed(delta)


def pieces_of(
    *deltas: str, memory: ThinkTagMemory | None = None, cut_short: bool = False
) -> list[str]:
    """The pieces of an answer, neighbours of a kind joined, with a letter for their kind."""
    reader = ThinkTagReader(memory or ThinkTagMemory())
    pieces = [piece for delta in deltas for piece in taken(reader, delta)]
    pieces += reader.end(cut_short=cut_short)
    joined: list[str] = []
    for piece in pieces:
        letter = LETTERS[piece.kind]
        if piece.kind is TagKind.TEXT and not piece.text:
            continue
        if joined and joined[-1].startswith(letter):
            joined[-1] += piece.text
        else:
            joined.append(f"{letter} {piece.text}")
    return joined


THOUGHTS = {
    "at-the-beginning": ("<think>\nHm.\n</think>\n\nHello.", ["? Hm.\n", "T Hello."]),
    "named-thinking": ("<thinking>Hm.</thinking>Hello.", ["? Hm.", "T Hello."]),
    "in-capitals": ("<Think>Hm.</THINK>Hello.", ["? Hm.", "T Hello."]),
    "behind-spaces": ("\n  <think>Hm.</think>Hello.", ["T \n  ", "? Hm.", "T Hello."]),
    "empty": ("<think>\n\n</think>\n\nHello.", ["T Hello."]),
    "at-a-paragraph": ("One.\n\n<think>Hm.</think>\n\nTwo.", ["T One.\n\n", "? Hm.", "T Two."]),
    "one-behind-another": ("<think>A</think>\n<think>B</think>C", ["? AB", "T C"]),
    "with-code-in-it": ("<think>```\nx\n</think>Hello.", ["? ```\nx\n", "T Hello."]),
    "with-another-name-in-it": ("<think>a </thinking> b</think>C", ["? a </thinking> b", "T C"]),
    "behind-a-fence": ("```\nx\n```\n<think>A</think>B", ["T ```\nx\n```\n", "? A", "T B"]),
    "never-closed": ("<think>Hm. Hello.", ["? Hm. Hello.", "… "]),
    "closed-by-half": ("<think>Hm.</thin", ["? Hm.</thin", "… "]),
    "only-closed": ("Hm.\n</think>\n\nHello.", ["T Hm.\n", "< ", "T Hello."]),
    "only-closed-behind-a-word": ("I say hello</think>Hello.", ["T I say hello", "< ", "T Hello."]),
    "only-closed-behind-a-sentence": ("Hm. </think>Hello.", ["T Hm. ", "< ", "T Hello."]),
    "only-closed-at-once": ("\n</think>\n\nHello.", ["T \nHello."]),
}
TEXTS = {
    "plain": "Hello.",
    "in-a-sentence": "Models think in <think> tags.",
    "on-a-later-line": "One.\n<think> is a tag.",
    "in-fenced-code": "So:\n\n```xml\n\n<think>Hm.</think>\n```\nDone.",
    "in-tildes": "~~~~\n~~~\n\n<think>Hm.</think>\n\n</think>\n~~~~",
    "in-indented-code": "So:\n\n    <think>Hm.</think>",
    "closing-in-a-sentence": "The </think> tag closes it.",
    "closing-in-quotes": "It is \"</think>\" or '</think>' or (</think>).",
    "closing-in-code": "Write `a </think>` or ``b.</think>``.",
    "closing-in-bold": "It is **</think>**.",
    "closing-in-a-list": "1. </think> closes it.\n- </think> as well.",
    "other-tags": "<thinker>Hm.</thinker>\n\n<b>bold</b> <",
    "half-a-tag": "<thin",
}


@pytest.mark.parametrize("name", THOUGHTS)
def test_thoughts_are_cut_out(name: str) -> None:
    text, pieces = THOUGHTS[name]
    assert pieces_of(text) == pieces


@pytest.mark.parametrize("name", TEXTS)
def test_tags_that_a_model_speaks_of_are_text(name: str) -> None:
    assert pieces_of(TEXTS[name]) == [f"T {TEXTS[name]}"]


@pytest.mark.parametrize("name", [*THOUGHTS, *TEXTS])
def test_tags_may_be_cut_at_every_character(name: str) -> None:
    text = TEXTS.get(name) or THOUGHTS[name][0]
    whole = pieces_of(text)
    assert pieces_of(*text) == whole
    for cut in range(len(text)):
        assert pieces_of(text[:cut], text[cut:]) == whole


PARTS = [
    *("<think>", "</think>", "<thinking>", "</thinking>", "`", "```", "~~~", "\n", "\n\n"),
    *(" ", "    ", "a", "Hm.", "1.", "<", "</th", "*", '"', "\t", "\r\n", "é"),
]
ANSWERS = st.lists(st.sampled_from(PARTS), max_size=14).map("".join)


@given(text=ANSWERS, cuts=st.lists(st.integers(0, 60)), begins=st.booleans(), short=st.booleans())
def test_cuts_do_not_matter(text: str, cuts: list[int], begins: bool, short: bool) -> None:
    memories = [ThinkTagMemory(), ThinkTagMemory()]
    for memory in memories:
        memory.begins_thinking = begins
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    deltas = [text[start:end] for start, end in pairwise(places)]
    whole = pieces_of(text, memory=memories[0], cut_short=short)
    assert pieces_of(*deltas, memory=memories[1], cut_short=short) == whole
    assert memories[0].begins_thinking == memories[1].begins_thinking


@given(text=ANSWERS)
def test_nothing_but_tags_and_space_behind_them_is_lost(text: str) -> None:
    given_back = "".join(piece[2:] for piece in pieces_of(text))
    assert len(given_back) <= len(text)
    rest = iter(text)
    assert all(character in rest for character in given_back), "in its order"
    for tag in ("<think>", "</think>", "<thinking>", "</thinking>"):
        text = text.replace(tag, "")
    assert len("".join(given_back.split())) >= len("".join(text.split()))


class TestMemory:
    def test_the_next_answer_begins_as_a_thought(self) -> None:
        memory = ThinkTagMemory()
        pieces_of("Hm.</think>Hello.", memory=memory)
        assert pieces_of("So.</think>Yes.", memory=memory) == ["? So.", "T Yes."]
        assert memory.begins_thinking

    def test_an_answer_that_opens_its_thought_itself(self) -> None:
        memory = ThinkTagMemory()
        memory.begins_thinking = True
        assert pieces_of("\n<think>So.</think>Yes.", memory=memory) == ["? \nSo.", "T Yes."]

    def test_an_answer_without_a_thought_is_given_as_text_at_its_end(self) -> None:
        memory = ThinkTagMemory()
        memory.begins_thinking = True
        assert pieces_of("Yes.", memory=memory) == ["? Yes.", "T Yes."]
        assert pieces_of("Yes.", memory=memory) == ["T Yes."]

    def test_a_thought_that_is_cut_short_is_none_of_the_answer(self) -> None:
        memory = ThinkTagMemory()
        memory.begins_thinking = True
        assert pieces_of("Hm", memory=memory, cut_short=True) == ["? Hm", "… "]
        assert memory.begins_thinking


def test_what_is_held_back_can_be_had_before_something_else() -> None:
    reader = ThinkTagReader(ThinkTagMemory())
    assert reader.feed("<th") == []
    (piece,) = reader.flush()
    assert (piece.kind, piece.text) == (TagKind.TEXT, "<th")
