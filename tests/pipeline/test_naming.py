"""Who and what a headline names: chiefs and devices stand for companies; shops, pasts, applause and everyday words for none."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from knowledge.index import in_office
from knowledge.schema import Chief
from pipeline.actors import actors
from pipeline.records import CompanyTag
from pipeline.tag import tag
from tests.factories import make_document, make_event, make_report
from tests.pipeline.reading import lexicon, tagged


def a_chief(**given: object) -> Chief:
    row = {"names": ["Ada"], "role": "CEO", "source": ["s"], "evidence": "read", "as_of": "2024-03-01", **given}
    return Chief.model_validate(row)


def actors_of(title: str) -> list[str]:
    """Whom the event of one headline is about."""
    event = make_event(reports=(make_report("d", title=title),)).model_copy(
        update={"companies": tagged(title).companies, "event_type": tagged(title).event_type}
    )
    return [actor.company for actor in actors(event, lexicon().knowledge)]


def test_a_chief_is_in_office_from_the_last_day_of_the_start_to_the_first_of_the_end() -> None:
    chief = a_chief(since="2021-02", until="2024-12-01")
    assert [in_office(chief, day) for day in (date(2021, 2, 27), date(2021, 2, 28))] == [False, True]
    assert [in_office(chief, day) for day in (date(2024, 11, 30), date(2024, 12, 1))] == [True, False]
    assert in_office(a_chief(), date(1999, 1, 1))


@pytest.mark.parametrize(
    ("title", "company"),
    [
        ("黄仁勋斯坦福大学演讲", "nvidia"),
        ("为什么雷军选择造车而不是进军AI？", "xiaomi"),
        ("Lisa Su on the next ten years of AI chips", "amd"),
    ],
)
def test_a_chief_in_the_headline_makes_it_the_news_of_the_company(title: str, company: str) -> None:
    first = tagged(title).companies[0]
    assert (first.id, first.rule, first.role) == (company, "person", "actor")
    assert company in actors_of(title)


def test_who_leads_several_companies_stands_for_none() -> None:
    assert tagged("马斯克警告：AI 将被电力卡脖子").companies == ()


def test_before_the_office_a_name_shows_no_company() -> None:
    early = datetime(2014, 1, 6, tzinfo=UTC)
    document = make_document(title="苏姿丰：AI 芯片的十年", published_at=early, first_seen_at=early)
    assert tag(document, lexicon()).companies == ()


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("黄仁勋都点赞的AI制药公司，英矽智能更新招股书", ["insilico"]),
        ("获千万级天使轮融资，华为系团队以AI大模型改造用工模式", []),
        ("腾讯参投的AI音乐应用快速崛起", []),
        ("有钱任性，收购不停，苹果能否追赶Open AI？", ["apple"]),
        ("「开花传媒」获百万级种子轮融资，主攻品牌抖音店铺代运营", []),
    ],
)
def test_applause_a_past_a_backer_a_rival_and_a_shop_in_a_headline_act_nowhere(title: str, wanted: list[str]) -> None:
    assert actors_of(title) == wanted


def test_a_device_in_the_headline_is_its_maker_s_news_but_brings_no_ties_along() -> None:
    title = "iPhone 16用上百度AI，华强北成大赢家"
    assert set(actors_of(title)) == {"apple", "baidu"}
    device = CompanyTag(id="apple", relevance=60, role="actor", quote="iPhone", rule="instrument")
    event = make_event(reports=(make_report("d", title=title),)).model_copy(update={"companies": (device,)})
    assert [(one.company, one.tied) for one in actors(event, lexicon().knowledge)] == [("apple", False)]


def test_a_device_alone_is_no_word_of_ai() -> None:
    assert not tagged("新款iPhone SE挤牙膏").relevant


def test_a_company_whose_shares_move_in_a_sentence_is_named_as_a_stock() -> None:
    text = "AI 浪潮之下，戴尔这家硬件生产商的股价因为技术带动销售增长的预期，单日内暴涨逾30%。"
    assert [(s.id, s.rule) for s in tagged("AI 的赢家", text).securities] == [("NYSE:DELL", "moved")]
    assert tagged("AI 的赢家", "戴尔发布新的 AI 服务器，股民欢呼。").securities == ()


def test_a_broker_who_gives_an_opinion_is_no_stock_of_the_text() -> None:
    said = tagged("算力概念活跃", "中信建投认为，AI 算力板块有望继续上涨。").securities
    named = tagged("算力概念活跃", "中信建投涨停，AI 算力板块上涨。").securities
    assert (said, [s.id for s in named]) == ((), ["601066.SH"])


def test_a_host_of_code_acts_only_where_the_headline_says_so() -> None:
    text = "上图是输入“github”的生成结果，它的代码仓库在 GitHub。"
    tags = tagged("AI 时间线", text)
    event = make_event(reports=(make_report("d", title="AI 时间线"),)).model_copy(update={"companies": tags.companies})
    assert actors(event, lexicon().knowledge) == []
    assert "microsoft" in actors_of("GitHub 发布 AI 编程智能体")


def test_what_a_headline_says_was_built_in_is_the_other_side() -> None:
    assert "tencent" in actors_of("OpenClaw 发布新版本内置 QQ Bot 原生插件")
    assert "netflix" not in actors_of("音频版 Netflix 快速崛起")


def test_the_credit_of_a_picture_names_no_stock() -> None:
    text = "美国要求盟友加强对华芯片管制。\n图为日本某公司的真空晶圆机器人。（视觉中国）\n彭博社称"
    assert tagged("美国要求盟友加强对华芯片管制", text).securities == ()


def test_everyday_words_make_no_list_of_shares_and_an_online_course_is_no_stock() -> None:
    said = tagged(
        "人形机器人与太阳能：中文在线学习的 AI", "大学生用中文在线学习平台学 AI，同花顺数据显示机器人行业向好。"
    )
    assert said.securities == ()
    listed = tagged("机器人、太阳能、中文在线等 AI 概念股涨停").securities
    assert [s.id for s in listed] == ["300024.SZ", "000591.SZ", "300364.SZ"]
