"""Facts: value, unit, qualifier, quote and owner; what looks like a fact and is none."""

from __future__ import annotations

import time

import pytest

from pipeline.digest.wording import DETAILS
from pipeline.records import Fact
from tests.pipeline.reading import found

KIMI = (
    "月之暗面宣布，Kimi 智能助手开始内测 200万字无损上下文。",
    "而去年十月面世时，Kimi 只能处理 20万汉字。同类产品里，Claude 2.1 实测约8万字，GPT-4 Turbo 约2.5万字。"
    "要在一个领域入门，过去需要有人花 10 分钟学习基础，如今交给模型阅读即可。",
)
OPEN_SORA = (
    "Open-Sora 1.0 把训练脚本与权重一并公开",
    "对 64 帧、512x512 的视频，训练提速 1.55 倍，整套流程在 8*H800 的机器上跑通；一台服务器能直接训练 1 分钟的 1080p 视频。",
)


def of(facts: tuple[Fact, ...], kind: str) -> list[tuple[object, str]]:
    return [(f.value, f.quote) for f in facts if f.kind == kind]


def test_each_context_length_of_the_founding_week_has_its_product() -> None:
    lengths = {f.value: f for f in found(*KIMI) if f.kind == "context_length"}
    assert set(lengths) == {2_000_000, 200_000, 80_000, 25_000}
    assert all(f.unit == "characters" for f in lengths.values())
    assert [lengths[v].product for v in (2_000_000, 200_000)] == ["kimi", "kimi"]
    assert "Claude" in str(lengths[80_000].subject)
    assert "GPT-4" in str(lengths[25_000].subject)
    assert lengths[80_000].qualifier == lengths[25_000].qualifier == "about"
    assert not lengths[2_000_000].comparison
    assert lengths[80_000].comparison


def test_minutes_of_somebodys_learning_are_no_video() -> None:
    assert of(found(*KIMI), "video_duration") == []


def test_every_figure_of_open_sora_is_found() -> None:
    facts = found(*OPEN_SORA)
    assert of(facts, "frame_count") == [(64, "64 帧")]
    assert of(facts, "resolution") == [("512x512", "512x512"), ("1080p", "1080p")]
    assert of(facts, "training_speedup") == [(1.55, "1.55 倍")]
    assert of(facts, "hardware") == [(8, "8*H800")]
    assert of(facts, "video_duration") == [(60, "1 分钟")]
    assert {f.product for f in facts} == {"open-sora"}


@pytest.mark.parametrize(
    ("text", "kind", "value", "unit"),
    [
        ("某模型支持两百万字上下文", "context_length", 2_000_000, "characters"),
        ("模型支持 128K 上下文", "context_length", 128_000, "tokens"),
        ("The model has a 2M token context window", "context_length", 2_000_000, "tokens"),
        ("该模型共 6710 亿参数", "parameters", 671e9, "parameters"),
        ("万亿参数的大模型", "parameters", 1e12, "parameters"),
        ("a 7B parameter language model", "parameters", 7e9, "parameters"),
        ("with 37B activated parameters per token", "active_parameters", 37e9, "parameters"),
        ("拥有 24 亿活跃参数", "active_parameters", 2.4e9, "parameters"),
        ("OSWorld 得分从 14.0% 大幅提升至 72.5%", "benchmark_score", 72.5, "percent"),
        ("in a deal valued at $20 billion", "money", 2e10, "USD"),
        ("激活参数约 170 亿", "active_parameters", 17e9, "parameters"),
        ("模型在 36 万亿 token 上训练", "training_data", 36e12, "tokens"),
        ("trained on 15T tokens", "training_data", 15e12, "tokens"),
        ("输出速度达每秒 1000 tokens", "throughput", 1000, "token_per_s"),
        ("输入每百万 token 2 元", "price", 2, "CNY_per_mtok"),
        ("priced at $0.25 per million input tokens", "price", 0.25, "USD_per_mtok"),
        ("完成 3 亿美元 B 轮融资", "money", 3e8, "USD"),
        ("投后估值 100 亿元", "money", 1e10, "CNY"),
        ("raises $40M in a seed round", "money", 4e7, "USD"),
        ("周活用户超过 9 亿", "users", 9e8, "users"),
        ("用 2,048 张 H800 训练", "hardware", 2048, "units"),
        ("SWE-bench Verified 得分 76.4%", "benchmark_score", 76.4, "percent"),
        ("scores 93.9% on GPQA Diamond", "benchmark_score", 93.9, "percent"),
        ("采用 Apache 2.0 协议", "licence", "Apache-2.0", "spdx_or_name"),
        ("以 MIT 协议开源", "licence", "MIT", "spdx_or_name"),
        ("生成最长 20 秒视频", "video_duration", 20, "s"),
        ("推理速度提升 5 倍", "training_speedup", 5, "times"),
        ("智谱发布模型 GLM-5，2024年4月8日 起可用", "release_date", "2024-04-08", "date"),
    ],
)
def test_one_fact(text: str, kind: str, value: object, unit: str) -> None:
    assert (kind, value, unit) in [(f.kind, f.value, f.unit) for f in found("某公司的 AI 模型", text)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("学生写了一篇 3 万字的小说", "context_length"),
        ("老师让大家交 800 字作文", "context_length"),
        ("营收增长 3 倍", "training_speedup"),
        ("显存 80 GB 的显卡", "parameters"),
        ("研究人员来自 MIT", "licence"),
        ("花 30 分钟学习这门课程", "video_duration"),
        ("The $5B deal was signed", "parameters"),
        ("每天消耗 20 亿 token", "training_data"),
    ],
)
def test_what_only_looks_like_a_fact_is_none(text: str, kind: str) -> None:
    assert kind not in [f.kind for f in found("AI 新闻", text)]


