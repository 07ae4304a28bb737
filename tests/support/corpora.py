"""Cases of `fixtures/corpus/`, one in a line of JSON."""

from __future__ import annotations

import json
from typing import Any

from tests.support.paths import ROOT

CORPUS = ROOT / "fixtures" / "corpus"
Case = dict[str, Any]


def load(name: str) -> list[Case]:
    lines = (CORPUS / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
