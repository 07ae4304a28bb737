"""Files that import each other: none do, not even inside functions or for types alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from scripts import draw_packages
from tests.support.paths import ROOT


def modules(root: Path) -> dict[str, Path]:
    """Files of the packages that ship, by the dotted names they are imported by."""
    paths = (path for name in draw_packages.ROOTS for path in (root / name).rglob("*.py"))
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in paths
    }


def imported(source: str) -> Iterator[str]:
    """All names that a file imports anywhere. `from a import b` may mean `a`, or the file `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, "an import names its package in full"
            for alias in node.names:
                yield from (f"{node.module}.{alias.name}", node.module)


def graph(files: Mapping[str, Path]) -> dict[str, set[str]]:
    """For each file the files that it imports, by dotted names.

    A package is left out where one of its files is meant: `from a import b` runs `a/__init__.py`
    too, but only the file `a/b.py` is what the importer depends on.
    """
    imports: dict[str, set[str]] = {}
    for name, path in files.items():
        names = [module for module in imported(path.read_text(encoding="utf-8")) if module in files]
        packages = {module.rpartition(".")[0] for module in names}
        imports[name] = {module for module in names if module not in packages} - {name}
    return imports


def test_no_files_import_each_other() -> None:
    try:
        TopologicalSorter(graph(modules(ROOT))).prepare()
    except CycleError as error:
        pytest.fail(f"files import each other: {' -> '.join(reversed(error.args[1]))}")


@pytest.mark.parametrize(
    "back",
    [
        "from tui import a\n",
        "import tui.a\n",
        "def late():\n    from tui.a import A\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tui.a import A\n",
    ],
)
def test_a_circle_is_found(tmp_path: Path, back: str) -> None:
    package = tmp_path / "tui"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text("from tui.b import B\n")
    (package / "b.py").write_text(back)
    with pytest.raises(CycleError):
        TopologicalSorter(graph(modules(tmp_path))).prepare()
