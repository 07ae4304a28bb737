"""Replays a session of the library on whatever sound card the environment names:
`python -m tests.support.replay_program SCENARIO`. What it did stands as JSON lines on stdout.

A process of its own, because ALSA reads its configuration once a process.
"""

from __future__ import annotations

import asyncio
import json
import sys

from gramophone.app.replay_session import make_interactive_replay, make_schedule
from gramophone.config.loading import load
from gramophone.core.clock import SystemClock
from gramophone.core.tasks import cancel, spawn
from gramophone.core.timeline import Entry, TurnCompleted
from gramophone.devices.stderr_guard import keep_native_noise_out
from gramophone.ports.backend import ReplayState
from gramophone.replay.replay import Replay
from storage.library import StoredLibrary


class Player:
    """A replay in hand, and what it says."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.state = ReplayState()
        self.replay: Replay | None = None

    def take(self, entry: Entry) -> None:
        if isinstance(entry, TurnCompleted) and entry.role == "assistant":
            self.tell("completed")

    def take_state(self, state: ReplayState) -> None:
        self.state = state

    def tell(self, event: str, **fields: float) -> None:
        line = {"event": event, "position_us": self.state.position_us, **fields}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    async def reached(self, position_us: int) -> None:
        while self.state.position_us < position_us:
            await self.clock.sleep_until_us(self.clock.now_us() + 5_000)

    async def over(self) -> None:
        while self.state.playing:
            await self.clock.sleep_until_us(self.clock.now_us() + 5_000)


async def through(player: Player, replay: Replay) -> None:
    """From its beginning to its end."""
    await player.reached(1)
    await player.over()


async def sought(player: Player, replay: Replay) -> None:
    """The first quarter of a second of sound, then from two seconds on."""
    await player.reached(1_250_000)
    replay.pause()
    player.tell("paused", position=replay.state().position_us)
    await player.clock.sleep_until_us(player.clock.now_us() + 300_000)
    replay.seek(3_000_000)
    replay.play()
    await player.reached(3_010_000)
    await player.over()


async def main(scenario: str) -> None:
    player = Player()
    config = load()
    async with await StoredLibrary.open(config.home) as library:
        session_id = await library.resolve("last")
        events = await library.events(session_id, with_pcm=False)
        sound = library.sound(session_id)
    replay = make_interactive_replay(
        make_schedule(events, sound),
        config,
        player.take,
        state=ReplayState(playing=True),
        on_state=player.take_state,
    )
    running = spawn(replay.run(), name="replay")
    await globals()[scenario](player, replay)
    # What was handed over last is still on its way through the sound server.
    await player.clock.sleep_until_us(player.clock.now_us() + 300_000)
    await cancel(running)
    sound.close()


if __name__ == "__main__":
    keep_native_noise_out()
    asyncio.run(main(sys.argv[1]))
