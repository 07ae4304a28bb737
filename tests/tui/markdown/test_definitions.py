"""Definitions of links by the thousand, and one that thousands of blocks name: a step costs what
is new, and all of it takes time in proportion to the length."""

from __future__ import annotations

from itertools import count

import pytest

from tests.support.markdown_rows import grown
from tests.support.scaling import cpu_s
from tui.markdown.answer_layout import AnswerLayout
from tui.markdown.cutting import LONGEST_OPEN_CHARACTERS
from tui.markdown.document import READ_AGAIN_CHARACTERS, Document
from tui.markdown.layout import Slice
from tui.transcript.turn_body import PARSED_A_TICK
from tui.transcript.turn_layout import TurnLayout
from tui.transcript.turn_view import Phase, TurnView

SHAPES = {
    "one below the other": "[a{0}]: http://x.org/{0}\n",
    "apart": "[a{0}]: http://x.org/{0}\n\n",
    "below what names them": "See [a{0}] here.\n\n[a{0}]: http://x.org/{0}\n\n",
    "above what names them": "[a{0}]: http://x.org/{0}\n\nSee [it][a{0}] here.\n\n",
}
CHARS = 12_000


def defining(kind: str, chars: int) -> str:
    definitions: list[str] = []
    numbers = count()
    while sum(map(len, definitions[-1:])) * len(definitions) < chars:
        definitions.append(SHAPES[kind].format(next(numbers)))
    return "".join(definitions)


def drawn(text: str) -> None:
    answer = AnswerLayout(80)
    answer.grow(text)
    answer.finish()


@pytest.mark.parametrize("kind", SHAPES)
def test_time_grows_with_the_length_alone(kind: str) -> None:
    one, four = defining(kind, CHARS), defining(kind, 4 * CHARS)
    drawn(one)
    ratios = (cpu_s(lambda: drawn(four)) / cpu_s(lambda: drawn(one)) for _ in range(5))
    assert any(ratio < 10 for ratio in ratios), "4 is linear, 16 is quadratic"


@pytest.mark.parametrize("kind", SHAPES)
def test_the_rows_are_the_same_whatever_the_sizes_of_the_deltas(kind: str) -> None:
    text = defining(kind, 3 * LONGEST_OPEN_CHARACTERS)
    whole = grown(text, 40, len(text))
    for step in (389, 2_003):
        assert grown(text, 40, step) == whole


NAMED = "".join(f"Number {number} is [it][x].\n\n" for number in range(3_000))


def test_a_definition_that_all_blocks_name_is_taken_in_step_by_step() -> None:
    document = Document()
    work, stale_steps = 0, 0
    while document.grow(f"{NAMED}[x]: http://x.org\n\nEnd."):
        assert document.work - work <= 4 * LONGEST_OPEN_CHARACTERS + 2 * READ_AGAIN_CHARACTERS
        work, stale_steps = document.work, stale_steps + document.stale
    assert stale_steps > 10
    assert not document.stale


def test_a_finished_answer_is_read_anew_tick_by_tick() -> None:
    text = f"{NAMED}[x]: http://x.org\n\nEnd.\n"
    view = TurnView(1, "assistant", phase=Phase.ANSWERING)
    layout = TurnLayout(view, 60)
    view.text = text
    while not layout.settled:
        layout.draw_text()
    view.phase = Phase.DONE
    layout.refresh()
    ticks = 0
    while not layout.settled:
        assert not layout.can_rest
        layout.draw_text()
        ticks += 1
    assert ticks > len(text) / (PARSED_A_TICK + 4 * LONGEST_OPEN_CHARACTERS)
    stored = TurnLayout(TurnView(1, "assistant", text, Phase.DONE), 60)
    stored.wake(whole=True)
    assert [layout.row(index) for index in range(layout.height)] == [
        stored.row(index) for index in range(stored.height)
    ]
    assert not any(
        isinstance(part, Slice) and "[" in part.flow.text for part in stored.row(2).parts
    )
