"""The transcript: a cursor on turns, selection over several, the mouse, far turns at rest."""

from __future__ import annotations

from typing import Any

import pytest
from textual import events
from textual.app import App
from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip

from gramophone.core.timeline import HistoryRewound, TurnStarted
from gramophone.library.library import TurnRecord
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text
from tests.support.session_screen import opened
from tests.support.transcripts import Listening, app_of, focused, turns_of
from tui.messages import TurnWanted
from tui.transcript.transcript import Transcript
from tui.transcript.turn_view import TurnView

CODE = "Two pieces:\n\n```python\nfirst = 1\n```\n\nand\n\n```\nsecond\n```\n"


def marked(pilot: Pilot[Any]) -> list[str]:
    """The rows with the cursor's bar."""
    return [row[2:].strip() for row in screen_text(pilot).split("\n")[:-6] if row.startswith("▎")]


class TestCursor:
    async def test_it_goes_from_turn_to_turn(self) -> None:
        async with app_of("One?", "First.", "Two?", "Second.").run_test() as pilot:
            transcript = await focused(pilot)
            assert marked(pilot) == []
            assert transcript.turn == 3, "without a cursor the last turn in view is meant"
            for key, turn in [("k", 3), ("k", 2), ("k", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)]:
                await pilot.press(key)
                await drawn(pilot)
                assert transcript.turn == turn
            assert marked(pilot) == ["› You", "One?"]
            await pilot.press("j")
            await drawn(pilot)
            assert marked(pilot)[-1] == "First."

    async def test_it_is_seen_only_while_the_transcript_has_the_focus(self) -> None:
        async with app_of("One?", "First.").run_test() as pilot:
            await focused(pilot)
            await pilot.press("k")
            await drawn(pilot)
            assert marked(pilot)
            await pilot.press("escape")
            await drawn(pilot)
            assert not marked(pilot)

    async def test_a_long_turn_is_read_on_before_the_next(self) -> None:
        long = "\n\n".join(f"row {number}" for number in range(30))
        async with app_of("One?", long, "Two?", "End.").run_test(size=(80, 24)) as pilot:
            transcript = await focused(pilot)
            await pilot.press("home", "j", "j")
            await drawn(pilot)
            assert transcript.turn == 1
            assert "row 0" in screen_text(pilot)
            rows = set[str]()
            for _ in range(12):
                rows |= {row.strip("▎▁▂▃▄▅▆▇█ ") for row in screen_text(pilot).split("\n")}
                await pilot.press("j")
                await drawn(pilot)
                if transcript.turn != 1:
                    break
            assert {f"row {number}" for number in range(30)} <= rows, "nothing was jumped over"
            assert transcript.turn == 2

    async def test_it_comes_into_view(self) -> None:
        texts = [f"turn {number} " + "words " * 40 for number in range(40)]
        async with app_of(*texts).run_test(size=(60, 20)) as pilot:
            transcript = await focused(pilot)
            for _ in range(12):
                await pilot.press("k")
                await drawn(pilot)
                assert f"turn {transcript.turn} " in screen_text(pilot)
            assert transcript.turn == 28

    async def test_what_was_taken_back_is_gone_and_jumped_over(self) -> None:
        app = app_of("One?", "First.", "Two?", "Second.")
        async with app.run_test() as pilot:
            transcript = await focused(pilot)
            feed = app.backend.conversation
            feed.put(HistoryRewound(at_us=3, to_turn=2), *turns_of("Three?", "Third.", first=4)[1:])
            await drawn(pilot)
            assert "Second." not in screen_text(pilot)
            assert row_of(pilot, "Three?") == row_of(pilot, "First.") + 3
            await pilot.press("k", "k", "k")
            await drawn(pilot)
            assert transcript.turn == 1


