"""Speech services by name: tables of the file, presets, and addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from gramophone.config.config import Config
from gramophone.config.loading import choose, load
from gramophone.core.errors import ConfigError

NO_KEYS: dict[str, str] = {}
OPENAI = {"OPENAI_API_KEY": "sk-1"}
DEEPGRAM = {"DEEPGRAM_API_KEY": "dg-1"}


def loaded(
    tmp_path: Path, text: str = "", environment: dict[str, str] = NO_KEYS, **flags: object
) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load({"GRAMOPHONE_HOME": str(tmp_path), **environment}, file, **flags)


MINE = """
[voices.mine]
protocol = "openai-speech"
base_url = "http://127.0.0.1:8880/v1/audio/speech"
model = "kokoro"
voice = "af_sky"
key_env = "MY_KEY"
instructions = "Sing."
speed = 1.5
response_format = "wav"
stream_format = "sse"
timeout_s = 30
"""


def test_a_table_is_chosen_by_its_name(tmp_path: Path) -> None:
    config = loaded(tmp_path, MINE, {"MY_KEY": "k-1", **OPENAI}, voice="mine")
    service = config.voice_service
    assert (service.protocol, service.base_url) == ("openai-speech", "http://127.0.0.1:8880/v1")
    assert (service.model, service.voice, service.instructions) == ("kokoro", "af_sky", "Sing.")
    assert (service.response_format, service.stream_format) == ("wav", "sse")
    assert (config.voice_name, config.speech_rate_hz) == ("mine/af_sky", 24_000)
    assert (config.voice_speed, service.timeout_s) == (1.5, 30)
    # One key goes to one service, and all of them are kept out of recordings.
    assert service.key == "k-1"
    assert set(config.secrets) == {"k-1", "sk-1"}
    assert "k-1" not in repr(config)


def test_another_voice_of_the_service_is_named_alone_or_with_it(tmp_path: Path) -> None:
    config = loaded(tmp_path, MINE, {"MY_KEY": "k"}, voice="mine/af_nova")
    assert config.voice_name == "mine/af_nova"
    assert choose(config, voice="bm_george").voice_name == "mine/bm_george"
    assert choose(config, voice="mine/bm_george").voice_name == "mine/bm_george"
    assert choose(config, voice="piper").embedded_voice


def test_the_presets_need_a_word_and_a_key(tmp_path: Path) -> None:
    config = loaded(tmp_path, environment=OPENAI, voice="openai/coral")
    service = config.voice_service
    assert (service.base_url, service.key) == ("https://api.openai.com/v1", "sk-1")
    assert (service.model, service.voice) == ("gpt-4o-mini-tts", "coral")
    with pytest.raises(ConfigError, match="The voice openai needs OPENAI_API_KEY"):
        loaded(tmp_path, voice="openai")
    assert loaded(tmp_path, environment=DEEPGRAM, voice="deepgram-rest").voice_service.protocol == (
        "speak-rest"
    )


def test_without_a_name_it_is_deepgram_or_the_embedded_voice(tmp_path: Path) -> None:
    assert loaded(tmp_path).voice_name == "piper"
    config = loaded(tmp_path, environment=DEEPGRAM)
    assert (config.voice_name, config.speak_endpoint) == (
        "aura-2-thalia-en",
        "wss://api.deepgram.com/v1/speak",
    )
    flux = loaded(tmp_path, environment=DEEPGRAM, voice="flux-kit-en").voice_service
    assert (flux.protocol, flux.base_url) == ("speak-v2", "wss://api.deepgram.com/v2/speak")


ADDRESSES = [
    ("ws://127.0.0.1:1/v1/speak", "speak-v1", "ws://127.0.0.1:1/v1/speak", "aura-2-thalia-en"),
    ("ws://127.0.0.1:1/v2/speak", "speak-v2", "ws://127.0.0.1:1/v2/speak", "flux-heather-en"),
    (
        "http://127.0.0.1:1/v1/speak",
        "speak-rest",
        "http://127.0.0.1:1/v1/speak",
        "aura-2-thalia-en",
    ),
    ("http://127.0.0.1:1/v1/audio/speech", "openai-speech", "http://127.0.0.1:1/v1", "alloy"),
]


@pytest.mark.parametrize(
    ("address", "protocol", "base_url", "voice"), ADDRESSES, ids=[a[1] for a in ADDRESSES]
)
def test_an_address_chooses_by_its_path(
    tmp_path: Path, address: str, protocol: str, base_url: str, voice: str
) -> None:
    config = loaded(tmp_path, environment=OPENAI, speak_url=address)
    service = config.voice_service
    assert (service.protocol, service.base_url, service.voice) == (protocol, base_url, voice)
    assert service.key == ""


def test_the_key_of_openai_goes_to_openai_alone(tmp_path: Path) -> None:
    address = "https://api.openai.com/v1/audio/speech"
    assert loaded(tmp_path, environment=OPENAI, speak_url=address).voice_service.key == "sk-1"
    other = MINE.replace('key_env = "MY_KEY"\n', "")
    service = loaded(tmp_path, other, OPENAI, voice="mine").voice_service
    assert (service.key, service.key_variable) == ("", "GRAMOPHONE_MINE_VOICE_KEY")


WRONG = [
    ('protocol = "http"', r"\[voices.x\] protocol is 'http'; it must be one of speak-v1"),
    ("", r"\[voices.x\] protocol is ''"),
    ('protocol = "openai-speech"\nmodel = ""', "has no model"),
    ('protocol = "speak-v1"\nbase_url = "http://a/v1/speak"', "for speak-v1 write it as ws://"),
    ('protocol = "openai-speech"\nbase_url = "localhost:8880"', "for openai-speech write it as"),
    ('protocol = "openai-speech"\nbase_url = "http://a:b@c/v1"', "user name or a password"),
    ('protocol = "embedded"\nbase_url = "http://a"', "has no base_url; remove it"),
    ('protocol = "openai-speech"\nspeed = 5', "speed is 5; it must be between 0.25 and 4"),
    ('protocol = "speak-rest"\nspeed = 2', "speed is 2; it must be between 0.7 and 1.5"),
    ('protocol = "openai-speech"\nresponse_format = "aac"', "response_format is 'aac'"),
    ('protocol = "openai-speech"\nstream_format = "x"', "stream_format is 'x'"),
    ('protocol = "openai-speech"\nsample_rate_hz = 7', "sample_rate_hz is 7"),
    ('protocol = "openai-speech"\ntimeout_s = 0', "timeout_s is 0; it must be more than 0"),
    ('protocol = "embedded"\ntimeout_s = 5', "timeout_s is for services; remove it"),
    ('protocol = "openai-speech"\nvoice = "a b"', "voice is 'a b'; write its name"),
    ('protocol = "openai-speech"\nkey = "sk-1"', "keys do not belong into the file"),
]


@pytest.mark.parametrize(("entries", "sentence"), WRONG, ids=[w[1][:30] for w in WRONG])
def test_a_table_that_is_wrong_is_a_sentence(tmp_path: Path, entries: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        loaded(tmp_path, f"[voices.x]\n{entries}\n", OPENAI | DEEPGRAM, voice="x")


@pytest.mark.parametrize("address", ["http://a/v1", "ftp://a/v1/speak", "http://[::1/v1/speak"])
def test_an_address_that_is_wrong_is_a_sentence(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError, match="The speech address"):
        loaded(tmp_path, speak_url=address)


def test_a_speed_is_checked_by_the_service_that_speaks(tmp_path: Path) -> None:
    assert loaded(tmp_path, environment=OPENAI, voice="openai", speed=3.0).voice_speed == 3.0
    with pytest.raises(ConfigError, match=r"speed is 3; it must be between 0.7 and 1.5"):
        loaded(tmp_path, environment=OPENAI, speed=3.0)
