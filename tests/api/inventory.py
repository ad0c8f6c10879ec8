"""Every route of the web side, who may use it, and an address that stands for it; `python -m tests.api.inventory` writes
the examples of the API's description anew from what the routes answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from api import described
from knowledge.load import load
from pipeline.lexicon import Lexicon
from storage import corrections, events, keys, outbox, sources, watches
from tests.api.conftest import ADMIN, House, TestClient, kimi
from tests.factories import make_watch

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
MOST_LINES = 8
SECRET = re.compile(r"(?<=lw_)[\w-]{20,}|(?<=/feeds/)[\w-]{20,}")
OWNER, OTHER = "li", "wang"

LISTED = """
read  GET    /v1/events                              ?company=moonshot-ai&limit=1
read  GET    /v1/events/{event_id}
read  GET    /v1/documents/counts
read  GET    /v1/documents/{document_id}
read  GET    /v1/search                              ?q=%E5%86%85%E6%B5%8B&facets=true
read  GET    /v1/digests/{period}
read  GET    /v1/companies                           ?q=moonshot
read  GET    /v1/companies/{company_id}
read  GET    /v1/products                            ?company=moonshot-ai
read  GET    /v1/products/{product_id}
read  GET    /v1/themes
read  GET    /v1/themes/{theme_id}
read  GET    /v1/securities/{security_id}
read  GET    /v1/facts                               ?kind=context_length
read  GET    /v1/changes                             ?since=2024-03-18T00:00:00Z
read  GET    /v1/stream
read  GET    /v1/export                              ?from=2024-03-18&to=2024-03-19
read  GET    /v1/sources
write POST   /v1/sources/{source_id}/collect
read  GET    /v1/watches
write POST   /v1/watches
write POST   /v1/watches/dry-run
own   GET    /v1/watches/{watch_id}
own   PUT    /v1/watches/{watch_id}
own   DELETE /v1/watches/{watch_id}
read  GET    /v1/alerts
own   GET    /v1/alerts/{alert_id}
own   POST   /v1/deliveries/{delivery_id}/replay
write POST   /v1/feeds                               ?kind=all
read  GET    /v1/feeds
write DELETE /v1/feeds/{token}
admin GET    /v1/keys
admin POST   /v1/keys
admin DELETE /v1/keys/{key_id}
admin GET    /v1/audit
read  GET    /v1/openapi.json
read  GET    /metrics
open  GET    /healthz
open  GET    /readyz
read  POST   /mcp
token GET    /feeds/{token}.{form}
token GET    /websub/{token}
token POST   /websub/{token}
open  GET    /key
open  POST   /key
open  POST   /leave
read  GET    /
read  GET    /digests/{period}
read  GET    /live
read  GET    /live/stream
read  GET    /events
read  GET    /events/{event_id}
read  GET    /search
read  GET    /companies
read  GET    /companies/{company_id}
read  GET    /products
read  GET    /products/{product_id}
read  GET    /securities/{security_id}
read  GET    /themes
read  GET    /themes/{theme_id}
read  GET    /watches
read  GET    /watches/new
own   GET    /watches/{watch_id}
write POST   /watches/form
own   POST   /watches/{watch_id}/pause
own   POST   /watches/{watch_id}/remove
read  GET    /alerts
own   GET    /alerts/{alert_id}
own   POST   /alerts/{alert_id}/deliveries/{delivery_id}/replay
read  GET    /sources
read  GET    /corrections
admin GET    /admin
admin POST   /admin/keys
admin POST   /admin/keys/{key_id}/revoke
open  GET    /static                                 /launchwatch.css
"""
"""`read`: any key; `write`: one that may change; `own`: one of the thing's owner; `admin`; `open`: no key; `token`: what
stands in the address is the key."""

BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/watches": {
        "name": "Long contexts",
        "companies": ["moonshot-ai"],
        "destinations": ["mailto:a@desk.example"],
    },
    "PUT /v1/watches/{watch_id}": {"name": "Long contexts", "words": ["长文本"], "minimum_importance": 40},
    "POST /v1/watches/dry-run": {"name": "Long contexts", "words": ["长文本"]},
    "POST /v1/keys": {"name": "the desk's dashboard", "owner": OWNER, "scope": "read"},
}


class Listed(NamedTuple):
    """A route as it is listed."""

    need: str
    method: str
    path: str
    query: str

    @property
    def name(self) -> str:
        """`GET /v1/events`."""
        return f"{self.method} {self.path}"

    @property
    def changes(self) -> bool:
        """Whether it changes what is stored."""
        return self.method not in ("GET", "HEAD") and self.path != "/mcp"


STREAMS = ("/v1/stream", "/live/stream", "/v1/openapi.json")
"""Not asked for an example: two have no end, one is the description itself."""


def routes() -> list[Listed]:
    """Every listed route."""
    rows = (line.split() for line in LISTED.strip().splitlines())
    return [Listed(row[0], row[1], row[2], row[3] if len(row) > 3 else "") for row in rows]


class Stocked(NamedTuple):
    """An installation with one of each thing, and the ids that stand for them in addresses."""

    house: House
    ids: dict[str, str]

    def address(self, route: Listed) -> str:
        """Where a route is asked."""
        return route.path.format(**self.ids) + route.query

    def restock(self) -> None:
        """The watch, its alert's dead delivery and a feed there again, whoever removed them."""
        with self.house.desk() as desk, desk.store.writing() as session:
            watch = make_watch(id="w-li", name="Long contexts", owner=OWNER, destinations=("mailto:a@desk.example",))
            watches.save(session, watch)
            session.connection().exec_driver_sql("UPDATE deliveries SET state = 'dead'")


