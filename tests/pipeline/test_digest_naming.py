"""Headlines that name who did what, and lines that an analyst would sign: nobody's act is made up where titles are vague."""

from __future__ import annotations

import pytest

from pipeline.compare import Earlier, compare
from pipeline.digest import Week, comparing, parse_period, render, unsupported
from pipeline.digest.coming import coming
from pipeline.digest.heading import clean_title, cut
from pipeline.digest.linked import touched
from pipeline.digest.shape import Both
from pipeline.digest.stated import main_facts
from pipeline.digest.telling import headline, opening
from pipeline.records import CompanyTag, EventFact, ProductTag, Reason
from tests.pipeline.founding_week import WEEK, ZONE, context, founding_week, kimi, knowledge, link, ranked
from tests.pipeline.test_digest import written
from tests.pipeline.test_digest_prose import headed, ledger


def test_the_words_that_show_the_type_say_what_was_done_to_which_product() -> None:
    event = headed("这家创企做出了长文本，能力号称接近GPT-4", None).model_copy(
        update={"event_type": "model_release", "event_type_quote": "introduced Kimi"}
    )
    said = headline(event, ledger())
    assert (said.zh, said.en) == ("月之暗面发布Kimi", "Moonshot AI releases Kimi")
    assert "月之暗面发布Kimi，报道题为“这家创企做出了长文本，能力号称接近GPT-4”" in opening(event, WEEK, ledger()).zh


def test_a_question_or_a_shout_gives_way_to_a_calm_statement() -> None:
    event = headed(
        "Kimi 凭什么敢对大厂亮剑", None, ("炸裂！Kimi一夜颠覆长文本", "zh"), ("Kimi开放200万字长文本，对大厂亮剑", "zh")
    )
    assert headline(event, ledger()).zh == "Kimi开放200万字长文本，对大厂亮剑"


def test_what_is_only_the_measure_of_another_does_not_make_a_clause_name_somebody() -> None:
    event = headed("全球首个长文本助手来了，超越Kimi震撼业界", None)
    assert headline(event, ledger()).zh == "全球首个长文本助手来了"


@pytest.mark.parametrize(
    ("title", "turn"),
    [
        ("Moonshot AI released a new base model at a hackathon for 500 teams", "月之暗面发布新模型"),
        ("Moonshot AI released a set of cookbooks for agents and search", None),
        ("A lab in Paris released a new model that Moonshot AI people like", None),
        ("Moonshot AI will have released a new model before long, they say", None),
    ],
)
def test_a_release_told_abroad_is_told_as_one_only_where_a_title_says_who_released_a_model(
    title: str, turn: str | None
) -> None:
    company = CompanyTag(id="moonshot-ai", relevance=99, role="actor", quote="Moonshot AI")
    event = headed(None, title).model_copy(
        update={"event_type": "model_release", "event_type_quote": "released", "companies": (company,), "products": ()}
    )
    told = headline(event, ledger()).zh
    assert told == turn if turn else "发布新模型" not in told + opening(event, WEEK, ledger()).zh


def test_an_english_headline_in_chinese_words_says_in_english_who_acts() -> None:
    event = headed("月之暗面的全员信：适当精简规模", None).model_copy(
        update={"products": (), "event_type": "people_move"}
    )
    assert headline(event, ledger()).en == "Moonshot AI: “月之暗面的全员信：适当精简规模” (in Chinese)"


def test_a_product_that_bears_its_makers_name_is_not_called_by_it_twice() -> None:
    tencent = CompanyTag(id="tencent", relevance=99, role="actor", quote="腾讯")
    model = ProductTag(id="hunyuan", name="腾讯混元", company="tencent", relevance=99, quote="腾讯混元")
    event = headed("腾讯混元发布", None).model_copy(
        update={"event_type": "model_release", "companies": (tencent,), "products": (model,)}
    )
    assert headline(event, ledger()).zh == "腾讯发布混元"


def test_who_acts_with_others_is_not_told_to_have_released_itself() -> None:
    event = headed("Kimi联合清华推出图生视频大模型“跟手”", None)
    assert headline(event, ledger()).zh != "月之暗面推出Kimi"


def test_whoever_what_is_told_does_not_name_is_no_issuer_of_it() -> None:
    event = kimi().model_copy(
        update={"companies": (CompanyTag(id="qihoo360", relevance=95, role="actor", quote="三六零"),)}
    )
    one = ranked(event, 90, links=(link("ev-kimi", "601360.SH", direct=True, relation="issuer", strength="high"),))
    told = touched(one, (Both(zh="月之暗面升级Kimi", en="Moonshot AI upgrades Kimi"),), ledger(), first=False)
    assert told is not None
    assert "文中另提及三六零（601360.SH）" in told.zh
    named = touched(one, (Both(zh="三六零开启内测", en=""),), ledger(), first=False)
    assert named is not None
    assert "当事公司为三六零（601360.SH）" in named.zh


