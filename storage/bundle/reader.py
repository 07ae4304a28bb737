"""Reading a bundle without a library: its session, its turns, its events, its sound.

Everything is looked at as it passes and nothing is held: a bundle of hours needs no more memory
than one of seconds, unless all of its sound is asked for at once (`read_bundle`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from gramophone.analysis.metrics import TurnMetrics
from gramophone.analysis.turn_text import TEXT_EVENTS
from gramophone.audio.wav_layout import NotWav, WavLayout, wav_layout
from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AudioReceived,
    Event,
    PictureAttached,
    SessionResumed,
    SessionStarted,
)
from gramophone.library.library import (
    SessionRecord,
    SessionSummary,
    TurnAudio,
    TurnRecord,
    refuse_database_file,
)
from gramophone.pictures.attachable import MOST_PICTURE_BYTES
from gramophone.system.regular_files import open_binary
from storage.audio.flac import unpacked
from storage.audio.wav import LARGEST_DATA_BYTES, WavFormat
from storage.bundle.container import BLOCK_BYTES, Container, PartReader
from storage.bundle.layout import (
    EVENTS,
    MOST_CUT_CHARS,
    MOST_TURNS,
    SESSION,
    TURNS,
    BadBundle,
    BundlePart,
    audio_name,
    audio_turn,
    most_unpacked_bytes,
    picture_hash,
)
from storage.bundle.lines import Values, event_in, session_values, turn_values, within
from storage.sqlite.whole_texts import is_cut, restored

_LARGEST_SESSION_BYTES = 1 << 24
_MOST_WAV_HEAD_BYTES = 1 << 20
"""What may stand before the samples of a WAV: form, tags, cue points."""


@frozen
class BundledSound:
    """The sound of a turn: where it is in the file, and what it must be."""

    turn: int
    samples: int
    sha256: str
    part: BundlePart
    flac: bool
    data_bytes: int
    own_rate_hz: int | None = None


class Bundle:
    """A bundle that was opened with `opened_bundle`."""

    def __init__(self, container: Container, file_bytes: int) -> None:
        self._container = container
        with container.open(SESSION) as part:
            self.session: Values = session_values(_whole(part, _LARGEST_SESSION_BYTES))
        self.form = WavFormat(self.session["encoding"], self.session["sample_rate_hz"])
        self._whole_texts: dict[int, Values] | None = None
        self._cut_turns: set[int] = set()
        self.sounds = self._sounds()
        self.pictures = {
            sha256: part for name, part in container.parts.items() if (sha256 := picture_hash(name))
        }
        self.unpacked_bytes = container.unpacked_bytes + sum(
            sound.data_bytes for sound in self.sounds.values() if sound.flac
        )
        if self.unpacked_bytes > most_unpacked_bytes(file_bytes):
            raise BadBundle("it would unpack to far more than it is")

    @property
    def import_bytes(self) -> int:
        """About what is read when it is imported: rows twice, to look at them before any is
        written, and sound once."""
        parts = self._container.parts
        rows_bytes = parts[TURNS].size_bytes + parts[EVENTS].size_bytes
        return 2 * rows_bytes + sum(sound.part.size_bytes for sound in self.sounds.values())

    def turns(self) -> Generator[Values]:
        """The turns' rows in order. Those that an older version cut to what was heard have their
        whole text again.

        Raises:
            BadBundle: one cannot be.
        """
        if self._whole_texts is None:
            self._whole_texts = restored(self._cut_rows(), self._cut_events)
        for values in self._turn_rows():
            yield values | self._whole_texts.get(values["turn"], {})

    def _cut_rows(self) -> Generator[Values]:
        """The turns' rows; the text of those that were cut is held."""
        self._cut_turns.clear()
        cut_chars = 0
        for values in self._turn_rows():
            if is_cut(values):
                self._cut_turns.add(values["turn"])
                cut_chars = _held(cut_chars, values["text"])
            yield values

    def _cut_events(self) -> Generator[Event]:
        """The events; the text of those of turns that were cut is held."""
        cut_chars = 0
        for event in self.events():
            if isinstance(event, TEXT_EVENTS) and event.turn in self._cut_turns:
                cut_chars = _held(cut_chars, str(getattr(event, "text", "")))
            yield event

    def _turn_rows(self) -> Generator[Values]:
        last = -1
        with self._container.open(TURNS) as part:
            for number, line in enumerate(part.lines(), 1):
                values = turn_values(line, number)
                if values["turn"] <= last:
                    raise BadBundle("its turns are out of order")
                if number > MOST_TURNS:
                    raise BadBundle(f"it has more than {MOST_TURNS:,} turns")
                last = values["turn"]
                yield values

    def events(self) -> Generator[Event]:
        """The events in order, without their sound.

        Raises:
            BadBundle: one cannot be.
        """
        with self._container.open(EVENTS) as part:
            for number, line in enumerate(part.lines(), 1):
                event = event_in(line, number)
                self._check(event, number)
                yield event

    def sound(self, turn: int) -> Generator[bytes]:
        """A turn's sound as received, in blocks.

        Raises:
            BadBundle: it is not what the turn says.
        """
        sound = self.sounds[turn]
        digest = hashlib.sha256()
        with self._container.open(sound.part.name) as part:
            if sound.flac:
                rate_hz = self.form.at_rate(sound.own_rate_hz).sample_rate_hz
                blocks = unpacked(part.blocks(), rate_hz, sound.samples)
            else:
                blocks = self._wav(part, self._wav_layout(sound))
            for block in blocks:
                digest.update(block)
                yield block
        if digest.hexdigest() != sound.sha256:
            raise BadBundle(f"the sound of turn {turn} is not what its turn says")

    def picture(self, sha256: str) -> bytes:
        """The file of a picture.

        Raises:
            BadBundle: it is not what its part says.
        """
        with self._container.open(self.pictures[sha256].name) as part:
            return _whole(part, MOST_PICTURE_BYTES)

    def _sounds(self) -> dict[int, BundledSound]:
        """Turns with sound and parts with sound belong together one by one."""
        parts: dict[int, tuple[BundlePart, bool]] = {}
        for name, part in self._container.parts.items():
            named = audio_turn(name)
            if named is not None:
                turn, flac = named
                if turn in parts:
                    raise BadBundle(f"it holds the sound of turn {turn} twice")
                parts[turn] = part, flac
        sounds: dict[int, BundledSound] = {}
        for values in self._turn_rows():
            turn, samples, sha256 = values["turn"], values["samples"], values["sha256"]
            if bool(sha256) != (turn in parts) or (samples and not sha256):
                raise BadBundle(f"turn {turn} and its sound do not agree")
            if sha256:
                part, flac = parts[turn]
                own_rate_hz = values["own_rate_hz"]
                sounds[turn] = self._fitting(
                    BundledSound(turn, samples, sha256, part, flac, 0, own_rate_hz)
                )
        if len(sounds) != len(parts):
            raise BadBundle("it holds sound that belongs to no turn")
        return sounds

    def _fitting(self, sound: BundledSound) -> BundledSound:
        if sound.flac:
            if self.form.encoding != "linear16":
                raise BadBundle("only 16-bit sound can be FLAC")
            data_bytes = sound.samples * self.form.sample_bytes
        else:
            data_bytes = self._wav_layout(sound).data_bytes
        if data_bytes > LARGEST_DATA_BYTES or self.form.samples(data_bytes) != sound.samples:
            raise BadBundle(f"turn {sound.turn} and its sound are not of one length")
        return replace(sound, data_bytes=data_bytes)

    def _wav_layout(self, sound: BundledSound) -> WavLayout:
        part = sound.part
        with self._container.open(part.name) as file:
            head = file.read(min(part.size_bytes, _MOST_WAV_HEAD_BYTES))
        try:
            layout = wav_layout(head, part.size_bytes)
        except NotWav as error:
            raise BadBundle(f"{part.name} is not a WAV as the session's are ({error})") from error
        form = layout.tag, layout.channels, layout.sample_rate_hz, layout.bits
        if form != self.form.at_rate(sound.own_rate_hz).riff:
            raise BadBundle(f"{part.name} is not a WAV as the session's are")
        return layout

    def _wav(self, part: PartReader, layout: WavLayout) -> Generator[bytes]:
        part.read(layout.data_start)
        left_bytes = layout.data_bytes
        while left_bytes:
            block = part.read(min(BLOCK_BYTES, left_bytes))
            left_bytes -= len(block)
            yield block
        # Other chunks may follow; they are read because the part's hash is over all of it.
        for _ in part.blocks():
            pass

    def _check(self, event: Event, number: int) -> None:
        line_name = f"line {number} of its events"
        if event.at_us < 0:
            raise BadBundle(f"{line_name} lies before the session")
        if isinstance(event, AudioReceived):
            sound = self.sounds.get(event.turn)
            if sound is None or not within(event, sound.data_bytes):
                raise BadBundle(f"{line_name} names sound that is not there")
            if (event.sample_rate_hz or None) != sound.own_rate_hz:
                raise BadBundle(f"{line_name} names another sample rate than its turn")
        if isinstance(event, PictureAttached) and event.sha256 not in self.pictures:
            raise BadBundle(f"{line_name} names a picture that is not there")
        is_opening = isinstance(event, SessionStarted | SessionResumed)
        if is_opening and event.session_id != self.session["id"]:
            raise BadBundle(f"{line_name} begins another session")