class TestActing:
    @pytest.mark.parametrize(
        ("key", "action"), [("e", "edit"), ("r", "regenerate"), ("f", "fork"), ("s", "speak")]
    )
    async def test_the_turn_is_wanted(self, key: str, action: str) -> None:
        app = app_of("One?", "First.", "Two?", "Second.")
        async with app.run_test() as pilot:
            transcript = await focused(pilot)
            requests = list[TurnWanted]()
            _catch(transcript, requests)
            await pilot.press("k", "k", "k", key)
            await drawn(pilot)
            assert [(request.action, request.turn) for request in requests] == [(action, 1)]

    @pytest.mark.parametrize("key", ["y", "enter"])
    async def test_a_turn_is_copied_as_it_was_written(self, key: str) -> None:
        app = app_of("One?", "**First** `x`.")
        async with app.run_test() as pilot:
            await focused(pilot)
            await pilot.press(key, "k", "k", key)
            await drawn(pilot)
            assert app.copied == [("**First** `x`.", "the answer"), ("One?", "the prompt")]

    async def test_code_is_copied_piece_by_piece(self) -> None:
        app = app_of("Code?", CODE)
        async with app.run_test() as pilot:
            await focused(pilot)
            await pilot.press("c", "c", "c")
            await drawn(pilot)
            assert app.copied == [
                ("first = 1", "code 1 of 2"),
                ("second", "code 2 of 2"),
                ("first = 1", "code 1 of 2"),
            ]

    async def test_without_code_it_says_so(self) -> None:
        app = app_of("Code?", "None.")
        async with app.run_test(notifications=True) as pilot:
            await focused(pilot)
            await pilot.press("c")
            await drawn(pilot)
            assert app.copied == []
            assert "there is no code" in screen_text(pilot)

    async def test_with_nothing_said_the_keys_do_nothing(self) -> None:
        app = Listening(FakeBackend())
        async with app.run_test() as pilot:
            transcript = app.screen.query_one(Transcript)
            for action in ("next_turn", "turn_before", "copy_turn", "copy_code", "want('edit')"):
                await transcript.run_action(action)
            await pilot.pause()
            assert app.copied == []


def _catch(transcript: Transcript, requests: list[TurnWanted]) -> None:
    """See what it posts before the screen does something about it."""
    post = transcript.post_message

    def caught(message: Message) -> bool:
        if isinstance(message, TurnWanted):
            requests.append(message)
            return True
        return post(message)

    transcript.post_message = caught


async def dragged(pilot: Pilot[Any], start: tuple[int, int], end: tuple[int, int]) -> None:
    await pilot.mouse_down(offset=start)
    await pilot.hover(offset=end)
    await pilot.mouse_up(offset=end)
    await pilot.pause()


def row_of(pilot: Pilot[Any], words: str) -> int:
    return next(y for y, row in enumerate(screen_text(pilot).split("\n")) if words in row)


class TestSelection:
    async def test_over_several_turns(self) -> None:
        app = app_of(
            "One **more**?", "First *answer*,\nin one paragraph.\n\n- item", "Two?", "End."
        )
        async with app.run_test() as pilot:
            await drawn(pilot)
            start, end = (8, row_of(pilot, "One")), (7, row_of(pilot, "Two"))
            await dragged(pilot, start, end)
            await pilot.press("ctrl+c")
            await drawn(pilot)
            text = "**more**?\n\nsmollm2\nFirst answer, in one paragraph.\n\n• item\n\nYou\nTwo?"
            assert app.copied == [(text, "the selection")]

    async def test_the_copy_key_takes_the_selection_first(self) -> None:
        app = app_of("One?", "First second third.")
        async with app.run_test() as pilot:
            await focused(pilot)
            y = row_of(pilot, "First")
            await dragged(pilot, (10, y), (15, y))
            await pilot.press("y")
            assert app.copied == [("second", "the selection")]

    async def test_it_reaches_turns_at_rest(self) -> None:
        texts = [f"text {number}" for number in range(100)]
        app = app_of(*texts)
        async with app.run_test() as pilot:
            transcript = await focused(pilot)
            await pilot.press("home")
            await drawn(pilot)
            app.screen._select_all_in_widget(transcript)  # pyright: ignore[reportPrivateUsage]
            await pilot.press("ctrl+c")
            ((copied, _),) = app.copied
            assert [line for line in copied.split("\n") if line.startswith("text")] == texts
            assert len(transcript.awake_turns) < 30

    async def test_it_stays_on_its_words_while_text_comes(self) -> None:
        app = app_of("One?", "First second third.")
        async with app.run_test() as pilot:
            await drawn(pilot)
            y = row_of(pilot, "First")
            await dragged(pilot, (10, y), (15, y))
            app.backend.conversation.put(
                TurnStarted(at_us=3, turn=2, role="assistant", text="more\n\n" * 40)
            )
            await drawn(pilot)
            assert app.screen.get_selected_text() == "second"

    async def test_two_clicks_take_a_word_and_three_a_turn(self) -> None:
        app = app_of("One?", "First *second* third.\n\nFourth.")
        async with app.run_test() as pilot:
            await drawn(pilot)
            y = row_of(pilot, "First")
            await pilot.click(offset=(12, y), times=2)
            await pilot.pause()
            assert app.screen.get_selected_text() == "second"
            await pilot.click(offset=(12, y), times=3)
            await pilot.pause()
            assert app.screen.get_selected_text() == "First second third.\n\nFourth."


