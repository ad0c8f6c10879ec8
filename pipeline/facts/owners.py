"""Whose a fact is: the nearest product of its sentence; and whether it is a rival's figure, or what held before."""

from __future__ import annotations

import re

from pipeline.facts.places import Owner, companies_named, products_named
from pipeline.lexicon import Lexicon
from pipeline.records import ProductTag, Tags
from pipeline.text import fold
from pipeline.version import parse

_COMPARED = re.compile(
    r"超越|超过(?!\s?[\d一二两三四五六七八九十百千万约])|优于|高于(?!\s?\d)|相比|对比|相较|媲美|对标|击败|领先|不及|低于|不如|而|超(?=\s?[a-z])|(?<![同环])比(?!例|特|赛|如"
    r"|较好)|compared|than(?!\s?\d)|versus|vs\.?|beats?|beating|outperform\w*|surpass\w*|against|while"
    r"|whereas"
)
_BEATEN = re.compile(
    r"(?:超越|超过|超|优于|击败|打败|领先|媲美|对标|接近|beats?|beating|outperform\w*|surpass\w*|exceed\w*|than|over|vs\.?|dethron\w*)"
    r"\s?(?:了|到)?\s?(?:其|它|the )?(?:的)?(?:上一代的?|前代的?|上代的?|前一代的?|旧版的?|此前的?|previous )?\s?$"
)
"""What stands before a rival's name when the sentence goes on about the winner."""
_BUILT_ON = re.compile(
    r"(?:基于|遵循|沿用|采用|将|把|对|based on|built on|derived from|distilled from|fine-?tuned from|using"
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
_FORMER = re.compile(r"(?:^|[\s，,])[前后]者[^，,]*$")
"""What a clause begins with that means one of two, whichever their names are."""
_DEVICE = re.compile(r"眼镜|手机|音箱|耳机|手表|手环|戒指|平板|玩具|机器人|glasses|headset|earbuds|speaker")
_DEVICE_KINDS = frozenset({"price", "resolution", "frame_count"})
"""Kinds of fact that a device has and not the model in it."""
_IN = re.compile(
    r"在\s?(?:现有|原有|既有)的?\s?$|"
    r"(?:在|于|通过|经由|登陆)\s?(?:[^，。,;；：、和与及]{1,24}(?:、|和|与|及|以及)\s?)*$|(?:across|via)\s(?:the\s)?(?:[^.,;:]{1,24},\s(?:and\s)?)*$"
)
_ONTO = re.compile(
    r"\s?(?:(?:、|和|与|及|以及)\s?[^，。,;；：、和与及]{1,24})*?\s?(?:等)?"
    r"(?:(?:平台|应用|网站|客户端|官网|端|框架|架构|基础)\s?(?:上|中|里|内|以|提供|开放)|(?:上|中|里|内)(?![线市架文下]))|,|\sand\s"
)
"""What stands around the name of a place where something can be had: `在 X 上`."""
_PART = re.compile(
    r"\s?(?:(?:、|和|与|及)\s?[\w.-]+\s?)?(?:模块|组件|数据集|基准|测试集|datasets?(?![a-z])|benchmarks?(?![a-z])|modules?(?![a-z]))"
)
"""What stands behind the name of a part of a product, or of what a product is measured by."""
_TIMES_OF = re.compile(r"\s?的\s?(?:约|近|超|多达|高达|最高)?\s?")
_AMONG = re.compile(r"\s?(?:系列|家族)(?:中|里|内|的?(?:最|首))")
"""What stands behind the name of the series that a product belongs to: `X 是 Y 系列中最小的`."""
_BASED = re.compile(r"(?:以|以其|作为)\s?$")
_AS_BASE = re.compile(
    r"(?:\s?[（(][^）)]*[)）])?[^，。,;；]{0,24}?(?:为(?:基座|基础|底座|骨干|蓝本)|的\s?(?:重大|全新|直接)?(?:升级|继任|后继|迭代|替代))"
)
"""What stands around the name of what a model is made from."""
_THIS = re.compile(
    r"\s*(?:[^，。,]{0,8}[，,])?\s?(?:(?:该|此|这款|这一|本)(?:模型|系列|版本|产品|工具|框架|项目)|其(?!中|他|它|余|次))"
)
"""What a sentence says of the headline's product without its name."""
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
_HOST_KINDS = _VENUE_KINDS | {"licence", "openness", "training_speedup", "throughput"}
"""Kinds of fact that a platform has, where models are had."""
_RECALLED = 200
"""How far back a sentence without a name may look for the product it speaks of."""
_BEFORE = re.compile(
    r"(?:从|由|(?<!sizes )(?<!ranging )(?<!ranges )from)\s?(?:原来的?|此前的?|之前的?|约|about|roughly|around)?\s?$"
    r"|(?:原来的?|此前的?|之前的?|上一代的?|前代的?|原先的?|去年|previous(?:ly)?"
    r"|originally|earlier|formerly)\s?(?:仅|约|只|支持)?[^。;；,，\n]{0,10}$"
)
_STOPS = re.compile(r"[。！？!?\n；;]|\.(?=\s|$)")
_CLAUSE = re.compile(r"[,，、:：()（）]")
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


class Owners:
    """The products of one document, by place."""

    def __init__(self, text: str, folded: str, title_end: int, tags: Tags, lexicon: Lexicon) -> None:
        self.text = text
        self.folded = folded
        self.models, self.venues, self.not_names = lexicon.models, lexicon.venues, lexicon.not_names
        self.hosts = lexicon.hosts
        products = tuple(
            p
            for p in tags.products
            if p.id not in lexicon.instruments
            and p.rule not in ("weak", "likeness", "maker")
            and not re.fullmatch(lexicon.benchmarks, fold(p.name))
        )
        self.places = [o for o in products_named(folded, products) if not _PART.match(folded, o.end)]
        makers = companies_named(folded, tags, products)
        self.makers = [m for m in makers if not any(o.start < m.end and m.start < o.end for o in self.places)]
        held = {o.product.name for o in self.places}
        in_title = [o for o in self.places if o.start < title_end]
        self.titled = bool(in_title)
        self.device = bool(_DEVICE.search(folded, 0, title_end))
        self.main = self._released(in_title, title_end) or next(
            (
                p
                for p in products
                if p.name in held and not any(o.product == p and self._is_beaten(o, 0) for o in self.places)
            ),
            None,
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
        around = around or next((o for o in reversed(inside) if self._in_brackets(o, start)), None)
        measure = [o for o in inside if kind == "training_speedup" and _TIMES_OF.fullmatch(self.folded, o.end, start)]
        before = [o for o in inside if o.end <= start and o not in measure]
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
        """Whether a product can have a fact of a kind: an app has no parameters, a model no price of a device."""
        if self.device and kind in _DEVICE_KINDS and product.id in self.models:
            return False
        if product.id in self.venues:
            return kind in _VENUE_KINDS
        if product.id in self.hosts:
            return kind in _HOST_KINDS
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
        stands = _IN.search(self.folded, max(0, owner.start - 60), owner.start)
        return bool(stands and _ONTO.match(self.folded, owner.end))

    def _in_brackets(self, owner: Owner, start: int) -> bool:
        """Whether a place is inside the brackets that open right behind a name."""
        behind = self.folded[owner.end : start].lstrip()
        return behind[:1] in ("(", "（") and not any(mark in behind for mark in ")）")

    def _is_base(self, owner: Owner) -> bool:
        """Whether a product is what another is made from, or the series that it belongs to."""
        if _AMONG.match(self.folded, owner.end):
            return True
        based = _BASED.search(self.folded, max(0, owner.start - 4), owner.start)
        return bool(based and _AS_BASE.match(self.folded, owner.end))

    def _is_beaten(self, owner: Owner, low: int) -> bool:
        before = next(
            (o for o in self.places if low <= o.start and _LIST.fullmatch(self.folded, o.end, owner.start)), None
        )
        if before and self._is_beaten(before, low):
            return True
        return bool(_BEATEN.search(self.folded, max(low, owner.start - 24), owner.start))

    def _subject(self, before: list[Owner], start: int, low: int) -> Owner | None:
        """Of the products named before a figure the last that is no rival beaten, nothing built upon or supported."""
        used: Owner | None = None
        for owner in reversed(before):
            listed = used and _LIST.fullmatch(self.folded, owner.end, used.start)
            left = self.folded[max(low, owner.start - 16) : owner.start]
            close = start - owner.end <= _NEAR and not _CLAUSE.search(self.folded, owner.end, start)
            aside = self._is_place(owner) or self._is_base(owner)
            if listed or _BUILT_ON.search(left) or (_SUPPORTED.search(left) and not close) or aside:
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
        if _UPGRADED.match(self.folded, end) or _FORMER.search(self.folded, max(0, low - 1), start):
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
        if self.titled and main and _THIS.match(self.folded, low, start):
            return main
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
            and "/" not in self.folded[end:start]
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


def sentences(folded: str) -> list[int]:
    """Where each sentence starts."""
    return [0, *(m.end() for m in _STOPS.finditer(folded))]
