"""Tagging: names and their conditions, the actor, new names, modalities, event type, certainty, shares, and what is off topic."""

from __future__ import annotations

import pytest

from pipeline.records import Tags
from pipeline.tag import explain
from tests.factories import make_document
from tests.pipeline.reading import lexicon, tagged


def companies(tags: Tags) -> list[str]:
    return [c.id for c in tags.companies]


def products(tags: Tags) -> list[str]:
    return [p.name for p in tags.products]


@pytest.mark.parametrize("title", ["OpenAI 发布新模型", "openai releases a model", "ＯｐｅｎＡＩ 发布新模型"])
def test_a_company_is_found_in_any_form(title: str) -> None:
    assert companies(tagged(title)) == ["openai"]


def test_traditional_characters_name_the_same_company() -> None:
    assert companies(tagged("騰訊開源新模型")) == companies(tagged("腾讯开源新模型")) == ["tencent"]


def test_a_small_meta_is_no_company() -> None:
    assert "meta" not in companies(tagged("A meta analysis of language models", "We propose meta learning for LLMs."))
    assert companies(tagged("Meta releases Llama 4"))[0] == "meta"


def test_an_ambiguous_name_needs_its_context() -> None:
    assert companies(tagged("苹果今年丰收", "果农说苹果价格上涨。")) == []
    assert companies(tagged("苹果发布新系统", "苹果在 WWDC 上公布 Siri 的新能力。")) == ["apple"]


def test_a_nested_name_is_not_also_the_shorter_one() -> None:
    tags = tagged("Google DeepMind releases a new model")
    assert [c.quote for c in tags.companies] == ["Google DeepMind"] * len(tags.companies)


def test_a_name_inside_a_word_is_none() -> None:
    assert companies(tagged("An armchair for the metaverse", "AI art in a charm shop")) == []


def test_a_product_implies_its_maker() -> None:
    assert companies(tagged("ChatGPT 新增记忆功能"))[0] == "openai"


def test_the_actor_comes_first_even_when_others_are_named() -> None:
    tags = tagged("阿里巴巴开源新模型，性能超越 OpenAI", "该模型优于 DeepSeek 和 Anthropic 的模型。")
    assert companies(tags)[0] == "alibaba"
    assert [c.role for c in tags.companies[:2]] == ["actor", "mentioned"]
    assert tags.companies[0].relevance > tags.companies[1].relevance


def test_the_one_whose_model_another_uses_is_not_the_actor() -> None:
    assert companies(tagged("Perplexity 推出基于 OpenAI 模型的语音模式"))[0] == "perplexity"


def test_an_official_source_counts_as_evidence() -> None:
    tags = tagged("Introducing our new voice model", "Available today.", source_company="elevenlabs")
    assert companies(tags) == ["elevenlabs"]
    assert tags.companies[0].rule == "source"


@pytest.mark.parametrize("written", ["Qwen3.5", "Qwen-3.5", "Qwen 3.5"])
def test_hyphen_and_space_make_no_difference(written: str) -> None:
    tags = tagged(f"{written} released")
    assert products(tags)[0] == written
    assert tags.products[0].company
    assert "alibaba" in companies(tags)


@pytest.mark.parametrize(
    "name", ["Zorbex-7B", "QuilVLM-2.1-Pro", "NimbusCoder-V3", "Tarn 3.5 Flash", "Veltra-OCR", "INTELLECT-9.1"]
)
def test_a_name_never_seen_is_found_by_its_shape(name: str) -> None:
    tags = tagged(f"某团队发布 {name} 模型")
    assert name in products(tags)
    assert next(p for p in tags.products if p.name == name).id is None or name.startswith("INTELLECT")


def test_what_hangs_on_a_name_by_a_hyphen_is_no_part_of_it() -> None:
    assert "GPT-4" in products(tagged("A GPT-4-level model from a small lab"))


