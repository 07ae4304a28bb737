"""What an import drags along, seen at run time in a process of its own.

import-linter reads the source; this watches the interpreter. What it holds is start-up time
(the heavy libraries come when they are first used) and purity (no event loop under the wire).
"""

import subprocess
import sys

import pytest

from tests.support.paths import ROOT

PURE = ("alignment", "analysis", "audio", "core.codec", "library", "text", "wire")
"""Packages, and one module of the package that has the clock, which no event loop may drive."""

OURS = {"gramophone", "storage", "tui"}
EDGES = {"aiosqlite", "anthropic", "numpy", "openai", "pyaudio", "textual", "websockets"}
HEAVY = {
    "aiohttp",
    "anthropic",
    "keyring",
    "langchain_core",
    "langgraph",
    "langsmith",
    "numpy",
    "onnxruntime",
    "openai",
    "piper",
    "soundfile",
    "soxr",
    "xllamacpp",
}


def loaded_by(modules: str) -> set[str]:
    """The top-level names in memory once `modules` are imported into a fresh interpreter."""
    code = f"import sys, {modules}; print(*{{name.split('.')[0] for name in sys.modules}})"
    completed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr
    return set(completed.stdout.split())


@pytest.mark.parametrize("module", ["gramophone.core.timeline", "gramophone.core.errors"])
def test_the_vocabulary_needs_python_alone(module: str) -> None:
    before = loaded_by("builtins")  # an environment may load things of its own at the start

    strangers = loaded_by(module) - before - OURS - sys.stdlib_module_names

    assert not strangers


@pytest.mark.parametrize("package", PURE)
def test_pure_packages_have_no_event_loop_and_no_edge(package: str) -> None:
    directory = ROOT / "gramophone" / package.replace(".", "/")
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in directory.rglob("*.py")
        # It has numpy, for who plays at another speed.
        if path.stem not in ("__init__", "time_stretch")
    } or {f"gramophone.{package}"}
    assert not loaded_by(", ".join(sorted(modules))) & (EDGES | {"asyncio", "socket"})


@pytest.mark.parametrize(
    "module",
    ["gramophone.conversation.conversation", "gramophone.replay.replay", "gramophone.core.sinks"],
)
def test_the_heart_loads_no_edge(module: str) -> None:
    assert not loaded_by(module) & (EDGES | {"storage", "tui"})


@pytest.mark.parametrize("module", ["gramophone.cli", "tui.app"])
def test_the_first_frame_waits_for_nothing_heavy(module: str) -> None:
    assert not loaded_by(module) & HEAVY


def test_every_run_of_pytest_loads_next_to_nothing_of_ours() -> None:
    assert not loaded_by("gramophone.testing.pytest_plugin") & (
        EDGES | {"asyncio", "click", "storage"}
    )


def test_the_package_is_imported_for_next_to_nothing() -> None:
    assert not loaded_by("gramophone") & (EDGES | HEAVY | {"asyncio", "click", "storage"})


def test_programs_load_neither_a_screen_nor_an_sdk() -> None:
    assert not loaded_by("gramophone; gramophone.speak") & (HEAVY | {"click", "textual", "tui"})


def test_the_engine_is_not_waited_for_by_the_first_frame() -> None:
    assert not loaded_by("gramophone.cli.chat") & {"aiosqlite", "textual", "websockets"}


def test_the_screen_brings_no_other_edge_along() -> None:
    assert not loaded_by("tui.app") & {"aiosqlite", "pyaudio", "storage", "websockets"}
