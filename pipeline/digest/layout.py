"""A digest laid out in one language: headings, prose, lists, tables and figures in order; every format shows these blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.digest.appendix import EVIDENCE, appendix, closing, evidence_labels, shown_evidence
from pipeline.digest.blocks import Block, Bullets, Figure, Heading, Page, Prose, Run, Table
from pipeline.digest.shape import Digest, Item, Line, Stock, ThemeBlock
from pipeline.digest.speech import Say, cites, note
from pipeline.digest.wording import SPANS, STANCES, STRENGTHS, join

_WHENCE = re.compile(r"（来源：[^）]*）|[，；]\s*来源：[^）]*(?=）)|\s*\(source: [^)]*\)|; source: [^)]*(?=\))")
"""Where a reason says whence it is known: its row has a column for that."""


def page(digest: Digest, language: str) -> Page:
    """The issue's blocks in the order of a weekly: view, events, framework, themes, stocks, the rest, risks, sources."""
    say = Say(digest, language)
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
        *appendix(digest, say),
        *closing(digest, say),
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


def _author(digest: Digest, say: Say) -> tuple[str, ...]:
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


def _opening(digest: Digest, say: Say) -> list[Block]:
    return [say.section("主要观点", "Main view"), say.prose(digest.summary)]


def _events(digest: Digest, say: Say) -> list[Block]:
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


def _item(item: Item, say: Say) -> list[Block]:
    blocks: list[Block] = [
        Heading(level=3, text=item.headline.say(say.language)),
        say.prose(item.facts, say("事件", "Event")),
    ]
    if item.views:
        blocks.append(say.prose(item.views, say("观点", "View")))
    return blocks


def _framework(digest: Digest, say: Say) -> list[Block]:
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


def _themes(digest: Digest, say: Say) -> list[Block]:
    if not digest.themes:
        return []
    blocks: list[Block] = [say.section("主题与标的立场", "Themes and stances")]
    for theme in digest.themes:
        if _has_news(theme):
            blocks += _theme(theme, say)
    still = [_named(t, say) for t in digest.themes if not _has_news(t)]
    if still:
        names = join(still, say.language)
        blocks.append(note(say(f"{names}：本期无触发事件。", f"{names}: no event this issue.")))
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
        blocks.append(Table(caption=caption, columns=columns, widths=(3, 3, 5, 6, 4), rows=rows))
    return blocks


def _has_news(theme: ThemeBlock) -> bool:
    """Whether a theme has more to say than its list of stances."""
    return bool(theme.why or theme.change)


def _named(theme: ThemeBlock, say: Say) -> str:
    """A theme's name with how a person stressed it."""
    attention = say(f"（{theme.attention.zh}）", f" ({theme.attention.en})") if theme.attention else ""
    return theme.name.say(say.language) + attention


def _theme(theme: ThemeBlock, say: Say) -> list[Block]:
    runs = [Run(text=_named(theme, say) + say("：", ": "), kind="strong")]
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


def _stances(theme: ThemeBlock, say: Say) -> list[tuple[str, ...]]:
    return [
        (
            theme.name.say(say.language),
            STANCES[h.stance].say(say.language),
            f"{h.name.say(say.language)} {h.security_id}",
            h.reason.say(say.language),
            f"{say(h.author or '未署名', h.author_en or h.author or 'unsigned')} {h.day}",
        )
        for h in theme.holdings
        if h.stance != "sector_member"
    ]


def _stocks(digest: Digest, say: Say) -> list[Block]:
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
    widths: tuple[int, ...] = (7, 5, 8, 5, 9, 4, 5)
    labels = evidence_labels(digest)
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
            rows=tuple(_stock(s, labels, say, moved) for s in digest.stocks),
        ),
    ]
    if digest.stocks_left_out:
        n = digest.stocks_left_out
        blocks.append(note(say(f"另有{n}只关联较弱的标的未列。", f"{n} more with weaker links are not shown.")))
    return blocks


def _stock(stock: Stock, labels: Mapping[str, str], say: Say, moved: bool) -> tuple[str, ...]:
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
        _WHENCE.sub("", stock.reason.say(say.language)),
        _evidence(stock, labels, say),
        stock.as_of.isoformat(),
        *([stock.move.say(say.language) if stock.move else "—"] if moved else []),
    )


def _evidence(stock: Stock, labels: Mapping[str, str], say: Say) -> str:
    """Pages by their number; what a register of securities says by itself is named as one."""
    pages = [labels[page] for page in shown_evidence(stock)]
    has_register = any(not e.startswith(("http://", "https://")) for e in stock.evidence)
    register = say("证券名录", "securities register") if has_register and len(pages) < EVIDENCE else ""
    return "".join(pages) + (" " if pages and register else "") + register


def _lines(digest: Digest, say: Say) -> list[Block]:
    blocks: list[Block] = []
    if digest.others:
        blocks += [say.section("其他动态", "In brief"), _bulleted(digest.others, say)]
        if digest.others_left_out:
            n = digest.others_left_out
            blocks.append(note(say(f"另有{n}起事件未列，见事件库。", f"{n} more events are in the store.")))
    if digest.announcements:
        blocks += [say.section("公司公告与业务", "Company announcements"), _bulleted(digest.announcements, say)]
    if digest.coming:
        rows = tuple((x.day.isoformat(), x.sentence.say(say.language) + cites(x.sentence)) for x in digest.coming)
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
        caution = say("以下内容未经证实，不作为上文判断依据。", "Unconfirmed; nothing above rests on these.")
        blocks += [say.section("市场传闻", "Rumours"), note(caution), _bulleted(digest.rumours, say)]
    return blocks


def _bulleted(lines: tuple[Line, ...], say: Say) -> Bullets:
    return Bullets(items=tuple(say.runs(line.sentence) for line in lines))


def _market(digest: Digest, say: Say) -> list[Block]:
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


def _related(digest: Digest, say: Say) -> list[Block]:
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


def _risks(digest: Digest, say: Say) -> list[Block]:
    if not digest.risks:
        return []
    return [say.section("风险提示", "Risk notes"), Bullets(items=tuple(say.runs(s) for s in digest.risks))]
