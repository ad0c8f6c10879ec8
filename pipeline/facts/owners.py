"""Whose a fact is: the nearest product of its sentence; and whether it is a rival's figure, or what held before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from pipeline.facts import months
from pipeline.lexicon import Lexicon, is_likeness
from pipeline.records import ProductTag, Tags
from pipeline.text import fold
from pipeline.version import parse

_COMPARED = re.compile(
    r"超越|超过|优于|高于|相比|对比|相较|媲美|对标|击败|领先|不及|低于|不如|而|超(?=\s?[a-z])|(?<![同环])比(?!例|特|赛|如"
    r"|较好)|compared|than|versus|vs\.?|beats?|beating|outperform\w*|surpass\w*|against|while"
    r"|whereas"
)
_BEATEN = re.compile(
    r"(?:超越|超过|超|优于|击败|打败|领先|媲美|对标|接近|beats?|beating|outperform\w*|surpass\w*|exceed\w*|than|over|vs\.?)\s?(?:了)?\s?$"
)
"""What stands before a rival's name when the sentence goes on about the winner."""
_BUILT_ON = re.compile(
    r"(?:基于|采用|将|把|对|based on|built on|derived from|distilled from|fine-?tuned from|using"
    r"|compress(?:es|ed|ing))\s?(?:the\s)?$"
)
"""What stands before the name of what a model is made from, or is made to work with."""
_RELEASES = re.compile(r"发布|推出|开源|上线|公布|放出|launch|releas|introduc|unveil|open-?sourc|announc")
_OTHER_MODEL = re.compile(
    r"(?:larger|bigger|future|smaller)\s[^.,]{0,24}$|(?:全新|新的|另一款|另一个|下一代|更大的?|next|another|new|future)\s?$"
)
"""What stands before the size of a model that has no name yet."""
_UPGRADED = re.compile(r"\s?(?:参数)?(?:版本?|规模)?的?(?:升级|全新|新)模型")
"""What stands behind it."""
_GENERIC = re.compile(r"\s?(?:级别?)?(?:的)?(?:大?模型|models?(?![a-z]))")
_CONTEXT_OF = re.compile(r"\s?(?:token )?context (?:window |length )?(?:on|for) ")
_APPOSED = re.compile(r"\s?(?:[、,]\s?(?:激活|总)参数\s?[\d.]+\s?[亿万bm]?)?\s?(?:总?参数|parameters?)?\s?的?\s?")
"""What stands between a size and the name that bears it: `40 亿参数 X`."""
_OPENS_WITH = re.compile(r"\W*(?:参数|的|parameters?|params|tokens?)*\W*,?\s?(?:the |its )?")
_OUT_OF_NAME = re.compile(r"[A-Z][\w.+-]*(?: [A-Z0-9][\w.+-]*)*")
_HAS = re.compile(
    r"\s?(?:模型|版本?|系列)?\s?(?:则|也|还|已|均)?(?:拥有|支持|具备|采用|为|是|达|有|的|仅|以)"
    r"|\s?(?:has |have |with |is |supports? |uses |at |\()"
    r"|\s(?:agent |model )?(?:achiev|scor|reach|hit|get|offer|featur|claim|boast)\w* "
)
_BEARER = re.compile(r"\s?(?:总?参数|parameters?)?\s?的\s?(?P<name>[A-Z][\w.-]*)")
"""A name that bears the size before it: `5000 亿参数的 V8`."""
_IN = re.compile(r"(?:在|于|通过|经由)\s?$")
_ONTO = re.compile(r"\s?(?:等)?(?:平台|应用|网站|客户端|官网)?\s?(?:上|中|里|内)(?![线市架])")
"""What stands around the name of a place where something can be had: `在 X 上`."""
_ONE_MORE = re.compile(r"\d\s?(?:b|t|亿|万亿)(?![a-z]).*[，,]\s?(?:全新|另一款|另外|而)?\s?$")
_MODEL_BEHIND = re.compile(r"\s?(?:参数)?(?:规模)?的?(?:大|小)?模型")
"""What stands around the size of one more model without a name: `X 为 0.5T，1.5T 参数模型`."""
_SUPPORTED = re.compile(
    r"(?:支持|接入|集成|兼容|适配|调用|提供|包括|包含|supports?|including|such as|models like)\s?(?:the\s)?$"
)
"""What stands before products that another makes use of."""
_ANNOUNCED = re.compile(
    r"(?<=[a-z] )(?:launche[sd]|introduce[sd]|release[sd]|announce[sd]|unveil(?:s|ed)|open-sourced)(?= )"
)
"""What a sentence says whose subject brings something out, though we know neither."""
_NEAR = 6
_NOT_NAMED = frozenset(
    {"The", "A", "An", "Our", "Its", "This", "With", "And", "At", "For", "Of", "In", "Total", "AI", "MoE", "LLM"}
    | {"Token", "Tokens", "Lite", "Pro", "Max", "Plus"}
)
"""Words in capitals that are no name of their own."""
_MODEL_KINDS = frozenset({"parameters", "active_parameters", "training_data", "openness", "licence"})
"""Kinds of fact that only a model has."""
_VENUE_KINDS = frozenset({"users", "price"})
"""Kinds of fact that the app of a large company has, where others do things."""
_RECALLED = 200
"""How far back a sentence without a name may look for the product it speaks of."""
_BEFORE = re.compile(
    r"(?:从|由|(?<!sizes )(?<!ranging )(?<!ranges )from)\s?(?:原来的?|此前的?|之前的?|约|about|roughly|around)?\s?$"
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
_NAMED_AS = re.compile(
    r"(?:(?:总?参数)?量?(?:及|和|与|、)[^,，。;、:：]{0,16})?(?:总?参数)?的[^,，。;、:：]*(?:模型|系列|框架|系统)\s?"
)
"""What leads from a size to the name that has it: `0.1B 参数的语音生成模型 X`."""
_LIST = re.compile(r"\s?(?:、|,|和|与|及|以及|and|, and)\s?")


NOBODY = ProductTag(name="", quote="")
"""The owner of a figure whose product has no name that we know."""


class Owner(NamedTuple):
    """A product where its name stands."""

    start: int
    end: int
    product: ProductTag


class Owners:
    """The products of one document, by place."""

    def __init__(self, text: str, folded: str, title_end: int, tags: Tags, lexicon: Lexicon) -> None:
        self.text = text
        self.folded = folded
        self.models, self.venues, self.not_names = lexicon.models, lexicon.venues, lexicon.not_names
        products = tuple(
            p
            for p in tags.products
            if p.id not in lexicon.instruments
            and p.rule not in ("weak", "likeness", "maker")
            and not re.fullmatch(lexicon.benchmarks, fold(p.name))
        )
        self.places = _places(folded, products)
        makers = _makers(folded, tags, products)
        self.makers = [m for m in makers if not any(o.start < m.end and m.start < o.end for o in self.places)]
        in_title = [o for o in self.places if o.start < title_end]
        self.titled = bool(in_title)
        self.main = self._released(in_title, title_end) or next(
            (p for p in products if not any(o.product == p and self._is_beaten(o, 0) for o in self.places)), None
        )
        self.actor = tags.companies[0].id if tags.companies else None

    def of(
        self, kind: str, value: float | str, start: int, end: int, low: int, high: int
    ) -> tuple[ProductTag | None, bool]:
        """The product that a span's fact belongs to, and whether the fact is given for comparison."""
        listed = self._in_turn(start, low, high)
        if listed:
            return listed.product, self._is_compared(listed, kind, start, low)
        inside = [o for o in self.places if low <= o.start < high and self._may_have(o.product, kind)]
        around = next((o for o in inside if o.start <= start < o.end), None)
        before = [o for o in inside if o.end <= start]
        after = [o for o in inside if o.start >= end]
        owner = around or self._subject(before, start, low)
        if after and not around and (owner is None or self._leads(owner, start, end, after[0].start)):
            owner = after[0] if owner or self._introduces(start, end, low, after[0].start) else None
        if not around and (self._is_anothers(owner, start, end, low) or _is_other_size(owner, kind, value)):
            return NOBODY, False
        compared = self._is_compared(owner, kind, start, low) or bool(
            _BEFORE.search(self.folded[max(low, start - 24) : start])
        )
        return (owner.product if owner else self._in_mind(kind, start, low)), compared

    def _may_have(self, product: ProductTag, kind: str) -> bool:
        """Whether a product can have a fact of a kind: an app has no parameters."""
        if product.id in self.venues:
            return kind in _VENUE_KINDS
        if kind not in _MODEL_KINDS or product.id is None or product.id in self.models:
            return True
        named = parse(product.name)
        return named.version is not None or named.size is not None

    def _released(self, in_title: list[Owner], title_end: int) -> ProductTag | None:
        """What the headline is about: of its products the first behind a verb of release, else the first."""
        ours = [o for o in in_title if not self._is_beaten(o, 0)]
        verb = _RELEASES.search(self.folded, 0, title_end)
        behind = next((o for o in ours if verb and o.start >= verb.end()), None)
        return behind.product if behind else ours[0].product if ours else None

    def _is_place(self, owner: Owner) -> bool:
        """Whether a product is only where something can be had."""
        stands = _IN.search(self.folded, max(0, owner.start - 4), owner.start)
        return bool(stands and _ONTO.match(self.folded, owner.end))

    def _is_beaten(self, owner: Owner, low: int) -> bool:
        return bool(_BEATEN.search(self.folded, max(low, owner.start - 14), owner.start))

    def _subject(self, before: list[Owner], start: int, low: int) -> Owner | None:
        """Of the products named before a figure the last that is no rival beaten, nothing built upon or supported."""
        used: Owner | None = None
        for owner in reversed(before):
            listed = used and _LIST.fullmatch(self.folded, owner.end, used.start)
            left = self.folded[max(low, owner.start - 16) : owner.start]
            close = start - owner.end <= _NEAR and not _CLAUSE.search(self.folded, owner.end, start)
            if listed or _BUILT_ON.search(left) or (_SUPPORTED.search(left) and not close) or self._is_place(owner):
                used = owner
            elif close or not self._is_beaten(owner, low):
                return self._first_listed(owner, before, start, low)
        return None

    def _first_listed(self, owner: Owner, before: list[Owner], start: int, low: int) -> Owner | None:
        """An owner, or who stands before the list that it ends, where the list is only of what is supported."""
        first = owner
        for one in reversed(before):
            if one.end <= first.start and _LIST.fullmatch(self.folded, one.end, first.start):
                first = one
        if first is owner or not _SUPPORTED.search(self.folded, max(low, first.start - 16), first.start):
            return owner
        return self._subject([o for o in before if o.end <= first.start], start, low)

    def _leads(self, owner: Owner, start: int, end: int, following: int) -> bool:
        """Whether a figure belongs to the name behind it rather than to the one before."""
        if following - end <= 34 and _NAMED_AS.fullmatch(self.folded, end, following):
            return True
        return bool(
            _APPOSED.fullmatch(self.folded, end, following) or _CONTEXT_OF.fullmatch(self.folded, end, following)
        ) or (bool(_CLAUSE.search(self.folded, owner.end, start)) and self._leads_to(end, following))

    def _introduces(self, start: int, end: int, low: int, following: int) -> bool:
        """Whether a sentence opens with a figure that its first name has: `With 70B parameters, X ...`."""
        opens = start - low <= 8 and _OPENS_WITH.fullmatch(self.folded, end, following)
        return bool(opens) or self._leads_to(end, following)

    def _is_anothers(self, owner: Owner | None, start: int, end: int, low: int) -> bool:
        """Whether a figure is that of a model which has no name yet, or one that we do not know."""
        if _OTHER_MODEL.search(self.folded, max(low, start - 30), start) and _GENERIC.match(self.folded, end):
            return True
        if _UPGRADED.match(self.folded, end):
            return True
        if owner and _MODEL_BEHIND.match(self.folded, end) and _ONE_MORE.search(self.folded, owner.end, start):
            return True
        bearer = _BEARER.match(self.text, end)
        if bearer and self._is_strange(bearer["name"], bearer.start("name"), bearer.end("name"), None):
            return True
        edge = max(low, owner.end if owner and owner.end <= start else low, start - 60)
        for name in _OUT_OF_NAME.finditer(self.text, edge, start):
            bracket = 2 if self.folded.startswith(" (", name.end()) else 0
            if _CLAUSE.search(self.folded, name.end() + bracket, start):
                continue
            if not self._is_strange(name[0], *name.span(), owner):
                continue
            has = _HAS.match(self.folded, name.end(), start) and any(c.islower() for c in name[0])
            if has or start - name.end() <= 1:
                return True
        return False

    def _is_strange(self, name: str, start: int, end: int, owner: Owner | None) -> bool:
        """Whether a name written in capitals is none that we know, or the longer name of another maker's product."""
        maker = next((m for m in self.makers if m.start == start and m.end < end), None)
        if maker and owner and owner.product.company != maker.product.company:
            return True
        words = [w for w in re.split(r"[\s-]", name) if w not in _NOT_NAMED and w not in self.not_names]
        return bool(words) and not any(o.start < end and start < o.end for o in (*self.makers, *self.places))

    def _in_mind(self, kind: str, start: int, low: int) -> ProductTag | None:
        """The product that a sentence without one is about: the headline's unless another has come up, or the last one."""
        places = [o for o in self.places if self._may_have(o.product, kind)]
        recent = (o for o in reversed(places) if start - _RECALLED <= o.start and o.end <= start)
        last = next((o.product for o in recent if not self._is_beaten(o, 0) and not self._is_place(o)), None)
        main = self.main if self.main and self._may_have(self.main, kind) else None
        if not self.titled and len({o.product.name for o in places}) > 1:
            return last if last is None or main is None or last.name == main.name else NOBODY
        others = {m.product.company for m in self.makers if low <= m.start < start}
        if main and others and (main.company or self.actor) not in others:
            return NOBODY
        if main and others == set() and _ANNOUNCED.search(self.text, low, start):
            return NOBODY
        if main is None or last is None or None in (last.company, main.company) or last.company == main.company:
            return main or last
        return None

    def _leads_to(self, end: int, start: int) -> bool:
        """Whether a fact describes the name right behind it: `4B 参数的 X`, `a 70B model, X`."""
        named = _NAMED_AS.fullmatch(self.folded, end, start) if start - end <= 34 else None
        return bool(named) or (
            start - end <= 14
            and not _CLAUSE.search(self.folded, end, start)
            and not _COMPARED.search(self.folded, end, start + 1)
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

    def _is_compared(self, owner: Owner | None, kind: str, start: int, low: int) -> bool:
        if owner is None or self.main is None or owner.product.name == self.main.name:
            return False
        edge = owner.start if kind == "training_speedup" else start
        gain = kind == "training_speedup" and start < owner.start
        match = None if gain else _COMPARED.search(self.folded, max(low, owner.start - 14), edge)
        ours = (self.main.company or self.actor, self.actor)
        return bool(match) or (owner.product.company is not None and owner.product.company not in ours)


def _is_other_size(owner: Owner | None, kind: str, value: float | str) -> bool:
    """Whether a model's name tells another size than the figure, so that the figure is not its own."""
    size = parse(owner.product.name).size if owner and kind == "parameters" else None
    return size is not None and isinstance(value, float) and abs(value - size) > 0.15 * size


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
        for start, end in _named(folded, fold(product.name)):
            taken = any(o.start < end and start < o.end for o in found)
            if not taken and len(found) < 200 and not is_likeness(folded, start, end):
                found.append(Owner(start, end, product))
    return sorted(found)


def _named(folded: str, name: str) -> Iterator[tuple[int, int]]:
    """Where a name stands in a folded text, in any spelling of its joints: `Qwen3.5`, `Qwen 3.5`, `Qwen-3.5`."""
    parts = re.findall(r"[a-z]+|\d+(?:\.\d+)*|[^a-z\d\s-]+", name)
    if not parts:
        return
    before = r"(?<![a-z0-9])" if parts[0].isascii() else ""
    behind = r"(?![a-z0-9])" if parts[-1].isascii() else ""
    for match in re.finditer(before + r"[\s-]?".join(map(re.escape, parts)) + behind, folded):
        yield match.span()


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
