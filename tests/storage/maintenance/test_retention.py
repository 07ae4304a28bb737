"""Limits let go what is beyond them, nothing else, and nothing before it was agreed to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from gramophone.config.loading import load
from gramophone.core.errors import ConfigError
from gramophone.core.timeline import SessionEnded
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.retention import Limits, agree, agreed, due, keep_within
from storage.sqlite.locks import SessionLock
from tests.support.builders import session_started, spoken_exchange
from tests.support.recordings import NOON, opened, record, record_unended

SOUND_BYTES = 20_044
NOW = NOON + timedelta(days=100)


async def library_of(home: Path, ages_days: Sequence[float]) -> None:
    """Sessions `00`, `01` …, so many days old, each with as much sound."""
    for number, days in enumerate(ages_days):
        session_id = f"{number:02x}"
        exchange = spoken_exchange(frames=(b"\1\2" * 10_000,))
        await record(home, [session_started(session_id), *exchange, SessionEnded(at_us=9_000_000)])
        set_age(home, session_id, days)


def set_age(home: Path, session_id: str, days: float) -> None:
    began = (NOW - timedelta(days=days)).isoformat(timespec="milliseconds")
    with opened(home) as database:
        database.execute("UPDATE session SET created_at = ? WHERE id = ?", (began, session_id))


def ids(home: Path, limits: Limits) -> list[str]:
    return [session.id for session in due(Home.at(home), limits, NOW)]


async def stored_ids(home: Path) -> set[str]:
    async with await StoredLibrary.open(home, wall_clock=lambda: NOW) as library:
        assert await library.verify() == []
        return {summary.id for summary in await library.sessions()}


async def test_by_age_those_go_that_began_before(tmp_path: Path) -> None:
    await library_of(tmp_path, [91, 89, 400, 0.1])
    assert ids(tmp_path, Limits()) == []
    assert ids(tmp_path, Limits(keep_days=90)) == ["02", "00"]
    assert ids(tmp_path, Limits(keep_days=1000)) == []


async def test_by_size_the_oldest_go_until_it_fits(tmp_path: Path) -> None:
    await library_of(tmp_path, [5, 4, 3, 2, 0.5, 0.1])

    def by_size(sessions: float) -> list[str]:
        return ids(tmp_path, Limits(keep_gb=sessions * SOUND_BYTES / 1e9))

    assert by_size(6.1) == []
    assert by_size(5.5) == ["00"]
    assert by_size(3.5) == ["00", "01", "02"]
    assert by_size(0.1) == ["00", "01", "02", "03"], "what began within a day stays"
    limits = Limits(keep_days=4, keep_gb=4.5 * SOUND_BYTES / 1e9)
    assert ids(tmp_path, limits) == ["00", "01"], "what goes by its age counts for the size"


async def test_some_never_go(tmp_path: Path) -> None:
    await library_of(tmp_path, [200, 200, 200, 200])
    await record_unended(tmp_path, "aa")
    set_age(tmp_path, "aa", 200)
    with opened(tmp_path) as database:
        database.execute("UPDATE session SET pinned = 1 WHERE id = '00'")
        database.execute("UPDATE session SET discarded_at = 'now' WHERE id = '01'")
    lock = SessionLock.take(Home.at(tmp_path), "02")
    assert lock is not None
    assert ids(tmp_path, Limits(keep_days=1)) == ["03"]
    assert ids(tmp_path, Limits(keep_gb=1e-9)) == ["03"]
    lock.release()


async def test_nothing_goes_before_it_was_agreed_to(tmp_path: Path) -> None:
    home, limits = Home.at(tmp_path), Limits(keep_days=90)
    await library_of(tmp_path, [100, 95, 3])
    assert keep_within(home, Limits(), NOW) == ""
    assert keep_within(home, limits, NOW) == (
        "keep_days = 90 would remove 2 sessions; nothing was removed: gramophone gc shows them "
        "and asks."
    )
    assert len(await stored_ids(tmp_path)) == 3
    agree(home, limits)
    assert keep_within(home, limits, NOW) == (
        "2 sessions removed, as keep_days = 90 says; pinned ones stay."
    )
    assert await stored_ids(tmp_path) == {"02"}
    assert keep_within(home, limits, NOW) == ""
    assert "nothing was removed" in keep_within(home, Limits(keep_days=2), NOW), "it is stricter"
    assert await stored_ids(tmp_path) == {"02"}


@pytest.mark.parametrize(
    ("before", "after", "holds"),
    [
        (Limits(keep_days=90), Limits(keep_days=90), True),
        (Limits(keep_days=90), Limits(keep_days=120), True),
        (Limits(keep_days=90), Limits(keep_days=89), False),
        (Limits(keep_days=90), Limits(keep_days=90, keep_gb=5), False),
        (Limits(keep_days=90, keep_gb=5), Limits(keep_gb=5.5), True),
        (Limits(keep_gb=5), Limits(keep_gb=4.9), False),
    ],
)
def test_only_stricter_limits_ask_again(
    tmp_path: Path, before: Limits, after: Limits, holds: bool
) -> None:
    home = Home.at(tmp_path)
    assert not agreed(home, after)
    agree(home, before)
    assert agreed(home, after) is holds
    (tmp_path / "retention.json").write_text("{}")
    assert not agreed(home, after)


async def test_what_cannot_be_removed_is_told(tmp_path: Path) -> None:
    await library_of(tmp_path, [100])
    agree(Home.at(tmp_path), Limits(keep_days=90))
    with opened(tmp_path) as database:
        database.execute(
            "CREATE TRIGGER no BEFORE DELETE ON session BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    report = keep_within(Home.at(tmp_path), Limits(keep_days=90), NOW)
    assert report.startswith("Sessions that keep_days = 90 no longer keeps are still there: ")


def test_where_there_is_no_library_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert keep_within(Home.at(tmp_path), Limits(keep_days=90), NOW) == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", ["keep_days = -1", "keep_gb = -0.5", "keep_gb = inf"])
def test_limits_that_make_no_sense_are_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "config.toml").write_text(f"[library]\n{line}\n")
    with pytest.raises(ConfigError, match="write 0 to keep everything"):
        load({"GRAMOPHONE_HOME": str(tmp_path)})
