"""What a quantity measures: its unit decides, and where the unit alone does not tell, the words around it."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.facts.quantities import Quantity

_ACTIVE = re.compile(r"激活|活跃参数|activ")
_PARAMETER = re.compile(r"参数|parameter|模型规模|model size")
_GROWN = re.compile(
    r"(?:parameters?|parameter (?:count|size)|model sizes?|参数量?|参数规模)\s?(?:\w+ing|\w+ed|in size|从)?\s?(?:from|to|between|of|:)?\s?"
    r"(?:\d[\d.]*\s?(?:billion|million|trillion|[bmt])?\s?(?:to|and|-)\s?)?$"
)
"""What leads from `parameters` to how many: `parameters ranging from 2.1 billion to 102.6 billion`."""
_SIZED = re.compile(
    r"[\s-]*(?:total|dense|moe|的?模型|参数|model|variant|版|checkpoint|llm|instruct|base"
    r"|language|transformer|尺寸|规模|parameter|激活|active|sparse|mixture|vision|多模态|开源"
    r"|大模型|,? (?:and|or) \d|、\d)"
)
_LISTED = re.compile(r"\s?(?:,|、|/|and|or|to|和|与|至|及|,\s?and)\s?(?=~?\d)")
_WINDOW = re.compile(r"上下文|长文本|context|窗口|window|输入长度|超长|长文|无损")
_WRITTEN = re.compile(r"上下文|长文本|窗口|无损|超长|输入|一次性|处理|阅读|长文|支持|扩展|提升|window|context|能力")
_OWN_LENGTH = re.compile(
    r"(?:正文|全文|本文|(?:结果|输出|评论|简介|描述|提示词|标题)[^，。]{0,6}(?:上限|长度|大小)[^，。]{0,6})(?:共|约|近)*\s*$"
)
_TO_READ = re.compile(r"[^。]{0,6}阅读(?:约|时间|需)")
"""What says how long the report itself is."""
_TRAINED = re.compile(r"训练|预训|语料|数据集|train|corpus|dataset|pretrain")
_USED = re.compile(r"每天|每日|日均|消耗|调用量|累计|daily|per day|usage|赠|免费额度|credits|周调用|处理了|用量")
_FILM = re.compile(
    r"视频|影片|短片|时长|clip|video|歌曲|音乐|音频|全曲|song|audio|film|生成|镜头|长达|最长|footage|music"
)
_MEDIA = re.compile(
    r"视频|影片|短片|歌|音乐|音频|配乐|音轨|镜头|动画|电影|语音|曲|时长的|画面|clip|video|song|audio|footage|music|film|movie|track|speech|animation"
)
_RUNS = re.compile(r"运行|缓存|自主|任务|会话|续航|会议|通话|直播|工作|响应|缩短|session|uptime|autonom|runs? for")
"""What lasts and is no film."""
_NOT_FILM = re.compile(
    r"学习|学完|学会|只需|仅需|用时|耗时|仅用|花费|等待|阅读|部署|推理|延迟|以内|课程|教程|训练"
    r"|内完成|之内|就能|即可|搞定|挤满|开会|演讲|每隔|小时数据|速度|播客"
    r"|learn|setup|set up|in under|takes|latency|within|training|hours of|later|ago|reading"
    r"|course|tutorial|per|every|wait|deploy"
)
_SHOWN = re.compile(
    r"(?:的|长的?|时长的?|[- ]long)?[^,，。;；、]{0,8}?(?:视频|影片|短片|歌曲|音乐|videos?|clips?|film|footage|audio)"
)
"""A film of that length: `1 分钟的 1080p 视频`."""
_WAITED = re.compile(r"学|课程|等待|用时|耗时|只需|仅需|每|观看|刷|within|takes|watch")
_QUICKLY = re.compile(r"\s?钟?(?:内|之内|以内|时长内|就|即可|便可|生成|出图|出片)")
_PUT_OUT = re.compile(r"\s?(?:的)?(?:最大)?(?:输出|output)")
_PUT_OUT_BEFORE = re.compile(r"(?:输出|output)(?:长度|上限|of|up to|为|达|可达)?\s*$")
_EACH = re.compile(r"每\s?$|/\s?$")
_FASTER = re.compile(r"加速|提速|速度|更快|快|吞吐|效率|faster|speed|quick|throughput|acceler|推理|解码")
_BREAK = re.compile(r"[，,。;；、]")
_NOT_FASTER = re.compile(
    r"精度|准确|加速下|涨超|跌超|股指|upscal|放大|超分|增长|涨|融资|额度|价格|便宜|体积|小\s?$|cheaper|smaller|larger|revenue|growth|显存|压缩"
    r"|收入|估值|更大|用户|销量|股价|降低|成本|memory|cost|资|多\s?$"
)
_OTHER_GAIN = re.compile(
    r"\s?(?:的|以上)?(?:整体|平均)?\s?(?:能效|能耗|精度|准确|性能(?!.{0,4}速)|体积|转化|密度|成本|参数|数据|用量|价格|算力|energy"
    r"|power|smaller|larger|more (?!throughput)|cheaper|the (?:size|cost|price))"
)
"""What grew so many times and is no speed."""
_PER_MILLION = re.compile(
    r"\s?(?:(?:/|每|per)\s?(?:1|一)?\s?(?:m|百万|million|1,000,000)(?![a-z])\s?(?:input|output"
    r"|输入|输出)?\s?(?:个)?\s?(?:tokens?)?|/\s?百万)"
)
_PER_MILLION_BEFORE = re.compile(
    r"(?:每|per|/)\s?(?:1|一)?\s?(?:百万|m|million)\s?(?:个)?(?:输入|输出|input"
    r"|output)?\s?(?:tokens?|词元)?[^\d。;；]{0,12}$"
)
_MONTHLY = re.compile(r"\s?(?:/|每|per|a)\s?(?:月|month|年|year|席位|seat|user|用户|次)|\s?起")
_MONTHLY_BEFORE = re.compile(
    r"(?:每月|月费|每年|订阅|售价|定价|到手价|套餐|起价|priced at|price of|首购|首月|subscription)[^\d。;；]{0,8}$"
)
_NO_PRICE = re.compile(
    r"(?:月薪|年薪|时薪|薪资|薪酬|工资|税前|房租|租金|补助|补贴|罚款|赔偿|奖金|零花钱|存款|房贷|车贷|salary|salaries|wages?|rent|fines?)"
    r"[^,，。;；]{0,10}$"
)
"""What stands before an amount that nobody asks for a product."""
_NO_PRICE_BEHIND = re.compile(r"\s?(?:的)?(?:月薪|年薪|工资|薪资|每月的工作|每?平方?米|每平|/\s?克)")
_RECURS = re.compile(
    r"[^,，。]{0,3}(?:/|每|per|a)?\s?(?:个)?(?:月|年费|每年|订阅|席位|month|year|mo(?![a-z])|subscri|user|seat)"
)
_RAISED = re.compile(r"融资|募|筹|领投|跟投|获.{0,4}注资|种子轮|轮|raise|funding|round|seed|series")
_VALUED_AT = re.compile(r"(?:估值|(?<!持仓)(?<!持股)市值|valuation|valued)(?:(?!筹|融|募|rais)[^\d,，。；;]){0,10}$")
_EARNED = re.compile(r"营收|收入|revenue|(?<![a-z])arr(?![a-z])|年化|销售额")
_GAINED = re.compile(r"净利|利润|盈利|profit|net income")
_LOST = re.compile(r"亏损|亏|loss")
_SPENT = re.compile(
    r"投资|收购|投入|协议|合同|斥资|invest|acqui|deal|contract|采购|订单|支出|capex|注入|注资|支付|入股"
)
_NOT_ITS = re.compile(r"\s?(?:的?(?:投后|投前)?\s?估值的?|的)\s?(?:合资|新公司|子公司|初创|企业|公司|独角兽)")
"""Worth of a company that the text does not name."""
_PURPOSES = (("raised", _RAISED), ("loss", _LOST), ("profit", _GAINED), ("revenue", _EARNED), ("deal", _SPENT))
_MOST_RAISED = 2e11
"""More than anybody has raised at once is talk."""
_USERS = re.compile(r"用户|users|月活|日活|周活|(?<![a-z])[mdw]au(?![a-z])|下载|downloads|开发者")
_COUNTED_USERS = re.compile(r"月活|日活|周活|users|用户|(?<![a-z])[mdw]au(?![a-z])")
_NOT_YET = re.compile(r"\s?(?:用户)?(?:之前|以前|前(?![所十])|目标|时(?![刻长间]))")
"""What stands behind a number that is still to be reached."""
_NEW_USERS = re.compile(
    r"新增|日增|周增|月增|净增|增加|流失|调查|访谈|采访|受访|研究|分析|对话|survey|interview|new users|study"
)
"""What makes a number of users one that came, went or was asked."""
_INPUT = re.compile(r"输入(?!的)|input|in\b|prompt")
_OUTPUT = re.compile(r"输出(?!的)|output|out\b|completion")
_WAYS = re.compile(r"(?P<in>输入|input)(?!的)|(?:输出|output)(?!的)")

_CURRENCIES = {"$": "USD", "us$": "USD", "usd": "USD", "美元": "USD", "美金": "USD", "dollars": "USD"} | {
    **dict.fromkeys(("¥", "￥", "rmb", "元", "人民币", "yuan"), "CNY"),
    **dict.fromkeys(("hk$", "港元", "港币"), "HKD"),
    **dict.fromkeys(("€", "欧元"), "EUR"),
}
_SECONDS = {
    "秒": 1,
    "s": 1,
    "sec": 1,
    "secs": 1,
    "second": 1,
    "seconds": 1,
    "分钟": 60,
    "分半钟": 60,
    "min": 60,
    "mins": 60,
}
_SECONDS |= {"minute": 60, "minutes": 60, "小时": 3600, "hour": 3600, "hours": 3600}


_WIDE = 160
"""How far from a sentence talk of context windows makes a number of characters one."""


class Measure(NamedTuple):
    """The field that a quantity fills."""

    kind: str
    value: float
    unit: str
    detail: str | None = None


def read(folded: str, one: Quantity, following: Quantity | None, low: int, high: int) -> Measure | None:
    """What a quantity measures, judged inside its sentence; None for a number that is none of our fields."""
    left = folded[max(low, one.at - 28) : one.at]
    right = folded[one.end : min(high, one.end + 28)]
    unit = one.unit
    if _SUPPOSED.search(folded, max(low, one.at - 56), one.at) or (
        one.at > 0 and folded[one.at] in "百千" and left.endswith("的")
    ):
        return None
    if one.currency or unit in _CURRENCIES:
        return _money(one, left, right)
    if _PER_PART.match(right):
        return None
    if unit.endswith("参数") or "param" in unit:
        if _BEARS.search(left) or _BESIDE.search(left):
            return None
        near = unit + left[-8:] + right[:12]
        return Measure("active_parameters" if _is_active(near, left, right) else "parameters", _most(one), "parameters")
    if unit in ("字", "字符", "characters") and (_OWN_LENGTH.search(left) or _TO_READ.match(right)):
        return None
    if unit in ("字", "汉字", "字符", "character", "characters", "chinese characters", "words"):
        wide = folded[max(0, low - _WIDE) : high + _WIDE]
        return _written(one, left + (wide if _WINDOW.search(wide) else ""), right)
    if unit.endswith(("token", "tokens", "词元")):
        return _tokens(one, left, right)
    if unit in ("帧", "frame", "frames", "fps", "帧/秒", "帧每秒"):
        return Measure(
            "frame_count",
            one.value,
            "fps"
            if unit in ("fps", "帧/秒", "帧每秒")
            or right.startswith(("/秒", "/s", "每秒"))
            or re.search(r"\d\s?[kp][\s,，、/]{0,2}$", left)
            else "frames",
        )
    if unit in _SECONDS:
        return _lasting(one, left, right, folded[low:high])
    if unit in ("倍", "x", "times"):
        around = _BREAK.split(left[-14:])[-1] + "|" + _BREAK.split(right[:14])[0]
        faster = (
            not right.startswith("速")
            and _FASTER.search(around)
            and not _NOT_FASTER.search(around)
            and not _OTHER_GAIN.match(right)
        )
        return Measure("training_speedup", one.value, "times") if faster and one.value < 1e5 else None
    if unit in ("%", "％", "percent"):
        around = left[-12:] + "|" + right[:10]
        faster = re.search(r"faster|加速|提速|速度提升|速度提高|吞吐.{0,4}提", around) and not re.search(
            r"显存|内存|memory|vram|加速率|降|reduc|less|slower|[跌涨]|下行", around
        )
        return Measure("training_speedup", one.value, "percent") if faster else None
    if unit in ("用户", "users", "人", "monthly active users") or (one.multiple and _COUNTED_USERS.search(left[-8:])):
        return (
            Measure("users", one.value, "users")
            if one.value >= 1000
            and _USERS.search(left + unit + right[:8])
            and not _NEW_USERS.search(left[-12:] + right[:6])
            and not _NOT_YET.match(right)
            else None
        )
    if _WHEN.search(left) and _WINDOW.search(left):
        return None
    if not unit and one.multiple in ("k", "m", "万", "百万") and _WINDOW.search(left[-18:] + "|" + right[:16]):
        fits = (
            one.value >= 1000
            and not right.startswith(("b", "个"))
            and not _SEEN.match(right)
            and not _PUT_OUT.match(right)
            and not _PUT_OUT_BEFORE.search(left)
        )
        return Measure("context_length", one.value, "tokens") if fits else None
    return _bare(folded, one, following, left, right)


_SEEN = re.compile(r"\s?(?:views|likes|stars|upvotes|followers|points|downloads)")
_WHEN = re.compile(r"[<>≤≥]\s*$|(?:当|若|如果|超过|超出|小于|大于|when |if |over |exceed\w* )[^,，。;；]{0,12}$")
"""What makes a window's size the bound of a price band."""
_PER_PART = re.compile(
    r"\s?(?:parameters? |参数)?\s?(?:(?:per |/ ?|每个?)(?:expert|专家)"
    r"|(?:model )?(?:fine-?tuning|training)(?! (?:run|tokens|data))"
    r"|的?\s?(?:lora|适配器|adapters?(?![a-z])|编码器|encoder|解码器|decoder(?!-only)|draft))"
    r"|[\s-]*(?:price|performance|class|level|quality|级别|量级|级(?![联数]))"
)
"""What makes a size that of a part."""
_SMALLER = re.compile(r"(?:低于|高于|小于|大于|less than|more than|below|over)\s*$")
_A_MODEL = re.compile(r"\s?(?:的)?(?:模型|models?(?![a-z]))")
"""What stands around the size of any model, to measure another by."""
_BEARS = re.compile(r"(?:支持|支撑|承载|容纳|supports?|supporting)(?:多达|高达|最高|最大|超过?|约|up to)?\s*$")
_BESIDE = re.compile(
    r"(?:超越|优于|媲美|匹配|匹敌|击败|比肩|逼近|surpass\w*|outperform\w*|beat\w*|rival\w*|match\w*)\s?(?:了|a |an |the )?\s*$"
)
"""What stands before a size that a machine bears, or that nobody of the text has."""
_SUPPOSED = re.compile(
    r"(?:并非|不是|而非|非|网传的?|传言的?|并不|on par with|comparable (?:to|with)|similar to)(?: an?)?\s*$"
    r"|(?:equivalent to|equal to|if it \w+|even|match(?:es|ing)?|相当于|媲美|堪比)(?: an?)?\s*$"
    r"|(?:training|可训|可训练|支持训练|单机训练)(?:\s?(?:up to|最高|高达|多达))?\s*$"
    r"|(?:demonstrated|tested|evaluated|experiments|验证|实验)\s(?:on|with|across)\s*$"
    r"|(?:enabl\w+|abilit\w+ to|allow\w*|can|able to|possible to|capable of|for|支持|可以?|能够?)\s?(?:\w+ ){0,2}?"
    r"(?:train|run|fine-?tun|serv|host|deploy|微调|训练|运行|部署|跑)\w*\s?(?:models? (?:of |with )?)?(?:up to|最高|高达|多达|an?|the)?\s*$"
    r"|(?:超越|超过|击败|优于|媲美|surpass\w*|outperform\w*|beat\w*|than|rival\w*)\s?(?:同级|同尺寸|同规模|an?|the|most|all|other)\s*$"
)
"""What stands before a size that no model of the text has: a likeness, a supposition, what a machine could train."""


