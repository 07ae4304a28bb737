"""Writes the man pages of all commands into a folder: `make man`."""

from __future__ import annotations

import sys
from pathlib import Path

from gramophone.cli.commands import cli
from gramophone.cli.manual import SECTION, manual_pages


def write(folder: Path) -> int:
    """Write every page; returns how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = dict(manual_pages(cli))
    for name, text in pages.items():
        (folder / f"{name}.{SECTION}").write_text(text, encoding="utf-8")
    return len(pages)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    print(f"{write(target)} pages in {target}; read one with: man -l {target}/gramophone.1")
