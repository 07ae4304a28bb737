from __future__ import annotations

import pytest

from gramophone.text.markdown.reader import read
from gramophone.text.markdown.tokens import CODE, LABEL, PLAIN


def spoken(text: str) -> str:
    return "".join(token.text for token in read(text))


@pytest.mark.parametrize(
    ("text", "expected"),
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
        ("[1][2]", ""),
        ("[never\nclosed](x)", "[never\nclosed](x)"),
        ("`a_b*c`", "a_b*c"),
        ("a ` b", "a  b"),
        ("<b>x</b><!-- y -->z", "xz"),
        ("List<String> of x<y", "List<String> of x<y"),
        ("<https://a.b>", "https://a.b"),
        ("&lt;&amp;&#65;", "<&A"),
        ("&nope; AT&T", "&nope; AT&T"),
        ("$x_1$ for $5", "x1 for $5"),
        ("\\*a\\* C:\\dir", "*a* C:\\dir"),
        ("https://a.b/c_d_e/*f", "https://a.b/c_d_e/f"),
        ("1️⃣ a ©️ b ©", " a  b ©"),
        ("#1 fan", "#1 fan"),
    ],
)
def test_marks_are_not_said(text: str, expected: str) -> None:
    assert spoken(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is so [1]. And [12] more[3].", "It is so . And  more."),
        ("It is so [1][2].", "It is so ."),
        ("It is so[1, 2] and so[4-6].", "It is so and so."),
        ("The lists [1, 2] and [0].", "The lists [1, 2] and [0]."),
        ("[1](http://a.b) and [[2]](http://a.b)", " and "),
        ("[1] Smith, 2020", " Smith, 2020"),
        ("the element a[1] of it", "the element a[1] of it"),
        ("# Title {#top .big}\nText {a: 1}", " Title \nText {a: 1}"),
        ("So [cite: 1, 2] it [cite_start]is", "So  it is"),
        ("Text【4†source】 and【12:3†a.pdf】.", "Text and."),
        ("【注意】です［１］。", "【注意】です。"),
        ("> [!NOTE]\n> Mind it.", "\nMind it."),
        ("> [!tip]- Title\n> Mind it.", "Title\nMind it."),
        ("[!] and [!x", "[!] and [!x"),
        ("So |---|:--:| it is", "So  it is"),
        ("So +----+---+ and ------ it is", "So  and  it is"),
        ("a -- b --- c == d", "a -- b --- c == d"),
        ("Good :tada: :+1:", "Good  "),
        ("At 10:30:45 a:b:c :no way:", "At 10:30:45 a:b:c :no way:"),
        (":::note\nMind it.\n:::\n::: {.warning}\nAnd that.", "\nMind it.\n\n\nAnd that."),
        ("::: and so", "so"),
        ("---\ntitle: A\ndate: 2020\n---\nText", "\nText"),
        ("+++\ntitle = 1\n+++\nText", "\nText"),
        ("---\ntitle: A\n\nText", "Text"),
        ("---\nText: so it is\n", "---\nText: so it is\n"),
        ("---\nText here", "---\nText here"),
        ("<think>\nHm. So!\n</think>\nText", "\nText"),
        ("the <think> tag", "the  tag"),
        ("done\n</think>\nText", "done\n\n\nText"),
        ("<!-- a\n\nb -->Text", "Text"),
    ],
)
def test_what_is_not_words_is_not_said(text: str, expected: str) -> None:
    assert spoken(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Let $E = mc^2$ be.", "Let E = mc² be."),
        ("$2 + 2 = 4$ and $100$", "2 + 2 = 4 and 100"),
        ("H$_2$O at 90$^\\circ$ C", "H2O at 90° C"),
        ("the $n$th, $n$-th", "the nth, n-th"),
        ("$$\na = b\n$$\nso", "a = b\nso"),
        ("\\(x\\) and \\[ y \\]", "x and y"),
        ("$\\begin{pmatrix}a\\end{pmatrix}$ is", " is"),
        ("$$\n" + "a + " * 200 + "b\n$$\nso", "\nso"),
        ("$$\na + b\n\nText", "\na + b\n\nText"),
        ("\\begin{align*}\na &= b\n\\end{align*}\nso", "\nso"),
        ("It is \\(a + b", "It is "),
        ("\\(so it is noted\\)", "(so it is noted)"),
        ("$5 and $10, 5$ to 10$", "$5 and $10, 5$ to 10$"),
        ("It costs $5. Or $1,250.50 a year", "It costs $5. Or $1,250.50 a year"),
        ("$5 + tax applies, $5 - $3 = $2", "$5 + tax applies, $5 - $3 = $2"),
        ("$5/month, $5k to $10M, $5-$10", "$5/month, $5k to $10M, $5-$10"),
        ("US$5 and $HOME", "US$5 and $HOME"),
        ("cheap $$ or dear $$$", "cheap  or dear "),
    ],
)
def test_formulas_are_read_or_left_out_and_amounts_stay(text: str, expected: str) -> None:
    assert spoken(text) == expected


def test_code_and_labels_are_guarded() -> None:
    tokens = read("a `b` [c](d)")
    guards = {token.text: token.guard for token in tokens if token.text.isalpha()}
    assert guards == {"a": PLAIN, "b": CODE, "c": LABEL}


def test_a_character_begins_with_the_marks_before_it() -> None:
    tokens = read("x **y**")
    assert (tokens[-1].text, tokens[-1].start, tokens[-1].end) == ("y", 2, 5)
