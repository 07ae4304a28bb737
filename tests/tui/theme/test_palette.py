"""Text can be read in every theme, and states differ where there are no shades."""

from __future__ import annotations

from typing import Any

import pytest
from rich.style import Style as RichStyle
from textual.color import Color
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES

from tests.support.scenes import KEPT, pressing, replay_state, shapes
from tests.support.screen_backend import FakeBackend, FakeLibrary, FakeReplay, kept_session
from tests.support.seeing import drawn, screen_text
from tests.support.timelines import talked
from tui.app import GramophoneApp
from tui.playback.sound_strip import SoundStrip
from tui.theme import colour_names
from tui.theme.contrast import LEAST_CONTRAST, contrast
from tui.theme.palette import colourless, grounds, inks

WITH_RGB = sorted(name for name, theme in BUILTIN_THEMES.items() if not theme.ansi)
ANSI = sorted(name for name, theme in BUILTIN_THEMES.items() if theme.ansi)
TEXTS = ("ink-plain", "ink-muted", "ink-accent", "ink-sound", "ink-warning", "ink-trouble")


def variables(name: str) -> dict[str, str]:
    theme = BUILTIN_THEMES[name]
    return {**theme.to_color_system().generate(), **theme.variables}


def drawn_on(paper: Color, name: str, colours: dict[str, str]) -> Color:
    """A colour as it is seen, by its name in `tui.theme.colour_names`."""
    values = {
        ink.split()[0]: ink.split()[1:] for ink in (*map("${}".format, TEXTS), colour_names.MUTED)
    }
    percent = next((word for word in values[f"${name}"] if word.endswith("%")), "100%")
    return paper.blend(Color.parse(colours[name]), int(percent.rstrip("%")) / 100, 1)


def test_these_are_all_the_colours_that_text_has() -> None:
    values = [value for name, value in vars(colour_names).items() if name.isupper()]
    named = {word.lstrip("$") for value in values for word in value.split() if word.startswith("$")}
    fills = {"ink-quiet", "fill", "sound-soft", "trough", "cursor-ground", "cursor-look"}
    assert named == set(TEXTS) | fills
    assert named < set(inks(variables("nord"), ansi=False))


@pytest.mark.parametrize("theme", WITH_RGB)
def test_text_can_be_read(theme: str) -> None:
    own = variables(theme)
    colours = inks(own, ansi=False)
    for name in TEXTS:
        for paper in grounds(own):
            assert contrast(drawn_on(paper, name, colours), paper) >= LEAST_CONTRAST, name


@pytest.mark.parametrize("theme", WITH_RGB)
def test_a_colour_that_can_be_read_is_left_alone(theme: str) -> None:
    own = variables(theme)
    colours = inks(own, ansi=False)
    for name, old in (("ink-accent", "accent"), ("ink-sound", "success")):
        colour = Color.parse(own[old])
        if all(contrast(colour, paper) >= LEAST_CONTRAST for paper in grounds(own)):
            assert colours[name] == colour.hex


def test_contrast_is_as_defined() -> None:
    black, white = Color(0, 0, 0), Color(255, 255, 255)
    assert contrast(black, white) == contrast(white, black) == pytest.approx(21)  # pyright: ignore[reportUnknownMemberType]
    assert contrast(Color(119, 119, 119), white) == pytest.approx(4.48, abs=0.01)  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize("theme", ANSI)
def test_quiet_and_loud_differ_without_shades(theme: str) -> None:
    colours = inks(variables(theme), ansi=True)
    assert len({colours["ink-sound"], colours["sound-soft"], colours["trough"]}) == 3
    assert (colours["ink-quiet"], colours["cursor-style"]) == ("dim", "underline")
    assert not any("%" in value for value in colours.values())


