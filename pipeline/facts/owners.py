"""Whose a fact is: the nearest product of its sentence; and whether it is a rival's figure, or what held before."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from pipeline.facts import months
from pipeline.lexicon import is_likeness
from pipeline.records import ProductTag, Tags
from pipeline.text import fold

_COMPARED = re.compile(
    r"超越|超过|优于|高于|相比|对比|相较|媲美|对标|击败|领先|不及|低于|不如|而|比(?!例|特|赛|如"
    r"|较好)|compared|than|versus|vs\.?|beats?|beating|outperform\w*|surpass\w*|against|while"
    r"|whereas"
)
_BEATEN = re.compile(
    r"(?:超越|超过|优于|击败|打败|领先|媲美|对标|接近|beats?|beating|outperform\w*|surpass\w*|than|over|vs\.?)\s?(?:了)?\s?$"
)
"""What stands before a rival's name when the sentence goes on about the winner."""
_BUILT_ON = re.compile(r"(?:基于|采用|based on|built on)\s?(?:the\s)?$")
"""What stands before the name of what a model is made from."""
_BEFORE = re.compile(
    r"(?:从|由|from)\s?(?:原来的?|此前的?|之前的?|约|about|roughly|around)?\s?$"
    r"|(?:原来的?|此前的?|之前的?|上一代的?|前代的?|原先的?|去年|previous(?:ly)?"
    r"|originally|earlier|formerly)\s?(?:仅|约|只|支持)?[^。;；,，\n]{0,10}$"
)
_STOPS = re.compile(r"[。！？!?\n；;]|\.(?=\s|$)")
_CLAUSE = re.compile(r"[,，、:：()（）]")
_AS_OF = re.compile(
    r"(?:截至|截止|as of|by the end of)\s?(?:到)?\s?(?P<y>20\d\d)\s?[年-]\s?(?:(?P<m>1[0-2]"
    r"|0?[1-9])\s?[月-]\s?(?:(?P<d>3[01]|[12]\d|0?[1-9])\s?日?)?)?"
)


_HAN_MONTHS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_THEN = re.compile(
    r"(?=20\d\d\s?年|[去前今]年|[\d一二三四五六七八九十]{1,2}\s?月)(?P<y>20\d\d\s?年|去年|前年|今年)?\s?(?:(?P<m>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s?月份?)?(?:\d+\s?[日号])?"
    r"[^。;；,，\n]{0,8}?(?:发布|推出|上线|面世|问世|首发|亮相|开放|上市)(?:时|之初|之际|当时|那时)"
    r"|(?:when|at|since|as)\s[^.;\n]{0,40}?(?:launch|debut|releas|introduc|start|unveil)\w*\s?(?:last|in|back in)\s"
    rf"(?P<em>{months.PATTERN})?\s?(?:of\s)?(?P<ey>20\d\d)?"
)
"""When something came out, in a text that looks back on it: `去年10月推出时`."""
_NOW = re.compile(
    r"此次|本次|这次|如今|现在|目前|今天|今日|眼下|而今|现已|升至|提升到|提升至|提高到|扩展到|(?<![a-z])(?:now|today|this time)(?![a-z])"
)
_EACH = re.compile(r"分别(?:为|是|达到?|约为?|有|支持|拥有|提升[至到]|提高[至到]|扩展[至到])?")
_RUN = re.compile(r"(?P<run>(?<![\w.-])\d[^,;]*?(?:(?:,\s?(?:and\s)?|\sand\s)\S?\d[^,;]*?)+),?\s?respectively")
_AND = re.compile(r"、|,(?!\d{3})|，|和|与|及(?!时)|\sand\s")
_NAMED_AS = re.compile(r"(?:参数)?的[^,，。;、:：]*(?:模型|系列|框架|系统)\s?")
"""What leads from a size to the name that has it: `0.1B 参数的语音生成模型 X`."""
_LIST = re.compile(r"\s?(?:、|,|和|与|及|以及|and|, and)\s?")


class Owner(NamedTuple):
    """A product where its name stands."""

    start: int
    end: int
    product: ProductTag


