from __future__ import annotations

import pytest

from gramophone.wire.speakable import CODE, LABEL, PLAIN, read


def spoken(text: str) -> str:
    return "".join(token.text for token in read(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("**a** _b_ ~~c~~", "a b c"),
        ("a * b * c", "a * b * c"),
        ("2**8 and x*y", "2**8 and x*y"),
        ("snake_case_name", "snake_case_name"),
        ("[label](http://x.y)", "label"),
        ("[a [b] c](d)", "a [b] c"),
        ("[![alt](i.png)](x)", "alt"),
        ("[cut](http://unfin", "cut"),
        ("[plain] text", "[plain] text"),
        ("[1][2]", "[1][2]"),
        ("[never\nclosed](x)", "[never\nclosed](x)"),
        ("`a_b*c`", "a_b*c"),
        ("a ` b", "a  b"),
        ("<b>x</b><!-- y -->z", "xz"),
        ("List<String> of x<y", "List<String> of x<y"),
        ("<https://a.b>", "https://a.b"),
        ("&lt;&amp;&#65;", "<&A"),
        ("&nope; AT&T", "&nope; AT&T"),
        ("$x_1$ for $5", "$x_1$ for $5"),
        ("\\*a\\* C:\\dir", "*a* C:\\dir"),
        ("https://a.b/c_d_e/*f", "https://a.b/c_d_e/f"),
        ("1️⃣ a ©️ b ©", " a  b ©"),
        ("#1 fan", "#1 fan"),
    ],
)
def test_marks_are_not_said(text: str, said: str) -> None:
    assert spoken(text) == said


def test_code_and_labels_are_guarded() -> None:
    tokens = read("a `b` [c](d)")
    guards = {token.text: token.guard for token in tokens if token.text.isalpha()}
    assert guards == {"a": PLAIN, "b": CODE, "c": LABEL}


def test_a_character_begins_with_the_marks_before_it() -> None:
    tokens = read("x **y**")
    assert (tokens[-1].text, tokens[-1].start, tokens[-1].end) == ("y", 2, 5)
