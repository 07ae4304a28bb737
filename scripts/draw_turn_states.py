"""Draw the states of a turn into `docs/architecture.md`: scripts/draw_turn_states.py [--check]

The table is `TRANSITIONS` of `gramophone/conversation/turn_state.py`. With `--check` nothing is
written; the exit code is 1 where the page is not current.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import Final

from gramophone.conversation.turn_state import TRANSITIONS, Trigger, TurnState
from scripts.page_section import keep_current

BEGINS: Final = "<!-- turn: made by scripts/draw_turn_states.py -->\n"
ENDS: Final = "<!-- turn end -->"


def table() -> str:
    """Markdown table: a row for each state, with its meaning and its ways out."""
    lines = ["| state | meaning | leads to |", "|---|---|---|"]
    for state in TurnState:
        ways: dict[TurnState, list[Trigger]] = defaultdict(list)
        for trigger, target in TRANSITIONS[state].items():
            ways[target].append(trigger)
        transitions = ", ".join(
            f"{target.name} by {' or '.join(trigger.name for trigger in triggers)}"
            for target, triggers in ways.items()
        )
        lines.append(f"| {state.name} | {state.value} | {transitions or 'nothing'} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the table, or say whether it is current."""
    return keep_current(BEGINS, ENDS, table(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
