"""Watching: which watches an event meets, and by which words. A book of watches is filed under what they ask for, so that
an event is held against those that may want it and not against all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from pipeline.records import CompanyTag, Event, Link, ProductTag, Reason, Score, Watch
from pipeline.text import fold

ABOUT = 40
"""From here on an event is about a company or product; below, it names it in passing, and nobody wants to be told."""


class Hit(NamedTuple):
    """What of an event met one list of a watch: the list's name, and the values, in both languages; the event's own words."""

    name: Reason
    values: Reason
    words: tuple[str, ...] = ()


class Match(NamedTuple):
    """Why an event meets a watch, and the words that show it."""

    reason: Reason
    words: tuple[str, ...]


class Scene:
    """An event as watches look at it, made once for all of them."""

    def __init__(self, event: Event, links: Sequence[Link], scores: Sequence[Score]) -> None:
        self.event = event
        self.scores = {score.lens: score for score in scores}
        self.companies = {tag.id: tag for tag in event.companies if is_about(tag)}
        ours = [tag for tag in event.products if tag.relevance >= ABOUT]
        self.products = {name: tag for tag in reversed(ours) for name in names_of(tag)}
        self.modalities = frozenset((*event.modalities.output, *event.modalities.input))
        self.links: dict[str, list[Link]] = {}
        for link in links:
            self.links.setdefault(link.security_id, []).append(link)
        self.tier = min((report.tier for report in event.reports), default=3)

    @cached_property
    def lines(self) -> list[tuple[str, str]]:
        """Titles and quotes, each folded and as written."""
        written = dict.fromkeys([*(r.title for r in self.event.reports), *(f.quote for f in self.event.facts)])
        return [(fold(line), line) for line in written]

    @property
    def keys(self) -> set[str]:
        """Under which a watch that may want the event is filed."""
        themes = {match.theme_id for score in self.scores.values() for match in score.themes}
        lists: dict[str, Iterable[str]] = {
            "security": self.links,
            "product": self.products,
            "company": self.companies,
            "theme": themes,
            "modality": self.modalities,
            "type": (self.event.event_type,),
            "layer": (self.event.layer,) if self.event.layer else (),
        }
        return {f"{name}:{value}" for name, values in lists.items() for value in values}


class WatchBook:
    """Watches filed under the most telling of the lists that each gives. Those that are paused are left out."""

    def __init__(self, watches: Iterable[Watch]) -> None:
        self.watches = tuple(watch for watch in watches if not watch.paused)
        self.by_id = {watch.id: watch for watch in self.watches}
        self._everywhere: list[int] = []
        self._filed: dict[str, list[int]] = defaultdict(list)
        for number, watch in enumerate(self.watches):
            keys = keys_of(watch)
            for key in keys:
                self._filed[key].append(number)
            if not keys:
                self._everywhere.append(number)

    def candidates(self, scene: Scene) -> list[Watch]:
        """The watches that may want an event, in the order that they were given; `match` decides."""
        numbers = set(self._everywhere)
        for key in scene.keys:
            numbers.update(self._filed.get(key, ()))
        return [self.watches[number] for number in sorted(numbers)]


def keys_of(watch: Watch) -> list[str]:
    """A watch's most telling list, the rarest kind first; none for one that asks by words or nothing."""
    for name, values in (
        ("security", watch.securities),
        ("product", watch.products),
        ("company", watch.companies),
        ("theme", watch.themes),
        ("modality", watch.modalities),
        ("type", watch.event_types),
        ("layer", watch.layers),
    ):
        if values:
            return [f"{name}:{value}" for value in values]
    return []


def match(watch: Watch, scene: Scene) -> Match | None:
    """Why an event meets a watch, or None. Every list of the watch that is not empty must match."""
    score = scene.scores.get(watch.lens)
    if scene.event.certainty == "rumour" and not watch.rumours:
        return None
    if scene.tier > watch.minimum_tier:
        return None
    if watch.minimum_importance > 0 and (score is None or score.total < watch.minimum_importance):
        return None
    hits: list[Hit] = []
    for hit in _hits(watch, scene, score):
        if hit is None:
            return None
        hits.append(hit)
    hits += _limits(watch, scene, score)
    zh = "；".join(f"{hit.name.zh}：{hit.values.zh}" for hit in hits)
    en = "; ".join(f"{hit.name.en}: {hit.values.en}" for hit in hits)
    words = tuple(dict.fromkeys(word for hit in hits for word in hit.words if word))
    return Match(Reason(zh=zh or "全部事件", en=en or "all events"), words)


