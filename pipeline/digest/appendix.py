"""The end of an issue: where every figure comes from, the sources, and what a publisher must say of itself."""

from __future__ import annotations

from datetime import time

from pipeline.digest.blocks import Block, Heading, Prose, Run, Table
from pipeline.digest.period import Period
from pipeline.digest.shape import Both, Claim, Digest, Source, Stock
from pipeline.digest.speech import Say, note
from pipeline.digest.wording import DISCLAIMER, RATING_DEFINITIONS, STATEMENT

EVIDENCE = 2
"""How many pages of evidence a row cites; the JSON has all."""


def appendix(digest: Digest, say: Say) -> list[Block]:
    """Two tables: every figure with its rule, words and source; every source with address and time."""
    if not digest.sources:
        return []
    blocks: list[Block] = [Heading(level=2, text=say("附：数据与来源", "Appendix: figures and sources"))]
    figures = tuple(_claim(c, say) for c in digest.claims)
    if figures:
        columns = (
            say("数据", "Figure"),
            say("含义", "What"),
            say("口径", "How"),
            say("原文", "Words"),
            say("来源", "Source"),
        )
        blocks.append(
            Table(
                caption=say("数据出处", "Where each figure comes from"),
                columns=columns,
                widths=(4, 5, 4, 7, 2),
                rows=figures,
            )
        )
    heads = (say("序号", "No."), say("来源", "Source"), say("标题与链接", "Title and address"), say("时间", "Time"))
    rows = tuple(_source(s, say, digest.period) for s in digest.sources)
    anchors = tuple(f"source-{x.number}" for x in digest.sources)
    caption = say("来源", "Sources")
    blocks.append(Table(caption=caption, columns=heads, widths=(1, 3, 10, 3), rows=rows, anchors=anchors))
    pages = {label: address for address, label in evidence_labels(digest).items() if label.startswith("[E")}
    if pages:
        blocks.append(
            Table(
                caption=say("关联依据", "Evidence of ties"),
                columns=(say("序号", "No."), say("链接", "Address")),
                widths=(1, 16),
                rows=tuple(pages.items()),
                anchors=tuple(f"evidence-{label.strip('[E]')}" for label in pages),
            )
        )
    return blocks


def evidence_labels(digest: Digest) -> dict[str, str]:
    """How a table of ties cites each page of evidence: by its number among the sources, else by one of its own, `[E1]`."""
    labels = {s.url: f"[{s.number}]" for s in digest.sources if s.url}
    pages = dict.fromkeys(e for stock in digest.stocks for e in shown_evidence(stock))
    own = [page for page in pages if page not in labels]
    return labels | {page: f"[E{number}]" for number, page in enumerate(own, 1)}


def shown_evidence(stock: Stock) -> list[str]:
    """The pages that bear out a stock's link, as many as a row cites; what a register says has none."""
    return [e for e in stock.evidence if e.startswith(("http://", "https://"))][:EVIDENCE]


TIERS = {
    1: Both(zh="官方", en="official"),
    2: Both(zh="媒体", en="media"),
    3: Both(zh="聚合", en="aggregator"),
}
RULES = {
    "quoted": Both(zh="原文", en="quoted"),
    "ratio": Both(zh="两值相比", en="ratio of two figures"),
    "before": Both(zh="原文，此前数值", en="quoted, earlier figure"),
    "rival": Both(zh="原文，他家数值", en="quoted, another product"),
    "record": Both(zh="库内计数", en="count in store"),
    "count": Both(zh="库内计数", en="count in store"),
    "coming": Both(zh="标题或事实中的日期", en="date in a title or fact"),
    "conflict": Both(zh="原文，各方不一", en="quoted, reports differ"),
    "change": Both(zh="两次收盘价相比", en="change between two closes"),
    "excess": Both(zh="该变动减去指数变动", en="that change less the index's"),
}


def _claim(claim: Claim, say: Say) -> tuple[str, ...]:
    source = f"[{claim.source}]" if claim.source else "—"
    words = claim.quote or "—"
    if claim.rule in ("ratio", "change") and len(claim.inputs) == 2:
        words = " / ".join(f"{n:,.6f}".rstrip("0").rstrip(".") for n in reversed(claim.inputs))
        if claim.rule == "ratio":
            words = " / ".join(f"{n:,.6f}".rstrip("0").rstrip(".") for n in claim.inputs)
    if claim.rule == "excess":
        old, new, market_old, market_new = (f"{n:,.6f}".rstrip("0").rstrip(".") for n in claim.inputs)
        words = f"{new} / {old} − {market_new} / {market_old}"
    how = RULES[claim.rule].say(say.language) + (say("（有分歧）", " (disputed)") if claim.conflict else "")
    return (claim.shown.say(say.language), claim.what.say(say.language), how, words, source)


def _source(source: Source, say: Say, period: Period) -> tuple[str, ...]:
    tier = TIERS[source.tier].say(say.language)
    when = period.local(source.published_at or source.first_seen_at)
    shown = f"{when:%Y-%m-%d}" if when.time() == time() else f"{when:%Y-%m-%d %H:%M}"
    if source.published_at is None:
        shown += say("（首见）", " (first seen)")
    title = source.title + (f" {source.url}" if source.url else "")
    return (f"[{source.number}]", say(f"{source.name}（{tier}）", f"{source.name} ({tier})"), title, shown)


def closing(digest: Digest, say: Say) -> list[Block]:
    """Rating definitions, statement, disclaimer, and what the issue was made with."""
    author = digest.author
    parts = (
        (say("评级定义", "Rating definitions"), (author and author.rating_definitions) or RATING_DEFINITIONS),
        (say("声明", "Statement"), (author and author.statement) or STATEMENT),
        (say("免责声明", "Disclaimer"), (author and author.disclaimer) or DISCLAIMER),
    )
    blocks: list[Block] = []
    for label, words in parts:
        blocks.append(Prose(label=label, runs=(Run(text=words.say(say.language)),), small=True))
    stamp = say(
        f"知识库版本 {digest.knowledge_version}，成稿时间 {digest.made_at:%Y-%m-%d %H:%M} UTC。",
        f"Knowledge version {digest.knowledge_version}; made at {digest.made_at:%Y-%m-%d %H:%M} UTC.",
    )
    blocks.append(note(stamp))
    return blocks
