"""Event type and certainty: what a headline states, asks, denies or plans, and what is a release of a model."""

from __future__ import annotations

import pytest

from tests.pipeline.reading import tagged


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("全球首位AI软件工程师诞生，未来程序员会被取代吗？", "fact"),
        ("欧洲通过全球首部人工智能法案，对科技公司意味着什么？", "fact"),
        ("如何评价 OpenAI 发布视频模型 Sora？", "fact"),
        ("Google releases Gemini 1.5 Pro: is it the GPT-4 killer?", "fact"),
        ("OpenAI 是否会开源 GPT-4？", "question"),
        ("谁能终结英伟达？", "question"),
        ("AI 如何辅助编程？", "question"),
        ("大模型进家电，既缺锤子又缺钉子？", "question"),
        ("Will OpenAI release GPT-5 this year?", "question"),
    ],
)
def test_a_headline_that_states_news_and_asks_what_follows_is_no_question(title: str, expected: str) -> None:
    assert tagged(title).certainty == expected


@pytest.mark.parametrize(
    "title", ["九安医疗澄清：未持有月之暗面股份", "某公司否认入股月之暗面", "OpenAI denies plans to buy a chip maker"]
)
def test_what_an_issuer_denies_is_a_denial(title: str) -> None:
    assert tagged(title, "针对市场传闻，公司予以回应。").certainty == "denial"


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Zed 推出高校教育计划", "Zed 面向学生推出教育计划，提供 AI 额度。", "fact"),
        ("智谱新模型启动内测，面向 Max 计划用户开放申请", "", "fact"),
        ("英伟达计划明年推出新芯片", "", "forecast"),
        ("Gemini CLI 推出新版", "新增工具，支持模型提问以澄清指令。", "fact"),
        ("Truffle 披露 API 密钥泄露", "", "fact"),
        ("Anthropic 起诉多个联邦机构", "据报道，Anthropic 已正式提起诉讼。", "fact"),
        ("腾讯内测 QClaw", "据报道，腾讯正在内测名为 QClaw 的应用。", "rumour"),
    ],
)
def test_a_word_of_doubt_counts_only_as_such(title: str, text: str, expected: str) -> None:
    assert tagged(title, text).certainty == expected


@pytest.mark.parametrize(
    ("title", "text", "release"),
    [
        ("某团队开源 HY-Zor 图像框架", "该框架能编辑图像，推理代码与权重已发布。", True),
        ("某团队发布 Zorbex 深度搜索框架", "其 30B 参数模型在评测中领先。", True),
        ("智谱发布 GLM-5 Agent 系列，含开源模型与定制版", "", True),
        ("微软发布 Copilot Cowork 实现多模型集成", "用户描述目标后自动执行。", False),
        ("阿里云百炼上线第三方开源旗舰模型", "", False),
        ("Kilo 发布预发布版 VS Code 扩展，重构核心", "", False),
        ("月之暗面近20天收入超去年全年", "此前发布的 K2.5 大模型带动了收入。", False),
        ("Midjourney 发布 V9.1，生成更快", "Midjourney 正式发布 V9.1 版本。", True),
        ("某团队发布 Zorbex 开放模型 助力量子计算", "", True),
        ("某团队推出开放式世界模型 Happy Zorb 启动体验", "", True),
        (
            "谷歌推出 Flow Zorb，基于 Lyria 3 Pro 模型的音乐工具",
            "谷歌上线了基于 Lyria 3 Pro 模型的音乐工具 Flow Zorb。",
            False,
        ),
        ("千问 Qwen4-Max 模型亮相竞技场", "该模型仍在测试，尚未正式发布。", False),
        ("某厂推出 Zorb 3 LPX", "某厂推出机架级推理加速器，为数据中心提速。", False),
    ],
)
def test_what_comes_with_weights_or_a_size_is_a_model(title: str, text: str, release: bool) -> None:
    releases = ("model_release", "open_source_release", "model_update")
    assert (tagged(title, text).event_type in releases) is release


def test_a_company_in_the_headline_and_ai_in_the_opening_are_no_passing_word() -> None:
    opening = "Apple will hold its conference online in June. Its marketing chief's words were read as a hint at AI."
    assert tagged("Apple sets WWDC24 for June", opening).relevant
    assert not tagged("小米首款汽车上市，售价 21.59 万元", "小米汽车开启交付。" * 60 + "车机有 AI 语音。").relevant


def test_a_word_in_passing_claims_no_type() -> None:
    assert tagged("互联网3.0：人工智能趋势下谷歌等聚合者的风险").event_type_quote == ""
    assert tagged("ChatGPT 停用旧模型").event_type_quote == "停用"


def test_the_first_clause_of_a_headline_tells_the_type() -> None:
    assert tagged("OpenAI 完成 1220 亿美元融资，官宣打造超级应用").event_type == "funding"
    assert tagged("GitHub 更新 Copilot 策略").event_type != "research_paper"


def test_everyday_words_name_no_issuer() -> None:
    assert tagged("AI 数据中心的海底电缆横跨太平洋，几家运营公司的股东都表示看好").securities == ()
    assert [c.id for c in tagged("AI 让患者看到曙光").companies] == []
