"""A project of somebody else's, for the tests of the plugin."""

from __future__ import annotations

import os
import tomllib

import pytest

from tests.support.paths import ROOT
from tests.support.plugin_projects import example

OF_NO_USE = ("textual-snapshot", "syrupy", "hypothesispytest", "anyio", "platformdirs")
"""Plugins that are installed here for our own tests; they take six times as long to load as pytest
itself."""

ASKING = """
import json
import urllib.request

def ask(standin, question):
    body = {"model": "any", "messages": [{"role": "user", "content": question}]}
    request = urllib.request.Request(
        standin.openai_base_url + "/chat/completions",
        json.dumps(body).encode(),
        {"content-type": "application/json", "authorization": "Bearer any"},
    )
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)["choices"][0]["message"]["content"]
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with our plugin installed, as pyproject.toml has it, and the page's scenario."""
    installed = pytester.mkdir("site")
    metadata = installed / "gramophone-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: gramophone\nVersion: 0\n")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    points = settings["project"]["entry-points"]["pytest11"]
    lines = [f"{name} = {module}\n" for name, module in points.items()]
    (metadata / "entry_points.txt").write_text("[pytest11]\n" + "".join(lines))
    monkeypatch.setenv("PYTHONPATH", f"{installed}{os.pathsep}{ROOT}")
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in OF_NO_USE))
    pytester.makefile(".toml", sky=example("toml"))
    pytester.makepyfile(asking=ASKING)
    return pytester
