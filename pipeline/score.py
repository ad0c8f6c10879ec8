"""Score: which themes an event triggers, and how much it matters under a lens, as a sum of named parts with reasons."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from knowledge.index import KnowledgeBase
from knowledge.schema import ActorWeight, Lens, Theme
from pipeline.records import Event, EventFact, Link, Reason, Score, ScorePart, ThemeMatch
from pipeline.text import fold

POINTS = {"heat": 40.0, "type": 16.0, "actor": 10.0, "step": 10.0, "tier": 6.0, "themes": 14.0, "stocks": 4.0}
"""The most that each part can give; together 100. A lens scales parts by its `weights`."""

PREFERRED = 12.0
"""What an event gains over and above them that is of a company or stock which the lens prefers; a lens can scale it too."""

MENTIONED = 0.5
"""What a preferred company counts that is in the reports and does not act."""

LOSSES = {"rumour": -8.0, "question": -10.0, "forecast": -6.0, "retrospect": -10.0, "denial": -4.0}
"""What an event loses that is not (yet) a fact."""

DOUBTS = {
    "rumour": ("传闻，未经证实", "a rumour"),
    "question": ("疑问", "a question"),
    "forecast": ("预测", "a forecast"),
    "retrospect": ("回顾", "a look back"),
    "denial": ("否认", "a denial"),
}
"""How each of them is said."""

FOLLOWS = -4.0
"""What a follow-up loses that comes at once; less the longer after the event that it develops."""

LOOKS = -8.0
"""What an event loses whose headlines all look at something, ask or list, and tell of nothing that happened."""

UNANNOUNCED = 0.35
"""What the type counts where words of the text show it and no headline does; where no word does, it counts nothing."""

FULL_HEAT = 8.0
"""So many independent sources give all points for heat; each doubling gives as much as the one before."""

SAME_SOURCE = 0.5
"""What each doubling of one source's own reports adds beside it."""

DEEDS = ("release", "open_source", "update", "extend")
"""Word groups of which one in a headline says that somebody did something; `act` and the types' strong cues beside them."""

LOOKING = ("question", "retrospect", "commentary", "roundup", "wrap")
"""Word groups of which one makes a headline a question, a look back, an opinion, a list or a market wrap."""

PLAUSIBLE = 1000.0
"""A step of more than this is a unit misread, not progress."""

UNKNOWN_ACTOR = ActorWeight(
    weight=0.3, reason_zh="知识库外的主体", reason_en="nobody of the knowledge base", as_of=date(2024, 1, 1)
)


def themes(event: Event, knowledge: KnowledgeBase, on: date) -> list[ThemeMatch]:  # noqa: ARG001 - rules hold every day
    """The themes that an event triggers, in the framework's order, each with the reason."""
    return [_match(trigger, event, knowledge) for trigger in _triggers(event, knowledge)]


def score(event: Event, links: Sequence[Link], lens: Lens, knowledge: KnowledgeBase) -> Score:
    """How much an event matters under a lens, 0 to 100, with its parts and the lens's themes that it triggers."""
    triggers = [t for t in _triggers(event, knowledge) if not lens.themes or t.theme.id in lens.themes]
    parts = [
        _heat(event),
        _type(event, knowledge),
        _actor(event, knowledge),
        _step(event, knowledge),
        _tier(event),
        _themes(triggers, lens),
        _stocks(links, lens, knowledge),
        _preferred(event, links, lens, knowledge),
        _novelty(event),
        _certainty(event, knowledge),
    ]
    given = tuple(part for part in (_weighed(part, lens) for part in parts) if part.points)
    total = min(100.0, max(0.0, sum(part.points for part in given)))
    matched = tuple(_match(trigger, event, knowledge) for trigger in triggers)
    return Score(
        event_id=event.id,
        lens=lens.id,
        total=round(total, 2),
        parts=given,
        themes=matched,
        lens_stamp=lens_stamp(lens),
    )


def standing(
    kept: Score | None, event: Event, links: Sequence[Link], lens: Lens, knowledge: KnowledgeBase, stamp: str
) -> Score:
    """The score that was kept, or one made now where there is none or the lens (whose stamp is given) reads otherwise since."""
    if kept is not None and kept.lens_stamp in ("", stamp):
        return kept
    return score(event, links, lens, knowledge)


