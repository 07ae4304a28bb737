"""The fan-out: everybody hears everything, and one that fails is dropped alone."""

from __future__ import annotations

from gramophone.core.sinks import Fanout, Sink
from gramophone.core.timeline import DeltaReceived, Entry, Failed


def delta(text: str) -> DeltaReceived:
    return DeltaReceived(at_us=0, turn=0, text=text)


class Kept:
    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def emit(self, entry: Entry) -> None:
        self.entries.append(entry)


class Full:
    """Takes so many entries, then fails for ever."""

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self.calls = 0

    def emit(self, entry: Entry) -> None:
        self.calls += 1
        if self.calls > self.room:
            raise OSError("the disk is full")


class Reports:
    def __init__(self) -> None:
        self.made: list[tuple[Sink, Exception]] = []

    def __call__(self, sink: Sink, error: Exception) -> None:
        self.made.append((sink, error))


def test_every_sink_hears_every_entry_in_order() -> None:
    fanout = Fanout(Reports())
    first, second = Kept(), Kept()
    fanout.add(first)
    fanout.emit(delta("a"))
    fanout.add(second)
    fanout.emit(delta("b"))
    assert first.entries == [delta("a"), delta("b")]
    assert second.entries == [delta("b")]


def test_one_that_fails_is_dropped_and_reported_once() -> None:
    reports = Reports()
    fanout = Fanout(reports)
    full, collecting = Full(room=1), Kept()
    fanout.add(full)
    fanout.add(collecting)
    for text in "abc":
        fanout.emit(delta(text))
    assert full.calls == 2
    assert [(sink, str(error)) for sink, error in reports.made] == [(full, "the disk is full")]
    assert len(collecting.entries) == 3


def test_the_report_may_be_told_to_those_who_are_left() -> None:
    failed = Failed(at_us=0, stage="recording", detail="The disk is full.")
    fanout = Fanout(lambda _sink, _error: fanout.emit(failed))
    collecting = Kept()
    fanout.add(Full())
    fanout.add(collecting)
    fanout.add(Full())
    fanout.emit(delta("a"))
    assert collecting.entries == [delta("a"), failed, failed]


def test_a_sink_may_listen_no_more() -> None:
    fanout = Fanout(Reports())
    collecting = Kept()
    fanout.add(collecting)
    fanout.remove(collecting)
    fanout.remove(collecting)
    fanout.emit(delta("a"))
    assert collecting.entries == []


def test_one_that_was_taken_away_while_it_waited_hears_no_more() -> None:
    fanout = Fanout(Reports())
    collecting = Kept()

    class Jealous:
        def emit(self, entry: Entry) -> None:
            fanout.remove(collecting)

    fanout.add(Jealous())
    fanout.add(collecting)
    fanout.emit(delta("a"))
    assert collecting.entries == []


def test_one_that_takes_itself_away_and_then_fails_is_reported_all_the_same() -> None:
    reports = Reports()
    fanout = Fanout(reports)

    class Leaving:
        def emit(self, entry: Entry) -> None:
            fanout.remove(self)
            raise OSError("gone")

    fanout.add(Leaving())
    fanout.emit(delta("a"))
    assert len(reports.made) == 1