@pytest.mark.parametrize(
    ("text", "qualifier"),
    [
        ("约 70 亿参数", "about"),
        ("超过 70 亿参数", "more_than"),
        ("高达 70 亿参数", "up_to"),
        ("不到 70 亿参数", "less_than"),
        ("70 亿参数", "exact"),
        ("at least 7 billion parameters", "at_least"),
    ],
)
def test_the_qualifier_is_kept(text: str, qualifier: str) -> None:
    assert [f.qualifier for f in found("", text) if f.kind == "parameters"] == [qualifier]


def test_characters_and_tokens_are_never_mixed() -> None:
    units = {f.quote: f.unit for f in found("Kimi 支持 200 万字上下文，另一版本支持 256K tokens 上下文")}
    assert set(units.values()) == {"characters", "tokens"}


def test_sizes_that_a_name_tells_are_facts_of_that_model() -> None:
    facts = found("Qwen3.5-397B-A17B 发布")
    assert [(f.kind, f.value, f.subject) for f in facts] == [
        ("parameters", 397_000_000_000, "Qwen3.5-397B-A17B"),
        ("active_parameters", 17_000_000_000, "Qwen3.5-397B-A17B"),
    ]


def test_prices_tell_input_from_output() -> None:
    facts = found("DeepSeek 调整 API 价格", "输入每百万 token 2 元，输出每百万 token 8 元。")
    assert [(f.detail, f.value) for f in facts if f.kind == "price"] == [("input", 2), ("output", 8)]


def test_the_time_of_a_figure_is_kept() -> None:
    facts = found("ChatGPT 用户数据", "截至 2024年2月，周活用户达 1.8 亿。")
    assert [f.as_of for f in facts if f.kind == "users"] == ["2024-02"]


def lengths(title: str, text: str = "", day: str = "2024-03-18") -> dict[object, Fact]:
    """The context lengths of a text of some day, by value."""
    return {f.value: f for f in found(title, text, day) if f.kind == "context_length"}


@pytest.mark.parametrize(
    "text",
    [
        "Kimi chatbot goes from 200,000 to 2 million characters of context in beta",
        "Kimi's context goes from 200,000 characters to 2 million characters",
        "Kimi 上下文长度从 20 万提升到 200 万字",
        "Kimi 上下文长度从20万字扩展至200万字",
    ],
)
def test_a_change_has_what_held_before_and_what_holds_now(text: str) -> None:
    known = lengths(text)
    assert {v: f.comparison for v, f in known.items()} == {200_000: True, 2_000_000: False}


