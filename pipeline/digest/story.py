"""A digest composed: which events are told in full, which in a line, and what the framework makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

from knowledge.index import KnowledgeBase
from knowledge.schema import Lens
from pipeline.compare import CENTRAL, Earlier, compare
from pipeline.digest import coming, comparing, heading, linked, market, standing, stated, telling
from pipeline.digest.ledger import Ledger
from pipeline.digest.period import Period
from pipeline.digest.shape import (
    AuthorBlock,
    Bar,
    Both,
    Charts,
    Cover,
    Digest,
    HeatRow,
    Item,
    Line,
    Prices,
    Ranked,
    Related,
    Sentence,
)
from pipeline.digest.wording import DENIALS, KIN, PERIODS, RATINGS, SPANS, join, short_day
from pipeline.records import Event

TOLD = {"day": 3, "week": 5, "month": 10}
"""How many events are told in full."""
LINES = {"day": 15, "week": 25, "month": 40}
"""How many more get a line; the rest are counted."""
RUMOURS = 15
ANNOUNCEMENTS = 20
HEAT_ROWS = 6
RELATED = 6
NEEDED = 2
"""With fewer events worth a paragraph than this, the week is quiet and says so."""
LEAST = 4.0
"""Importance below which an event is counted and stands in the store, but no line is given to it."""
TWIN_DAYS = 2
"""How near in time two tellings of one release stand."""
_OPEN = frozenset({"rumour", "denial"})
_FILINGS = frozenset({"earnings_disclosure", "ipo_listing"})
_DEALS = frozenset({"funding", "acquisition", "partnership"})


def compose(
    period: Period,
    lens: Lens,
    ranked: Sequence[Ranked],
    earlier: Sequence[Event],
    knowledge: KnowledgeBase,
    made_at: datetime,
    author: AuthorBlock | None = None,
    previous: Sequence[Digest] = (),
    prices: Prices | None = None,
) -> Digest:
    """The digest of a period: `ranked` are its events under the lens, `earlier` those that figures are compared with.

    Events outside the period are left out. `previous` are earlier issues, of which the newest tells what changed.
    """
    inside = sorted((r for r in ranked if period.holds(r.event.when)), key=lambda r: (-r.score.total, r.event.id))
    issues = _earlier_issues(previous, period)
    ledger = Ledger(knowledge, period.published_on)
    bearing = [r for r in inside if r.score.total >= LEAST]
    open_ones = (r for r in bearing if _is_open(r.event) and telling.tells(r.event, ledger))
    rumours = list(islice(open_ones, RUMOURS))
    settled = [r for r in bearing if not _is_open(r.event)]
    worthy = [r for r in settled if worth_a_paragraph(r.event, ledger)]
    distinct = _apart(worthy)
    told = list(islice((r for r in distinct if telling.tells(r.event, ledger)), TOLD[period.kind]))
    taken = {r.event.id for r in told}
    filings = [r for r in settled if r.event.id not in taken and _is_filing(r) and telling.tells(r.event, ledger)]
    taken |= {r.event.id for r in filings}
    rest = [r for r in settled if r.event.id not in taken]
    lines = list(islice((r for r in rest if telling.tells(r.event, ledger)), LINES[period.kind]))
    headlines = _Headlines(settled, ledger)
    quiet = len(told) < NEEDED

    summary = _summary(period, inside, told, quiet, headlines, ledger)
    items = _items(told, earlier, [r.event for r in inside], period, headlines, ledger)
    stock_rows, stocks_left_out = linked.stocks(settled, told, lens, headlines, ledger)
    return Digest(
        period=period,
        lens=lens.id,
        lens_name=Both(zh=lens.name_zh, en=lens.name_en),
        made_at=made_at,
        knowledge_version=knowledge.version,
        inputs=tuple(r.event.id for r in inside),
        cover=_cover(period, lens, knowledge),
        author=author,
        headline=_headline(told, settled, headlines, period),
        quiet=quiet,
        summary=summary,
        items=items,
        framework_name=Both(zh=knowledge.framework.name_zh, en=knowledge.framework.name_en),
        framework=standing.boxes(distinct, headlines, ledger),
        themes=standing.theme_blocks(distinct, lens, headlines, ledger, issues[0] if issues else None),
        stocks=market.with_moves(stock_rows, prices, period, ledger),
        stocks_left_out=stocks_left_out,
        others=tuple(_line(r, period, ledger) for r in lines),
        others_left_out=len([r for r in inside if not _is_open(r.event)]) - len(taken) - len(lines),
        announcements=tuple(_line(r, period, ledger) for r in filings[:ANNOUNCEMENTS]),
        coming=coming.coming(settled, period, ledger),
        rumours=tuple(_rumour(r, period, ledger) for r in rumours),
        related=tuple(
            Related(
                label=d.period.label, title=Both(zh=d.headline.zh, en=d.headline.en), published_on=d.period.published_on
            )
            for d in issues[:RELATED]
        ),
        risks=standing.risks(settled, headlines, knowledge),
        market=market.recap(prices, period, ledger),
        charts=_charts(settled, told, period, headlines, ledger),
        claims=tuple(ledger.claims),
        sources=ledger.sources,
        dates=ledger.dates,
        codes=ledger.codes,
        names=ledger.names,
    )


def _earlier_issues(previous: Sequence[Digest], period: Period) -> list[Digest]:
    """Issues of the same kind that ended before this one begins, each once, newest first."""
    before = [d for d in previous if d.period.kind == period.kind and d.period.last_day < period.first_day]
    return list({d.period.label: d for d in sorted(before, key=lambda d: d.period.first_day, reverse=True)}.values())


class _Headlines(dict[str, Sentence]):
    """Headlines of events by id, each written when first asked for."""

    def __init__(self, ranked: Sequence[Ranked], ledger: Ledger) -> None:
        super().__init__()
        self._events = {r.event.id: r.event for r in ranked}
        self._ledger = ledger

    def __contains__(self, event_id: object) -> bool:
        return event_id in self._events

    def __missing__(self, event_id: str) -> Sentence:
        self[event_id] = telling.headline(self._events[event_id], self._ledger)
        return self[event_id]


# ---- who is told how ------------------------------------------------------------------------------------------------


def worth_a_paragraph(event: Event, ledger: Ledger) -> bool:
    """Whether an event carries one: it happened, and a figure, an official report or a second report stands behind it."""
    if event.certainty != "fact" or not any(heading.is_telling(event.title(x), x) for x in ("zh", "en")):
        return False
    return len(event.reports) > 1 or any(r.tier == 1 for r in event.reports) or bool(stated.main_facts(event, ledger))


def _apart(worthy: Sequence[Ranked]) -> list[Ranked]:
    """The events to tell in full, without those that surely are another telling of one before them."""
    kept: list[Ranked] = []
    for one in worthy:
        if not any(_is_twin(one.event, other.event) for other in kept):
            kept.append(one)
    return kept


def _is_twin(one: Event, other: Event) -> bool:
    """Whether two events of kindred types and within two days are about one product of those who act above all."""
    kindred = one.event_type == other.event_type or one.event_type in KIN.get(other.event_type, ())
    near = abs(one.when - other.when) <= timedelta(days=TWIN_DAYS)
    return kindred and near and bool(_foremost(one) & _foremost(other))


def _foremost(event: Event) -> set[str]:
    """The known products that lead in an event, of companies that act."""
    acting = {tag.id for tag in event.companies if tag.role == "actor"}
    most = max((p.relevance for p in event.products), default=0)
    return {p.id for p in event.products if p.id and p.company in acting and p.relevance >= max(most, CENTRAL)}


def _is_open(event: Event) -> bool:
    return event.certainty in _OPEN or event.event_type == "rumor"


def _is_filing(one: Ranked) -> bool:
    """A company's own business for its holders: results, a listing, or a deal in which a listed company acts."""
    if one.event.event_type in _FILINGS:
        return True
    return one.event.event_type in _DEALS and any(link.direct for link in one.links)


