"""A language model's endpoint that lies: an OpenAI-compatible server on loopback whose every answer a test makes up."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from crawlers.guard import Guard
from worker.model import Model

Way = Callable[["Asked", BaseHTTPRequestHandler], None]


class Asked(dict[str, Any]):
    """One question as it came in: the body, with the headers beside it."""

    headers: dict[str, str]
    path: str

    @property
    def rules(self) -> str:
        return str(self["messages"][0]["content"])

    @property
    def material(self) -> dict[str, Any]:
        """What the question is about, read back."""
        found = json.loads(self["messages"][1]["content"])
        assert isinstance(found, dict)
        return found


class Liar:
    """The endpoint while it runs, and what it was asked."""

    def __init__(self, port: int, asked: list[Asked]) -> None:
        self.port, self.asked = port, asked
        self.url = f"http://127.0.0.1:{port}/v1"

    def model(self, **given: Any) -> Model:
        """A client that may reach this endpoint and nothing else on loopback."""
        given = {"key": "sk-test", "ask_seconds": 2.0, "round_seconds": 4.0, **given}
        return Model(self.url, "liar-1", guard=Guard(allow=[("127.0.0.1", self.port)]), **given)


@contextmanager
def liar(way: Way) -> Iterator[Liar]:
    """An endpoint that treats every question in one way."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = Asked(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            body.headers = {name.lower(): value for name, value in self.headers.items()}
            body.path = self.path
            asked.append(body)
            self.close_connection = True
            with contextlib.suppress(OSError):
                way(body, self)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Liar(server.server_address[1], asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    """A whole HTTP answer. Header names are written with underscores."""
    handler.send_response(status)
    fields = {"content_type": "application/json", "content_length": str(len(body)), "connection": "close", **headers}
    for name, value in fields.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def says(words: str | Callable[[Asked], str]) -> Way:
    """An endpoint whose model says these words, in the usual envelope."""

    def way(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        said = words if isinstance(words, str) else words(asked)
        send(handler, json.dumps({"choices": [{"message": {"role": "assistant", "content": said}}]}).encode())

    return way


def claims(**fields: Any) -> Way:
    """An endpoint whose model answers with a JSON object."""
    return says(json.dumps(fields, ensure_ascii=False))