def _held(chars: int, text: str) -> int:
    """So many characters are held with this text."""
    chars += len(text)
    if chars > MOST_CUT_CHARS:
        raise BadBundle("it holds more interrupted text than anybody speaks")
    return chars


@contextmanager
def opened_bundle(
    path: Path, progress: Callable[[int], None] = lambda _: None
) -> Generator[Bundle]:
    """The bundle at `path` while the block runs; what is wrong with it, told in one sentence.
    `progress` gets of every piece that is read how large it is; what it raises ends the reading.

    Raises:
        StorageError: it cannot be read, or is not to be trusted.
    """
    try:
        with _opened(path) as file:
            container = Container(file, progress)
            try:
                yield Bundle(container, os.fstat(file.fileno()).st_size)
            finally:
                container.close()
    except BadBundle as error:
        raise StorageError(f"{path} cannot be read as a bundle: {error}.") from error


def read_bundle(path: Path) -> tuple[SessionRecord, list[Event]]:
    """The whole session of a bundle; AudioReceived carry their PCM, PictureAttached their picture.
    No library is touched.

    Raises:
        StorageError: it cannot be read, or is not to be trusted.
    """
    with opened_bundle(path) as bundle:
        sound = {turn: b"".join(bundle.sound(turn)) for turn in bundle.sounds}
        pictures = {sha256: bundle.picture(sha256) for sha256 in bundle.pictures}
        events = [_filled(event, sound, pictures) for event in bundle.events()]
        return _record(path, bundle), events


