"""`fixture diff`, and the sources of `fixture serve`, from files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fixtures.recordings import path_of
from gramophone.cli.fixture.serve import script
from gramophone.core.errors import StorageError
from gramophone.standin.source.scenario import ScenarioError
from tests.programs import Gramophone
from tests.wire.test_wav_layout import ACCEPTED, SOUND

ONE, OTHER = str(path_of("short-answer")), str(path_of("interrupted"))


@pytest.fixture
def gramophone(tmp_path: Path) -> Gramophone:
    return Gramophone(tmp_path / "home")


def test_a_recording_differs_in_nothing_from_itself(gramophone: Gramophone) -> None:
    done = gramophone("fixture", "diff", ONE, ONE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Texts, messages and sound are the same.\n")
    assert "first flush to first byte" in done.stdout


def test_two_recordings_differ(gramophone: Gramophone) -> None:
    done = gramophone("fixture", "diff", ONE, OTHER, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["same"] is False
    assert told["texts"]
    assert told["sounds"][0].startswith("The sound of turn 1 differs: ")


@pytest.mark.parametrize("source", ["nothing.gramophone", "nothing"])
def test_what_is_not_there_is_named(gramophone: Gramophone, source: str) -> None:
    done = gramophone("fixture", "diff", ONE, source)
    assert done.returncode == 1
    assert "nothing" in done.stderr
    assert done.stderr.count("\n") == 1


async def test_a_bundle_is_a_source(tmp_path: Path) -> None:
    told = await script(tmp_path, ONE)
    assert told.speech is not None
    assert told.prompts == ("In two short sentences, what is a gramophone?",)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.toml", None, "cannot be read: No such file or directory."),
        ("a.toml", b"\xff", "is no text in UTF-8."),
        ("a.toml", b"[[say]]\ntext = 'a'\nwav = 'b.wav'", "b.wav cannot be read: No such file"),
        (
            "a.json",
            b'{"say": [{"text": "a", "wav": "a.json"}]}',
            "a.json is not a WAV file: it does not",
        ),
    ],
)
async def test_a_scenario_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScenarioError, match=re.escape(sentence)):
        await script(tmp_path, str(path))


@pytest.mark.parametrize("kind", ["extensible", "LIST first", "odd chunks", "sizes of 0", "RF64"])
async def test_a_scenario_takes_every_kind_of_wav(tmp_path: Path, kind: str) -> None:
    (tmp_path / "b.wav").write_bytes(ACCEPTED[kind])
    (tmp_path / "a.toml").write_text("[[say]]\ntext = 'a'\nwav = 'b.wav'")
    told = await script(tmp_path, str(tmp_path / "a.toml"))
    assert told.speech is not None
    (segment,) = told.speech.segments
    assert b"".join(pcm for _, pcm in segment.frames or ()) == SOUND


async def test_a_bundle_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.gramophone"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(StorageError, match=r"a\.gramophone"):
        await script(tmp_path, str(path))