@pytest.mark.parametrize(
    ("environment", "without"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, False),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True),
        ({"TERM": "dumb"}, True),
        ({"TERM": "xterm-mono"}, True),
        ({"TERM": "vt100"}, True),
        ({}, False),
    ],
)
def test_a_terminal_without_colours_is_known(environment: dict[str, str], without: bool) -> None:
    assert colourless(environment) is without


def underlined(pilot: Pilot[Any]) -> list[str]:
    screen = pilot.app.screen
    strips = screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
    return [
        strip.text.strip()
        for strip in strips
        if any(segment.style is not None and segment.style.underline for segment in strip)
    ]


@pytest.mark.parametrize(
    ("theme", "environment", "underlining"),
    [
        ("nord", {}, False),
        ("ansi-dark", {}, True),
        ("ansi-light", {}, True),
        ("textual-dark", {"TERM": "dumb"}, True),
    ],
)
async def test_the_row_under_the_cursor_is_told_without_colour(
    theme: str, environment: dict[str, str], underlining: bool
) -> None:
    library = FakeLibrary([kept_session(2), kept_session(1)])
    app = GramophoneApp(FakeBackend(library=library), environment)
    app.theme = theme
    async with app.run_test() as pilot:
        await pilot.press("f2", "down")
        await drawn(pilot)
        assert any("Question 1?" in line for line in underlined(pilot)) is underlining


@pytest.mark.parametrize("theme", sorted(BUILTIN_THEMES))
async def test_every_theme_can_be_worn(theme: str) -> None:
    library = FakeLibrary([kept_session(1)])
    app = GramophoneApp(FakeBackend(library=library), {})
    async with app.run_test() as pilot:
        app.theme = theme
        await pilot.press("f2")
        await drawn(pilot)
        assert app.screen.has_class("-tall")


def styles(pilot: Pilot[Any], row: int) -> list[RichStyle]:
    """Style of each cell of a row."""
    screen = pilot.app.screen
    strip = screen._compositor.render_strips()[row]  # pyright: ignore[reportPrivateUsage]
    return [segment.style or RichStyle.null() for segment in strip for _ in segment.text]


def dim(pilot: Pilot[Any], row: int) -> list[bool | None]:
    return [style.dim for style in styles(pilot, row)]


def bold(pilot: Pilot[Any], row: int) -> list[bool | None]:
    return [style.bold for style in styles(pilot, row)]


@pytest.mark.parametrize("size", [(40, 12), (80, 24)])
@pytest.mark.parametrize("theme", ANSI)
async def test_what_is_to_come_steps_back_without_shades(theme: str, size: tuple[int, int]) -> None:
    backend = FakeBackend(library=FakeLibrary(KEPT))
    backend.replay_feed = FakeReplay([], state=replay_state())
    backend.library.shapes = shapes()
    app = GramophoneApp(backend, {})
    app.theme = theme
    async with app.run_test(size=size) as pilot:
        await pressing("f2", "r")(pilot)
        bar = app.screen.query_one(SoundStrip).region
        row = bar.y
        line = screen_text(pilot).split("\n")[row]
        here = bold(pilot, row).index(True)
        quiet = [
            at for at in range(bar.x, bar.right) if line[at] not in " ╹" and dim(pilot, row)[at]
        ]
        assert min(quiet) > here
        assert max(quiet) == len(line.rstrip()) - 1
        if bar.height == 1:
            assert line.count("╹") == 3, "the turns are seen where they were played, too"


@pytest.mark.parametrize("theme", ANSI)
async def test_the_grid_steps_back_behind_the_bars(theme: str) -> None:
    app = GramophoneApp(talked(), {})
    app.theme = theme
    async with app.run_test() as pilot:
        await pressing("f2", "enter", "w")(pilot)
        lines = screen_text(pilot).split("\n")
        row = next(n for n, line in enumerate(lines) if line.count("┊") > 1)
        line, quiet = lines[row], dim(pilot, row)
        assert all(quiet[at] for at, character in enumerate(line) if character == "┊")