def test_a_range_shares_its_multiplier() -> None:
    assert [
        f.value
        for f in found("A range of models", "The models have 3 to 5 billion parameters.")
        if f.kind == "parameters"
    ] == [5e9]


@pytest.mark.parametrize(
    "text",
    [
        "Kimi 智能助手2023年10月发布时支持约20万汉字的无损输入长度，此次把上限提高到200万字。",
        "对照去年10月首发时的20万汉字，Kimi 的上下文达到了现在的200万字。",
        "去年十月面世时，Kimi 支持的长度为20万汉字。如今 Kimi 的上下文是200万字。",
        "Kimi handled 200,000 characters of context when it launched in October 2023; now it takes 2 million characters of context.",
    ],
)
def test_what_held_when_it_came_out_is_dated_and_a_comparison(text: str) -> None:
    known = lengths("Kimi 上下文长度升级", text)
    assert (known[200_000].comparison, known[200_000].as_of) == (True, "2023-10")
    assert (known[2_000_000].comparison, known[2_000_000].as_of) == (False, None)


def test_rivals_of_that_time_share_its_date() -> None:
    known = lengths(
        "Kimi 长文本", "去年10月产品推出时，Kimi 支持的长度为20万汉字，已高于同期海外产品：Claude-100k 约能处理8万字。"
    )
    assert [(known[v].as_of, known[v].comparison) for v in (200_000, 80_000)] == [("2023-10", True)] * 2


def test_what_comes_out_now_is_no_comparison() -> None:
    known = lengths("Kimi 长文本", "Kimi 3月18日上线时支持200万字上下文。")
    assert (known[2_000_000].comparison, known[2_000_000].as_of) == (False, None)


def test_a_product_that_another_is_likened_to_owns_no_figure() -> None:
    facts = found(
        "Colossal-AI 团队全面开源类 Sora 视频模型 Open-Sora 1.0", "在64帧的视频上，它可把训练速度提升1.55倍。"
    )
    assert {f.product for f in facts} == {"open-sora"}


def test_figures_in_a_list_belong_to_the_names_in_turn() -> None:
    known = lengths(
        "三六零：360智脑500万字长文本功能开启内测",
        "本周月之暗面、阿里巴巴和三六零相继提高了各自产品的长文本上限，分别为200万字、1000万字和500万字。",
    )
    assert [known[v].subject for v in (2_000_000, 10_000_000, 5_000_000)] == ["moonshot-ai", "alibaba", "360智脑"]
    assert [known[v].comparison for v in (2_000_000, 10_000_000, 5_000_000)] == [True, True, False]


def test_figures_in_an_english_list_belong_to_the_names_in_turn() -> None:
    facts = found(
        "New open models", "Qwen3 and GLM-4 have 32 billion parameters and 9 billion parameters, respectively."
    )
    assert [(f.subject, f.value) for f in facts if f.kind == "parameters"] == [("Qwen3", 32e9), ("GLM-4", 9e9)]


def test_rivals_lengths_belong_to_them() -> None:
    known = lengths(
        "360智脑内测500万字长文本处理功能，将入驻360AI浏览器",
        "这是继 Kimi 的200万字和通义千问的1000万字之后，同一周内又一家国内公司提高长文本上限。",
    )
    assert {v: (f.subject, f.comparison) for v, f in known.items()} == {
        5_000_000: ("360智脑", False),
        2_000_000: ("Kimi", True),
        10_000_000: ("通义千问", True),
    }


@pytest.mark.parametrize(
    "text", ["Mistral releases Mixtral 8x7B", "A new 8x-7B mixture of experts model", "Mixtral 8x-7B 开源"]
)
def test_a_number_of_experts_is_no_size(text: str) -> None:
    assert of(found(text), "parameters") == []


def test_a_figure_before_any_product_is_named_belongs_to_none_of_those_that_follow() -> None:
    facts = found("本周随想", "某应用的会员价格为 399 元/年。另外，GPT-4 可以写代码，Claude 3 可以长文写作。")
    assert [f.product for f in facts if f.kind == "price"] == [None]