def lens_stamp(lens: Lens) -> str:
    """Tells one wording of a lens from another: its weights, themes and preferences."""
    return sha256(lens.model_dump_json(exclude={"name_zh", "name_en"}).encode()).hexdigest()[:12]


# ---- themes ---------------------------------------------------------------------------------------------------------


class _Trigger(NamedTuple):
    """What of an event triggers a theme."""

    theme: Theme
    product: str | None
    modality: str | None
    core: bool
    fact: EventFact | None

    @property
    def strength(self) -> float:
        """How many of the three kinds of trigger are there: its own product, its own modality, a fact of its kinds."""
        return (bool(self.product) + self.core + bool(self.fact)) / 3


def _triggers(event: Event, knowledge: KnowledgeBase) -> list[_Trigger]:
    ordered = sorted(knowledge.themes.values(), key=lambda theme: (theme.order or 99, not theme.founding, theme.id))
    products = _own_products(event, knowledge)
    return [trigger for theme in ordered if (trigger := _trigger(theme, event, products))]


def _trigger(theme: Theme, event: Event, products: set[str]) -> _Trigger | None:
    """A theme is triggered by an event of its types with one of its products, one of the modalities that it is about,
    or one of its other modalities together with a fact of its kinds; where it names no modality, by its layer."""
    if theme.trigger_event_types and event.event_type not in theme.trigger_event_types:
        return None
    out = set(event.modalities.output)
    product = next((p for p in theme.trigger_products if p in products), None)
    core = next((m for m in theme.core_modalities if m in out), None)
    other = next((m for m in theme.trigger_modalities if m in out), None)
    fact = next((f for f in event.facts if _triggers_by_fact(theme, f)), None)
    by_layer = not theme.trigger_modalities and event.layer == theme.layer
    if not (product or core or (other and fact) or by_layer):
        return None
    return _Trigger(theme=theme, product=product, modality=core or other, core=bool(core), fact=fact)


def _triggers_by_fact(theme: Theme, fact: EventFact) -> bool:
    if fact.comparison or fact.kind not in theme.trigger_fact_kinds:
        return False
    least = theme.trigger_fact_minimums.get(fact.kind)
    return least is None or (not isinstance(fact.value, str) and fact.value >= least)


def _own_products(event: Event, knowledge: KnowledgeBase) -> set[str]:
    """Ids and families of the products of those who act; a rival's product named beside them triggers nothing."""
    acting = {tag.id for tag in event.companies if tag.role == "actor"}
    family = acting | {parent for name in acting if (row := knowledge.companies.get(name)) and (parent := row.parent)}

    def own(company: str | None) -> bool:
        row = knowledge.companies.get(company or "")
        return not acting or company is None or company in family or (row is not None and row.parent in acting)

    return {name for tag in event.products if own(tag.company) for name in (tag.id, tag.family) if name}


def _match(trigger: _Trigger, event: Event, knowledge: KnowledgeBase) -> ThemeMatch:
    theme = trigger.theme
    said = list(_said(trigger, event, knowledge))
    zh, en = "，".join(why.zh for why in said), ", ".join(why.en for why in said)
    reason = Reason(zh=f"触发「{theme.name_zh}」：{zh}", en=f"Triggers “{theme.name_en}”: {en}")
    return ThemeMatch(theme_id=theme.id, reason=reason)


