"""The settings for the screen: what the file says, what wins over it, what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from gramophone.app.preferences import FilePreferences
from gramophone.app.providers import ProviderPool
from gramophone.app.voice_preview import play_sample
from gramophone.config.config import Config
from gramophone.config.loading import load
from gramophone.core.clock import SystemClock
from gramophone.core.errors import ConfigError, SpeakerError, SpeechError
from gramophone.devices.device_list import output_devices
from gramophone.devices.speaker import DeviceSpeaker, MutedSpeaker
from tests.support.file_preferences import preferences
from tests.support.screen_preferences import USUAL

TEXT = '[screen]\ntheme = "nord"  # dark\n\n[keys]\napp.help = "f9"\n'


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config.toml").write_text(TEXT)
    return {"GRAMOPHONE_HOME": str(tmp_path)}


async def test_the_file_is_told_from_what_is_usual(environment: dict[str, str]) -> None:
    settings = await preferences(environment).read()
    assert (settings["theme"].value, settings["theme"].is_set) == ("nord", True)
    assert (settings["max_tokens"].value, settings["max_tokens"].is_set) == ("", False)
    usual = {
        name: setting.value
        for name, setting in settings.items()
        if not setting.is_set and setting.value != ""
    }
    assert set(usual) == set(USUAL)
    assert usual | {"system_prompt": ""} == dict(USUAL) | {"system_prompt": ""}


async def test_what_wins_over_the_file_is_named(environment: dict[str, str]) -> None:
    environment |= {"TEXTUAL_THEME": "dracula", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    settings = await preferences(environment).read()
    assert settings["theme"].overruled_by == "TEXTUAL_THEME"
    assert settings["openai_base_url"].overruled_by == "OPENAI_BASE_URL"
    assert settings["voice"].overruled_by == ""


async def test_what_is_written_stands_in_the_file(
    environment: dict[str, str], tmp_path: Path
) -> None:
    desk = preferences(environment)
    await desk.write("theme", "dracula")
    await desk.write("max_tokens", 200)
    await desk.write_key("app.help", "f8")
    await desk.write_key("app.quit", "f7")
    config = load(environment)
    assert (config.theme, config.max_tokens) == ("dracula", 200)
    assert config.keys == {"app.help": "f8", "app.quit": "f7"}
    await desk.write("max_tokens", None)
    await desk.write_key("app.quit", "")
    assert load(environment).max_tokens is None
    assert load(environment).keys == {"app.help": "f8"}
    assert "# dark" in (tmp_path / "config.toml").read_text()
    with pytest.raises(ConfigError, match=r"between 0\.7 and 1\.5"):
        await desk.write("speed", 9.0)


def test_voices_can_be_chosen_where_there_are_several(environment: dict[str, str]) -> None:
    assert preferences(environment).voices() == ()
    environment |= {"DEEPGRAM_API_KEY": "k"}
    assert "aura-2-zeus-en" in preferences(environment).voices()


# --- samples --------------------------------------------------------------------------------------


def talking_to(url: str, home: Path, **flags: object) -> Config:
    return load({"GRAMOPHONE_HOME": str(home)}, speak_url=url, **flags)


def names_in(directory: Path) -> list[str]:
    return [file.name for file in directory.iterdir()]


async def test_a_sample_is_said_and_nothing_is_kept(speak_url: str, tmp_path: Path) -> None:
    config = talking_to(speak_url, tmp_path)
    speaker = MutedSpeaker(config.sample_rate_hz, SystemClock())
    await play_sample(config, "aura-2-zeus-en", ProviderPool(), speaker)
    assert names_in(tmp_path) == []


async def test_a_sample_that_nobody_can_hear_is_refused(speak_url: str, tmp_path: Path) -> None:
    with pytest.raises(SpeakerError, match="muted"):
        await play_sample(talking_to(speak_url, tmp_path, muted=True), "", ProviderPool())
    config = talking_to(speak_url, tmp_path)
    speaker = DeviceSpeaker(config.sample_rate_hz, SystemClock(), device_name="no such device")
    with pytest.raises(SpeakerError, match=": the sample cannot be heard"):
        await play_sample(config, "", ProviderPool(), speaker)


async def test_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = talking_to("ws://127.0.0.1:1/v1/speak", tmp_path)
    speaker = MutedSpeaker(config.sample_rate_hz, SystemClock())
    with pytest.raises(SpeechError, match=r"127\.0\.0\.1:1 cannot be reached"):
        await play_sample(config, "", ProviderPool(), speaker)


# --- devices --------------------------------------------------------------------------------------


async def test_devices_are_those_the_sound_system_names() -> None:
    assert await output_devices(lambda: ["a", "b"]) == ["a", "b"]


async def test_a_sound_system_that_fails_is_told() -> None:
    def fail() -> list[str]:
        raise OSError("ALSA has no configuration")

    with pytest.raises(SpeakerError, match="ALSA has no configuration"):
        await output_devices(fail)


async def test_a_sound_system_that_hangs_is_not_waited_for() -> None:
    import threading

    held = threading.Event()

    def hang() -> list[str]:
        held.wait()
        return []

    with pytest.raises(SpeakerError, match="does not answer"):
        await output_devices(hang, timeout_s=0.01)
    held.set()


async def test_a_change_holds_at_once_but_for_what_the_screen_applies(
    environment: dict[str, str],
) -> None:
    async def silence(voice: str) -> None:
        raise AssertionError(voice)

    adopted: list[Config] = []
    desk = FilePreferences(
        load(environment), silence, environment, lambda: load(environment), adopted.append
    )
    await desk.write("theme", "dracula")
    assert adopted == []
    await desk.write("system_prompt", "Be brief.")
    assert [config.system_prompt for config in adopted] == ["Be brief."]
