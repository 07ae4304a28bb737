"""Where the repository is: tests find fixtures and docs from there, wherever they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
"""The directory that has `pyproject.toml`."""
