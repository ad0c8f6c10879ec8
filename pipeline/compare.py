"""Comparisons computed from stored facts: what held before, what rivals have, and whether a figure is the best so far.

Only facts of one kind and one unit are compared: characters never with tokens, an input price never with an output price.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from knowledge.index import KnowledgeBase, last_day
from pipeline.records import Event, EventFact, ProductTag, Record
from pipeline.text import fold

RECORD_KINDS = frozenset({"context_length", "parameters", "video_duration", "training_data"})
"""Kinds whose figure says the same of every product; a score depends on its test, a speed-up on what it is measured against."""
RIVAL_KINDS = frozenset({"context_length", "video_duration"})
"""Kinds for which the strongest stored figures of other companies are worth a sentence."""
CENTRAL = 80
"""Relevance from which a product of those who act surely is what an event is about."""
RECORD_NEEDS = 2
"""How many other subjects must be stored before a best-so-far is worth saying."""
RIVALS = 3


class Known(Record):
    """A stored figure: whose, since when, and where it stands."""

    fact: EventFact
    event_id: str
    company: str | None
    day: date

    @property
    def key(self) -> tuple[str, str, str]:
        """What it may be compared with: kind, unit, and for a price what is priced."""
        return (self.fact.kind, self.fact.unit, aspect(self.fact))

    @property
    def subject(self) -> str:
        """Whose figure it is."""
        return subject(self.fact)


class Comparison(Record):
    """One figure beside another of the same kind and unit, and the rule that chose it."""

    rule: Literal["before", "rival", "record"]
    stated: bool
    """Whether the event's own reports give the other figure; else it comes from an earlier event."""
    fact: EventFact
    event_id: str
    other: EventFact
    other_event_id: str
    other_day: date
    better: bool
    """Whether the figure is ahead of the other in the direction that is progress."""
    among: int = 0
    """For a record: how many other subjects were compared."""

    @property
    def ratio(self) -> float | None:
        """The figure over the other one."""
        ours, theirs = number(self.fact), number(self.other)
        return ours / theirs if ours is not None and theirs else None


def compare(event: Event, earlier: Sequence[Event] | Earlier, knowledge: KnowledgeBase) -> tuple[Comparison, ...]:
    """How an event's figures stand: first what held before, then rivals, then whether one is the best so far."""
    stock = earlier if isinstance(earlier, Earlier) else Earlier(earlier, knowledge)
    stated = [k for k in figures(event) if _is_beside(k)]
    found: list[Comparison] = []
    for own in _own(event):
        direction = _direction(own.fact.kind, knowledge)
        if not direction:
            continue
        before = _before(own, stated, stock)
        rivals = _rivals(own, stated, stock)
        found += [_beside("before", own, b, b in stated, direction) for b in before]
        found += [_beside("rival", own, r, r in stated, direction) for r in rivals]
        found += _record(own, stock, direction)
    return tuple(found)


class Earlier:
    """Earlier events' figures, by what they may be compared with; built once for many events.

    `beside` are events of the same time: nothing is compared with them, but a figure of theirs refutes a best-so-far.
    """

    def __init__(self, events: Iterable[Event], knowledge: KnowledgeBase, beside: Iterable[Event] = ()) -> None:
        self._by_key: dict[tuple[str, str, str], list[Known]] = {}
        self._named: dict[tuple[str, str, str], list[Known]] = {}
        for event in beside:
            if any(fact.kind in RECORD_KINDS for fact in event.facts):
                self._note(figures(event))
        for event in events:
            known_here = figures(event)
            self._note(known_here)
            if event.certainty == "fact":
                for known in known_here:
                    if known.fact.product is None or not belongs(known.fact, event, knowledge):
                        continue
                    self._by_key.setdefault(known.key, []).append(known)
        for held in self._by_key.values():
            held.sort(key=lambda k: (k.day, k.event_id, k.subject))

    def _note(self, found: list[Known]) -> None:
        for known in found:
            if known.fact.kind in RECORD_KINDS:
                self._named.setdefault(known.key, []).append(known)

    def like(self, own: Known) -> list[Known]:
        """Figures of the same kind and unit from events filed before, oldest first."""
        return [k for k in self._by_key.get(own.key, ()) if k.day < own.day and k.event_id != own.event_id]

    def refutes(self, own: Known, direction: str) -> bool:
        """Whether any report until that day, be it in passing, gives another subject a figure as good."""
        ours = number(own.fact) or 0.0
        others = (
            number(k.fact) or 0.0
            for k in self._named.get(own.key, ())
            if k.day <= own.day and k.subject != own.subject and not _same_line(k, own)
        )
        return any(theirs >= ours if direction == "higher" else theirs <= ours for theirs in others)


