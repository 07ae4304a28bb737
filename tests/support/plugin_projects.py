"""A project of somebody else's, whose tests have our plugin: the page's examples, and their run."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "stand-in.md").read_text(encoding="utf-8")


def example(language: str) -> str:
    """A block of the section on pytest."""
    section = PAGE.split("## In pytest\n")[1].split("\n## ")[0]
    (block,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return block


# Plugins for our own tests, which the project does not use: to import them takes half a second.
_LEFT_OUT = ("cacheprovider", "hypothesispytest", "syrupy", "textual-snapshot")


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    left_out = [part for name in _LEFT_OUT for part in ("-p", f"no:{name}")]
    return project.runpytest_subprocess(*left_out, *arguments)
