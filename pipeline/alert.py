"""Alert: when an event is told, at birth and when it changes in substance; old news, first fetches and echoes stay silent.

Whom is `watching`'s to say, and in which words `telling`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence, Set
from datetime import datetime, timedelta

from pipeline import telling
from pipeline.echo import Told, is_echo
from pipeline.records import Alert, Event, EventFact, Link, Reason, Report, Score, Watch
from pipeline.telling import Change
from pipeline.watching import ABOUT, Match, Scene, WatchBook, is_about, keys_of, match, names_of

FRESH = timedelta(hours=48)
"""News older than this at first sight is no news."""

AHEAD = timedelta(hours=24)
"""A published time further in the future is a mistake of the source, and tells nothing."""


def alerts(
    event: Event,
    before: Event | None,
    links: Sequence[Link],
    scores: Sequence[Score],
    book: WatchBook,
    now: datetime,
    brought: Report,
    earlier: Sequence[Score] = (),
    told: Sequence[Told] = (),
) -> list[Alert]:
    """The alerts that an event gives rise to now: one a watch that it newly meets, or that must know of a change.

    `brought` is the report that just came in or came in again; `earlier` are the scores of `before`, which tell a watch
    that the event has only now become important enough. `told` are events that this one may be an echo of: who was told
    of one of them hears only what this one adds.
    """
    if not is_news(event, brought, now):
        return []
    changed = tuple(changes(event, before)) if before else ()
    scene = Scene(event, links, scores)
    past = Scene(before, links, earlier or scores) if before else None
    echoed = [one for one in told if is_echo(event, one.event)]
    made: list[Alert] = []
    for watch in book.candidates(scene):
        met = match(watch, scene)
        news = _news(event, past, watch, changed, now) if met else None
        if met and (news := _unheard(event, echoed, watch, news)) is not None:
            made.append(_alert(scene, watch, met, news, brought, now))
    return telling.with_neighbours(made, book.by_id)


def is_news(event: Event, brought: Report, now: datetime) -> bool:
    """Whether what just came in was published lately, at a known time, is no first fetch, and says that something happened."""
    return _is_fresh(brought, now) and _happened(event)


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


def as_history(event: Event, documents: Set[str]) -> Event:
    """The event with those reports marked that were news to nobody."""
    reports = (r.model_copy(update={"history": True}) if r.document_id in documents else r for r in event.reports)
    return event.model_copy(update={"reports": tuple(reports)})


# ---- when -----------------------------------------------------------------------------------------------------------


def _news(
    event: Event, past: Scene | None, watch: Watch, changed: Sequence[Change], now: datetime
) -> Sequence[Change] | None:
    """What is new to a watch that the event meets: nothing but its birth, the changes, or None where it knows all."""
    told = past is not None and _was_news(past.event) and match(watch, past) is not None
    if told:
        return changed or None
    return () if changed or _is_young(event, now) or _names_anew(watch, past) else None


def _names_anew(watch: Watch, past: Scene | None) -> bool:
    """Whether an event that was news, if of some days ago, had until now nothing of what the watch asks for by name."""
    keys = keys_of(watch)
    return past is not None and bool(keys) and _was_news(past.event) and past.keys.isdisjoint(keys)


def _unheard(
    event: Event, echoed: Sequence[Told], watch: Watch, news: Sequence[Change] | None
) -> Sequence[Change] | None:
    """Of what is new, what a watch was not told under another event of the same release; all where it was told of none."""
    twin = next((one.event for one in echoed if watch.id in one.watch_ids), None)
    if twin is None or news is None:
        return news
    added = [change for change in changes(event, twin) if not news or change in news]
    return ([] if news else [telling.after(twin)]) + added if added else None


def _is_fresh(report: Report, now: datetime) -> bool:
    published = report.published_at
    if published is None or published > now + AHEAD or report.history:
        return False
    return now - published <= FRESH


def _is_young(event: Event, now: datetime) -> bool:
    return event.published_at is not None and now - event.published_at <= FRESH


def _was_news(event: Event) -> bool:
    """Whether one of its reports was news when we first saw it: only then can a watch have been told."""
    return _happened(event) and any(_is_fresh(r, r.first_seen_at) for r in event.reports)


def _happened(event: Event) -> bool:
    """Whether it is no look-back, and does not only ask about what an earlier event told."""
    return event.certainty != "retrospect" and not (event.certainty == "question" and event.follows)


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
    return {tag.id for tag in event.companies if is_about(tag)} | {name for tag in products for name in names_of(tag)}


def _key(fact: EventFact) -> str:
    return "|".join(_value(fact))


# ---- the record -----------------------------------------------------------------------------------------------------


def _alert(scene: Scene, watch: Watch, met: Match, news: Sequence[Change], brought: Report, now: datetime) -> Alert:
    event = scene.event
    score = scene.scores.get(watch.lens)
    why = telling.why(watch, met, news)
    tells = [brought.document_id, *sorted(change.key for change in news)] if news else []
    return Alert(
        id="alert_" + _hash(event.id, watch.id, *tells),
        watch_id=watch.id,
        event_id=event.id,
        version=max(2, len(event.reports)) if news else 1,
        made_at=now,
        title=telling.title(event, watch, update=bool(news)),
        body=telling.body(scene, watch, why, brought, now),
        why=why,
        substance="news_" + _hash(event.id, *tells),
        words=met.words,
        importance=score.total if score else None,
        published_at=brought.published_at,
        seen_at=brought.first_seen_at,
    )


def _hash(*parts: str) -> str:
    """The same for the same substance, however often it is made."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
