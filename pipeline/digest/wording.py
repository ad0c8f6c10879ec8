"""How the weekly speaks: the turns of phrase of a Chinese sell-side weekly, and their English, in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from pipeline.digest.shape import Both

PERIODS: Mapping[str, Both] = {
    "day": Both(zh="日报", en="Daily brief"),
    "week": Both(zh="周观点", en="Weekly viewpoint"),
    "month": Both(zh="月度回顾", en="Monthly review"),
}
SPANS: Mapping[str, Both] = {
    "day": Both(zh="本日", en="Today"),
    "week": Both(zh="本周", en="This week"),
    "month": Both(zh="本月", en="This month"),
}
STANCES: Mapping[str, Both] = {
    "recommend": Both(zh="推荐", en="Recommend"),
    "watch": Both(zh="关注", en="Watch"),
    "sector_member": Both(zh="板块成分", en="Sector member"),
}
STRENGTHS: Mapping[str, Both] = {
    "high": Both(zh="强", en="high"),
    "medium": Both(zh="中", en="medium"),
    "low": Both(zh="弱", en="low"),
}
RATINGS: Mapping[str, str] = {
    "买入": "Buy",
    "增持": "Overweight",
    "中性": "Neutral",
    "减持": "Underweight",
    "维持": "maintained",
    "首次": "initiated",
    "上调": "raised",
    "下调": "lowered",
}
ATTENTION: Mapping[str, str] = {
    "重点关注": "first in focus",
    "其次关注": "second in focus",
    "持续推荐": "continued recommendation",
}
DIRECT: Mapping[str, Both] = {
    "issuer": Both(zh="上市主体", en="issuer"),
    "named": Both(zh="文中点名", en="named in the text"),
}
ISSUER = Both(zh="报道所涉的{}本身即上市公司", en="{}, named in the reports, is itself listed")

PREDICATES: Mapping[str, Both] = {
    "model_release": Both(zh="发布{}", en="releases {}"),
    "open_source_release": Both(zh="开源{}", en="open-sources {}"),
    "model_update": Both(zh="升级{}", en="upgrades {}"),
    "product_launch": Both(zh="推出{}", en="launches {}"),
    "beta": Both(zh="内测{}", en="puts {} into beta"),
    "pricing_change": Both(zh="调整{}价格", en="changes the price of {}"),
    "hardware_compute": Both(zh="发布{}", en="unveils {}"),
    "research_paper": Both(zh="发表{}研究", en="publishes research on {}"),
}
"""What an actor does to a product, by the kind of event; a test run is a launch that is not open to all."""

TURNS: Mapping[str, Both] = {
    "model_release": Both(zh="{}发布新模型", en="{} releases a new model"),
    "open_source_release": Both(zh="{}开源新模型", en="{} open-sources a new model"),
    "model_update": Both(zh="{}升级模型", en="{} upgrades a model"),
    "product_launch": Both(zh="{}推出新产品", en="{} launches a product"),
    "pricing_change": Both(zh="{}调整价格", en="{} changes prices"),
    "hardware_compute": Both(zh="{}：算力硬件动态", en="{}: news of hardware and compute"),
    "research_paper": Both(zh="{}发表研究", en="{} publishes research"),
    "funding": Both(zh="{}：融资动态", en="{}: news of funding"),
    "acquisition": Both(zh="{}：收购事项", en="{}: an acquisition"),
    "partnership": Both(zh="{}：合作事项", en="{}: a partnership"),
    "people_move": Both(zh="{}人事变动", en="{}: personnel changes"),
    "policy_regulation": Both(zh="{}：监管动态", en="{}: regulatory developments"),
    "incident": Both(zh="{}：争议事件", en="{}: incident or dispute"),
    "benchmark": Both(zh="{}：评测结果", en="{}: benchmark results"),
    "ipo_listing": Both(zh="{}：上市进展", en="{}: steps towards a listing"),
}
"""What an actor did where no title of the language tells it, by the kind of event that the titles bear out."""

MODEL_KINDS = frozenset({"model_release", "open_source_release", "model_update"})
MODEL_WORDS = re.compile(r"模型|\bmodels?\b|\bLLMs?\b", re.IGNORECASE)
"""Without such a word nothing is told as a release of a model: a set of recipes is released too."""

PASSIVE: Mapping[str, str] = {
    "model_release": "{}发布",
    "open_source_release": "{}开源",
    "model_update": "{}升级",
    "product_launch": "{}上线",
    "beta": "{}内测",
    "pricing_change": "{}调价",
    "hardware_compute": "{}发布",
    "research_paper": "{}研究发表",
}
"""The same without the actor, where a headline has no room for both."""

CUES: Mapping[str, tuple[str, ...]] = {
    "model_release": ("发布", "推出", "上线", "亮相", "releas", "launch", "introduc", "unveil", "announc", "out now"),
    "open_source_release": (
        "开源",
        "开放权重",
        "open source",
        "open-source",
        "opensourc",
        "open weight",
        "open-weight",
    ),
    "model_update": ("升级", "更新", "支持", "扩展", "提升", "内测", "upgrad", "updat", "support", "extend", "test"),
    "product_launch": (
        "发布",
        "推出",
        "上线",
        "launch",
        "releas",
        "introduc",
        "unveil",
        "announc",
    ),
    "beta": ("内测", "公测", "beta"),
    "pricing_change": ("降价", "涨价", "调价", "价格", "price", "pricing"),
    "hardware_compute": ("发布", "推出", "unveil", "releas", "launch", "announc"),
    "research_paper": ("论文", "研究", "提出", "paper", "research", "propos"),
}
"""Words of a title without which an event is not told as one of its kind."""

KIN: Mapping[str, tuple[str, ...]] = {
    "model_release": ("open_source_release",),
    "open_source_release": ("model_release",),
    "product_launch": ("beta", "open_source_release"),
    "model_update": ("model_release",),
}
"""Kinds whose words say what happened where those of the event's own kind are not in its titles."""