def _hits(watch: Watch, scene: Scene, score: Score | None) -> Iterator[Hit | None]:
    """For each list that the watch gives, what met it, or None for nothing."""
    event = scene.event
    if watch.companies:
        found = [scene.companies[id] for id in watch.companies if id in scene.companies]
        yield _quoted(COMPANY, [(tag.id, tag.quote) for tag in found])
    if watch.products:
        named = [(name, scene.products[name].quote) for name in watch.products if name in scene.products]
        yield _quoted(PRODUCT, named)
    if watch.modalities:
        yield _plain(MODALITY, [value for value in watch.modalities if value in scene.modalities])
    if watch.event_types:
        yield _quoted(
            TYPE, [(event.event_type, event.event_type_quote)] if event.event_type in watch.event_types else []
        )
    if watch.layers:
        yield _plain(LAYER, [event.layer] if event.layer and event.layer in watch.layers else [])
    if watch.themes:
        matches = [m for m in (score.themes if score else ()) if m.theme_id in watch.themes]
        yield _reasoned(THEME, [(m.theme_id, m.reason) for m in matches])
    if watch.securities:
        yield _linked(watch, scene)
    if watch.words:
        yield _worded(watch, scene)


def _limits(watch: Watch, scene: Scene, score: Score | None) -> list[Hit]:
    """The least importance and tier, where the watch sets one, said with what the event has."""
    hits: list[Hit] = []
    if score and watch.minimum_importance > 0:
        told = f"{score.total:.0f} ≥ {watch.minimum_importance:.0f}"
        hits.append(Hit(IMPORTANCE, Reason(zh=told, en=told)))
    if watch.minimum_tier < 3:
        told = f"{scene.tier} ≤ {watch.minimum_tier}"
        hits.append(Hit(TIER, Reason(zh=told, en=told)))
    return hits


def _quoted(name: Reason, found: Sequence[tuple[str, str]]) -> Hit | None:
    values = ", ".join(f"{value} “{quote}”" if quote else value for value, quote in found)
    return Hit(name, Reason(zh=values, en=values), tuple(quote for _, quote in found)) if found else None


def _plain(name: Reason, found: Sequence[str]) -> Hit | None:
    return _quoted(name, [(value, "") for value in found])


def _reasoned(name: Reason, found: Sequence[tuple[str, Reason]]) -> Hit | None:
    zh = "；".join(f"{value}（{why.zh}）" for value, why in found)
    en = "; ".join(f"{value} ({why.en})" for value, why in found)
    return Hit(name, Reason(zh=zh, en=en)) if found else None


def _linked(watch: Watch, scene: Scene) -> Hit | None:
    """The watched securities that the event touches, each by its strongest link: direct ones alone, where that is asked."""
    found: list[tuple[str, Reason]] = []
    for security in watch.securities:
        ties = [link for link in scene.links.get(security, ()) if link.direct or not watch.direct_only]
        if ties:
            strongest = max(ties, key=lambda link: (link.direct, link.weight))
            found.append((security, strongest.reason))
    return _reasoned(SECURITY, found)


def _worded(watch: Watch, scene: Scene) -> Hit | None:
    """The watch's words that stand in a title or quote, each with the line where it stands."""
    found: list[tuple[str, str]] = []
    for word in watch.words:
        wanted = _folded(word)
        line = next((written for folded, written in scene.lines if wanted in folded), None) if wanted else None
        if line is not None:
            found.append((word, line))
    return _quoted(WORDS, found)


@lru_cache(maxsize=50_000)
def _folded(word: str) -> str:
    return fold(word.strip())


def is_about(tag: CompanyTag) -> bool:
    """Whether an event is about a company, not only naming it in passing."""
    return tag.role == "actor" or tag.relevance >= ABOUT


def names_of(tag: ProductTag) -> list[str]:
    """What a watch may call a product: its id, its family, and its name as written."""
    return [name for name in (tag.id, tag.family, tag.name) if name]


COMPANY = Reason(zh="公司", en="company")
PRODUCT = Reason(zh="产品", en="product")
MODALITY = Reason(zh="模态", en="modality")
TYPE = Reason(zh="类型", en="type")
LAYER = Reason(zh="层级", en="layer")
THEME = Reason(zh="主题", en="theme")
SECURITY = Reason(zh="证券", en="security")
WORDS = Reason(zh="词", en="words")
IMPORTANCE = Reason(zh="重要性", en="importance")
TIER = Reason(zh="来源级别", en="source tier")