def test_kinds_that_no_words_show_are_not_counted() -> None:
    unsaid = [
        one.model_copy(update={"event": one.event.model_copy(update={"event_type_quote": ""})})
        for one in founding_week()
    ]
    said = [
        one.model_copy(update={"event": one.event.model_copy(update={"event_type_quote": "推出"})})
        for one in founding_week()
    ]
    assert "其中" not in written(unsaid).summary[0].zh
    assert "among them" not in written(unsaid).summary[0].en
    assert "其中" in written(said).summary[0].zh


def test_events_of_next_to_no_importance_are_counted_and_get_no_line() -> None:
    crime = headed("网传某地少年遇害，父亲登录微信找到证据", None).model_copy(
        update={"id": "ev-crime", "certainty": "rumour"}
    )
    digest = written([*founding_week(), ranked(crime, 3.2)])
    assert "ev-crime" in digest.inputs
    assert "ev-crime" not in {line.event_id for line in (*digest.rumours, *digest.others)}
    assert "ev-crime" in {line.event_id for line in written([*founding_week(), ranked(crime, 30)]).rumours}


def test_a_question_sets_no_date() -> None:
    asked = headed("4月24日是“中国航天日”，能用AI创作吗？", None).model_copy(update={"certainty": "question"})
    said = headed("Kimi 4月24日起按量计费", None)
    assert not coming([ranked(asked, 50)], WEEK, ledger())
    assert coming([ranked(said, 50)], WEEK, ledger())


def test_two_lengths_of_one_product_are_two_settings_and_neither_is_told() -> None:
    def lasting(seconds: int) -> EventFact:
        return context(seconds, f"{seconds}秒", "Kimi", "k1", "kimi").model_copy(
            update={"kind": "video_duration", "unit": "s"}
        )

    title = "Kimi开放长文本，30秒成曲，如今可达120秒"
    one = headed(title, None).model_copy(update={"facts": (lasting(30),)})
    both = one.model_copy(update={"facts": (lasting(30), lasting(120))})
    assert [f.value for f in main_facts(one, ledger())] == [30]
    assert not main_facts(both, ledger())


@pytest.mark.parametrize(
    ("title", "cleaned"),
    [
        (
            "如何评价 suno.ai 发布的最新音乐生成模型 V3 Alpha？将对音乐产业带来哪些影响？",
            "suno.ai 发布最新音乐生成模型 V3 Alpha",
        ),
        ("突发，某公司CEO离任", "某公司CEO离任"),
        ("欧洲通过全球首部人工智能法案 违反者最多将被罚7%", "欧洲通过全球首部人工智能法案，违反者最多将被罚7%"),
    ],
)
def test_a_title_is_told_as_a_statement(title: str, cleaned: str) -> None:
    assert clean_title(title) == cleaned


def test_a_cut_text_does_not_end_within_a_phrase() -> None:
    words = "The first production-grade model using a hybrid architecture of two kinds"
    assert cut(words, 48, "en") == "The first production-grade model…"


def test_what_held_before_is_not_said_of_the_version_that_is_new() -> None:
    event = kimi().model_copy(
        update={
            "facts": (
                context(32_000, "32K", "Mistral 7B v0.2", "k1").model_copy(update={"unit": "tokens"}),
                context(8_000, "8K", "Mistral 7B v0.2", "k1", comparison=True).model_copy(update={"unit": "tokens"}),
            ),
            "title_zh": "Mistral 7B v0.2 的上下文由8K增至32K",
            "title_en": None,
        }
    )
    books = ledger()
    told = comparing.compared(event, compare(event, Earlier([], knowledge()), knowledge()), {}, books)
    assert told[0].zh.startswith("此前上下文长度为8,000 tokens")


def test_members_of_a_sector_that_came_in_are_not_listed_one_by_one() -> None:
    last = written(ranked_events=[], period=Week.parse("2024-W11", ZONE))
    change = next(t.change for t in written(previous=[last]).themes if t.theme_id == "sector-publishing")
    assert change is not None
    assert change.zh == "较上期：板块成分有调整。"


def test_a_day_is_named_once() -> None:
    day = written(period=parse_period("2024-03-18", ZONE, WEEK.last_day))
    assert "本日（3月18日）" in day.summary[0].zh
    assert "Today (18 March)" in day.summary[0].en


def test_a_tie_through_another_listing_leaves_no_code_without_support() -> None:
    tied = link("ev-kimi", "NASDAQ:GOOG").model_copy(
        update={"reason": Reason(zh="DeepMind ← 谷歌 NASDAQ:GOOGL 旗下单位", en="DeepMind ← Google NASDAQ:GOOGL: unit")}
    )
    digest = written([ranked(kimi(), 90, links=(tied,))])
    assert not unsupported(digest, str(render(digest, "md", "zh")))
