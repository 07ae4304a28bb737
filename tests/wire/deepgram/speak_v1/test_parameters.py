"""The query of a Speak v1 connection: defaults, order, and every reason for a 400."""

from __future__ import annotations

import pytest

from gramophone.wire.deepgram.speak_v1.parameters import (
    ENCODINGS,
    SAMPLE_RATES_HZ,
    ParameterRefused,
    SpeakParameters,
    bytes_per_sample,
)


def test_an_empty_query_means_the_old_voice_at_24_khz() -> None:
    assert SpeakParameters.from_query("") == SpeakParameters(
        model="aura-asteria-en", encoding="linear16", sample_rate_hz=24000
    )


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
def test_telephone_encodings_default_to_8_khz(encoding: str) -> None:
    assert SpeakParameters.from_query(f"encoding={encoding}").sample_rate_hz == 8000


def test_order_and_unknown_parameters_do_not_matter() -> None:
    first = "tag=x&sample_rate=48000&mip_opt_out=False&model=aura-2-thalia-en&bit_rate=1"
    second = "model=aura-2-thalia-en&encoding=linear16&container=none&sample_rate=48000"
    assert SpeakParameters.from_query(first) == SpeakParameters.from_query(second)


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("model=nova-3", "No such model/language/tier combination found."),
        ("model=", "No such model/language/tier combination found."),
        ("encoding=opus", "Unsupported encoding 'opus' for streaming."),
        ("sample_rate=44100", "Unsupported sample_rate 44100 for 'linear16'."),
        ("encoding=mulaw&sample_rate=24000", "Unsupported sample_rate 24000 for 'mulaw'."),
        ("sample_rate=fast", "sample_rate must be a whole number."),
        ("sample_rate=٤٨", "sample_rate must be a whole number."),
        ("container=wav", "Unsupported container 'wav' for streaming."),
        ("model=aura-2-thalia-en&speed=1.6", "speed must be between 0.7 and 1.5."),
        ("model=aura-2-thalia-en&speed=nan", "speed must be a number."),
        ("model=aura-asteria-en&speed=1.1", "speed is not supported by model 'aura-asteria-en'."),
        ("mip_opt_out=maybe", "mip_opt_out must be true or false."),
    ],
)
def test_refusals(query: str, refusal: str) -> None:
    with pytest.raises(ParameterRefused) as caught:
        SpeakParameters.from_query(query)
    assert str(caught.value) == refusal


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_asked_is_what_is_read(encoding: str) -> None:
    for sample_rate_hz in SAMPLE_RATES_HZ[encoding]:
        parameters = SpeakParameters(
            model="aura-2-sirio-es",
            encoding=encoding,
            sample_rate_hz=sample_rate_hz,
            speed=1.05,
            mip_opt_out=True,
        )
        assert SpeakParameters.from_query(parameters.to_query()) == parameters


def test_defaults_stay_out_of_the_query() -> None:
    query = SpeakParameters(model="aura-2-thalia-en", sample_rate_hz=48000).to_query()
    assert query == "model=aura-2-thalia-en&encoding=linear16&sample_rate=48000"


def test_samples_have_a_size() -> None:
    assert [bytes_per_sample(encoding) for encoding in ENCODINGS] == [2, 1, 1]
