"""A digest laid out in one language: headings, prose, lists, tables and figures in order; every format shows these blocks."""

from __future__ import annotations

from typing import Literal

from pipeline.digest.period import Period
from pipeline.digest.shape import Both, Claim, Digest, Item, Line, Sentence, Source, Stock, ThemeBlock
from pipeline.digest.wording import (
    DISCLAIMER,
    RATING_DEFINITIONS,
    SPANS,
    STANCES,
    STATEMENT,
    STRENGTHS,
    join,
)
from pipeline.records import Record

EVIDENCE = 2
"""How many pieces of evidence a row shows; the JSON has all."""


class Run(Record):
    """Words of one kind: plain, strong, a citation, or an aside in small print."""

    text: str
    kind: Literal["plain", "strong", "cite", "aside"] = "plain"


class Heading(Record):
    block: Literal["heading"] = "heading"
    level: Literal[1, 2, 3]
    text: str


class Prose(Record):
    """A paragraph; a label such as 事件 or 观点 stands before it."""

    block: Literal["prose"] = "prose"
    label: str = ""
    runs: tuple[Run, ...]
    small: bool = False


class Bullets(Record):
    block: Literal["bullets"] = "bullets"
    items: tuple[tuple[Run, ...], ...]


class Table(Record):
    block: Literal["table"] = "table"
    caption: str
    columns: tuple[str, ...]
    widths: tuple[int, ...]
    """Relative widths of the columns."""
    rows: tuple[tuple[str, ...], ...]
    anchors: tuple[str, ...] = ()
    """Where a citation leads: one a row, or none."""


class Figure(Record):
    """A chart by name, with its caption; its numbers are the digest's."""

    block: Literal["figure"] = "figure"
    chart: Literal["modalities", "heat", "market"]
    caption: str


Block = Heading | Prose | Bullets | Table | Figure


class Page(Record):
    """One issue in one language, ready for any format."""

    language: str
    title: str
    cover: tuple[str, ...]
    """Lines above the headline: sector and rating, kind, window, publication date."""
    author: tuple[str, ...]
    header: str
    footer: str
    blocks: tuple[Block, ...]


def page(digest: Digest, language: str) -> Page:
    """The issue's blocks in the order of a weekly: view, events, framework, themes, stocks, the rest, risks, sources."""
    say = _Say(digest, language)
    blocks: list[Block] = [
        *_opening(digest, say),
        *_events(digest, say),
        *_framework(digest, say),
        *_themes(digest, say),
        *_stocks(digest, say),
        *_lines(digest, say),
        *_market(digest, say),
        *_related(digest, say),
        *_risks(digest, say),
        *_appendix(digest, say),
        *_closing(digest, say),
    ]
    cover = digest.cover
    rating = f" {cover.rating.say(language)}" if cover.rating else ""
    lines = [
        f"{cover.sector.say(language)}{rating} | {cover.kind.say(language)} {digest.period.label}",
        say(f"报告区间：{cover.window.zh}", f"Window: {cover.window.en}"),
        say(f"发布日期：{cover.published_on}", f"Publication date: {cover.published_on}"),
    ]
    if cover.rating_note:
        lines.append(cover.rating_note.say(language))
    return Page(
        language=language,
        title=digest.headline.say(language),
        cover=tuple(lines),
        author=_author(digest, say),
        header=f"{cover.sector.say(language)} {cover.kind.say(language)} {digest.period.label}",
        footer=say("请阅读文末声明", "See the statements at the end"),
        blocks=tuple(blocks),
    )


