"""Whose money it is: the company that acts in the clause of an amount; nobody where the words leave it open."""

from __future__ import annotations

import re
from functools import cached_property

from pipeline.lexicon import Lexicon
from pipeline.records import Document, Tags
from pipeline.text import is_cjk

_OBJECT = re.compile(
    r"(?:向|与|和|及|、|同|版|类似|类|给|由|被|从|对|对标|为|获得?|来自|收购|投资|入股|起诉|指控|供应|代表|通过|旗下的?|在|参投|领投方?|相比|不如"
    r"|to|with|and|from|by|of|for|in|against|at|via|on|into|over|than|through|backed by)\s?(?:the )?[“「\"]?$"
)
"""What stands before a company that does not act."""
_LEADS = re.compile(
    r"[^,，。;；]{0,24}(?:领投|跟投|参投|参与投资)|\s?(?:领投|跟投|参投|等|基金|资本|联合领投|前|旗下|的?(?:投资|竞争对手|客户)"
    r"|网站|官网|新闻稿|总部|所在)"
)
"""What stands behind a company that gives another money, or only tells of another."""
_SUED = re.compile(r"起诉|诉讼|指控|索赔|lawsuit|sues|sued")
_SEVERAL = re.compile(r"各自|它们|分别|两家|三家|双方|等(?:科技)?(?:巨头|公司|企业|机构|厂商)")
_GIVES = re.compile(r"\s?(?:共同|联合|将)?(?:注资|出资|投资|投入|入股)\s?(?:了)?(?:约|近|超)?\s?$")
"""What stands between who gives the money and the amount."""
_TO = re.compile(r"[向对给为获]\s?$")
_ITS = re.compile(r"[，,]\s?其[^，,]{0,8}$")
"""What makes an amount that of several."""
_CLAUSE = re.compile(r"[,，、:：()（）]|\n")
_BUYS = re.compile(
    r"储备|采购|购买|购入|订购|囤|拥有|运送|出货|交付|buys?|bought|order(?:s|ed)|purchas\w*|stockpil\w*|acquir\w*|procur\w*|own"
)
_UNKNOWN = re.compile(r"[A-Z][\w.]*[a-z][\w.]*(?: [A-Z][\w.]*)*|[「《][^」》\n]{2,16}[」》]")
_PAYER = re.compile(
    r"\s*(?P<who>[一-鿿]{2,8}?)(?:计划|宣布|拟|将|欲|准备|同意|承诺|再)+(?:以|斥资|投资|出资|注资|收购|支付|提供)"
)
_TOLD = re.compile(
    r"公司|集团|双方|未来|[今去明]年|年内|目前|[此本]次|预计|官方|高管|随后|此外|同时|据|方$|[它他她其]|[后前]者|[年月日周]"
)
"""What a Chinese clause begins with that is no payer's name."""
_ROUNDS = re.compile(r"(?:Series|Pre|ARR|IPO|API|Token|Max|Plus|Pro|GPU|CEO|Q\d).*")
_LEAD = 400
"""How far into a text an amount without a name may be the headline's."""


class Parties:
    """The companies of one document, by place."""

    def __init__(self, document: Document, text: str, folded: str, tags: Tags, lexicon: Lexicon) -> None:
        self.document, self.text, self.folded, self.lexicon = document, text, folded, lexicon
        self.title_end = len(document.title)
        first = tags.companies[0] if tags.companies else None
        self.actor = first.id if first and first.relevance >= 50 else None
        self.quote = first.quote if first else ""
        self.named_at = text.find(first.quote) if first else -1
        self.products = tuple(p.name for p in tags.products)

    def acting(self, kind: str, start: int, low: int) -> str | None:
        """The company that acts, for a figure that no product owns: named in the headline, or in the same sentence."""
        titled = 0 <= self.named_at < self.title_end and start <= self.title_end + _LEAD
        beside = low <= self.text.find(self.quote, low) < start if self.quote else False
        if kind in ("price", "users", "hardware"):
            titled = titled and start < self.title_end
        if not (titled or beside) or self.actor is None:
            return None
        row = self.lexicon.knowledge.companies.get(self.actor)
        return None if kind == "hardware" and row and row.type == "chip" else self.actor

    @cached_property
    def places(self) -> list[tuple[int, int, str]]:
        """Where companies are named by name."""
        return [
            (m.start, m.end, m.name.company)
            for m in self.lexicon.scan(self.document).mentions
            if m.name.kind == "company" and m.name.company
        ]

    def buys(self, start: int, low: int) -> bool:
        """Whether machines are bought or held, so that they are a company's and no model's."""
        return bool(_BUYS.search(self.folded, max(low, start - 14), start))

    def of(self, start: int, low: int, detail: str | None) -> str | None:
        """The company that an amount belongs to."""
        if _SEVERAL.search(self.folded, low, start):
            return None
        if detail == "deal" and _SUED.search(self.folded, low, start):
            return None
        owns = next(
            (p for p in self.places if 2 <= start - p[1] <= 3 and self.text[p[1] : p[1] + 2] in ("'s", "’s")), None
        )
        if owns:
            return owns[2]
        giver = next((p for p in self.places if low <= p[0] and _GIVES.fullmatch(self.folded, p[1], start)), None)
        if giver and detail == "deal" and not _TO.search(self.folded, low, giver[0]):
            return giver[2]
        if detail == "valuation" and _ITS.search(self.folded, low, start):
            return self._headlined(start, low)
        edge = start
        for comma in reversed([low, *(m.end() for m in _CLAUSE.finditer(self.folded, low, start))]):
            named = [p for p in self.places if comma <= p[0] and p[1] <= edge and self._acts(*p[:2])]
            if self._has_stranger(comma, edge, named):
                return None
            if named:
                return named[0][2]
            edge = comma
        return self._headlined(start, low)

    def _headlined(self, start: int, low: int) -> str | None:
        """The company of the headline, for an amount of the lead whose sentence names none."""
        if start < self.title_end or start > self.title_end + _LEAD:
            return None
        titled = [p for p in self.places if p[1] <= self.title_end and self._acts(*p[:2])]
        if not titled or titled[0][2] != self.actor or self._has_stranger(0, self.title_end, titled):
            return None
        between = {p[2] for p in self.places if self.title_end < p[0] < low and self._acts(*p[:2])}
        return titled[0][2] if between <= {titled[0][2]} else None

    def _acts(self, start: int, end: int) -> bool:
        return not _OBJECT.search(self.folded, max(0, start - 12), start) and not _LEADS.match(self.folded, end)

    def _has_stranger(self, low: int, high: int, named: list[tuple[int, int, str]]) -> bool:
        """Whether a name that we do not know stands where the owner would: in Chinese, Latin capitals or quotes."""
        payer = _PAYER.match(self.folded, low, high)
        if payer and not _TOLD.search(payer["who"]) and not any(low <= s < payer.end() for s, _, _ in self.places):
            return True
        for match in _UNKNOWN.finditer(self.text, low, high):
            word = match[0].strip("「」《》")
            if named and match.start() > named[0][0]:
                continue
            if any(s < match.end() and match.start() < e for s, e, _ in self.places) or _ROUNDS.fullmatch(word):
                continue
            if word in self.lexicon.not_names or any(word in p or p in word for p in self.products):
                continue
            if _stands_in_chinese(self.text, match.start(), match.end()) and self._acts(match.start(), match.end()):
                return True
        return False


def _stands_in_chinese(text: str, start: int, end: int) -> bool:
    around = text[max(0, start - 2) : start] + text[end : end + 2]
    return any(is_cjk(c) for c in around)
