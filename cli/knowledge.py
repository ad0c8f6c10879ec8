"""`launchwatch knowledge`: a knowledge folder of one's own, changed with evidence, compared, and kept fresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.console import Refusal, complain, day, now, print_lines, print_table, read_knowledge, read_settings
from cli.store import opened_store
from knowledge import curate, review, schema
from knowledge.check import Problem
from knowledge.index import KnowledgeBase
from knowledge.load import HERE, KnowledgeInvalid
from pipeline import gaps
from pipeline.gaps import Told
from settings import Settings
from storage import documents, events

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

LOOK_BACK = timedelta(days=90)
"""How far back proposals look, where no day is given: a quarter."""

Json = Annotated[bool, typer.Option("--json", help="JSON Lines, one row a line.")]
Evidence = Annotated[list[str], typer.Option(help="The page that says so, https://...; may be given again.")]
Seen = Annotated[
    str, typer.Option(help="How: read (its passage was read), mention (the name stands there), inferred (you drew it).")
]
Names = Annotated[list[str] | None, typer.Option("--alias", help="Another name; may be given again.")]
Since = Annotated[str | None, typer.Option("--from", help="The first day; 90 days back without it.")]
Until = Annotated[str | None, typer.Option("--to", help="The day after the last.")]
Least = Annotated[int, typer.Option(min=1, help="Show what at least so many events (names: documents) tell.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000)]


@app.command()
def copy(folder: Annotated[Path, typer.Argument(help="An empty or new folder.")]) -> None:
    """Make a knowledge folder of your own out of the one in use."""
    settings = read_settings()
    with _refusing():
        files = curate.copy(folder, settings.knowledge or HERE)
    complain(f"{files} files copied; now set LAUNCHWATCH_KNOWLEDGE={folder.resolve()}")


# ---- changes --------------------------------------------------------------------------------------------------------


@app.command()
def add_company(
    id: Annotated[str, typer.Argument(help="Short and readable: moonshot-ai.")],
    name_en: Annotated[str, typer.Option(help="Its English name.")],
    type: Annotated[str, typer.Option(help="lab, tech, chip, app, game, media, ...")],
    country: Annotated[str, typer.Option(help="ISO 3166-1: CN, US, ...")],
    evidence: Evidence,
    name_zh: Annotated[str | None, typer.Option(help="Its Chinese name.")] = None,
    alias: Names = None,
    status: Annotated[str, typer.Option(help="private, subsidiary, listed, ...; listed where --listed is given.")] = "",
    parent: Annotated[str | None, typer.Option(help="The id of the company that it belongs to.")] = None,
    url: Annotated[str | None, typer.Option(help="Its site.")] = None,
    listed: Annotated[list[str] | None, typer.Option(help="A security of its own; may be given again.")] = None,
    listed_from: Annotated[str | None, typer.Option(help="Since when, 2024, 2024-03 or 2024-03-25.")] = None,
    seen: Seen = "read",
) -> None:
    """Add a company, with its listings where it has any. Your folder changes only if the whole base stays sound."""
    settings = read_settings()
    knowledge, today = read_knowledge(settings), _today(settings)
    _one_of("--type", type, {c.type for c in knowledge.companies.values()})
    status = status or ("listed" if listed else "private")
    _one_of("--status", status, {c.status for c in knowledge.companies.values()})
    shown = {"source": evidence, "as_of": today.isoformat()}
    row: dict[str, Any] = {
        "id": id,
        "name_en": name_en,
        "name_zh": name_zh,
        "aliases": alias or (),
        "type": type,
        "country": country,
    }
    row |= {"status": status, "parent": parent, "url": url, **shown, "evidence": seen}
    listings: list[dict[str, Any]] = []
    for code in listed or ():
        security = _security(knowledge, code)
        listing: dict[str, Any] = {"id": f"{id}/is_listed_as/{security.id}", "company": id, "security": security.id}
        listing |= {"kind": "is_listed_as", "strength": "high", "what": _called(security), "valid_from": listed_from}
        listings.append(listing | {"confidence": 0.95, **shown, "verification": seen})
    _take_over(settings, lambda folder: curate.add_company(folder, row, listings, today))
    complain(f"{id} added" + (f", listed as {', '.join(row['security'] for row in listings)}" if listings else ""))


@app.command()
def add_product(
    company: Annotated[str, typer.Argument(help="The id of its company.")],
    id: Annotated[str, typer.Argument(help="Short and readable: kimi.")],
    name: Annotated[str, typer.Option(help="The family's name, without a version.")],
    evidence: Evidence,
    weights: Annotated[str, typer.Option(help="open, closed or mixed.")],
    alias: Names = None,
    modality_in: Annotated[list[str] | None, typer.Option("--in", help="What it takes in: text, image, ...")] = None,
    modality_out: Annotated[list[str] | None, typer.Option("--out", help="What it gives out.")] = None,
    first_release: Annotated[str | None, typer.Option(help="2024, 2024-03 or 2024-03-25.")] = None,
    seen: Seen = "read",
) -> None:
    """Add a product or a family of models to a company."""
    settings = read_settings()
    today = _today(settings)
    row: dict[str, Any] = {"id": id, "name": name, "aliases": alias or (), "company": company}
    row |= {"modality_in": modality_in or (), "modality_out": modality_out or (), "weights": weights}
    if first_release:
        precision = {4: "year", 7: "month"}.get(len(first_release), "day")
        row |= {"first_release": first_release, "first_release_precision": precision}
        row["first_release_source"] = evidence[0]
    row |= {"source": evidence, "evidence": seen, "as_of": today.isoformat()}
    _take_over(settings, lambda folder: curate.add_row(folder, "products", schema.Product, row, today))
    complain(f"{id} added to {company}")


@app.command()
def add_relation(
    company: Annotated[str, typer.Argument(help="The id of the company.")],
    kind: Annotated[str, typer.Argument(help="What the issuer is to it: investor, compute_supplier, concept, ...")],
    security: Annotated[str, typer.Argument(help="The issuer's security: 300364.SZ, NASDAQ:NVDA, ...")],
    what: Annotated[str, typer.Option(help="The tie in a few words of your own.")],
    evidence: Evidence,
    strength: Annotated[str, typer.Option(help="high, medium or low.")] = "medium",
    confidence: Annotated[float, typer.Option(min=0, max=1, help="How sure it is, 0 to 1.")] = 0.7,
    valid_from: Annotated[str | None, typer.Option("--from", help="Since when it holds: a year, month or day.")] = None,
    valid_to: Annotated[str | None, typer.Option("--to", help="Until when.")] = None,
    known_from: Annotated[
        str | None, typer.Option(help="Since when it could be known here; today without it, so no look back sees it.")
    ] = None,
    concept: Annotated[str | None, typer.Option(help="The concept's id, for a concept.")] = None,
    percent: Annotated[float | None, typer.Option(min=0, max=100, help="The stake, where one is known.")] = None,
    denied: Annotated[bool, typer.Option("--denied", help="The issuer denied it.")] = False,
    part: Annotated[str | None, typer.Option(help="What tells it from another tie of this kind: 2025.")] = None,
    seen: Seen = "read",
) -> None:
    """Add a dated tie between a company and a listed security. Read it as: the issuer is the KIND of the company."""
    settings = read_settings()
    knowledge, today = read_knowledge(settings), _today(settings)
    _one_of("KIND", kind, set(knowledge.relation_kinds))
    found = _security(knowledge, security)
    row_id = "/".join(piece for piece in (company, kind, found.id, concept, part) if piece)
    row: dict[str, Any] = {"id": row_id, "company": company, "security": found.id, "kind": kind, "strength": strength}
    row |= {"valid_from": valid_from, "valid_to": valid_to, "known_from": known_from or today.isoformat()}
    row |= {"what": what, "percent": percent, "concept": concept, "confidence": confidence}
    row |= {"issuer_denied": denied or None, "source": evidence, "verification": seen, "as_of": today.isoformat()}
    row = {name: value for name, value in row.items() if value is not None}
    _take_over(settings, lambda folder: curate.add_row(folder, "relations", schema.Relation, row, today))
    complain(f"{row_id} added, known from {row['known_from']}")


Relation = Annotated[str, typer.Argument(help="The relation's id: moonshot-ai/partner/00700.HK.")]


@app.command()
def confirm(
    relation: Relation,
    evidence: Annotated[str, typer.Option(help="The page that shows that it still holds, https://...")],
) -> None:
    """Say that a tie still holds today, by a page: it is fresh again from today on, and weighs in a look back what it did."""
    settings = read_settings()
    today = _today(settings)
    fields = {"confirmed": [today.isoformat()]}
    _take_over(settings, lambda folder: curate.change_relation(folder, relation, fields, evidence, today))
    complain(f"{relation} confirmed as of {today}")


@app.command()
def end(
    relation: Relation,
    evidence: Annotated[str, typer.Option(help="The page that shows that it ended, https://...")],
    on: Annotated[str | None, typer.Option(help="When it ended: a year, month or day; today without it.")] = None,
) -> None:
    """Say that a tie ended. The row stays: a look back to a day before, or before today, when we learn of it, still sees it."""
    settings = read_settings()
    today = _today(settings)
    last = on or today.isoformat()
    fields = {"valid_to": last, "end_known_from": today.isoformat()}
    _take_over(settings, lambda folder: curate.change_relation(folder, relation, fields, evidence, today))
    complain(f"{relation} ended {last}")


# ---- reviews --------------------------------------------------------------------------------------------------------


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A folder; `bundled` without it.")] = "bundled",
    new: Annotated[str, typer.Argument(help="A folder; the one in use without it.")] = "",
    as_json: Json = False,
) -> None:
    """What was added, changed and gone between two knowledge folders, row by row."""
    settings = read_settings()
    before, after = (_folder(name, settings) for name in (old, new))
    with _refusing():
        changes = review.diff(before, after)
    if as_json:
        print_lines(change._asdict() for change in changes)
        return
    table = Table("change", "part", "row", "what")
    for change in changes:
        what = "; ".join(f"{name}: {_short(a)} > {_short(b)}" for name, (a, b) in change.fields.items())
        table.add_row(change.kind, change.part, change.row, what if change.kind == "changed" else "")
    print_table(table, f"{len(changes)} rows differ between {before} and {after}")


@app.command()
def stale(
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of a day; today without it.")] = None,
    as_json: Json = False,
) -> None:
    """Relations that still stand but were not confirmed within their kind's shelf life: confirm them, or end them."""
    settings = read_settings()
    on = as_of.date() if as_of else _today(settings)
    found = review.stale(read_knowledge(settings), on)
    if as_json:
        print_lines(
            {
                "id": s.relation.id,
                "confirmed": s.confirmed.isoformat() if s.confirmed else None,
                "age_days": s.age_days,
                "shelf_life_days": s.shelf_life_days,
                "what": s.relation.what,
                "source": s.relation.source,
            }
            for s in found
        )
        return
    table = Table("relation", "last sure", "days", "shelf life", "what")
    for s in found:
        age = str(s.age_days) if s.age_days is not None else "?"
        table.add_row(s.relation.id, str(s.confirmed or "?"), age, str(s.shelf_life_days), s.relation.what)
    print_table(table, f"{len(found)} relations are older than their shelf life as of {on}")


