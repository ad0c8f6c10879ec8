"""The weekly viewpoint says what the week's stored events bear out: its content, its honesty and its periods."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from pipeline.digest import (
    AuthorBlock,
    Both,
    Day,
    Digest,
    Month,
    Prices,
    Ranked,
    Series,
    Week,
    WrongPeriod,
    compose,
    parse_period,
    unsupported,
    unsupported_sentences,
)
from pipeline.digest.coming import days_named
from pipeline.digest.figures import numbers, show_number, show_value
from pipeline.digest.shape import Sentence
from pipeline.records import CompanyTag, Event, EventFact
from tests.pipeline.founding_week import (
    MADE_AT,
    WEEK,
    ZONE,
    at,
    conference,
    founding_week,
    kimi,
    knowledge,
    link,
    open_sora,
    ranked,
    report,
    resignation,
    rumour,
)


def written(ranked_events: list[Ranked] | None = None, **given: object) -> Digest:
    """The founding week's issue under the media lens, unless a test says otherwise."""
    events = founding_week() if ranked_events is None else ranked_events
    fields: dict[str, object] = {"earlier": [], "lens": knowledge().lenses["media"], "period": WEEK, **given}
    return compose(ranked=events, knowledge=knowledge(), made_at=MADE_AT, **fields)  # type: ignore[arg-type]


def story(digest: Digest, event_id: str) -> str:
    """An item's facts in Chinese, one after another."""
    return "".join(s.zh for item in digest.items if item.event_id == event_id for s in item.facts)


# ---- periods --------------------------------------------------------------------------------------------------------


def test_a_week_is_monday_to_sunday_in_the_reports_zone() -> None:
    week = Week.parse("2024-W12", ZONE)
    assert (week.first_day, week.last_day, week.published_on) == (
        date(2024, 3, 18),
        date(2024, 3, 24),
        date(2024, 3, 25),
    )
    assert (week.start, week.end) == (datetime(2024, 3, 17, 16, tzinfo=UTC), datetime(2024, 3, 24, 16, tzinfo=UTC))
    assert week.holds(datetime(2024, 3, 24, 15, 59, tzinfo=UTC))
    assert not week.holds(datetime(2024, 3, 24, 16, tzinfo=UTC))
    assert week.previous().label == "2024-W11"


def test_the_first_week_may_begin_in_the_year_before() -> None:
    assert Week.parse("2020-W53", ZONE).last_day == date(2021, 1, 3)
    assert Week.of(date(2021, 1, 3), ZONE).label == "2020-W53"


@pytest.mark.parametrize(
    "label", ["2024W", "W12", "2024-W54", "2024-W00", "2024-12-40", "2024-13", "", "week 12", "０２-W1"]
)
def test_a_label_that_is_no_period_is_refused_in_words(label: str) -> None:
    with pytest.raises(WrongPeriod, match="is not a period to report on"):
        parse_period(label, ZONE)


def test_a_week_that_has_not_begun_is_refused() -> None:
    with pytest.raises(WrongPeriod, match="begins on 2024-03-18, and today is 2024-03-17"):
        Week.parse("2024-W12", ZONE, today=date(2024, 3, 17))
    assert Week.parse("2024-W12", ZONE, today=date(2024, 3, 18)).label == "2024-W12"


def test_days_and_months_are_periods_too() -> None:
    assert isinstance(parse_period("2024-03-18", ZONE), Day)
    month = parse_period("2024-02", ZONE)
    assert isinstance(month, Month)
    assert (month.last_day, month.published_on) == (date(2024, 2, 29), date(2024, 3, 1))


# ---- content --------------------------------------------------------------------------------------------------------


def test_the_cover_gives_the_rating_that_a_person_gave_once_it_was_out() -> None:
    cover = written().cover
    assert cover.rating == Both(zh="增持（维持）", en="Overweight (maintained)")
    assert cover.published_on == date(2024, 3, 25)
    before = written(period=Week.parse("2024-W11", ZONE), ranked_events=[])
    assert before.cover.rating is None
    assert written(lens=knowledge().lenses["all"]).cover.rating is None


