"""The conversation, key by key."""

from __future__ import annotations

import pytest
from textual import events

from gramophone.core.intents import StopPlayback, Submit
from gramophone.core.timeline import (
    DeltaReceived,
    DeviceChanged,
    Entry,
    Failed,
    PlaybackStarted,
    PlayoutAdvanced,
    ProgressMade,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    Underran,
)
from tests.support.builders import session_started, spoken_exchange
from tests.support.screen_backend import FakeBackend
from tests.support.seeing import drawn, press, screen_text
from tests.support.speech_like import sound, syllables
from tui.app import GramophoneApp
from tui.conversation.pane import Pane
from tui.prompt.prompt import Prompt
from tui.transcript.transcript import Transcript


def prompt_of(app: GramophoneApp) -> Prompt:
    return app.screen.query_one(Prompt)


def answer_of(text: str, turn: int = 1) -> list[Entry]:
    """An answer that came whole."""
    return [
        TurnStarted(at_us=1, turn=turn, role="assistant"),
        DeltaReceived(at_us=2, turn=turn, text=text),
        TurnCompleted(at_us=3, turn=turn, role="assistant", text=text, finish_reason="stop"),
    ]


class TestPrompt:
    async def test_has_the_focus_and_the_backend_is_started_once(self) -> None:
        backend = FakeBackend()
        app = GramophoneApp(backend)
        async with app.run_test(notifications=True) as pilot:
            await drawn(pilot)
            assert isinstance(app.focused, Prompt)
            assert backend.started == 1

    async def test_enter_sends_and_empties_it(self) -> None:
        backend = FakeBackend()
        app = GramophoneApp(backend)
        async with app.run_test(notifications=True) as pilot:
            await pilot.press(*"Hi", "enter")
            await pilot.pause()
            assert backend.posted == [Submit("Hi")]
            assert prompt_of(app).text == ""

    @pytest.mark.parametrize("key", ["alt+enter", "ctrl+j", "shift+enter"])
    async def test_a_new_line_is_made_by(self, key: str) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await pilot.press("a", key, "b", "enter")
            await pilot.pause()
            assert backend.posted == [Submit("a\nb")]

    async def test_keys_typed_ahead_keep_their_order(self) -> None:
        backend = FakeBackend()
        app = GramophoneApp(backend)
        async with app.run_test(notifications=True) as pilot:
            keys = [("a", "a"), ("b", "b"), ("enter", "\r"), ("c", "c"), ("enter", "\r")]
            for key, character in keys:
                app.post_message(events.Key(key, character))
            await pilot.pause()
            assert backend.posted == [Submit("ab"), Submit("c")]

    async def test_nothing_is_not_sent(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await pilot.press("space", "enter")
            await pilot.pause()
            assert backend.posted == []
            assert "Nothing to send yet" in screen_text(pilot)

    async def test_up_and_down_browse_what_was_sent(self) -> None:
        app = GramophoneApp(FakeBackend())
        async with app.run_test(notifications=True) as pilot:
            await pilot.press("a", "enter", "b", "enter", "c", "up")
            assert prompt_of(app).text == "b"
            await pilot.press("up")
            assert prompt_of(app).text == "a"
            await pilot.press("up", "down", "down")
            assert prompt_of(app).text == "c"

    async def test_up_moves_inside_several_lines_first(self) -> None:
        app = GramophoneApp(FakeBackend())
        async with app.run_test(notifications=True) as pilot:
            await pilot.press("x", "enter", "a", "ctrl+j", "b", "up")
            assert prompt_of(app).text == "a\nb"
            await pilot.press("up")
            assert prompt_of(app).text == "x"

    async def test_a_huge_paste_is_taken_whole_and_harmless(self) -> None:
        backend = FakeBackend()
        app = GramophoneApp(backend)
        async with app.run_test(notifications=True) as pilot:
            app.post_message(events.Paste("\x1b[31m" + "word " * 20_000 + "\x07."))
            await pilot.pause()
            await pilot.press("enter")
            await pilot.pause()
            assert backend.posted == [Submit(("word " * 20_000) + ".")]

    async def test_a_huge_prompt_is_shown_folded(self) -> None:
        backend = FakeBackend()
        backend.conversation.put(
            TurnStarted(at_us=1, turn=0, role="user", text="word " * 20_000),
        )
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await drawn(pilot)
            assert "and 96,000 more characters" in screen_text(pilot)


class TestAnswers:
    async def test_two_hundred_deltas_become_one_text(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=(80, 60)) as pilot:
            backend.conversation.put(TurnStarted(at_us=1, turn=1, role="assistant"))
            for number in range(200):
                backend.conversation.put(
                    DeltaReceived(at_us=number, turn=1, text=f"w{number} "),
                )
                if number % 40 == 0:
                    await drawn(pilot)
            await drawn(pilot)
            words = screen_text(pilot).split()
            assert [w for w in words if w[0] == "w" and w[1:].isdigit()] == [
                f"w{number}" for number in range(200)
            ]

    async def test_markdown_cut_anywhere_is_drawn_once(self) -> None:
        backend = FakeBackend()
        text = "# Title\n\n- one\n- two\n\n```py\nx = 1\n```\n\n"
        text += "| a | b |\n|---|---|\n| c | d |\n\nfinis"
        async with GramophoneApp(backend).run_test(size=(80, 50)) as pilot:
            backend.conversation.put(TurnStarted(at_us=1, turn=1, role="assistant"))
            for at in range(0, len(text), 3):
                backend.conversation.put(
                    DeltaReceived(at_us=at, turn=1, text=text[at : at + 3]),
                )
                await drawn(pilot)
            screen = screen_text(pilot)
            assert [screen.count(words) for words in ("Title", "one", "two", "x = 1", "finis")] == [
                1
            ] * 5

    async def test_an_interruption_keeps_the_text_and_says_what_was_heard(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            backend.conversation.put(
                TurnStarted(at_us=1, turn=1, role="assistant"),
                DeltaReceived(at_us=2, turn=1, text="Heard this. Never that."),
            )
            await drawn(pilot)
            backend.conversation.put(
                TurnInterrupted(at_us=3, turn=1, heard_text="Heard this.", heard_samples=1)
            )
            await drawn(pilot)
            screen = screen_text(pilot)
            assert "Heard this. Never that." in screen
            assert "■ sound stopped at the mark; 12 characters were not heard" in screen

    async def test_a_failure_stands_under_what_had_come(self) -> None:
        backend = FakeBackend()
        backend.conversation.put(
            TurnStarted(at_us=1, turn=1, role="assistant"),
            DeltaReceived(at_us=2, turn=1, text="Half an"),
            Failed(at_us=3, turn=1, stage="model", detail="The stream ended early; ask again."),
        )
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await drawn(pilot)
            assert "Half an" in screen_text(pilot)
            assert "The stream ended early; ask again." in screen_text(pilot)

    async def test_html_and_markup_are_text(self) -> None:
        backend = FakeBackend()
        backend.conversation.put(
            TurnStarted(at_us=0, turn=0, role="user", text="[bold]a[/bold] [@click=app.quit]x[/]"),
            *answer_of("use <b>bold</b> and [red]brackets[/red]"),
        )
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await drawn(pilot)
            assert "[bold]a[/bold] [@click=app.quit]x[/]" in screen_text(pilot)
            assert "use <b>bold</b> and [red]brackets[/red]" in screen_text(pilot)

    async def test_hostile_text_never_reaches_the_terminal(self) -> None:
        hostile = "\x1b[2J\x1b]0;own\x07 \u202egnp\u202c z\u200bw &#x202e;&#27;[31m `\x9b5m` \ud800"
        backend = FakeBackend()
        backend.conversation.put(
            TurnStarted(at_us=0, turn=0, role="user", text=hostile),
            *answer_of(hostile + "\n\n```\n" + hostile + "\n```"),
            Failed(at_us=9, stage="speech", detail=hostile),
        )
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await drawn(pilot)
            screen = screen_text(pilot)
            assert not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 for c in screen)
            assert not set(screen) & set("\u202e\u202c\u200b\ud800")
            assert "zw" in screen

    async def test_markup_in_a_table_is_text_in_its_tooltips_too(self) -> None:
        backend = FakeBackend()
        backend.conversation.put(
            *answer_of("| a |\n|---|\n| [/nothing] |\n| [@click=app.quit]b[/] |")
        )
        app = GramophoneApp(backend)
        async with app.run_test(notifications=True) as pilot:
            await drawn(pilot)
            assert "[/nothing]" in screen_text(pilot)
            assert "[@click=app.quit]b[/]" in screen_text(pilot)
            assert not any(isinstance(widget.tooltip, str) for widget in app.screen.query("*"))

    async def test_a_link_is_shown_and_never_opened(self, monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[str] = []

        def remember(self: GramophoneApp, url: str, *, new_tab: bool = True) -> None:
            opened.append(url)

        monkeypatch.setattr(GramophoneApp, "open_url", remember)
        backend = FakeBackend()
        backend.conversation.put(*answer_of("[label](https://example.org/%1b[31m)"))
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await drawn(pilot)
            line = next(y for y, row in enumerate(screen_text(pilot).split("\n")) if "label" in row)
            await pilot.click(offset=(5, line))
            await pilot.pause()
            assert opened == []
            assert "https://example.org/" in screen_text(pilot)


class TestReading:
    async def test_the_end_is_followed(self) -> None:
        backend = FakeBackend()
        app = GramophoneApp(backend)
        async with app.run_test(notifications=True) as pilot:
            for turn in range(1, 5):
                backend.conversation.put(*answer_of("line\n\n" * 10 + f"end {turn}", turn))
                await drawn(pilot)
            assert app.screen.query_one(Transcript).following
            assert "end 4" in screen_text(pilot)

    async def test_nothing_moves_while_one_reads_above(self) -> None:
        backend = FakeBackend()
        app = GramophoneApp(backend)
        async with app.run_test(notifications=True) as pilot:
            backend.conversation.put(*answer_of("\n\n".join(f"row {n}" for n in range(40))))
            await drawn(pilot)
            await pilot.press("pageup")
            await drawn(pilot)
            scrolled_to = app.screen.query_one(Transcript).scroll_offset.y
            top = [row[:70] for row in screen_text(pilot).split("\n") if "row " in row]
            backend.conversation.put(*answer_of("\n\n".join("new" for _ in range(9)), 3))
            await drawn(pilot)
            assert app.screen.query_one(Transcript).scroll_offset.y == scrolled_to
            assert [row[:70] for row in screen_text(pilot).split("\n") if "row " in row] == top
            assert "new lines  End" in screen_text(pilot)
            await pilot.press("end")
            await drawn(pilot)
            assert "new lines" not in screen_text(pilot)
            assert app.screen.query_one(Transcript).following

    async def test_far_answers_are_at_rest_and_come_back(self) -> None:
        backend = FakeBackend()
        app = GramophoneApp(backend)
        async with app.run_test(notifications=True) as pilot:
            for turn in range(30):
                backend.conversation.put(*answer_of(f"answer {turn}\n\n" + "text\n\n" * 6, turn))
                await drawn(pilot)
            await drawn(pilot)
            transcript = app.screen.query_one(Transcript)
            assert 29 in transcript.awake_turns
            assert 0 not in transcript.awake_turns
            assert len(transcript.awake_turns) <= 10
            transcript.focus()
            await pilot.press("home")
            await drawn(pilot)
            await drawn(pilot)
            assert "answer 0" in screen_text(pilot)
            assert 0 in transcript.awake_turns
            assert 29 not in transcript.awake_turns


class TestStopping:
    async def test_escape_stops_what_speaks(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            backend.conversation.put(
                TurnStarted(at_us=1, turn=1, role="assistant"),
                PlaybackStarted(at_us=2, turn=1, device="x"),
            )
            await drawn(pilot)
            await pilot.press("escape")
            assert backend.posted == [StopPlayback()]

    async def test_escape_brings_the_focus_back_when_nothing_speaks(self) -> None:
        backend = FakeBackend()
        backend.conversation.put(*answer_of("x"))
        app = GramophoneApp(backend)
        async with app.run_test(notifications=True) as pilot:
            await drawn(pilot)
            app.screen.query_one(Transcript).focus()
            await pilot.press("escape")
            assert backend.posted == []
            assert isinstance(app.focused, Prompt)

    async def test_ctrl_q_quits(self) -> None:
        app = GramophoneApp(FakeBackend())
        async with app.run_test(notifications=True) as pilot:
            await pilot.press("ctrl+q")
            await pilot.pause()
            assert not app.is_running

    async def test_ctrl_c_quits_only_when_pressed_twice(self) -> None:
        app = GramophoneApp(FakeBackend())
        async with app.run_test(notifications=True) as pilot:
            await pilot.press("ctrl+c")
            await pilot.pause()
            assert "Press Ctrl+C again to quit" in screen_text(pilot)
            assert app.is_running
            await pilot.press("ctrl+c")
            await pilot.pause()
            assert not app.is_running

    async def test_ctrl_c_copies_what_is_selected(self) -> None:
        app = GramophoneApp(FakeBackend())
        async with app.run_test(notifications=True) as pilot:
            await pilot.press(*"copy", "shift+home", "ctrl+c", "ctrl+c")
            await pilot.pause()
            assert app.is_running
            assert app.clipboard == "copy"


class TestNowPlaying:
    async def test_the_strip_says_where_the_sound_is(self) -> None:
        backend = FakeBackend()
        backend.conversation.put(
            session_started(),
            TurnStarted(at_us=1, turn=1, role="assistant"),
            PlaybackStarted(at_us=2, turn=1, device="x"),
            PlayoutAdvanced(at_us=3, turn=1, position_samples=336_000, queued_samples=240_000),
        )
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await drawn(pilot)
            assert "▶ speaking  0:07 / 0:12" in screen_text(pilot)
            assert "queue" not in screen_text(pilot)
            assert "● REC" in screen_text(pilot)

    @pytest.mark.parametrize(
        ("missing_samples", "words"), [(12_000, ""), (24_000, "gaps of 0.5 s")]
    )
    async def test_gaps_are_told_once_they_are_noticed(
        self, missing_samples: int, words: str
    ) -> None:
        backend = FakeBackend()
        backend.conversation.put(
            session_started(),
            TurnStarted(at_us=1, turn=1, role="assistant"),
            PlaybackStarted(at_us=2, turn=1, device="x"),
            Underran(at_us=3, turn=1, position_samples=9, missing_samples=missing_samples),
        )
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await drawn(pilot)
            assert ("gaps" in screen_text(pilot)) == bool(words)
            assert words in screen_text(pilot)

    async def test_loading_and_silence_are_said(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            backend.conversation.put(
                ProgressMade(at_us=1, what="voice", detail="loading, 40 %"),
                DeviceChanged(at_us=1, device="silent", silent=True, detail="No sound device."),
            )
            await drawn(pilot)
            assert "… voice: loading, 40 %" in screen_text(pilot)
            assert "no sound device: silent" in screen_text(pilot)
            backend.conversation.put(ProgressMade(at_us=2, what="voice", detail=""))
            await drawn(pilot)
            assert "○ idle" in screen_text(pilot)

    async def test_how_fast_it_was_stands_in_the_turn_under_the_cursor(self) -> None:
        backend = FakeBackend()
        backend.conversation.put(session_started(), *spoken_exchange())
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await drawn(pilot)
            assert "local · smollm2 · aura-2-thalia-en" in screen_text(pilot)
            assert "first words" not in screen_text(pilot)
            await press(pilot, "shift+tab", "k")
            assert "first words 200 ms · first sound 440 ms" in screen_text(pilot)


class TestSizes:
    @pytest.mark.parametrize("size", [(40, 10), (40, 12), (80, 24), (200, 60), (20, 5), (10, 3)])
    async def test_every_size_works(self, size: tuple[int, int]) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=size, notifications=True) as pilot:
            backend.conversation.put(session_started(), *spoken_exchange())
            await drawn(pilot)
            await pilot.press(*"Hi", "enter")
            await pilot.pause()
            assert backend.posted == [Submit("Hi")]

    async def test_a_storm_of_resizes_while_text_comes(self) -> None:
        backend = FakeBackend()
        app = GramophoneApp(backend)
        async with app.run_test(size=(80, 24)) as pilot:
            for turn, size in enumerate([(40, 10), (200, 60), (60, 12), (40, 10), (80, 24)], 1):
                backend.conversation.put(*answer_of("some words " * 60, turn))
                await pilot.resize_terminal(*size)
                await drawn(pilot)
            await pilot.press(*"ok")
            assert prompt_of(app).text == "ok"
            assert app.screen.query_one(Pane).settled

    @pytest.mark.parametrize("theme", ["textual-light", "ansi-dark", "ansi-light", "nord"])
    async def test_other_themes_draw(self, theme: str) -> None:
        backend = FakeBackend()
        app = GramophoneApp(backend)
        async with app.run_test(notifications=True) as pilot:
            app.theme = theme
            backend.conversation.put(session_started(), *spoken_exchange()[:-2])
            backend.conversation.put(sound(1, syllables(40)))
            await drawn(pilot)
            assert "▶ speaking" in screen_text(pilot)
