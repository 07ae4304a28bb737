"""Textual's stylesheets, parsed once a worker instead of once an app."""

from __future__ import annotations

from typing import Any

from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

_parse: Any = getattr(Stylesheet, "_parse_rules")  # noqa: B009
_parsed: dict[tuple[object, ...], list[RuleSet]] = {}


def parse_once() -> None:
    """Share what Textual keeps for one app among all: a tenth of what a test's screen costs.

    The rules depend on the text, its place and the variables of the theme; each is in the key.
    """

    def parse(sheet: Stylesheet, *arguments: Any, **options: Any) -> list[RuleSet]:
        variables: dict[str, str] = getattr(sheet, "_variables")  # noqa: B009
        key = (arguments, *options.items(), *variables.items())
        if key not in _parsed:
            _parsed[key] = _parse(sheet, *arguments, **options)
        return _parsed[key]

    setattr(Stylesheet, "_parse_rules", parse)  # noqa: B010