def test_the_headline_names_actor_and_change_of_the_top_two() -> None:
    digest = written()
    assert digest.headline.zh == "月之暗面升级Kimi，上下文长度200万字；潞晨科技开源Open-Sora 1.0"
    assert digest.headline.en.startswith("Moonshot AI upgrades Kimi")


def test_a_product_that_gives_out_something_else_is_not_told_as_the_thing_given() -> None:
    letter = kimi().model_copy(
        update={
            "event_type": "product_launch",
            "title_zh": "Kimi发布全员信：适当精简规模",
            "title_en": None,
            "facts": (),
        }
    )
    assert written([ranked(letter, 60)]).items[0].headline.zh == "月之暗面Kimi发布全员信：适当精简规模"


def test_two_titles_of_different_things_are_not_mixed_in_a_headline() -> None:
    mixed = kimi().model_copy(update={"title_zh": "欧洲议会通过《人工智能法案》，部分应用被禁止", "facts": ()})
    assert "Kimi" not in written([ranked(mixed, 60)]).items[0].headline.zh


def test_a_headline_prefers_the_clause_that_names_who_acts() -> None:
    title = "只需15秒音频样本，月之暗面新技术可复原声音"
    voice = kimi().model_copy(
        update={"event_type": "partnership", "title_zh": title, "title_en": None, "facts": (), "products": ()}
    )
    assert written([ranked(voice, 60)]).items[0].headline.zh == "月之暗面新技术可复原声音"


def test_an_event_without_an_english_title_is_told_in_english_all_the_same() -> None:
    event = kimi().model_copy(update={"title_en": None, "reports": kimi().reports[:1]})
    item = written([ranked(event, 60)]).items[0]
    assert item.facts[0].en == "18 March: Moonshot AI upgrades Kimi: a context of 2 million Chinese characters."
    assert unsupported_sentences(written([ranked(event, 60)])) == []


def test_what_all_main_events_share_is_said_once() -> None:
    both = ("ai", "game-new-mode")
    digest = written([ranked(kimi(), 90, both), ranked(open_sora(), 80, ("ai",))])
    first, second = ("".join(s.zh for s in item.views) for item in digest.items)
    assert "同涉AI" in first
    assert "另涉游戏新模式" in first
    assert "AI" not in second.replace("Open-Sora", "")
    assert "框架" not in second


def test_two_lengths_of_one_video_model_are_two_settings_and_no_dispute() -> None:
    both = [f for f in open_sora().facts if f.kind == "video_duration"]
    two = both[0].model_copy(update={"value": 2, "quote": "2秒", "conflict": True, "document_id": "o2"})
    facts = (both[0].model_copy(update={"quote": "1分钟", "conflict": True}), two)
    told = story(written([ranked(open_sora().model_copy(update={"facts": facts}), 90)]), "ev-open-sora")
    assert "说法不一" not in told
    assert "分钟" not in told


def test_the_listings_of_who_acts_come_before_those_tied_to_it() -> None:
    event = kimi().model_copy(
        update={"companies": (CompanyTag(id="qihoo360", relevance=95, role="actor", quote="Kimi"),)}
    )
    ties = (
        link("ev-kimi", "300364.SZ"),
        link("ev-kimi", "601360.SH", direct=True, relation="issuer", strength="high"),
        link("ev-kimi", "300738.SZ", direct=True, relation="named", strength="high"),
    )
    told = written([ranked(event, 90, links=ties)]).items[0].views[-1].zh
    assert (
        told.index("当事公司为三六零（601360.SH）") < told.index("文中另提及奥飞数据") < told.index("间接关联中文在线")
    )


