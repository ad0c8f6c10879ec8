"""Gaps of the knowledge base, as stored news shows them: ties that it lacks, names that it does not know. A person decides.

Nothing here is part of a document's trip, and nothing that it finds is ever taken in by itself.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from math import sqrt
from typing import Literal, NamedTuple

from knowledge.index import KnowledgeBase
from pipeline.records import CompanyTag, Document, Record, SecurityTag, Tags
from pipeline.text import fold, is_cjk

QUOTES = 3
"""Sentences shown for a gap: of different events first."""

LONGEST = 300
"""Characters of a quote; what runs on longer is a list or a page without full stops, and shows no tie."""

MOST_NAMED = 4
"""Companies and securities in one sentence; where more stand it is a list, which shows no tie."""

SHOWN_BY_ANOTHER = frozenset({"source", "group"})
"""Rules of tags whose words are not the company's own name."""

FAR = 60
"""Characters between two names beyond which a word of a tie there says nothing of both."""

BEHIND = 12
"""Characters behind two names side by side in which such a word speaks of both."""

_SIDE_BY_SIDE = re.compile(r"\s*(?:[与和同及跟&+/×]|以及|and|with|x)\s*")
_BREAK = re.compile(r"[，,；;、：:|｜]|\s/\s")
"""What parts two names inside a sentence: other clauses, members of a list."""

_SENTENCE = re.compile(r"(?<=[。！？!?；;])|\n+|(?<=\w[.])\s+(?=[A-Z“\"])")
_ADDRESS = re.compile(r"(?:https?://|/r/|@)\S+")
_PIECE = re.compile(r"\s*[｜|:：，,；;]\s*")
_LATIN = r"[A-Z][\w&-]*(?:[. ]?[A-Z][\w&-]*){0,3}"
_HAN = r"(?:(?![的了吗呢何最将被把与和从在这那])[\w·]){2,8}"
"""A name in Chinese: without the characters of grammar that no name has."""
_BRACKETED = r"[「『“]([^「」『』“”]{2,16})[」』”]"


class Told(Record):
    """A document of an event, with what tagging said of it."""

    event_id: str
    document: Document
    tags: Tags


class Quote(Record):
    """The words that show a gap, and where they stand."""

    event_id: str
    document_id: str
    source: str
    url: str | None
    day: date
    words: str


class Tie(Record):
    """A company and an issuer named in one sentence, without a relation between them."""

    company: str
    securities: tuple[str, ...]
    """The issuer's listings, or the one security where nobody noted its issuer."""
    events: int
    sentences: int
    deals: int
    """In how many of the events a word of a tie joins the two names."""
    quotes: tuple[Quote, ...]


class Name(Record):
    """A name in the place of a product or a company that the knowledge base does not know."""

    kind: Literal["product", "company"]
    name: str
    company: str | None = None
    """Whose product it is, where the text tells."""
    documents: int
    sources: int
    quotes: tuple[Quote, ...]


class _Sighting(NamedTuple):
    quote: Quote
    source_id: str
    spelling: str = ""
    company: str | None = None
    is_deal: bool = False


# ---- ties -----------------------------------------------------------------------------------------------------------


def ties(told: Iterable[Told], knowledge: KnowledgeBase) -> list[Tie]:
    """Pairs of company and issuer in one sentence without a relation, those that a word of a tie joins most often first."""
    tied, joining = _Tied(knowledge), _joining_words(knowledge)
    seen: dict[tuple[str, str], list[_Sighting]] = defaultdict(list)
    for one in told:
        for sentence in sentences(one.document):
            companies = [tag for tag in one.tags.companies if _is_named(tag, sentence) and not tied.is_academic(tag.id)]
            if not companies or len(sentence) > LONGEST:
                continue
            named = [tag.id for tag in one.tags.securities if stands_in(tag.quote, sentence)]
            if len(companies) + len(named) > MOST_NAMED:
                continue
            words = _written(companies, one.tags.securities, tied)
            for company, issuer in dict.fromkeys(_pairs(companies, named, tied)):
                others = [word for name, word in words.items() if name not in (company, issuer)]
                is_deal = are_joined(sentence, words[company], words[issuer], joining, others)
                sighting = _Sighting(_quote(one, sentence), one.document.source_id, is_deal=is_deal)
                seen[company, issuer].append(sighting)
    found = [_tie(pair, sightings, tied) for pair, sightings in _either_way(seen).items()]
    return sorted(found, key=lambda t: (-_telling(t), -t.deals, -t.events, -t.sentences, t.company, t.securities))


def _telling(tie: Tie) -> float:
    """How much speaks for a tie: the events that join the names, less so the more often they stand together by chance."""
    return tie.deals / sqrt(tie.events)


def _either_way(seen: Mapping[tuple[str, str], list[_Sighting]]) -> dict[tuple[str, str], list[_Sighting]]:
    """Two issuers as one pair, in the order that more sentences have."""
    merged: dict[tuple[str, str], list[_Sighting]] = {}
    for (one, other), sightings in sorted(seen.items(), key=lambda item: (-len(item[1]), item[0])):
        merged.setdefault((other, one) if (other, one) in merged else (one, other), []).extend(sightings)
    return merged


