"""A language model that says what it is told to: Chat Completions as server-sent events."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def answering(*answers: str, keys: list[str] | None = None) -> Generator[str]:
    """Gives one answer after the other, word by word, the last one for ever; yields the base
    URL. What it was authorised with is put into `keys`."""
    remaining = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if keys is not None:
                keys.append(self.headers["Authorization"])
            answer = remaining.pop(0) if len(remaining) > 1 else remaining[0]
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            # Whoever asked may have been killed.
            with suppress(ConnectionError):
                for word in answer.split(" "):
                    self._send({"delta": {"content": f"{word} "}, "finish_reason": None})
                self._send({"delta": {}, "finish_reason": "stop"})
                self.wfile.write(b"data: [DONE]\n\n")

        def _send(self, choice: dict[str, Any]) -> None:
            chunk = {
                "id": "chatcmpl-1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "told",
                "choices": [{"index": 0} | choice],
            }
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="chat server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
