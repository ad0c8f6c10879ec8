"""Facts by their words: licence, open weights, resolution, hardware, benchmark scores, dates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from pipeline.facts import months
from pipeline.lexicon import Lexicon

_LICENCES = (
    ("Apache-2.0", r"apache[ -]?(?:license,? )?(?:v(?:ersion)?\s?)?2(?:\.0)?(?![\d.])"),
    (
        "MIT",
        r"(?<![a-z])mit(?:\s?(?:许可|协议|开源|licen[cs]e|license)|(?:-|\s)licensed)|(?:under|采用"
        r"|遵循|基于|the)\s(?:an?\s|the\s)?mit(?![a-z])(?!\s?(?:tech|csail|media|researchers"
        r"|professor|sloan|and|的|团队|研究))",
    ),
    ("CC-BY-NC-4.0", r"cc[ -]by[ -]nc(?:[ -]4\.0)?(?!-)"),
    ("CC-BY-SA-4.0", r"cc[ -]by[ -]sa(?:[ -]4\.0)?"),
    ("CC-BY-4.0", r"cc[ -]by(?:[ -]4\.0)(?![ -]?(?:nc|sa))"),
    ("BSD-3-Clause", r"bsd[ -]3(?:[ -]clause)?|bsd licen[cs]e"),
    ("AGPL-3.0", r"(?<![a-z])agpl(?:[ -]?v?3(?:\.0)?)?(?![a-z])"),
    ("GPL-3.0", r"(?<![a-z])gpl(?:[ -]?v?3(?:\.0)?)(?![a-z])"),
    ("OpenRAIL", r"open ?rail(?:-?m)?(?![a-z])"),
    ("Llama Community License", r"llama (?:[\d.]+ )?community licen[cs]e"),
    ("Gemma Terms", r"gemma (?:terms|licen[cs]e)"),
    (
        "non-commercial",
        r"非商业(?:用途)?(?:许可|协议|限制|授权)|non-?commercial (?:use|licen[cs]e)|research[- ]only licen[cs]e",
    ),
)
_LICENCE = re.compile("|".join(f"(?P<l{i}>{pattern})" for i, (_, pattern) in enumerate(_LICENCES)))
_OPEN = re.compile(
    r"开放权重|权重(?:已|均已|也已)?(?:全面)?(?:开放|开源|公开|发布)|开源(?:了)?(?:模型)?权重"
    r"|全面开源|完全开源|open[- ]weights?|weights (?:are|is|were) (?:now )?(?:available|released"
    r"|open|public)|open[- ]sourc(?:ed|es|ing) (?:the |its )?(?:model|weights)"
)
_NOT_OPEN = re.compile(
    r"not |n't |never |不|未|非|没有|尚无|other |其他|其它|any |all |most |many |best |against |among |for "
)
_OPEN_KIND = re.compile(
    r"\s?(?:benchmarks?|leaderboards?|models(?! (?:are|is|on|under|available))|ecosystem|community|rankings?|leader|model releases)"
)
"""What follows openness that is only a kind of models."""
_CARD = re.compile(r"[2-5]0[5-9]0")
"""A number before `GPUs` that names a card: `3090 GPUs`."""
_PIXELS = re.compile(r"(?<![\d.])(?P<w>\d{3,5})\s?[x×*]\s?(?P<h>\d{3,5})(?:\s?(?:像素|px|pixels?))?(?![\d\w])")
_LINES = re.compile(
    r"(?<![\d.a-z])(?P<p>480|540|576|720|768|1080|1440|2160|4320)\s?p(?![a-z0-9])"
    r"|(?<![\d.a-z$])(?P<k>[248])k(?=\s?(?:分辨率|超清|高清|视频|画质|画面|图像|图片|resolution"
    r"|video|image|ultra|uhd|生成|输出|60|级))"
)
_MONTH_DAY = re.compile(
    r"(?:(?P<y>20\d\d)\s?年\s?)?(?P<m>1[0-2]|0?[1-9])\s?月\s?(?P<d>3[01]|[12]\d"
    r"|0?[1-9])\s?[日号]"
)
_ISO_DAY = re.compile(r"(?<!\d)(?P<y>20\d\d)[-/](?P<m>0[1-9]|1[0-2])[-/](?P<d>0[1-9]|[12]\d|3[01])(?!\d)")
_ENGLISH_DAY = re.compile(
    rf"(?P<m>{months.PATTERN})\.? (?P<d>3[01]|[12]\d"
    rf"|[1-9])(?:st|nd|rd|th)?(?:,? (?P<y>20\d\d))?(?!\d)"
)
_RELEASED = re.compile(
    r"发布|上线|开放|推出|开售|发售|开源|上市|可用|公测|亮相|release|launch|available|ship"
    r"|announce|debut|rolls? out|unveil"
)
_BREAK = re.compile(r"[,，。;；]")
_NO_RELEASE = re.compile(r"下调|上调|涨价|降价|调整|停|下线|截止|结束|恢复|生效|retire|deprecat|shut|end")
"""What happens on a day that is no release."""
_STAGES = re.compile(
    r"(?P<n>[一二两三四五六七八]|\d)\s?(?:个)?阶段(?:的)?(?:训练|预训练)|(?P<e>two|three|four"
    r"|five|\d)[- ]stage (?:training|pretraining|pipeline)"
)
_NUMERALS = {c: i for i, c in enumerate("零一二三四五六七八")} | {"两": 2, "two": 2, "three": 3, "four": 4, "five": 5}


class Term(NamedTuple):
    """A fact by its words, before it is known whose it is."""

    start: int
    end: int
    kind: str
    value: float | str
    unit: str
    detail: str | None = None


def find(folded: str, lexicon: Lexicon, year: int) -> Iterator[Term]:
    """Every such fact of a folded text; `year` stands in where a date has none."""
    yield from _licences(folded)
    for match in _PIXELS.finditer(folded):
        if int(match["w"]) * int(match["h"]) >= 64 * 64 and int(match["w"]) <= 16384:
            yield Term(match.start(), match.end(), "resolution", f"{match['w']}x{match['h']}", "px")
    for match in _LINES.finditer(folded):
        value = f"{match['p']}p" if match["p"] else f"{match['k']}k"
        yield Term(match.start(), match.end(), "resolution", value, "px")
    for match in _counted(lexicon.hardware).finditer(folded):
        number = float((match["n"] or match["m"]).replace(",", "")) * (1e4 if match["wan"] else 1.0)
        named = match["gpu"] or match["gpu2"]
        if number < 1e8 and not (_CARD.fullmatch(match["n"] or "") and named.startswith("gpu")):
            yield Term(
                match.start(), match.end(), "hardware", number, "units", named.upper() if named.isascii() else named
            )
    yield from _scores(folded, lexicon)
    yield from _dates(folded, year)
    for match in _STAGES.finditer(folded):
        word = match["n"] or match["e"]
        yield Term(
            match.start(), match.end(), "training_stages", float(word if word.isdigit() else _NUMERALS[word]), "stages"
        )


def _licences(folded: str) -> Iterator[Term]:
    for match in _LICENCE.finditer(folded):
        value = _LICENCES[int(str(match.lastgroup)[1:])][0]
        yield Term(match.start(), match.end(), "licence", value, "spdx_or_name")
    opened = next((m for m in _OPEN.finditer(folded) if not _OPEN_KIND.match(folded, m.end())), None)
    if opened and not _NOT_OPEN.search(folded, max(0, opened.start() - 10), opened.start()):
        yield Term(opened.start(), opened.end(), "openness", "open_weights", "enum")


def _scores(folded: str, lexicon: Lexicon) -> Iterator[Term]:
    for match in _scored(lexicon.benchmarks).finditer(folded):
        before = match["value2"] is not None
        if (
            not before
            and not match["unit"]
            and match.end("name") + 1 >= match.start("value")
            and float(match["value"]) < 10
        ):
            continue
        if before and not match["unit2"] and float(match["value2"]) < 10:
            continue
        value = float(match["value2"] if before else match["value"])
        unit = (match["unit2"] if before else match["unit"]) or ""
        name = match["name2"] if before else match["name"]
        if unit in ("elo", "points", "分") and value > 100:
            yield Term(match.start(), match.end(), "benchmark_score", value, "elo", name)
        elif value <= 100 and (unit or "." in (match["value2"] or match["value"] or "")):
            yield Term(
                match.start(),
                match.end(),
                "benchmark_score",
                value,
                "percent" if unit in ("%", "percent") else "points",
                name,
            )
        elif 800 <= value <= 2500 and "arena" in name:
            yield Term(match.start(), match.end(), "benchmark_score", value, "elo", name)


def _dates(folded: str, year: int) -> Iterator[Term]:
    for pattern in (_MONTH_DAY, _ISO_DAY, _ENGLISH_DAY):
        for match in pattern.finditer(folded):
            month = match["m"]
            number = int(month) if month.isdigit() else months.month_of(month)
            left = _BREAK.split(folded[max(0, match.start() - 10) : match.start()])[-1]
            right = _BREAK.split(folded[match.end() : match.end() + 14])[0]
            if _RELEASED.search(left + "|" + right) and not _NO_RELEASE.search(right):
                value = f"{int(match['y'] or year):04d}-{number:02d}-{int(match['d']):02d}"
                yield Term(match.start(), match.end(), "release_date", value, "date")


@cache
def _counted(hardware: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<![\d.a-z-])(?P<n>\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?)\s?(?P<wan>万)?\s?(?:多)?(?:张|块"
        rf"|颗|枚|片|台|卡|个|[*x×]|台式)?\s?(?:nvidia|英伟达|amd|华为"
        rf"|google)?\s?(?P<gpu>{hardware})s?(?![a-z0-9])"
        rf"|(?<![a-z0-9])(?P<gpu2>{hardware})\s?[*x×]\s?(?P<m>\d+)(?![\d.])"
    )


@cache
def _scored(benchmarks: str) -> re.Pattern[str]:
    gap = (
        r"(?:从\s?\d+(?:\.\d+)?\s?[%分]?\s?(?:大幅)?(?:提升|提高|上升|跃升)[至到]|[\s:：=（(,，]|基准|测试|评测|得分|分数|成绩|取得|达到|达|高达|为|了|上|中|以|约|的|准确率|通过率|综合|仅|从|得到"
        r"|拿下|创下|of|at|with|score[sd]?|scoring|accuracy|to|is|a|an|reach(?:es|ed|ing)?|hits?|benchmark|achiev\w+"
        r"|get(?:s|ting)|and|by|~){0,7}"
    )
    return re.compile(
        rf"(?<![a-z0-9])(?P<name>{benchmarks})(?![a-z0-9]){gap}(?P<value>\d{{1,4}}(?:\.\d+)?)\s?(?P<unit>%"
        rf"|分(?!钟)|percent|points|elo)?(?![\d.]|\s?[bmkx倍个]|-)"
        rf"|(?<![\d.a-z])(?P<value2>\d{{1,4}}(?:\.\d+)?)\s?(?P<unit2>%|percent|分)?\s?(?:accuracy "
        rf"|score |pass@1 )?(?:on|in|at)\s(?:the\s)?(?P<name2>{benchmarks})(?![a-z0-9])"
    )
