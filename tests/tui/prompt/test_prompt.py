"""The prompt, key by key: commands, files, pastes, what was sent before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from gramophone.core.errors import StorageError
from gramophone.core.intents import Submit
from gramophone.library.library import TurnRecord
from tests.support.builders import session_started, spoken_exchange
from tests.support.prompts import paste, prompt_of, typed
from tests.support.screen_backend import FakeBackend, FakeFeed, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text, screen_words
from tui.app import GramophoneApp
from tui.prompt.completions import Completions
from tui.prompt.prompt import BLINKS_AFTER_A_KEY, Prompt
from tui.screens.help import HelpScreen
from tui.screens.history import HistoryScreen

LINES = "".join(f"line {number}\n" for number in range(214))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a few files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "deep.md").write_text("deep")
    (tmp_path / "notes.md").write_text("one\ntwo\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x00")
    (tmp_path / ".hidden").write_text("secret")
    return tmp_path


def listed(pilot: Pilot[Any]) -> list[str]:
    """The rows of the list, as they stand above the prompt."""
    completions = pilot.app.screen.query_one(Completions)
    if not completions.display:
        return []
    lines = screen_text(pilot).split("\n")
    return [line.strip() for line in lines[completions.region.y : completions.region.bottom]]


def notices(pilot: Pilot[Any]) -> str:
    """The words of every notification, which a toast would break into lines."""
    rack = pilot.app._notifications  # pyright: ignore[reportPrivateUsage]
    return "\n".join(notice.message for notice in rack)


class TestCommands:
    async def test_a_slash_opens_the_list_just_above_the_prompt(self) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await typed(pilot, "slash")
            names = [row.removeprefix("› ").split()[0] for row in listed(pilot)]
            assert names[:4] == ["/model", "/provider", "/voice", "/system"]
            assert listed(pilot)[0].startswith("› /model")
            completions = pilot.app.screen.query_one(Completions)
            assert completions.region.bottom == prompt_of(pilot).region.y
            assert pilot.app.focused is prompt_of(pilot)

    @pytest.mark.parametrize("key", ["tab", "enter"])
    async def test_the_chosen_one_is_taken_by(self, key: str) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test() as pilot:
            await typed(pilot, "slash", "e", "down", "down", "up", key)
            assert prompt_of(pilot).text == "/export"
            await typed(pilot, *"x", key)
            assert pilot.app.focused is prompt_of(pilot) or key == "tab"
            assert backend.posted == []

    async def test_the_list_goes_round(self) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await typed(pilot, "slash", "up")
            assert listed(pilot)[-1].startswith("› /quit")

    async def test_arguments_are_offered_too(self) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await typed(pilot, "slash", "c", "o", "tab")
            assert prompt_of(pilot).text == "/copy "
            assert listed(pilot) == ["› answer", "code", "prompt"]
            await typed(pilot, "c", "tab")
            assert prompt_of(pilot).text == "/copy code"

    async def test_escape_closes_the_list_and_does_not_stop_the_answer(self) -> None:
        backend = FakeBackend(FakeFeed(spoken_exchange("Hi", "Hello")[:3]))
        async with GramophoneApp(backend).run_test() as pilot:
            await typed(pilot, "slash", "escape")
            assert listed(pilot) == []
            assert prompt_of(pilot).text == "/"
            assert backend.posted == []
            assert "Esc Stop" in screen_words(pilot)

    async def test_a_whole_command_is_given_by_one_enter(self) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await typed(pilot, *"/history", "enter")
            await drawn(pilot)
            assert isinstance(pilot.app.screen, HistoryScreen)

    async def test_keys_typed_ahead_go_to_the_list_in_their_order(self) -> None:
        app = GramophoneApp(FakeBackend())
        async with app.run_test() as pilot:
            for key, character in [("slash", "/"), ("h", "h"), ("e", "e"), ("tab", None)]:
                app.post_message(events.Key(key, character))
            app.post_message(events.Key("enter", "\r"))
            await pilot.pause()
            await drawn(pilot)
            assert isinstance(app.screen, HelpScreen)

    @pytest.mark.parametrize("speed", ["2", "1", "1.25"])
    async def test_a_number_typed_in_full_stays(self, speed: str) -> None:
        async with GramophoneApp(FakeBackend()).run_test(notifications=True) as pilot:
            await typed(pilot, *"/speed", "space", *speed, "enter")
            assert f"The speed is {speed}×" in notices(pilot)

    async def test_one_that_was_chosen_is_taken(self) -> None:
        async with GramophoneApp(FakeBackend()).run_test(notifications=True) as pilot:
            await typed(pilot, *"/speed", "space", *"1.", "down", "enter")
            assert prompt_of(pilot).text == "/speed 1.2"

    async def test_a_click_takes_a_row(self) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await typed(pilot, "slash")
            await pilot.click(Completions, offset=(5, 2))
            await drawn(pilot)
            assert prompt_of(pilot).text == "/voice "
            assert pilot.app.focused is prompt_of(pilot)

    async def test_an_unknown_command_stays_and_is_not_sent(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await typed(pilot, *"/hitsory", "enter")
            assert "There is no command /hitsory; try /history" in notices(pilot)
            assert prompt_of(pilot).text == "/hitsory"
            assert backend.posted == []

    async def test_two_slashes_send_one(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test() as pilot:
            await typed(pilot, *"//quit", "enter")
            assert backend.posted == [Submit("/quit")]

    async def test_copy_and_export_speak_of_this_session(self) -> None:
        record = kept_session(1)
        feed = FakeFeed(
            [
                session_started(session_id=record.summary.id),
                *spoken_exchange("Hi", "See:\n\n```py\nx = 1\n```\n\nDone."),
            ]
        )
        backend = FakeBackend(feed, FakeLibrary([record]))
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await drawn(pilot)
            await typed(pilot, *"/copy", "enter")
            assert pilot.app.clipboard == "See:\n\n```py\nx = 1\n```\n\nDone."
            assert "Copied the last answer: " in notices(pilot)
            await typed(pilot, *"/copy code", "enter")
            assert pilot.app.clipboard == "x = 1\n"
            await typed(pilot, *"/copy prompt", "enter")
            assert pilot.app.clipboard == "Hi"
            await pilot.press(*"/export", "enter")
            await pilot.pause()
            await pilot.pause()
            assert "The sound as WAV" in screen_text(pilot)

    @pytest.mark.parametrize(
        ("command", "sentence"),
        [
            ("/copy", "Nothing to copy: there is no answer yet."),
            ("/copy horn", "/copy takes one of: answer, code, prompt."),
            ("/export", "Nothing to export yet: say something first."),
        ],
    )
    async def test_says_what_cannot_be_done(self, command: str, sentence: str) -> None:
        async with GramophoneApp(FakeBackend()).run_test(notifications=True) as pilot:
            await typed(pilot, *command, "enter")
            assert sentence in notices(pilot)


async def test_a_key_asks_for_no_layout_of_what_is_attached() -> None:
    """One would be a layout of the whole screen with every key."""
    async with GramophoneApp(FakeBackend()).run_test() as pilot:
        await typed(pilot, "a")
        note = pilot.app.screen.query_one(".attached")
        before = note._layout_updates  # pyright: ignore[reportPrivateUsage]
        await typed(pilot, *"bcd")
        assert note._layout_updates == before  # pyright: ignore[reportPrivateUsage]


class TestFiles:
    async def test_paths_are_offered_and_taken(self, folder: Path) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await typed(pilot, *"see @")
            assert listed(pilot)[1:] == ["notes.md", "picture.png"]
            assert listed(pilot)[0].startswith("› docs/")
            await typed(pilot, "tab")
            assert prompt_of(pilot).text == "see @docs/"
            assert listed(pilot) == ["› deep.md"]
            await typed(pilot, "tab")
            assert prompt_of(pilot).text == "see @docs/deep.md "
            assert listed(pilot) == []
            assert "attached: docs/deep.md (4 characters)" in screen_words(pilot)

    async def test_a_hidden_file_is_offered_when_a_dot_is_typed(self, folder: Path) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await typed(pilot, *"@.")
            assert listed(pilot) == ["› .hidden"]

    async def test_the_file_goes_out_fenced_behind_the_prompt(self, folder: Path) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test() as pilot:
            await typed(pilot, *"Sum up @notes.md, please")
            assert "attached: notes.md (8 characters)" in screen_words(pilot)
            await typed(pilot, "enter")
            assert backend.posted == [
                Submit("Sum up @notes.md, please\n\n`notes.md`:\n```\none\ntwo\n```")
            ]
            assert "attached" not in screen_words(pilot)
            await typed(pilot, "up")
            assert prompt_of(pilot).text == "Sum up @notes.md, please"

    async def test_what_is_no_text_is_refused_and_nothing_is_lost(self, folder: Path) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await typed(pilot, *"What is @picture.png", "escape", "enter")
            assert backend.posted == []
            assert prompt_of(pilot).text == "What is @picture.png"
            assert "picture.png is not a PNG, JPEG, GIF or WebP picture" in notices(pilot)

    async def test_what_names_no_file_is_only_text(self, folder: Path) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test() as pilot:
            await typed(pilot, *"Thank @nobody for it", "enter")
            assert backend.posted == [Submit("Thank @nobody for it")]

    async def test_a_path_inside_a_pasted_text_is_not_read(self, folder: Path) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test() as pilot:
            await paste(pilot, "Translate this: @notes.md")
            assert "pasted, so not attached: notes.md" in screen_words(pilot)
            await typed(pilot, "enter")
            assert backend.posted == [Submit("Translate this: @notes.md")]
            await typed(pilot, "up", "enter")
            assert backend.posted[1:] == [Submit("Translate this: @notes.md")]

    async def test_taking_it_from_the_list_makes_it_wanted(self, folder: Path) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await paste(pilot, "see @notes.md")
            await typed(pilot, "backspace", "tab")
            assert "attached: notes.md (8 characters)" in screen_words(pilot)
            assert "not attached" not in screen_words(pilot)

    async def test_a_path_pasted_alone_is_read(self, folder: Path) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await paste(pilot, f"@{folder}/notes.md\n")
            assert "(8 characters)" in screen_words(pilot)


class TestPastes:
    async def test_a_large_one_stands_folded_and_goes_out_whole(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test() as pilot:
            await pilot.press(*"Sum up: ")
            await paste(pilot, LINES.replace("\n", "\r\n"))
            assert prompt_of(pilot).text == "Sum up: [pasted 214 lines #1]"
            await typed(pilot, *" ok", "enter")
            assert backend.posted == [Submit(f"Sum up: {LINES} ok")]
            await typed(pilot, "up")
            assert prompt_of(pilot).text == "Sum up: [pasted 214 lines #1] ok"
            await typed(pilot, "enter")
            assert backend.posted[1:] == [Submit(f"Sum up: {LINES} ok")]

    async def test_tabs_and_indentation_stay_and_controls_go(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test() as pilot:
            await paste(pilot, "\tdef f():\r\n" + "\t\tpass\x1b[31m\x07\r\n" * 30)
            await typed(pilot, "enter")
            assert backend.posted == [Submit("\tdef f():\n" + "\t\tpass\n" * 30)]

    async def test_one_backspace_takes_it_away_and_undo_brings_it_back(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test() as pilot:
            await pilot.press("a")
            await paste(pilot, LINES)
            await pilot.press("backspace")
            assert prompt_of(pilot).text == "a"
            await pilot.press("ctrl+z")
            assert prompt_of(pilot).text == "a[pasted 214 lines #1]"
            await typed(pilot, "enter")
            assert backend.posted == [Submit(f"a{LINES}")]

    async def test_the_cursor_goes_over_it_in_one_step(self) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await paste(pilot, LINES)
            await pilot.press("left", "a", "right", "b")
            assert prompt_of(pilot).text == "a[pasted 214 lines #1]b"

    async def test_a_letter_typed_into_it_stands_behind_it(self) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await paste(pilot, LINES)
            prompt_of(pilot).move_cursor((0, 5))
            await pilot.press("x", "y")
            assert prompt_of(pilot).text == "[pasted 214 lines #1]xy"

    async def test_two_are_told_apart(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test() as pilot:
            for text in ("x" * 2_500, "y" * 2_500):
                await paste(pilot, text)
            await typed(pilot, "enter")
            assert backend.posted == [Submit("x" * 2_500 + "y" * 2_500)]

    async def test_a_paste_replaces_the_selection(self) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await pilot.press(*"abc", "shift+home")
            await paste(pilot, "xyz")
            assert prompt_of(pilot).text == "xyz"

    async def test_cutting_and_copying_takes_the_whole_text(self) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            await paste(pilot, LINES)
            await typed(pilot, "shift+home", "ctrl+c")
            assert pilot.app.clipboard == LINES
            await typed(pilot, "ctrl+x")
            assert prompt_of(pilot).text == ""
            await typed(pilot, "ctrl+v")
            assert prompt_of(pilot).text == "[pasted 214 lines #2]"


class TestEarlierPrompts:
    @staticmethod
    def backend() -> FakeBackend:
        sent = "Sum up @notes.md\n\n`notes.md`:\n```\nold\n```"
        newest = [TurnRecord(0, "user", "git status?", "sent", 0)]
        older = [
            TurnRecord(0, "user", sent, "sent", 0),
            TurnRecord(1, "assistant", "It says old.", "stop", 1),
            TurnRecord(2, "user", "/etc/hosts is what?", "sent", 2),
            TurnRecord(3, "user", "/quit is what?", "sent", 3),
        ]
        records = [kept_session(2, turns=newest), kept_session(1, turns=older)]
        return FakeBackend(library=FakeLibrary(records))

    async def test_the_first_up_brings_the_last_of_an_earlier_sitting(self, folder: Path) -> None:
        backend = self.backend()
        async with GramophoneApp(backend).run_test() as pilot:
            drafts: list[str] = []
            for _ in range(4):
                await typed(pilot, "up")
                drafts.append(prompt_of(pilot).text)
            assert drafts == [
                "git status?", "//quit is what?", "/etc/hosts is what?", "Sum up @notes.md",
            ]  # fmt: skip
            assert "attached: notes.md (8 characters)" in screen_words(pilot)
            await typed(pilot, "enter")
            assert backend.posted == [Submit("Sum up @notes.md\n\n`notes.md`:\n```\none\ntwo\n```")]

    async def test_what_was_typed_meanwhile_is_kept(self) -> None:
        async with GramophoneApp(self.backend()).run_test() as pilot:
            pilot.app.post_message(events.Key("up", None))
            pilot.app.post_message(events.Key("x", "x"))
            await drawn(pilot)
            assert prompt_of(pilot).text in ("x", "git status?x")

    async def test_up_finds_what_begins_as_the_draft(self) -> None:
        async with GramophoneApp(FakeBackend()).run_test() as pilot:
            for text in ("git log", "hello", "world"):
                await pilot.press(*text, "enter")
            await typed(pilot, *"gi", "up")
            assert prompt_of(pilot).text == "git log"
            await typed(pilot, "down")
            assert prompt_of(pilot).text == "gi"

    async def test_a_library_that_cannot_be_read_is_told_once(self) -> None:
        backend = self.backend()
        backend.library.failure = StorageError("The library cannot be read; run verify.")
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await typed(pilot, "up")
            assert "The library cannot be read; run verify." in notices(pilot)
            assert prompt_of(pilot).text == ""


async def test_the_terminals_cursor_is_on_the_caret() -> None:
    """Where an input method draws what is being composed; wide characters count two."""
    app = GramophoneApp(FakeBackend())
    async with app.run_test() as pilot:
        await typed(pilot, *"a日本")
        row = prompt_of(pilot).region.y
        assert app.cursor_position == (2 + 5, row)
        await typed(pilot, "ctrl+j", *"語")
        row = prompt_of(pilot).region.bottom - 1
        assert app.cursor_position == (2 + 2, row)
        await pilot.resize_terminal(60, 16)
        await drawn(pilot)
        assert app.cursor_position == (2 + 2, prompt_of(pilot).region.bottom - 1)


class TestCursor:
    async def test_it_stands_still_when_no_key_has_come_for_a_while(self) -> None:
        app = GramophoneApp(FakeBackend())
        async with app.run_test() as pilot:
            prompt = prompt_of(pilot)
            prompt.cursor_blink = True
            prompt.focus()
            await pilot.press("a")
            blinks = [_blink(prompt) for _ in range(BLINKS_AFTER_A_KEY + 4)]
            assert len(set(blinks[:BLINKS_AFTER_A_KEY])) == 2
            assert all(blinks[BLINKS_AFTER_A_KEY:])
            assert not _blinking(prompt)
            await pilot.press("b")
            assert _blinking(prompt)


def _blink(prompt: Prompt) -> bool:
    """Let half a second pass for the cursor: whether it is to be seen."""
    prompt._toggle_cursor_blink_visible()  # pyright: ignore[reportPrivateUsage]
    return bool(prompt._cursor_visible)  # pyright: ignore


def _blinking(prompt: Prompt) -> bool:
    timer: Any = prompt.blink_timer
    return bool(timer._active.is_set())
