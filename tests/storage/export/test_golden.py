"""The recordings in `fixtures/recordings/` as text: the very bytes, twice, and on any machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import recordings
from tests.support.exported import GOLDEN, TEXTS, taken_in, written


@pytest.mark.parametrize("name", recordings.names())
async def test_a_recording_gives_these_bytes(name: str, tmp_path: Path) -> None:
    ids = await taken_in(tmp_path, [name])
    for form in TEXTS:
        content = await written(tmp_path, ids, form)
        assert content == (GOLDEN / f"{name}.{form}").read_bytes(), form
        assert content == await written(tmp_path, ids, form), form


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{name}.{form}" for name in recordings.names() for form in TEXTS}
    assert {path.name for path in GOLDEN.iterdir()} == expected