def _said(trigger: _Trigger, event: Event, knowledge: KnowledgeBase) -> Iterator[Reason]:
    """The event's type, and each thing of it that triggers the theme."""
    kind = knowledge.event_types.get(event.event_type)
    yield Reason(zh=kind.name_zh, en=kind.name_en) if kind else Reason(zh=event.event_type, en=event.event_type)
    if trigger.product:
        known = knowledge.products.get(trigger.product)
        name = known.name if known else trigger.product
        yield Reason(zh=f"产品 {name}", en=f"product {name}")
    modality = next((row for row in knowledge.taxonomy.modalities if row.id == trigger.modality), None)
    if modality:
        yield Reason(zh=f"输出{modality.name_zh}", en=f"output {modality.name_en}")
    if trigger.fact:
        field = knowledge.fact_kinds.get(trigger.fact.kind)
        zh, en = (field.name_zh, field.name_en) if field else (trigger.fact.kind, trigger.fact.kind)
        yield Reason(zh=f"{zh}“{trigger.fact.quote}”", en=f"{en} “{trigger.fact.quote}”")
    if not trigger.theme.trigger_modalities:
        yield Reason(zh=f"层级 {trigger.theme.layer}", en=f"layer {trigger.theme.layer}")


# ---- parts ----------------------------------------------------------------------------------------------------------


def _heat(event: Event) -> ScorePart:
    """How widely it is told: a lone report gives nothing yet."""
    of_source = Counter(report.source_id for report in event.reports)
    sources, reports = len(of_source), sum(of_source.values())
    told = sum(1 + SAME_SOURCE * math.log2(count) for count in of_source.values())
    why = Reason(
        zh=f"{sources} 个来源，{reports} 篇报道",
        en=f"{sources} source{'s' * (sources != 1)}, {reports} report{'s' * (reports != 1)}",
    )
    return _part("heat", math.log2(max(told, 1.0)) / math.log2(FULL_HEAT), why)


def _actor(event: Event, knowledge: KnowledgeBase) -> ScorePart:
    """Who acts, as far as the reports are about them."""
    acting = [tag for tag in event.companies if tag.role == "actor"] or list(event.companies[:1])
    if not acting:
        return _part("actor", UNKNOWN_ACTOR.weight, Reason(zh=UNKNOWN_ACTOR.reason_zh, en=UNKNOWN_ACTOR.reason_en))
    weighed = [(_actor_weight(tag.id, event.when.date(), knowledge), tag) for tag in acting]
    row, tag = max(weighed, key=lambda it: (it[0].weight * it[1].relevance, it[1].id))
    company = knowledge.companies.get(tag.id)
    zh, en = (company.name_zh or company.name_en, company.name_en) if company else (tag.id, tag.id)
    why = Reason(
        zh=f"{zh}（相关度 {tag.relevance}）：{row.reason_zh}", en=f"{en} (relevance {tag.relevance}): {row.reason_en}"
    )
    return _part("actor", row.weight * tag.relevance / 100, why)


def _actor_weight(name: str, on: date, knowledge: KnowledgeBase) -> ActorWeight:
    company = knowledge.companies.get(name)
    rows = [row for row in knowledge.taxonomy.actor_weights if row.as_of <= on]
    own = [row for row in rows if row.company == name]
    kind = [row for row in rows if company and row.type == company.type]
    return max(own or kind or [UNKNOWN_ACTOR], key=lambda row: row.as_of)


def _type(event: Event, knowledge: KnowledgeBase) -> ScorePart:
    """The kind of event, as far as a headline says that it happened."""
    kind = knowledge.event_types.get(event.event_type)
    heaviest = max((row.weight for row in knowledge.taxonomy.event_types), default=1.0)
    weight = kind.weight / heaviest if kind else 0.5
    zh, en = (kind.name_zh, kind.name_en) if kind else (event.event_type, event.event_type)
    deed = next((found for line in _telling(event, knowledge) if (found := _words(knowledge).deeds.search(line))), None)
    if deed:
        return _part("type", weight, Reason(zh=f"{zh}：“{deed[0]}”", en=f"{en}: “{deed[0]}”"))
    why = Reason(zh=f"{zh}，无标题宣布", en=f"{en}, no headline announces it")
    return _part("type", weight * UNANNOUNCED if event.event_type_quote else 0.0, why)


def _telling(event: Event, knowledge: KnowledgeBase) -> list[str]:
    """The headlines that tell something, folded: those that do not ask, look back, comment, list or wrap a market up."""
    headlines = (fold(report.title) for report in event.reports)
    return [headline for headline in headlines if not _words(knowledge).looks.search(headline)]