class Owners:
    """The products of one document, by place."""

    def __init__(self, folded: str, title_end: int, tags: Tags, instruments: frozenset[str]) -> None:
        self.folded = folded
        products = tuple(
            p for p in tags.products if p.id not in instruments and p.rule not in ("weak", "likeness", "maker")
        )
        self.places = _places(folded, products)
        makers = _makers(folded, tags, products)
        self.makers = [m for m in makers if not any(o.start < m.end and m.start < o.end for o in self.places)]
        in_title = [o for o in self.places if o.start < title_end]
        self.titled = bool(in_title)
        self.main = in_title[0].product if in_title else products[0] if products else None

    def of(self, start: int, end: int, low: int, high: int) -> tuple[ProductTag | None, bool]:
        """The product that a span's fact belongs to, and whether the fact is given for comparison."""
        listed = self._in_turn(start, low, high)
        if listed:
            return listed.product, self._is_compared(listed, start, low)
        inside = [o for o in self.places if low <= o.start < high]
        around = next((o for o in inside if o.start <= start < o.end), None)
        before = [o for o in inside if o.end <= start]
        after = [o for o in inside if o.start >= end]
        owner = around or (before[-1] if before else None)
        if (
            owner
            and not around
            and len(before) > 1
            and _BEATEN.search(self.folded, max(low, owner.start - 14), owner.start)
        ):
            owner = before[0]
        if owner and not around and _BUILT_ON.search(self.folded, max(low, owner.start - 8), owner.start):
            owner = after[0] if after else None
        if after and (
            owner is None or (_CLAUSE.search(self.folded, owner.end, start) and self._leads_to(end, after[0].start))
        ):
            owner = after[0]
        compared = self._is_compared(owner, start, low) or bool(
            _BEFORE.search(self.folded[max(low, start - 24) : start])
        )
        return (owner.product if owner else self._in_mind(start)), compared

    def _in_mind(self, start: int) -> ProductTag | None:
        """The product that a sentence without one is about: the headline's, else the last one named, or the only one."""
        if self.titled or len({o.product.name for o in self.places}) <= 1:
            return self.main
        return next((o.product for o in reversed(self.places) if o.end <= start), None)

    def _leads_to(self, end: int, start: int) -> bool:
        """Whether a fact describes the name right behind it: `4B 参数的 X`, `a 70B model, X`."""
        named = _NAMED_AS.fullmatch(self.folded, end, start) if start - end <= 34 else None
        return bool(named) or (
            start - end <= 14
            and not _CLAUSE.search(self.folded, end, start)
            and not _COMPARED.search(self.folded, end, start)
        )

    def _in_turn(self, start: int, low: int, high: int) -> Owner | None:
        """The owner of a figure that stands in a list of as many: `甲和乙分别为 7B 和 13B`, `..., respectively`."""
        each = next((m for m in _EACH.finditer(self.folded, low, start)), None)
        run = None if each else _RUN.search(self.folded, low, high)
        if not each and not (run and run.start() <= start < run.end()):
            return None
        edge = each.end() if each else run.start() if run else start
        turn = len(_AND.findall(self.folded[edge:start]))
        named = [
            o for o in sorted([*self.places, *self.makers], key=lambda o: o.start) if low <= o.start and o.end <= edge
        ]
        runs: list[list[Owner]] = []
        for one in named:
            if runs and _LIST.fullmatch(self.folded, runs[-1][-1].end, one.start):
                runs[-1].append(one)
            else:
                runs.append([one])
        last = next((r for r in reversed(runs) if len(r) > 1), [])
        return last[turn] if turn < len(last) else None

    def _is_compared(self, owner: Owner | None, start: int, low: int) -> bool:
        if owner is None or self.main is None or owner.product.name == self.main.name:
            return False
        match = _COMPARED.search(self.folded, max(low, owner.start - 14), start)
        return bool(match) or (owner.product.company is not None and owner.product.company != self.main.company)


def as_of(sentence: str) -> str | None:
    """The year, month or day that a sentence gives for its figures."""
    match = _AS_OF.search(sentence)
    if not match:
        return None
    parts = [match["y"], *(f"{int(p):02d}" for p in (match["m"], match["d"]) if p)]
    return "-".join(parts)


def held_then(folded: str, place: int, low: int, high: int, today: date) -> str | None:
    """The earlier year or month for which a sentence gives the figure at a place: `去年10月推出时支持…`."""
    for match in _THEN.finditer(folded, low, high):
        if place < match.start() and not match[0].isascii():
            continue
        if _NOW.search(folded, min(place, match.start()), max(place, match.end())):
            continue
        then = _month(match, today)
        if then and then < f"{today:%Y-%m}"[: len(then)]:
            return then
    return None


def _month(match: re.Match[str], today: date) -> str | None:
    """The year or month that a look back names, reckoned from the document's day."""
    said = (match["y"] or match["ey"] or "").rstrip(" 年")
    back = {"去": 1, "前": 2, "今": 0}
    year = int(said) if said.isdigit() else today.year - back[said] if said in back else None
    written = match["m"] or match["em"]
    if not written:
        return str(year) if year else None
    month = (
        int(written)
        if written.isdigit()
        else _HAN_MONTHS.index(written) + 1
        if written in _HAN_MONTHS
        else months.month_of(written)
    )
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    return f"{year:04d}-{month:02d}"


def sentences(folded: str) -> list[int]:
    """Where each sentence starts."""
    return [0, *(m.end() for m in _STOPS.finditer(folded))]


def _places(folded: str, products: tuple[ProductTag, ...]) -> list[Owner]:
    found: list[Owner] = []
    for product in sorted(products, key=lambda p: -len(p.name)):
        name = fold(product.name)
        at = folded.find(name) if name else -1
        while at >= 0 and len(found) < 200:
            taken = any(o.start < at + len(name) and at < o.end for o in found)
            if not taken and not is_likeness(folded, at, at + len(name)):
                found.append(Owner(at, at + len(name), product))
            at = folded.find(name, at + len(name))
    return sorted(found)


def _makers(folded: str, tags: Tags, products: tuple[ProductTag, ...]) -> list[Owner]:
    """Where companies are named: each stands for its product in the text, or for itself."""
    found: list[Owner] = []
    for company in tags.companies:
        own = next((p for p in products if p.company == company.id), None)
        stands = own or ProductTag(name=company.id, company=company.id, quote=company.quote)
        name = fold(company.quote)
        if company.rule == "product" or not name:
            continue
        at = folded.find(name)
        while at >= 0 and len(found) < 200:
            found.append(Owner(at, at + len(name), stands))
            at = folded.find(name, at + len(name))
    return found
