"""Tests stand where their package says, and import no other test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

TESTS = ROOT / "tests"
FRONT = ("storage", "tui")
"""Packages beside `gramophone/`; the tests of its own packages stand directly in `tests/`."""
OF_NO_PACKAGE = {"browser", "clients", "contract", "project", "soak", "support", "terminal"}
"""Tests of the whole, and what tests share."""
SHARED = {"clients", "soak", "support"}


def modules() -> Iterator[Path]:
    """All modules of tests, from `tests/` on."""
    return (path.relative_to(TESTS) for path in sorted(TESTS.rglob("*.py")))


def is_test(dotted: str) -> bool:
    return dotted.startswith("tests.") and dotted.rpartition(".")[2].startswith("test_")


def imported(source: str) -> Iterator[str]:
    """Dotted names of what a module imports; a name from a module may be a module itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_a_test_that_is_imported_is_found() -> None:
    for line in (
        "import tests.cli.test_a",
        "from tests.cli.test_a import b",
        "from tests.cli import test_a",
    ):
        assert any(map(is_test, imported(line))), line
    assert not any(map(is_test, imported("from tests.support.paths import ROOT")))


def test_no_test_is_imported() -> None:
    crossing = [
        (str(path), name)
        for path in modules()
        for name in imported((TESTS / path).read_text(encoding="utf-8"))
        if is_test(name)
    ]
    assert crossing == [], "what two tests need stands in tests/support/"


def test_no_import_is_relative() -> None:
    """Else the names above would not tell which module is meant."""
    relative = [
        str(path)
        for path in modules()
        for node in ast.walk(ast.parse((TESTS / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def package_of(folder: Path) -> Path:
    """The package whose tests stand in a folder of tests."""
    return ROOT / folder if folder.parts[0] in FRONT else ROOT / "gramophone" / folder


def test_every_folder_mirrors_a_package() -> None:
    folders = {path.parent for path in modules()} - {Path()}
    without = [
        str(folder)
        for folder in folders
        if folder.parts[0] not in OF_NO_PACKAGE
        and not (package_of(folder) / "__init__.py").exists()
    ]
    assert without == []
    assert [
        str(folder) for folder in folders if not (TESTS / folder / "__init__.py").exists()
    ] == []


def test_what_stands_among_tests_is_a_test() -> None:
    others = [
        str(path)
        for path in modules()
        if path.parts[0] not in SHARED
        and path.name not in ("__init__.py", "conftest.py")
        and not path.name.startswith("test_")
    ]
    assert others == [], "what tests share stands in tests/support/"
