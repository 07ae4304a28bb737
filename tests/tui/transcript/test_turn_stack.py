"""Turns one under the other: tops, guessed heights, anchors, and turns that are taken away."""

from __future__ import annotations

from tui.transcript.row_numbers import ALL
from tui.transcript.turn_stack import Anchor, TurnStack
from tui.transcript.turn_view import Phase, TurnView

WIDTH = 40


def stack_of(*texts: str) -> TurnStack:
    stack = TurnStack()
    stack.widen(WIDTH, lead=1)
    for turn, text in enumerate(texts):
        stack.show(TurnView(turn, "assistant", text, Phase.DONE))
    stack.measure(0)
    return stack


def test_each_turn_begins_where_the_one_above_ends() -> None:
    stack = stack_of("One.", "Two.", "Three.")
    assert [layout.height for layout in stack.layouts] == [3, 3, 3]
    assert stack.tops == [1, 4, 7]
    assert stack.height == 10
    assert [stack.index_at(row) for row in (0, 1, 3, 4, 9, 99)] == [0, 0, 0, 1, 2, 2]


def test_a_turn_that_is_hidden_has_no_row() -> None:
    stack = stack_of("One.", "Two.", "Three.")
    view = stack.layouts[1].view
    view.withdrawn = True
    assert stack.show(view).changed_from == 0
    stack.measure(1)
    assert stack.tops == [1, 4, 4]
    assert stack.index_at(3) == 0
    assert stack.index_at(4) == 2


def test_what_has_not_changed_says_so() -> None:
    stack = stack_of("One.")
    assert stack.show(stack.layouts[0].view).changed_from == ALL


def test_a_wrong_guess_is_found_when_a_turn_wakes() -> None:
    stack = stack_of("One.", "> - a\n> - b", "x\n\n" * 4)
    for index, layout in enumerate(stack.layouts):
        guessed = layout.height
        assert stack.wake(index) == layout.height - guessed
        assert not layout.asleep
    assert list(stack.awake) == [0, 1, 2]


def test_turns_far_away_rest_and_keep_their_heights() -> None:
    stack = stack_of("One.", "Two.", "Three.")
    for index in range(3):
        stack.wake(index)
    heights = [layout.height for layout in stack.layouts]
    stack.rest_outside(5, 6)
    assert [layout.asleep for layout in stack.layouts] == [True, False, True]
    assert [layout.height for layout in stack.layouts] == heights


def test_turns_below_one_that_is_taken_away_move_up() -> None:
    stack = stack_of("One.", "Two.", "Three.")
    for index in range(3):
        stack.wake(index)
    assert stack.remove([1, 99]) == 1
    stack.measure(1)
    assert [layout.view.turn for layout in stack.layouts] == [0, 2]
    assert (stack.index_of, list(stack.awake)) == ({0: 0, 2: 1}, [0, 1])
    assert stack.tops == [1, 4]
    assert stack.remove([99]) is None


def test_an_anchor_finds_its_text_at_another_width() -> None:
    words = " ".join(f"word{number}" for number in range(100))
    stack = stack_of(words)
    stack.wake(0)
    stack.measure(0)
    anchor = stack.anchor(0, stack.tops[0] + 9)
    stack.widen(2 * WIDTH, lead=1)
    drift = stack.drift(0, anchor)
    assert drift < 0
    assert stack.layouts[0].source_of(9 + drift) <= anchor.source
    assert stack.layouts[0].source_of(9 + drift + 1) > anchor.source


def test_nothing_above_the_view_has_no_anchor() -> None:
    stack = stack_of("One.", "Two.")
    assert stack.anchor(1, 0) == Anchor(-1, 0)
    assert stack.anchor(9, 0) == Anchor(-1, 0)
    assert stack.drift(1, Anchor(-1, 0)) == 0