def test_a_size_belongs_to_the_name_that_it_leads_to() -> None:
    facts = found(
        "两个团队开源语音模型", "OpenMOSS 团队联合开源了仅有 0.1B 参数的多语言微型语音生成模型 MOSS-TTS-Nano。"
    )
    assert [f.subject for f in facts if f.kind == "parameters"] == ["MOSS-TTS-Nano"]


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("月之暗面完成7亿美元融资，阿里巴巴和腾讯参与投资，公司投后估值超过100亿美元。", "moonshot-ai"),
        ("对标 Palantir，「中科世通亨奇」完成近2亿元A+及B轮融资。", None),
        ("微软或将起诉 OpenAI 与亚马逊，涉 500 亿美元云协议。", None),
        ("该公司为 OpenAI 供货，Lucid 宣布获得10亿美元的投资。", None),
        ("为留住英伟达，挪威政府计划斥资 25 亿欧元投资基建。", None),
        ("谷歌网站显示，某厂商签下 6 亿欧元的合同。", None),
    ],
)
def test_money_belongs_to_who_acts_in_its_clause_or_to_nobody(text: str, owner: str | None) -> None:
    money = [f for f in found("", text) if f.kind == "money"]
    assert money
    assert {f.subject for f in money} == {owner}


@pytest.mark.parametrize(
    "text",
    [
        "用户信任积累使 Agent 单次自主运行时长已增长至45分钟以上，生成更稳。",
        "The framework enables fine-tuning up to 175B parameter models on consumer GPUs.",
        "xAI 说这并非网传的 1T 模型。",
        "当上下文 < 256k 时，消耗倍率为两倍。",
        "The team leads open-weights benchmarks.",
        "The chip is capable of training models up to 24 trillion parameters on one device.",
        "该公司的 AI 工程师领取月薪 8 万元。",
        "OpenAI 拟组建一家投前估值 100 亿美元的合资企业。",
        "基金对 AI 公司的持仓市值 141 亿元。",
        "AI 概念股午后加速下行，沪指跌超 1%。",
        "（正文约 2800 字，预计阅读时间 6 分钟）AI 窗口期",
        "The AI workflow pairs a 4x upscaler for speed.",
        "AI 原视频长 5 分 54 秒。",
        "社区担心没有 open-weight 模型。",
    ],
)
def test_what_only_looks_like_a_measure_is_no_fact(text: str) -> None:
    assert found("", text) == ()


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("超越 Sora 极限，120 秒 AI 视频诞生", None),
        ("7B 大模型测试成绩超 GPT-4", None),
        ("Qwen 3.5 发布，用户可在 Qwen Chat 上体验，权重已发布，为 27B 参数", "Qwen 3.5"),
        ("智谱发布龙虾套餐，GLM-5-Turbo 上下文 200K", "GLM-5-Turbo"),
        ("谷歌推出 Lyria 3 Pro 模型，最长生成三分钟音轨", "Lyria 3 Pro"),
    ],
)
def test_a_figure_is_neither_the_rivals_nor_the_places_where_a_model_can_be_had(text: str, owner: str | None) -> None:
    (fact,) = (f for f in found(text) if f.kind in ("parameters", "context_length", "video_duration"))
    assert fact.subject == owner
    assert not fact.comparison


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("Zorb-7B 采用 Agent-Ops-6K 数据集训练，支持 128K 上下文", "Zorb-7B"),
        ("Zorb-7B 的 Thinker 模块升级，支持 128K 上下文", "Zorb-7B"),
        ("Zorb-7B 以 Kimi K2.5（MoE 模型）为基座，支持 128K 上下文", "Zorb-7B"),
        ("作为 LTX-2 的重大升级，Zorb-7B 面世，支持 128K 上下文", "Zorb-7B"),
        ("Zorb-7B 在现有的 EXAONE 4.0 框架中集成编码器，支持 128K 上下文", "Zorb-7B"),
        ("Zorb-7B 显著优于上一代 GPT-5 mini，支持 128K 上下文", "Zorb-7B"),
        ("智谱发布 Zorb-7B 模型。该模型优于 GPT-4o。该模型支持 128K 上下文。", "Zorb-7B"),
        ("发布两款模型。前者优于 Zorb-7B，后者支持 128K 上下文。", None),
    ],
)
def test_a_length_belongs_to_what_the_sentence_is_about(text: str, owner: str | None) -> None:
    assert [f.subject for f in found(text) if f.kind == "context_length"] == [owner]


