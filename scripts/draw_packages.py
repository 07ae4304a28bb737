"""Draw packages and imports into `docs/architecture.md`: scripts/draw_packages.py [--check]

The picture has an arrow from each package to each that it imports, but none that follows from two
others. With `--check` nothing is written; the exit code is 1 where the page is not current.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final, TypeAlias

import grimp

from scripts.page_section import keep_current

BEGINS: Final = "<!-- packages: made by scripts/draw_packages.py -->\n"
ENDS: Final = "<!-- packages end -->"
ROOTS: Final = ("gramophone", "storage", "tui")

Arrows: TypeAlias = dict[str, set[str]]


def package_of(module: str) -> str:
    """Name of the package in the picture: `core` of `gramophone.core.codec`, `tui` of `tui.app`."""
    root, _, rest = module.partition(".")
    return rest.partition(".")[0] if root == "gramophone" else root


def arrows() -> Arrows:
    """For each package the packages that it imports."""
    graph = grimp.build_graph(*ROOTS, cache_dir=None)
    imports: Arrows = {}
    for module in sorted(graph.modules):
        package = package_of(module)
        if not package:
            continue
        imported = map(package_of, graph.find_modules_directly_imported_by(module))
        imports.setdefault(package, set()).update(name for name in imported if name)
    for package, imported in imports.items():
        imported.discard(package)
    return imports


def reachable(imports: Mapping[str, set[str]]) -> Arrows:
    """For each package all packages that it imports at any distance.

    Raises:
        ValueError: packages import each other in a circle.
    """
    closure: Arrows = {}

    def visit(package: str, path: tuple[str, ...]) -> set[str]:
        if package in path:
            raise ValueError("a circle: " + " -> ".join((*path, package)))
        if package not in closure:
            below = imports[package]
            closure[package] = below.union(*(visit(name, (*path, package)) for name in below))
        return closure[package]

    for package in imports:
        visit(package, ())
    return closure


def floors(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Packages by height, the highest first: each is above all that it imports."""
    heights: dict[str, int] = {}

    def height(package: str) -> int:
        if package not in heights:
            heights[package] = 1 + max(map(height, imports[package]), default=-1)
        return heights[package]

    for package in imports:
        height(package)
    levels = range(max(heights.values()), -1, -1)
    return [sorted(name for name in heights if heights[name] == level) for level in levels]


def picture() -> str:
    """The Markdown between the marks of the page: a Mermaid chart and a sentence of figures."""
    imports = arrows()
    all_below = reachable(imports)
    lines = ["```mermaid", "flowchart TD"]
    levels = floors(imports)
    lines += ["    " + " ~~~ ".join(names) for names in levels]
    for package in sorted(imports):
        implied: set[str] = set[str]().union(*(all_below[name] for name in imports[package]))
        if direct := sorted(imports[package] - implied):
            lines.append(f"    {package} --> {' & '.join(direct)}")
    lines.append("```")
    count = sum(map(len, imports.values()))
    lines += ["", f"{len(imports)} packages on {len(levels)} floors, {count} arrows, no circle."]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the picture, or say whether it is current."""
    return keep_current(BEGINS, ENDS, picture(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