class _Tied:
    """What the base ties already, in either direction and at any time."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge
        self._securities: dict[str, set[str]] = defaultdict(set)
        self._listings: dict[str, set[str]] = defaultdict(set)
        for relation in knowledge.relations:
            kept = self._listings if relation.kind == "is_listed_as" else self._securities
            kept[relation.company].add(relation.security)

    def listings(self, company: str) -> set[str]:
        """The company's own securities, past ones too."""
        return self._listings.get(company, set())

    def issuer(self, security: str) -> str:
        """The company behind a security, or the security itself where nobody noted one."""
        row = self._knowledge.securities.get(security)
        return row.company if row and row.company else security

    def is_academic(self, company: str) -> bool:
        """Whether it is a university: what it does with an issuer moves no share."""
        row = self._knowledge.companies.get(company)
        return row is not None and row.type == "academic"

    def are(self, company: str, issuer: str) -> bool:
        """Whether the two are tied, or one belongs to the other."""
        if set(self._knowledge.group_of(company)) & set(self._knowledge.group_of(issuer)):
            return True
        there = self.listings(issuer) or {issuer}
        return bool(self._securities[company] & there or self._securities[issuer] & self.listings(company))


def _pairs(companies: list[CompanyTag], named: list[str], tied: _Tied) -> Iterator[tuple[str, str]]:
    """Each company with each issuer beside it; of two issuers the more relevant one is the company."""
    order = [tag.id for tag in sorted(companies, key=lambda tag: (-tag.relevance, tag.id))]
    issuers = dict.fromkeys((*(c for c in order if tied.listings(c)), *map(tied.issuer, named)))
    for place, company in enumerate(order):
        earlier = set(order[:place])
        for issuer in issuers:
            is_turned = issuer in earlier and company in issuers
            if not is_turned and not tied.are(company, issuer):
                yield company, issuer


def _tie(pair: tuple[str, str], sightings: list[_Sighting], tied: _Tied) -> Tie:
    company, issuer = pair
    sightings = sorted(sightings, key=lambda s: (not s.is_deal, s.quote.day, s.quote.document_id))
    return Tie(
        company=company,
        securities=tuple(sorted(tied.listings(issuer))) or (issuer,),
        events=len({s.quote.event_id for s in sightings}),
        sentences=len(sightings),
        deals=len({s.quote.event_id for s in sightings if s.is_deal}),
        quotes=_chosen(s.quote for s in sightings),
    )


def _is_named(tag: CompanyTag, sentence: str) -> bool:
    return tag.rule not in SHOWN_BY_ANOTHER and stands_in(tag.quote, sentence)


def _written(companies: list[CompanyTag], securities: Iterable[SecurityTag], tied: _Tied) -> dict[str, str]:
    """How each company and issuer is written there; a company rather by its own name than by its share's."""
    shares = {tied.issuer(tag.id): tag.quote for tag in securities}
    return shares | {tag.id: tag.quote for tag in companies}


def are_joined(sentence: str, one: str, other: str, joining: re.Pattern[str], others: Iterable[str] = ()) -> bool:
    """Whether a word of a tie and no other name stands between two names, or right behind both where they are side by side."""
    (start, first), (after, second) = sorted(((sentence.find(one), one), (sentence.find(other), other)))
    between, rest = sentence[start + len(first) : after], sentence[after + len(second) :]
    if _SIDE_BY_SIDE.fullmatch(between):
        return bool(joining.search(fold(rest[:BEHIND])))
    if len(between) > FAR or _BREAK.search(between) or any(word in between for word in others):
        return False
    return bool(joining.search(fold(between)))


def _joining_words(knowledge: KnowledgeBase) -> re.Pattern[str]:
    groups = [group for group in knowledge.taxonomy.words if group.id == "tie"]
    words = {fold(word) for group in groups for word in (*group.words_zh, *group.words_en)}
    parts = sorted(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word) for word in words)
    return re.compile("|".join(parts) or "(?!)")


# ---- names ----------------------------------------------------------------------------------------------------------


def names(told: Iterable[Told], knowledge: KnowledgeBase) -> list[Name]:
    """Names that look like products or companies and are neither in the base, those of most sources first."""
    known, verbs = _Known(knowledge), _Verbs(knowledge)
    seen: dict[tuple[Literal["product", "company"], str], list[_Sighting]] = defaultdict(list)
    for one in told:
        for sighting in _products(one):
            seen["product", fold(sighting.spelling)].append(sighting)
        for sighting in _companies(one, known, verbs):
            seen["company", fold(sighting.spelling)].append(sighting)
    found = [_name(kind, sightings) for (kind, _), sightings in seen.items()]
    return sorted(found, key=lambda n: (-n.sources, -n.documents, n.kind, n.name))


def _products(one: Told) -> Iterator[_Sighting]:
    """Products that tagging found by their shape, but for what is part of an address."""
    addresses = " ".join(_ADDRESS.findall(one.document.text))
    for tag in one.tags.products:
        if tag.id is None and tag.name not in addresses:
            words = next((s for s in sentences(one.document) if stands_in(tag.name, s)), tag.quote)
            yield _Sighting(_quote(one, words), one.document.source_id, tag.name, tag.company)


