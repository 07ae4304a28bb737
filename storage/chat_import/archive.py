"""A data export as a file: JSON, or a zip that holds it. What it is, its content says.

Nothing is ever unpacked under a name that stands in the file. What is packed goes into files
without a name, which are gone however the program ends.
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from gramophone.core.errors import StorageError
from gramophone.library.library import is_database_file, refuse_database_file
from gramophone.system.regular_files import open_binary
from gramophone.text.sanitize import plain_line
from gramophone.wire.lenient_json import is_bounded, most_text_bytes
from storage.bundle.layout import MANIFEST, most_unpacked_bytes
from storage.chat_import import chatgpt, claude
from storage.chat_import.format import ChatConversation, ChatError, as_object
from storage.chat_import.json_spans import LARGEST_BYTES, JsonSpan, spans
from storage.chat_import.zip_directory import LargeDirectory, check_directory

BLOCK_BYTES = 1 << 20

MOST_JSON_MEMBERS = 500
"""Each is a file of its own when it is unpacked; real exports have some dozens."""

MOST_VALUES = 200_000
"""JSON values of a conversation; one of 10,000 messages has half as many."""

_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*[\[{]")
_LOOKED_AT_BYTES = 4096
_PACKED_WELL = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_SERVICES = (chatgpt, claude)

ReportProgress = Callable[[int, int], None]


def is_export(path: Path) -> bool:
    """Whether the file looks like a data export and not like a bundle, or like nothing at all."""
    if is_database_file(path):
        return False
    try:
        with open_binary(path) as file:
            head = file.read(_LOOKED_AT_BYTES)
        if _BEGINNING.match(head) or not head.strip(b"\xef\xbb\xbf \t\r\n"):
            return bool(head)
        if not head.startswith(b"PK"):
            return False
        with open_binary(path) as file:
            check_directory(file)
            packed = zipfile.ZipFile(file)
            names = {info.filename for info in packed.infolist()}
    except LargeDirectory:
        return True
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False
    return MANIFEST not in names and any(_is_json(name) for name in names)


class JsonText:
    """One JSON text of an export, open and seekable."""

    def __init__(self, file: IO[bytes], size_bytes: int) -> None:
        self._file = file
        self.size_bytes = size_bytes

    def spans(self, progress: Callable[[int], None]) -> Generator[JsonSpan]:
        """Spans of its values; `progress` is called with the number of bytes read so far."""

        def blocks() -> Generator[bytes]:
            at = 0
            # Between two blocks the values of the first may be read.
            while self._file.seek(at) == at and (block := self._file.read(BLOCK_BYTES)):
                at += len(block)
                progress(len(block))
                yield block

        yield from spans(blocks())

    def chat(self, span: JsonSpan) -> ChatConversation | None:
        """The conversation of a span; None where it holds something else.

        Raises:
            ChatError: it is broken.
        """
        if span.fault:
            raise ChatError(span.fault)
        self._file.seek(span.start)
        packed = self._file.read(span.end - span.start)
        if not is_bounded(packed, MOST_VALUES):
            raise ChatError(f"it has more than {MOST_VALUES:,} values")
        if most_text_bytes(packed) > 2 * LARGEST_BYTES:
            raise ChatError(f"it is larger than {LARGEST_BYTES >> 21} MiB")
        try:
            document = as_object(json.loads(packed))
        except (ValueError, RecursionError) as error:
            raise ChatError("it is not valid JSON") from error
        return chat_of(document)


def chat_of(document: dict[str, Any]) -> ChatConversation | None:
    """The conversation that an object is, of whichever service; None if it is none.

    Raises:
        ChatError: it is broken.
    """
    service = next(
        (service_parser for service_parser in _SERVICES if service_parser.is_chat(document)), None
    )
    return service.chat_of(document) if service is not None else None


@contextmanager
def opened_export(path: Path, scratch: Path, progress: ReportProgress) -> Generator[list[JsonText]]:
    """The JSON texts of the export at `path`; what has to be unpacked goes to `scratch`.

    Raises:
        StorageError: it cannot be read, or unpacks into more than it may.
    """
    refuse_database_file(path)
    with ExitStack() as files:
        try:
            file = files.enter_context(open_binary(path))
            if file.read(2) == b"PK":
                check_directory(file)
                packed = files.enter_context(zipfile.ZipFile(file))
                parts = _unpacked(packed, path, scratch, files, progress)
            else:
                parts = [JsonText(file, path.stat().st_size)]
        except LargeDirectory as error:
            raise _unreadable(path, str(error)) from error
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
            raise _unreadable(path, f"it is damaged: {error}") from error
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from error
        yield parts


def _unpacked(
    packed: zipfile.ZipFile, path: Path, scratch: Path, files: ExitStack, progress: ReportProgress
) -> list[JsonText]:
    infos = [info for info in packed.infolist() if _is_json(info.filename)]
    if len(infos) > MOST_JSON_MEMBERS:
        raise _unreadable(path, f"it holds more than {MOST_JSON_MEMBERS} files of JSON")
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise _unreadable(path, "it is encrypted")
    if any(info.compress_type not in _PACKED_WELL for info in infos):
        raise _unreadable(path, "it is packed in a way that exports are not")
    most_bytes = most_unpacked_bytes(path.stat().st_size)
    total_bytes = max(1, sum(info.file_size for info in infos))
    parts: list[JsonText] = []
    written_bytes = 0
    for info in infos:
        target = files.enter_context(tempfile.TemporaryFile(dir=scratch))
        before_bytes = written_bytes
        with packed.open(info) as source:
            while block := source.read(BLOCK_BYTES):
                written_bytes += len(block)
                # What the directory of the zip says of sizes is only a word.
                if written_bytes > most_bytes:
                    raise _unreadable(path, "it unpacks into far more than an export does")
                target.write(block)
                progress(min(written_bytes, total_bytes), total_bytes)
        parts.append(JsonText(target, written_bytes - before_bytes))
    return parts


def _is_json(name: str) -> bool:
    return name.lower().endswith(".json")


def _unreadable(path: Path, reason: str) -> StorageError:
    return StorageError(
        f"{plain_line(str(path))} cannot be read as a data export: {plain_line(reason)}."
    )
