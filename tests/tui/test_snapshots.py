"""What the eye must see, as pictures. Update them with `--snapshot-update` and look at each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from gramophone.core.timeline import (
    DeltaReceived,
    DeviceChanged,
    Failed,
    ProgressMade,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.ports.backend import ConversationInfo
from tests.support.builders import session_started, spoken_exchange
from tests.support.scenes import (
    KEPT,
    TIDY,
    Compare,
    asking,
    asking_on,
    every_size,
    mid_sound,
    pressing,
    replaying,
    speaking,
    until_still,
    user_turn,
)
from tests.support.screen_backend import FakeBackend, FakeFeed, FakeLibrary
from tests.support.screen_preferences import FakePreferences
from tests.support.seeing import drawn
from tests.support.timelines import talked
from tui.app import GramophoneApp
from tui.conversation.pane import Pane
from tui.screens.dialogs.progress import Progress, ProgressScreen


class TestConversation:
    """The screen one talks on: calm, aligned, one accent, one sound colour."""

    @every_size
    def test_empty(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """Two words, how to begin, the cursor in the prompt; the footer whole."""
        app = GramophoneApp(FakeBackend())
        assert snap_compare(app, terminal_size=size, run_before=pressing())

    @every_size
    def test_bare_machine(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """Neither a model nor a voice nor a device: what to do stands where one begins."""
        feed = FakeFeed(
            [
                session_started(),
                DeviceChanged(at_us=1, device="silent", silent=True, detail="No sound device."),
                Failed(at_us=2, stage="model", detail="The embedded model cannot start."),
                Failed(at_us=3, stage="speech", detail="The embedded voice cannot start."),
            ]
        )
        app = GramophoneApp(FakeBackend(feed), {})
        assert snap_compare(app, terminal_size=size, run_before=pressing())

    @every_size
    def test_speaking(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """A bar in the sound colour along the answer, place and meter below, REC at the top."""
        backend = speaking()
        app = GramophoneApp(backend)
        assert snap_compare(app, terminal_size=size, run_before=mid_sound(backend.conversation))

    def test_light(self, snap_compare: Compare) -> None:
        """The same on paper white: nothing fades away."""
        backend = speaking()
        app = GramophoneApp(backend)
        app.theme = "textual-light"
        assert snap_compare(app, terminal_size=(80, 24), run_before=mid_sound(backend.conversation))

    def test_ansi(self, snap_compare: Compare) -> None:
        """The same in the terminal's own sixteen colours."""
        backend = speaking()
        app = GramophoneApp(backend)
        app.theme = "ansi-dark"
        assert snap_compare(app, terminal_size=(80, 24), run_before=mid_sound(backend.conversation))

    def test_no_colour(self, snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
        """NO_COLOR: every state is still told, in words."""
        monkeypatch.setenv("NO_COLOR", "1")
        backend = speaking()
        app = GramophoneApp(backend)
        assert snap_compare(app, terminal_size=(80, 24), run_before=mid_sound(backend.conversation))

    @every_size
    def test_stopped_and_failed(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """What was heard and that it was stopped; the failure's sentence in its colour."""
        feed = FakeFeed(
            [
                *user_turn("Tell me a story", 0),
                TurnStarted(at_us=1, turn=1, role="assistant"),
                DeltaReceived(at_us=2, turn=1, text="Once upon a time there was a horn."),
                TurnInterrupted(at_us=3, turn=1, heard_text="Once upon a", heard_samples=48_000),
                TurnCompleted(
                    at_us=4, turn=1, role="assistant", text="Once", finish_reason="interrupted"
                ),
                *user_turn("Again", 2),
                TurnStarted(at_us=5, turn=3, role="assistant"),
                DeltaReceived(at_us=6, turn=3, text="Once upon"),
                Failed(
                    at_us=7,
                    turn=3,
                    stage="model",
                    detail="The answer broke off before its end; ask again.",
                ),
            ]
        )
        app = GramophoneApp(FakeBackend(feed))
        assert snap_compare(app, terminal_size=size, run_before=pressing())

    def test_reading_above(self, snap_compare: Compare) -> None:
        """The text stays where it is; below it stands how many lines have come."""
        backend = FakeBackend(FakeFeed(spoken_exchange("Rows?", "row\n\n" * 30)))

        async def read_above(pilot: Pilot[Any]) -> None:
            await pressing("pageup")(pilot)
            backend.conversation.put(*spoken_exchange("More?", "more\n\n" * 5, first_turn=2))
            await drawn(pilot)

        app = GramophoneApp(backend)
        assert snap_compare(app, terminal_size=(80, 24), run_before=read_above)

    def test_loading(self, snap_compare: Compare) -> None:
        """What loads and how far; no device, muted: said in words."""
        feed = FakeFeed()
        backend = FakeBackend(
            feed, setup=ConversationInfo("openai", "gpt-5", "aura-2-thalia-en", muted=True)
        )

        async def type_ahead(pilot: Pilot[Any]) -> None:
            await until_still(pilot)
            feed.put(
                ProgressMade(at_us=1, what="voice", detail="loading, 40 %"),
                DeviceChanged(at_us=1, device="silent", silent=True, detail="No sound device."),
            )
            await drawn(pilot)
            pane = pilot.app.screen.query_one(Pane)
            now_s = pane.seconds()
            pane.seconds = lambda: now_s + 2.0
            await pilot.press(*"Two lines,", "ctrl+j", *"typed ahead")
            await drawn(pilot)

        app = GramophoneApp(backend)
        assert snap_compare(app, terminal_size=(80, 24), run_before=type_ahead)


class TestPrompt:
    """What one writes in, with what it offers just above it."""

    @every_size
    def test_commands(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """The list stands over the rows above the prompt and moves nothing."""
        app = GramophoneApp(speaking())

        async def type_slash(pilot: Pilot[Any]) -> None:
            await until_still(pilot)
            await pilot.press("slash", "down")
            await until_still(pilot)

        assert snap_compare(app, terminal_size=size, run_before=type_slash)

    @every_size
    def test_files(
        self,
        snap_compare: Compare,
        size: tuple[int, int],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """More files than rows: the chosen one says which of how many it is."""
        for number in range(20):
            (tmp_path / f"notes-{number:02}.md").write_text("x" * 2_134)
        (tmp_path / "drafts").mkdir()
        monkeypatch.chdir(tmp_path)

        async def choose(pilot: Pilot[Any]) -> None:
            await pressing(*"Sum up @")(pilot)
            await pilot.press(*["down"] * 9)
            await until_still(pilot)

        assert snap_compare(GramophoneApp(speaking()), terminal_size=size, run_before=choose)

    @every_size
    def test_attached_and_pasted(
        self,
        snap_compare: Compare,
        size: tuple[int, int],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What goes out besides the words is said before it goes."""
        (tmp_path / "notes.md").write_text("x" * 2_134)
        monkeypatch.chdir(tmp_path)

        async def write(pilot: Pilot[Any]) -> None:
            await until_still(pilot)
            await pilot.press(*"Sum up @notes.md and ")
            pilot.app.post_message(events.Paste("line\n" * 300))
            await pilot.pause()
            await until_still(pilot)
            await until_still(pilot)

        assert snap_compare(GramophoneApp(speaking()), terminal_size=size, run_before=write)


class TestHistory:
    """Everything kept: title left, duration right, facts dim."""

    @every_size
    def test_list(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """The row under the cursor is the only one with a tint."""
        app = GramophoneApp(FakeBackend(library=FakeLibrary(KEPT)))
        assert snap_compare(app, terminal_size=size, run_before=pressing("f2", "down"))

    @every_size
    def test_search(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """Hits stand in the accent colour inside their text."""
        app = GramophoneApp(FakeBackend(library=FakeLibrary(KEPT)))
        steps = pressing("f2", "slash", *"question")
        assert snap_compare(app, terminal_size=size, run_before=steps)

    def test_empty(self, snap_compare: Compare) -> None:
        """Two words and the one key to press."""
        app = GramophoneApp(FakeBackend())
        assert snap_compare(app, terminal_size=(80, 24), run_before=pressing("f2"))

    @every_size
    def test_marked(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """Marks in the gutter; states and tags before the facts; how many, in the headline."""
        app = GramophoneApp(FakeBackend(library=FakeLibrary(TIDY)))
        steps = pressing("f2", "down", "m", "m")
        assert snap_compare(app, terminal_size=size, run_before=steps)

    @pytest.mark.parametrize("theme", ["textual-light", "ansi-light"])
    def test_hits_in_other_themes(self, snap_compare: Compare, theme: str) -> None:
        """The same, told apart without the dark."""
        app = GramophoneApp(FakeBackend(library=FakeLibrary(TIDY)))

        async def search(pilot: Pilot[Any]) -> None:
            pilot.app.theme = theme
            await pressing("f2", "down", "m", "slash", *"gramophone")(pilot)

        assert snap_compare(app, terminal_size=(120, 24), run_before=search)

    def test_filter_misunderstood(self, snap_compare: Compare) -> None:
        """The sentence stands below the field, the list stays."""
        app = GramophoneApp(FakeBackend(library=FakeLibrary(TIDY)))
        steps = pressing("f2", "slash", *"has:nothing ")
        assert snap_compare(app, terminal_size=(80, 24), run_before=steps)

    def test_delete(self, snap_compare: Compare) -> None:
        """No question: a notice, and the key that brings it back."""
        app = GramophoneApp(FakeBackend(library=FakeLibrary(KEPT)))
        assert snap_compare(app, terminal_size=(80, 24), run_before=pressing("f2", "d"))

    @every_size
    def test_tags(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """One line, with what there is and how it is changed."""
        app = GramophoneApp(FakeBackend(library=FakeLibrary(TIDY)))
        assert snap_compare(app, terminal_size=size, run_before=asking("f2", "down", "t"))

    @every_size
    def test_progress(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """How far it is, what it is at, and the key that stops it."""

        async def show(pilot: Pilot[Any]) -> None:
            await pressing("f2")(pilot)
            progress = Progress("Exporting to ~/gramophone", 19, 7, "Why is the sky blue?")
            await pilot.app.push_screen(ProgressScreen(progress))
            await pilot.pause()

        app = GramophoneApp(FakeBackend(library=FakeLibrary(KEPT)))
        assert snap_compare(app, terminal_size=size, run_before=show)

    def test_export(self, snap_compare: Compare) -> None:
        """A path that can be taken as it is."""
        app = GramophoneApp(FakeBackend(library=FakeLibrary(KEPT)))
        assert snap_compare(app, terminal_size=(80, 24), run_before=asking("f2", "e"))


class TestSession:
    """A kept session, read from its beginning."""

    @every_size
    def test_read(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """The same turns as in the talk, title and facts above them."""
        app = GramophoneApp(FakeBackend(library=FakeLibrary(KEPT)))
        assert snap_compare(app, terminal_size=size, run_before=pressing("f2", "enter"))

    @every_size
    def test_replay(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """What the talk looked like while it spoke, and the seek bar half way."""
        backend, replay = replaying()
        app = GramophoneApp(backend)
        assert snap_compare(app, terminal_size=size, run_before=replay)


class TestLatency:
    """Where the time of an answer went: bars in the one accent, what stands beside them grey."""

    @every_size
    def test_answer(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """The way to the first sample; marks below, named in words; numbers at the foot."""
        steps = pressing("f2", "enter", "w", "down")
        assert snap_compare(GramophoneApp(talked()), terminal_size=size, run_before=steps)

    @every_size
    def test_compared(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """The other answer as thin lines under the bars, with the differences."""
        keys = ("left_square_bracket", "c", "right_square_bracket", "z")
        steps = pressing("f2", "enter", "w", *keys)
        assert snap_compare(GramophoneApp(talked()), terminal_size=size, run_before=steps)


class TestTimeline:
    """Every event as a row."""

    @every_size
    def test_rows(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """Times to the right, names to the left, only trouble in colour."""
        steps = pressing("f2", "enter", "v", "end", "up")
        assert snap_compare(GramophoneApp(talked()), terminal_size=size, run_before=steps)

    def test_event(self, snap_compare: Compare) -> None:
        """One event whole, what could do harm as escapes."""
        keys = ("slash", *"kind:chunk", "enter", "enter")
        steps = pressing("f2", "enter", "v", *keys)
        assert snap_compare(GramophoneApp(talked()), terminal_size=(80, 24), run_before=steps)


class TestSettings:
    """What can be set: names to the left, values beside them."""

    @every_size
    def test_page(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """The pages above, what the row is about below."""
        app = GramophoneApp(FakeBackend(), {}, preferences=FakePreferences())
        assert snap_compare(app, terminal_size=size, run_before=pressing("f10", "down"))

    @every_size
    def test_key(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """A key that is taken, over the keys there are."""
        app = GramophoneApp(FakeBackend(), {}, preferences=FakePreferences())
        keys = ("f10", "left", "down", "enter", "f1")
        assert snap_compare(app, terminal_size=size, run_before=asking_on(*keys))

    def test_voices(self, snap_compare: Compare) -> None:
        """The present one is marked in words; a sample can be asked for."""
        app = GramophoneApp(FakeBackend(), {}, preferences=FakePreferences())
        steps = asking("f10", "right", "enter")
        assert snap_compare(app, terminal_size=(80, 24), run_before=steps)


class TestHelp:
    """Help over the conversation."""

    @every_size
    def test_keys(self, snap_compare: Compare, size: tuple[int, int]) -> None:
        """Keys in one column, words in the other."""
        app = GramophoneApp(FakeBackend())
        assert snap_compare(app, terminal_size=size, run_before=pressing("f1"))
