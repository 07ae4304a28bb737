"""Break points: places at which a sentence that is too long is broken."""

from __future__ import annotations

from gramophone.text.break_points import BreakPoints
from gramophone.text.markdown.tokens import CODE, PLAIN, SPACE, SpokenToken


def broken(text: str, *, floor: int = 1, depth: int = 0, guard: int = PLAIN) -> str:
    """The text with a bar at its best break, if it has one."""
    breaks = BreakPoints()
    held: list[SpokenToken] = []
    gap = ""
    for at, char in enumerate(text):
        if char == SPACE:
            gap = "hard"
            continue
        token = SpokenToken(char, at, at + 1, guard)
        if held:
            breaks.note(held, token, gap, guard if gap else PLAIN, depth)
        if gap:
            breaks.blank = len(held)
            held.append(SpokenToken(SPACE, at, at, guard))
        held.append(token)
        gap = ""
    index = breaks.best(floor)
    text = "".join(token.text for token in held)
    return text if index is None else f"{text[:index]}|{text[index:]}"


def test_at_the_last_clause() -> None:
    assert broken("one, two, three four") == "one, two,| three four"


def test_a_semicolon_is_worth_more_than_a_later_comma() -> None:
    assert broken("one; two, three") == "one;| two, three"


def test_else_at_the_last_word() -> None:
    assert broken("one two three") == "one two| three"


def test_no_comma_of_a_number_and_no_word_before_a_mark() -> None:
    assert broken("1,000 – 2,000") == "1,000 –| 2,000"
    assert broken("a (b") == "a (b"


def test_in_spaceless_writing_between_characters() -> None:
    assert broken("我们今天").count("|") == 1


def test_never_in_code() -> None:
    assert broken("a, b, c", guard=CODE) == "a, b, c"


def test_never_before_the_floor() -> None:
    assert broken("one, two three", floor=8) == "one, two| three"
    assert broken("one, two three", floor=9) == "one, two three"


def test_outside_quotes_rather_than_inside() -> None:
    outside, inside = BreakPoints(), BreakPoints()
    held = [SpokenToken(char, 0, 1, PLAIN) for char in "ab,"]
    token = SpokenToken("c", 0, 1, PLAIN)
    assert outside.note(held, token, "hard", PLAIN, 0)
    assert inside.note(held, token, "hard", PLAIN, 1)
    assert outside.latest() == [3]
    assert inside.latest() == []


def test_places_follow_when_the_beginning_is_dropped() -> None:
    breaks = BreakPoints()
    held = [SpokenToken(char, 0, 1, PLAIN) for char in "abcde,"]
    breaks.note(held, SpokenToken("f", 0, 1, PLAIN), "hard", PLAIN, 0)
    breaks.note_word(4, held[3])
    breaks.shift(4)
    assert [clause.index for clause in breaks.clauses] == [2]
    assert breaks.words == []
    breaks.forget_up_to(2)
    assert breaks.latest() == []
