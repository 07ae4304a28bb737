"""Compressed bodies of requests (`content-encoding`), unpacked before anything reads them.

Anthropic takes gzip (claude-code#90457), and so does OpenAI's server for Responses; clients of
speech send what they have. Python's own library has gzip and deflate; others are refused with 415.
"""

from __future__ import annotations

import zlib
from dataclasses import replace

from gramophone.standin.server.http import Request
from gramophone.standin.server.refusal import HttpRefusal

ACCEPTED = "gzip, deflate"
"""The codings that are understood, as a header says it."""

_PLAIN = ("", "identity")
# Both with a head that says which it is; RFC 9110, 8.4.1, has deflate in the format of zlib.
_HEAD_OF_EITHER = 32 + zlib.MAX_WBITS
_OF_THE_CODED = frozenset({"content-encoding", "content-length"})
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})


def plain_request(request: Request, most_bytes: int) -> Request | HttpRefusal:
    """The request with its body unpacked, or a refusal: of the coding, the size or the data.

    `most_bytes` is the size of the longest body, unpacked.
    """
    coding = request.header("content-encoding").strip().lower()
    if coding in _PLAIN:
        return request
    if coding not in _CODINGS:
        sentence = f"A body may be in {ACCEPTED}, not in {coding!r}."
        return HttpRefusal(415, "UNSUPPORTED_MEDIA_TYPE", sentence)
    unpacking = zlib.decompressobj(_HEAD_OF_EITHER)
    try:
        body = unpacking.decompress(request.body, most_bytes + 1)
    except zlib.error:
        return HttpRefusal(400, "Bad Request", f"The body is not {coding}.")
    if len(body) > most_bytes:
        sentence = f"A request may have {most_bytes} bytes, not more."
        return HttpRefusal(413, "Payload Too Large", sentence)
    if not unpacking.eof:
        return HttpRefusal(400, "Bad Request", "The compressed body is not complete.")
    headers = [field for field in request.headers if field[0] not in _OF_THE_CODED]
    return replace(request, headers=tuple(headers), body=body)