def test_an_event_is_told_with_what_held_before_and_with_rivals() -> None:
    told = story(written(), "ev-kimi")
    assert "3月18日，月之暗面Kimi智能助手启动200万字无损上下文内测。" in told
    assert "此前Kimi的上下文长度为20万字（2023年10月），本次为其10倍。" in told
    assert "Claude-100k约8万字，GPT-4-32k约2.5万字（据报道）" in told


def test_hard_facts_keep_their_units_and_their_owner() -> None:
    told = story(written(), "ev-open-sora")
    assert "Open-Sora 1.0分辨率512×512，64帧，可训练1分钟视频，训练分3个阶段；Colossal-AI加速1.55倍。" in told


def test_facts_and_views_stand_in_separate_sentences() -> None:
    for item in written().items:
        assert {s.kind for s in item.facts} <= {"fact", "comparison"}
        assert {s.kind for s in item.views} <= {"view", "note"}
        assert any(s.kind == "view" for s in item.views)


def test_both_languages_carry_the_same_numbers_of_a_comparison() -> None:
    for item in written().items:
        for sentence in item.facts[1:]:
            held = [{v for _, may_be in numbers(words) for v in may_be} for words in (sentence.zh, sentence.en)]
            if sentence.kind == "comparison":
                assert held[0] - {10.0} == held[1] - {10.0}


def test_themes_carry_typed_stances_with_author_and_day() -> None:
    themes = {t.theme_id: t for t in written().themes}
    assert list(themes)[:4] == ["ai", "mr", "game-new-mode", "film-tv-new-mode"]
    stances = {(h.security_id, h.stance, h.author, h.day) for h in themes["film-tv-new-mode"].holdings}
    assert ("300364.SZ", "watch", "上海证券", date(2024, 3, 25)) in stances
    assert [h.security_id for h in themes["game-new-mode"].holdings if h.stance == "recommend"] == [
        "300494.SZ",
        "002624.SZ",
        "002555.SZ",
    ]
    assert themes["ai"].holdings[0].reason.zh != themes["ai"].holdings[0].reason.en


def test_no_stance_is_shown_before_a_person_typed_it() -> None:
    digest = written(period=Week.parse("2024-W11", ZONE), ranked_events=[ranked(early(), 50, ("ai",))])
    assert all(h.day <= date(2024, 3, 18) for t in digest.themes for h in t.holdings)
    assert all(t.attention is None for t in digest.themes)


def early() -> Event:
    """Kimi's event a week before."""
    return kimi().model_copy(update={"published_at": at(12), "first_seen_at": at(12), "occurred_on": date(2024, 3, 12)})


def test_what_changed_since_the_last_issue_is_told() -> None:
    last = written(period=Week.parse("2024-W11", ZONE), ranked_events=[ranked(early(), 50, ("ai",))])
    digest = written(previous=[last])
    change = next(t.change for t in digest.themes if t.theme_id == "ai")
    assert change is not None
    assert "新增创业黑马（推荐）" in change.zh
    assert [r.label for r in digest.related] == ["2024-W11"]
    again = written(period=Week.parse("2024-W13", ZONE), ranked_events=[], previous=[digest, last])
    assert {t.change.zh for t in again.themes if t.change} == {"名单较上期无变化。"}
    assert [r.label for r in again.related] == ["2024-W12", "2024-W11"]


def test_linked_stocks_have_reason_evidence_and_date() -> None:
    row = next(s for s in written().stocks if s.security_id == "300364.SZ")
    assert (row.name.zh, row.reason.zh, row.evidence, row.as_of) == (
        "中文在线",
        "Kimi概念：小说语料",
        ("https://example.com/concept",),
        date(2024, 3, 24),
    )


def test_a_security_touched_twice_has_one_row_with_its_strongest_link() -> None:
    strong = link("ev-open-sora", "300364.SZ", direct=True, relation="issuer", strength="high")
    digest = written(
        [ranked(kimi(), 90, links=(link("ev-kimi", "300364.SZ"),)), ranked(open_sora(), 80, links=(strong,))]
    )
    assert [(s.security_id, s.direct, s.other_events) for s in digest.stocks] == [("300364.SZ", True, 1)]


