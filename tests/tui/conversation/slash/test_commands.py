"""Slash commands, as they are read and completed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.sanitize import plain_line
from tui.conversation.slash.commands import (
    COMMANDS,
    Given,
    Prose,
    Refused,
    complete,
    declared,
    read,
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Hello", Prose("Hello")),
        ("a /model b", Prose("a /model b")),
        ("/model gpt-5-mini", Given("model", "gpt-5-mini")),
        ("/MODEL  gpt-5-mini ", Given("model", "gpt-5-mini")),
        ("/model", Given("model", "")),
        ("/quit", Given("quit", "")),
        ("/system Be brief.\nBe kind.", Given("system", "Be brief.\nBe kind.")),
        ("/system\nBe brief.", Given("system", "Be brief.")),
        ("//model is a word", Prose("/model is a word")),
        ("///", Prose("//")),
        ("/usr/bin/env is where?", Prose("/usr/bin/env is where?")),
        ("/quit now", Refused("/quit takes nothing after it.")),
        ("/model a\nb", Refused("/model takes one line.")),
        (
            "/modle x",
            Refused("There is no command /modle; try /model, or begin with // to send it as text."),
        ),
        (
            "/ x",
            Refused("There is no command /; /help lists them; begin with // to send it as text."),
        ),
    ],
)
def test_is_read_as(text: str, meant: object) -> None:
    assert read(text, COMMANDS) == meant


def test_a_command_without_a_handler_is_unknown() -> None:
    refused = read("/fork", declared("quit", "help"))
    assert isinstance(refused, Refused)
    assert "/fork" in refused.sentence


def test_a_name_that_is_not_in_the_registry_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="frok"):
        declared("frok")


@given(st.text())
def test_no_text_is_lost_or_half_read(text: str) -> None:
    """Whatever is typed goes out whole, is a known command, or is refused with one line."""
    meant = read(text, COMMANDS)
    match meant:
        case Prose(sent):
            assert sent == text or (text.startswith("//") and sent == text[1:])
        case Given(name, argument):
            assert text.lower().startswith(f"/{name}")
            assert text.rstrip().endswith(argument)
        case Refused(sentence):
            assert text.startswith("/")
            assert sentence == plain_line(sentence)


@given(st.text())
def test_any_text_can_be_sent_with_a_second_slash(text: str) -> None:
    assert read(f"//{text}", COMMANDS) == Prose(f"/{text}")


def labels(line: str, cursor: int | None = None) -> list[str]:
    offer = complete(line, len(line) if cursor is None else cursor, KNOWN)
    return [candidate.label for candidate in offer.candidates] if offer else []


KNOWN = declared(
    "model", "mute", "unmute", "quit", choices={"model": lambda: ("gpt-5", "gpt-5-mini", "o9")}
)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("/", ["/model MODEL", "/mute", "/unmute", "/quit"]),
        ("/mu", ["/mute", "/unmute"]),
        ("/md", ["/model MODEL"]),
        ("/model ", ["gpt-5", "gpt-5-mini", "o9"]),
        ("/model  mini", ["gpt-5-mini"]),
        ("/model gpt-5", ["gpt-5", "gpt-5-mini"]),
        ("/quit ", []),
        ("/xyz", []),
        ("//", []),
        ("/usr/", []),
        ("model", []),
        ("", []),
    ],
)
def test_offers(line: str, offered: list[str]) -> None:
    assert labels(line) == offered


def test_what_is_taken_stands_for_the_whole_word() -> None:
    offer = complete("/mo gpt", 3, KNOWN)
    assert offer is not None
    assert (offer.start, offer.end, offer.chosen.text) == (0, 3, "/model ")


def test_the_argument_that_stands_there_is_the_first_choice() -> None:
    """Enter sends it then, although a longer name begins with it."""
    offer = complete("/model gpt-5", 12, KNOWN)
    assert offer is not None
    assert not offer.taken_by_enter("/model gpt-5")
    assert offer.moved(1).taken_by_enter("/model gpt-5")


def test_an_argument_that_was_typed_stays_unless_another_is_chosen() -> None:
    offer = complete("/model mini", 11, KNOWN)
    assert offer is not None
    assert not offer.taken_by_enter("/model mini")
    assert offer.moved(1).taken_by_enter("/model mini")


@given(st.text(), st.integers(0, 60))
def test_an_offer_lies_within_the_line(line: str, cursor: int) -> None:
    line = "/" + line.replace("\n", "")
    cursor = min(cursor, len(line))
    offer = complete(line, cursor, KNOWN)
    if offer is not None:
        assert 0 <= offer.start <= cursor <= offer.end <= len(line)
        assert offer.candidates
