"""`launchwatch up`: one process tree that serves, processes, restarts what ends, and leaves nothing running."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.records import RawDocument
from storage import documents
from storage.engine import open_store

ROOT = Path(__file__).parent.parent.parent
SECONDS = 40.0


class Tree:
    """A running `launchwatch up` in a home of its own, with no source to read."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        home.mkdir()
        (home / "sources.yaml").write_text("sources: []\n")
        given = {
            "LAUNCHWATCH_HOME": str(home),
            "LAUNCHWATCH_PORT": str(self.port),
            "LAUNCHWATCH_BUNDLED_SOURCES": "false",
            "LAUNCHWATCH_PROCESSES": "1",
        }
        self.log = (home / "log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up"],
            cwd=ROOT,
            env=os.environ | given,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def get(self, path: str) -> object:
        key = (self.home / "admin.key").read_text().strip()
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {key}"}
        )
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return json.load(answer)

    def wait_for(self, path: str, wanted: object = None) -> object:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                found = self.get(path)
                if wanted is None or wanted(found):  # type: ignore[operator]
                    return found
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(0.2)
        raise AssertionError((self.home / "log").read_text()[-2000:])

    def members(self) -> set[int]:
        """The process ids of the tree."""
        found = subprocess.run(["ps", "-eo", "pid,sid"], capture_output=True, text=True, check=True).stdout.split("\n")[
            1:
        ]
        rows = [line.split() for line in found if line.strip()]
        return {int(pid) for pid, sid in rows if int(sid) == self.process.pid}


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    made = Tree(tmp_path / "home")
    yield made
    if made.process.poll() is None:
        os.killpg(made.process.pid, signal.SIGKILL)
        made.process.wait()
    made.log.close()


@pytest.mark.slow
def test_the_tree_serves_what_it_processes_and_ends_whole(tree: Tree) -> None:
    tree.wait_for("/readyz")
    store = open_store(f"sqlite:///{tree.home}/launchwatch.db")
    now = datetime.now(UTC)
    raw = RawDocument(
        source_id="w", title="xAI releases Grok-9", text="xAI released Grok-9.", published_at=now, first_seen_at=now
    )
    with store.writing() as session:
        documents.receive(session, [raw], now)
    store.close()
    found = tree.wait_for("/v1/events", lambda page: page["events"])
    assert "Grok-9" in json.dumps(found)

    before = tree.members()
    part = max(before - {tree.process.pid})
    os.kill(part, signal.SIGKILL)
    deadline = time.monotonic() + SECONDS
    while not (started := tree.members() - before) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert started
    assert "starting it again" in (tree.home / "log").read_text()
    tree.wait_for("/readyz")

    tree.process.send_signal(signal.SIGINT)
    assert tree.process.wait(60) == 130
    assert tree.members() == set()
    assert "Traceback" not in (tree.home / "log").read_text()