class _Words(NamedTuple):
    """What headlines are searched for: words that tell a deed, and words that only look at one."""

    deeds: re.Pattern[str]
    looks: re.Pattern[str]


@lru_cache(maxsize=4)
def _words(knowledge: KnowledgeBase) -> _Words:
    groups = {group.id: (*group.words_zh, *group.words_en) for group in knowledge.taxonomy.words}
    deeds = [word for name in DEEDS for word in groups.get(name, ())]
    deeds += [word for kind in knowledge.taxonomy.event_types for word in (*kind.strong_zh, *kind.strong_en)]
    deeds += [word for word in groups.get("act", ()) if len(word) >= (5 if word.isascii() else 2)]
    return _Words(_any(deeds), _any([word for name in LOOKING for word in groups.get(name, ())]))


def _any(words: Sequence[str]) -> re.Pattern[str]:
    """Any of some words, the longest first, a Latin one on its own; nothing where there are none."""
    folded = sorted({fold(word) for word in words}, key=lambda word: (-len(word), word))
    return re.compile("|".join(rf"\b{re.escape(w)}\b" if w.isascii() else re.escape(w) for w in folded) or r"(?!)")


def _step(event: Event, knowledge: KnowledgeBase) -> ScorePart:
    """The largest step that the event's own facts show against what they name as before."""
    steps = list(steps_of(event, knowledge))
    if not steps:
        return _part("step", 0.0, Reason(zh="无前后对比", en="no before and after"))
    ratio, now, before = max(steps, key=lambda it: it[0])
    why = Reason(zh=f"{before.quote} → {now.quote}，{ratio:g} 倍", en=f"{before.quote} → {now.quote}, {ratio:g} times")
    return _part("step", min(1.0, math.log10(ratio)), why)


def steps_of(event: Event, knowledge: KnowledgeBase) -> Iterator[tuple[float, EventFact, EventFact]]:
    """Facts beside the earlier value that the event gives for the same thing: (times better, now, before)."""
    for now in event.facts:
        kind = knowledge.fact_kinds.get(now.kind)
        if now.comparison or kind is None or not kind.comparable:
            continue
        for before in event.facts:
            if (
                not before.comparison
                or (before.kind, before.unit) != (now.kind, now.unit)
                or not _same_subject(now, before)
            ):
                continue
            ratio = _ratio(now.value, before.value, kind.comparable)
            if 1 < ratio <= PLAUSIBLE:
                yield ratio, now, before


def _same_subject(one: EventFact, other: EventFact) -> bool:
    if one.product and other.product:
        return one.product == other.product
    return not (one.subject and other.subject) or one.subject == other.subject


def _ratio(now: float | int | str, before: float | int | str, better: str) -> float:
    if isinstance(now, str) or isinstance(before, str) or now <= 0 or before <= 0:
        return 0.0
    return now / before if better == "higher" else before / now


def _tier(event: Event) -> ScorePart:
    best = min((report.tier for report in event.reports), default=3)
    names = {1: ("官方来源", "an official source"), 2: ("媒体来源", "a media source"), 3: ("聚合来源", "an aggregator")}
    zh, en = names.get(best, names[3])
    return _part("tier", {1: 1.0, 2: 0.5}.get(best, 0.0), Reason(zh=zh, en=en))


def _themes(triggers: Sequence[_Trigger], lens: Lens) -> ScorePart:
    """Each theme of the lens gives up to half of what is left, by how many kinds of trigger it has."""
    if not lens.themes or not triggers:
        return _part("themes", 0.0, Reason(zh="未触发视角主题", en="no theme of the lens"))
    share = 1 - math.prod(1 - trigger.strength / 2 for trigger in triggers)
    names = [trigger.theme for trigger in triggers]
    zh, en = "、".join(t.name_zh for t in names), ", ".join(t.name_en for t in names)
    return _part("themes", share, Reason(zh=f"视角主题：{zh}", en=f"themes of the lens: {en}"))


