"""Scores: a sum of named parts that each say why; themes by what triggers them; and the founding week's order."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.index import KnowledgeBase
from knowledge.load import load
from knowledge.schema import Lens
from pipeline.link import link
from pipeline.records import CompanyTag, Event, EventFact, Link, Modalities, ProductTag, Reason, Score
from pipeline.score import FOLLOWS, LOSSES, POINTS, PREFERRED, score, themes
from tests.factories import MOMENT, make_event, make_report

ON = date(2024, 3, 24)


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    return load()


def fact(kind: str, value: float, unit: str, quote: str, *, before: bool = False) -> EventFact:
    return EventFact(kind=kind, value=value, unit=unit, quote=quote, document_id="d1", comparison=before)


def parts(scored: Score) -> dict[str, float]:
    return {part.name: part.points for part in scored.parts}


def under(lens: str, event: Event, knowledge: KnowledgeBase) -> Score:
    return score(event, link(event, knowledge, ON), knowledge.lenses[lens], knowledge)


def test_the_total_is_the_sum_of_parts_that_say_why(knowledge: KnowledgeBase) -> None:
    scored = under("media", make_event("moonshot-ai", modalities=Modalities(output=("text",))), knowledge)
    assert scored.total == pytest.approx(sum(part.points for part in scored.parts), abs=0.01)
    assert all(part.why.zh and part.why.en for part in scored.parts)


def test_the_most_that_parts_can_give_is_a_hundred() -> None:
    assert sum(POINTS.values()) == 100


def test_a_larger_step_against_the_predecessor_counts_more_and_names_both_sides(knowledge: KnowledgeBase) -> None:
    def step(before: int) -> Score:
        facts = (
            fact("context_length", 2_000_000, "characters", "200万字"),
            fact("context_length", before, "characters", f"{before}字", before=True),
        )
        return under("all", make_event("moonshot-ai", facts=facts), knowledge)

    assert parts(step(200_000))["step"] > parts(step(1_000_000))["step"] > 0
    why = next(part.why for part in step(200_000).parts if part.name == "step")
    assert "200000字 → 200万字" in why.zh


def test_a_step_never_mixes_characters_and_tokens(knowledge: KnowledgeBase) -> None:
    facts = (
        fact("context_length", 2_000_000, "characters", "200万字"),
        fact("context_length", 128_000, "tokens", "128K", before=True),
    )
    assert "step" not in parts(under("all", make_event("moonshot-ai", facts=facts), knowledge))


def test_a_step_beyond_belief_is_a_unit_misread(knowledge: KnowledgeBase) -> None:
    facts = (
        fact("context_length", 2e11, "characters", "2000亿字"),
        fact("context_length", 200_000, "characters", "20万字", before=True),
    )
    assert "step" not in parts(under("all", make_event("moonshot-ai", facts=facts), knowledge))


def test_a_lower_price_is_the_step_forward(knowledge: KnowledgeBase) -> None:
    def step(now: float, before: float) -> bool:
        facts = (
            fact("price", now, "CNY_per_mtok", f"{now}元"),
            fact("price", before, "CNY_per_mtok", f"{before}元", before=True),
        )
        return "step" in parts(under("all", make_event("zhipu", facts=facts), knowledge))

    assert step(1, 10)
    assert not step(10, 1)


def test_a_rumour_scores_less_than_the_fact(knowledge: KnowledgeBase) -> None:
    assert (
        under("all", make_event("openai", certainty="rumour"), knowledge).total
        < under("all", make_event("openai"), knowledge).total
    )


def test_an_official_source_scores_more(knowledge: KnowledgeBase) -> None:
    quiet = under("all", make_event("openai"), knowledge).total
    assert under("all", make_event("openai", reports=(make_report(tier=1),)), knowledge).total > quiet


def told_by(*sources: str, titles: str = "OpenAI releases a model") -> Event:
    return make_event(
        "openai", reports=tuple(make_report(f"d{n}", source_id=name, title=titles) for n, name in enumerate(sources))
    )


def test_a_lone_report_is_no_heat_and_each_source_adds_more_than_another_report_of_one(
    knowledge: KnowledgeBase,
) -> None:
    def heat(*sources: str) -> float:
        return parts(under("all", told_by(*sources), knowledge)).get("heat", 0.0)

    assert heat("a") == 0
    assert 0 < heat("a", "a") < heat("a", "b") < heat("a", "b", "c")
    why = next(p.why for p in under("all", told_by("a", "a", "b"), knowledge).parts if p.name == "heat")
    assert why.zh == "2 个来源，3 篇报道"


def headed(title: str, quote: str = "", **given: Any) -> Event:
    return make_event("openai", event_type_quote=quote, reports=(make_report(title=title),), **given)


def test_a_type_counts_as_far_as_a_headline_tells_that_it_happened(knowledge: KnowledgeBase) -> None:
    def kind(event: Event) -> float:
        return parts(under("all", event, knowledge)).get("type", 0.0)

    announced = kind(headed("OpenAI 发布新模型", "发布新模型"))
    assert announced > kind(headed("OpenAI 与它的对手", "新模型")) > kind(headed("OpenAI 与它的对手")) == 0


def test_the_words_that_announce_are_shown(knowledge: KnowledgeBase) -> None:
    scored = under("all", headed("某公司开源新模型", "开源新模型"), knowledge)
    assert "“开源”" in next(part.why.zh for part in scored.parts if part.name == "type")


@pytest.mark.parametrize(
    "title", ["对话 OpenAI：推出新模型之后", "美股收盘：发布会后股价下跌", "我用 ChatGPT 做作业", "How to use ChatGPT"]
)
def test_an_interview_a_wrap_or_advice_loses_where_nobody_tells_of_an_event(
    title: str, knowledge: KnowledgeBase
) -> None:
    scored = parts(under("all", headed(title, "推出"), knowledge))
    assert scored["certainty"] < 0
    assert scored.get("type", 0.0) < parts(under("all", headed("OpenAI 推出新模型", "推出"), knowledge))["type"]


def test_one_headline_that_tells_is_enough_beside_commentary(knowledge: KnowledgeBase) -> None:
    reports = (make_report("d1", title="如何看待新模型"), make_report("d2", title="OpenAI 发布新模型"))
    scored = parts(under("all", make_event("openai", reports=reports), knowledge))
    assert "certainty" not in scored
    assert scored["type"] > 0


def test_a_question_loses_once_and_not_again_for_its_form(knowledge: KnowledgeBase) -> None:
    asked = under("all", headed("如何看待新模型", certainty="question"), knowledge)
    assert parts(asked)["certainty"] == LOSSES["question"]


def test_a_follow_up_loses_and_the_first_of_its_chain_does_not(knowledge: KnowledgeBase) -> None:
    assert parts(under("all", make_event("openai", novelty=0.25), knowledge))["novelty"] == 0.75 * FOLLOWS
    assert "novelty" not in parts(under("all", make_event("openai"), knowledge))


def test_a_company_that_is_only_brushed_counts_less(knowledge: KnowledgeBase) -> None:
    brushed = make_event(companies=(CompanyTag(id="openai", relevance=30, role="actor", quote="OpenAI"),))
    assert (
        parts(under("all", brushed, knowledge))["actor"] < parts(under("all", make_event("openai"), knowledge))["actor"]
    )


def test_a_company_is_not_yet_famous_before_the_row_that_says_so(knowledge: KnowledgeBase) -> None:
    then, now = (make_event("deepseek", published_at=MOMENT + timedelta(days=days)) for days in (0, 400))
    assert parts(under("all", then, knowledge))["actor"] < parts(under("all", now, knowledge))["actor"]


def test_a_lens_scales_its_parts(knowledge: KnowledgeBase) -> None:
    lens = knowledge.lenses["all"].model_copy(update={"weights": {"actor": 0.0}})
    event = make_event("openai")
    assert "actor" not in parts(score(event, (), lens, knowledge))


def test_a_theme_is_triggered_by_what_the_event_puts_out_with_a_reason(knowledge: KnowledgeBase) -> None:
    event = make_event(event_type="open_source_release", modalities=Modalities(input=("text",), output=("video",)))
    matched = {match.theme_id: match.reason for match in themes(event, knowledge, ON)}
    assert "film-tv-new-mode" in matched
    assert "影视新模式" in matched["film-tv-new-mode"].zh
    assert "video" in matched["film-tv-new-mode"].en
    assert "ai-image" not in matched


def test_a_language_model_triggers_film_and_books_only_with_a_long_context(knowledge: KnowledgeBase) -> None:
    text = Modalities(input=("text",), output=("text",))
    short = {m.theme_id for m in themes(make_event(modalities=text), knowledge, ON)}
    facts = (fact("context_length", 2_000_000, "characters", "200万字"),)
    long = {m.theme_id for m in themes(make_event(modalities=text, facts=facts), knowledge, ON)}
    assert "ai" in short
    assert not short & {"film-tv-new-mode", "sector-publishing"}
    assert long >= {"film-tv-new-mode", "sector-publishing"}


def test_a_context_too_short_for_a_book_is_no_matter_for_publishers(knowledge: KnowledgeBase) -> None:
    text = Modalities(input=("text",), output=("text",))
    facts = (fact("context_length", 32_000, "tokens", "32K"),)
    assert "sector-publishing" not in {
        m.theme_id for m in themes(make_event(modalities=text, facts=facts), knowledge, ON)
    }


def test_a_rivals_product_named_in_passing_triggers_nothing(knowledge: KnowledgeBase) -> None:
    rival = ProductTag(name="Kimi", id="kimi", family="kimi", company="moonshot-ai", quote="Kimi")
    own = make_event("moonshot-ai", products=(rival,))
    other = make_event("qihoo360", products=(rival,))
    assert "sector-publishing" in {m.theme_id for m in themes(own, knowledge, ON)}
    assert themes(other, knowledge, ON) == []


def test_a_person_leaving_triggers_no_theme(knowledge: KnowledgeBase) -> None:
    event = make_event("stability-ai", event_type="people_move", modalities=Modalities(output=("image",)))
    assert themes(event, knowledge, ON) == []


def test_a_lens_shows_only_its_own_themes(knowledge: KnowledgeBase) -> None:
    event = make_event("moonshot-ai", modalities=Modalities(output=("text", "video")))
    assert {m.theme_id for m in under("media", event, knowledge).themes} <= set(knowledge.lenses["media"].themes)


@settings(max_examples=150, deadline=None)
@given(
    st.floats(0, 1),
    st.floats(0, 1e6),
    st.sampled_from(["fact", "rumour", "denial", "question", "forecast", "retrospect"]),
    st.text(max_size=10),
    st.lists(
        st.tuples(st.sampled_from(["price", "context_length"]), st.floats(-1e12, 1e12), st.booleans()), max_size=4
    ),
)
def test_odd_events_never_raise_and_stay_between_nought_and_a_hundred(
    knowledge: KnowledgeBase,
    novelty: float,
    heat: float,
    certainty: str,
    kind: str,
    numbers: list[tuple[str, float, bool]],
) -> None:
    facts = tuple(fact(k, value, "u", "q", before=before) for k, value, before in numbers)
    event = make_event("nobody", novelty=novelty, heat=heat, certainty=certainty, event_type=kind, facts=facts)
    for lens in knowledge.lenses.values():
        scored = score(event, (), lens, knowledge)
        assert 0 <= scored.total <= 100


PREFERRING = Lens(
    id="own",
    name_zh="自选",
    name_en="Own",
    prefer_companies=("moonshot-ai",),
    prefer_stocks=("300364.SZ",),
)


def preferred(scored: Score) -> float:
    return parts(scored).get("preferred", 0.0)


def test_a_preferred_company_counts_for_more_when_it_acts_than_when_it_is_mentioned(knowledge: KnowledgeBase) -> None:
    acting = make_event("moonshot-ai")
    tag = acting.companies[0].model_copy(update={"role": "mentioned"})
    mentioned = acting.model_copy(update={"companies": (tag,)})
    given = [preferred(score(one, (), PREFERRING, knowledge)) for one in (acting, mentioned, make_event("openai"))]
    assert given[0] == 2 * given[1] > given[2] == 0


def test_a_preferred_stock_raises_its_events_and_the_part_says_which(knowledge: KnowledgeBase) -> None:
    event = make_event("openai")
    plain = [one for one in link(event, knowledge, ON) if one.security_id not in PREFERRING.prefer_stocks]
    near = Link(
        event_id=event.id,
        security_id="300364.SZ",
        direct=False,
        relation="concept",
        weight=0.5,
        strength="medium",
        confidence=1.0,
        path=(),
        reason=Reason(zh="概念", en="concept"),
        evidence=(),
        as_of=ON,
    )
    indirect, direct = (
        score(event, [*plain, near.model_copy(update={"direct": x})], PREFERRING, knowledge) for x in (False, True)
    )
    assert (preferred(indirect), preferred(direct)) == (PREFERRED / 2, PREFERRED)
    why = next(part.why for part in direct.parts if part.name == "preferred")
    assert "300364.SZ" in why.zh
    assert "300364.SZ" in why.en


def test_a_lens_can_scale_what_it_prefers(knowledge: KnowledgeBase) -> None:
    event, double = make_event("moonshot-ai"), PREFERRING.model_copy(update={"weights": {"preferred": 2.0}})
    given = [preferred(score(event, (), lens, knowledge)) for lens in (PREFERRING, double)]
    assert given[1] == 2 * given[0] > 0


def test_the_bundled_lenses_prefer_nobody(knowledge: KnowledgeBase) -> None:
    event = make_event("moonshot-ai")
    assert all(preferred(score(event, (), lens, knowledge)) == 0 for lens in knowledge.lenses.values())
