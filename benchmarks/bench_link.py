"""Processor time to link one event against 20,000 relations; it must stay under 1 ms.

    python -m benchmarks.bench_link

Three worlds: the reviewed facts; as many copies of them, each under other names, as make 20,000 relations, so that companies
have as many ties as in life; and a made-up one whose ties follow a power law, with hubs of hundreds of ties, as a bad case.
Each event has one to three acting companies, drawn by their ties so that hubs come up most, and every tenth names a security.
"""

from __future__ import annotations

import random
import statistics
import time
from datetime import UTC, date, datetime
from typing import Literal

from knowledge.index import KnowledgeBase
from knowledge.load import load
from knowledge.schema import Company, Relation, Security
from pipeline.link import link
from pipeline.records import CompanyTag, Event, Report, SecurityTag

RELATIONS = 20_000
COMPANIES = 3_000
EVENTS = 4_000
STRENGTHS: tuple[Literal["high", "medium", "low"], ...] = ("high", "medium", "low")
MOMENT = datetime(2024, 3, 18, 9, tzinfo=UTC)
ON = date(2024, 3, 25)


def main() -> None:
    """Print a line a world: events, links an event, mean, median and 99th percentile in microseconds."""
    facts = load()
    print(f"{'world':24s} {'relations':>9s} {'links/event':>11s} {'mean us':>8s} {'p50 us':>8s} {'p99 us':>8s}")
    report("the reviewed facts", facts, random.Random(2))
    report("copies of the facts", copies(facts), random.Random(2))
    report("a made-up world of hubs", made_up(facts), random.Random(2))


def report(name: str, world: KnowledgeBase, chance: random.Random) -> None:
    """Link every event once and print what it took."""
    events = [an_event(number, world, chance) for number in range(EVENTS)]
    took, found = zip(*(timed(event, world) for event in events), strict=True)
    cuts = statistics.quantiles(took, n=100)
    print(
        f"{name:24s} {len(world.relations):9d} {statistics.mean(found):11.1f} "
        f"{statistics.mean(took):8.0f} {cuts[49]:8.0f} {cuts[98]:8.0f}"
    )


def timed(event: Event, world: KnowledgeBase) -> tuple[float, int]:
    """Microseconds of processor time to link an event, and how many links it has."""
    start = time.thread_time()
    links = link(event, world, ON)
    return (time.thread_time() - start) * 1e6, len(links)


def an_event(number: int, world: KnowledgeBase, chance: random.Random) -> Event:
    """An event of one to three companies, drawn so that those with many ties come more often."""
    companies = dict.fromkeys(relation.company for relation in chance.choices(world.relations, k=chance.randint(1, 3)))
    securities = (SecurityTag(id=chance.choice(world.relations).security, quote="named"),) if number % 10 == 0 else ()
    return Event(
        id=f"e{number}",
        event_type="model_release",
        first_seen_at=MOMENT,
        published_at=MOMENT,
        companies=tuple(CompanyTag(id=name, relevance=90, role="actor", quote=name) for name in companies),
        securities=securities,
        reports=(Report(document_id="d", source_id="s", tier=2, title="t", language="en", first_seen_at=MOMENT),),
    )


def copies(facts: KnowledgeBase) -> KnowledgeBase:
    """The reviewed facts so many times under other names that there are 20,000 relations."""
    times = range(-(-RELATIONS // len(facts.relations)))
    return _world(
        facts,
        [row.model_copy(update={"id": f"{row.id}-{n}"}) for n in times for row in facts.companies.values()],
        [
            row.model_copy(update={"id": f"{row.id}-{n}", "company": f"{row.company}-{n}" if row.company else None})
            for n in times
            for row in _tied(facts)
        ],
        [
            row.model_copy(update={name: f"{getattr(row, name)}-{n}" for name in ("id", "company", "security")})
            for n in times
            for row in facts.relations
        ][:RELATIONS],
    )


def _tied(facts: KnowledgeBase) -> list[Security]:
    return [facts.securities[id] for id in sorted({row.security for row in facts.relations}) if id in facts.securities]


def made_up(facts: KnowledgeBase) -> KnowledgeBase:
    """A world of 20,000 relations of the real kinds."""
    chance = random.Random(1)
    companies = [_company(number) for number in range(COMPANIES)]
    securities = [
        Security(id=f"NYSE:S{n}", name_en=f"S{n}", market="US", company=f"c{n}") for n in range(COMPANIES // 2)
    ]
    kinds = [kind.id for kind in facts.taxonomy.relation_kinds if kind.id != "is_listed_as"]
    relations = [_relation(f"c{n}", "is_listed_as", f"NYSE:S{n}", n, chance) for n in range(len(securities))]
    weights = [1 / (rank + 20) for rank in range(COMPANIES)]
    owners = chance.choices(range(COMPANIES), weights, k=RELATIONS - len(relations))
    relations += [
        _relation(f"c{owner}", chance.choice(kinds), chance.choice(securities).id, len(securities) + number, chance)
        for number, owner in enumerate(owners)
    ]
    return _world(facts, companies, securities, relations)


def _world(
    facts: KnowledgeBase, companies: list[Company], securities: list[Security], relations: list[Relation]
) -> KnowledgeBase:
    return KnowledgeBase(
        version="benchmark",
        companies=companies,
        products=(),
        securities=securities,
        relations=relations,
        themes=(),
        framework=facts.framework,
        concepts=facts.concepts.values(),
        lenses=(),
        taxonomy=facts.taxonomy,
    )


def _company(number: int) -> Company:
    return Company(
        id=f"c{number}",
        name_en=f"Company {number}",
        type="lab",
        country="CN",
        status="private",
        source=("made up",),
        evidence="none",
        as_of=ON,
    )


def _relation(company: str, kind: str, security: str, number: int, chance: random.Random) -> Relation:
    return Relation(
        id=f"r{number}",
        company=company,
        security=security,
        kind=kind,
        strength=chance.choice(STRENGTHS),
        what="made up",
        valid_from=f"202{chance.randint(0, 5)}-{chance.randint(1, 12):02d}",
        confidence=chance.uniform(0.4, 0.95),
        source=("https://example.com/",),
        verification="none",
        as_of=date(2023, 1, 1),
    )


if __name__ == "__main__":
    main()