def _companies(one: Told, known: _Known, verbs: _Verbs) -> Iterator[_Sighting]:
    """Unknown names before a verb of announcing in the headline: neither the publisher's own nor a product's."""
    document = one.document
    for name in verbs.subjects(document.title):
        is_product = any(name in tag.quote for tag in one.tags.products)
        if not is_product and fold(name) not in fold(document.source_name) and not known.holds(name):
            yield _Sighting(_quote(one, document.title), document.source_id, name)


def _name(kind: Literal["product", "company"], sightings: list[_Sighting]) -> Name:
    sightings = sorted(sightings, key=lambda s: (s.quote.day, s.quote.document_id))
    makers = Counter(s.company for s in sightings if s.company)
    return Name(
        kind=kind,
        name=Counter(s.spelling for s in sightings).most_common(1)[0][0],
        company=makers.most_common(1)[0][0] if makers else None,
        documents=len({s.quote.document_id for s in sightings}),
        sources=len({s.source_id for s in sightings}),
        quotes=_chosen(s.quote for s in sightings),
    )


class _Known:
    """Every name that the base has, for a quick answer."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        ours = (*(c.names for c in knowledge.companies.values()), *(p.names for p in knowledge.products.values()))
        self._ours = {fold(name) for names in ours for name in names}
        self._listed = {fold(name) for row in knowledge.listed_names() for name in row.names}

    def holds(self, name: str) -> bool:
        """Whether it is known, or the name of a known company or product stands in it: 阿里通义, OpenAI Japan."""
        folded = fold(name)
        if folded in self._ours or folded in self._listed:
            return True
        words = folded.split()
        runs = {" ".join(words[a:b]) for a in range(len(words)) for b in range(a + 1, len(words) + 1)}
        if any(map(is_cjk, folded)):
            runs |= {folded[a:b] for a in range(len(folded)) for b in range(a + 2, len(folded) + 1)}
        return bool(runs & self._ours)


class _Verbs:
    """The verbs whose subject in a headline is a company or a product."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        groups = {group.id: group for group in knowledge.taxonomy.words}
        told = [groups[name] for name in ("release", "open_source") if name in groups]
        acts = [*told, groups["act"]] if "act" in groups else told
        said = _either(word for group in told for word in group.words_zh if len(word) > 1)
        done = _either(word for group in acts for word in group.words_zh)
        latin = _either(word for group in told for word in group.words_en)
        self._no_names = {fold(word) for word in groups["not_names"].words_en} if "not_names" in groups else set()
        self._patterns = (
            re.compile(rf"{_BRACKETED}(?:今日|近日|正式|已|又|再次|连续|宣布)*(?:{done})"),
            re.compile(rf"^({_HAN}?)(?:今日|今天|正式|重磅|宣布|全新|首次|近日)*(?:{said})"),
            re.compile(rf"^({_LATIN}) (?i:{latin})\b"),
        )

    def subjects(self, title: str) -> Iterator[str]:
        """What stands before such a verb at the beginning of a headline's piece, or in brackets."""
        for piece in _PIECE.split(title.strip()):
            match = next((m for pattern in self._patterns if (m := pattern.search(piece))), None)
            name = match[1].strip() if match else ""
            if name and fold(name.split()[0]) not in self._no_names:
                yield name


def _either(words: Iterable[str]) -> str:
    """A pattern of any of the words, the longest first; of nothing where there is none."""
    return "|".join(sorted(map(re.escape, words), key=lambda w: (-len(w), w))) or "(?!)"


# ---- words ----------------------------------------------------------------------------------------------------------


def sentences(document: Document) -> list[str]:
    """The title and the sentences of the text, each once."""
    parts = (document.title, *_SENTENCE.split(document.text))
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def stands_in(words: str, sentence: str) -> bool:
    """Whether the words stand in a sentence, not inside a longer Latin word."""
    start = sentence.find(words) if words else -1
    while start >= 0:
        end = start + len(words)
        if not (_joins(sentence[start - 1 : start], words[0]) or _joins(words[-1], sentence[end : end + 1])):
            return True
        start = sentence.find(words, start + 1)
    return False


def _joins(left: str, right: str) -> bool:
    """Whether two characters side by side belong to one Latin word."""
    return bool(left and right) and all(c.isalnum() and not is_cjk(c) for c in (left, right))


def _quote(one: Told, words: str) -> Quote:
    document = one.document
    return Quote(
        event_id=one.event_id,
        document_id=document.id,
        source=document.source_name or document.source_id,
        url=document.url,
        day=document.when.date(),
        words=words[:LONGEST],
    )


def _chosen(quotes: Iterable[Quote]) -> tuple[Quote, ...]:
    """A few quotes, one an event as long as there are others."""
    held = list({(q.event_id, q.words): q for q in quotes}.values())
    first = list({q.event_id: q for q in reversed(held)}.values())[::-1]
    return tuple((first + [q for q in held if q not in first])[:QUOTES])
