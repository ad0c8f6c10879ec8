"""Certainty: whether a document states, denies, asks, foretells or only repeats, and the words that show it."""

from __future__ import annotations

import re

from pipeline.lexicon import Cue, Scan
from pipeline.records import Certainty

_VERBS = ("release", "open_source", "update", "extend")
_DOUBTS: tuple[Certainty, ...] = ("denial", "rumour", "question", "retrospect", "forecast")
_DOUBTS_OF_TEXT: tuple[Certainty, ...] = ("rumour", "denial", "forecast")
_SAID = re.compile(
    r"^(?:传|曝)(?!统|播|输|感|媒|奇|说|承|递|真|光)|(?<![流宣遗])传(?=拟|将|已|正|获|计划|或|与|向|筹|推出|即将|要|考虑)"
)
"""The one character by which a headline says that it only repeats."""
_DONE = ("release", "open_source", "update", "act", "extend")
_MARK = re.compile(r"[?？]\s?$|[?？](?=.{0,12}$)")
_CLAUSE = re.compile(r"[^，,。！!；;：:？?|｜\n]+[，,。！!；;：:？?|｜]?")
_VIEW = re.compile(r"\s*(?:如何|怎么|怎样)(?:看待?|评价)\s?")
"""A question that takes its news for granted: `如何评价 X 发布 Y？`."""
_ASKS = re.compile(
    r"谁|什么|为何|如何|怎么|怎样|咋|吗|呢|是否|能否|会不会|哪|多少|多远|多久|几|何时|难道|该不该|有没有|若|如果|究竟|到底"
    r"|(?<![a-z])(?:why|how|what|who|when|which|is|are|can|could|will|would|should|does|do|did|if)(?![a-z])"
)
_AHEAD = re.compile(
    r"正在(?!接受)|拟(?!合)|考虑|可能|预计|计划于|计划在|将(?!近)|有意|寻求|洽谈|打算|plans|may|could|would"
)
_DONE_DEEDS = re.compile(r"已(?!计划|考虑)|正式|宣布|完成")
_NOT_PLANNED = re.compile(
    r"(?:支持|扶持|教育|订阅|付费|合作|激励|奖励|会员|资助|培训|孵化|研究|行动|发展|商业|印|新|该|此|一|伙伴|大使|max|pro|plan)\s?\|"
    r"|的\s?\||\|(?:[，,。！!；;：:、|\s]|$|用户|权益|模式|价格|定价|额度|套餐|已|正式|成员|项目|中|上线|开放)"
)
_NO_DOUBT = {
    "计划": _NOT_PLANNED,
    "澄清": re.compile(r"(?:以|来|需要?|请求|主动|问题)\|"),
    "据报": re.compile(r"\|道"),
    "泄露": re.compile(
        r"(?:密钥|数据|隐私|信息|密码|凭证|机密|用户|资料|代码|文件|敏感\S{0,4})(?:被|遭|大规模|的)?\||\|(?:风险|事件|漏洞|隐患)"
    ),
    "曝光": re.compile(r"(?:研究|论文|调查|记者|媒体|315\s?|晚会)\||\|(?:量|度|率|帧)"),
    "疑似": re.compile(r"\|(?:枪手|凶手|病例|嫌)"),
    "预测": re.compile(
        r"(?:数据|的|用于|可|模型|时序|序列|天气|气象|时间序列|结构|新闻)\||\|(?:模型|能力|准确|性能|城市|结果|误差)"
    ),
    "虚假": re.compile(r"\|(?:软文|信息|内容|宣传|新闻|视频|图片|账)"),
}
"""Where a word of doubt is none; `|` stands for the word."""


def find(scan: Scan) -> tuple[Certainty, str]:
    """How sure the document is of what it says, and the words that show it. The headline decides before the text."""
    first_end = scan.sentence(scan.title_end + 1)[1]
    title = [c for c in scan.cues if c.start < scan.title_end]
    lead = [c for c in scan.cues if c.start < first_end]
    for kind in _DOUBTS:
        meant = (c for c in title if c.group == kind and _is_meant(scan, c))
        cue = _asked(scan, title) if kind == "question" else next(meant, None)
        if cue:
            return kind, scan.text[cue.start : cue.end]
    said = _SAID.search(scan.text, 0, scan.title_end)
    if said:
        return "rumour", said[0]
    hearsay = next((c for c in lead if c.group == "hearsay"), None)
    for kind in _DOUBTS_OF_TEXT:
        cue = next((c for c in lead if c.group == kind and _is_meant(scan, c)), None)
        if cue and (kind != "forecast" or hearsay):
            return ("rumour" if kind == "forecast" else kind), scan.text[cue.start : cue.end]
    ahead = _AHEAD.search(scan.text, hearsay.end, first_end) if hearsay else None
    if hearsay and ahead and not _DONE_DEEDS.search(scan.text, hearsay.end, first_end):
        return "rumour", ahead[0]
    return "fact", ""


def _is_meant(scan: Scan, cue: Cue) -> bool:
    """Whether a word of doubt is one here: `计划` as a verb, `澄清` of a report, `泄露` of what was to come."""
    trap = _NO_DOUBT.get(scan.folded[cue.start : cue.end])
    return not (
        trap and trap.search(scan.folded[max(0, cue.start - 8) : cue.start] + "|" + scan.folded[cue.end : cue.end + 8])
    )


def _asked(scan: Scan, title: list[Cue]) -> Cue | None:
    """The words by which a headline only asks; none where it states news and asks what follows from it."""
    marks = (Cue(m.start(), m.end(), "question") for m in _MARK.finditer(scan.text, 0, scan.title_end))
    cue = next((c for c in title if c.group == "question"), None) or next(marks, None)
    if cue is None or any(_states(scan, title, *span) for span in _clauses(scan)):
        return None
    return cue


def _clauses(scan: Scan) -> list[tuple[int, int]]:
    """The clauses of the headline, each with the mark that ends it."""
    return [m.span() for m in _CLAUSE.finditer(scan.text, 0, scan.title_end)]


def _states(scan: Scan, title: list[Cue], start: int, end: int) -> bool:
    """Whether a clause of a headline says that something was done: it has a verb and does not ask, or asks for views."""
    deeds = [c for c in title if start <= c.start < end and (c.group in _DONE or c.group.startswith("strong:"))]
    view = _VIEW.match(scan.folded, start, end)
    if view:
        return any(c.group in _VERBS and c.start >= view.end() for c in deeds)
    asks = _ASKS.search(scan.folded, start, end) or scan.text[end - 1] in "?？"
    return not asks and any(c.end - c.start > 1 for c in deeds)