@pytest.mark.parametrize(
    "text",
    [
        "该 AI 芯片支持 10T+ 参数。",
        "翻译模型性能甚至匹配 70B 参数 LLM 基准。",
        "加载 0.5B 参数的 LoRA 适配器。",
        "Llama performance at 70B price.",
        "千问承诺在总用户数达到 1000 万之前不变。",
        "Claude 目前日增用户超百万。",
        "AI 新方法使精度提升 2 倍，速度不变。",
        "MCP 工具结果大小上限提升至 500K 字符，AI 上下文不变。",
        "AI 计算成本甚至低于 1.3B 模型。",
        "OpenAI 今年广告收入目标为 24 亿美元。",
        "AI 上下文不变，最大输出 128K Tokens。",
        "AI 方案带来 2 成速度提升和 60% 显存优化。",
    ],
)
def test_what_belongs_to_no_model_of_the_text_is_left_out(text: str) -> None:
    assert found("", text) == ()


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("OpenAI 完成融资，本轮融资由亚马逊注资 500 亿美元。", "amazon"),
        ("亚马逊、谷歌等巨头计划投入约 6500 亿美元。", None),
        ("亚马逊正洽谈向 OpenAI 投资高达 500 亿美元。", "amazon"),
        ("Thinking Machines Lab 获投。英伟达将投资该公司，其投后估值已超 120 亿美元。", "thinking-machines"),
    ],
)
def test_who_gives_the_money_owns_the_deal_and_its_means_the_headlines_company(text: str, owner: str | None) -> None:
    title, _, rest = text.partition("。")
    assert [f.subject for f in found(title, rest or title) if f.kind == "money"] == [owner]


def test_what_a_device_costs_is_no_models_price() -> None:
    assert [f.subject for f in found("千问发布 AI 眼镜，售价低至 1997 元")] == ["alibaba"]


def test_one_more_model_without_a_name_has_its_own_size() -> None:
    text = "当前 Grok 4.20 模型参数规模为 0.5T，全新 1T 参数模型下月面世，1.5T 参数模型需更久。"
    assert {f.value: f.subject for f in found(text)} == {5e11: "Grok 4.20", 1e12: None, 1.5e12: None}


def test_sizes_from_to_are_both_read() -> None:
    text = "We release Yuan 2.0 with parameters ranging from 2.1 billion to 102.6 billion."
    assert [f.value for f in found(text)] == [2.1e9, 102.6e9]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("OpenAI 净收入 4.6 亿美元同比增 3% 净利下滑", "revenue"),
        ("OpenAI 营收翻倍，净亏损扩大至 4.72 亿美元", "loss"),
        ("OpenAI 以 3 亿美元收购 Statsig", "deal"),
    ],
)
def test_an_amount_is_what_its_nearest_word_says(text: str, detail: str) -> None:
    assert [f.detail for f in found(text) if f.kind == "money"] == [detail]


def test_a_size_that_its_name_contradicts_is_left_open() -> None:
    sizes = {
        f.value: f.subject
        for f in found("", "Alibaba released Qwen3.5-9B. It hints at larger versions like a 27B model.")
    }
    assert sizes == {9e9: "Qwen3.5-9B", 27e9: None}


def test_a_figure_told_twice_is_kept_by_its_fullest_name() -> None:
    facts = found("Reka 发布 70 亿参数 Reka Edge 模型并开源", "Reka 发布了 70 亿参数的多模态模型 Reka Edge。")
    assert [f.subject for f in facts if f.kind == "parameters"] == ["Reka Edge"]


def test_every_kind_of_amount_has_its_words_in_the_digest() -> None:
    assert {f"money.{purpose}" for purpose in ("raised", "valuation", "revenue", "profit", "loss", "deal")} <= set(
        DETAILS
    )


@pytest.mark.parametrize("filling", ["和", "在和", "、a", "，其", "a, ", "（", "的"])
def test_endless_lists_are_read_in_bounded_time(filling: str) -> None:
    start = time.process_time()
    found("智谱发布 GLM-5 模型", "在 GLM-5 " + filling * 4000 + "x GLM-5 " + filling * 4000 + " 支持 128K 上下文")
    assert time.process_time() - start < 2