def test_hardware_and_benchmarks_are_no_new_models() -> None:
    assert products(tagged("训练用了 RTX 5090 和 4K 视频", "AI 服务器有 8 张卡，支持 PCIe 与 USB。")) == []


def test_modalities_come_from_what_is_known_of_the_product() -> None:
    assert "video" in tagged("OpenAI 发布 Sora").modalities.output


def test_modalities_of_an_unknown_model_come_from_the_words() -> None:
    tags = tagged("某团队开源 Zorbex 文生图模型", "可用文字提示词做图像编辑。")
    assert "image" in tags.modalities.output
    assert "text" not in tags.modalities.output


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("智谱发布 GLM-5 大模型", "model_release"),
        ("腾讯开源混元图像模型权重", "open_source_release"),
        ("OpenAI 推出 ChatGPT 购物功能", "product_launch"),
        ("某 AI 公司完成 5 亿美元 C 轮融资，红杉领投", "funding"),
        ("英伟达收购 AI 初创公司", "acquisition"),
        ("DeepSeek 宣布 API 降价", "pricing_change"),
        ("OpenAI 首席科学家离职", "people_move"),
        ("纽约时报起诉 OpenAI 侵权", "incident"),
        ("Anthropic raises $3 billion in Series E funding round", "funding"),
        ("Mistral AI releases a new 24B model under Apache 2.0", "open_source_release"),
        ("智谱递表港交所，拟 IPO", "ipo_listing"),
    ],
)
def test_event_type(title: str, expected: str) -> None:
    assert tagged(title).event_type == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("智谱发布新模型", "fact"),
        ("据传 OpenAI 将推出新模型", "rumour"),
        ("OpenAI 否认将关闭 Sora", "denial"),
        ("OpenAI 是否会开源 GPT-4？", "question"),
        ("OpenAI 预计明年推出新模型", "forecast"),
        ("ChatGPT 一周年回顾", "retrospect"),
        ("Apple is reportedly in talks to license Gemini", "rumour"),
    ],
)
def test_certainty(title: str, expected: str) -> None:
    tags = tagged(title)
    assert tags.certainty == expected
    assert bool(tags.certainty_quote) == (expected != "fact")


def test_a_release_that_has_not_happened_is_no_release() -> None:
    assert tagged("消息称 OpenAI 将发布 GPT-9 模型").event_type == "rumor"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("中文在线（300364）涨停", "300364.SZ"),
        ("300364.SZ 今日大涨", "300364.SZ"),
        ("SZ300364 封板", "300364.SZ"),
        ("腾讯 0700.HK 收盘上涨", "00700.HK"),
        ("NVIDIA (NASDAQ: NVDA) reported", "NASDAQ:NVDA"),
        ("$BABA jumps on AI news", "NYSE:BABA"),
        ("Kimi概念股走强，中文在线、掌阅科技涨停", "300364.SZ"),
    ],
)
def test_a_share_is_named_in_any_spelling(text: str, expected: str) -> None:
    assert expected in [s.id for s in tagged("", text).securities]


def test_an_everyday_word_is_a_share_only_among_shares() -> None:
    assert tagged("", "人形机器人展出，机器人会跳舞，太阳能板供电").securities == ()
    assert tagged("", "机器人概念股大涨，产业链活跃").securities == ()
    assert "300024.SZ" in [s.id for s in tagged("", "盘中机器人、新时达、埃斯顿涨停").securities]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("奶茶品牌扩张门店", ""),
        ("A股收评：三大指数收跌", "英伟达概念股走弱，AI 板块回调。"),
        ("海边度假指南", "酒店很好。"),
        ("某平台商家加速出海，TikTok 电商进退两难", "卖家称物流成本偏高。"),
    ],
)
def test_what_is_not_about_ai_is_rejected_with_a_reason(title: str, text: str) -> None:
    tags = tagged(title, text)
    assert not tags.relevant
    assert tags.reason


