"""How well the language of a text is found from its first characters, and what that costs.

    python -m benchmarks.languages

The texts are `fixtures/corpus/openings.jsonl`, on which nothing was tuned: first sentences of
answers in 33 languages. Danish, Norwegian and Swedish, Czech and Slovak share most of their rules;
what is found of one instead of the other is counted by itself.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Final

from gramophone.text.language.detection import LanguageFinder

OPENINGS = Path(__file__).parent.parent / "fixtures" / "corpus" / "openings.jsonl"
LENGTHS: Final = (15, 20, 40, 60)
NEAR: Final = ({"da", "no", "sv"}, {"cs", "sk"}, {"ru", "uk"})


def main() -> None:
    cases = openings()
    for length in LENGTHS:
        wrong = Counter[str]()
        near = 0
        for lang, text in cases:
            guessed = guess(text[:length])
            if guessed != lang:
                wrong[f"{lang} as {guessed}"] += 1
                near += any({lang, guessed} <= pair for pair in NEAR)
        right = len(cases) - wrong.total()
        print(
            f"{length} characters: {right} of {len(cases)} right ({right / len(cases):.1%}), "
            f"{near} as their neighbour; {', '.join(f'{n}x {pair}' for pair, n in wrong.items())}"
        )
    began = time.perf_counter()
    for _, text in cases:
        guess(text)
    took_s = time.perf_counter() - began
    print(f"{1e6 * took_s / sum(len(text) for _, text in cases):.2f} µs a character")


def openings() -> list[tuple[str, str]]:
    """Give each text with its language."""
    rows = [json.loads(line) for line in OPENINGS.read_text("utf-8").splitlines()]
    return [(row["lang"], text) for row in rows for text in row["texts"]]


def guess(text: str) -> str:
    """Give the language that is found in a text that goes on."""
    finder = LanguageFinder()
    for char in text:
        finder.add(char)
    return finder.guess()


if __name__ == "__main__":
    main()