def _filled(event: Event, sound: dict[int, bytes], pictures: dict[str, bytes]) -> Event:
    if isinstance(event, PictureAttached):
        return replace(event, content=pictures[event.sha256])
    if not isinstance(event, AudioReceived):
        return event
    end = event.offset_bytes + event.size_bytes
    return replace(event, pcm=sound[event.turn][event.offset_bytes : end])


def _record(path: Path, bundle: Bundle) -> SessionRecord:
    session, rate = bundle.session, bundle.form.sample_rate_hz
    turns = tuple(_turn(path, values, bundle.form) for values in bundle.turns())
    samples = sum(
        bundle.form.counted(sound.samples, sound.own_rate_hz) for sound in bundle.sounds.values()
    )
    return SessionRecord(
        summary=SessionSummary(
            id=session["id"],
            title=session["title"],
            created_at=session["created_at"],
            turns=len(turns),
            spoken_ms=samples * 1000 // rate,
            provider=session["provider"],
            model=session["model"],
            voice=session["voice"],
            recovered=session["recovered"],
            tags=tuple(sorted(session["tags"])),
        ),
        system_prompt=session["system_prompt"],
        encoding=session["encoding"],
        sample_rate_hz=rate,
        turns=turns,
    )


def _turn(path: Path, values: Values, form: WavFormat) -> TurnRecord:
    audio = None
    if values["sha256"]:
        inside = path.absolute() / audio_name(values["turn"])
        audio = TurnAudio(
            inside,
            form.at_rate(values["own_rate_hz"]).sample_rate_hz,
            *(values["samples"], values["sha256"], form.encoding),
        )
    return TurnRecord(
        turn=values["turn"],
        role=values["role"],
        text=values["text"],
        finish_reason=values["finish_reason"],
        started_us=values["started_us"],
        audio=audio,
        metrics=TurnMetrics(
            *(values["ttft_ms"], values["ttfb_ms"], values["ttfa_ms"], values["response_ms"]),
            *(values["underruns"], values["flushes"]),
            *(values["input_tokens"], values["output_tokens"], values["tokens_per_s"]),
        ),
        withdrawn=values["withdrawn"],
        heard_chars=values["heard_characters"],
    )


def _opened(path: Path) -> BinaryIO:
    refuse_database_file(path)
    try:
        if not path.is_file():
            raise StorageError(f"There is no file {path}; name a bundle, as `export` writes it.")
        return open_binary(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be read ({error.strerror}).") from error


def _whole(part: PartReader, most_bytes: int) -> bytes:
    data = bytearray()
    for block in part.blocks():
        data += block
        if len(data) > most_bytes:
            raise BadBundle("one of its parts is too large")
    return bytes(data)
