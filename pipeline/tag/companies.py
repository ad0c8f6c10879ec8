"""Companies of a document, the actor first: where each is named, as subject or as object of what is done."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from knowledge.index import in_office
from pipeline.lexicon import Lexicon, Scan
from pipeline.records import CompanyTag, Document
from pipeline.tag.products import Found

_OBJECT_BEFORE = re.compile(
    r"(?:基于|接入|支持|集成|兼容|对标|接近|逼近|匹敌|碾压|吊打|超越|超|击败|打败|起诉|指控|收购|投资|入股|加入|登陆|适配"
    r"|驱动|采用|使用|利用|通过|对|与|和|及|跟|同|向|给|由|被|从|获|获得|引入|内置|搭载|挖走"
    r"|挖角|来自|相比|优于|媲美|追平|比肩|面向|转向"
    r"|with|vs\.?|against|using|on|for|from|to|over|than|like|via|in|into|and|&|beats?|of"
    r"|based on|powered by|acquires?|sues|backed by|,|、|/)\s*$",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"(?:对标|接近|逼近|匹敌|碾压|吊打|超越|超过|超|击败|打败|优于|媲美|追平|比肩|比得上|beats?|beating|outperforms?|surpass(?:es|ing)?|rivals?"
    r"|取代|替代|挑战|dethrones?|replac(?:es?|ing)|challeng(?:es?|ing)|better than|faster than|comparable to|on par with)\s*$"
    r"|(?:开源版|国产版?|中国版|山寨版?|平替|类)\s?[“「\"]?$",
    re.IGNORECASE,
)
"""What makes a name the measure of another's deed."""
_BY = re.compile(
    r"(?:released|developed|made|built|trained|published|launched|introduced|created|designed) by\s*$", re.IGNORECASE
)
_FORMER = re.compile(
    r"(?:(?<![此目日提之以午年月周天空生])前|原|former|ex-)\s*(?:the\s+)?$|曾[^，,。；;]{0,12}$", re.IGNORECASE
)
"""What makes a name somebody's past: a former employer, a project long done."""
_REPORTED = re.compile(r"^.{0,1}据|报道|消息|获悉|reported|reports")
_ACTS = ("release", "open_source", "update", "extend", "act")
_ONLY_A_PLACE = 32
"""What an app where others do things loses unless a verb follows it or the headline begins with it."""
_PLACE = re.compile(r"\s*(?:官方)?(?:账号|平台|直播|频道|页面|评论区|上(?![线新架市]))")
_ACCOUNT = re.compile(r"\s?(?:官方|个人|的)?\s?(?:账号|账户|频道|主页|评论区|公众号|粉丝|热搜|视频号|帖子)")
"""What stands behind a platform where somebody said something."""
_REACH = 14
"""How far behind a name its verb may stand, not counting what stands between in brackets."""


class _Seen(NamedTuple):
    start: int
    end: int
    company: str
    rule: str


def find(document: Document, scan: Scan, products: list[Found], lexicon: Lexicon) -> tuple[CompanyTag, ...]:
    """The companies, most relevant first; the first is the actor."""
    seen = _seen(scan, products, lexicon, document.when.date())
    verbs = [(c.start, c.end) for c in scan.cues if c.group in _ACTS]
    best: dict[str, tuple[int, _Seen]] = {}
    counts: dict[str, int] = {}
    for rank, one in enumerate(seen):
        points = _points(scan, one, rank, verbs) + (8 if one.company == document.source_company else 0)
        if _only_tells(scan, one, lexicon):
            continue
        counts[one.company] = counts.get(one.company, 0) + 1
        if one.company not in best or points > best[one.company][0]:
            best[one.company] = (points, one)
    tags = [
        CompanyTag(
            id=company,
            relevance=max(5, min(100, points + 2 * min(4, counts[company] - 1))),
            quote=scan.text[one.start : one.end],
            rule=one.rule,
        )
        for company, (points, one) in best.items()
    ]
    tags.sort(key=lambda t: -t.relevance)
    tags = _with_groups(tags, lexicon)
    if (
        document.source_company in lexicon.knowledge.companies
        and document.source_company not in best
        and document.title
    ):
        place = 0 if not tags or tags[0].relevance < 70 else len(tags)
        tags.insert(place, CompanyTag(id=document.source_company, relevance=70, quote=document.title, rule="source"))
    return tuple(t.model_copy(update={"role": "mentioned" if place else "actor"}) for place, t in enumerate(tags))