# ---- parts ----------------------------------------------------------------------------------------------------------


def _cover(period: Period, lens: Lens, knowledge: KnowledgeBase) -> Cover:
    framework = knowledge.framework
    rating = note = None
    if framework.sector == lens.name_zh and framework.report_date <= period.published_on:
        given, kept = framework.sector_rating, framework.rating_change
        rating = Both(zh=f"{given}（{kept}）", en=f"{RATINGS.get(given, given)} ({RATINGS.get(kept, kept)})")
        day = framework.report_date.isoformat()
        note = Both(
            zh=f"评级录自{framework.publisher}{day}报告",
            en=f"Rating as given by {framework.publisher_en or framework.publisher} on {day}",
        )
    first, last = period.first_day.isoformat(), period.last_day.isoformat()
    window = Both(zh=f"{first}至{last}", en=f"{first} to {last}") if first != last else Both(zh=first, en=first)
    sector = Both(zh=lens.name_zh, en=lens.name_en)
    return Cover(
        kind=PERIODS[period.kind],
        sector=sector,
        rating=rating,
        rating_note=note,
        window=window,
        published_on=period.published_on,
    )


def _headline(told: Sequence[Ranked], settled: Sequence[Ranked], headlines: _Headlines, period: Period) -> Sentence:
    """The two top events, each by actor and change."""
    top = [headlines[r.event.id] for r in (told or settled)[:2]]
    if not top:
        span = SPANS[period.kind]
        return Sentence(zh=f"{span.zh}无入库事件", en=f"{span.en}: no event in store", kind="note")
    return Sentence.of(top, "；".join(h.zh for h in top), "; ".join(h.en for h in top), "fact")


