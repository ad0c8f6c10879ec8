"""The words of links: how a tie reads in Chinese and English, with its date, its doubts and its source."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from knowledge.index import KnowledgeBase
from knowledge.schema import Relation
from pipeline.records import Reason

LISTED = "is_listed_as"


@lru_cache(maxsize=8192)
def phrase(knowledge: KnowledgeBase, relation: Relation, told: bool) -> Reason:
    """A tie in words; `told` says whether its note was written by the day of the link."""
    if relation.kind == LISTED:
        return _listed(knowledge, relation)
    kind = knowledge.relation_kinds[relation.kind]
    concept = knowledge.concepts.get(relation.concept) if relation.concept else None
    label_zh, label_en = (concept.name_zh, f"{kind.name_en} {concept.id}") if concept else (kind.name_zh, kind.name_en)
    zh = [f"{relation.valid_from} 起"] if relation.valid_from else []
    en = [f"since {relation.valid_from}"] if relation.valid_from else []
    if told:
        en.append(relation.what)
    if relation.issuer_denied:
        zh.append("公司已否认")
        en.append("denied by the issuer")
    if relation.confidence < 0.5:
        zh.append(f"置信度低 {relation.confidence:.2f}")
        en.append(f"low confidence {relation.confidence:.2f}")
    zh.append(f"来源：{_source(relation.source[0], 'zh')}")
    en.append(f"source: {_source(relation.source[0], 'en')}")
    company, security = relation.company, relation.security
    head_zh = f"{_company(knowledge, company, 'zh')} ← {_security(knowledge, security, 'zh')} {label_zh}"
    head_en = f"{_company(knowledge, company, 'en')} ← {_security(knowledge, security, 'en')}: {label_en}"
    return Reason(zh=f"{head_zh}（{'，'.join(zh)}）", en=f"{head_en} ({'; '.join(en)})")


def _listed(knowledge: KnowledgeBase, relation: Relation) -> Reason:
    """That a company is the issuer itself: `阿里巴巴即 09988.HK 的发行人`."""
    since = f"{relation.valid_from} 起，", f"since {relation.valid_from}; "
    zh, en = since if relation.valid_from else ("", "")
    source = relation.source[0]
    return Reason(
        zh=f"{_company(knowledge, relation.company, 'zh')}即 {relation.security} 的发行人（{zh}来源：{_source(source, 'zh')}）",
        en=f"{_company(knowledge, relation.company, 'en')} is the issuer of {relation.security} ({en}source: {_source(source, 'en')})",
    )


def _company(knowledge: KnowledgeBase, company: str, language: str) -> str:
    row = knowledge.companies.get(company)
    if row is None:
        return company
    return (row.name_zh or row.name_en) if language == "zh" else row.name_en


def _security(knowledge: KnowledgeBase, security: str, language: str) -> str:
    row = knowledge.securities.get(security)
    if row is None:
        return security
    if row.company and row.company in knowledge.companies:
        name = _company(knowledge, row.company, language)
    else:
        name = (row.name_zh or row.name_en if language == "zh" else row.name_en or row.name_zh) or ""
    return f"{name} {security}" if name else security


@lru_cache(maxsize=8192)
def _source(source: str, language: str) -> str:
    """A source in a few characters: the host of a page, or the file as it is cited."""
    if source.startswith(("http://", "https://")):
        return urlsplit(source).hostname or source
    if source.startswith("unsourced"):
        return "未核实的常识" if language == "zh" else "general knowledge, unsourced"
    if source.startswith(("code-index:", "code search")):
        return "公开代码摘录" if language == "zh" else "an excerpt of public code"
    return source
