"""Options with which a stored session goes on, and the pane that shows it from the first frame."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gramophone.ports.backend import AvailableOptions, ConversationOptions
from tests.support.screen_backend import FakeBackend, kept_session
from tests.support.seeing import drawn, screen_words
from tui.app import GramophoneApp
from tui.conversation.pane_grid import StoredTalk
from tui.conversation.resuming import continuation

RECORD = kept_session(1)
CHOICES = AvailableOptions(("local",), {"local": ("smollm2",)}, ("thalia",))
OWN = ConversationOptions(
    provider="local", model="smollm2", voice="thalia", system_prompt="Be brief."
)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ((), OWN),
        (("model",), replace(OWN, provider="", model="")),
        (("provider",), replace(OWN, provider="", model="")),
        (("voice",), replace(OWN, voice="")),
        (("system",), replace(OWN, system_prompt="")),
    ],
    ids=["nothing", "model", "provider", "voice", "system"],
)
def test_what_the_command_line_names_holds(
    named: tuple[str, ...], expected: ConversationOptions
) -> None:
    assert continuation(RECORD, {}, CHOICES, named)[0] == expected


def test_a_provider_and_a_voice_that_are_gone_are_left_out() -> None:
    choice, messages = continuation(RECORD, {}, AvailableOptions(("openai",), {}, ("luna",)))
    assert choice == ConversationOptions(system_prompt="Be brief.")
    assert [message.text for message in messages] == ["Question 1?", "Answer **1** to it."]


async def test_the_app_opens_with_a_session_that_goes_on() -> None:
    backend = FakeBackend()
    choice, inherited = continuation(RECORD, {}, CHOICES)
    resume = StoredTalk(RECORD, choice, inherited)
    async with GramophoneApp(backend, {}, resume=resume).run_test() as pilot:
        await drawn(pilot)
        assert "Answer 1 to it." in screen_words(pilot)
        (talk,) = backend.talks
        assert talk.resumed == RECORD.summary.id
        assert (talk.choice, talk.heard) == (OWN, True)
