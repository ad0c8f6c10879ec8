"""How an event's figures compare, in sentences: what held before, rivals side by side, the best so far."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.compare import Comparison
from pipeline.digest.figures import plain, show
from pipeline.digest.ledger import Ledger
from pipeline.digest.shape import Both, Sentence
from pipeline.digest.stated import is_borne_out, main_facts, sources_of
from pipeline.digest.wording import LONGEST, join, partial_day
from pipeline.records import Event, EventFact


def compared(
    event: Event, comparisons: Sequence[Comparison], others: dict[str, Event], ledger: Ledger
) -> list[Sentence]:
    """The comparisons in sentences: what held before and how many times that is, rivals side by side, the best so far."""
    own = {(f.kind, f.unit, f.value) for f in main_facts(event, ledger)}
    told_of = [c for c in comparisons if (c.fact.kind, c.fact.unit, c.fact.value) in own]
    comparisons = [c for c in told_of if is_borne_out(c.other)]
    told = [_before(event, c, others, ledger) for c in comparisons if c.rule == "before"]
    for kind in dict.fromkeys((c.fact.kind, c.fact.unit) for c in comparisons):
        rivals = [c for c in comparisons if c.rule == "rival" and (c.fact.kind, c.fact.unit) == kind]
        if rivals:
            told.append(_rivals(event, rivals, others, ledger))
    told += [_record(event, c, others, ledger) for c in comparisons if c.rule == "record"]
    return told


def _before(event: Event, comparison: Comparison, others: dict[str, Event], ledger: Ledger) -> Sentence:
    owner = others.get(comparison.other_event_id, event)
    old = comparison.other
    claims = [ledger.claim_fact(event, comparison.fact), ledger.claim_fact(owner, old, "before")]
    since = (
        partial_day(old.as_of or ledger.day(comparison.other_day).isoformat())
        if not comparison.stated or old.as_of
        else None
    )
    zh_when, en_when = (f"（{since.zh}）", f" ({since.en})") if since else ("", "")
    kind = ledger.knowledge.fact_kinds[old.kind]
    whose = _subject(old, ledger)
    times_zh, times_en, claim = _times(comparison, event, ledger)
    if whose.zh == _subject(comparison.fact, ledger).zh and any(c.isdigit() for c in whose.zh):
        of_zh, of_en = "", ""
    else:
        of_zh, of_en = f"{whose.zh}的", f" of {whose.en}"
    zh = f"此前{of_zh}{kind.name_zh}{_amounts_to(old)}{zh_when}{times_zh}。"
    en = f"Before, the {kind.name_en}{of_en} was {show(old, 'en')}{en_when}{times_en}."
    all_claims = (*claims, *claim)
    return Sentence(zh=zh, en=en, kind="comparison", sources=sources_of(ledger, all_claims), claims=all_claims)


def _times(comparison: Comparison, event: Event, ledger: Ledger) -> tuple[str, str, tuple[int, ...]]:
    """How many times the old figure the new one is, where that says something."""
    ratio = comparison.ratio
    if ratio is None or ratio <= 0 or ratio == 1:
        return "", "", ()
    ours, theirs = float(comparison.fact.value), float(comparison.other.value)
    times = round(ratio, 1 if ratio >= 2 else 2)
    if ratio > 1:
        zh, en = f"，本次为其{plain(times)}倍", f"; it is now {plain(times)} times that"
        shown, value = Both(zh=f"{plain(times)}倍", en=f"{plain(times)} times"), times
    else:
        value = round((1 - ratio) * 100, 1)
        zh, en = f"，本次下降{plain(value)}%", f"; it is now {plain(value)}% lower"
        shown = Both(zh=f"{plain(value)}%", en=f"{plain(value)}%")
    what = ledger.fact_name(comparison.fact)
    return zh, en, (ledger.claim_computed("ratio", what, shown, value, (ours, theirs), event.id),)


def _rivals(event: Event, rivals: Sequence[Comparison], others: dict[str, Event], ledger: Ledger) -> Sentence:
    claims = tuple(ledger.claim_fact(others.get(c.other_event_id, event), c.other, "rival") for c in rivals)
    kind = ledger.knowledge.fact_kinds[rivals[0].fact.kind]
    zh = "，".join(_subject(c.other, ledger).zh + _amounts_to(c.other) for c in rivals)
    en = join([f"{_subject(c.other, ledger).en} has {show(c.other, 'en')}" for c in rivals], "en")
    stated = all(c.stated for c in rivals)
    zh_from, en_from = ("据报道", "according to the reports") if stated else ("据库内记录", "by the stored record")
    return Sentence(
        zh=f"同口径对比{kind.name_zh}，{zh}（{zh_from}）。",
        en=f"For comparison of {kind.name_en}, {en_from}: {en}.",
        kind="comparison",
        sources=sources_of(ledger, claims),
        claims=claims,
    )


def _subject(fact: EventFact, ledger: Ledger) -> Both:
    """Whose figure it is, in English by a Latin name where the knowledge base has one."""
    zh = ledger.subject(fact)
    row = ledger.knowledge.products.get(fact.product or "")
    latin = next((n for n in row.names if n.isascii()), zh) if row and not zh.isascii() else zh
    return Both(zh=zh, en=ledger.name(latin))


def _amounts_to(fact: EventFact) -> str:
    """The verb and the figure: 为8万字, but 约8万字."""
    shown = show(fact, "zh")
    return shown if fact.qualifier != "exact" else f"为{shown}"


def _record(event: Event, comparison: Comparison, others: dict[str, Event], ledger: Ledger) -> Sentence:
    owner = others.get(comparison.other_event_id, event)
    day = partial_day(ledger.day(comparison.other_day).isoformat())
    best = LONGEST[comparison.fact.kind]
    whose = _subject(comparison.other, ledger)
    count = ledger.claim_computed(
        "record",
        Both(zh="库内可比主体", en="subjects compared in the store"),
        Both(zh=f"{comparison.among}", en=f"{comparison.among}"),
        comparison.among,
        event_id=event.id,
    )
    claims = (ledger.claim_fact(owner, comparison.other, "before"), count)
    return Sentence(
        zh=f"为库内同口径{comparison.among}个可比主体中{best.zh}，此前为{whose.zh}的{show(comparison.other, 'zh')}（{day.zh}）。",
        en=(
            f"It is {best.en} among {comparison.among} comparable subjects in the store; before it, "
            f"{whose.en} led with {show(comparison.other, 'en')} ({day.en})."
        ),
        kind="comparison",
        sources=sources_of(ledger, claims),
        claims=claims,
    )
