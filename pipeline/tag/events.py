"""Event type: what the headline does to what, and the words of each type."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.lexicon import Cue, Lexicon, Scan
from pipeline.records import Certainty
from pipeline.tag import certainty
from pipeline.tag.products import Found
from pipeline.text import is_cjk
from pipeline.version import parse

_NOUNS = ("model", "product", "plan", "paper", "benchmark", "hardware", "dataset")
_TYPE_OF = {
    "product": "product_launch",
    "plan": "pricing_change",
    "paper": "research_paper",
    "benchmark": "benchmark",
    "hardware": "hardware_compute",
    "dataset": "research_paper",
}
_RELEASES = ("model_release", "open_source_release", "model_update")
_VERBS = ("release", "open_source", "update", "extend")
_CUTTERS = ("act", "extend", "release", "update", "open_source")
_NOTHING = re.compile(
    r"[\s\"“”’'》）)+]*(?:系列|家族|版|预览版|正式版|等|了|全系|服务|API|[（(][^）)]*[）)]"
    r"|[\w.]+ (?:版|版本))?[\s.!]*"
    r"|[\s,]*(?:for|with|to|in|on|that|which|from|at|by|under|and|is|are|has|,|-|–)\b.*",
    re.DOTALL,
)
_BREAKS = "，,、；;：:。！!？?\n—|"
_WEIGHTS = re.compile(
    r"(?<![\d.a-z$])\d+(?:\.\d+)?b(?![a-z])[^。\n]{0,12}(?:参数|模型)|亿参数|权重(?:已|均|也|及|与|和|、)"
    r"|(?:模型|开放|开源|放出|公开)权重|open[- ]weights?|billion[- ]parameter"
)
_BESIDE = re.compile("含|及|和|与|，")
_USED = re.compile(r"\s?(?:集成|接入|调用|切换|训练数据)")
_USES = re.compile(r"(?:支持|接入|基于|调用|集成|兼容|适配|运行|部署|使用|利用|面向|为|给|对)[^，,。]{0,6}$|多$")
_THIRD_PARTY = re.compile(r"第三方|third[- ]party|(?:多款|等)[^，,]{0,6}模型")
_API = re.compile(r"API|SDK|CLI|功能|插件|套餐|平台|模式|App|应用|服务")
"""What a headline that only opens a way to a model speaks of."""
_OPEN_ADJECTIVES = frozenset(
    {"open source", "open-source", "opensource", "open-weight", "open weights", "open-weights"}
)
_TRIAL = re.compile(r"(?:开启|启动|开始|进行)[^，,。]{0,10}(?:内测|公测|测试(?!版|套件|基准|集))")
_NUMBERED = re.compile(r"^\S{2,4}\s?[vV]?\d{1,2}(?:\.\d{1,2})?$")
"""A verb with nothing but a version behind it."""
_NOT_OUT = re.compile(
    r"(?:尚未|还未|未)(?:正式)?(?:发布|上线|推出|开源|开放|公布)|not yet (?:been )?(?:released|launched|available)"
)
"""What says that a model is still to come."""
_BASED = re.compile(r"(?:基于|采用|搭载)[^，。]{0,24}$")
"""What stands before a model that something else is built on."""
_SPACE = re.compile(r"(?<=[一-鿿]) (?=[一-鿿])")
"""What parts two clauses of a Chinese headline that has no comma."""
_CLAIMED = 1.5
"""A type that weighs less rests on a word or two used in passing."""
_OPENING = 400
"""So many characters open a text: what is said further on is about something else."""
_LATER = 0.6
"""How much what stands behind the headline's first clause counts beside it."""
_HEADLINE = 6.0
"""How much the headline's own construction counts beside single words."""


class Kind(NamedTuple):
    """An event type with the words that show it and how much each type weighed."""

    type: str
    quote: str
    weights: dict[str, float]


