"""The web side on loopback over a store that is there already, for what measures answers as a program gets them."""

from __future__ import annotations

import argparse
import base64
import http.client
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from urllib.parse import urlencode

from storage.engine import Store
from tests.servers import free_port

Asked = TypeVar("Asked")

KEY = "lw_measured-on-loopback"
SEALED_WITH = base64.urlsafe_b64encode(bytes(32)).decode()
"""The same each run, since a store opens with the key that sealed it alone."""


def given(said: str | None, asked: int) -> argparse.Namespace:
    """The arguments of a benchmark over a filled store: folder, documents, url, and how many to ask."""
    parser = argparse.ArgumentParser(description=said, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--url", help="a PostgreSQL database, instead of a file")
    parser.add_argument("--asked", type=int, default=asked)
    return parser.parse_args()


@dataclass
class Served:
    """A process that answers, and one connection to it that is kept."""

    line: http.client.HTTPConnection

    def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """The body of an answer. Raises RuntimeError for one that is none."""
        self.line.request(
            "GET", f"{path}?{urlencode(query)}" if query else path, headers={"Authorization": f"Bearer {KEY}"}
        )
        answer = self.line.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
        return body


@contextmanager
def served(store: Store) -> Iterator[Served]:
    """`launchwatch serve` as a process of its own over a store, once it is ready."""
    port = free_port()
    with TemporaryDirectory() as home:
        settings = {
            "HOME": home,
            "DATABASE_URL": store.url.render_as_string(hide_password=False),
            "ADMIN_KEY": KEY,
            "PORT": str(port),
        }
        settings |= {"API_PER_MINUTE": "100000000", "SECRET_KEY": SEALED_WITH}
        environment = {**os.environ, **{f"LAUNCHWATCH_{name}": value for name, value in settings.items()}}
        with (Path(home) / "serve.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "serve"], env=environment, stdout=log, stderr=log
            )
        try:
            yield Served(_ready(port, process, Path(home) / "serve.log"))
        finally:
            process.terminate()
            process.wait(20)


def _ready(port: int, process: subprocess.Popen[bytes], log: Path) -> http.client.HTTPConnection:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(log.read_text("utf-8"))
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            line.request("GET", "/healthz")
            line.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return line
    raise RuntimeError("the web side did not start within 30 s")


def told(name: str, asked: Sequence[Asked], way: Callable[[Asked], object]) -> None:
    """Ask everything once unmeasured, then print how long each took."""
    for one in asked[:20]:
        way(one)
    took = []
    for one in asked:
        began = time.perf_counter()
        way(one)
        took.append((time.perf_counter() - began) * 1_000)
    cut = statistics.quantiles(took, n=100)
    print(f"  {name:24} p50 {cut[49]:8.2f} ms   p99 {cut[98]:8.2f} ms", flush=True)
