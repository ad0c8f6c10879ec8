"""What an analyst would strike out does not get in: fragments, pages' names, twins, another's acts, records that fall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.compare import Earlier, compare
from pipeline.digest.heading import clean_title, is_chinese, is_single, shortened
from pipeline.digest.layout import page
from pipeline.digest.ledger import Ledger
from pipeline.digest.linked import touched
from pipeline.digest.stated import conflicts
from pipeline.digest.telling import headline, opening
from pipeline.digest.wording import join
from pipeline.records import CompanyTag, Event, Reason, ScorePart
from tests.pipeline.founding_week import WEEK, at, founding_week, kimi, knowledge, link, ranked, report
from tests.pipeline.test_compare import by_rule, earlier
from tests.pipeline.test_digest import written

LOOKS = ScorePart(name="certainty", points=-8.0, why=Reason(zh="标题只是评说", en="headlines only look at it"))


def ledger() -> Ledger:
    return Ledger(knowledge(), WEEK.published_on)


def headed(zh: str | None, en: str | None, *others: tuple[str, str]) -> Event:
    """Kimi's event under other titles; `others` are titles of further reports with their language."""
    given = [(title, language) for title, language in ((zh, "zh"), (en, "en"), *others) if title]
    reports = tuple(
        report(f"r{n}", title, at(18)).model_copy(update={"language": language})
        for n, (title, language) in enumerate(given)
    )
    return kimi().model_copy(update={"title_zh": zh, "title_en": en, "reports": reports, "facts": ()})


@pytest.mark.parametrize(
    ("title", "cleaned"),
    [
        ("Mistral released a base model at a hackathon (13k views)", "Mistral released a base model at a hackathon"),
        ("阿里巴巴计划3年内在韩国投资11亿美元 / 京东招聘", "阿里巴巴计划3年内在韩国投资11亿美元"),
        (
            "r/LocalLLaMA: Overview of models reproduced by institutions",
            "Overview of models reproduced by institutions",
        ),
        ('@some_lab.: "Somebody releases a set of cookbooks"', "Somebody releases a set of cookbooks"),
        ("外交部回应法案表决，称霸凌行径反噬自身，透露哪些信息？", "外交部回应法案表决，称霸凌行径反噬自身"),
    ],
)
def test_a_title_loses_what_is_not_its_statement(title: str, cleaned: str) -> None:
    assert clean_title(title) == cleaned


def test_a_long_title_ends_at_a_clause() -> None:
    words = "DeepMind announces SIMA, a generalist agent that follows instructions, marking an imp"
    assert shortened(words, 75, "en") == "DeepMind announces SIMA, a generalist agent that follows instructions"


def test_a_list_of_stories_is_not_one() -> None:
    assert not is_single("公司甲裁员；美国众议院通过法案；朋友圈产品受处罚")
    assert is_single("公司甲裁员；员工拿到补偿")


def test_an_english_headline_is_no_fragment_from_within_a_title() -> None:
    event = headed(
        None, "A new attack can extract layers from black-box systems of many a maker for under $20, raising concerns"
    )
    assert headline(event, ledger()).en != "raising concerns"


def test_a_title_that_names_nobody_gives_way_to_the_other_language_that_does() -> None:
    event = headed("月之暗面Kimi支持200万字无损上下文", "An assistant is like an encyclopedia that can talk back")
    assert opening(event, WEEK, ledger()).en.endswith("reported in Chinese as “月之暗面Kimi支持200万字无损上下文”.")


def test_the_name_of_a_forum_is_never_told() -> None:
    event = headed(None, "/r/LocalLLaMA", ("Kimi opens a window of two million characters", "en"))
    assert "LocalLLaMA" not in headline(event, ledger()).en + opening(event, WEEK, ledger()).en


def test_an_event_without_a_title_that_tells_gets_no_line() -> None:
    bare = headed("Bamboo", None).model_copy(update={"id": "ev-bare", "products": (), "companies": ()})
    digest = written([*founding_week(), ranked(bare, 5)])
    assert "ev-bare" not in {line.event_id for line in digest.others}
    assert "ev-bare" in digest.inputs


def test_a_second_telling_of_a_release_is_a_line_and_no_paragraph() -> None:
    twin = kimi().model_copy(update={"id": "ev-twin", "published_at": kimi().when + timedelta(days=1)})
    digest = written([*founding_week(), ranked(twin, 99)])
    assert [item.event_id for item in digest.items if item.event_id in ("ev-twin", "ev-kimi")] == ["ev-twin"]
    assert "ev-kimi" in {line.event_id for line in digest.others}