def test_rumours_stand_in_their_own_section_and_nowhere_else() -> None:
    digest = written()
    assert [x.event_id for x in digest.rumours] == ["ev-rumour"]
    lines = (*digest.others, *digest.announcements, *digest.coming)
    assert "ev-rumour" not in {item.event_id for item in digest.items} | {line.event_id for line in lines}
    assert all("ev-rumour" not in theme.events for theme in digest.themes)


def test_coming_dates_are_read_from_titles() -> None:
    assert [(x.day, x.event_id) for x in written().coming] == [(date(2024, 6, 10), "ev-conference")]


def test_a_coming_date_that_is_not_shown_cites_nothing() -> None:
    dated = next(one for one in founding_week() if written([one]).coming)
    many = [Ranked(event=dated.event.model_copy(update={"id": f"ev-{n:03}"}), score=dated.score) for n in range(60)]
    digest = written(many)
    assert len([c for c in digest.claims if c.rule == "coming"]) == len(digest.coming) < 60


def test_a_day_without_a_year_is_the_next_one() -> None:
    assert list(days_named("大会将于1月8日举行", date(2024, 12, 20))) == [(date(2025, 1, 8), "1月8日")]
    assert list(days_named("opens on June 10", date(2024, 3, 22))) == [(date(2024, 6, 10), "June 10")]
    assert list(days_named("2月30日", date(2024, 3, 22))) == []


def test_reports_that_differ_are_shown_side_by_side() -> None:
    facts = (
        EventFact(
            kind="parameters",
            value=7e9,
            unit="parameters",
            quote="70亿参数",
            subject="Kimi",
            document_id="k1",
            conflict=True,
        ),
        EventFact(
            kind="parameters",
            value=9e9,
            unit="parameters",
            quote="9B parameters",
            subject="Kimi",
            document_id="k2",
            conflict=True,
        ),
    )
    digest = written([ranked(kimi().model_copy(update={"facts": facts}), 90)])
    assert "晨间科技称70亿参数，Model Post称90亿参数" in story(digest, "ev-kimi")
    assert [c.conflict for c in digest.claims if c.rule == "conflict"] == [True, True]
    assert "70亿" not in digest.headline.zh
    assert unsupported_sentences(digest) == []


def test_a_quiet_week_says_so_and_is_short() -> None:
    quiet = written([ranked(conference(), 20)])
    assert quiet.quiet
    assert any("较为平静" in s.zh for s in quiet.summary)
    assert quiet.items == ()
    assert [x.event_id for x in quiet.others] == ["ev-conference"]


def test_a_week_without_events_asks_whether_collection_ran() -> None:
    empty = written([])
    assert "请先核对采集是否正常" in empty.summary[0].zh
    assert empty.inputs == ()


def test_events_outside_the_week_are_left_out() -> None:
    outside = kimi().model_copy(update={"id": "ev-late", "published_at": at(25, 4)})
    assert "ev-late" not in written([*founding_week(), ranked(outside, 99)]).inputs


def test_risks_stand_and_are_tied_to_the_weeks_events() -> None:
    risks = written([*founding_week(), ranked(policy(), 70)]).risks
    assert [r.zh.split("：")[0].rstrip("。") for r in risks] == list(knowledge().framework.risk_topics_zh)
    assert "关注“欧盟通过人工智能法案”的后续" in risks[0].zh
    assert risks[0].en.startswith("Policy easing falls short of expectations: watch")


def policy() -> Event:
    """A law told by two reports."""
    title = "欧盟通过人工智能法案"
    reports = (report("p1", title, at(20)), report("p2", title, at(20, 6), "另一家"))
    fields = {"id": "ev-policy", "title_zh": title, "event_type": "policy_regulation", "reports": reports}
    return Event.model_validate({**fields, "published_at": at(20), "first_seen_at": at(20)})


