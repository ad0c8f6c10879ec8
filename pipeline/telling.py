"""Telling: what an alert says. Why it comes, the facts with their words, the sources with their tiers, how long each stage
took, and the linked stocks with their reasons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from pipeline.records import Alert, Event, EventFact, Link, Reason, Record, Report, Watch
from pipeline.text import clean
from pipeline.watching import Match, Scene

BUNDLED = 40
IN_BURST = 36
"""Characters of a title where many alerts go in one message: fifteen fit into the smallest that a vendor takes."""
_ADDRESS = re.compile(r"https?://\S+")
FACTS = 6
SOURCES = 5
LINKS = 6
"""Lines of each kind at most: an alert is read on a telephone."""


class Change(Record):
    """What is new about an event in substance, as a key for its id and in words."""

    key: str
    reason: Reason


def after(told: Event) -> Change:
    """That an event adds to another, of which the watch was told."""
    reason = Reason(zh=f"接此前的「{told.title('zh')}」", en=f"adds to “{told.title('en')}”, told before")
    return Change(key=f"after {told.id}", reason=reason)


def why(watch: Watch, met: Match, news: Sequence[Change]) -> Reason:
    """Which watch was met by what, and what is new."""
    return Reason(
        zh=f"关注「{watch.name}」命中 {met.reason.zh}" + "".join(f"；更新：{change.reason.zh}" for change in news),
        en=f"Watch “{watch.name}” met by {met.reason.en}" + "".join(f"; update: {change.reason.en}" for change in news),
    )


def title(event: Event, watch: Watch, *, update: bool) -> str:
    """The event's title in the watch's language, marked as an update or a rumour."""
    marks = {"zh": ("【更新】", "【传闻】"), "en": ("[Update] ", "[Rumour] ")}[watch.language]
    is_rumour = event.certainty == "rumour"
    return (marks[0] if update else "") + (marks[1] if is_rumour else "") + event.title(watch.language)


def body(scene: Scene, watch: Watch, reason: Reason, brought: Report, now: datetime) -> str:
    """The alert in full, a line a thing."""
    zh = watch.language == "zh"
    own = [fact for fact in scene.event.facts if not fact.comparison]
    score = scene.scores.get(watch.lens)
    lines = [reason.zh if zh else reason.en, *(_fact_line(fact) for fact in own[:FACTS])]
    lines += [f"{'重要性' if zh else 'Importance'} {score.total:.0f} ({score.lens})"] if score else []
    lines += [_source_line(report, zh) for report in _sources(scene.event, brought)]
    lines.append(_delay_line(brought, now, zh))
    lines += [_link_line(link, zh) for link in _links(scene, watch)]
    return "\n".join(line for line in lines if line)


def with_neighbours(made: Sequence[Alert], watches: Mapping[str, Watch]) -> list[Alert]:
    """The alerts of one event, each that shares a destination with others naming their watches: it is sent there once."""
    names: dict[tuple[str, str], list[str]] = {}
    for alert in made:
        for destination in watches[alert.watch_id].destinations:
            names.setdefault((alert.substance, destination), []).append(alert.watch_id)
    if all(len(ids) == 1 for ids in names.values()):
        return list(made)
    return [_with_others(alert, watches, names) for alert in made]


def bundle(bundle_id: str, watch: Watch, held: Sequence[Alert], slot: datetime) -> Alert:
    """Several alerts as one message, an event once and in its latest state, the most important first."""
    zh = watch.language == "zh"
    latest = {alert.event_id: alert for alert in held}
    ordered = sorted(latest.values(), key=lambda alert: (-(alert.importance or 0), alert.made_at, alert.id))
    only = ordered[0] if len(ordered) == 1 else None
    parts = [_brief(number, alert, zh) for number, alert in enumerate(ordered[:BUNDLED], start=1)]
    rest = len(ordered) - BUNDLED
    parts += (
        [f"… 另有 {rest} 条：launchwatch alerts" if zh else f"… and {rest} more: launchwatch alerts"]
        if rest > 0
        else []
    )
    when = f"{slot.astimezone(ZoneInfo(watch.timezone)):%Y-%m-%d %H:%M}"
    many = f"「{watch.name}」{len(ordered)} 条（{when}）" if zh else f"{watch.name}: {len(ordered)} events ({when})"
    return Alert(
        id=bundle_id,
        watch_id=watch.id,
        event_id=only.event_id if only else "",
        made_at=slot,
        title=only.title if only else many,
        body=only.body if only else "\n\n".join(parts),
        why=only.why if only else Reason(zh=f"关注「{watch.name}」的汇总", en=f"what met the watch “{watch.name}”"),
        words=tuple(dict.fromkeys(word for alert in ordered for word in alert.words)),
        importance=ordered[0].importance,
    )


def burst(alerts: Sequence[Alert]) -> Alert:
    """Alerts that came for one destination faster than it takes messages, as one: all are named, then where they are from."""
    marks = [f" [{alert.importance:.0f}]" if alert.importance is not None else "" for alert in alerts]
    titles = [
        f"{number}. {clean(alert.title)[:IN_BURST]}{mark}"
        for number, (alert, mark) in enumerate(zip(alerts, marks, strict=True), start=1)
    ]
    places = [url for alert in alerts for url in _ADDRESS.findall(alert.body)[:1]]
    told = sorted({alert.watch_id for alert in alerts})
    ids = "\n".join(sorted(alert.id for alert in alerts))
    return Alert(
        id="burst_" + sha256(ids.encode()).hexdigest()[:24],
        watch_id=alerts[0].watch_id,
        event_id="",
        made_at=max(alert.made_at for alert in alerts),
        title=f"{len(alerts)} 条快讯 / {len(alerts)} alerts",
        body="\n".join([*titles, *places]),
        why=Reason(zh=f"短时间内命中 {len(told)} 个关注", en=f"met {len(told)} watches within moments"),
        importance=max((alert.importance for alert in alerts if alert.importance is not None), default=None),
    )


def _brief(number: int, alert: Alert, zh: bool) -> str:
    """An alert in a bundle: its title, and its body without what only hurry needs."""
    importance = f" [{alert.importance:.0f}]" if alert.importance is not None else ""
    lines = alert.body.split("\n")
    source = next((line for line in lines if line.startswith("来源: " if zh else "Source: ")), "")
    return "\n".join(filter(None, [f"{number}. {alert.title}{importance}", lines[0], source]))


def _with_others(alert: Alert, watches: Mapping[str, Watch], names: Mapping[tuple[str, str], list[str]]) -> Alert:
    mine = watches[alert.watch_id]
    sharing = (id for destination in mine.destinations for id in names[alert.substance, destination])
    others = [watches[id].name for id in dict.fromkeys(sharing) if id != mine.id]
    if not others:
        return alert
    zh, en = "、".join(f"「{name}」" for name in others), ", ".join(f"“{name}”" for name in others)
    line = f"亦命中关注{zh}" if mine.language == "zh" else f"Also met: {en}"
    reason = Reason(zh=f"{alert.why.zh}；亦命中{zh}", en=f"{alert.why.en}; also met: {en}")
    return alert.model_copy(update={"body": f"{alert.body}\n{line}", "why": reason})


# ---- lines ----------------------------------------------------------------------------------------------------------


def _fact_line(fact: EventFact) -> str:
    return f"- {fact.kind}: {fact.value} {fact.unit} “{fact.quote}”"


def _sources(event: Event, brought: Report) -> list[Report]:
    """The report that brought it, then the most official and the earliest of the others."""
    others = [report for report in event.reports if report.document_id != brought.document_id]
    return [brought, *sorted(others, key=lambda report: (report.tier, report.first_seen_at))[: SOURCES - 1]]


def _source_line(report: Report, zh: bool) -> str:
    tiers = {1: ("官方", "official"), 2: ("媒体", "media"), 3: ("聚合", "aggregator")}
    tier = tiers.get(report.tier, tiers[3])[0 if zh else 1]
    unknown = "时间未知" if zh else "time unknown"
    when = report.published_at.strftime("%Y-%m-%d %H:%M UTC") if report.published_at else unknown
    name = report.source_name or report.source_id
    return f"{'来源' if zh else 'Source'}: {name} ({tier}, {when}) {report.url or ''}".rstrip()


def _delay_line(brought: Report, now: datetime, zh: bool) -> str:
    """How long each stage took: from publication to our first sight, and from there to the alert."""
    judged = span(now - brought.first_seen_at)
    if brought.published_at is None:
        return f"首见后 {judged} 成警报" if zh else f"alert {judged} after first seen"
    seen = span(brought.first_seen_at - brought.published_at)
    return f"发布后 {seen} 首见，再 {judged} 成警报" if zh else f"seen {seen} after publication, alert {judged} later"


def span(delta: timedelta) -> str:
    """A time span for people, in hours, minutes or seconds."""
    seconds = max(0, int(delta.total_seconds()))
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def _links(scene: Scene, watch: Watch) -> list[Link]:
    """The strongest links, those to watched securities first."""
    every = [link for links in scene.links.values() for link in links]
    return sorted(every, key=lambda link: (link.security_id not in watch.securities, -link.weight))[:LINKS]


def _link_line(link: Link, zh: bool) -> str:
    kind = ("直接" if link.direct else "间接") if zh else ("direct" if link.direct else "indirect")
    label, why = ("相关证券", link.reason.zh) if zh else ("Stock", link.reason.en)
    return f"{label}: {link.security_id} ({kind}, {link.strength}) {why}"
