"""Forms of HTTP with files, `multipart/form-data` (RFC 7578), taken apart within bounds.

The parser of mail in the standard library is not used: it takes a body apart line by line and as
text, which takes seconds for a file of 25 MB, and brings sockets along.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from gramophone.core.frozen import frozen

MOST_PARTS: Final = 100
_MOST_HEAD_BYTES: Final = 8_192
_LONGEST_BOUNDARY: Final = 70
"""RFC 2046, 5.1.1."""
_PARAMETER: Final = re.compile(r';\s*([A-Za-z]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^";\s]+))')
_ESCAPED: Final = re.compile(r"\\(.)")


class FormError(ValueError):
    """A body that is not such a form; the text is one sentence."""


@frozen
class FormPart:
    """A field of a form; only a file has a `filename`."""

    name: str
    data: bytes
    filename: str = ""
    content_type: str = ""

    @property
    def text(self) -> str:
        """The value of a field that is not a file."""
        return self.data.decode(errors="replace")


def parse_form(content_type: str, body: bytes) -> tuple[FormPart, ...]:
    """The fields of a form, in order.

    Raises:
        FormError: this is not such a form, is cut off, or has too many parts.
    """
    delimiter = b"\r\n--" + _boundary(content_type)
    _, *parts = (b"\r\n" + body).split(delimiter, MOST_PARTS + 1)
    if len(parts) > MOST_PARTS:
        raise FormError(f"A form may have {MOST_PARTS - 1} parts.")
    if not parts or not parts[-1].startswith(b"--"):
        raise FormError("The form has no end: its last boundary is missing.")
    return tuple(_part(part) for part in parts[:-1])


def _boundary(content_type: str) -> bytes:
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise FormError("The content type is not multipart/form-data.")
    boundary = _parameters(content_type).get("boundary", "")
    if not boundary or len(boundary) > _LONGEST_BOUNDARY or not boundary.isascii():
        raise FormError("The content type has no boundary that is valid.")
    return boundary.encode()


def _parameters(value: str) -> dict[str, str]:
    """The parameters of a header; one that names its character set (RFC 5987) wins."""
    parameters: dict[str, str] = {}
    for name, quoted, bare in _PARAMETER.findall(value):
        text = _ESCAPED.sub(r"\1", quoted) or bare
        if name.endswith("*"):
            parameters[name.lower().removesuffix("*")] = unquote(text.rpartition("'")[2])
        else:
            parameters.setdefault(name.lower(), text)
    return parameters


def _part(part: bytes) -> FormPart:
    # Behind the boundary there may be spaces, up to the end of the line (RFC 2046).
    begin = part.find(b"\r\n")
    end = part.find(b"\r\n\r\n", begin, _MOST_HEAD_BYTES)
    if begin < 0 or part[:begin].strip(b" \t") or end < 0:
        raise FormError("A part of the form has no head, or one that is too long.")
    lines = part[begin + 2 : end].decode(errors="replace").split("\r\n")
    head = {name.strip().lower(): value for name, _, value in (x.partition(":") for x in lines)}
    parameters = _parameters(head.get("content-disposition", ""))
    if not parameters.get("name"):
        raise FormError("A part of the form has no name.")
    content_type = head.get("content-type", "").partition(";")[0].strip().lower()
    return FormPart(
        parameters["name"], part[end + 4 :], parameters.get("filename", ""), content_type
    )
