"""What is set aside from the collector, counted in objects that it would look at."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple
from weakref import ref

from tui.support.garbage import SettingAside

LARGEST = 20_000


class _Row(NamedTuple):
    parts: tuple[object, ...]


class _Cycle:
    def __init__(self) -> None:
        self.myself = self


@contextmanager
def setting_aside() -> Generator[SettingAside]:
    """From a collector that looks at little: what other tests left is set aside before."""
    gc.collect()
    gc.freeze()
    collector = SettingAside(LARGEST, 1 << 40)
    collector.begin()
    try:
        yield collector
    finally:
        collector.end()
        gc.unfreeze()


def looked_at() -> int:
    return len(gc.get_objects())


def test_what_survived_is_not_looked_at_again_and_again() -> None:
    with setting_aside():
        rows: list[_Row] = []
        for _ in range(10):
            rows += (_Row((object(), [])) for _ in range(LARGEST))
            gc.collect()
            assert looked_at() < LARGEST
    assert len(rows) == 10 * LARGEST


def test_little_stays_in_view() -> None:
    with setting_aside():
        before = gc.get_freeze_count()
        rows = [_Row(([],)) for _ in range(LARGEST // 8)]
        gc.collect()
        assert gc.get_freeze_count() <= before
    assert rows


def test_cycles_are_found_once_most_of_the_rest_has_ended() -> None:
    with setting_aside() as collector:
        cycle = _Cycle()
        gone = ref(cycle)
        rows = [_Row(([],)) for _ in range(LARGEST)]
        gc.collect()
        assert looked_at() < LARGEST
        del cycle
        gc.collect()
        assert gone() is not None
        del rows
        collector.text_has_ended()
        gc.collect()
        assert gone() is None