def stock(house: House) -> Stocked:
    """One event with its alert, whose delivery is dead; a source, a correction, a key and a feed."""
    made = Stocked(house, {})
    made.restock()
    house.bring(kimi(NOW))
    with house.desk() as desk, desk.store.writing() as session:
        [delivery] = outbox.claim(session, NOW + timedelta(days=1), timedelta(minutes=1))
        outbox.finish(session, delivery, "failed", "550 no such box", NOW)
        key, _ = keys.make(session, "to be revoked", OWNER, "read", NOW)
        sources.save_state(session, sources.SourceState(source_id="openai", health="fresh"))
        [alert] = watches.alerts(session, watch_ids=["w-li"])
        corrections.save(session, "retitle", [alert.event_id], {}, "li", "clearer", NOW, [], [])
    ids = {"event_id": alert.event_id, "alert_id": alert.id, "delivery_id": str(delivery.id), "key_id": key.id}
    ids |= {"watch_id": "w-li", "source_id": "openai", "company_id": "moonshot-ai", "product_id": "kimi"}
    ids |= {
        "security_id": "300364.SZ",
        "theme_id": "ext-long-context",
        "period": "2024-W12",
        "form": "atom",
        "token": "none",
    }
    with house.desk() as desk, desk.store.reading() as session:
        told = events.get(session, alert.event_id)
    assert told is not None
    return Stocked(house, ids | {"document_id": told.reports[0].document_id})


@contextmanager
def asked(stocked: Stocked) -> Iterator[TestClient]:
    """A client of the admin's."""
    with stocked.house.client(headers=ADMIN) as client:
        yield client


def shortened(answer: Any, most: int = 2) -> Any:
    """An answer with the first few of every list and table."""
    if isinstance(answer, dict):
        return {key: shortened(value, most) for key, value in list(answer.items())[:40]}
    return [shortened(value, most) for value in answer[:most]] if isinstance(answer, list) else answer


def write_examples() -> None:
    """What each route of the API answers, kept as its example."""
    with TemporaryDirectory() as folder:
        stocked = stock(House(Path(folder), Lexicon(load())))
        with asked(stocked) as client:
            described_paths = client.get("/v1/openapi.json").json()["paths"]
            wanted = [route for route in routes() if route.path in described_paths and route.path not in STREAMS]
            examples = {route.name: example(stocked, client, route) for route in wanted}
    event = json.dumps(examples["GET /v1/events/{event_id}"]["answered"]["event"], ensure_ascii=False)
    told = f"id: 2024-03-18T04:00:00+00:00~e1\nevent: event\ndata: {event}\n\n"
    examples["GET /v1/stream"] = {"media_type": "text/event-stream", "answered": told}
    described.EXAMPLES.write_text(json.dumps(examples, ensure_ascii=False, indent=1) + "\n", "utf-8")


def example(stocked: Stocked, client: TestClient, route: Listed) -> dict[str, Any]:
    """What a route is asked, and what it answers; secrets of the store that it came from left out."""
    stocked.restock()
    body = BODIES.get(route.name)
    answer = client.request(route.method, stocked.address(route), json=body)
    kept: dict[str, Any] = {"asked": body} if body else {}
    if answer.content and answer.is_success:
        kept["media_type"] = answer.headers["content-type"].split(";")[0]
        text = SECRET.sub("...", answer.text)
        is_json = kept["media_type"] == "application/json"
        kept["answered"] = shortened(json.loads(text)) if is_json else "\n".join(text.splitlines()[:MOST_LINES])
    return kept


if __name__ == "__main__":
    write_examples()
