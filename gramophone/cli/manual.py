"""Man pages in roff, made from the commands: a page for the program and one for each command."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any, Final

import click

from gramophone import __version__

SECTION: Final = 1
_SEE_ALSO: Final = "docs/commands.md and docs/config.md in the source have examples and settings."
_EXIT_CODES: Final = (
    ("0", "Success."),
    ("1", "Failure; a sentence on standard error says what failed and what to do."),
    ("2", "Wrong usage."),
    ("70", "A defect of the program."),
    ("130", "Interrupted."),
    ("141", "The reader of standard output has gone."),
)


def manual_pages(root: click.Group, program: str = "gramophone") -> Iterator[tuple[str, str]]:
    """Name and text of each page, without the suffix of its file: `gramophone-fixture-serve`."""
    yield from _pages(root, [program], None)


def manual_page(root: click.Group, words: tuple[str, ...], program: str = "gramophone") -> str:
    """The page of the command that these words name.

    Raises:
        KeyError: there is no such command.
    """
    return dict(manual_pages(root, program))["-".join((program, *words))]


def _pages(
    command: click.Command, path: list[str], parent: click.Context | None
) -> Iterator[tuple[str, str]]:
    settings: MutableMapping[str, Any] = command.context_settings
    context = click.Context(command, info_name=path[-1], parent=parent, **settings)
    yield "-".join(path), "\n".join(_lines(command, path, context)) + "\n"
    if isinstance(command, click.Group):
        for name, subcommand in command.commands.items():
            yield from _pages(subcommand, [*path, name], context)


def _lines(command: click.Command, path: list[str], context: click.Context) -> Iterator[str]:
    title = "-".join(path)
    yield f'.TH "{_text(title.upper())}" {SECTION} "" "Gramophone {__version__}" "Commands"'
    yield from (".SH NAME", f"{_text(title)} \\- {_text(_summary(command))}", ".SH SYNOPSIS")
    pieces = " ".join(command.collect_usage_pieces(context))
    yield from (f".B {_text(' '.join(path))}", _text(pieces), ".SH DESCRIPTION")
    for number, paragraph in enumerate(_paragraphs(command)):
        yield from ([".PP"] if number else [])
        yield _text(paragraph)
    options = [
        row for item in command.get_params(context) if (row := item.get_help_record(context))
    ]
    if options:
        yield ".SH OPTIONS"
        yield from _definitions(options)
    if isinstance(command, click.Group):
        yield ".SH COMMANDS"
        rows = [(name, _summary(item)) for name, item in command.commands.items()]
        yield from _definitions([(f"{' '.join(path)} {name}", words) for name, words in rows])
    yield ".SH EXIT STATUS"
    yield from _definitions(_EXIT_CODES)
    yield from (".SH SEE ALSO", _text(_SEE_ALSO))


def _definitions(rows: list[tuple[str, str]] | tuple[tuple[str, str], ...]) -> Iterator[str]:
    for term, words in rows:
        yield from (".TP", f".B {_text(term)}", _text(words))


def _paragraphs(command: click.Command) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", command.help or "") if part]


def _summary(command: click.Command) -> str:
    """The first sentence of the help, as the list of commands has it."""
    return command.get_short_help_str(limit=200).rstrip(".")


def _text(text: str) -> str:
    """Text that roff prints as it is, on one line and in ASCII."""
    escaped = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    ascii_only = "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in escaped)
    return f"\\&{ascii_only}" if ascii_only.startswith((".", "'")) else ascii_only
