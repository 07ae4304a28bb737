"""Making a bundle of a kept session."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from tempfile import TemporaryFile
from typing import BinaryIO

from gramophone.core.errors import StorageError
from storage.audio.flac import packed, unpacked
from storage.audio.turn_audio import TurnSound
from storage.audio.wav import HEADER_BYTES, WavFormat
from storage.bundle.container import BLOCK_BYTES, ContainerWriter
from storage.bundle.layout import (
    EVENTS,
    SESSION,
    TURNS,
    BadBundle,
    audio_name,
    most_unpacked_bytes,
    picture_name,
)
from storage.bundle.lines import Values, session_line
from storage.bundle.stored import StoredSession, stored_session
from storage.home import Home
from storage.sqlite.error_messages import storage_errors


def write_bundle(
    home: Home,
    session_id: str,
    file: BinaryIO,
    *,
    compress: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a session to `file`. With `compress` rows are deflated and 16-bit sound becomes FLAC,
    else every byte stands as it is. `progress` gets how many bytes of sound of how many are
    written; what it raises ends the export.

    Raises:
        StorageError: the session is being recorded or is damaged.
    """
    with stored_session(home, session_id) as session:
        if session.unfinished:
            raise StorageError(
                f"The session {session_id} is not over yet; end it, then make a bundle of it."
            )
        export = _Export(home, session, progress)
        try:
            if compress and not export.write(file, compress=True):
                # So much of a kind that a reader would take it for a bomb.
                file.seek(0)
                file.truncate()
                compress = False
            if not compress:
                export.write(file, compress=False)
        except BadBundle as error:
            raise StorageError(f"No bundle can be made of {session_id}: {error}.") from error


class _Export:
    def __init__(
        self, home: Home, session: StoredSession, progress: Callable[[int, int], None] | None
    ) -> None:
        self._home = home
        self._session = session
        self._form = WavFormat(session.values["encoding"], session.values["sample_rate_hz"])
        self._spoken_turns = [values for values in session.turns() if values["sha256"]]
        self._progress = progress
        self._done_bytes = 0
        self._total_bytes = (
            sum(turn["samples"] for turn in self._spoken_turns) * self._form.sample_bytes
        )

    def write(self, file: BinaryIO, *, compress: bool) -> bool:
        """Write all of it; whether a reader would take it."""
        self._done_bytes = 0
        container = ContainerWriter(file)
        try:
            session = [session_line(self._session.values), b"\n"]
            container.add(SESSION, session, deflate=compress)
            container.add(TURNS, self._session.turn_lines(), deflate=compress)
            container.add(EVENTS, self._session.event_lines(), deflate=compress)
            for media_type, sha256, content in self._session.pictures():
                name = picture_name(sha256, media_type)
                container.add(name, [content], size_bytes=len(content))
            unpacked_bytes = container.unpacked_bytes
            for turn in self._spoken_turns:
                unpacked_bytes += self._add_sound(container, turn, compress=compress)
            container.finish(deflate=compress)
        finally:
            container.close()
        return unpacked_bytes + _MANIFEST_ROOM_BYTES <= most_unpacked_bytes(file.tell())

    def _add_sound(self, container: ContainerWriter, turn: Values, *, compress: bool) -> int:
        with (
            storage_errors(self._home),
            TurnSound(self._home.wav(self._session.id, turn["turn"])) as sound,
        ):
            data_bytes = sound.data_bytes()
            samples = self._form.samples(data_bytes)
            if sound.missing or samples != turn["samples"]:
                raise self._lost(turn)
            whole = data_bytes == samples * self._form.sample_bytes
            if compress and self._form.encoding == "linear16" and whole and samples:
                before_bytes = container.unpacked_bytes
                self._add_flac(container, turn, sound)
                return container.unpacked_bytes - before_bytes + data_bytes
            size_bytes = HEADER_BYTES + data_bytes + data_bytes % 2
            blocks = self._wav_blocks(turn, sound)
            container.add(audio_name(turn["turn"]), blocks, size_bytes=size_bytes)
            return size_bytes

    def _wav_blocks(self, turn: Values, sound: TurnSound) -> Generator[bytes]:
        data_bytes = sound.data_bytes()
        yield self._form.at_rate(turn["own_rate_hz"]).header(data_bytes)
        yield from self._pcm(turn, sound)
        yield b"\0" * (data_bytes % 2)

    def _add_flac(self, container: ContainerWriter, turn: Values, sound: TurnSound) -> None:
        rate = self._form.at_rate(turn["own_rate_hz"]).sample_rate_hz
        with TemporaryFile() as file:
            packed(self._pcm(turn, sound), rate, file)
            digest = hashlib.sha256()
            for block in unpacked(_blocks(file), rate, turn["samples"]):
                digest.update(block)
            if digest.hexdigest() != turn["sha256"]:
                raise BadBundle(f"FLAC does not give the sound of turn {turn['turn']} back")
            size_bytes = file.seek(0, 2)
            name = audio_name(turn["turn"], flac=True)
            container.add(name, _blocks(file), size_bytes=size_bytes)

    def _pcm(self, turn: Values, sound: TurnSound) -> Generator[bytes]:
        """The sound, which must be what was recorded."""
        digest = hashlib.sha256()
        for block in sound.blocks():
            digest.update(block)
            self._advance(len(block))
            yield block
        if digest.hexdigest() != turn["sha256"]:
            raise self._lost(turn)

    def _advance(self, size_bytes: int) -> None:
        self._done_bytes += size_bytes
        if self._progress is not None:
            self._progress(self._done_bytes, self._total_bytes)

    def _lost(self, turn: Values) -> StorageError:
        lost = self._home.wav(self._session.id, turn["turn"])
        return StorageError(
            f"The sound file {lost} is missing or not what was recorded; run `gramophone verify` "
            "to see what else is wrong."
        )


_MANIFEST_ROOM_BYTES = 1 << 20


def _blocks(file: BinaryIO) -> Generator[bytes]:
    file.seek(0)
    while block := file.read(BLOCK_BYTES):
        yield block