def _summary(
    period: Period, inside: Sequence[Ranked], told: Sequence[Ranked], quiet: bool, headlines: _Headlines, ledger: Ledger
) -> tuple[Sentence, ...]:
    span = SPANS[period.kind]
    window = f"{period.first_day.isoformat()}至{period.last_day.isoformat()}"
    if not inside:
        return (
            Sentence(
                zh=f"{span.zh}（{window}）库内没有事件，请先核对采集是否正常。",
                en=f"{span.en} ({period.first_day} to {period.last_day}) the store holds no event; check that collection was running.",
                kind="note",
            ),
        )
    sentences = [_counted(period, inside, ledger)]
    if quiet:
        sentences.append(
            Sentence(
                zh=f"{span.zh}较为平静，够得上专题篇幅的事件不足，本期从简。",
                en=f"{span.en} was quiet: few events carry a paragraph, and the issue is kept short.",
                kind="note",
            )
        )
    elif told:
        top = [headlines[r.event.id] for r in told[:2]]
        sentences.append(
            Sentence.of(
                top,
                f"我们认为最值得关注的是：{'；'.join(h.zh for h in top)}。",
                f"Most worth attention in our view: {'; '.join(h.en for h in top)}.",
            )
        )
    return tuple(sentences)


def _counted(period: Period, inside: Sequence[Ranked], ledger: Ledger) -> Sentence:
    """How many events the period holds, and of which kinds most: those whose reports have words that show the kind."""
    names = ledger.knowledge.event_types
    kinds = Counter(r.event.event_type for r in inside if r.event.event_type_quote)
    common = sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    claims = [_count(ledger, Both(zh="入库事件", en="events in store"), len(inside))]
    zh, en = [], []
    for kind, count in common:
        row = names.get(kind)
        name = Both(zh=row.name_zh, en=row.name_en) if row else Both(zh=kind, en=kind)
        claims.append(_count(ledger, name, count))
        zh.append(f"{name.zh}{count}起")
        en.append(f"{name.en} ({count})")
    span = SPANS[period.kind]
    first, last = short_day(period.first_day), short_day(period.last_day)
    days = Both(zh=f"{first.zh}至{last.zh}", en=f"{first.en} to {last.en}") if first != last else first
    among = Both(zh=f"，其中{join(zh, 'zh')}" if zh else "", en=f", among them {join(en, 'en')}" if en else "")
    return Sentence(
        zh=f"{span.zh}（{days.zh}）入库AI事件{len(inside)}起{among.zh}。",
        en=f"{span.en} ({days.en}) the store gained {len(inside)} AI events{among.en}.",
        claims=tuple(claims),
    )


