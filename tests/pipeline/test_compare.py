"""Comparisons come from stored facts of one kind and unit, and from nothing else."""

from __future__ import annotations

from pipeline.compare import Comparison, compare, main_product
from pipeline.records import CompanyTag, Event, EventFact, ProductTag
from tests.pipeline.founding_week import at, context, kimi, knowledge, report


def earlier(
    event_id: str,
    product: str,
    name: str,
    company: str,
    value: float,
    unit: str = "characters",
    month: int = 1,
    **given: object,
) -> Event:
    """An event of 2024 that gave one product's context length under its own headline."""
    fields = {"kind": "context_length", "value": value, "unit": unit, "quote": f"{value}", "subject": name}
    fact = EventFact.model_validate({**fields, "product": product, "document_id": event_id, **given})
    when = at(5, month=month)
    return Event(
        id=event_id,
        title_zh=f"{name}发布",
        event_type="model_release",
        published_at=when,
        first_seen_at=when,
        companies=(CompanyTag(id=company, relevance=90, role="actor", quote=name),),
        products=(ProductTag(name=name, id=product, company=company, relevance=90, quote=name),),
        facts=(fact,),
        reports=(report(event_id, f"{name}发布", when),),
    )


def plain_kimi() -> Event:
    """Kimi's event without what its text gives for comparison."""
    event = kimi()
    return event.model_copy(update={"facts": event.facts[:1]})


def by_rule(found: tuple[Comparison, ...], rule: str) -> list[Comparison]:
    return [c for c in found if c.rule == rule]


def test_the_text_says_what_held_before() -> None:
    before = by_rule(compare(kimi(), [], knowledge()), "before")
    assert [(c.other.value, c.other.as_of, c.ratio, c.stated) for c in before] == [(200_000, "2023-10", 10.0, True)]


def test_of_several_reports_the_one_that_dates_what_held_before_is_taken() -> None:
    undated = context(200_000, "此前20万字", "Kimi", "k2", "kimi", comparison=True)
    event = kimi().model_copy(update={"facts": (undated, *kimi().facts)})
    assert by_rule(compare(event, [], knowledge()), "before")[0].other.as_of == "2023-10"


def test_rivals_that_the_text_gives_come_in_its_order() -> None:
    rivals = by_rule(compare(kimi(), [], knowledge()), "rival")
    assert [(c.other.subject, c.other.value) for c in rivals] == [("Claude-100k", 80_000), ("GPT-4-32k", 25_000)]


def test_a_predecessor_is_the_latest_stored_figure_of_the_same_product() -> None:
    store = [
        earlier("e1", "kimi", "Kimi", "moonshot-ai", 100_000, month=1),
        earlier("e2", "kimi", "Kimi", "moonshot-ai", 200_000, month=2),
    ]
    before = by_rule(compare(plain_kimi(), store, knowledge()), "before")
    assert [(c.other_event_id, c.ratio, c.stated) for c in before] == [("e2", 10.0, False)]


def test_the_future_is_never_compared_with() -> None:
    store = [earlier("e9", "kimi", "Kimi", "moonshot-ai", 300_000, month=5)]
    assert compare(plain_kimi(), store, knowledge()) == ()


def test_characters_are_never_compared_with_tokens() -> None:
    store = [earlier("e1", "kimi", "Kimi", "moonshot-ai", 128_000, unit="tokens")]
    assert compare(plain_kimi(), store, knowledge()) == ()


def test_the_best_so_far_needs_others_and_names_the_one_before() -> None:
    claude = earlier("e1", "claude", "Claude", "anthropic", 150_000)
    gpt = earlier("e2", "gpt-4", "GPT-4", "openai", 25_000)
    assert by_rule(compare(plain_kimi(), [claude], knowledge()), "record") == []
    record = by_rule(compare(plain_kimi(), [claude, gpt], knowledge()), "record")
    assert [(c.other.subject, c.among) for c in record] == [("Claude", 2)]


