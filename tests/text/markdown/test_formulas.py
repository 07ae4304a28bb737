from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.markdown.formulas import LONGEST_FORMULA, spoken_formula


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("\\pi r^2", "pi r²"),
        ("a_1 * b_{12}", "a1 × b12"),
        ("\\frac{a+b}{2} \\le \\sqrt{2}", "(a+b)/2 ≤ √2"),
        ("x^{-1} \\cdot 90^\\circ", "x⁻¹ · 90°"),
        ("\\text{area} = \\alpha\\,m", "area = alpha m"),
        ("\\left( x \\right)", "( x )"),
        ("5\\%", "5%"),
        ("\\sqrt{b^2-4ac}", "√(b²-4ac)"),
        ("\\beta^-", "beta⁻"),
        ("2 \\times 3 \\neq 5", "2 × 3 ≠ 5"),
    ],
)
def test_a_formula_with_plain_characters_is_read(source: str, expected: str) -> None:
    assert spoken_formula(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "\\sum_{i=1}^n i",
        "e^{x+1}",
        "\\unknown{x}",
        "\\begin{pmatrix}a\\end{pmatrix}",
        "a_{b",
        "}",
        "x^",
        "+",
        "x" * (LONGEST_FORMULA + 1),
        "a_{b_{c_{d_{e_{f}}}}}",
    ],
)
def test_other_formulas_are_left_out(source: str) -> None:
    assert spoken_formula(source) is None


PARTS = st.sampled_from([*"ab12^_{} +-=\\", "\\frac", "\\pi", "\\sqrt"])


@given(st.lists(PARTS, max_size=40).map("".join))
def test_what_is_read_has_no_marks_of_latex_and_is_no_longer(source: str) -> None:
    words = spoken_formula(source)
    if words is not None:
        assert len(words) <= len(source)
        assert not set(words.replace("\\_", "")) & set("^\\")