def _count(ledger: Ledger, what: Both, count: int) -> int:
    return ledger.claim_computed("count", what, Both(zh=f"{count}", en=f"{count}"), count)


def _items(
    told: Sequence[Ranked],
    earlier: Sequence[Event],
    beside: Sequence[Event],
    period: Period,
    headlines: _Headlines,
    ledger: Ledger,
) -> tuple[Item, ...]:
    before = Earlier((e for e in earlier if e.when < period.end), ledger.knowledge, beside)
    others = {e.id: e for e in earlier}
    views = standing.Views(told, ledger)
    items = []
    for rank, one in enumerate(told, 1):
        event = one.event
        comparisons = compare(event, before, ledger.knowledge)
        opening = telling.opening(event, period, ledger)
        sentences = [
            opening,
            stated.hard_facts(event, ledger),
            *comparing.compared(event, comparisons, others, ledger),
            *stated.conflicts(event, ledger),
            telling.modality(event, ledger),
            telling.elsewhere(event, headlines[event.id], ledger),
        ]
        items.append(
            Item(
                event_id=event.id,
                rank=rank,
                importance=one.score.total,
                headline=headlines[event.id],
                facts=tuple(s for s in sentences if s is not None),
                views=views.of(one, headlines[event.id], opening),
            )
        )
    return tuple(items)


def _line(one: Ranked, period: Period, ledger: Ledger) -> Line:
    """An event in one line: its title, and its first figure where the title does not give it."""
    event = one.event
    day = event.occurred_on or period.day_of(event.when)
    opening = telling.opening(event, period, ledger)
    sentence = opening.model_copy(update={"sources": opening.sources[:2]})
    return Line(event_id=event.id, day=day, sentence=sentence, importance=one.score.total)


def _rumour(one: Ranked, period: Period, ledger: Ledger) -> Line:
    """A claim nobody has confirmed, with who says so; a denial is marked as one."""
    line = _line(one, period, ledger)
    denied = one.event.certainty == "denial" or any(cue in line.sentence.zh for cue in DENIALS)
    zh, en = ("【否认】", "[Denied] ") if denied else ("【传闻】", "[Rumour] ")
    said = line.sentence.model_copy(update={"zh": zh + line.sentence.zh, "en": en + line.sentence.en, "kind": "note"})
    return line.model_copy(update={"sentence": said})


def _charts(
    settled: Sequence[Ranked], told: Sequence[Ranked], period: Period, headlines: _Headlines, ledger: Ledger
) -> Charts:
    names = {m.id: m for m in ledger.knowledge.taxonomy.modalities}
    counts = Counter(m for r in settled for m in r.event.modalities.output if m in names)
    bars = [
        Bar(name=Both(zh=names[m].name_zh, en=names[m].name_en), count=n)
        for m, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    ]
    days = period.days
    heat = []
    for one in told[:HEAT_ROWS] if len(days) <= 7 else ():
        by_day = Counter(period.day_of(r.published_at or r.first_seen_at) for r in one.event.reports)
        row = tuple(by_day.get(d, 0) for d in days)
        heat.append(HeatRow(event_id=one.event.id, name=headlines[one.event.id], counts=row))
    return Charts(modalities=tuple(bars), days=days if heat else (), heat=tuple(heat))
