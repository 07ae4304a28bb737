"""A grapheme is one in a field of one line."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App, ComposeResult

from tui.prompt.grapheme_input import GraphemeInput
from tui.screens.dialogs.text_input import ValueInput
from tui.screens.export import PathInput
from tui.sessions.search_field import SessionSearch

FAMILY = "👨\u200d👩\u200d👧\u200d👦"


class _Field(App[None]):
    def compose(self) -> ComposeResult:
        yield GraphemeInput(id="field")


@pytest.mark.parametrize("field", [PathInput, ValueInput, SessionSearch])
def test_every_field_is_one(field: type) -> None:
    assert issubclass(field, GraphemeInput)


@pytest.mark.parametrize("grapheme", [FAMILY, "🇩🇪", "e\u0301", "क्षि"])
async def test_keys_take_a_whole_one(grapheme: str) -> None:
    async with _Field().run_test() as pilot:
        field = pilot.app.query_one(GraphemeInput)
        field.value = f"a{grapheme}{grapheme}b"
        field.cursor_position = len(field.value)
        await pilot.press("left", "backspace")
        assert field.value == f"a{grapheme}b"
        await pilot.press("left", "delete", "left", "left", "right", "end", "left")
        assert (field.value, field.cursor_position) == ("ab", 1)
        field.value = f"a{grapheme}b"
        await pilot.press("end", "left", "shift+left", "x", "home", "backspace", "end", "delete")
        assert field.value == "axb"


async def test_joiners_can_be_typed() -> None:
    async with _Field().run_test() as pilot:
        for character in f"می\u200cخواهم{FAMILY}":
            pilot.app.post_message(events.Key("x", character))
        await pilot.pause()
        assert pilot.app.query_one(GraphemeInput).value == f"می\u200cخواهم{FAMILY}"
