"""An installation with something on every page, among it every hostile word, and a server for a real browser."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from api.app import create_app
from pipeline.records import (
    CompanyTag,
    Event,
    EventFact,
    Link,
    Modalities,
    ProductTag,
    Reason,
    Score,
    ScorePart,
    ThemeMatch,
)
from settings import Settings
from storage import corrections, events, keys, outbox, search, sources, watches
from storage.engine import Store, open_store
from tests.api.pages.corpus import PAYLOADS, URLS
from tests.factories import make_alert, make_event, make_report, make_watch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

KEY = "lw_pages-key"
NOW = datetime.now(UTC) - timedelta(days=3)
HOSTILE_EVENTS = 30


@dataclass(frozen=True)
class Room:
    """The installation: its application, and a client that holds the admin's cookie."""

    app: Any
    client: TestClient
    home: Path

    @property
    def csrf(self) -> str:
        """What a form of its pages sends back."""
        page = self.client.get("/admin").text
        return page.split('name="csrf" value="')[1].split('"')[0]


@pytest.fixture(scope="package")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The installation, filled."""
    home = tmp_path_factory.mktemp("pages")
    settings = Settings(home=home, admin_key=KEY, api_per_minute=1_000_000)
    store = open_store(settings.store_url)
    _fill(store)
    store.close()
    app = create_app(settings)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        client.cookies.set("launchwatch_key", KEY)
        client.headers["accept"] = "text/html"
        yield Room(app, client, home)
    app.state.desk.store.close()


@pytest.fixture(scope="package")
def address(room: Room) -> Iterator[str]:
    """The same installation behind a real port, for a browser."""
    server = uvicorn.Server(uvicorn.Config(room.app, port=0, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = server.force_exit = True
    thread.join(5)


def _fill(store: Store) -> None:
    with store.writing() as session:
        for event in (_plain(), _rival(), *(_hostile(number) for number in range(HOSTILE_EVENTS))):
            events.save(session, event)
            search.index_event(session, event)
            events.save_links(session, event.id, _links(event), NOW)
            events.save_scores(session, _scores(event))
        for number in range(HOSTILE_EVENTS):
            part = PAYLOADS[number::HOSTILE_EVENTS]
            words = tuple(part[1:])
            watches.save(
                session, make_watch(id=f"w{number}", name=part[0], words=words, destinations=("mailto:a@b.example",))
            )
            alert = make_alert(
                id=f"alert_{number}", watch_id=f"w{number}", event_id="e1", title=part[0], body="\n".join(part)
            )
            watches.save_alert(
                session, alert.model_copy(update={"made_at": NOW, "why": Reason(zh=part[1], en=part[1])})
            )
            outbox.push(session, alert, [f"webhook+https://example.com/{number}"], NOW)
            state = sources.SourceState(source_id=f"s{number}", health="failing", reason=part[2])
            sources.save_state(session, state)
            keys.write_down(session, keys.Deed(at=NOW, key_id="k", owner=part[3], did=f"POST /{part[4]}", status=200))
        keys.make(session, PAYLOADS[2], "anna", "write", NOW)
        corrections.save(session, "retitle", ["e1"], {}, PAYLOADS[3], PAYLOADS[4], NOW, [], [])


def _plain() -> Event:
    """An event with all that a page can show: conflicting figures, both titles, two languages, a security."""
    reports = (
        make_report("d1", at=NOW, title="Kimi 支持 200 万字上下文", language="zh", tier=1, source_name="公告"),
        make_report("d2", at=NOW + timedelta(hours=5), title="Kimi reads two million characters", tier=2),
    )
    fact = {"kind": "context_length", "unit": "characters", "subject": "Kimi", "product": "kimi"}
    facts = (
        EventFact(**fact, value=2_000_000, quote="200 万字", document_id="d1", conflict=True),
        EventFact(**fact, value=1_000_000, quote="one million characters", document_id="d2", conflict=True),
        EventFact(**fact, value=200_000, quote="20 万字", document_id="d1", comparison=True),
    )
    return make_event(
        "moonshot-ai",
        id="e1",
        title_zh="Kimi 支持 200 万字上下文",
        title_en="Kimi reads two million characters",
        event_type="model_update",
        event_type_quote="支持",
        products=(ProductTag(name="Kimi", id="kimi", family="kimi", company="moonshot-ai", quote="Kimi"),),
        modalities=Modalities(input=("text",), output=("text",)),
        facts=facts,
        reports=reports,
        first_seen_at=NOW,
        published_at=NOW,
    )


def _rival() -> Event:
    """An earlier event with a figure to compare."""
    at = NOW - timedelta(days=20)
    fact = EventFact(
        kind="context_length",
        unit="characters",
        subject="Qwen",
        product="qwen",
        value=500_000,
        quote="50 万字",
        document_id="d3",
    )
    tag = ProductTag(name="Qwen", id="qwen", family="qwen", company="alibaba", quote="Qwen")
    title = "Qwen 支持 50 万字"
    report = make_report("d3", at=at, title=title, language="zh")
    dated = {"first_seen_at": at, "published_at": at}
    given = {"title_zh": title, "title_en": None, "products": (tag,), "facts": (fact,), "reports": (report,)}
    return make_event("alibaba", id="e2", event_type="model_update", **given, **dated)


def _hostile(number: int) -> Event:
    """An event whose every word is somebody else's: titles, quotes, names, addresses."""
    part = PAYLOADS[number::HOSTILE_EVENTS]
    at = NOW - timedelta(minutes=number + 1)
    reports = tuple(
        make_report(f"x{number}-{n}", at=at, title=text, source_name=text, url=URLS[(number + n) % len(URLS)])
        for n, text in enumerate(part)
    )
    facts = tuple(
        EventFact(
            kind="openness", value=text, unit="", quote=text, subject=text, detail=text, document_id=f"x{number}-{n}"
        )
        for n, text in enumerate(part[:4])
    )
    return make_event(
        id=f"x{number}",
        title_zh=part[0],
        title_en=part[1],
        event_type_quote=part[2],
        certainty="rumour",
        companies=(
            CompanyTag(id="openai", relevance=90, role="actor", quote=part[3]),
            CompanyTag(id=part[4], relevance=9, quote="x"),
        ),
        products=tuple(ProductTag(name=text, id="kimi", family="kimi", version=text, quote=text) for text in part[5:]),
        reports=reports,
        facts=facts,
        first_seen_at=at,
        published_at=at,
    )


def _links(event: Event) -> list[Link]:
    said = event.title_zh or "x"
    tie = {"direct": False, "relation": "investor", "weight": 0.5, "strength": "high", "confidence": 0.8}
    return [
        Link(
            **tie,
            event_id=event.id,
            security_id="NYSE:BABA",
            path=("moonshot-ai", "moonshot-ai/investor/NYSE:BABA"),
            reason=Reason(zh=said, en=said),
            evidence=("https://example.com/tie", *URLS),
            as_of=NOW.date(),
        )
    ]


def _scores(event: Event) -> list[Score]:
    said = event.title_zh or "x"
    parts = (ScorePart(name="heat", points=12.0, why=Reason(zh=said, en=said)),)
    theme = ThemeMatch(theme_id="ai", reason=Reason(zh=said, en=said))
    return [Score(event_id=event.id, lens=lens, total=60, parts=parts, themes=(theme,)) for lens in ("all", "media")]
