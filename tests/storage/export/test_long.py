"""A long talk as text and captions: what is held at once does not grow with its sound.

Three hours of it are in the campaign `long_talks`.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.long_talk import export_peaks

MINUTES = 20
LARGEST_BYTES = 10_000_000
"""The sound alone is 9.6 MB as received, and twice that as samples."""


async def test_twenty_minutes_take_little_room(tmp_path: Path) -> None:
    async for form, size_bytes, held_bytes in export_peaks(tmp_path, MINUTES):
        assert size_bytes > 15_000
        assert held_bytes < LARGEST_BYTES, form