def figures(event: Event) -> list[Known]:
    """An event's facts that can be compared: numbers with a known subject and no conflict between reports."""
    return [
        Known(fact=f, event_id=event.id, company=_company(event, f), day=event.occurred_on or event.when.date())
        for f in event.facts
        if number(f) is not None and not is_disputed(f, event) and f.qualifier != "less_than" and subject(f)
    ]


def is_disputed(fact: EventFact, event: Event) -> bool:
    """Whether reports differ on a field, once what held before is set aside: 20万字 until now is no dispute of 200万字."""
    if not fact.conflict:
        return False
    rest = [f for f in event.facts if f.conflict and (f.kind, f.unit, f.detail) == (fact.kind, fact.unit, fact.detail)]
    return len({f.value for f in rest if subject(f) == subject(fact) and not _held_before(f, event)}) > 1


def _held_before(fact: EventFact, event: Event) -> bool:
    """Whether the event's texts give a value for comparison or for an earlier time, be it in another sentence."""
    like = (f for f in event.facts if (f.kind, f.unit, f.value) == (fact.kind, fact.unit, fact.value))
    return any(f.comparison or _is_past(f, event) for f in like)


def _is_past(fact: EventFact, event: Event) -> bool:
    return fact.as_of is not None and last_day(fact.as_of) < (event.occurred_on or event.when.date())


def is_titled(fact: EventFact, event: Event) -> bool:
    """Whether a title of the event has a fact's very words."""
    words = re.sub(r"\s", "", fold(fact.quote))
    titles = (re.sub(r"\s", "", fold(t)) for t in (event.title_zh, event.title_en) if t)
    return bool(words) and any(words in title for title in titles)


def number(fact: EventFact) -> float | None:
    """A fact's value as a number, or None for words."""
    return float(fact.value) if isinstance(fact.value, int | float) else None


def subject(fact: EventFact) -> str:
    """Whose figure it is: the product's id, else its name folded."""
    return fact.product or fold(fact.subject or "").strip()


def belongs(fact: EventFact, event: Event, knowledge: KnowledgeBase) -> bool:
    """Whether a figure surely is what its words seem to say: a title gives it, or its report is headed by its product.

    An amount of money needs a title: in running text it may be anybody's.
    """
    value = number(fact)
    if fact.kind == "training_speedup" and value is not None and value <= 1:
        return False
    if value is not None and is_titled(fact, event):
        return True
    if fact.kind == "money":
        return False
    title = next((r.title for r in event.reports if r.document_id == fact.document_id), "")
    row = knowledge.products.get(fact.product or "")
    names = (fact.subject or "", *(row.names if row else ()))
    return _has_any(fold(title), names) and named(names, event, "any") is not None


def is_headlined(tag: ProductTag, event: Event, knowledge: KnowledgeBase) -> bool:
    """Whether a title of the event names a product."""
    row = knowledge.products.get(tag.id or "")
    return named((tag.name, *(row.names if row else ())), event, "any") is not None


def named(names: Sequence[str], event: Event, language: str) -> str | None:
    """The longest of some names that the event's title has, in a language or in `any`."""
    spoken = ((event.title_zh, "zh"), (event.title_en, "en"))
    titles = [fold(t) for t, tongue in spoken if t and language in (tongue, "any")]
    return max((n for n in names if any(_has_any(t, (n,)) for t in titles)), key=len, default=None)


