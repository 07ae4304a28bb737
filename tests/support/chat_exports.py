"""Exports of other chat programs, as the fixtures have them."""

from __future__ import annotations

import json
from typing import Any

from tests.support.paths import ROOT

EXPORTS = ROOT / "fixtures" / "exports"


def exported(name: str) -> list[dict[str, Any]]:
    return json.loads((EXPORTS / name).read_text())
