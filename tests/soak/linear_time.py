"""All parsers on all shapes of text, and on random ones: time in proportion to the length.

A shape is a beginning and what follows it again and again; random ones are made of the parts of
those that are known.
"""

from __future__ import annotations

import random

from tests.soak.figures import Figures
from tests.support.parsers import PARSERS, SHAPES
from tests.support.scaling import is_linear

_RANDOM_SHAPES = 400


def run(seed: int, effort: float) -> Figures:
    """Measure every parser; `effort` says how many of the shapes, and how many random ones."""
    chosen = random.Random(seed)
    parts = sorted({part for shape in SHAPES for part in shape if part})
    shapes = chosen.sample(SHAPES, max(1, round(min(1.0, effort) * len(SHAPES))))
    for _ in range(round(effort * _RANDOM_SHAPES)):
        body = "".join(chosen.choices(parts, k=chosen.randint(1, 3)))
        shapes.append((chosen.choice(["", *parts]), body))
    figures = Figures({"parsers": len(PARSERS), "shapes": len(shapes)})
    for prefix, body in shapes:
        for name, parse in PARSERS.items():
            if not is_linear(parse, prefix, body):
                figures.broken.append(f"{name} is not linear on {prefix!r} and {body!r} again")
    return figures
