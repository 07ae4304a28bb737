"""Odd phrases stay out of what people read: messages, help and pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gramophone.cli.commands import cli
from tests.support.paths import ROOT

SHIPPED = ("gramophone", "storage", "tui")
PAGES = [
    *sorted(ROOT.glob("*.md")),
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

BETTER = {
    r"(?<!there )\b(?:is|are) no (?!longer\b|more\b)": "is not a …, is not …",
    r"\bas it comes\b": "by default; while it streams",
    r"\banew\b": "again",
    r"\b(?:goes|gone) by\b": "depends on, is sorted by, uses",
    r"\bentitle": "give a title to",
    r"\bdrawn by lot\b": "random",
    r"\bborne with\b": "tolerated, waited for",
    r"\blet be\b": "ignored, left alone",
    r"\bof before\b": "older, earlier",
    r"\b(?:is|are) told\b": "is reported, is shown",
    r"\bth(?:is|at) sitting\b": "since the app was started",
}
"""Pattern of each phrase, and what to write instead. "There is no …" is plain English."""


def odd(text: str) -> list[str]:
    """Name the phrases in `text`, each with the better wording."""
    line = " ".join(text.split())
    return [
        f"{line[max(0, match_.start() - 30) : match_.end() + 20]!r}: write {better}"
        for pattern, better in BETTER.items()
        for match_ in re.finditer(pattern, line, re.IGNORECASE)
    ]


def literals(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """String literals that are not docstrings, with their lines; `{}` stands for a field."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            skipped |= {part for part in node.values if isinstance(part, ast.Constant)}
            texts = (str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values)
            yield node.lineno, "".join(texts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            yield node.lineno, node.value


def commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for subcommand in command.commands.values():
            yield from commands(subcommand)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The file is no bundle.", 1),
        ("They are no\nsessions.", 1),
        ("There is no file here, and there\nare no sessions.", 0),
        ("It is no longer there, and is not a bundle.", 0),
        ("Keep it anew: nothing to entitle, as it comes.", 3),
    ],
)
def test_odd_phrases_are_found(text: str, count: int) -> None:
    assert len(odd(text)) == count


def test_docstrings_are_not_literals() -> None:
    tree = ast.parse('"""Anew."""\nx = f"{y} is no {z}"\n"""Anew."""\ndef f():\n    """Anew."""')
    assert list(literals(tree)) == [(2, "{} is no {}")]


@pytest.mark.parametrize("package", SHIPPED)
def test_shipped_messages_are_plain_english(package: str) -> None:
    phrases = [
        f"{path.relative_to(ROOT)}:{line}: {phrase}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, text in literals(ast.parse(path.read_text(encoding="utf-8")))
        for phrase in odd(text)
    ]
    assert phrases == []


def test_help_is_plain_english() -> None:
    phrases = [
        f"{command.name}: {phrase}"
        for command in commands(cli)
        for phrase in odd(command.help or "")
    ]
    assert phrases == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_are_plain_english(page: Path) -> None:
    assert odd(page.read_text(encoding="utf-8")) == []