def _bare(folded: str, one: Quantity, following: Quantity | None, left: str, right: str) -> Measure | None:
    """A number with a multiplier alone: a model's size when the words say so, or the next one in its list does."""
    if (
        one.multiple not in ("b", "m", "t", "billion", "million", "trillion", "亿", "万亿", "千亿", "百亿", "十亿")
        or one.unit
    ):
        return None
    if _SMALLER.search(left) and _A_MODEL.match(right):
        return None
    if one.multiple in ("t", "万亿", "trillion") and re.search(r"训练数据|语料|token", left[-10:]):
        return Measure("training_data", one.value, "tokens")
    gap = folded[one.end : following.start] if following and following.start >= one.end else ""
    inherited = bool(
        following and _LISTED.fullmatch(gap) and "param" in following.unit + folded[following.end : following.end + 14]
    )
    sized = one.multiple in ("b", "t") and (_SIZED.match(right) or inherited)
    if one.multiple == "b" and not sized:
        sized = bool(re.fullmatch(r"[\s,.;:、。)）/]?.*", right[:1])) and not re.match(
            r"\s?(?:users|people|downloads|gpu|gb|in |美|元|用户|dollar|images|pages|rows)", right
        )
    if (
        sized
        or inherited
        or _PARAMETER.search(left[-10:])
        or _GROWN.search(folded, max(0, one.at - 56), one.at)
        or _PARAMETER.match(right.lstrip(" -个的总"))
    ):
        return Measure(
            "active_parameters" if _is_active(left[-8:] + right[:12], left, right) else "parameters",
            _most(one),
            "parameters",
        )
    return None


