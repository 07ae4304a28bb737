"""Every screen at every small size, and in storms of resizes."""

from __future__ import annotations

import asyncio
import random

from tests.soak.figures import Figures
from tests.support.screens import ORDINARY, SCREENS, app_at, become, press, storm

TINY = [(columns, rows) for rows in (1, 2, 3, 4, 24) for columns in (1, 2, 3, 4, 5, 7, 10)]
STORM = 60


def run(seed: int, effort: float) -> Figures:
    """Each screen at 35 sizes from 1×1 to 10×24 and through 60 resizes, at effort 1."""
    chance = random.Random(seed)
    figures = Figures({"screens": 0, "resizes": 0})
    for name in SCREENS:
        sizes = chance.sample(TINY, max(1, min(len(TINY), round(len(TINY) * effort))))
        count = max(1, round(STORM * effort))
        try:
            asyncio.run(_through(name, sizes, random.Random(chance.random()), count))
        except Exception as error:  # whatever ends the app is a finding
            figures.broken.append(f"{name}: {error!r}")
        figures.counts["screens"] += 1
        figures.counts["resizes"] += len(sizes) + count
    return figures


async def _through(
    name: str, sizes: list[tuple[int, int]], chance: random.Random, count: int
) -> None:
    app, keys = app_at(name)
    async with app.run_test(size=ORDINARY) as pilot:
        await press(pilot, keys)
        screen = app.screen
        for columns, rows in sizes:
            await become(pilot, columns, rows)
        await storm(pilot, chance, count)
        assert app.screen is screen, "another screen"
