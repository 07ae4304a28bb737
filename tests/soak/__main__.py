"""Run campaigns: `python -m tests.soak [NAME ...] [--seed N] [--effort X]`.

Without a name all campaigns run, one after another. Each ends with a line of figures; the exit
code is 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import random
import sys
import time

import tests.soak
from tests.soak.figures import Figures

_NOT_CAMPAIGNS = {"__main__", "figures"}


def campaigns() -> list[str]:
    """Names of all campaigns, sorted: modules of this package that have a `run`."""
    names = sorted(module.name for module in pkgutil.iter_modules(tests.soak.__path__))
    return [
        name
        for name in names
        if name not in _NOT_CAMPAIGNS
        and hasattr(importlib.import_module(f"tests.soak.{name}"), "run")
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(campaigns()))
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--effort", type=float, default=1.0, help="scales the counts; default 1.0")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(campaigns())
    if unknown:
        parser.error(f"there is no campaign {', '.join(sorted(unknown))}")
    print(f"seed {arguments.seed}, effort {arguments.effort:g}", flush=True)
    broken = 0
    for name in arguments.names or campaigns():
        began_s = time.monotonic()
        campaign = importlib.import_module(f"tests.soak.{name}")
        figures: Figures = campaign.run(arguments.seed, arguments.effort)
        for sentence in figures.broken:
            print(f"  {name}: {sentence}")
        print(figures.line(name, time.monotonic() - began_s), flush=True)
        broken += len(figures.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
