"""Man pages: one for each command, which a formatter reads without a complaint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gramophone.cli.commands import cli
from gramophone.cli.manual import manual_page, manual_pages
from scripts.write_man_pages import write


def names(command: click.Command, path: str = "gramophone") -> Iterator[str]:
    yield path
    if isinstance(command, click.Group):
        for name, subcommand in command.commands.items():
            yield from names(subcommand, f"{path}-{name}")


def test_each_command_has_a_page(tmp_path: Path) -> None:
    expected = set(names(cli))
    assert write(tmp_path) == len(expected)
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.1" for name in expected}


@pytest.mark.parametrize("name", ["gramophone", "gramophone-ask", "gramophone-fixture-serve"])
def test_a_page_has_its_sections_and_options(name: str) -> None:
    page = dict(manual_pages(cli))[name]
    sections = [line[4:] for line in page.splitlines() if line.startswith(".SH ")]
    commands = ["COMMANDS"] if name == "gramophone" else []
    assert sections == [
        *("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", *commands),
        *("EXIT STATUS", "SEE ALSO"),
    ]
    assert "\\-\\-help" in page


def test_text_is_not_read_as_a_request() -> None:
    @click.group(help='.so /etc/passwd \\n[x] "quoted" -dash …\n\n\'second paragraph')
    def program() -> None: ...

    lines = manual_page(program, ()).splitlines()
    assert "\\&.so /etc/passwd \\en[x] \\(dqquoted\\(dq \\-dash \\[u2026]" in lines
    assert "\\&'second paragraph" in lines
