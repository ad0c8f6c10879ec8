"""Whose a fact is: the nearest product of its sentence; and whether it is a rival's figure, or what held before."""

from __future__ import annotations

import re
from typing import NamedTuple

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
_LIKE = re.compile(r"(?:国产|中国版|开源版|平替)[“「\"]?$")
"""What stands before a famous name that another is likened to."""
_BEFORE = re.compile(
    r"(?:从|由|原来的?|此前的?|之前的?|上一代的?|前代的?|原先的?|去年|仅|from|previous(?:ly)?"
    r"|up from|originally|earlier|formerly)\s?(?:仅|约|只|支持)?[^。;；\n]{0,10}$"
)
_STOPS = re.compile(r"[。！？!?\n；;]|\.(?=\s|$)")
_CLAUSE = re.compile(r"[,，、:：()（）]")
_AS_OF = re.compile(
    r"(?:截至|截止|as of|by the end of)\s?(?:到)?\s?(?P<y>20\d\d)\s?[年-]\s?(?:(?P<m>1[0-2]"
    r"|0?[1-9])\s?[月-]\s?(?:(?P<d>3[01]|[12]\d|0?[1-9])\s?日?)?)?"
)


class Owner(NamedTuple):
    """A product where its name stands."""

    start: int
    end: int
    product: ProductTag


class Owners:
    """The products of one document, by place."""

    def __init__(self, folded: str, title_end: int, tags: Tags, instruments: frozenset[str]) -> None:
        self.folded = folded
        products = tuple(p for p in tags.products if p.id not in instruments and p.rule != "weak")
        self.places = _places(folded, products)
        in_title = [o for o in self.places if o.start < title_end]
        self.main = in_title[0].product if in_title else products[0] if products else None

    def of(self, start: int, end: int, low: int, high: int) -> tuple[ProductTag | None, bool]:
        """The product that a span's fact belongs to, and whether the fact is given for comparison."""
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
        return (owner.product if owner else self.main), compared

    def _leads_to(self, end: int, start: int) -> bool:
        """Whether a fact describes the name right behind it: `4B 参数的 X`, `a 70B model, X`."""
        return (
            start - end <= 14
            and not _CLAUSE.search(self.folded, end, start)
            and not _COMPARED.search(self.folded, end, start)
        )

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
            if not taken and not _LIKE.search(folded, max(0, at - 5), at):
                found.append(Owner(at, at + len(name), product))
            at = folded.find(name, at + len(name))
    return sorted(found)
