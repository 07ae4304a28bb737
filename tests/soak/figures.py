"""The result of one campaign: counts, and what broke a promise."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Figures:
    """Counts by name, in the order in which they are printed, and the broken promises.

    `broken` holds one sentence a failure, with the seed or input that shows it again.
    """

    counts: dict[str, float] = field(default_factory=dict[str, float])
    broken: list[str] = field(default_factory=list[str])

    def line(self, name: str, seconds: float) -> str:
        """The closing line of the campaign `name`, e.g. `kills: 300 kills, 0 broken, 412 s`."""
        counts = [f"{count:,g} {unit}" for unit, count in self.counts.items()]
        return f"{name}: " + ", ".join([*counts, f"{len(self.broken)} broken", f"{seconds:.0f} s"])
