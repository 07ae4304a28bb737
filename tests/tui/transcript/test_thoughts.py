"""Thoughts of a model in the transcript: folded with their time, opened by a key."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gramophone.analysis.answer_asides import AnswerAside
from gramophone.core.give_back import GiveBack
from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    DeltaReceived,
    Entry,
    GiveBackReceived,
    ModelQuiet,
    NoticeGiven,
    ThoughtReceived,
    TimelineRestarted,
    TurnCompleted,
    TurnStarted,
)
from gramophone.library.library import TurnRecord
from gramophone.ports.language_model import Message
from tests.support.builders import session_started
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn as on_screen
from tests.support.seeing import screen_text
from tests.support.session_screen import opened
from tests.support.transcripts import Listening, app_of, focused
from tui.markdown.paint import copied
from tui.transcript.model import TranscriptModel
from tui.transcript.row_numbers import ALL
from tui.transcript.thought_rows import ThoughtRows
from tui.transcript.turn_body import CHARACTERS_A_TICK
from tui.transcript.turn_layout import TurnLayout
from tui.transcript.turn_rows import foot_rows, heading
from tui.transcript.turn_view import Phase, TurnView, stored_view

QUESTION = TurnStarted(at_us=0, turn=0, role="user", text="Why?")
ANSWER = TurnStarted(at_us=1_000_000, turn=1, role="assistant")


def thought(text: str, at_us: int = 5_200_000) -> ThoughtReceived:
    return ThoughtReceived(at_us=at_us, turn=1, text=text)


FIRST = thought("Hm,\n", at_us=1_000_000)


def delta(text: str) -> DeltaReceived:
    return DeltaReceived(at_us=6_000_000, turn=1, text=text)


def over(text: str, reason: str = "stop") -> TurnCompleted:
    return TurnCompleted(at_us=7_000_000, turn=1, role="assistant", text=text, finish_reason=reason)


def folded(*entries: Entry) -> TranscriptModel:
    model = TranscriptModel()
    model.apply_all((QUESTION, ANSWER, *entries))
    return model


def rows_of(layout: TurnLayout) -> list[str]:
    rows = [layout.row(index) for index in range(layout.height)]
    return ["".join(_text(part) for part in row.parts).rstrip() for row in rows]


def _text(part: object) -> str:
    return getattr(part, "text", None) or _slice(part)


def _slice(part: object) -> str:
    flow = getattr(part, "flow", None)
    return flow.text[part.start : part.end] if flow is not None else ""  # pyright: ignore[reportAttributeAccessIssue]


def drawn(view: TurnView, width: int = 60) -> TurnLayout:
    layout = TurnLayout(view, width)
    layout.wake(whole=True)
    while not layout.settled:
        layout.draw_text()
    return layout


class TestFold:
    def test_thoughts_are_no_text(self) -> None:
        view = folded(FIRST, thought("light."), delta("Because."), over("Because.")).turns[1]
        assert (view.thoughts, view.text) == ("Hm,\nlight.", "Because.")
        assert view.thinking_us == 4_200_000

    def test_they_do_nothing_to_the_terminal(self) -> None:
        view = folded(thought("a\x1b["), thought("31mb\u202ec\x07"), over("")).turns[1]
        assert view.thoughts == "abc"

    def test_retracted_text_is_a_thought(self) -> None:
        model = folded(delta("Hm. "))
        model.apply_all((AnswerRetracted(at_us=6_000_000, turn=1, text="Hm. "), delta("Because.")))
        view = model.turns[1]
        assert (view.thoughts, view.text, view.rewrites) == ("Hm. ", "Because.", 1)

    def test_an_end_that_is_not_normal_is_a_sentence_below_it(self) -> None:
        view = folded(
            delta("Because"),
            AnswerIncomplete(at_us=6_500_000, turn=1, cause="length", detail="It was cut\x1b[2J."),
            over("Because", "length"),
        ).turns[1]
        assert view.phase is Phase.DONE
        assert [copied(row, 0, 99) for row in foot_rows(view, 60)] == ["It was cut."]

    def test_a_notice_of_no_turn_stands_between_the_turns(self) -> None:
        model = folded(NoticeGiven(at_us=2, stage="model", detail="Another one answers."))
        [notice] = [view for view in model.turns.values() if view.voice == "notice"]
        assert notice.notices == ["Another one answers."]
        assert "Note" in "".join(_text(part) for part in heading(notice, 60).parts)

    def test_a_model_that_thinks_is_not_called_silent(self) -> None:
        quiet = ModelQuiet(at_us=16_000_000, turn=1, quiet_us=15_000_000)
        [row] = foot_rows(folded(thought("Hm."), quiet).turns[1], 200)
        assert copied(row, 0, 200).startswith("The model thinks; no text for 15 s.")

    def test_items_to_give_back_go_with_a_fork(self) -> None:
        item = GiveBackReceived(at_us=2, turn=1, item="{}", provider="mine", model="m")
        whole = folded(item, delta("Because."), over("Because."))
        assert whole.messages()[-1] == Message(
            "assistant", "Because.", give_back=(GiveBack("{}", "mine", "m"),)
        )
        failed = folded(item, delta("Because."), over("Because.", "failed"))
        assert failed.messages()[-1] == Message("assistant", "Because.")

    def test_a_stored_turn_has_them(self) -> None:
        aside = AnswerAside("Hm.", None, 5_200_000, "It was cut off.", (GiveBack("{}"),))
        record = TurnRecord(1, "assistant", "Because", "length", 1_000_000, aside=aside)
        view = stored_view(record)
        assert (view.thoughts, view.thinking_us) == ("Hm.", 4_200_000)
        assert (view.notices, view.give_back) == (["It was cut off."], [GiveBack("{}")])

    def test_a_source_that_goes_back_takes_thoughts_away(self) -> None:
        model = folded(thought("Hm, light and air."), delta("Because."))
        view = model.turns[1]
        model.apply_all((TimelineRestarted(at_us=0, entries=3), QUESTION, ANSWER, thought("Hm")))
        assert model.turns[1] is view
        assert (view.thoughts, view.text) == ("Hm", "")


class TestLayout:
    def test_they_are_folded(self) -> None:
        view = folded(FIRST, thought("light."), delta("Because."), over("Because.")).turns[1]
        assert rows_of(drawn(view))[1:3] == ["    ▸ Thought for 4.2 s", "    Because."]

    def test_they_are_opened_and_folded_again(self) -> None:
        view = folded(FIRST, thought("light."), delta("Because."), over("Because.")).turns[1]
        layout = drawn(view)
        before = rows_of(layout)
        layout.toggle_thoughts()
        assert rows_of(layout)[1:5] == [
            "    ▾ Thought for 4.2 s",
            "      Hm,",
            "      light.",
            "    Because.",
        ]
        assert layout.row_of_source(0) == layout.text_top == 4
        layout.toggle_thoughts()
        assert rows_of(layout) == before

    def test_there_is_no_row_without_thoughts(self) -> None:
        layout = drawn(folded(delta("Because."), over("Because.")).turns[1])
        layout.toggle_thoughts()
        assert not layout.has_thoughts
        assert not layout.thoughts_open
        assert rows_of(layout)[1] == "    Because."

    def test_while_they_stream_the_row_says_for_how_long(self) -> None:
        model = folded(FIRST, thought("light", at_us=2_500_000))
        layout = drawn(model.turns[1])
        assert rows_of(layout)[:2] == ["  • Answer  thinking", "    ▸ Thinking … 1.5 s"]
        model.apply(thought(" and air", at_us=3_000_000))
        assert layout.refresh() == 1
        assert rows_of(layout)[1] == "    ▸ Thinking … 2.0 s"

    def test_those_that_came_at_once_have_no_time(self) -> None:
        view = folded(thought("Hm."), delta("Because."), over("Because.")).turns[1]
        assert rows_of(drawn(view))[1] == "    ▸ Thoughts"

    @pytest.mark.parametrize("sizes", [(1,), (7, 3), (1_000,)], ids=str)
    def test_open_ones_grow_to_the_same_rows(self, sizes: tuple[int, ...]) -> None:
        text = "Light falls on air, and\nblue is scattered most. " * 40
        model = folded(thought(text[:1]))
        layout = drawn(model.turns[1], 40)
        layout.toggle_thoughts()
        at = 1
        while at < len(text):
            size = sizes[at % len(sizes)]
            model.apply(thought(text[at : at + size]))
            at += size
            layout.refresh()
            layout.draw_text()
        whole = drawn(model.turns[1], 40)
        whole.toggle_thoughts()
        assert rows_of(layout) == rows_of(whole)

    def test_other_widths_lay_them_out_again(self) -> None:
        view = folded(thought("word " * 100), delta("Because."), over("Because.")).turns[1]
        layout = drawn(view, 80)
        layout.toggle_thoughts()
        layout.widen(30)
        narrow = drawn(view, 30)
        narrow.toggle_thoughts()
        assert rows_of(layout) == rows_of(narrow)

    def test_a_tick_lays_out_only_a_part_of_very_long_ones(self) -> None:
        view = TurnView(1, "assistant", thoughts="x" * (3 * CHARACTERS_A_TICK))
        rows = ThoughtRows(view, 80)
        rows.refresh()
        assert (rows.settled, rows.height) == (True, 1)
        rows.toggle()
        heights = [rows.height]
        while not rows.settled:
            rows.draw()
            heights.append(rows.height)
        assert len(heights) == 3
        assert all(
            after - before <= CHARACTERS_A_TICK // 80 + 8 for before, after in pairwise(heights)
        )
        assert rows.draw() == ALL


def thinking_app() -> Listening:
    """The app after an answer with thoughts."""
    backend = FakeBackend()
    backend.conversation.put(
        session_started(),
        QUESTION,
        ANSWER,
        FIRST,
        thought("light."),
        delta("Because."),
        over("Because."),
    )
    return Listening(backend)


class TestKeys:
    async def test_a_key_opens_and_folds_them(self) -> None:
        async with thinking_app().run_test() as pilot:
            await focused(pilot)
            assert "▸ Thought for 4.2 s" in screen_text(pilot)
            assert "light." not in screen_text(pilot)
            await pilot.press("t")
            await on_screen(pilot)
            assert "▾ Thought for 4.2 s" in screen_text(pilot)
            assert "light." in screen_text(pilot)
            await pilot.press("t")
            await on_screen(pilot)
            assert "light." not in screen_text(pilot)

    async def test_so_does_one_at_the_prompt(self) -> None:
        async with thinking_app().run_test() as pilot:
            await on_screen(pilot)
            await pilot.press("ctrl+t")
            await on_screen(pilot)
            assert "light." in screen_text(pilot)

    async def test_a_click_opens_them(self) -> None:
        async with thinking_app().run_test() as pilot:
            transcript = await focused(pilot)
            row = (
                screen_text(pilot)
                .split("\n")
                .index(next(row for row in screen_text(pilot).split("\n") if "▸ Thought" in row))
            )
            await pilot.click(transcript, offset=(6, row - transcript.region.y))
            await on_screen(pilot)
            assert "light." in screen_text(pilot)

    async def test_they_are_not_copied_with_the_answer(self) -> None:
        app = thinking_app()
        async with app.run_test() as pilot:
            await focused(pilot)
            await pilot.press("t", "y")
            await on_screen(pilot)
            assert app.copied == [("Because.", "the answer")]

    async def test_without_any_it_says_so(self) -> None:
        async with app_of("One?", "First.").run_test(notifications=True) as pilot:
            await focused(pilot)
            await pilot.press("t")
            await on_screen(pilot)
            assert "There are no thoughts here" in screen_text(pilot)

    async def test_they_are_in_a_stored_session_too(self) -> None:
        aside = AnswerAside("Hm, light.", 1_000_000, 5_200_000)
        turns = [
            TurnRecord(0, "user", "Why?", "sent", 0),
            TurnRecord(1, "assistant", "Because.", "stop", 0, aside=aside),
        ]
        backend = FakeBackend(library=FakeLibrary([kept_session(1, "Why?", turns=turns)]))
        async with opened(backend, "t") as pilot:
            assert "▾ Thought for 4.2 s" in screen_text(pilot)
            assert "Hm, light." in screen_text(pilot)
