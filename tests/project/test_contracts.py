"""Every module is under a contract, every package says what it is for, the picture is current."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from scripts import draw_packages
from tests.support.paths import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
(LAYERS,) = (contract["layers"] for contract in CONTRACTS if contract["type"] == "layers")
LAYERED = [name.strip() for layer in LAYERS for name in layer.split("|")]


def modules() -> list[str]:
    """Dotted names of all modules that ship."""
    paths = (path for root in draw_packages.ROOTS for path in (ROOT / root).rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]


def test_every_module_is_in_a_layer() -> None:
    outside = [
        module
        for module in modules()
        if module != "gramophone.__init__"
        and not any(module == name or module.startswith(f"{name}.") for name in LAYERED)
    ]
    assert outside == []


def test_every_layer_is_a_package_that_is_there() -> None:
    assert [
        name for name in LAYERED if not Path(ROOT, *name.split("."), "__init__.py").is_file()
    ] == []


@pytest.mark.parametrize(
    "path",
    [path for root in draw_packages.ROOTS for path in sorted((ROOT / root).rglob("__init__.py"))],
    ids=lambda path: str(path.parent.relative_to(ROOT)),
)
def test_every_package_says_where_to_begin(path: Path) -> None:
    assert "begin with" in path.read_text().lower() or path.parent.name == "gramophone"


def test_the_picture_of_the_packages_is_current() -> None:
    assert draw_packages.main(["--check"]) == 0


def test_a_circle_is_found() -> None:
    with pytest.raises(ValueError, match="a -> b -> a"):
        draw_packages.reachable({"a": {"b"}, "b": {"a"}})