def test_who_is_far_from_the_foremost_is_not_called_the_party() -> None:
    both = (
        CompanyTag(id="moonshot-ai", relevance=99, role="actor", quote="Kimi"),
        CompanyTag(id="qihoo360", relevance=40, role="actor", quote="360"),
    )
    event = kimi().model_copy(update={"companies": both})
    one = ranked(event, 90, links=(link(event.id, "601360.SH", direct=True, relation="issuer", strength="high"),))
    said = touched(one, (), ledger(), first=False)
    assert said is not None
    assert "当事公司" not in said.zh


def test_a_record_falls_to_a_figure_that_any_report_of_the_week_names() -> None:
    before = [earlier(f"e{n}", f"p{n}", f"P{n}", f"c{n}", 100_000 * n) for n in (1, 2, 3)]
    assert by_rule(compare(kimi(), Earlier(before, knowledge()), knowledge()), "record")
    larger = earlier("e9", "p9", "P9", "c9", 5_000_000, month=3, comparison=True)
    assert not by_rule(compare(kimi(), Earlier(before, knowledge(), [larger]), knowledge()), "record")


def test_stocks_of_a_market_wrap_stand_behind_those_of_what_is_told() -> None:
    wrap = headed("A股开盘：三大指数涨跌不一", None).model_copy(update={"id": "ev-wrap", "event_type": "stock_move"})
    low = ranked(wrap, 5, links=(link("ev-wrap", "300738.SZ", direct=True, relation="named", strength="high"),))
    losing = low.score.model_copy(update={"parts": (*low.score.parts, LOOKS)})
    main = ranked(kimi(), 90, links=(link("ev-kimi", "300999.SZ", strength="low"),))
    rows = written([main, low.model_copy(update={"score": losing})]).stocks
    assert [row.security_id for row in rows] == ["300999.SZ", "300738.SZ"]


def test_a_row_of_stocks_shows_addresses_and_no_names_of_files() -> None:
    event = link("ev-kimi", "300364.SZ").model_copy(
        update={"evidence": ("code-index:71143462397", "https://a.example/1")}
    )
    text = page(written([ranked(kimi(), 90, links=(event,))]), "zh").model_dump_json()
    assert "code-index" not in text
    assert "[E1] 证券名录" in text
    assert "https://a.example/1" in text


def test_a_page_that_the_issue_cites_already_bears_out_a_tie_under_its_number() -> None:
    event = kimi()
    tie = link(event.id, "300364.SZ").model_copy(update={"evidence": (event.reports[0].url or "",)})
    digest = written([ranked(event, 90, links=(tie,))])
    number = next(s.number for s in digest.sources if s.url == event.reports[0].url)
    assert f'"[{number}]","' in page(digest, "zh").model_dump_json()
    assert "[E1]" not in page(digest, "zh").model_dump_json()


def test_an_english_issue_says_of_a_chinese_headline_that_it_is_one() -> None:
    event = headed("一家新公司发布会后引发行业热议", None).model_copy(
        update={"companies": (), "products": (), "event_type_quote": ""}
    )
    assert headline(event, ledger()).en == "“一家新公司发布会后引发行业热议” (in Chinese)"


def test_a_publisher_has_its_english_name_in_english() -> None:
    digest = written()
    assert digest.cover.rating_note is not None
    assert not is_chinese(digest.cover.rating_note.en)
    assert not any(is_chinese(h.author_en or "") for theme in digest.themes for h in theme.holdings)
    assert "Shanghai Securities 2024-03-25" in page(digest, "en").model_dump_json()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["text", "image"], "text and image"),
        (["music", "speech and audio"], "music plus speech and audio"),
        (["games", "film and TV", "corpora"], "games, film and TV, and corpora"),
    ],
)
def test_a_list_of_pairs_stays_clear(words: list[str], said: str) -> None:
    assert join(words, "en") == said


def test_a_source_that_gives_two_values_is_named_once() -> None:
    event = kimi()
    first = event.facts[0]
    other = first.model_copy(update={"value": 1_000_000, "quote": "100万字", "conflict": True})
    disputed = event.model_copy(update={"facts": (first.model_copy(update={"conflict": True}), other)})
    told = conflicts(disputed, ledger())
    assert [s.zh.count("称") for s in told] == [2]
    assert "又称" in told[0].zh


def test_a_day_without_a_time_shows_no_midnight() -> None:
    midnight = kimi().reports[0].model_copy(update={"published_at": datetime(2024, 3, 17, 16, tzinfo=UTC)})
    digest = written([ranked(kimi().model_copy(update={"reports": (midnight,)}), 90)])
    assert "2024-03-18 00:00" not in page(digest, "zh").model_dump_json()