class TestWords:
    async def test_a_click_on_a_word_hears_it_from_there(self) -> None:
        text = "A *gramophone* plays `records`."
        turns = [
            TurnRecord(0, "user", "What?", "sent", 0),
            TurnRecord(1, "assistant", text, "stop", 1),
        ]
        backend = FakeBackend(library=FakeLibrary([kept_session(1, "One", turns=turns)]))
        async with opened(backend) as pilot:
            requests = list[TurnWanted]()
            _catch(pilot.app.screen.query_one(Transcript), requests)
            y = row_of(pilot, "gramophone")
            row = screen_text(pilot).split("\n")[y]
            for word in ("gramophone", "plays", "records"):
                await pilot.click(offset=(row.index(word) + 2, y))
                await pilot.pause()
            await pilot.click(offset=(row.index(" plays"), y))
            await pilot.click(offset=(70, y))
            await pilot.click(offset=(4, row_of(pilot, "What?")))
            await pilot.pause()
            assert [request.action for request in requests] == ["hear"] * 3
            assert [text[request.character :][:5] for request in requests] == [
                "gramo",
                "plays",
                "recor",
            ]

    async def test_where_nothing_is_replayed_it_is_only_a_click(self) -> None:
        app = app_of("One?", "First second.")
        async with app.run_test() as pilot:
            transcript = await focused(pilot)
            requests = list[TurnWanted]()
            _catch(transcript, requests)
            await pilot.click(offset=(6, row_of(pilot, "First")))
            await drawn(pilot)
            assert requests == []
            assert transcript.turn == 1

    async def test_in_a_kept_session_nothing_is_asked_again(self) -> None:
        backend = FakeBackend(library=FakeLibrary([kept_session(1)]))
        async with opened(backend) as pilot:
            requests = list[TurnWanted]()
            _catch(pilot.app.screen.query_one(Transcript), requests)
            await pilot.press("r", "f", "s")
            assert requests == []
            await pilot.press("e")
            await pilot.pause()
            assert "Enter Write" in screen_text(pilot), "the screen's own key"


class TestScrolling:
    async def test_guessed_heights_do_not_move_what_is_read(self) -> None:
        texts = [f"turn {number}\n\n" + "- a\n- b\n\n| x |\n|---|\n| y |\n" for number in range(60)]
        async with app_of(*texts).run_test(size=(60, 20)) as pilot:
            transcript = await focused(pilot)
            last = None
            for _ in range(40):
                before = screen_text(pilot).split("\n")[1:11]
                await pilot.press("up")
                await drawn(pilot)
                after = screen_text(pilot).split("\n")[2:12]
                assert [row[:50] for row in after] == [row[:50] for row in before]
                last = transcript.scroll_offset.y
            assert last

    async def test_the_wheel_goes_up_and_comes_back_to_follow(self) -> None:
        app = app_of(*(f"turn {number}" for number in range(30)))
        async with app.run_test(size=(60, 20)) as pilot:
            transcript = await focused(pilot)
            where = (transcript, 5, 5, 0, 0, 0, False, False, False)
            transcript.post_message(events.MouseScrollUp(*where))
            await drawn(pilot)
            assert not transcript.following
            transcript.post_message(events.MouseScrollDown(*where))
            await drawn(pilot)
            assert transcript.following


async def test_a_short_screen_has_no_empty_row_above_the_first_turn_whenever_it_is_told() -> None:
    """A screen gets that class after its first layout, and no size may change with it."""
    app: App[None] = App()
    async with app.run_test() as pilot:
        transcript = Transcript()
        await app.screen.mount(transcript)
        await pilot.pause()
        transcript.show([TurnView(0, "user", "One?")])
        for short, lead in [(True, 0), (False, 1)]:
            app.screen.set_class(short, "-short")
            await pilot.pause()
            assert transcript.render_line(lead).text.strip() == "› You"


class TestPainting:
    async def test_what_has_not_changed_is_not_painted_again(self) -> None:
        app = app_of("One?", "First.")
        async with app.run_test() as pilot:
            transcript = await focused(pilot)
            before = painted(transcript)
            assert all(old is new for old, new in zip(before, painted(transcript), strict=True))
            app.backend.conversation.put(*turns_of("Two?", "Second.", first=2))
            await drawn(pilot)
            after = painted(transcript)
            assert before[2].text.split() == ["One?"]
            assert after[2] is before[2]
            assert "Second." not in "".join(strip.text for strip in before)
            assert "Second." in "".join(strip.text for strip in after)

    async def test_another_theme_paints_all_of_it_anew(self) -> None:
        async with app_of("One?", "First.").run_test() as pilot:
            transcript = await focused(pilot)
            before = painted(transcript)
            pilot.app.theme = "textual-light"
            await drawn(pilot)
            for old, new in zip(before, painted(transcript), strict=True):
                assert old.text == new.text
                assert [strip.style for strip in old] != [strip.style for strip in new]


def painted(transcript: Transcript) -> list[Strip]:
    return transcript.render_lines(transcript.size.region)