def test_a_figure_that_is_beaten_is_no_record() -> None:
    store = [
        earlier("e1", "claude", "Claude", "anthropic", 3_000_000),
        earlier("e2", "gpt-4", "GPT-4", "openai", 25_000),
    ]
    found = compare(plain_kimi(), store, knowledge())
    assert by_rule(found, "record") == []
    assert [c.better for c in by_rule(found, "rival")] == [False, True]


def test_a_rumour_and_a_disputed_figure_are_not_in_the_store_of_figures() -> None:
    rumour = earlier("e1", "kimi", "Kimi", "moonshot-ai", 500_000).model_copy(update={"certainty": "rumour"})
    disputed = earlier("e2", "kimi", "Kimi", "moonshot-ai", 500_000, conflict=True)
    another = disputed.facts[0].model_copy(update={"value": 400_000, "quote": "400000"})
    disputed = disputed.model_copy(update={"facts": (*disputed.facts, another)})
    assert compare(plain_kimi(), [rumour, disputed], knowledge()) == ()


def test_what_held_before_is_no_dispute() -> None:
    old = kimi().facts[1].model_copy(update={"comparison": False, "as_of": None, "conflict": True, "document_id": "k2"})
    new = kimi().facts[0].model_copy(update={"conflict": True})
    event = kimi().model_copy(update={"facts": (old, new, *kimi().facts[1:])})
    before = by_rule(compare(event, [], knowledge()), "before")
    assert [(c.fact.value, c.other.value) for c in before] == [(2_000_000, 200_000)]


def test_a_figure_under_another_products_headline_is_left_alone() -> None:
    stray = earlier("e1", "kimi", "Kimi", "moonshot-ai", 500_000)
    stray = stray.model_copy(
        update={"title_zh": "另一款产品发布", "reports": (report("e1", "另一款产品发布", at(5, month=1)),)}
    )
    assert compare(plain_kimi(), [stray], knowledge()) == ()


def test_prices_are_compared_side_by_side_only() -> None:
    def price(document_id: str, detail: str | None, value: float, comparison: bool = False) -> EventFact:
        return EventFact(
            kind="price",
            value=value,
            unit="USD_per_mtok",
            quote=f"${value}",
            subject="Kimi",
            product="kimi",
            detail=detail,
            comparison=comparison,
            document_id=document_id,
        )

    def priced(*facts: EventFact) -> Event:
        return kimi().model_copy(update={"facts": facts})

    halved = compare(priced(price("k1", "input", 0.5), price("k1", "input", 1.0, True)), [], knowledge())
    assert [(c.rule, c.ratio, c.better) for c in halved] == [("before", 0.5, True)]
    assert compare(priced(price("k1", "input", 0.5), price("k1", "output", 1.0, True)), [], knowledge()) == ()
    assert compare(priced(price("k1", None, 0.5), price("k1", None, 1.0, True)), [], knowledge()) == ()


def test_two_sizes_of_one_product_are_no_rivals() -> None:
    facts = (*plain_kimi().facts, context(80_000, "Kimi mini支持8万字", "Kimi mini", "k1", comparison=True))
    assert by_rule(compare(kimi().model_copy(update={"facts": facts}), [], knowledge()), "rival") == []


def test_the_product_that_the_words_of_the_type_name_is_the_main_one_and_not_its_measure() -> None:
    makers = (
        CompanyTag(id="moonshot-ai", relevance=99, role="actor", quote="Kimi"),
        CompanyTag(id="openai", relevance=60, role="mentioned", quote="GPT-4"),
    )
    products = (
        ProductTag(id="gpt-4", name="GPT-4", company="openai", relevance=91, quote="GPT-4"),
        ProductTag(id="kimi", name="Kimi", company="moonshot-ai", relevance=90, quote="Kimi"),
    )
    event = kimi().model_copy(
        update={"companies": makers, "products": products, "title_zh": "这家创企的能力接近GPT-4", "title_en": None}
    )
    assert main_product(event.model_copy(update={"event_type_quote": "released Kimi to rival GPT-4"})) == products[1]
    assert main_product(event.model_copy(update={"event_type_quote": "发布"})) == products[0]
