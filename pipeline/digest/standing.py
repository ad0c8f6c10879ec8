"""What the week means by the research framework: boxes, themes with their typed stances, and risks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice

from knowledge.index import KnowledgeBase
from knowledge.schema import Lens, Member, Theme
from pipeline.compare import is_headlined
from pipeline.digest import linked
from pipeline.digest.heading import inner
from pipeline.digest.ledger import Ledger
from pipeline.digest.shape import Both, Box, Digest, Holding, Ranked, Sentence, ThemeBlock
from pipeline.digest.stated import main_facts
from pipeline.digest.telling import tells
from pipeline.digest.wording import ATTENTION, RISK_CUES, STANCES, join
from pipeline.records import Event, Reason

NAMED = 3
"""How many events a box, a theme or a risk names; the others are counted nowhere, they stand in their own section."""


# ---- framework ------------------------------------------------------------------------------------------------------


def layer_of(one: Ranked, knowledge: KnowledgeBase) -> str | None:
    """The framework's box of an event: as tagged, else that of the first theme it triggers."""
    if one.event.layer:
        return one.event.layer
    themes = (knowledge.themes.get(t.theme_id) for t in one.score.themes)
    return next((t.layer for t in themes if t), None)


def boxes(ranked: Sequence[Ranked], headlines: Mapping[str, Sentence], ledger: Ledger) -> tuple[Box, ...]:
    """The framework's boxes, each with the events that stand in it; an empty box says that nothing did."""
    found = []
    for layer in ledger.knowledge.framework.layers:
        here = (r.event for r in ranked if layer_of(r, ledger.knowledge) == layer.id and r.event.id in headlines)
        inside = [event.id for event in islice((e for e in here if tells(e, ledger)), NAMED)]
        named = [headlines[i] for i in inside]
        name = Both(zh=ledger.name(layer.name_zh), en=ledger.name(layer.name_en))
        if named:
            sentence = Sentence.of(named, "；".join(h.zh for h in named) + "。", "; ".join(h.en for h in named) + ".")
        else:
            sentence = Sentence(zh="本期无归入此环节的事件。", en="No event of this issue belongs here.", kind="note")
        if named or layer.id != "compute":
            found.append(Box(layer=layer.id, name=name, events=tuple(inside), sentence=sentence))
    return tuple(found)


class Views:
    """What the framework and the links say of each event told: what holds for all is said once, then only what differs."""

    def __init__(self, told: Sequence[Ranked], ledger: Ledger) -> None:
        self._ledger = ledger
        self._first = told[0].event.id if told else ""
        sets = [{t.theme_id for t in one.score.themes} for one in told]
        self._shared = set.intersection(*sets) if len(sets) > 1 else set()

    def of(self, one: Ranked, *said: Both) -> tuple[Sentence, ...]:
        """Where the framework puts an event, in a sentence of view; the securities that it touches, by what is `said` of it."""
        first = one.event.id == self._first
        told = (self._placement(one, first), linked.touched(one, said, self._ledger, first))
        return tuple(sentence for sentence in told if sentence)

    def _placement(self, one: Ranked, first: bool) -> Sentence | None:
        knowledge = self._ledger.knowledge
        layer = next((x for x in knowledge.framework.layers if x.id == layer_of(one, knowledge)), None)
        themes = [knowledge.themes[t.theme_id] for t in one.score.themes if t.theme_id in knowledge.themes]
        shared = [t for t in themes if t.id in self._shared]
        special = [t for t in themes if t.id not in self._shared]
        if layer is None and not themes:
            return None
        zh, en = [], []
        if layer and first:
            zh.append(f"按“{knowledge.framework.name_zh}”框架，该事件归入{layer.name_zh}环节")
            en.append(f"In the framework this belongs to the {layer.name_en} box")
        elif layer:
            zh.append(f"归入{layer.name_zh}环节")
            en.append(f"This belongs to the {layer.name_en} box")
        if special:
            placed_zh, placed_en = self._lines(special)
            zh += placed_zh
            en += placed_en
        elif shared and not first:
            zh.append("仅涉上述共同主题")
            en.append("its themes are those shared by all")
        if shared and first:
            zh.append(f"与本期其余重点事件同涉{join([_theme_name(t, self._ledger).zh for t in shared], 'zh')}")
            names = join([_theme_name(t, self._ledger).en for t in shared], "en")
            en.append(f"like all main events of this issue it touches {names}")
        words = "; ".join(en) + "."
        return Sentence(zh="，".join(zh) + "。", en=words[:1].upper() + words[1:], kind="view")

    def _lines(self, themes: Sequence[Theme]) -> tuple[list[str], list[str]]:
        """Themes by the framework's line of selection, then the others."""
        zh, en = [], []
        for selection in self._ledger.knowledge.framework.selections:
            chosen = [t for t in themes if t.lens == selection.id]
            if chosen:
                zh.append(
                    f"沿{selection.name_zh}线索对应{join([_theme_name(t, self._ledger).zh for t in chosen], 'zh')}"
                )
                names = join([_theme_name(t, self._ledger).en for t in chosen], "en")
                en.append(f"on the line of {selection.name_en.lower()} it points to {names}")
        rest = [t for t in themes if t.lens is None]
        if rest:
            zh.append(f"另涉{join([_theme_name(t, self._ledger).zh for t in rest[:4]], 'zh')}")
            en.append(f"it also touches {join([_theme_name(t, self._ledger).en for t in rest[:4]], 'en')}")
        return zh, en


