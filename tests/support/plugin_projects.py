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


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