def _most(one: Quantity) -> float:
    return one.upper if one.upper is not None and one.upper > one.value else one.value


def _is_active(near: str, left: str, right: str) -> bool:
    """Whether parameters are those at work: `17B active`, `激活参数 48 亿`, `37B activated for each token`."""
    if re.match(
        r"[\s-]*(?:个)?(?:parameters? )?(?:are |is )?(?:activ|激活(?!\s?(?:参数)?\s?(?:量|约|仅|为|达)*\s?\d))", right
    ) or re.search(r"激活(?:的)?(?:参数)?(?:量|规模)?(?:仅|约|为|达|只有)*\s*$", left):
        return True
    return bool(
        re.search(r"(?:with|only|and|of which)?\s?activ\w*\s*(?:parameters?)?\s*(?:of|:)?\s*$", left)
    ) or near.startswith(("激活", "活跃", "active", "activated"))


def _written(one: Quantity, left: str, right: str) -> Measure | None:
    if one.value < 2000 or not (_WRITTEN.search(left + right[:12])):
        return None
    if re.search(r"小说|作文|文章|论文|报告|剧本|全文|每秒|/s", right[:8]) and not _WINDOW.search(left + right):
        return None
    return Measure("context_length", one.value, "words" if one.unit == "words" else "characters")


