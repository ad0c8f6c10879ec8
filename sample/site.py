"""The sample's web site on a free loopback port: feeds, listings and articles, served as real sites serve them.

`python -m sample.site` prints its address and serves until Ctrl-C.
"""

from __future__ import annotations

import gzip
import signal
import socket
import sys
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from crawlers.sources import Source
from sample.render import Rendered, article, feed, path_of
from sample.week import SampleDocument, load_documents, load_sample_sources, load_serving

IDLE_SECONDS = 30
"""How long a kept connection may say nothing."""
POLL_SECONDS = 0.05
"""How soon the end is noticed."""
WORTH_GZIP = 256
"""Bytes below which compression saves nothing."""


class Site:
    """The sample site, served while `with Site() as site:` lasts. Leaves no thread and no port behind."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._server: _Server | None = None
        self._thread: Thread | None = None
        self.base_url = ""
        """Address without a slash at its end; empty while the site is down."""

    def __enter__(self) -> Self:
        self._server = server = _Server(("127.0.0.1", self._port), _Handler)
        self.base_url = f"http://127.0.0.1:{server.server_port}"
        server.resources = resources(self.base_url)
        self._thread = Thread(
            target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS}, name="sample-site", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server and self._thread:
            self._server.stop()
            self._thread.join()
        self._server = self._thread = None
        self.base_url = ""

    def sources(self) -> list[Source]:
        """The sample's sources at the site's present address."""
        return load_sample_sources(self.base_url)

    def documents(self) -> list[SampleDocument]:
        """What the site serves."""
        return load_documents()

    def fact_url(self, url: str) -> str | None:
        """The public page where the facts of an article of this site can be checked; None for any other address."""
        path = urlsplit(url).path
        return next((d.fact_url for d in load_documents() if path_of(d) == path), None)


def resources(base: str) -> dict[str, Rendered]:
    """Everything the site serves, by path."""
    documents, serving = load_documents(), load_serving()
    found: dict[str, Rendered] = {}
    for source in load_sample_sources(base):
        own = [d for d in documents if d.source == source.id]
        found[urlsplit(source.url).path] = feed(source, serving[source.id], own, base)
        found |= {path_of(d): article(source, serving[source.id], d) for d in own}
    newest = max(r.modified for r in found.values())
    found["/robots.txt"] = Rendered(_robots(base), "text/plain; charset=utf-8", newest)
    found["/sitemap.xml"] = Rendered(_sitemap(base, found), "application/xml; charset=utf-8", newest)
    found["/"] = Rendered(_home(found), "text/html; charset=utf-8", newest)
    return found


def _robots(base: str) -> bytes:
    return f"User-agent: *\nDisallow: /private/\nSitemap: {base}/sitemap.xml\n".encode()


def _sitemap(base: str, found: dict[str, Rendered]) -> bytes:
    rows = "\n".join(
        f"<url><loc>{base}{path}</loc><lastmod>{resource.modified.isoformat()}</lastmod></url>"
        for path, resource in found.items()
        if path.endswith(".html")
    )
    start = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return f"{start}\n{rows}\n</urlset>\n".encode()


def _home(found: dict[str, Rendered]) -> bytes:
    links = "".join(f'<li><a href="{path}">{path}</a></li>' for path in found if not path.endswith(".html"))
    return f'<!DOCTYPE html><html lang="en"><title>Sample site</title><ul>{links}</ul></html>\n'.encode()


class _Server(ThreadingHTTPServer):
    """Threads are joined at the end: open connections are shut first, so that none is waited for."""

    daemon_threads = False
    resources: dict[str, Rendered]

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()
        self._lock = Lock()

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.discard(request)
        super().shutdown_request(request)

    def stop(self) -> None:
        """End the loop, cut what is still open, wait for every handler, free the port."""
        self.shutdown()
        with self._lock:
            for connection in self._open:
                _cut(connection)
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up or falls silent is no news; anything else is our mistake, and is shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # typeshed names the two shapes


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was quicker


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "LaunchwatchSample"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    """Else a body waits 40 ms for the client to acknowledge the head that went before it."""
    server: _Server

    def do_GET(self) -> None:
        resource = self.server.resources.get(urlsplit(self.path).path)
        if resource is None:
            return self._answer(HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain; charset=utf-8"}, b"not found\n")
        etag = f'W/"{sha256(resource.body).hexdigest()[:24]}"'
        headers = {
            "ETag": etag,
            "Last-Modified": format_datetime(resource.modified.astimezone(UTC), usegmt=True),
            "Content-Type": resource.content_type,
            "Vary": "Accept-Encoding",
        }
        if self._is_known(etag, resource.modified):
            return self._answer(HTTPStatus.NOT_MODIFIED, headers, b"")
        body = resource.body
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) >= WORTH_GZIP:
            body = gzip.compress(body, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return self._answer(HTTPStatus.OK, headers, body)

    do_HEAD = do_GET

    def _is_known(self, etag: str, modified: datetime) -> bool:
        """Whether the client's copy still holds; an ETag, where given, decides alone (RFC 9110, 13.2.2)."""
        if tags := self.headers.get("If-None-Match"):
            return tags.strip() == "*" or etag in [t.strip() for t in tags.split(",")]
        try:
            since = parsedate_to_datetime(self.headers.get("If-Modified-Since", ""))
        except ValueError:
            return False
        return modified.replace(microsecond=0) <= (since if since.tzinfo else since.replace(tzinfo=UTC))

    def _answer(self, status: HTTPStatus, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the collector's own log says what was fetched."""


def main() -> None:
    """Serve until Ctrl-C or a polite kill."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Site() as site:
        print(f"sample site on {site.base_url}/ - Ctrl-C stops it", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