def _has_any(title: str, names: Sequence[str]) -> bool:
    """Whether a folded title has one of some names, a Latin one between boundaries."""
    for name in (fold(n) for n in names if n):
        at = title.find(name)
        if at >= 0 and (not name.isascii() or re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", title)):
            return True
    return False


def aspect(fact: EventFact) -> str:
    """What exactly is counted, where the kind alone does not say: the side of a price, the benchmark of a score."""
    if fact.kind in ("price", "benchmark_score", "money"):
        return fold(fact.detail) if fact.detail else "unclear"
    return ""


def stated_product(event: Event) -> ProductTag | None:
    """The product of one who acts that the words which show the event's type name first: introduced Jamba."""
    acting = {tag.id for tag in event.companies if tag.role == "actor"}
    said = fold(event.event_type_quote)
    sure = [p for p in event.products if p.company in acting and p.relevance >= CENTRAL and fold(p.name) in said]
    return min(sure, key=lambda p: (said.find(fold(p.name)), -p.relevance, -len(p.name), p.name), default=None)


def main_product(event: Event) -> ProductTag | None:
    """The product at the centre of an event: as the words of its type say, else a titled one, then the most relevant."""
    if stated := stated_product(event):
        return stated
    titles = fold(f"{event.title_zh or ''} {event.title_en or ''}")
    return max(event.products, key=lambda p: (fold(p.name) in titles, p.relevance), default=None)


def is_own(fact: EventFact, event: Event) -> bool:
    """Whether a fact is the event's own: not given for comparison, not of an earlier time, not of another's product."""
    if fact.comparison or _is_past(fact, event) or (not is_titled(fact, event) and _held_before(fact, event)):
        return False
    main = main_product(event)
    if main is None or fact.product is None:
        return True
    makers = {p.id: p.company for p in event.products}
    return fact.product == main.id or makers.get(fact.product) == main.company


def _own(event: Event) -> list[Known]:
    """The event's own figures, one a kind and unit: not those that its texts give for comparison or for an earlier time."""
    chosen: dict[tuple[str, str, str], Known] = {}
    for known in figures(event):
        if is_own(known.fact, event) and known.key[2] != "unclear":
            held = chosen.get(known.key)
            if held is None or _rank(known, event) > _rank(held, event):
                chosen[known.key] = known
    return list(chosen.values())


def _rank(known: Known, event: Event) -> tuple[bool, float]:
    """Of several figures for one field the titled one counts, else the largest."""
    return is_titled(known.fact, event), number(known.fact) or 0.0


def _is_beside(known: Known) -> bool:
    """Whether the text gives a figure for comparison, or for a time before the event's."""
    return known.fact.comparison or (known.fact.as_of is not None and last_day(known.fact.as_of) < known.day)


def _before(own: Known, stated: list[Known], stock: Earlier) -> list[Known]:
    """The same product's figure until now: as the text gives it, with its date if any text has one, else the latest stored."""
    same = sorted(
        (k for k in stated if k.key == own.key and k.subject == own.subject), key=lambda k: k.fact.as_of is None
    )
    same = same or _of_subject(stock.like(own), own.subject)[-1:]
    return [k for k in same if k.fact.value != own.fact.value][:1]


def _rivals(own: Known, stated: list[Known], stock: Earlier) -> list[Known]:
    """Other products' figures: those the text gives, else the strongest stored of other companies."""
    given = [k for k in stated if k.key == own.key and not _same_line(k, own) and not _is_in_its_name(k)]
    if given:
        return _one_each(given)[:RIVALS]
    if own.fact.kind not in RIVAL_KINDS or own.company is None:
        return []
    others = [k for k in stock.like(own) if k.company and k.company != own.company and not _is_beside(k)]
    return sorted(_one_each(others[::-1]), key=lambda k: -(number(k.fact) or 0))[:RIVALS]


def _is_in_its_name(known: Known) -> bool:
    """Whether a size is only the one that the product is called by: it compares names."""
    return known.fact.kind == "parameters" and fold(known.fact.quote).strip() in fold(known.fact.subject or "")


def _same_line(one: Known, other: Known) -> bool:
    """Whether two figures are of one product or of two sizes of it."""
    names = [fold(k.fact.subject or "") for k in (one, other)]
    return one.subject == other.subject or (all(names) and (names[0] in names[1] or names[1] in names[0]))


def _record(own: Known, stock: Earlier, direction: str) -> list[Comparison]:
    """Whether the figure is ahead of every stored one of other subjects, and which led before it."""
    if own.fact.kind not in RECORD_KINDS:
        return []
    others = [k for k in stock.like(own) if k.subject != own.subject]
    subjects = {k.subject for k in others}
    if len(subjects) < RECORD_NEEDS:
        return []
    refuted = stock.refutes(own, direction)
    best = max(others, key=lambda k: (number(k.fact) or 0) * (1 if direction == "higher" else -1))
    beside = _beside("record", own, best, False, direction)
    return [beside.model_copy(update={"among": len(subjects)})] if beside.better and not refuted else []


def _of_subject(known: list[Known], wanted: str) -> list[Known]:
    """Of some figures, those of one subject."""
    return [k for k in known if k.subject == wanted]


def _one_each(known: list[Known]) -> list[Known]:
    return list({k.subject: k for k in reversed(known)}.values())[::-1]


def _beside(
    rule: Literal["before", "rival", "record"], own: Known, other: Known, stated: bool, direction: str
) -> Comparison:
    ours, theirs = number(own.fact) or 0.0, number(other.fact) or 0.0
    return Comparison(
        rule=rule,
        stated=stated,
        fact=own.fact,
        event_id=own.event_id,
        other=other.fact,
        other_event_id=other.event_id,
        other_day=other.day,
        better=ours > theirs if direction == "higher" else ours < theirs,
    )


def _direction(kind: str, knowledge: KnowledgeBase) -> str:
    row = knowledge.fact_kinds.get(kind)
    return row.comparable if row else ""


def _company(event: Event, fact: EventFact) -> str | None:
    """The company of a fact's product, where a tag of the event names it."""
    for product in event.products:
        if fact.product is not None and product.id == fact.product:
            return product.company
    return None