def _tokens(one: Quantity, left: str, right: str) -> Measure | None:
    if re.match(r"\s?(?:/\s?s|每秒|per second|/秒|a second)", right) or re.search(r"每秒\S{0,6}\s?$", left):
        return Measure("throughput", one.value, "token_per_s")
    if re.search(r"(?:/|每|per)\s?$", left) or re.search(r"[$¥元]\s?\d[\d.]*\s?(?:/|每|per)?\s?$", left):
        return None
    if (
        one.value >= 1e9
        and not re.match(
            r"\s?(?:per |/\s?|a |every )(?:minute|day|week|month|hour|second)|\s?(?:/|每)(?:天|日|分|月|周)", right
        )
        and (_TRAINED.search(left + right) or not _USED.search(left + right))
        and not _USED.search(left[-10:])
    ):
        return Measure("training_data", one.value, "tokens")
    if _PUT_OUT.match(right) or _PUT_OUT_BEFORE.search(left):
        return None
    if _WINDOW.search(left + right[:20]) and one.value >= 1000 and not _TRAINED.search(right[:10]):
        return Measure("context_length", one.value, "tokens")
    return None


def _lasting(one: Quantity, left: str, right: str, sentence: str) -> Measure | None:
    near = left[-14:] + "|" + right[:14]
    if _QUICKLY.match(right) or re.search(r"\d\s?分钟?\s?$", left):
        return None
    shown = _SHOWN.match(right) and not _WAITED.search(left[-12:])
    if not shown and (not _FILM.search(near) or not _MEDIA.search(sentence) or _RUNS.search(left + "|" + right[:8])):
        return None
    if not shown and (_NOT_FILM.search(left[-12:] + "|" + right[:8]) or _EACH.search(left)):
        return None
    seconds = one.value * _SECONDS[one.unit] + (30 if one.unit == "分半钟" else 0)
    return Measure("video_duration", seconds, "s") if 0 < seconds <= 6 * 3600 else None


