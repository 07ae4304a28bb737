"""`export`, as a person uses it: what is taken, where it goes, what is refused."""

from __future__ import annotations

import asyncio
import json
import wave
from pathlib import Path

import pytest

from gramophone.cli.export import duration_us, turn_numbers
from gramophone.core.timeline import SessionEnded
from tests.support.builders import session_started, spoken_exchange
from tests.support.programs import Gramophone
from tests.support.recordings import record

FIRST, SECOND = "Records turn.", "Needles listen. Horns sing."


@pytest.fixture
def recorded(gramophone: Gramophone) -> Gramophone:
    gramophone("say", "--mute", FIRST)
    gramophone("say", "--mute", SECOND)
    return gramophone


def samples(path: Path) -> int:
    with wave.open(str(path), "rb") as sound:
        return sound.getnframes()


def test_a_directory_takes_a_file_a_session(recorded: Gramophone, tmp_path: Path) -> None:
    completed = recorded("export", "--all", "--format", "bundle", "-o", f"{tmp_path}/out/")
    assert completed.returncode == 0
    assert completed.stderr == f"wrote 2 files to {tmp_path}/out\n"
    slugs = [path.name.split("-", 3)[3].rpartition("-")[0] for path in (tmp_path / "out").iterdir()]
    assert sorted(slugs) == ["needles-listen-horns-sing", "records-turn"]
    elsewhere = Gramophone(tmp_path / "elsewhere", recorded.speak_url)
    taken = elsewhere("import", *(str(path) for path in (tmp_path / "out").iterdir()))
    assert len(taken.stdout.splitlines()) == 2


def test_several_sessions_into_one_file_follow_each_other(
    recorded: Gramophone, tmp_path: Path
) -> None:
    ids = [json.loads(line)["id"] for line in recorded("sessions", "--json").stdout.splitlines()]
    both, newest, oldest = (tmp_path / f"{name}.wav" for name in ("both", "newest", "oldest"))
    recorded("export", ids[0], "-o", str(newest))
    recorded("export", ids[1], "-o", str(oldest))
    assert recorded("export", "--search", "", "-o", str(both)).returncode == 0
    assert samples(both) == samples(newest) + samples(oldest)
    assert recorded("export", ids[1], ids[1], ids[0], "-o", str(both), "--force").returncode == 0
    assert samples(both) == samples(newest) + samples(oldest)


def test_each_spoken_turn_can_have_a_file(recorded: Gramophone, tmp_path: Path) -> None:
    recorded("export", "last", "-o", str(tmp_path / "all.wav"))
    completed = recorded("export", "last", "-o", str(tmp_path / "a.wav"), "--each-turn")
    assert completed.returncode == 0
    assert samples(tmp_path / "a-turn-0.wav") == samples(tmp_path / "all.wav")


def test_a_page_has_pauses_unless_told_otherwise(gramophone: Gramophone, tmp_path: Path) -> None:
    events = [
        session_started(),
        *spoken_exchange(),
        *spoken_exchange(first_turn=2, start_us=3_000_000),
    ]
    asyncio.run(record(gramophone.home, [*events, SessionEnded(at_us=9_000_000)]))
    page = tmp_path / "page.html"
    for options, length_ms in (((), 640), (("--pauses", "0"), 40)):
        completed = gramophone("export", "last", "-o", str(page), "--force", *options)
        assert (completed.returncode, completed.stderr) == (0, f"wrote {page}\n")
        assert f'"duration_ms":{length_ms}' in page.read_text(encoding="utf-8")
    refused = gramophone("export", "last", "-o", str(page), "--force", "--stereo")
    assert (refused.returncode, "--stereo belongs to sound" in refused.stderr) == (2, True)


def test_standard_output_takes_it_whole(recorded: Gramophone, tmp_path: Path) -> None:
    completed = recorded("export", "last", "--format", "jsonl", "-o", "-")
    kinds = [json.loads(line)["event"] for line in completed.stdout.splitlines()]
    assert (kinds[0], kinds[-1]) == ("SessionStarted", "SessionEnded")
    assert completed.stderr == ""


def test_what_is_there_stays(recorded: Gramophone, tmp_path: Path) -> None:
    there = tmp_path / "a.wav"
    there.write_bytes(b"mine")
    completed = recorded("export", "last", "-o", str(there))
    assert completed.returncode == 1
    assert "is there already" in completed.stderr
    assert "--force" in completed.stderr
    assert there.read_bytes() == b"mine"
    assert recorded("export", "last", "-o", str(there), "--force").returncode == 0
    assert samples(there) > 0


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("last", "--from", "soon"), 2, "'soon' is not a time"),
        (("last", "--from", "2", "--to", "1"), 2, "--to must come after --from"),
        (("last", "--turn", "x"), 2, "'x' is not a turn"),
        (("last", "--pauses", "long"), 2, "'long' is not a time"),
        (
            ("last", "-o", "a.foo"),
            2,
            "no format has the suffix '.foo'; give --format",
        ),
        (("last", "--format", "jsonl", "--stereo"), 2, "--stereo belongs to sound"),
        (("last", "--format", "bundle", "--turn", "1"), 2, "bundle takes whole sessions"),
        (("last", "-o", "-", "--each-turn"), 2, "name a directory with -o"),
        (("--search", "nowhere"), 1, "No session matches"),
        (("--all", "-o", "a.gramophone"), 1, "A bundle holds one session"),
        (("last", "--turn", "7", "-o", "a.wav"), 1, "no sound to export"),
        (("last", "-o", "/proc/a.wav"), 1, "cannot be written"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    recorded: Gramophone, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    completed = recorded("export", *arguments)
    assert completed.returncode == code
    assert sentence in completed.stderr
    assert not list(Path().glob("a.*"))


@pytest.mark.parametrize(
    ("text", "expected_us"),
    [
        ("90", 90_000_000),
        ("1.5m", 90_000_000),
        ("200ms", 200_000),
        ("1:30", 90_000_000),
        ("1:02:03.5", 3_723_500_000),
        ("2h", 7_200_000_000),
        ("0", 0),
    ],
)
def test_times_are_read(text: str, expected_us: int) -> None:
    assert duration_us(text) == expected_us


@pytest.mark.parametrize("text", ["", "-1", "1:", "1:2:3:4", "nan", "1e9", "٣", "1 s", "9" * 30])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time such as"):
        duration_us(text)


def test_turns_are_read() -> None:
    assert turn_numbers("3") == {3}
    assert turn_numbers("1,3-5") == {1, 3, 4, 5}
    for wrong in ("", "a", "5-3", "-2", "1,,2", "0-999999999"):
        with pytest.raises(ValueError, match="is not a turn such as"):
            turn_numbers(wrong)
