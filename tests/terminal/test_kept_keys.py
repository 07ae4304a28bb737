"""Keys of services in a real keyring, by the settings screen: kept, used, taken out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.chat_server import answering
from tests.support.deadlines import HANG_S
from tests.support.programs import environment, standin
from tests.support.secret_service import secret_service
from tests.support.sound_card import wait_until
from tests.support.tmux import Terminal, terminal

pytestmark = pytest.mark.terminal

COMMAND = [sys.executable, "-m", "gramophone.cli"]
KEY = "k3y-of-the-openai-account"
SHORT = "Records turn. Needles listen."


def show_accounts(screen: Terminal) -> None:
    screen.see("Nothing said yet")
    screen.keys("F10")
    screen.see("Model", "Accounts")
    screen.keys("Right", "Right", "Right", "Right")
    screen.see("OpenAI key")


def quit_app(screen: Terminal) -> None:
    screen.keys("C-q")
    screen.see("ended with 0")


def files_with(words: str, room: Path) -> list[Path]:
    files = (path for path in room.rglob("*") if path.is_file())
    return [path for path in files if words.encode() in path.read_bytes()]


def test_a_key_is_kept_used_and_taken_out(tmp_path: Path) -> None:
    asked_with: list[str] = []
    with (
        standin("--no-limits") as speak_url,
        answering(SHORT, keys=asked_with) as base_url,
        secret_service(tmp_path) as ring,
    ):
        services = {"GRAMOPHONE_SPEAK_URL": speak_url, "OPENAI_BASE_URL": base_url}
        env = environment(tmp_path / "home", services | ring.env | {"TERM": "xterm-256color"})
        settings_file = Path(env["XDG_CONFIG_HOME"], "gramophone", "config.toml")

        with terminal(tmp_path / "first", COMMAND, env, (80, 24)) as screen:
            show_accounts(screen)
            screen.keys("Enter")
            screen.see("OPENAI_API_KEY in the environment", "Esc Cancel")
            screen.type(KEY)
            screen.see("•" * len(KEY))
            screen.keys("Enter")
            assert KEY not in screen.see("in the keyring")
            assert ring.secret("openai") == KEY
            assert 'keyring = "openai"' in settings_file.read_text()
            quit_app(screen)

        with terminal(tmp_path / "second", COMMAND, env, (80, 24)) as screen:
            screen.see("Nothing said yet")
            screen.type("What do records do?")
            screen.keys("Enter")
            screen.see("Needles listen.", "idle")
            assert set(asked_with) == {f"Bearer {KEY}"}
            quit_app(screen)

        with terminal(tmp_path / "third", COMMAND, env, (80, 24)) as screen:
            show_accounts(screen)
            screen.see("in the keyring")
            screen.keys("d")
            wait_until(lambda: "in the keyring" not in screen.screen(), "the key is taken out")
            assert ring.secret("openai") == ""
            assert "openai" not in settings_file.read_text()
            quit_app(screen)
    assert files_with(KEY, tmp_path) == []


def test_a_locked_keyring_holds_nothing_up(tmp_path: Path) -> None:
    """Nobody is there to unlock it: what needs the key says that it is missing."""
    env = environment(tmp_path / "home")
    settings_file = Path(env["XDG_CONFIG_HOME"], "gramophone", "config.toml")

    def ask(ring_env: dict[str, str]) -> str:
        completed = subprocess.run(
            [*COMMAND, "ask", "--provider", "openai", "hello"],
            # Were the key found after all, it would lead nowhere.
            env=env | ring_env | {"HTTPS_PROXY": "http://127.0.0.1:9"},
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
        assert completed.returncode == 1
        return completed.stderr

    with secret_service(tmp_path) as ring:
        store = ["secret-tool", "store", "--label=key", "service", "gramophone"]
        subprocess.run(
            [*store, "username", "openai"], input=KEY, text=True, check=True, env=env | ring.env
        )
        settings_file.write_text('[accounts]\nkeyring = "openai"\n')
        assert ring.secret("openai") == KEY
    with secret_service(tmp_path, locked=True) as ring:
        assert ring.secret("openai") == ""
        stderr = ask(ring.env)
        assert "needs OPENAI_API_KEY" in stderr
        assert "The keyring gave no key for OpenAI: unlock it" in stderr
        # Without a wish for that provider the app opens, and says why it is another one.
        here = env | ring.env | {"TERM": "xterm-256color"}
        with terminal(tmp_path / "tmux", COMMAND, here, (80, 24)) as screen:
            screen.see("Nothing said yet", "The keyring gave no key for OpenAI")
            quit_app(screen)
    # And without any bus.
    assert "needs OPENAI_API_KEY" in ask({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"})
