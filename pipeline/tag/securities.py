"""Securities named in a text: by short name where it is used as a share or an issuer, and by code in any spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from pipeline.lexicon import Lexicon, Mention, Scan
from pipeline.records import SecurityTag

_CODE = re.compile(
    r"(?<![A-Za-z0-9.])(?:(?P<head>SZ|SH|BJ)[.:]?)?(?P<six>\d{6})(?:\.(?P<tail>SZ|SH|BJ|SS))?(?![\d.]\d|\d|[A-Za-z])"
    r"|(?<![A-Za-z0-9.])(?P<hk>\d{4,5})\.HK(?![A-Za-z])"
    r"|(?<![A-Za-z0-9])(?:HKEX|HKG|SEHK|港交所)\s?[:：]\s?(?P<hkex>\d{1,5})(?!\d)"
    r"|(?<![A-Za-z0-9])(?P<exchange>NASDAQ|NYSE|AMEX|纳斯达克"
    r"|纽交所)\s?[:：]\s?(?P<us>[A-Z]{1,5}(?:\.[A-Z])?)(?![A-Za-z])"
    r"|(?<![A-Za-z0-9])(?P<dotted>[A-Z]{1,5})\.(?:US|O|N)(?![A-Za-z])"
    r"|\$(?P<cash>[A-Z]{2,5})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_LIST_GAP = re.compile(r"\s*(?:[、,，/和及与]|以及|(?:[（(][^）)\n]{0,14}[）)]))*\s*")
_NO_SHARE = re.compile(r"概念|板块|行业|指数|产业|赛道|题材|数据|财经|iFind|显示|发电|能|领域|公司|企业|方向")
"""What follows an everyday word that is no share: a board, a trade, a source of data."""
_MOVE = re.compile(
    r"(?:（[^）\n]{0,12}）|\([^)\n]{0,12}\))?(?:[^，,。；;、\n]{0,10}?)(?:涨|跌|升超|下挫|走高|走低|高开|低开|高走|低走|拉升|回落|反弹|新高|新低|翻红|翻绿)"
)
"""What follows the name of a share that moved."""
_SHARE_MOVE = re.compile(
    r"[^，,。；;、\n]{0,12}?(?:股价|股票|市值)[^。；;\n]{0,30}?(?:涨|跌|飙升|跳水|下挫|走高|走低|新高|新低|突破|蒸发|缩水)"
)
"""The same outside of a market wrap, where the word for a share must stand."""
_SAYS = re.compile(
    r"(?:证券|研究所?|研报|首席|分析师|策略)?(?:认为|表示|指出|称|预计|分析|研报|维持|给予|研究员|首席|：)"
)
"""What follows the name of a broker who gives an opinion."""
_NEAR = 60
"""How far from a name, inside its sentence, a word of the market may stand."""
_BESIDE = 6
"""How far from a name that is an everyday word."""


def find(scan: Scan, lexicon: Lexicon) -> tuple[SecurityTag, ...]:
    """The securities that the text names, in order of place, each once."""
    found: list[tuple[int, SecurityTag]] = [*_by_code(scan, lexicon), *_by_name(scan, lexicon), *_moved(scan, lexicon)]
    kept: dict[str, SecurityTag] = {}
    for _, tag in sorted(found, key=lambda f: f[0]):
        kept.setdefault(tag.id, tag)
    return tuple(kept.values())


def _by_code(scan: Scan, lexicon: Lexicon) -> Iterator[tuple[int, SecurityTag]]:
    for match in _CODE.finditer(scan.text):
        parts = match.groupdict()
        id_: str | None
        if parts["six"]:
            if not (parts["head"] or parts["tail"] or _in_brackets(scan.text, match)):
                continue
            id_ = lexicon.by_code.get(parts["six"])
        elif parts["hk"] or parts["hkex"]:
            id_ = lexicon.by_code.get((parts["hk"] or parts["hkex"]).zfill(5))
        else:
            ticker = parts["us"] or parts["dotted"] or parts["cash"]
            id_ = lexicon.by_code.get(ticker) if ticker.isupper() else None
        if id_:
            yield match.start(), SecurityTag(id=id_, quote=match[0], rule="code")


def _in_brackets(text: str, match: re.Match[str]) -> bool:
    return text[match.start() - 1 : match.start()] in ("(", "（") and text[match.end() : match.end() + 1] in (
        ")",
        "）",
        ".",
    )


def _by_name(scan: Scan, lexicon: Lexicon) -> Iterator[tuple[int, SecurityTag]]:
    named = [m for m in scan.mentions if m.name.kind == "security"]
    if not named:
        return
    market = [(c.start, c.end) for c in scan.cues if c.group == "market"]
    for place, mention in enumerate(named):
        rule = _evidence(scan, lexicon, named, place, market)
        if rule:
            written = scan.text[mention.start : mention.end]
            yield mention.start, SecurityTag(id=mention.name.id, quote=written, rule=rule)


def _moved(scan: Scan, lexicon: Lexicon) -> Iterator[tuple[int, SecurityTag]]:
    """The companies of which a text says how their shares moved; in a market wrap without the word: `亚马逊、微软涨超2%`."""
    wrap = any(c.group == "wrap" and c.start < scan.title_end for c in scan.cues)
    moved = _MOVE if wrap else _SHARE_MOVE
    named = [(m, lexicon.listing_of.get(m.name.company or "")) for m in scan.mentions if m.name.kind == "company"]
    for place, (mention, listing) in enumerate(named):
        end = mention.end
        for other, _ in named[place + 1 :]:
            if not _LIST_GAP.fullmatch(scan.text, end, other.start):
                break
            end = other.end
        if listing and moved.match(scan.text, end):
            yield mention.start, SecurityTag(id=listing, quote=scan.text[mention.start : mention.end], rule="moved")


def _evidence(scan: Scan, lexicon: Lexicon, named: list[Mention], place: int, market: list[tuple[int, int]]) -> str:
    """Why a name is meant as a share or an issuer: a list of shares, words of the market near, or a reviewed issuer."""
    mention = named[place]
    start, end = mention.start, mention.end
    if _SAYS.match(scan.text, end) or (mention.name.ordinary and _NO_SHARE.match(scan.text, end)):
        return ""
    if _listed_beside(scan.text, named, place):
        return "list"
    reach = _BESIDE if mention.name.ordinary else _NEAR
    low, high = scan.sentence(start)
    low, high = max(low, start - reach), min(high, end + reach)
    if any(low <= s and e <= high and not (s < end and start < e) for s, e in market):
        return "market words"
    if mention.name.id in lexicon.issuer_of and not mention.name.ordinary and end - start >= 4:
        return "issuer"
    return ""


def _listed_beside(text: str, named: list[Mention], place: int) -> bool:
    """Whether it stands in a list with another share; everyday words (机器人与太阳能) make no list by themselves."""
    run = [named[place], *_joined(text, named[place:]), *_joined(text, named[place::-1])]
    others = [m for m in run[1:] if m.start != run[0].start]
    return bool(others) and not all(m.name.ordinary for m in run)


def _joined(text: str, named: list[Mention]) -> Iterator[Mention]:
    """The names that follow the first, or stand before it, with nothing but a list's commas between."""
    for here, other in pairwise(named):
        gap = text[min(other.end, here.end) : max(other.start, here.start)]
        if other.start != here.start and not (0 < len(gap) < 20 and _LIST_GAP.fullmatch(gap)):
            return
        yield other