def test_a_market_recap_is_written_only_from_prices() -> None:
    assert written().market is None
    days = [date(2024, 3, 15), date(2024, 3, 18), date(2024, 3, 22)]
    sector = Series(
        id="s",
        name=Both(zh="传媒指数", en="Media index"),
        source="交易所",
        closes=tuple(zip(days, (100.0, 104.0, 110.0), strict=True)),
    )
    market = Series(
        id="m",
        name=Both(zh="沪深300", en="CSI 300"),
        source="交易所",
        closes=tuple(zip(days, (200.0, 199.0, 198.0), strict=True)),
    )
    digest = written(prices=Prices(sector=sector, market=market))
    assert digest.market is not None
    assert [s.zh for s in digest.market.sentences] == [
        "传媒指数上涨10%，收于110。",
        "沪深300下跌1%，收于198。",
        "传媒指数跑赢沪深300，超出11个百分点。",
    ]
    assert unsupported_sentences(digest) == []


def test_a_daily_brief_and_a_monthly_review_come_from_the_same_code() -> None:
    day = written(period=Day.parse("2024-03-18", ZONE))
    assert (day.cover.kind.zh, day.inputs) == ("日报", ("ev-kimi", "ev-open-sora"))
    month = written(period=Month.parse("2024-03", ZONE))
    assert (month.cover.kind.zh, len(month.inputs), month.charts.heat) == ("月度回顾", 5, ())


def test_the_author_block_is_the_signers() -> None:
    digest = written(author=AuthorBlock(name="甲", publisher="乙证券"))
    assert digest.author == AuthorBlock(name="甲", publisher="乙证券")


# ---- what is not told -----------------------------------------------------------------------------------------------


def test_nothing_is_said_of_an_actor_that_no_title_names() -> None:
    stray = kimi().model_copy(update={"title_zh": "长文本竞赛再起波澜", "title_en": None})
    digest = written([ranked(stray, 90), ranked(open_sora(), 80)])
    assert digest.items[0].headline.zh == "长文本竞赛再起波澜"


def test_a_leak_is_not_told_as_a_release() -> None:
    leaked = kimi().model_copy(update={"title_zh": "月之暗面Kimi被曝将升级", "title_en": None})
    assert written([ranked(leaked, 90), ranked(open_sora(), 80)]).items[0].headline.zh == "月之暗面Kimi被曝将升级"


def test_a_product_that_is_only_the_measure_is_not_the_matter() -> None:
    near = open_sora().model_copy(update={"title_zh": "Colossal-AI开源模型能力接近Open-Sora 1.0"})
    assert (
        written([ranked(near, 90), ranked(kimi(), 80)]).items[0].headline.zh
        == "Colossal-AI开源模型能力接近Open-Sora 1.0"
    )


def test_a_figure_of_another_product_is_not_told_as_the_events() -> None:
    stray = EventFact(
        kind="parameters", value=7e9, unit="parameters", quote="7B", subject="Llama", product="llama", document_id="k1"
    )
    event = kimi().model_copy(update={"facts": (stray,)})
    assert "70亿" not in story(written([ranked(event, 90), ranked(open_sora(), 80)]), "ev-kimi")


# ---- honesty --------------------------------------------------------------------------------------------------------


def test_every_sentence_rests_on_its_own_claims() -> None:
    assert unsupported_sentences(written()) == []


def test_an_invented_number_code_date_or_address_is_found() -> None:
    digest = written()
    text = "收入增长38%，见300999.SZ，5月6日公布，https://example.org/x，2023-01-02"
    assert set(unsupported(digest, text)) == {"38", "300999.SZ", "5月6日", "https://example.org/x", "2023-01-02"}


