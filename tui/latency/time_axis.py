"""A stretch of time over a row of cells: window, ticks, bars.

A window of `span_us` microseconds is laid over n cells, so a moment stands at (at - start) · 8 n /
span eighths of a cell. Eighths are the finest that block characters can draw from the left (U+2589
to U+258F); everything is rounded to them once, so that two bars that meet in time meet on the
screen. From the right there are only blocks of a half and of an eighth, so the left end of a bar
is drawn to the nearest of these, at most a quarter of a cell off.

Ticks stand at multiples of 1, 2 or 5 · 10ⁿ µs, the smallest of these steps that keeps them apart:
people read and halve such numbers without effort, and a tick stays at its moment when the window
moves.
"""

from __future__ import annotations

from gramophone.core.frozen import frozen

_LEFT_EIGHTHS = "▏▎▍▌▋▊▉█"
_NICE = (1, 2, 5)
SHORTEST_US = 1_000
"""The shortest window; below a millisecond there is nothing to see."""


@frozen
class Window:
    """The part of an answer that is shown, in microseconds since it was asked for."""

    start_us: int
    end_us: int

    @property
    def span_us(self) -> int:
        return max(1, self.end_us - self.start_us)

    def eighths(self, at_us: int, cells: int) -> int:
        """Position of a moment over `cells` cells, in eighths of a cell; may lie outside."""
        return round((at_us - self.start_us) * cells * 8 / self.span_us)

    def zoomed(self, factor: float, around_us: int, whole_us: int) -> Window:
        """A window longer by `factor`, with `around_us` where it was, inside 0 … `whole_us`."""
        span_us = max(SHORTEST_US, min(round(self.span_us * factor), whole_us))
        share = min(1.0, max(0.0, (around_us - self.start_us) / self.span_us))
        return Window(0, span_us).moved(round(around_us - share * span_us), whole_us)

    def moved(self, by_us: int, whole_us: int) -> Window:
        """A window that is shifted, but not beyond 0 … `whole_us`."""
        furthest_us = max(0, whole_us - self.span_us)
        start_us = min(max(0, self.start_us + by_us), furthest_us)
        return Window(start_us, start_us + self.span_us)


def span_words(span_us: int) -> str:
    """`0.4 ms`, `269 ms`, `5.82 s`, `31.2 s`, `2 min 5 s`."""
    span_ms = abs(span_us) / 1000
    if span_ms < 9.95:
        return f"{span_ms:.1f} ms"
    if span_ms < 999.5:
        return f"{span_ms:.0f} ms"
    if span_ms < 9_995:
        return f"{span_ms / 1000:.2f} s"
    if span_ms < 59_950:
        return f"{span_ms / 1000:.1f} s"
    minutes, rest = divmod(round(span_ms / 1000), 60)
    return f"{minutes} min {rest} s"


def difference_words(by_us: int) -> str:
    """`+123 ms`, `−45 ms`, `same`."""
    if abs(by_us) < 50:
        return "same"
    return ("+" if by_us > 0 else "−") + span_words(by_us)


def ticks(window: Window, cells: int, apart_cells: int = 10) -> list[tuple[int, str]]:
    """Round moments in the window, each as its cell and its words, far enough apart to read."""
    step_us = _nice_step_us(window.span_us * apart_cells / max(1, cells))
    first = -(-window.start_us // step_us)
    tick_labels: list[tuple[int, str]] = []
    for number in range(first, window.end_us // step_us + 1):
        cell = window.eighths(number * step_us, cells) // 8
        if 0 <= cell < cells:
            tick_labels.append((cell, _tick_words(number * step_us, step_us)))
    return tick_labels


def _nice_step_us(at_least_us: float) -> int:
    power = 1
    while True:
        for nice in _NICE:
            if nice * power >= at_least_us:
                return nice * power
        power *= 10


def _tick_words(at_us: int, step_us: int) -> str:
    if at_us == 0:
        return "0"
    if at_us % 1_000_000 and at_us < 1_000_000:
        return f"{at_us / 1000:g} ms"
    decimals = next((n for n in range(6) if step_us * 10**n % 1_000_000 == 0), 6)
    return f"{at_us / 1e6:.{decimals}f} s"


def bar(start: int, end: int, cells: int) -> list[tuple[int, str]]:
    """The cells of a bar from `start` to `end` (eighths of a cell) that can be seen, each with
    its block. A bar has at least a hairline; one that is out of view has no cells."""
    end = max(end, start + 1)
    if end <= 0 or start >= cells * 8:
        return []
    start, end = max(0, start), min(end, cells * 8)
    first, last = start // 8, (end - 1) // 8
    if first == last:
        return [(first, _within(start - first * 8, end - first * 8))]
    drawn = [(first, _from(start - first * 8))]
    drawn += [(cell, "█") for cell in range(first + 1, last)]
    drawn.append((last, _LEFT_EIGHTHS[end - last * 8 - 1]))
    return drawn


def line(start: int, end: int, cells: int) -> list[tuple[int, str]]:
    """The cells of a thin line from `start` to `end`, drawn to half a cell; as `bar` otherwise."""
    end = max(end, start + 1)
    if end <= 0 or start >= cells * 8:
        return []
    start, end = max(0, start), min(end, cells * 8)
    first, last = start // 8, (end - 1) // 8
    if first == last:
        whole = end - start > 4
        return [(first, "━" if whole else "╺" if start % 8 >= 4 else "╸")]
    drawn = [(first, "╺" if start % 8 >= 4 else "━")]
    drawn += [(cell, "━") for cell in range(first + 1, last)]
    drawn.append((last, "╸" if end - last * 8 <= 4 else "━"))
    return drawn


def _from(start: int) -> str:
    """A cell filled from `start` to its right edge: there are blocks of all, half and an eighth."""
    return "█" if start < 2 else "▐" if start < 6 else "▕"


def _within(start: int, end: int) -> str:
    """A cell with no more than a piece in it, at the side where the piece lies."""
    if start == 0 or (start < 4 and end <= 6):
        return _LEFT_EIGHTHS[end - start - 1]
    return "▐" if end - start > 2 else "▕"