def _theme_name(theme: Theme, ledger: Ledger) -> Both:
    """A theme's name, with the attention that the report gave it, once that report is out."""
    zh, en = ledger.name(theme.name_zh), ledger.name(theme.name_en)
    attention = _attention(theme, ledger)
    return Both(zh=f"{zh}（{attention.zh}）", en=f"{en} ({attention.en})") if attention else Both(zh=zh, en=en)


def _attention(theme: Theme, ledger: Ledger) -> Both | None:
    if not theme.attention or theme.as_of > ledger.published_on:
        return None
    return Both(zh=theme.attention, en=ATTENTION.get(theme.attention, theme.attention))


# ---- themes ---------------------------------------------------------------------------------------------------------


def theme_blocks(
    ranked: Sequence[Ranked], lens: Lens, headlines: Mapping[str, Sentence], ledger: Ledger, last: Digest | None
) -> tuple[ThemeBlock, ...]:
    """The lens's themes that the week touches or of which a person typed a stance, in the framework's order."""
    knowledge = ledger.knowledge
    touching: dict[str, list[Ranked]] = defaultdict(list)
    for one in ranked:
        for match in one.score.themes:
            touching[match.theme_id].append(one)
    wanted = lens.themes or tuple(sorted(knowledge.themes))
    order = {t: n for n, t in enumerate((*knowledge.framework.theme_order, *wanted))}
    found = []
    for theme_id in sorted((t for t in dict.fromkeys(wanted) if t in knowledge.themes), key=lambda t: order.get(t, 99)):
        holdings = _holdings(theme_id, ledger)
        theme = knowledge.themes[theme_id]
        if touching[theme_id] or _with_stance(holdings) or _attention(theme, ledger):
            found.append(_block(theme, touching[theme_id], holdings, headlines, ledger, last))
    return tuple(found)


def _block(
    theme: Theme,
    touching: Sequence[Ranked],
    holdings: tuple[Holding, ...],
    headlines: Mapping[str, Sentence],
    ledger: Ledger,
    last: Digest | None,
) -> ThemeBlock:
    why = []
    for one in islice((one for one in touching if tells(one.event, ledger)), NAMED):
        match = next(m for m in one.score.themes if m.theme_id == theme.id)
        headline = headlines[one.event.id]
        why.append(_triggered(one, match.reason, headline, ledger))
    return ThemeBlock(
        theme_id=theme.id,
        name=Both(zh=ledger.name(theme.name_zh), en=ledger.name(theme.name_en)),
        attention=_attention(theme, ledger),
        events=tuple(r.event.id for r in touching),
        why=tuple(why),
        holdings=holdings,
        change=_change(theme.id, holdings, last),
    )


def _triggered(one: Ranked, reason: Reason, headline: Sentence, ledger: Ledger) -> Sentence:
    """An event under a theme with the rule's reason: its figure only where it is the event's own, its product where a title
    names it."""
    zh, en = reason.zh.split("：", 1)[-1].split("，"), reason.en.split(": ", 1)[-1].split(", ")
    if len(zh) == len(en):
        kept = [n for n, words in enumerate(zh) if _is_borne_out(words, one.event, ledger)]
        zh, en = [zh[n] for n in kept], [en[n] for n in kept]
    quoted = [f for f in one.event.facts if any(f"“{f.quote}”" in words for words in zh)]
    claims = tuple(ledger.claim_fact(one.event, f) for f in quoted[:1])
    for tag in one.event.products:
        row = ledger.knowledge.products.get(tag.id or "")
        if row and any(row.name in words for words in zh):
            ledger.name(row.name)
    both = (headline, Sentence(zh="", en="", claims=claims))
    return Sentence.of(both, f"{headline.zh}（{'，'.join(zh)}）", f"{headline.en} ({', '.join(en)})")