def _stocks(links: Sequence[Link], lens: Lens, knowledge: KnowledgeBase) -> ScorePart:
    """Linked securities: of the lens's sectors where it has themes, else any."""
    counted = [link for link in links if _in_lens(link, lens, knowledge)]
    if not counted:
        return _part("stocks", 0.0, Reason(zh="无相关证券", en="no linked securities"))
    share = 1 - math.prod(1 - min(link.weight, 0.5) for link in counted)
    shown = counted[:5]
    zh = "、".join(_security(link.security_id, knowledge, "zh") for link in shown)
    en = ", ".join(_security(link.security_id, knowledge, "en") for link in shown)
    return _part("stocks", share, Reason(zh=f"相关证券：{zh}", en=f"linked securities: {en}"))


def _preferred(event: Event, links: Sequence[Link], lens: Lens, knowledge: KnowledgeBase) -> ScorePart:
    """What the lens prefers, as near as it comes: a company by its relevance, a stock by the weight of its link."""
    near: dict[str, float] = {}
    for tag in event.companies:
        if tag.id in lens.prefer_companies:
            near[tag.id] = tag.relevance / 100 * (1.0 if tag.role == "actor" else MENTIONED)
    for one in links:
        if one.security_id in lens.prefer_stocks:
            near[one.security_id] = max(near.get(one.security_id, 0.0), 1.0 if one.direct else one.weight)
    order = sorted(near, key=lambda name: (-near[name], name))
    zh, en = ([_called(name, knowledge, language) for name in order[:5]] for language in ("zh", "en"))
    why = Reason(zh=f"视角偏好：{'、'.join(zh)}", en=f"preferred by the lens: {', '.join(en)}")
    share = min(1.0, max(near.values(), default=0.0))
    return ScorePart(name="preferred", points=round(PREFERRED * share, 2), why=why)


def _called(name: str, knowledge: KnowledgeBase, language: str) -> str:
    """A company's or a security's name, a security's with its code."""
    company = knowledge.companies.get(name)
    if company:
        return (company.name_zh if language == "zh" else None) or company.name_en
    return _security(name, knowledge, language)


def _in_lens(link: Link, lens: Lens, knowledge: KnowledgeBase) -> bool:
    if not lens.themes:
        return True
    security = knowledge.securities.get(link.security_id)
    sectors = {sector for name in lens.themes if name in knowledge.themes for sector in knowledge.themes[name].sectors}
    return security is not None and security.sector in sectors


def _security(code: str, knowledge: KnowledgeBase, language: str) -> str:
    security = knowledge.securities.get(code)
    name = (security.name_zh if language == "zh" else security.name_en or security.name_zh) if security else None
    return f"{name} {code}" if name else code


def _novelty(event: Event) -> ScorePart:
    """What a follow-up loses; the first of a chain loses nothing."""
    days = event.days_after or 0.0
    why = Reason(
        zh=f"既有事件 {days:.1f} 天后的后续（新颖度 {event.novelty:.2f}）",
        en=f"follows an event of {days:.1f} days before (novelty {event.novelty:.2f})",
    )
    return ScorePart(name="novelty", points=round(FOLLOWS * (1 - min(1.0, event.novelty)), 2), why=why)


def _certainty(event: Event, knowledge: KnowledgeBase) -> ScorePart:
    """What an event loses that is no fact, or that nobody tells of but in looking at it: the larger of the two."""
    looks = 0.0 if _telling(event, knowledge) else LOOKS
    lost = LOSSES.get(event.certainty, 0.0)
    zh, en = DOUBTS.get(event.certainty, ("", "")) if lost <= looks else ("标题只是评说", "headlines only look at it")
    return ScorePart(name="certainty", points=min(lost, looks), why=Reason(zh=zh, en=en))


def _part(name: str, share: float, why: Reason) -> ScorePart:
    return ScorePart(name=name, points=round(POINTS[name] * min(1.0, max(0.0, share)), 2), why=why)


def _weighed(part: ScorePart, lens: Lens) -> ScorePart:
    weight = lens.weights.get(part.name, 1.0)
    return part if weight == 1.0 else part.model_copy(update={"points": round(part.points * weight, 2)})


def ranked(scores: Iterable[Score]) -> list[Score]:
    """Scores in order of importance, ties by event id."""
    return sorted(scores, key=lambda score: (-score.total, score.event_id))
