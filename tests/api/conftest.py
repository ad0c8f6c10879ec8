"""Installations behind the API: a migrated store in a folder of its own, the news it was brought, and a client."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.app import create_app
from pipeline.lexicon import Lexicon
from pipeline.records import RawDocument
from settings import Settings
from storage.engine import open_store
from tests.factories import make_raw
from worker import jobs
from worker.desk import Desk

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient as TestClient

KEY = "lw_test-key"
ADMIN = {"Authorization": f"Bearer {KEY}"}


def kimi(at: datetime, more: str = "") -> RawDocument:
    """The report of Kimi's long context, published and first seen at one moment."""
    text = f"月之暗面宣布 Kimi 智能助手启动 200 万字无损上下文内测。{more}"
    url = "https://example.com/kimi"
    return make_raw("Kimi 智能助手启动 200 万字无损上下文内测", text, url=url, published_at=at, first_seen_at=at)


@dataclass(frozen=True)
class House:
    """An installation: its folder and settings, and a worker that may be called in."""

    home: Path
    lexicon: Lexicon
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """As its operator set it."""
        return Settings(home=self.home, admin_key=KEY, **self.given)

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """The worker's desk over its store."""
        store = open_store(self.settings.store_url)
        try:
            yield Desk(store, self.lexicon, {}, ZoneInfo("Asia/Shanghai"))
        finally:
            store.close()

    def bring(self, *raws: RawDocument) -> None:
        """Take documents in, each at its first sight, and process what is due."""
        with self.desk() as desk:
            for raw in raws:
                jobs.receive(desk, [raw], raw.first_seen_at)
            jobs.process_due(desk, max(raw.first_seen_at for raw in raws))

    @contextmanager
    def client(self, **given: Any) -> Iterator[TestClient]:
        """A client of its web side, without the key unless `headers` bring it."""
        app = create_app(self.settings)
        with TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False, **given) as made:
            yield made


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path, lexicon: Lexicon) -> House:
    """An installation for all tests of a module."""
    home = tmp_path_factory.mktemp("home")
    shutil.copyfile(migrated_file, home / "launchwatch.db")
    return House(home, lexicon)
