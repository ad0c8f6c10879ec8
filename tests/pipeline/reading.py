"""One lexicon of the real knowledge base for the tests that read text, and sentences turned into documents."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from knowledge.load import load
from pipeline import facts
from pipeline.lexicon import Lexicon
from pipeline.records import Fact, Tags
from pipeline.tag import tag
from tests.factories import make_document


@cache
def lexicon() -> Lexicon:
    """The lexicon of the knowledge base as it stands in the checkout."""
    return Lexicon(load())


def tagged(title: str, text: str = "", **given: str) -> Tags:
    """The tags of a document."""
    return tag(make_document(title=title, text=text, **given), lexicon())


def found(title: str, text: str = "", day: str = "2024-03-18") -> tuple[Fact, ...]:
    """The facts of a document of a day."""
    moment = datetime.fromisoformat(f"{day}T08:00:00+00:00")
    document = make_document(title=title, text=text, published_at=moment, first_seen_at=moment)
    return facts.find(document, tag(document, lexicon()), lexicon())