def test_a_sentence_with_a_number_of_another_event_is_found() -> None:
    digest = written()
    its_source = next(s.number for s in digest.sources if s.event_id == "ev-open-sora")
    false = Sentence(zh="Open-Sora支持200万字。", en="Open-Sora takes 2 million.", sources=(its_source,))
    item = digest.items[1].model_copy(update={"facts": (false,)})
    forged = digest.model_copy(update={"items": (digest.items[0], item)})
    assert [x.split(" in: ")[0] for x in unsupported_sentences(forged)] == ["200万", "2 million"]


def test_a_claim_that_its_inputs_do_not_bear_out_is_found() -> None:
    digest = written()
    claims = tuple(c.model_copy(update={"value": 12.0}) if c.rule == "ratio" else c for c in digest.claims)
    assert any("claim" in x for x in unsupported_sentences(digest.model_copy(update={"claims": claims})))


def test_a_claim_whose_quote_gives_another_number_is_found() -> None:
    digest = written()
    claims = tuple(c.model_copy(update={"quote": "支持20万字"}) if c.value == 2_000_000 else c for c in digest.claims)
    assert any("claim" in x for x in unsupported_sentences(digest.model_copy(update={"claims": claims})))


# ---- figures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (2_000_000, "characters", "200万字", "2 million Chinese characters"),
        (314e9, "parameters", "3140亿参数", "314 billion parameters"),
        (100e9, "parameters", "1000亿参数", "100 billion parameters"),
        (1.8e12, "parameters", "1.8万亿参数", "1.8 trillion parameters"),
        (0.25, "USD_per_mtok", "$0.25/百万tokens", "$0.25 per million tokens"),
        (131_072, "tokens", "131,072 tokens", "131,072 tokens"),
        (60, "s", "1分钟", "1 minute"),
        (90, "s", "90秒", "90 seconds"),
        (7200, "s", "2小时", "2 hours"),
        (675e6, "USD", "6.75亿美元", "$675 million"),
        ("512x512", "px", "512×512", "512×512"),
    ],
)
def test_figures_are_shown_as_people_write_them(value: float | str, unit: str, zh: str, en: str) -> None:
    assert (show_value(value, unit, "zh"), show_value(value, unit, "en")) == (zh, en)


@pytest.mark.parametrize("value", [0, 1, 10, 9999, 10_000, 123_456, 1e8, 314e9, 131_072, 1.55, 0.25, 2.5e12])
def test_a_shown_number_reads_back_as_the_same_value(value: float) -> None:
    for language in ("zh", "en"):
        assert [v for _, may_be in numbers(show_number(value, language)) for v in may_be] == [value]


# ---- size -----------------------------------------------------------------------------------------------------------


def test_five_thousand_events_are_written_in_under_five_seconds() -> None:
    crowd = []
    for n in range(5000):
        event = kimi().model_copy(update={"id": f"ev-{n:04}", "published_at": at(18) + timedelta(minutes=n)})
        crowd.append(ranked(event, 50 + n % 40, ("ai",), (link(f"ev-{n:04}", "300364.SZ"),)))
    earlier = [e.event.model_copy(update={"id": f"old-{n}", "published_at": at(2)}) for n, e in enumerate(crowd[:2000])]
    begun = time.process_time()
    digest = written(crowd, earlier=earlier)
    assert time.process_time() - begun < 5
    assert len(digest.inputs) == 5000
    assert digest.others_left_out > 0


def test_the_order_of_what_is_given_changes_nothing() -> None:
    assert written(founding_week()) == written(founding_week()[::-1])


def test_events_told_in_one_language_only_are_told_in_the_other_as_a_quote() -> None:
    line = next(x for x in written().others if x.event_id == "ev-resign")
    assert line.sentence.zh == "3月23日，外文报道“Stability AI chief executive Emad Mostaque resigns”。"
    assert resignation().title_zh is None
    assert rumour().certainty == "rumour"