def _only_tells(scan: Scan, one: _Seen, lexicon: Lexicon) -> bool:
    """Whether a name is only where something was said: the paper that reports it, the platform of somebody's account."""
    if one.start < scan.title_end and not _REPORTED.search(scan.text[max(0, one.start - 2) : one.end + 6]):
        return False
    if one.company in lexicon.media:
        return bool(_REPORTED.search(scan.text[max(0, one.start - 2) : one.end + 6]))
    return one.rule == "venue" and bool(_ACCOUNT.match(scan.text, one.end))


def _seen(scan: Scan, products: Iterable[Found], lexicon: Lexicon, day: date) -> list[_Seen]:
    """Every place that shows a company, in order: its name, its product, its share, its chief of that day."""
    named = [m for m in scan.mentions if m.name.kind == "company"]
    told = {m.name.company for m in named}, {m.name.company for m in named if m.start < scan.title_end}
    seen = [
        _Seen(p.start, p.end, p.company, _rule(p, lexicon))
        for p in products
        if p.company and not (p.id in lexicon.devices and p.company in told[p.start < scan.title_end])
    ]
    for start, end, name in scan.mentions:
        company = (
            name.company
            if name.kind == "company"
            else lexicon.issuer_of.get(name.id)
            if name.kind == "security"
            else None
        )
        if company:
            seen.append(_Seen(start, end, company, "name" if name.kind == "company" else "security"))
    for start, end, name in scan.people:
        if name.chief is not None and in_office(name.chief, day):
            seen.append(_Seen(start, end, name.id, "person"))
    seen = [s for s in seen if s.company in lexicon.knowledge.companies]
    return sorted(set(seen))


def _rule(product: Found, lexicon: Lexicon) -> str:
    if product.rule == "likeness":
        return "likeness"
    if product.id in lexicon.venues:
        return "venue"
    return "instrument" if product.id in lexicon.instruments else "product"


def _points(scan: Scan, one: _Seen, rank: int, verbs: list[tuple[int, int]]) -> int:
    if one.start < scan.title_end:
        points = 84 - min(24, 6 * rank)
    else:
        first_sentence = scan.sentence(scan.title_end + 1)
        points = (58 if one.start < first_sentence[1] else 44) - min(24, 3 * rank)
    points -= {"name": 0, "product": 3, "security": 1, "instrument": 25, "likeness": 30, "venue": 3, "person": 5}[
        one.rule
    ]
    before = scan.folded[max(0, one.start - 16) : one.start]
    if _BY.search(before):
        points += 16
    elif _FORMER.search(before):
        points -= 46
    elif _COMPARED.search(before):
        points -= 34
    elif scan.text[one.start - 1 : one.start] != "，" and _OBJECT_BEFORE.search(before):
        points -= 16
    elif one.rule == "venue" and _PLACE.match(scan.text, one.end):
        points -= _ONLY_A_PLACE
    elif any(0 <= start - one.end <= _REACH for start, _ in verbs):
        points += 10
    elif one.rule == "venue" and not _opens(scan, one):
        points -= _ONLY_A_PLACE
    return points


def _opens(scan: Scan, one: _Seen) -> bool:
    """Whether a name opens the document, or a clause of its headline."""
    return one.start == 0 or (one.start < scan.title_end and scan.text[one.start - 1] in "｜|：！？、")


def _with_groups(tags: list[CompanyTag], lexicon: Lexicon) -> list[CompanyTag]:
    """A unit acts for its group: the group stands right before it."""
    placed: dict[str, CompanyTag] = {}
    for tag in tags:
        row = lexicon.knowledge.companies[tag.id]
        parent = (
            row.parent if row.parent in lexicon.knowledge.companies and row.status in ("unit", "subsidiary") else None
        )
        if parent and parent not in placed and row.id not in lexicon.stand_alone:
            group = next((t for t in tags if t.id == parent), tag)
            placed[parent] = group.model_copy(update={"id": parent, "relevance": tag.relevance})
            if group is tag:
                placed[parent] = placed[parent].model_copy(update={"rule": "group"})
        placed.setdefault(tag.id, tag)
    return list(placed.values())
