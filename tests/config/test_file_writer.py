"""One setting is written, everything else stays; what would be refused is not written."""

from __future__ import annotations

from pathlib import Path

import pytest

from gramophone.config.file_writer import Setting, write_key, write_setting
from gramophone.config.loading import load
from gramophone.core.errors import ConfigError

COMMENTED = """\
# How I like it.
[sound]
muted = true   # the office

[screen]  # at night
theme = "nord"  # dark
reduced_motion = true

[keys]
"prompt.send" = "ctrl+s"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"GRAMOPHONE_HOME": str(tmp_path)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(COMMENTED)
    return path


def test_one_value_changes_and_nothing_else(file: Path, environment: dict[str, str]) -> None:
    write_setting(file, "theme", "dracula", environment)
    assert file.read_text() == COMMENTED.replace('"nord"', '"dracula"')
    assert [entry.name for entry in file.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("theme", 'a "b" \\ c'), ("muted", False), ("voice", "aura-2-zeus-en"), ("speed", 1.2)],
)
def test_what_is_written_is_read(
    name: str, value: Setting, file: Path, environment: dict[str, str]
) -> None:
    write_setting(file, name, value, environment)
    config = load(environment)
    assert getattr(config, name) == value
    assert (config.reduced_motion, config.keys) == (True, {"prompt.send": "ctrl+s"})


ENDPOINTS = """\
# Servers of ours.
[endpoints.mine]  # the one in the cellar
base_url = "http://127.0.0.1:8080/v1"
headers = { X-Team = "red", api-key = "$MINE" }   # a gateway wants it
extra_body = { num_ctx = 8192, options = { stop = ["a", "b"] } }
fallback = [
    "local",  # always there
]

[endpoints.other]
base_url = 'http://h/v1'

[model]
provider = "mine"
name = "m"
"""


@pytest.mark.parametrize("order", ["first", "last"])
def test_tables_of_endpoints_stay_to_the_letter(order: str, tmp_path: Path) -> None:
    environment = {"GRAMOPHONE_HOME": str(tmp_path), "MINE": "x"}
    parts = [ENDPOINTS, COMMENTED] if order == "first" else [COMMENTED, ENDPOINTS]
    text = "\n".join(parts)
    file = tmp_path / "config.toml"
    file.write_text(text)
    write_setting(file, "theme", "dracula", environment)
    write_setting(file, "model", "n", environment)
    assert file.read_text() == text.replace('"nord"', '"dracula"').replace('"m"', '"n"')
    endpoint = load(environment).endpoints["mine"]
    assert endpoint.headers == {"X-Team": "red", "api-key": "x"}
    assert endpoint.extra_body == {"num_ctx": 8192, "options": {"stop": ["a", "b"]}}


def test_a_file_and_its_directory_are_made(tmp_path: Path, environment: dict[str, str]) -> None:
    write_setting(tmp_path / "new" / "config.toml", "theme", "nord", environment)
    assert (tmp_path / "new" / "config.toml").read_text() == '[screen]\ntheme = "nord"\n'


def test_rights_and_links_stay(file: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    file.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    write_setting(link, "theme", "dracula", environment)
    assert link.is_symlink()
    assert "dracula" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("speed", 9.0, "between 0.7 and 1.5"),
        ("muted", "yes", "must be of type bool"),
        ("provider", "hal", "must be one of"),
        ("deepgram_key", "x", "no setting 'deepgram_key'"),
    ],
)
def test_what_load_would_refuse_is_not_written(
    name: str, value: Setting, sentence: str, file: Path, environment: dict[str, str]
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        write_setting(file, name, value, environment)
    assert file.read_text() == COMMENTED
    assert [entry.name for entry in file.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("broken", ["[screen\n", "screen = 5\n", "[screen]\nhue = 1\n"])
def test_a_broken_file_is_left_alone(broken: str, file: Path, environment: dict[str, str]) -> None:
    file.write_text(broken)
    with pytest.raises(ConfigError) as error:
        write_setting(file, "theme", "nord", environment)
    assert file.read_text() == broken
    assert ".config-" not in str(error.value)


def test_a_place_that_cannot_be_written_is_named(file: Path, environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_setting(file / "config.toml", "theme", "nord", environment)


def test_a_link_that_leads_to_itself_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    file = tmp_path / "loop.toml"
    file.symlink_to(file.name)
    with pytest.raises(ConfigError, match=r"loop\.toml"):
        write_setting(file, "theme", "nord", environment)


def test_a_setting_is_taken_out_and_all_else_stays(file: Path, environment: dict[str, str]) -> None:
    write_setting(file, "theme", None, environment)
    assert file.read_text() == COMMENTED.replace('theme = "nord"  # dark\n', "")
    write_setting(file, "theme", None, environment)
    write_setting(file, "voice", None, environment)
    assert "speech" not in file.read_text()
    assert load(environment).theme == ""


@pytest.mark.parametrize("line", ['"app.help" = "f9"', 'app.help = "f9"', '"app".help = "f9"'])
def test_a_key_is_changed_however_it_is_written(
    line: str, file: Path, environment: dict[str, str]
) -> None:
    file.write_text(f"{COMMENTED}{line}  # mine\n")
    write_key(file, "app.help", "f8", environment)
    write_key(file, "app.quit", "f7", environment)
    keys = {"prompt.send": "ctrl+s", "app.help": "f8", "app.quit": "f7"}
    assert load(environment).keys == keys
    assert f"{line.replace('f9', 'f8')}  # mine" in file.read_text()
    write_key(file, "app.help", None, environment)
    del keys["app.help"]
    assert load(environment).keys == keys
