"""Scenarios: a dozen lines say what a stand-in says, and what is wrong is said in a sentence."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.standin.faults import Fault, FaultName
from gramophone.standin.source.scenario import ScenarioError, ScenarioSound, scenario
from gramophone.standin.source.speech import RecordedSegment
from gramophone.standin.voice import Break
from gramophone.wire.deepgram.listen_v1.recorded_server import RecordedTranscripts
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.llm.answer import (
    AnswerFailure,
    ModelAnswer,
    TextPiece,
    ThinkingPiece,
    ToolPiece,
)
from gramophone.wire.llm.served_windows import ServedWindow
from gramophone.wire.refusal_details import RefusalDetails
from tests.support.paths import ROOT

SAYS_THIS_THEN_FAILS = """
title = "Says this, then fails"

[[answer]]
asked = "Why is the sky blue?"
text = "Because of scattering."
first_ms = 200
delta_ms = 20
fails = {status = 529, kind = "overloaded_error", message = "Overloaded"}

[[say]]
text = "Because of scattering."
first_ms = 150
ends = "1011 NET-0000"
"""


def no_wav(name: str) -> ScenarioSound:
    raise AssertionError(name)


def beep(name: str) -> ScenarioSound:
    rates_hz = {"a.wav": 8_000, "b.wav": 8_000, "c.wav": 16_000}
    return ScenarioSound(rates_hz[name], name.encode() * 100)


def test_a_dozen_lines_say_this_then_fail() -> None:
    script = scenario(SAYS_THIS_THEN_FAILS, no_wav)
    assert script.title == "Says this, then fails"
    assert script.prompts == ("Why is the sky blue?",)
    assert script.answers == (
        ModelAnswer(
            prompt="Why is the sky blue?",
            pieces=(
                TextPiece("Because ", 200_000),
                TextPiece("of ", 220_000),
                TextPiece("scattering.", 240_000),
            ),
            failure=AnswerFailure("overloaded_error", "Overloaded", 529, in_stream=True),
        ),
    )
    assert script.speech is not None
    assert script.speech.segments == (
        RecordedSegment(
            "Because of scattering.", None, first_us=150_000, ends=Break(1011, "NET-0000")
        ),
    )


def test_json_says_the_same() -> None:
    document = {"answer": [{"text": "Yes."}], "faults": ["slow-first-byte=300"]}
    document |= {"models": ["m", "n"], "betas": ["b"]}
    document |= {"context": {"tokens": 4096, "server": "ollama"}}
    script = scenario(json.dumps(document), no_wav, is_json=True)
    assert script.answers == (ModelAnswer(prompt=None, pieces=(TextPiece("Yes."),)),)
    assert script.prompts == ()
    assert script.faults == (Fault(FaultName.SLOW_FIRST_BYTE, 300),)
    assert (script.models, script.betas) == (("m", "n"), ("b",))
    assert script.window == ServedWindow(4096, "ollama")
    assert script.speech is None


def test_an_answer_may_think_and_call_tools() -> None:
    (answer,) = scenario(
        """
        [[answer]]
        thinking = "Hm."
        text = "Let me see."
        tools = [{name = "weather", arguments = {city = "Köln"}}, {name = "time", id = "t1"}]
        input_tokens = 7
        """,
        no_wav,
    ).answers
    assert answer.finish_reason == "tool_calls"
    assert answer.input_tokens == 7
    assert answer.pieces == (
        ThinkingPiece("Hm."),
        TextPiece("Let "),
        TextPiece("me "),
        TextPiece("see."),
        ToolPiece(0, "", "weather", '{"city": "K\\u00f6ln"}'),
        ToolPiece(1, "t1", "time", "{}"),
    )


def test_a_refusal_comes_instead_of_an_answer() -> None:
    (answer,) = scenario("[[answer]]\nfails = {status = 429}", no_wav).answers
    assert answer.pieces == ()
    assert answer.failure == AnswerFailure("", "", 429, in_stream=False)


def test_a_refusal_has_headers_and_a_body() -> None:
    script = scenario(
        """
        faults = ["refuse=402"]
        [[answer]]
        fails = {status = 529, retry_after_s = 0, headers = {x-should-retry = "true"}, body = ""}
        [[refuse]]
        path = "/v1/speak"
        connection = 1
        status = 429
        message = "Slow down."
        retry_after_s = 2
        body = {error = "slow"}
        """,
        no_wav,
    )
    assert script.answers[0].failure == AnswerFailure(
        "", "", 529, False, RefusalDetails(0, (("x-should-retry", "true"),), "")
    )
    refused = Fault(
        FaultName.REFUSE,
        429,
        connection=1,
        text="Slow down.",
        path="/v1/speak",
        details=RefusalDetails(2, (), '{"error": "slow"}'),
    )
    assert script.faults == (refused, Fault(FaultName.REFUSE, 402))


def test_sound_comes_from_files_beside_it() -> None:
    speech = scenario(
        """
        [[say]]
        text = "A."
        wav = "a.wav"
        [[say]]
        text = "Bee."
        [[say]]
        text = "B."
        wav = "b.wav"
        ends = "drop"
        """,
        beep,
    ).speech
    assert speech is not None
    assert (speech.encoding, speech.sample_rate_hz) == ("linear16", 8_000)
    a, bee, b = speech.segments
    assert b"".join(pcm for _, pcm in a.frames or ()) == b"a.wav" * 100
    assert {len(pcm) for _, pcm in (a.frames or ())[:-1]} == {320}
    assert bee.frames is None
    assert b.ends == Break(1006, "")


def test_an_utterance_has_the_length_of_its_text_of_its_file_or_as_given() -> None:
    source = scenario(
        """
        [[hear]]
        text = "Why is it blue?"
        [[hear]]
        text = "And the sea?"
        wav = "a.wav"
        [[hear]]
        text = "Yes."
        duration_ms = 300
        after_ms = 0
        """,
        beep,
    )
    assert source.speech is None
    assert source.transcripts == RecordedTranscripts(
        turns=(
            Utterance("Why is it blue?", 880_000),
            Utterance("And the sea?", 31_250),
            Utterance("Yes.", 300_000, after_us=0),
        ),
        voice_activated=True,
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[answer", "The scenario is not valid TOML: "),
        ("title = 3", "title in the scenario is a text in quotes."),
        (
            "context = {tokens = 1, server = 'x'}",
            "context.server in the scenario must be one of llam",
        ),
        (
            "context = {server = 'vllm'}",
            "context.tokens in the scenario is needed, and is above 0.",
        ),
        ("voice = 'x'", "A scenario has no key voice; there are: title, faults, models, betas,"),
        ("[[hear]]", "hear[0].text in the scenario is needed."),
        ("[[hear]]\ntext = '–'", "hear[0].text in the scenario needs a word that can be heard."),
        (
            "[[hear]]\ntext = 'x'\nsay = 1",
            "A scenario has no key hear[0].say; there are: text, wav,",
        ),
        (
            "[[hear]]\ntext = 'x'\nafter_ms = -1",
            "hear[0].after_ms in the scenario is a whole number",
        ),
        (
            "[[hear]]\ntext = 'x'\nduration_ms = 0",
            "hear[0].duration_ms in the scenario is from 1 ms",
        ),
        (
            "[[hear]]\ntext = 'x'\nduration_ms = 9\nwav = 'a.wav'",
            "hear[0].duration_ms in the scenario is the length of the WAV file; leave one of",
        ),
        ("answer = 1", "answer in the scenario is a list of tables, each under [[answer]]."),
        ("answer = [1]", "answer[0] must be a table."),
        ("[[answer]]\nwords = 'x'", "A scenario has no key answer[0].words; there are: asked,"),
        ("[[answer]]\nfirst_ms = -1", "answer[0].first_ms in the scenario is a whole number"),
        ("[[answer]]\nfirst_ms = true", "answer[0].first_ms in the scenario is a whole number"),
        ("[[answer]]\nfinish = 'x'", "answer[0].finish in the scenario is one of stop, length,"),
        ("[[answer]]\nfails = 3", "answer[0].fails must be a table."),
        ("[[answer]]\nfails = {status = 200}", "answer[0].fails.status in the scenario is an HTTP"),
        (
            "[[answer]]\nfails = {retry_after_s = 'soon'}",
            "answer[0].fails.retry_after_s in the scenario is a whole number from 0.",
        ),
        ("[[refuse]]\npath = '/v1/speak'", "refuse[0].status in the scenario is an HTTP status"),
        ("[[refuse]]\nstatus = 429\npath = 'speak'", "refuse[0].path in the scenario begins with"),
        (
            "[[refuse]]\nstatus = 429\nkind = 'x'",
            "A scenario has no key refuse[0].kind; there are:",
        ),
        (
            "[[refuse]]\nstatus = 429\nheaders = {'a b' = 'c'}",
            "refuse[0].headers in the scenario cannot have a header 'a b'.",
        ),
        (
            "[[refuse]]\nstatus = 429\nheaders = {Content-Length = '3'}",
            "refuse[0].headers in the scenario cannot have a header 'Content-Length'.",
        ),
        (
            '[[refuse]]\nstatus = 429\nheaders = {a = "b\\nc: d"}',
            "refuse[0].headers.a in the scenario is a text in quotes, of printable ASCII.",
        ),
        (
            "[[refuse]]\nstatus = 429\nbody = 3",
            "refuse[0].body in the scenario is a text in quotes, or a table that is sent as JSON.",
        ),
        (
            "[[refuse]]\nstatus = 429\nbody = {at = 2026-01-01}",
            "refuse[0].body in the scenario has a value that JSON has not, as a date.",
        ),
        ("[[answer]]\ntools = [{}]", "answer[0].tools[0].name in the scenario is needed."),
        (
            "[[answer]]\ntools = [{name = 'a', arguments = 'b'}]",
            "answer[0].tools[0].arguments in the scenario is a table.",
        ),
        ("[[say]]\nwav = 'a.wav'", "say[0].text in the scenario is needed."),
        ("[[say]]\ntext = 'a'\nends = 'soon'", 'say[0].ends in the scenario is "drop" or a close'),
        ("[[say]]\ntext = 'a'\nends = '99'", 'say[0].ends in the scenario is "drop" or a close'),
        ("faults = ['no']", "The scenario's faults: There is no fault 'no'; choose one of "),
        ("models = 'no'", "models in the scenario is a list of texts."),
        ("faults = 'no'", "faults in the scenario is a list of texts."),
        (
            "[[say]]\ntext = 'a'\nwav = 'a.wav'\n[[say]]\ntext = 'c'\nwav = 'c.wav'",
            "The WAV files of the scenario have several rates (8000, 16000 Hz).",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario(text, beep)
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["[]", "3", "null", "{", "[" * 100_000])
def test_json_that_is_no_scenario_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError):
        scenario(text, no_wav, is_json=True)


KEYS = st.sampled_from(
    "title faults answer say text asked tools fails wav ends first_ms status name arguments "
    "refuse path connection headers body retry_after_s".split()
)


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(1e300)
TABLES = st.dictionaries(KEYS, VALUES, max_size=4)


@given(st.dictionaries(KEYS, VALUES | TABLES | st.lists(TABLES | VALUES, max_size=3), max_size=4))
def test_whatever_it_says_it_is_read_or_refused(document: dict[str, object]) -> None:
    with suppress(ScenarioError):
        scenario(json.dumps(document), lambda _: ScenarioSound(8_000, b"\0\0"), is_json=True)


def test_the_page_that_documents_it_tells_the_truth() -> None:
    page = (ROOT / "docs" / "stand-in.md").read_text()
    _, *blocks = page.split("```toml")
    assert blocks
    for block in blocks:
        assert scenario(block.partition("```")[0], beep).answers