def kind(scan: Scan, products: list[Found], lexicon: Lexicon, sure: Certainty) -> Kind:
    """The event type that weighs most; a release that has not happened is a rumour."""
    weights: dict[str, float] = {}
    quotes: dict[str, str] = {}
    for cue in scan.cues:
        role, _, type_ = cue.group.partition(":")
        if type_ and role in ("type", "strong", "not"):
            weight = _place(scan, cue) * (4.0 if role == "strong" else 1.0)
            if role == "not":
                weight = -2 * weight
            weights[type_] = weights.get(type_, 0.0) + weight
            if weight > 0:
                quotes.setdefault(type_, scan.text[cue.start : cue.end])
    for type_, weight, quote in _headline(scan, products, lexicon):
        weights[type_] = weights.get(type_, 0.0) + weight
        quotes[type_] = quote
    if not any(w > 0 for w in weights.values()):
        return Kind("product_launch", "", weights)
    best = max(weights, key=lambda t: weights[t] * lexicon.type_weights.get(t, 1.0))
    if best in _RELEASES and sure == "question":
        return Kind("product_launch", "", weights)
    if best in _RELEASES and (sure in ("rumour", "forecast", "denial") or _is_to_come(scan)):
        best = "rumor"
    claimed = weights.get(best, 0.0) >= _CLAIMED or best == "rumor" or best in _RELEASES
    if not claimed or (best not in _RELEASES and _gathers(scan)):
        return Kind("product_launch", "", weights)
    if best == "product_launch" and sure == "question":
        return Kind(best, "", weights)
    return Kind(best, quotes.get(best) or (_doubt(scan) if best == "rumor" else ""), weights)


def _is_to_come(scan: Scan) -> bool:
    """Whether the text says that what the headline shows is not out, and the headline does not say that it is."""
    out = any(c.group in ("release", "open_source") for c in scan.cues if c.start < scan.title_end)
    return not out and bool(_NOT_OUT.search(scan.folded, 0, _OPENING))


def _gathers(scan: Scan) -> bool:
    """Whether a headline is a round-up's or a market wrap's, of which no one type is true."""
    return any(c.group in ("roundup", "wrap") and c.start < scan.title_end for c in scan.cues)


def _doubt(scan: Scan) -> str:
    """The words by which a text is a rumour."""
    return certainty.find(scan)[1]


def _place(scan: Scan, cue: Cue) -> float:
    if cue.start < scan.title_end:
        return _LATER if _is_later(scan, cue.start) else 1.0
    return 0.4 if cue.start < scan.sentence(scan.title_end + 1)[1] else 0.15


def _is_later(scan: Scan, place: int) -> bool:
    """Whether a place of the headline stands behind its first clause, once that one says something."""
    first = next((scan.text.find(mark, 6, place) for mark in "，；" if scan.text.find(mark, 6, place) >= 0), -1)
    return first >= 0


def _headline(scan: Scan, products: list[Found], lexicon: Lexicon) -> list[tuple[str, float, str]]:
    """What the headline's construction says, or where it does not tell, the first sentence's."""
    lead = scan.sentence(scan.title_end + 1)
    trial = _on_trial(scan, products, lexicon)
    if trial:
        return [("model_release", _HEADLINE, trial)]
    read = _deed(scan, products, lexicon, 0, scan.title_end) if scan.title_end else None
    if read and not read.head and _is_next_version(scan, read, products, lexicon):
        read = read._replace(head="model", noun=True)
    weight = _HEADLINE * (_LATER if read and _is_later(scan, read.start) else 1.0)
    if read is None or not read.noun:
        again = _deed(scan, products, lexicon, *lead)
        if read and read.head and not (again and _overrules(scan, again, lead)):
            again = read
        if again is None or (read and not again.head):
            return [("product_launch", 1.0, read.quote)] if read else []
        if read is None:
            weight *= 0.4 if again.group == "extend" else 0.7
        read = again._replace(quote=read.quote if read else again.quote, group=read.group if read else again.group)
    if (
        read.head in ("product", "")
        and read.group in ("release", "open_source")
        and _is_model_after_all(scan, products, lexicon)
    ):
        read = read._replace(head="model")
    if read.head in ("product", "paper", "") and read.group in ("release", "open_source") and _has_weights(scan):
        read = read._replace(head="model")
    if (
        read.head == "model"
        and read.group != "open_source"
        and (_is_hosted(read) or _takes_in(scan, read, products, lexicon))
    ):
        read = read._replace(head="product")
    if not read.head and not _names_thing(scan, products, read):
        return []
    if read.head != "model":
        return [
            (
                _TYPE_OF.get(read.head, "product_launch"),
                weight * (0.7 if read.group in ("update", "extend") else 1.0),
                read.quote,
            )
        ]
    if read.group == "extend":
        return [("product_launch", weight, read.quote)]
    opened = any(c.group == "open_source" for c in scan.cues if c.start < lead[1])
    type_ = "open_source_release" if opened else "model_update" if read.group == "update" else "model_release"
    return [(type_, weight, read.quote)]


