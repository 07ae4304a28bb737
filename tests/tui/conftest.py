"""What makes screens the same everywhere: no blinking, one time zone, no colour switches."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest
from textual.events import Key
from textual.notifications import Notification
from textual.widgets import Input, TextArea

from tests.support.screen_backend import TODAY
from tests.support.stylesheets import parse_once
from tui.prompt.prompt import Prompt

parse_once()


@pytest.fixture(autouse=True)
def still_screens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(TextArea, "cursor_blink", False)
    monkeypatch.setattr(Input, "cursor_blink", False)
    # The needles of a meter fall with the time: it passes where a test says so (`Pane.seconds`).
    monkeypatch.setattr("tui.conversation.pane.monotonic", lambda: 1_000.0)
    # The history goes by what day it is.
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
    monkeypatch.setattr("tui.app.wall_clock", lambda: noon)
    # A test presses keys as fast as a paste does; whoever wants that says so.
    presses = count()

    def a_second_apart(_event: Key) -> float:
        return float(next(presses))

    monkeypatch.setattr(Prompt, "key_time", staticmethod(a_second_apart))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TERM", "xterm-256color")
    switches = ("NO_COLOR", "COLORTERM", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS")
    # Nor may a test reach the clipboard of who runs it.
    clipboards = ("DISPLAY", "TMUX", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    for name in (*switches, *clipboards, "SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    time.tzset()
    # A notice must still be there when it is looked at, however long drawing took.
    monkeypatch.setattr(Notification, "time_left", 3_600.0)
    yield
    monkeypatch.undo()
    time.tzset()