HEDGES = (
    *(
        "被曝",
        "曝光",
        "传闻",
        "据传",
        "或将",
        "有望",
        "将于",
        "预计",
        "计划",
        "即将",
        "明年",
        "下半年",
        "泄露",
        "?",
        "？",
    ),
    *("rumor", "rumour", "leak", "reportedly", "might", "may ", "expected", "upcoming", "plans to", "will "),
)
"""Words of a title that say that a thing has not happened, or is not sure to have."""

DOING = re.compile(
    r"(?:发布|推出|上线|开源|亮相|升级|内测|公测|收购|裁员|起诉|降价|获批|融资)(?!的)"
    r"|releas|launch|introduc|unveil|announc|open-?sourc|acquir|\brais(?:es|ed)\b|upgrad",
    re.IGNORECASE,
)
"""Words by which a title tells a change, and no opinion of it."""

GIVES_AFTER = re.compile(
    r"(?:(?:联合|携手|与)[^，。；！：]{1,14}?)?(?:智能助手|团队|官方)?(?:宣布)?(?:发布|推出|公布)(?![，。；！：\s]|$)"
    r"|(?:\s+team)?\s+(?:releases?|launches|introduces|unveils|announces)\s+\w"
)
"""Words after a product's name that make it the giver of something else: 飞书发布全员信."""

DENIALS = ("澄清", "否认", "辟谣", "不实")
"""Words of a title by which somebody denies what was rumoured."""

RIVAL_BEFORE = re.compile(
    r"(?:接近|媲美|超越|超过|超|碾压|击败|打败|对标|比肩|匹敌|吊打|类|叫板|颠覆|取代|平替).{0,3}$"
    r"|\b(?:beats?|outperforms?|surpass\w*|rivals?|vs\.?|than|like|to|against) (?:\S+ )?$"
)
"""Words before a product's name that make it the measure and not the matter."""

OPENNESS: Mapping[str, Both] = {
    "open_weights": Both(zh="权重开放", en="open weights"),
    "open_source": Both(zh="代码开源", en="open source"),
    "weights": Both(zh="权重开放", en="open weights"),
    "code": Both(zh="代码开源", en="open code"),
}
"""What is open, by the fact's value."""

FACTS: Mapping[str, Both] = {
    "context_length": Both(zh="上下文长度{}", en="a context of {}"),
    "parameters": Both(zh="共{}", en="{}"),
    "active_parameters": Both(zh="激活{}", en="{} active"),
    "price": Both(zh="价格{}", en="a price of {}"),
    "resolution": Both(zh="分辨率{}", en="a resolution of {}"),
    "frame_count": Both(zh="{}", en="{}"),
    "video_duration": Both(zh="视频时长{}", en="video of {}"),
    "training_speedup": Both(zh="加速{}", en="a speed-up of {}"),
    "hardware": Both(zh="硬件为{}", en="hardware of {}"),
    "training_data": Both(zh="训练数据{}", en="{} of training data"),
    "throughput": Both(zh="输出速度{}", en="an output of {}"),
    "users": Both(zh="用户量{}", en="{}"),
    "money": Both(zh="金额{}", en="an amount of {}"),
    "training_stages": Both(zh="训练分{}", en="training in {}"),
    "benchmark_score": Both(zh="评测得分{}", en="a benchmark score of {}"),
    "licence": Both(zh="许可证为{}", en="the {} licence"),
    "openness": Both(zh="开放{}", en="openness: {}"),
}
"""A fact as a phrase, in the order in which an analyst wants them."""