class _Say:
    """Chooses the language, and counts the section headings of a Chinese weekly: 一、二、三."""

    def __init__(self, digest: Digest, language: str) -> None:
        self.language = language
        self.claims = digest.claims
        self._sections = 0

    def __call__(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def section(self, zh: str, en: str) -> Heading:
        """The next section's heading."""
        self._sections += 1
        ordinal = "一二三四五六七八九十"[self._sections - 1 : self._sections] or "附"
        return Heading(level=2, text=self(f"{ordinal}、{zh}", en))

    def runs(self, sentence: Sentence) -> tuple[Run, ...]:
        """A sentence and its citations."""
        cites = _cites(sentence)
        words = Run(text=sentence.say(self.language))
        return (words, Run(text=cites, kind="cite")) if cites else (words,)

    def prose(self, sentences: tuple[Sentence, ...], label: str = "") -> Prose:
        """Sentences as one paragraph; English ones with a space between."""
        runs: list[Run] = []
        for sentence in sentences:
            if runs and self.language != "zh":
                runs.append(Run(text=" "))
            runs += self.runs(sentence)
        return Prose(label=label, runs=tuple(runs))


def _author(digest: Digest, say: _Say) -> tuple[str, ...]:
    author = digest.author
    if author is None:
        return (say("署名：待署名人员填写", "Signed by: to be filled in by the person who signs"),)
    lines = [say(f"署名：{author.name}", f"Signed by: {author.name}")]
    if author.publisher:
        lines.append(author.publisher)
    if author.licence:
        lines.append(say(f"执业编号：{author.licence}", f"Licence: {author.licence}"))
    if author.email or author.phone:
        lines.append(" ".join(x for x in (author.email, author.phone) if x))
    return tuple(lines)


def _opening(digest: Digest, say: _Say) -> list[Block]:
    return [say.section("主要观点", "Main view"), say.prose(digest.summary)]


def _events(digest: Digest, say: _Say) -> list[Block]:
    blocks: list[Block] = []
    span = SPANS[digest.period.kind]
    if digest.items:
        blocks.append(say.section(f"{span.zh}重点事件", f"Main events: {span.en.lower()}"))
        for item in digest.items:
            blocks += _item(item, say)
    if digest.charts.modalities:
        blocks.append(Figure(chart="modalities", caption=say("事件数（按输出模态）", "Events by output modality")))
    if digest.charts.heat:
        blocks.append(Figure(chart="heat", caption=say("重点事件每日报道数", "Reports a day on the main events")))
    return blocks


def _item(item: Item, say: _Say) -> list[Block]:
    blocks: list[Block] = [
        Heading(level=3, text=item.headline.say(say.language)),
        say.prose(item.facts, say("事件", "Event")),
    ]
    if item.views:
        blocks.append(say.prose(item.views, say("观点", "View")))
    return blocks


def _framework(digest: Digest, say: _Say) -> list[Block]:
    rows = tuple(
        (b.name.say(say.language), b.sentence.say(say.language)) for b in digest.framework if b.sentence is not None
    )
    if not rows or not digest.inputs:
        return []
    name = digest.framework_name
    return [
        say.section(f"研究框架：{name.zh}", f"Framework: {name.en}"),
        Table(caption="", columns=(say("环节", "Box"), say("本期事件", "Events")), widths=(2, 8), rows=rows),
    ]


def _themes(digest: Digest, say: _Say) -> list[Block]:
    if not digest.themes:
        return []
    blocks: list[Block] = [say.section("主题与标的立场", "Themes and stances")]
    for theme in digest.themes:
        if _has_news(theme):
            blocks += _theme(theme, say)
    still = [t.name.say(say.language) for t in digest.themes if not _has_news(t)]
    if still:
        names = join(still, say.language)
        blocks.append(_note(say(f"{names}：本期无触发事件。", f"{names}: no event this issue.")))
    rows = tuple(row for theme in digest.themes for row in _stances(theme, say))
    if rows:
        columns = (
            say("主题", "Theme"),
            say("立场", "Stance"),
            say("证券", "Security"),
            say("理由", "Reason"),
            say("录入", "Typed by"),
        )
        caption = say("推荐与关注名单（立场由署名人员录入）", "Recommend and watch lists (stances typed by people)")
        blocks.append(Table(caption=caption, columns=columns, widths=(3, 2, 4, 6, 3), rows=rows))
    return blocks


def _has_news(theme: ThemeBlock) -> bool:
    """Whether a theme has more to say than its list of stances."""
    return bool(theme.why or theme.change or any(h.stance == "sector_member" for h in theme.holdings))


def _theme(theme: ThemeBlock, say: _Say) -> list[Block]:
    attention = say(f"（{theme.attention.zh}）", f" ({theme.attention.en})") if theme.attention else ""
    runs = [Run(text=theme.name.say(say.language) + attention + say("：", ": "), kind="strong")]
    if theme.why:
        reasons = [w.say(say.language) for w in theme.why]
        runs.append(Run(text=say("本期触发：" + "；".join(reasons) + "。", "touched by " + "; ".join(reasons) + ".")))
    else:
        runs.append(Run(text=say("本期无触发事件，维持跟踪。", "nothing this issue; kept under watch.")))
    members = [h for h in theme.holdings if h.stance == "sector_member"]
    if members:
        names = join([f"{h.name.say(say.language)}（{h.security_id}）" for h in members], "zh")
        if say.language != "zh":
            names = ", ".join(f"{h.name.en} ({h.security_id})" for h in members)
        runs.append(
            Run(
                text=say(f"板块成分（无立场）：{names}。", f" Sector members, without a stance: {names}."), kind="aside"
            )
        )
    if theme.change:
        runs.append(Run(text=say("", " ") + theme.change.say(say.language), kind="aside"))
    return [Prose(runs=tuple(runs))]


def _stances(theme: ThemeBlock, say: _Say) -> list[tuple[str, ...]]:
    return [
        (
            theme.name.say(say.language),
            STANCES[h.stance].say(say.language),
            f"{h.name.say(say.language)} {h.security_id}",
            h.reason.say(say.language),
            f"{h.author or say('未署名', 'unsigned')} {h.day}",
        )
        for h in theme.holdings
        if h.stance != "sector_member"
    ]


def _stocks(digest: Digest, say: _Say) -> list[Block]:
    if not digest.stocks:
        return []
    columns: tuple[str, ...] = (
        say("代码", "Code"),
        say("简称", "Name"),
        say("事件", "Event"),
        say("关系/强度", "Tie / strength"),
        say("理由", "Reason"),
        say("依据", "Evidence"),
        say("截至", "As of"),
    )
    widths: tuple[int, ...] = (5, 4, 6, 4, 9, 6, 4)
    moved = any(stock.move for stock in digest.stocks)
    if moved:
        columns, widths = (*columns, say("本期涨跌", "Price")), (*widths, 5)
    blocks: list[Block] = [
        say.section("关联标的", "Linked stocks"),
        Table(
            caption=say(
                "关联不等于推荐；强度与依据见各行", "A link is not a recommendation; strength and evidence by row"
            ),
            columns=columns,
            widths=widths,
            rows=tuple(_stock(s, say, moved) for s in digest.stocks),
        ),
    ]
    if digest.stocks_left_out:
        n = digest.stocks_left_out
        blocks.append(_note(say(f"另有{n}只关联较弱的标的未列。", f"{n} more with weaker links are not shown.")))
    return blocks


def _stock(stock: Stock, say: _Say, moved: bool) -> tuple[str, ...]:
    strength = STRENGTHS[stock.strength].say(say.language)
    tie = f"{stock.relation.say(say.language)}/{strength}"
    if stock.issuer_denied:
        tie += say("（公司否认）", " (denied by the issuer)")
    event = stock.event.say(say.language)
    if stock.other_events:
        event += say(f"等{stock.other_events + 1}起", f" and {stock.other_events} more")
    return (
        stock.security_id,
        stock.name.say(say.language),
        event,
        tie,
        stock.reason.say(say.language),
        "; ".join(stock.evidence[:EVIDENCE]),
        stock.as_of.isoformat(),
        *([stock.move.say(say.language) if stock.move else "—"] if moved else []),
    )


def _lines(digest: Digest, say: _Say) -> list[Block]:
    blocks: list[Block] = []
    if digest.others:
        blocks += [say.section("其他动态", "In brief"), _bulleted(digest.others, say)]
        if digest.others_left_out:
            n = digest.others_left_out
            blocks.append(_note(say(f"另有{n}起事件未列，见事件库。", f"{n} more events are in the store.")))
    if digest.announcements:
        blocks += [say.section("公司公告与业务", "Company announcements"), _bulleted(digest.announcements, say)]
    if digest.coming:
        rows = tuple((x.day.isoformat(), x.sentence.say(say.language) + _cites(x.sentence)) for x in digest.coming)
        columns = (say("日期", "Date"), say("事项", "What"))
        blocks += [
            say.section("未来日程", "Coming dates"),
            Table(
                caption=say("日期取自报道标题与事实", "Dates as named in titles and facts"),
                columns=columns,
                widths=(2, 8),
                rows=rows,
            ),
        ]
    if digest.rumours:
        note = say("以下内容未经证实，不作为上文判断依据。", "Unconfirmed; nothing above rests on these.")
        blocks += [say.section("市场传闻", "Rumours"), _note(note), _bulleted(digest.rumours, say)]
    return blocks


def _cites(sentence: Sentence) -> str:
    return "".join(f"[{n}]" for n in sorted(sentence.sources))


def _bulleted(lines: tuple[Line, ...], say: _Say) -> Bullets:
    return Bullets(items=tuple(say.runs(line.sentence) for line in lines))


def _note(text: str) -> Prose:
    return Prose(runs=(Run(text=text, kind="aside"),), small=True)


def _market(digest: Digest, say: _Say) -> list[Block]:
    if digest.market is None:
        return []
    names = (digest.market.sector.name.say(say.language), digest.market.market.name.say(say.language))
    caption = say(
        f"{names[0]}与{names[1]}近一年走势（期初=100）", f"{names[0]} and {names[1]} over a year (start = 100)"
    )
    return [
        say.section("市场回顾", "Market recap"),
        say.prose(digest.market.sentences),
        Figure(chart="market", caption=caption),
    ]


def _related(digest: Digest, say: _Say) -> list[Block]:
    if not digest.related:
        return []
    items = tuple(
        (
            Run(
                text=say(
                    f"《{r.title.zh}》（{r.label}，{r.published_on}）", f"“{r.title.en}” ({r.label}, {r.published_on})"
                )
            ),
        )
        for r in digest.related
    )
    return [say.section("相关报告", "Related reports"), Bullets(items=items)]


def _risks(digest: Digest, say: _Say) -> list[Block]:
    if not digest.risks:
        return []
    return [say.section("风险提示", "Risk notes"), Bullets(items=tuple(say.runs(s) for s in digest.risks))]


def _appendix(digest: Digest, say: _Say) -> list[Block]:
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
    blocks.append(Table(caption=caption, columns=heads, widths=(1, 3, 10, 4), rows=rows, anchors=anchors))
    return blocks


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


def _claim(claim: Claim, say: _Say) -> tuple[str, ...]:
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


def _source(source: Source, say: _Say, period: Period) -> tuple[str, ...]:
    tier = TIERS[source.tier].say(say.language)
    shown = f"{period.local(source.published_at or source.first_seen_at):%Y-%m-%d %H:%M}"
    if source.published_at is None:
        shown += say("（首见）", " (first seen)")
    title = source.title + (f" {source.url}" if source.url else "")
    return (f"[{source.number}]", say(f"{source.name}（{tier}）", f"{source.name} ({tier})"), title, shown)


def _closing(digest: Digest, say: _Say) -> list[Block]:
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
    blocks.append(_note(stamp))
    return blocks
