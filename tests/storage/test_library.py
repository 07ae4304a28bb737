"""StoredLibrary: listing, paging, searching, resolving, reading and deleting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import gramophone.library.library
from gramophone.core.errors import SessionNotFound, StorageError
from gramophone.core.timeline import AudioReceived, Event, Failed, SessionEnded, TurnCompleted
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.recordings import SECRET, SESSION_ID, everything_in, opened, record


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[StoredLibrary]:
    async with await StoredLibrary.open(tmp_path / "home") as opened_library:
        yield opened_library


def a_talk(session_id: str, *exchanges: tuple[str, str]) -> list[Event]:
    """A session of exchanges, each without sound."""
    events: list[Event] = [session_started(session_id)]
    for number, (question, answer) in enumerate(exchanges):
        events += spoken_exchange(question, answer, first_turn=2 * number, frames=())
    return [*events, SessionEnded(at_us=9_000_000)]


@pytest.fixture
async def ten(library: StoredLibrary, tmp_path: Path) -> list[str]:
    """Ten sessions; their ids, newest first."""
    ids = [f"a{number}" for number in range(10)]
    for number, session_id in enumerate(ids):
        await record(
            tmp_path / "home",
            a_talk(session_id, (f"Question {number}", "An answer"), ("More", "Of the same")),
        )
    return ids[::-1]


def ids_of(summaries: list[gramophone.library.library.SessionSummary]) -> list[str]:
    return [session.id for session in summaries]


def test_it_is_what_the_port_asks_for(library: StoredLibrary) -> None:
    port: gramophone.library.library.Library = library
    assert port is library


async def test_an_empty_library_answers(library: StoredLibrary) -> None:
    assert await library.sessions() == []
    assert await library.sessions(search="anything") == []
    assert await library.verify() == []
    with pytest.raises(SessionNotFound, match="No session has been recorded"):
        await library.resolve("last")


# --- listing --------------------------------------------------------------------------------------


async def test_sessions_come_newest_first_page_by_page(
    library: StoredLibrary, ten: list[str]
) -> None:
    pages: list[str] = []
    older_than = None
    while page := await library.sessions(limit=3, older_than=older_than):
        pages += ids_of(page)
        older_than = page[-1].id
    assert pages == ten


async def test_search_gives_each_session_once_by_its_newest_hit(
    library: StoredLibrary, ten: list[str]
) -> None:
    summaries = await library.sessions(search="same answer"[:4])
    assert ids_of(summaries) == ten
    assert summaries[0].snippet == "Of the \ue000same\ue001"
    assert ids_of(await library.sessions(search="question 7")) == ["a7"]


async def test_search_is_paged_too(library: StoredLibrary, ten: list[str]) -> None:
    assert ids_of(await library.sessions(search="answer", limit=4)) == ten[:4]
    assert ids_of(await library.sessions(search="answer", limit=4, older_than=ten[3])) == ten[4:8]


async def test_a_session_full_of_hits_does_not_hide_the_others(
    library: StoredLibrary, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    await record(home, a_talk("a0", ("A needle", "there")))
    await record(home, a_talk("a1", *[("needle", "needle")] * 40))
    assert ids_of(await library.sessions(search="needle", limit=2)) == ["a1", "a0"]


@pytest.mark.parametrize("search", [" ", "\t"])
async def test_a_blank_search_is_no_search(
    search: str, library: StoredLibrary, ten: list[str]
) -> None:
    assert ids_of(await library.sessions(search=search)) == ten


async def test_prompts_come_newest_first_over_all_sessions(
    library: StoredLibrary, ten: list[str]
) -> None:
    assert await library.prompts(limit=3) == ["More", "Question 9", "More"]
    assert len(await library.prompts(limit=100)) == 20


async def test_a_live_session_is_listed(library: StoredLibrary, tmp_path: Path) -> None:
    async with Recorder.open(tmp_path / "home") as recorder:
        for event in short_session()[:-1]:
            recorder.emit(event)
        await recorder.flush()
        assert ids_of(await library.sessions(search="gramophone")) == [SESSION_ID]


async def test_an_answer_is_read_as_far_as_it_came(library: StoredLibrary, tmp_path: Path) -> None:
    events = short_session()
    over = next(
        index
        for index, event in enumerate(events)
        if isinstance(event, TurnCompleted) and event.role == "assistant"
    )
    async with Recorder.open(tmp_path / "home") as recorder:
        for event in events[:over]:
            recorder.emit(event)
        await recorder.flush()
        question, answer = (await library.session(SESSION_ID)).turns
        assert question.text == "What is a gramophone?"
        assert answer.text == "A gramophone plays records."
        assert answer.finish_reason == ""


# --- resolving ------------------------------------------------------------------------------------


@pytest.fixture
async def three(library: StoredLibrary, tmp_path: Path) -> None:
    for session_id in ("abc1", "abc2", "abc"):
        await record(tmp_path / "home", a_talk(session_id, ("Hello", "Hi")))


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("reference", "session_id"), [("abc1", "abc1"), ("abc", "abc"), ("last", "abc")]
)
async def test_a_reference_means_one_session(
    reference: str, session_id: str, library: StoredLibrary
) -> None:
    assert await library.resolve(reference) == session_id


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("ab", r"3 sessions .* begins with 'ab'; give more"),
        ("f", r"There is no session 'f'; `gramophone sessions` lists them"),
        ("", "There is no session ''"),
        ("%", "There is no session '%'"),
        ("../x", "There is no session"),
    ],
)
async def test_a_reference_that_means_none_or_many_is_explained(
    reference: str, sentence: str, library: StoredLibrary
) -> None:
    with pytest.raises(SessionNotFound, match=sentence):
        await library.resolve(reference)


@pytest.mark.parametrize("call", ["session", "events", "delete", "verify"])
async def test_a_session_that_is_not_there_is_named(call: str, library: StoredLibrary) -> None:
    with pytest.raises(SessionNotFound, match="There is no session 'beef'"):
        await getattr(library, call)("beef")
    with pytest.raises(SessionNotFound):
        await library.sessions(older_than="beef")


# --- reading --------------------------------------------------------------------------------------


async def test_events_come_with_or_without_their_sound(
    library: StoredLibrary, tmp_path: Path
) -> None:
    await record(tmp_path / "home")
    with_pcm = await library.events(SESSION_ID)
    without = await library.events(SESSION_ID, with_pcm=False)
    assert with_pcm == without == short_session()
    assert all(event.pcm for event in with_pcm if isinstance(event, AudioReceived))
    assert not any(event.pcm for event in without if isinstance(event, AudioReceived))


async def test_a_missing_sound_file_gives_silence_not_an_error(
    library: StoredLibrary, tmp_path: Path
) -> None:
    await record(tmp_path / "home")
    (tmp_path / f"home/audio/{SESSION_ID}/1.wav").unlink()
    events = await library.events(SESSION_ID)
    assert events == short_session()
    assert not any(event.pcm for event in events if isinstance(event, AudioReceived))
    assert (await library.session(SESSION_ID)).turns[1].audio is not None


BAD_ROWS = {
    "an unknown kind": "UPDATE event SET kind = 'Sneezed' WHERE seq = 3",
    "no JSON": "UPDATE event SET detail = '{half' WHERE seq = 3",
    "other JSON": "UPDATE event SET detail = '[1]' WHERE seq = 3",
    "text that is no text": "UPDATE event SET text = CAST(x'ff20ff' AS TEXT) WHERE seq = 3",
    "a field is gone": "UPDATE event SET turn = NULL WHERE seq = 3",
}


@pytest.mark.parametrize("statement", BAD_ROWS.values(), ids=BAD_ROWS)
async def test_a_damaged_row_is_skipped_and_named(
    statement: str, library: StoredLibrary, tmp_path: Path
) -> None:
    await record(tmp_path / "home")
    with opened(tmp_path / "home") as database:
        database.execute(statement)
    whole = short_session()
    for with_pcm in (True, False):
        events = await library.events(SESSION_ID, with_pcm=with_pcm)
        assert events == [
            *whole[:3],
            Failed(
                at_us=whole[3].at_us,
                stage="recording",
                detail="Row 3 of this session is damaged and was left out.",
            ),
            *whole[4:],
        ]


async def test_damaged_rows_in_a_row_are_named_in_one_sentence(
    library: StoredLibrary, tmp_path: Path
) -> None:
    await record(tmp_path / "home")
    whole = short_session()
    last = len(whole) - 1
    with opened(tmp_path / "home") as database:
        damage = "UPDATE event SET kind = 'Nonsense' WHERE seq IN (3, 4, 5, 8, ?)"
        database.execute(damage, (last,))
    assert await library.events(SESSION_ID) == [
        *whole[:3],
        _damage(whole[3], "Rows 3 to 5 of this session are damaged and were left out."),
        *whole[6:8],
        _damage(whole[8], "Row 8 of this session is damaged and was left out."),
        *whole[9:last],
        _damage(whole[last], f"Row {last} of this session is damaged and was left out."),
    ]


def _damage(event: Event, sentence: str) -> Failed:
    return Failed(at_us=event.at_us, stage="recording", detail=sentence)


async def test_a_session_survives_a_damaged_turn(library: StoredLibrary, tmp_path: Path) -> None:
    await record(tmp_path / "home")
    with opened(tmp_path / "home") as database:
        database.execute("DROP TRIGGER turn_text_update")
        database.execute(
            "UPDATE turn SET role = 'x', text = CAST(x'48ff69' AS TEXT) WHERE turn = 0"
        )
    first, second = (await library.session(SESSION_ID)).turns
    assert (first.role, first.text) == ("assistant", "H\ufffdi")
    assert second.text == "A gramophone plays records."
    assert ids_of(await library.sessions()) == [SESSION_ID]


# --- deleting -------------------------------------------------------------------------------------


async def test_a_deleted_session_is_gone_from_everywhere(
    library: StoredLibrary, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    await record(home, a_talk("a0", ("I stay", "So do I")))
    await record(home, [session_started(), *spoken_exchange(f"The word {SECRET}", SECRET)])
    await library.delete(SESSION_ID)
    assert ids_of(await library.sessions()) == ["a0"]
    assert await library.sessions(search=SECRET) == []
    assert not (home / "audio" / SESSION_ID).exists()
    assert await library.verify() == []
    await library.aclose()
    contents = everything_in(home)
    assert not [path for path, content in contents.items() if SECRET.encode() in content]
    assert not [path for path, content in contents.items() if SESSION_ID.encode() in content]


async def test_a_session_that_is_being_recorded_is_not_deleted(
    library: StoredLibrary, tmp_path: Path
) -> None:
    async with Recorder.open(tmp_path / "home") as recorder:
        recorder.emit(session_started())
        await recorder.flush()
        with pytest.raises(StorageError, match="being recorded"):
            await library.delete(SESSION_ID)
    assert ids_of(await library.sessions()) == [SESSION_ID]
