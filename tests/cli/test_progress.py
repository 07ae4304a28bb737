"""The bar that is shown while an older library is brought up to date."""

from __future__ import annotations

import io

from gramophone.cli.progress import SILENT_S, ProgressBar


class Screen(io.StringIO):
    def __init__(self, *, terminal: bool = True) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class Watch:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_what_is_quick_says_nothing() -> None:
    screen, watch = Screen(), Watch()
    bar = ProgressBar(screen, watch)
    watch.now_s = SILENT_S - 0.1
    bar(3, 10)
    bar.close()
    assert screen.getvalue() == ""


def test_what_takes_long_shows_how_far_it_is_and_goes_away() -> None:
    screen, watch = Screen(), Watch()
    bar = ProgressBar(screen, watch)
    watch.now_s = SILENT_S
    bar(5, 10)
    bar(5, 10)
    line = screen.getvalue()
    assert line.count("\r") == 1
    assert "Ctrl+C stops it" in line
    assert line.endswith(f"[{'#' * 12}{'.' * 12}] 5/10")
    bar.close()
    assert screen.getvalue() == f"{line}\r{' ' * (len(line) - 1)}\r"


def test_where_there_is_no_terminal_nothing_is_drawn() -> None:
    screen, watch = Screen(terminal=False), Watch()
    bar = ProgressBar(screen, watch)
    watch.now_s = 60.0
    bar(5, 10)
    bar.close()
    assert screen.getvalue() == ""
