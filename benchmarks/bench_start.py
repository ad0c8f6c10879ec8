"""How long after `launchwatch up` the first page stands there: a new home each time, no network asked.

    python -m benchmarks.bench_start [--times 5]

The time runs from the start of the process to the last byte of This week, asked with the key; beside it the page's size.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers import free_port

KEY = "lw_measured-at-the-start"
PATIENCE = 60.0


def main() -> None:
    """Print each start, and the median."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    took = []
    for _ in range(given.times):
        with TemporaryDirectory() as home:
            seconds, size = start(Path(home))
        took.append(seconds)
        print(f"first page after {seconds:.2f} s, {size / 1000:.1f} KB", flush=True)
    print(f"median {statistics.median(took):.2f} s, worst {max(took):.2f} s of {len(took)}")


def start(home: Path) -> tuple[float, int]:
    """Seconds to the first page of an installation that was not there before, and the page's bytes."""
    port = free_port()
    given = {"HOME": str(home), "ADMIN_KEY": KEY, "PORT": str(port), "BUNDLED_SOURCES": "false"}
    environment = {**os.environ, **{f"LAUNCHWATCH_{name}": value for name, value in given.items()}}
    began = time.perf_counter()
    with (home / "up.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "cli.main", "up"], env=environment, stdout=log, stderr=log)
    try:
        size = _first_page(port, process, began + PATIENCE, home / "up.log")
        return time.perf_counter() - began, size
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _first_page(port: int, process: subprocess.Popen[bytes], until: float, log: Path) -> int:
    while time.perf_counter() < until and process.poll() is None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            line.request("GET", "/", headers={"Authorization": f"Bearer {KEY}"})
            answer = line.getresponse()
            body = answer.read()
        except OSError:
            time.sleep(0.02)
            continue
        if answer.status == 200:
            return len(body)
    raise RuntimeError(log.read_text("utf-8")[-2_000:])


if __name__ == "__main__":
    main()