DETAILS: Mapping[str, Both] = {
    "price.input": Both(zh="输入价格{}", en="input at {}"),
    "price.output": Both(zh="输出价格{}", en="output at {}"),
    "price.subscription": Both(zh="订阅价{}", en="a subscription of {}"),
    "money.raised": Both(zh="融资{}", en="{} raised"),
    "money.valuation": Both(zh="估值{}", en="a valuation of {}"),
    "money.revenue": Both(zh="收入口径{}", en="revenue of {}"),
    "money.profit": Both(zh="利润{}", en="a profit of {}"),
    "money.loss": Both(zh="亏损{}", en="a loss of {}"),
    "money.deal": Both(zh="交易金额{}", en="a deal of {}"),
}
"""A fact whose detail says what is counted."""

LASTING = Both(zh="时长{}", en="a duration of {}")
"""How long what a product gives out runs, where it is no video."""

TRAINED: Mapping[str, Both] = {
    "video_duration": Both(zh="可训练{}视频", en="training on video of {}"),
    "resolution": Both(zh="可训练{}视频", en="training on video at {}"),
}
"""A figure whose words say that it is of what is trained on, not of what comes out."""

LONGEST: Mapping[str, Both] = {
    "context_length": Both(zh="最长的上下文", en="the longest context"),
    "parameters": Both(zh="最大的参数规模", en="the most parameters"),
    "video_duration": Both(zh="最长的视频时长", en="the longest video"),
    "training_data": Both(zh="最多的训练数据", en="the most training data"),
}

RISK_CUES: Mapping[str, tuple[str, ...]] = {
    "policy_regulation": ("政策", "监管"),
    "incident": ("监管",),
    "earnings_disclosure": ("经营",),
    "people_move": ("经营",),
    "pricing_change": ("商业模式",),
    "model_release": ("推进",),
}
"""Which standing risk a kind of event bears on, by a word of the risk's name."""

STATEMENT = Both(
    zh="本稿由软件依据文末所列来源自动编排，事实均附原文与出处；投资评级与个股立场由署名人员录入，软件不生成。署名人员复核前，本稿为草稿。",
    en=(
        "This draft is arranged by software from the sources listed at its end; each fact carries its words and its source. "
        "Ratings and stances are typed by the people named with them and never made by the software. "
        "Until a named person has reviewed it, it is a draft."
    ),
)
DISCLAIMER = Both(
    zh="本稿仅供研究讨论，不构成任何投资建议；关联关系与主题归类反映来源与知识库在所示日期的内容，可能不完整或已变化。",
    en=(
        "For research and discussion only; not investment advice. Links and themes reflect the sources and the knowledge base "
        "as of the dates shown, and may be incomplete or out of date."
    ),
)
RATING_DEFINITIONS = Both(
    zh="评级定义以署名机构公布的为准，本稿未录入。",
    en="The signing institution's published rating definitions apply; none has been entered here.",
)

HEADED = Both(zh="{}，报道题为“{}”", en="{}, in a report headed “{}”")
"""What was done, with the title of a report that names nobody."""

IN_CHINESE = Both(zh="“{}”", en="“{}” (in Chinese)")
"""A headline in a language that the issue does not speak: said to be so."""

_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


def short_day(day: date) -> Both:
    """A day of the year in running text: 3月18日, 18 March."""
    return Both(zh=f"{day.month}月{day.day}日", en=f"{day.day} {_MONTHS[day.month - 1]}")


def partial_day(partial: str) -> Both:
    """A year, month or day in running text: 2023年10月, October 2023."""
    parts = [int(p) for p in partial.split("-")]
    zh = "".join(f"{p}{unit}" for p, unit in zip(parts, "年月日", strict=False))
    month = f"{_MONTHS[parts[1] - 1]} " if len(parts) > 1 else ""
    day = f"{parts[2]} " if len(parts) > 2 else ""
    return Both(zh=zh, en=f"{day}{month}{parts[0]}")


def join(words: list[str], language: str) -> str:
    """A list in running text: 甲、乙和丙 needs no 和 in a weekly; English takes its `and`."""
    if language == "zh":
        return "、".join(words)
    if len(words) < 2:
        return "".join(words)
    paired = any(" and " in word for word in words)
    last = " and " if not paired else ", and " if len(words) > 2 else " plus "
    return f"{', '.join(words[:-1])}{last}{words[-1]}"