def _is_next_version(scan: Scan, read: _Deed, products: list[Found], lexicon: Lexicon) -> bool:
    """Whether the maker of a known model only says its number: `Midjourney 发布 V8.1`."""
    maker = next((p for p in products if p.end <= read.start < scan.title_end), None)
    return bool(maker and maker.id in lexicon.models and _NUMBERED.search(read.quote))


def _has_weights(scan: Scan) -> bool:
    """Whether what comes out brings a model with it: a size in parameters, weights, or a model named beside it."""
    beside = [c for c in scan.cues if c.group == "model" and c.start < scan.title_end]
    if any(_BESIDE.search(scan.text, 0, c.start) and not _is_used(scan, c) for c in beside):
        return True
    return bool(_WEIGHTS.search(scan.folded, 0, scan.title_end + 400))


def _is_model_after_all(scan: Scan, products: list[Found], lexicon: Lexicon) -> bool:
    """Whether the first sentence calls a model what the headline calls a tool or by its bare name."""
    lead = _deed(scan, products, lexicon, *scan.sentence(scan.title_end + 1))
    if lead is None or lead.head != "model" or not lead.noun or lead.group not in ("release", "open_source"):
        return False
    return not _USES.search(lead.quote) and not _API.search(scan.text, 0, scan.title_end)


def _is_used(scan: Scan, model: Cue) -> bool:
    """Whether a model is only what something else works with: `支持多模型集成`."""
    used = _USES.search(scan.folded, max(0, model.start - 8), model.start) or _USED.match(scan.folded, model.end)
    return bool(used or _BASED.search(scan.text, 0, model.start))


def _is_hosted(read: _Deed) -> bool:
    """Whether a platform only takes in models that others made: `百炼上线第三方开源旗舰模型`."""
    return bool(_THIRD_PARTY.search(read.quote))


def _takes_in(scan: Scan, read: _Deed, products: list[Found], lexicon: Lexicon) -> bool:
    """Whether an app only begins to offer a model: `Codex 上线 GPT-5.4 模型`."""
    host = next((p for p in products if p.start < min(read.start, scan.title_end)), None)
    hosts = host and host.id and host.id not in lexicon.models and host.end + 1 >= read.start
    return bool(hosts and read.quote.startswith(("上线", "接入", "引入", "登陆", "adds", "brings")))


def _on_trial(scan: Scan, products: list[Found], lexicon: Lexicon) -> str:
    """The words by which a headline opens a model to testers: `开启 V8 模型早期测试`."""
    trial = _TRIAL.search(scan.text, 0, scan.title_end)
    if not trial:
        return ""
    spoken = any(c.group == "model" and c.start < scan.title_end for c in scan.cues)
    known = any(p.start < scan.title_end and p.id in lexicon.models and p.rule == "version" for p in products)
    return trial[0] if spoken or known else ""


def _overrules(scan: Scan, lead: _Deed, span: tuple[int, int]) -> bool:
    """Whether the first sentence says what a product is, against what we know of its family."""
    models = (c for c in scan.cues if c.group == "model" and span[0] <= c.start < span[1])
    spoken = any(not _BASED.search(scan.text, span[0], c.start) for c in models)
    return lead.noun and (lead.head == "model" or (lead.head in ("product", "hardware") and not spoken))


class _Deed(NamedTuple):
    """A verb that announces, the kind of noun that it announces, and the words."""

    group: str
    head: str
    noun: bool
    """Whether a noun tells the head, and not only what is known of a product."""
    quote: str
    start: int


