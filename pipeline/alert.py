"""Alert: which watches an event meets, at birth and when it changes in substance; old news and echoes stay silent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from pipeline.records import Alert, CompanyTag, Event, EventFact, Link, Reason, Record, Report, Score, Watch
from pipeline.text import fold

FRESH = timedelta(hours=48)
"""News older than this at first sight is no news."""

AHEAD = timedelta(hours=24)
"""A published time further in the future is a mistake of the source, and tells nothing."""

ABOUT = 40
"""From here on an event is about a company or product; below, it names it in passing, and nobody wants to be told."""


class Change(Record):
    """What is new about an event in substance, as a key for its id and in words."""

    key: str
    reason: Reason


def alerts(
    event: Event,
    before: Event | None,
    links: Sequence[Link],
    scores: Sequence[Score],
    watches: Iterable[Watch],
    now: datetime,
    earlier: Sequence[Score] = (),
) -> list[Alert]:
    """The alerts that an event gives rise to now: one a watch that it newly meets, or that must know of a change.

    `earlier` are the scores of `before`, which tell a watch that the event has only now become important enough.
    """
    if not is_news(event, before, now):
        return []
    changed = tuple(changes(event, before)) if before else ()
    made = (_alert(event, before, links, scores, earlier, watch, changed, now) for watch in watches)
    return [alert for alert in made if alert]


def is_news(event: Event, before: Event | None, now: datetime) -> bool:
    """Whether what just came in was published lately, at a known time, and does not look back."""
    known = {report.document_id for report in before.reports} if before else set()
    fresh = any(_is_fresh(report, now) for report in event.reports if report.document_id not in known)
    return fresh and event.certainty != "retrospect"


def changes(event: Event, before: Event) -> Iterator[Change]:
    """What changed in substance: a new fact or another value, a rumour confirmed or denied, the first official source."""
    known = {_field(fact): fact for fact in before.facts}
    kinds = {fact.kind for fact in before.facts}
    same = {_value(fact) for fact in before.facts}
    about = _owners(event)
    for fact in event.facts:
        if fact.comparison or _value(fact) in same:
            continue
        owner = fact.product or fact.subject
        old = known.get(_field(fact)) if owner else None
        if (owner in about) if owner else (fact.kind not in kinds):
            same.add(_value(fact))
            kinds.add(fact.kind)
            yield _differs(fact, old) if old else _added(fact)
    if event.certainty != before.certainty:
        if event.certainty == "denial":
            yield Change(key="denied", reason=Reason(zh="出现否认", en="now denied"))
        elif before.certainty == "rumour" and event.certainty == "fact":
            yield Change(key="confirmed", reason=Reason(zh="传闻得到证实", en="rumour confirmed"))
    if _best_tier(event) == 1 and _best_tier(before) != 1:
        yield Change(key="official", reason=Reason(zh="官方来源出现", en="first official source"))


def met(watch: Watch, event: Event, links: Sequence[Link], scores: Sequence[Score]) -> Reason | None:
    """Why an event meets a watch, or None. Every list of the watch that is not empty must match."""
    if event.certainty == "rumour" and not watch.rumours:
        return None
    score = _under(watch, scores)
    if watch.minimum_importance > 0 and (score is None or score.total < watch.minimum_importance):
        return None
    hits = list(_hits(watch, event, links, score))
    if any(not hit for _, _, hit in hits):
        return None
    zh = [f"{name}：{hit}" for name, _, hit in hits]
    en = [f"{name}: {hit}" for _, name, hit in hits]
    if score and watch.minimum_importance > 0:
        zh.append(f"重要性 {score.total:.0f} ≥ {watch.minimum_importance:.0f}")
        en.append(f"importance {score.total:.0f} ≥ {watch.minimum_importance:.0f}")
    return Reason(zh="；".join(zh) or "全部事件", en="; ".join(en) or "all events")


# ---- matching -------------------------------------------------------------------------------------------------------


def _hits(watch: Watch, event: Event, links: Sequence[Link], score: Score | None) -> Iterator[tuple[str, str, str]]:
    """For each list that the watch gives: its name in Chinese and English, and what met it (empty for nothing)."""
    if watch.companies:
        yield "公司", "company", _common(watch.companies, (tag.id for tag in event.companies if _is_about(tag)))
    if watch.products:
        ours = (tag for tag in event.products if tag.relevance >= ABOUT)
        yield (
            "产品",
            "product",
            _common(watch.products, [n for tag in ours for n in (tag.id, tag.family, tag.name) if n]),
        )
    if watch.modalities:
        yield "模态", "modality", _common(watch.modalities, (*event.modalities.output, *event.modalities.input))
    if watch.event_types:
        yield "类型", "type", _common(watch.event_types, (event.event_type,))
    if watch.themes:
        yield "主题", "theme", _common(watch.themes, (match.theme_id for match in score.themes) if score else ())
    if watch.securities:
        yield "证券", "security", _common(watch.securities, (link.security_id for link in links))
    if watch.words:
        yield "词", "words", _words(watch, event)


def _is_about(tag: CompanyTag) -> bool:
    return tag.role == "actor" or tag.relevance >= ABOUT


def _common(wanted: Sequence[str], given: Iterable[str]) -> str:
    have = set(given)
    return ", ".join(name for name in wanted if name in have)


def _words(watch: Watch, event: Event) -> str:
    said = fold("\n".join([*(r.title for r in event.reports), *(f.quote for f in event.facts)]))
    return ", ".join(word for word in watch.words if word.strip() and fold(word.strip()) in said)


def _under(watch: Watch, scores: Sequence[Score]) -> Score | None:
    return next((score for score in scores if score.lens == watch.lens), None)


def _is_fresh(report: Report, now: datetime) -> bool:
    published = report.published_at
    if published is None or published > now + AHEAD:
        return False
    return now - published <= FRESH


def _is_young(event: Event, now: datetime) -> bool:
    return event.published_at is not None and now - event.published_at <= FRESH


def _was_news(event: Event) -> bool:
    """Whether one of its reports was news when we first saw it: only then can a watch have been told."""
    return any(_is_fresh(report, report.first_seen_at) for report in event.reports)


def _best_tier(event: Event) -> int:
    return min((report.tier for report in event.reports), default=3)


# ---- changes --------------------------------------------------------------------------------------------------------


def _field(fact: EventFact) -> tuple[str, str, str]:
    return fact.kind, fact.product or fact.subject or "", fact.unit


def _value(fact: EventFact) -> tuple[str, str, str]:
    return fact.kind, str(fact.value), fact.unit


def _added(fact: EventFact) -> Change:
    return Change(key=_key(fact), reason=Reason(zh=f"新增事实“{fact.quote}”", en=f"new fact “{fact.quote}”"))


def _differs(fact: EventFact, old: EventFact) -> Change:
    reason = Reason(zh=f"数值有变：“{old.quote}” → “{fact.quote}”", en=f"another value: “{old.quote}” → “{fact.quote}”")
    return Change(key=_key(fact), reason=reason)


def _owners(event: Event) -> set[str]:
    """The companies and products that the event is about, by id and by name: whose facts are its own."""
    products = (tag for tag in event.products if tag.relevance >= ABOUT)
    companies = {tag.id for tag in event.companies if _is_about(tag)}
    return companies | {name for tag in products for name in (tag.id, tag.family, tag.name) if name}


def _key(fact: EventFact) -> str:
    return "|".join(_value(fact))


# ---- writing --------------------------------------------------------------------------------------------------------


def _alert(
    event: Event,
    before: Event | None,
    links: Sequence[Link],
    scores: Sequence[Score],
    earlier: Sequence[Score],
    watch: Watch,
    changed: Sequence[Change],
    now: datetime,
) -> Alert | None:
    why = met(watch, event, links, scores)
    if why is None:
        return None
    told = before is not None and _was_news(before) and met(watch, before, links, earlier or scores) is not None
    if not changed and (told or not _is_young(event, now)):
        return None
    version = max(1, len(event.reports)) if told else 1
    news = changed if told else ()
    reason = Reason(
        zh=f"关注「{watch.name}」命中 {why.zh}" + "".join(f"；更新：{c.reason.zh}" for c in news),
        en=f"Watch “{watch.name}” met by {why.en}" + "".join(f"; update: {c.reason.en}" for c in news),
    )
    return Alert(
        id=_id(event, watch, version, news),
        watch_id=watch.id,
        event_id=event.id,
        version=version,
        made_at=now,
        title=_title(event, watch, update=bool(news)),
        body=_body(event, links, scores, watch, reason, now),
        why=reason,
    )


def _id(event: Event, watch: Watch, version: int, news: Sequence[Change]) -> str:
    """The same for the same event, watch and substance, however often it is made."""
    parts = [event.id, watch.id, str(version), *sorted(change.key for change in news)]
    return "alert_" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _title(event: Event, watch: Watch, *, update: bool) -> str:
    marks = {"zh": ("【更新】", "【传闻】"), "en": ("[Update] ", "[Rumour] ")}[watch.language]
    return (
        (marks[0] if update else "") + (marks[1] if event.certainty == "rumour" else "") + event.title(watch.language)
    )


def _body(
    event: Event, links: Sequence[Link], scores: Sequence[Score], watch: Watch, why: Reason, now: datetime
) -> str:
    zh = watch.language == "zh"
    lines = [why.zh if zh else why.en]
    lines += [f"- {fact.kind}: {fact.value} {fact.unit} “{fact.quote}”" for fact in event.facts if not fact.comparison][
        :6
    ]
    score = _under(watch, scores)
    if score:
        lines.append(f"{'重要性' if zh else 'Importance'} {score.total:.0f} ({score.lens})")
    lines += [_source_line(report, zh) for report in sorted(event.reports, key=_order)[:5]]
    lines.append(_delay_line(event, now, zh))
    lines += [_link_line(link, zh) for link in links[:6]]
    return "\n".join(line for line in lines if line)


def _order(report: Report) -> tuple[int, datetime]:
    return report.tier, report.first_seen_at


def _source_line(report: Report, zh: bool) -> str:
    tiers = {1: ("官方", "official"), 2: ("媒体", "media"), 3: ("聚合", "aggregator")}
    tier = tiers.get(report.tier, tiers[3])[0 if zh else 1]
    when = (
        report.published_at.strftime("%Y-%m-%d %H:%M UTC")
        if report.published_at
        else ("时间未知" if zh else "time unknown")
    )
    name = report.source_name or report.source_id
    return f"{'来源' if zh else 'Source'}: {name} ({tier}, {when}) {report.url or ''}".rstrip()


def _delay_line(event: Event, now: datetime, zh: bool) -> str:
    published = event.published_at
    processed = _span(now - event.first_seen_at)
    if published is None:
        return f"首见后 {processed}" if zh else f"{processed} after first seen"
    seen = _span(event.first_seen_at - published)
    return (
        f"发布后 {seen} 首见，再 {processed} 成警报"
        if zh
        else f"seen {seen} after publication, alert {processed} later"
    )


def _span(delta: timedelta) -> str:
    seconds = max(0, int(delta.total_seconds()))
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def _link_line(link: Link, zh: bool) -> str:
    kind = ("直接" if link.direct else "间接") if zh else ("direct" if link.direct else "indirect")
    label, why = ("相关证券", link.reason.zh) if zh else ("Stock", link.reason.en)
    return f"{label}: {link.security_id} ({kind}, {link.strength}) {why}"