@app.command()
def candidates(
    since: Since = None, until: Until = None, least: Least = 1, limit: Limit = 50, as_json: Json = False
) -> None:
    """Ties that the base lacks: company and issuer in one sentence of stored news, with counts and quotes. You decide."""
    settings = read_settings()
    found = gaps.ties(_told(settings, since, until), read_knowledge(settings))
    found = [tie for tie in found if tie.events >= least][:limit]
    if as_json:
        print_lines(found)
        return
    table = Table("company", "securities", "events", "joined by a word of a tie", "sentences", "quote")
    for t in found:
        counts = (str(t.events), str(t.deals), str(t.sentences))
        table.add_row(t.company, ", ".join(t.securities), *counts, _quoted(t.quotes[0]))
    print_table(table, f"{len(found)} pairs without a relation; `launchwatch knowledge add-relation` takes one in")


@app.command()
def suggest(
    kind: Annotated[str, typer.Option(help="Only product or company.")] = "",
    since: Since = None,
    until: Until = None,
    least: Least = 1,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Names that the base does not know: products and companies by their shape in stored news, with counts and quotes."""
    settings = read_settings()
    _one_of("--kind", kind or "product", {"product", "company"})
    found = gaps.names(_told(settings, since, until), read_knowledge(settings))
    found = [name for name in found if name.documents >= least and kind in ("", name.kind)][:limit]
    if as_json:
        print_lines(found)
        return
    table = Table("kind", "name", "company", "documents", "sources", "quote")
    for n in found:
        table.add_row(n.kind, n.name, n.company or "", str(n.documents), str(n.sources), _quoted(n.quotes[0]))
    print_table(table, f"{len(found)} names; `launchwatch knowledge add-company` and `add-product` take one in")


def _told(settings: Settings, since: str | None, until: str | None) -> list[Told]:
    """The stored documents of a time's events, with their tags."""
    end = day(until, settings.zone, "--to") or now()
    start = day(since, settings.zone, "--from") or end - LOOK_BACK
    if start >= end:
        raise Refusal("--from must lie before --to", code=2)
    told = []
    with opened_store(settings) as store, store.reading() as session:
        for event in events.between(session, start, end):
            for document in documents.of_event(session, event.id):
                tags = documents.tags_of(session, document.id)
                if tags is not None:
                    told.append(Told(event_id=event.id, document=document, tags=tags))
    return told


# ---- small things ---------------------------------------------------------------------------------------------------


def _take_over(settings: Settings, change: Callable[[Path], list[Problem]]) -> None:
    with _refusing():
        for warning in change(settings.knowledge or HERE):
            complain(str(warning))


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (curate.ChangeRefused, KnowledgeInvalid) as refused:
        raise Refusal(str(refused)) from refused


def _folder(name: str, settings: Settings) -> Path:
    folder = HERE if name == "bundled" else Path(name) if name else settings.knowledge or HERE
    if not folder.is_dir():
        raise Refusal(f"{name}: there is no such folder", code=2)
    return folder


def _one_of(option: str, given: str, known: set[str]) -> None:
    if given not in known:
        raise Refusal(f"{option}: {given!r} is not one of {', '.join(sorted(known))}", code=2)


def _security(knowledge: KnowledgeBase, code: str) -> schema.Security:
    found = knowledge.security(code)
    if found is None:
        raise Refusal(f"{code!r} is no security that we know; `launchwatch securities WORDS` finds them", code=2)
    return found


def _called(security: schema.Security) -> str:
    return f"{security.name_zh or security.name_en or ''} {security.code}".strip()


def _today(settings: Settings) -> date:
    return now().astimezone(settings.zone).date()


def _short(value: Any) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _quoted(quote: gaps.Quote) -> str:
    return f"“{quote.words}” ({quote.source}, {quote.day})"
