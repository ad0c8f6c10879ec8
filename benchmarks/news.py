"""Generated news for measurements: entries as feeds give them, about happenings that several sources report in their own words.

A happening is a company of the knowledge base (drawn by a Zipf law), one of its products under a new version, a kind of
news and two figures. Four in ten entries tell a happening of the last hours again, in other words, half of them in the
other language. A body is one to three sentences of the kind of news, then clauses of the bundled sample weeks about
anything, in any order, so that words come as often as in news and texts of about 300 Chinese or 600 Latin characters
differ as news do. What comes out depends on the seed alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random

from knowledge.index import KnowledgeBase
from pipeline.records import RawDocument
from sample.week import load_documents

SOURCES = 300
OPEN = 60
"""Happenings that may be told again."""
AGAIN = 0.4
CLAUSES = 8
SHORTEST = 8
"""Characters of a clause."""
_END = re.compile("[，。；：,.;:](?= |$|[^0-9])")

TEXTS = {
    "en": (
        ("{company} releases {product}", "{company} today released {product}, a language model with {n}B parameters."),
        (
            "{company} open-sources {product} with {n}B parameters",
            "The weights of {product} are open under Apache 2.0.",
        ),
        ("{product} from {company} takes {n},000 tokens of context", "{product} reads up to {n},000 tokens at once."),
        ("{company} cuts the price of {product} by {m}%", "{company} lowered the API price of {product} by {m}%."),
        ("{company} raises ${n} million", "{company} raised ${n} million in a new round for {product}."),
        ("{company} brings {product} to its partners", "{company} and its partners will build on {product} this year."),
        ("{product} scores {m} on MMLU", "{company} says that {product} reaches {m} points on MMLU."),
        ("{company} launches video model {product}", "{product} by {company} makes videos of up to {m} seconds."),
    ),
    "zh": (
        ("{company}发布{product}", "{company}今日发布大模型{product}，参数量达{n}亿。"),
        ("{company}开源{product}，参数规模{n}亿", "{product}的权重以 Apache 2.0 协议开源，可商用。"),
        ("{company} {product} 支持{n}万字上下文", "{product}一次可读入{n}万字的文本。"),
        ("{company}宣布{product}降价{m}%", "{company}把{product}的 API 价格下调了{m}%。"),
        ("{company}完成{n}亿元融资", "{company}完成新一轮{n}亿元融资，用于{product}的研发。"),
        ("{company}与伙伴共建{product}生态", "{company}表示，今年将与伙伴一同以{product}为基础开发应用。"),
        ("{product}在 MMLU 上取得{m}分", "{company}称，{product}在 MMLU 评测中取得{m}分。"),
        ("{company}推出视频模型{product}", "{company}的{product}可生成最长{m}秒的视频。"),
    ),
}
MORE = {
    "en": (
        "{product} is available through the API from today.",
        "Analysts expect {company} to ship more this quarter.",
    ),
    "zh": ("{product}即日起通过 API 开放。", "业内人士预计，{company}本季度还将推出新品。"),
}


@dataclass(frozen=True)
class Happening:
    """What several entries tell."""

    names: dict[str, str]
    product: str
    kind: int
    n: int
    m: int

    def words(self, text: str, language: str) -> str:
        """A text about it."""
        return text.format(company=self.names[language], product=self.product, n=self.n, m=self.m)


def entries(
    knowledge: KnowledgeBase, count: int, start: datetime, seed: int, a_day: int = 900
) -> Iterator[RawDocument]:
    """Entries in order of time, each new to a store that has seen none of this seed."""
    dice = Random(seed)
    subjects = _subjects(knowledge)
    weights = list(accumulate(1 / rank for rank in range(1, len(subjects) + 1)))
    recent: list[Happening] = []
    for number in range(count):
        if recent and dice.random() < AGAIN:
            happening = dice.choice(recent)
        else:
            names, family = dice.choices(subjects, cum_weights=weights)[0]
            version = f"{family} {dice.randrange(1, 30)}.{dice.randrange(10)}"
            happening = Happening(names, version, dice.randrange(8), dice.randrange(2, 900), dice.randrange(10, 99))
            recent = [*recent[-OPEN + 1 :], happening]
        when = start + timedelta(days=number / a_day)
        yield _entry(happening, "zh" if dice.random() < 0.5 else "en", when, f"{seed}-{number}", dice)


def _entry(happening: Happening, language: str, when: datetime, key: str, dice: Random) -> RawDocument:
    title, lead = TEXTS[language][happening.kind]
    said = [lead, *dice.sample(MORE[language], k=dice.randrange(3))]
    told = [happening.words(text, language) for text in said] + dice.sample(_clauses()[language], k=CLAUSES)
    source = dice.randrange(SOURCES)
    return RawDocument(
        id=key,
        source_id=f"source-{source}",
        source_name=f"Source {source}",
        tier=dice.choices((1, 2, 3), (1, 6, 3))[0],
        url=f"https://source-{source}.example/{when:%Y/%m/%d}/{key}",
        title=happening.words(title, language),
        text=("。" if language == "zh" else ". ").join(told),
        published_at=when,
        published_precision="time",
        first_seen_at=when + timedelta(minutes=4),
    )


def _subjects(knowledge: KnowledgeBase) -> list[tuple[dict[str, str], str]]:
    """Companies with a product to tell of, as their names in both languages and the product's; those with most first."""
    families: dict[str, list[str]] = {}
    for product in knowledge.products.values():
        families.setdefault(product.company, []).append(product.name)
    ordered = sorted(families, key=lambda company: (-len(families[company]), company))
    found = []
    for company_id in ordered:
        company = knowledge.companies.get(company_id)
        if company is not None:
            names = {"en": company.name_en, "zh": company.name_zh or company.name_en}
            found += [(names, name) for name in families[company_id][:4]]
    return found


@cache
def _clauses() -> dict[str, list[str]]:
    """Clauses of the bundled sample weeks, by language."""
    found: dict[str, dict[str, None]] = {"en": {}, "zh": {}}
    for document in load_documents():
        parts = _END.split(" ".join(document.paragraphs))
        found[document.language] |= dict.fromkeys(part.strip() for part in parts if len(part) > SHORTEST)
    return {language: list(clauses) for language, clauses in found.items()}
