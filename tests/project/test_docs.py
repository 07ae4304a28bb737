"""If the docs say it, it is so: commands, settings, events, lengths."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gramophone.cli.commands import cli
from gramophone.config import loading
from gramophone.config.file_reader import FILE_SETTINGS, KEYS_TABLE
from gramophone.library.export_request import FORMS
from scripts.document_events import PAGE, page
from tests.support.paths import ROOT


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(group: click.Group, path: str = "gramophone") -> dict[str, click.Command]:
    by_path: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            by_path |= commands(command, f"{path} {name}")
        else:
            by_path[f"{path} {name}"] = command
    return by_path


def test_every_command_is_documented_and_has_help() -> None:
    documented = text("docs/commands.md")
    for name, command in commands(cli).items():
        assert f"`{name}" in documented, name
        assert command.help, name


def test_the_list_of_commands_cuts_no_sentence() -> None:
    """At 80 columns click ends a sentence that does not fit with dots."""
    listed = CliRunner().invoke(cli, ["--help"]).output
    listed += CliRunner().invoke(cli, ["fixture", "--help"]).output
    rows = [line for line in listed.splitlines() if line.startswith("  ")]
    assert [line for line in rows if line.endswith("...")] == []


def test_every_export_format_is_documented() -> None:
    table = [line for line in text("docs/commands.md").splitlines() if line.startswith("| `")]
    documented = {name for line in table for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert set(FORMS) <= documented


def test_every_setting_and_variable_is_documented() -> None:
    documented = text("docs/config.md")
    block = documented.split("## config.toml")[1].split("\nA setting")[0]
    tables = tomllib.loads("\n".join(line[4:] for line in block.splitlines()))
    listed = {(table, name) for table, entries in tables.items() for name in entries}
    assert {table for table, _ in listed - set(FILE_SETTINGS)} == {KEYS_TABLE}
    listed = {(table, name) for table, name in listed if table != KEYS_TABLE}
    assert listed == set(FILE_SETTINGS)
    for variable in (*loading.ENVIRONMENT, "GRAMOPHONE_HOME"):
        assert f"`{variable}`" in documented


def test_the_example_of_the_settings_is_accepted(tmp_path: Path) -> None:
    block = text("docs/config.md").split("## config.toml")[1].split("\nA setting")[0]
    example = "\n".join(line[4:] for line in block.splitlines())
    (tmp_path / "config.toml").write_text(example)
    loaded = loading.load({"GRAMOPHONE_HOME": str(tmp_path)})
    assert (loaded.provider, loaded.system_prompt) == ("local", "Be brief.")


def test_the_page_of_events_is_made_from_the_vocabulary() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    readme = text("README.md")
    assert len(readme.splitlines()) <= 150
    for part in readme.split("](")[1:]:
        target = part.split(")")[0].split("#")[0]
        assert target.startswith("http") or (ROOT / target).exists(), target


PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
_FILE = re.compile(r"\b(?:benchmarks|fixtures|gramophone|scripts|storage|tests|tui)/[\w/.-]+\.\w+")
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`|`(?:…|)::(\w+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        return  # it tells of files that were
    missing = [name for name in _FILE.findall(page.read_text()) if not (ROOT / name).exists()]
    assert missing == []


def test_every_test_of_a_promise_is_there() -> None:
    missing: list[str] = []
    for line in (ROOT / "docs" / "promises.md").read_text().splitlines():
        file = ""
        for match_ in _TEST.finditer(line):
            file, name = match_[1] or file, match_[2] or match_[3]
            if file and f"def {name}(" not in (ROOT / file).read_text():
                missing.append(f"{file}::{name}")
    assert missing == []


def test_every_class_and_method_on_the_way_is_there() -> None:
    """A journey that names what was renamed leads nobody anywhere."""
    code = "\n".join(
        path.read_text()
        for root in ("gramophone", "storage", "tui")
        for path in (ROOT / root).rglob("*.py")
    )
    page = (ROOT / "docs" / "architecture.md").read_text()
    for name, _, method in re.findall(r"`([A-Z]\w+)(\.(\w+))?`", page):
        assert re.search(rf"^ *class {name}\b|^{name}\b.*=", code, re.MULTILINE), name
        assert not method or re.search(rf"def {method}\(", code), f"{name}.{method}"