def _deed(scan: Scan, products: list[Found], lexicon: Lexicon, low: int, high: int) -> _Deed | None:
    """What is done to what between two places."""
    cues = [c for c in scan.cues if low <= c.start and c.end <= high]
    verbs = [c for c in cues if c.group in _VERBS and scan.text[c.end : c.end + 1] != "的" and not _describes(scan, c)]
    if not verbs:
        return None
    verb = max((c for c in verbs if c.start == verbs[0].start), key=lambda c: c.end)
    start = verb.end
    end = min((i for mark in _BREAKS if (i := scan.text.find(mark, start, high)) >= 0), default=high)
    space = _SPACE.search(scan.text, start + 2, end) if high == scan.title_end else None
    end = space.start() if space else end
    following = (c.start for c in cues if _cuts(scan, c, start))
    end = min(end, next(following, end))
    if not scan.text[start:end].strip(' 了：:"“”'):
        if verb.group == "extend":
            return None
        start, end = low, verb.start
    quote = scan.text[min(start, verb.start) : max(end, verb.end)].strip()
    head, noun = _head(scan, products, lexicon, start, end)
    return _Deed(verb.group, head, noun, quote, verb.start)


def _describes(scan: Scan, cue: Cue) -> bool:
    """Whether English words of openness only describe what follows: `open source AI would be better`."""
    return cue.group == "open_source" and scan.folded[cue.start : cue.end] in _OPEN_ADJECTIVES


def _cuts(scan: Scan, cue: Cue, start: int) -> bool:
    """Whether a later verb ends the object of the one before `start`. Single characters stand inside too many words."""
    if cue.group not in _CUTTERS or cue.start <= start + 2 or cue.end - cue.start < 2 or _modifies(scan, cue):
        return False
    is_noun = any(c.start == cue.start and c.end == cue.end and c.group in _NOUNS for c in scan.cues)
    return not (is_noun and scan.text[cue.end : cue.end + 1] in _BREAKS)


def _modifies(scan: Scan, cue: Cue) -> bool:
    """Whether a verb stands inside a noun phrase: `开源模型`, `支持中文的模型`."""
    noun = scan.folded[max(0, cue.start - 4) : cue.start] == "the "
    noun = noun or any(c.start == cue.end and c.group in _NOUNS for c in scan.cues)
    return noun or cue.group == "open_source" or "的" in scan.text[cue.end : cue.end + 12]


def _head(scan: Scan, products: list[Found], lexicon: Lexicon, start: int, end: int) -> tuple[str, bool]:
    """The kind of thing that a noun phrase ends in, and whether a noun says so rather than what we know of a product."""
    nouns = [
        c
        for c in scan.cues
        if c.group in _NOUNS and start <= c.start and c.end <= end and scan.text[c.end : c.end + 1] != "官"
    ]
    named = [p for p in products if start <= p.start and p.end <= end]
    joined = next((c for c in nouns if scan.text[c.end : c.end + 1] in ("及", "、", "含", "并")), None)
    if joined:
        return joined.group, True
    models = [c for c in nouns if c.group == "model" and is_cjk(scan.text[c.start])]
    bare = [p for p in named if scan.text[p.start].isupper() and not any(0 <= n.start - p.end <= 1 for n in nouns)]
    if any(p.start - c.end in (0, 1) for c in models for p in bare):
        return "model", True
    last = max(nouns, key=lambda c: (c.end, c.end - c.start), default=None)
    if named and (last is None or named[-1].start >= last.start) and _ends(scan, named[-1].end, end):
        known = named[-1].id
        if last and 0 <= named[-1].start - last.end <= 1 and named[-1].rule != "version":
            return last.group, True
        if known:
            return "model" if known in lexicon.models else "product", False
        if last is None:
            shaped = named[-1].rule in ("shape", "version") and _looks_sized(scan, named[-1])
            return "model" if shaped else "", False
    if last is None or not (_ends(scan, last.end, end) or any(n.start >= last.end for n in named)):
        return "", False
    return last.group, True


def _names_thing(scan: Scan, products: list[Found], read: _Deed) -> bool:
    """Whether the words of a deed name a product, or speak of AI, so that something of ours came out."""
    end = read.start + len(read.quote)
    named = any(read.start <= p.start < end and p.rule != "weak" for p in products)
    return named or any(c.group == "ai" and read.start <= c.start < end for c in scan.cues)


def _looks_sized(scan: Scan, product: Found) -> bool:
    named = parse(scan.text[product.start : product.end])
    return bool(named.version or named.size or named.variant)


def _ends(scan: Scan, here: int, end: int) -> bool:
    """Whether nothing of weight follows up to the end of a phrase: at most `for`, `with`, `to` in English."""
    return bool(_NOTHING.fullmatch(scan.text, here, end))