def _is_borne_out(words: str, event: Event, ledger: Ledger) -> bool:
    """Whether a piece of a theme's reason may stand: a figure that is the event's own, a product that a title names."""
    if "“" in words:
        return any(f"“{f.quote}”" in words and f in main_facts(event, ledger) for f in event.facts)
    if words.startswith("产品"):
        names = [p.name for p in event.products if is_headlined(p, event, ledger.knowledge)]
        rows = [ledger.knowledge.products.get(p.id or "") for p in event.products if p.name in names]
        return any(n and n in words for n in (*names, *(row.name for row in rows if row)))
    return True


def _holdings(theme_id: str, ledger: Ledger) -> tuple[Holding, ...]:
    members = ledger.knowledge.members(theme_id, ledger.published_on)
    order = list(STANCES)
    return tuple(
        Holding(
            security_id=m.security,
            name=ledger.security(m.security),
            stance=m.stance,
            reason=_reason(m),
            author=m.author,
            author_en=signed_en(m.author, ledger.knowledge),
            day=m.date,
        )
        for m in sorted(members, key=lambda m: order.index(m.stance))
    )


def signed_en(author: str | None, knowledge: KnowledgeBase) -> str | None:
    """The English name of who signed a stance, where it is the framework's publisher."""
    framework = knowledge.framework
    return framework.publisher_en if author == framework.publisher else None


def _reason(member: Member) -> Both:
    return Both(zh=member.reason_zh or member.reason, en=member.reason)


def _change(theme_id: str, holdings: tuple[Holding, ...], last: Digest | None) -> Sentence | None:
    """What a person changed in a theme's list since the last issue."""
    before = next((t for t in last.themes if t.theme_id == theme_id), None) if last else None
    if last is None or (before is None and not holdings):
        return None
    old = _with_stance(before.holdings if before else ())
    new = _with_stance(holdings)
    zh, en = [], []
    for security, holding in new.items():
        stance = STANCES[holding.stance]
        if security not in old:
            zh.append(f"新增{holding.name.zh}（{stance.zh}）")
            en.append(f"{holding.name.en} added ({stance.en})")
        elif old[security].stance != holding.stance:
            zh.append(f"{holding.name.zh}由{STANCES[old[security].stance].zh}改为{stance.zh}")
            en.append(f"{holding.name.en} changed from {STANCES[old[security].stance].en} to {stance.en}")
    for security, holding in old.items():
        if security not in new:
            zh.append(f"移出{holding.name.zh}")
            en.append(f"{holding.name.en} removed")
    if _members(holdings) != _members(before.holdings if before else ()):
        zh.append("板块成分有调整")
        en.append("the sector's members changed")
    if not zh:
        return Sentence(zh="名单较上期无变化。", en="The list is unchanged since the last issue.", kind="note")
    return Sentence(
        zh="较上期：" + "，".join(zh) + "。", en="Since the last issue: " + "; ".join(en) + ".", kind="note"
    )


def _with_stance(holdings: Sequence[Holding]) -> dict[str, Holding]:
    return {h.security_id: h for h in holdings if h.stance != "sector_member"}


def _members(holdings: Sequence[Holding]) -> set[str]:
    return {h.security_id for h in holdings if h.stance == "sector_member"}


# ---- risks ----------------------------------------------------------------------------------------------------------


def risks(
    ranked: Sequence[Ranked], headlines: Mapping[str, Sentence], knowledge: KnowledgeBase
) -> tuple[Sentence, ...]:
    """The framework's standing risks, each with this week's events that bear on it."""
    framework = knowledge.framework
    told = []
    for number, topic in enumerate(framework.risk_topics_zh):
        english = framework.risk_topics_en[number : number + 1] or (topic,)
        bearing = [r for r in ranked if any(cue in topic for cue in RISK_CUES.get(r.event.event_type, ()))]
        named = [headlines[r.event.id] for r in bearing[:2]]
        zh, en = topic, english[0][:1].upper() + english[0][1:]
        if named:
            zh += f"：关注{'、'.join('“' + inner(h.zh) + '”' for h in named)}的后续"
            en += f": watch what follows from {join([_quoted(h.en) for h in named], 'en')}"
        told.append(Sentence.of(named, zh + "。", en + ".", "view" if named else "note"))
    return tuple(told)


def _quoted(headline: str) -> str:
    """A headline in quotation marks, unless it brings its own."""
    return headline if headline.startswith("“") else f"“{inner(headline)}”"
