"""Write `gramophone/text/sentences/cldr_abbreviations.py` from CLDR's exceptions to the ends of
sentences.

    python scripts/cldr_abbreviations.py [PACKAGE.tgz]

Without an argument npm fetches the package, in the version that stands below, from the registry
that it is set up for. The licence that comes with the data is written beside the module.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "cldr-segments-full@46.1.0"
TARGET = Path(__file__).resolve().parent.parent / "gramophone" / "text" / "sentences"

HEAD = '''"""Abbreviations after which a sentence does not end, by language: CLDR's exceptions.

Made by `scripts/cldr_abbreviations.py` from {package}; change that, not this.
Copyright Unicode, Inc.; SPDX-License-Identifier: Unicode-3.0. The licence is `LICENSE-unicode.txt`.
"""

from __future__ import annotations

from typing import Final

# fmt: off
SUPPRESSIONS: Final = {{
'''


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gramophone-cldr-") as directory:
        archive = Path(sys.argv[1]) if len(sys.argv) > 1 else fetch(Path(directory))
        with tarfile.open(archive) as package:
            package.extractall(directory, filter="data")
        root = Path(directory) / "package"
        version = json.loads((root / "package.json").read_text("utf-8"))["version"]
        write(root, f"cldr-segments-full {version}")


def fetch(directory: Path) -> Path:
    command = ["npm", "pack", "--silent", PACKAGE]
    process = subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True)
    return directory / process.stdout.strip()


def write(root: Path, package: str) -> None:
    lines = [HEAD.format(package=package)]
    for file in sorted(root.glob("segments/*/suppressions.json")):
        if abbreviations := suppressions(file):
            lines += [f'    "{file.parent.name}": (\n', *rows(abbreviations), "    ),\n"]
            print(f"{file.parent.name}: {len(abbreviations)} abbreviations")
    lines += ["}\n", '"""Abbreviations by language, with their last full stop left out."""\n']
    (TARGET / "cldr_abbreviations.py").write_text("".join(lines), "utf-8")
    licence = (root / "LICENSE").read_text("utf-8")
    (TARGET / "LICENSE-unicode.txt").write_text(licence.rstrip() + "\n", "utf-8")


def suppressions(file: Path) -> list[str]:
    """Give what the file lists, sorted, without spaces and last full stops."""
    breaks = json.loads(file.read_text("utf-8"))["segments"]["segmentations"].get(
        "SentenceBreak", {}
    )
    listed = {entry["suppression"].replace(" ", "") for entry in breaks.get("standard", [])}
    return sorted(entry.rstrip(".") for entry in listed if entry.endswith("."))


def rows(words: list[str]) -> list[str]:
    """Give literals of at most 96 characters that make up the words with spaces between them."""
    lines, line = list[str](), ""
    for word in words:
        if line and len(line) + len(word) > 84:
            lines.append(line)
            line = ""
        line += f"{word} "
    return [f'        "{line}"\n' for line in [*lines, line]]


if __name__ == "__main__":
    main()