@pytest.mark.parametrize(
    "title",
    [
        *("大模型价格战开打", "Sora 团队罕见专访", "OpenAI 机器人亮相", "New LLM tops the leaderboard"),
        *(
            "OpenRouter 传拟融资 1.2 亿美元",
            "NVIDIA 公布创纪录财报",
            "An object detection method with semi-supervised training",
        ),
    ],
)
def test_what_is_about_ai_is_kept(title: str) -> None:
    assert tagged(title).relevant


def test_every_tag_is_explained_with_quote_rule_and_weight() -> None:
    document = make_document(title="月之暗面发布 Kimi K2 模型", text="它是一款开源大语言模型。")
    lines = explain(document, lexicon())
    assert any(line.tag.startswith("company moonshot-ai") and line.quote and (line.weight or 0) > 50 for line in lines)
    assert any(line.tag.startswith("event_type ") for line in lines)
    assert all(line.quote in f"{document.title}\n{document.text}" and line.rule for line in lines)


def test_a_product_that_another_is_likened_to_is_not_the_product() -> None:
    tags = tagged("Colossal-AI 团队全面开源类 Sora 视频模型 Open-Sora 1.0")
    assert products(tags)[0].startswith("Open-Sora")
    assert companies(tags)[0] != "openai"


def test_what_a_product_takes_in_today_is_not_claimed_for_then() -> None:
    assert tagged("月之暗面 Kimi 启动200万字无损上下文内测").modalities.input == ("text",)
    assert tagged("OpenAI 发布 Sora").modalities.input == ()


@pytest.mark.parametrize(
    ("title", "actor"),
    [
        ("能力号称接近 GPT-4，Databricks 发布最强开源大模型", "databricks"),
        ("7B大模型测试成绩超GPT-4，微软新研究解决工具调用难题", "microsoft"),
        ("原百度副总裁加入阿里巴巴", "alibaba"),
        ("开源版OpenAI机器人打造，斯坦福团队祭出灵巧手", "stanford"),
        ("Former Google researcher joins Anthropic", "anthropic"),
    ],
)
def test_neither_the_measure_nor_the_former_employer_is_the_actor(title: str, actor: str) -> None:
    assert companies(tagged(title))[0] == actor


def test_an_app_where_others_do_things_says_little_of_its_owner_unless_it_acts() -> None:
    place, actor = tagged("安徽前首富，抖音“续命”"), tagged("抖音上线 AI 新功能")
    assert place.companies[0].id == actor.companies[0].id == "bytedance"
    assert place.companies[0].relevance < 50 < actor.companies[0].relevance
    posted = tagged("总统发帖回应人工智能争议", "总统在 Instagram 账号上发布了一则帖文。")
    assert all(company.relevance < 50 for company in posted.companies)


def test_a_market_wrap_names_the_shares_of_which_it_says_how_they_moved() -> None:
    text = "亚马逊、微软涨超2%，特斯拉一度跌近3%。摩根大通首次给予超微电脑买入评级。"
    tags = tagged("美股收盘：三大指数齐涨，英伟达再创新高", text)
    assert {s.id for s in tags.securities} >= {"NASDAQ:NVDA", "NASDAQ:AMZN", "NASDAQ:MSFT", "NASDAQ:TSLA"}
    assert not {"NYSE:JPM", "NASDAQ:SMCI"} & {s.id for s in tags.securities}
    assert "NASDAQ:NVDA" not in {s.id for s in tagged("英伟达发布新芯片", "英伟达的对手跌了。").securities}


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("高德纳验证大模型攻克图论难题", ""),
        ("旧金山举办人工智能大会", "据微信公众号消息，AI浪潮中人们联想到字节级模型。"),
        ("人工智能照片", "来源：视觉中国。"),
        ("@midjourney_man 谈人工智能", ""),
    ],
)
def test_names_inside_longer_words_credits_and_handles_name_no_company(title: str, text: str) -> None:
    assert [c.id for c in tagged(title, text).companies] == []
