"""The query of a Speak v2 connection: what is asked for, and every refusal."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.wire.deepgram.speak_v1.parameters import ParameterRefused, SpeakParameters
from gramophone.wire.deepgram.speak_v2.parameters import (
    FLUX_SAMPLE_RATES_HZ,
    FluxParameters,
    speed_refusal,
)

MODEL = "model=flux-haley-en"


def refused(query: str) -> ParameterRefused:
    with pytest.raises(ParameterRefused) as caught:
        FluxParameters.from_query(query)
    return caught.value


def test_a_model_is_enough() -> None:
    assert FluxParameters.from_query(MODEL) == FluxParameters(model="flux-haley-en")


def test_everything_is_read_in_any_order() -> None:
    query = (
        "tag=one&speed=1.15&mip_opt_out=true&sample_rate=44100&tag=two&encoding=linear16"
        f"&expressivity=-2&{MODEL}"
    )
    assert FluxParameters.from_query(query) == FluxParameters(
        model="flux-haley-en",
        sample_rate_hz=44_100,
        speed=1.15,
        expressivity=-2,
        mip_opt_out=True,
        tags=("one", "two"),
    )


def test_telephone_sound_has_its_own_rate() -> None:
    parameters = FluxParameters.from_query(f"{MODEL}&encoding=mulaw")
    assert (parameters.sample_rate_hz, parameters.bytes_per_second) == (8_000, 8_000)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "The parameter 'model' is required."),
        ("model=aura-2-thalia-en", "No such model/language/tier combination found."),
        ("model=flux-en", "No such model/language/tier combination found."),
        (f"{MODEL}&encoding=mp3", "Unsupported encoding 'mp3' for streaming."),
        (f"{MODEL}&encoding=opus", "Unsupported encoding 'opus' for streaming."),
        (f"{MODEL}&sample_rate=22050", "Unsupported sample_rate 22050 for 'linear16'."),
        (f"{MODEL}&sample_rate=x", "sample_rate must be a whole number."),
        (f"{MODEL}&encoding=alaw&sample_rate=24000", "Unsupported sample_rate 24000 for 'alaw'."),
        (f"{MODEL}&speed=fast", "speed must be a number."),
        (f"{MODEL}&expressivity=very", "expressivity must be a whole number."),
        (f"{MODEL}&mip_opt_out=maybe", "mip_opt_out must be true or false."),
    ],
)
def test_refusals_without_a_code_of_their_own(query: str, message: str) -> None:
    refusal = refused(query)
    assert (refusal.code, str(refusal)) == ("Bad Request", message)


@pytest.mark.parametrize(
    "name", ["container", "bit_rate", "callback", "callback_method", "priority", "speech_id"]
)
def test_parameters_of_rest_and_unknown_ones_are_refused(name: str) -> None:
    assert str(refused(f"{MODEL}&{name}=none")) == f"Unknown or unsupported parameter '{name}'."


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("speed=0.45", "SPEED_OUT_OF_RANGE"),
        ("speed=1.55", "SPEED_OUT_OF_RANGE"),
        ("speed=-1", "SPEED_OUT_OF_RANGE"),
        ("speed=1.07", "SPEED_INCREMENT_INVALID"),
        ("expressivity=3", "EXPRESSIVITY_OUT_OF_RANGE"),
        ("expressivity=-2.5", "EXPRESSIVITY_OUT_OF_RANGE"),
        ("expressivity=1.5", "EXPRESSIVITY_INCREMENT_INVALID"),
    ],
)
def test_refusals_with_a_code_of_their_own(query: str, code: str) -> None:
    assert refused(f"{MODEL}&{query}").code == code


def test_a_language_without_speed_refuses_any() -> None:
    assert refused("model=flux-haley-es&speed=1.0").code == "SPEED_NOT_SUPPORTED"
    assert FluxParameters.from_query("model=flux-haley-es").speed is None


def test_every_step_of_speed_is_taken_and_nothing_between() -> None:
    for hundredths in range(50, 151):
        refusal = speed_refusal("flux-haley-en", hundredths / 100)
        assert (refusal is None) == (hundredths % 5 == 0)


def test_a_voice_hears_of_the_speed_that_holds() -> None:
    parameters = FluxParameters(model="flux-haley-en", speed=0.9)
    assert parameters.sounding() == SpeakParameters(model="flux-haley-en", speed=0.9)
    assert parameters.sounding(1.2).speed == 1.2


parameters = st.sampled_from(sorted(FLUX_SAMPLE_RATES_HZ)).flatmap(
    lambda encoding: st.builds(
        FluxParameters,
        model=st.sampled_from(["flux-haley-en", "flux-kit-en", "flux-mary-ann-en"]),
        encoding=st.just(encoding),
        sample_rate_hz=st.sampled_from(FLUX_SAMPLE_RATES_HZ[encoding]),
        speed=st.none() | st.integers(10, 30).map(lambda steps: steps / 20),
        expressivity=st.integers(-2, 2),
        mip_opt_out=st.booleans(),
        tags=st.lists(st.text(st.characters(exclude_categories=["Cs"]))).map(tuple),
    )
)


@given(parameters)
def test_what_is_asked_for_is_read_again(parameters: FluxParameters) -> None:
    assert FluxParameters.from_query(parameters.to_query()) == parameters


@given(st.text())
def test_any_query_is_read_or_refused(query: str) -> None:
    with suppress(ParameterRefused):
        parameters = FluxParameters.from_query(query)
        assert FluxParameters.from_query(parameters.to_query()) == parameters