def _purpose(left: str, right: str) -> str | None:
    """What an amount is for, by the nearest word of its clause."""
    far = [(len(left) - m.end(), d) for d, words in _PURPOSES for m in words.finditer(left)]
    far += [(m.start(), d) for d, words in _PURPOSES for m in words.finditer(right)]
    return min(far, key=lambda f: f[0])[1] if far else None


def _money(one: Quantity, left: str, right: str) -> Measure | None:
    currency = _CURRENCIES.get(one.currency) or _CURRENCIES.get(one.unit) or "USD"
    if _PER_MILLION.match(right) or _PER_MILLION_BEFORE.search(left):
        around = left[-14:] + "|" + right[:24]
        found_in, found_out = _INPUT.search(around), _OUTPUT.search(around)
        before = list(_WAYS.finditer(left[-16:]))
        detail = None
        if before:
            detail = "input" if before[-1]["in"] else "output"
            detail = None if before[-1][0] == "输出" and "输入输出" in left else detail
        elif found_in or found_out:
            detail = "input" if found_in and (not found_out or found_in.start() < found_out.start()) else "output"
        return Measure("price", one.value, f"{currency}_per_mtok", detail)
    if re.search(r"(?:差值?|差价|节省|便宜|贵)(?:为|是|了|约)?\s*$", left):
        return None
    if _NO_PRICE.search(left) or _NO_PRICE_BEHIND.match(right):
        return None
    if _MONTHLY.match(right) or _MONTHLY_BEFORE.search(left):
        again = _RECURS.search(left[-8:]) or _RECURS.match(right)
        return Measure("price", one.value, currency, "subscription" if again else None)
    if one.value < 1e5 or _NOT_ITS.match(right):
        return None
    if re.match(r"\s?(?:的)?\s?(?:财富|身家|net worth|fortune)", right):
        return None
    if re.search(r"(?:deal|contract|agreement) (?:is )?valued at\s*$", left):
        return Measure("money", one.value, currency, "deal")
    if _VALUED_AT.search(left) or re.match(
        r"\s?(?:的)?(?:投后|投前|post-money|pre-money)?\s?(?:估值|valuation|market cap)", right
    ):
        return Measure("money", one.value, currency, "valuation")
    detail = _purpose(re.split(r"[,，;；]", left)[-1][-16:], re.split(r"[,，;；]", right)[0][:10])
    if detail == "raised" and re.match(r"\s?的?\s?融资协议", right):
        detail = "deal"
    if detail in ("revenue", "profit") and re.search(r"(?:目标|预期目标|target)(?:为|是|达|of)?\s*$", left):
        return None
    if detail is None or (detail == "raised" and one.value > _MOST_RAISED):
        return None
    return Measure("money", one.value, currency, detail)
