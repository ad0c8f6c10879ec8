"""`launchwatch themes`: the research framework's themes, and the stances that people typed, as of any day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, get_args

import typer
from rich.table import Table

from cli.console import Refusal, complain, now, print_lines, print_table, read_knowledge, read_settings
from knowledge.curate import ChangeRefused, set_stance
from knowledge.index import KnowledgeBase
from knowledge.load import HERE, KnowledgeInvalid
from knowledge.schema import Member, Stance, Theme
from settings import Settings

app = typer.Typer(add_completion=False, invoke_without_command=True, no_args_is_help=False)

STANCES = {"recommend": "推荐", "watch": "关注", "sector_member": "板块成分"}

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As people had typed them by that day.")]


@app.callback()
def themes(
    ctx: typer.Context,
    as_of: Day = None,
    theme: Annotated[list[str] | None, typer.Option(help="Only this theme; may be given again.")] = None,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one theme a line.")] = False,
) -> None:
    """The themes of the research framework with the securities under each, and who typed which stance when."""
    if ctx.invoked_subcommand:
        return
    settings = read_settings()
    knowledge = read_knowledge(settings)
    for name in theme or ():
        _known(knowledge, name)
    day = as_of.date() if as_of else _today(settings)
    listed = [(t, knowledge.members(t.id, day)) for t in in_order(knowledge) if not theme or t.id in theme]
    if as_json:
        print_lines(
            {**_head(t), "as_of": day.isoformat(), "members": [_told(m, knowledge) for m in ms]} for t, ms in listed
        )
        return
    table = Table("theme", "name", "security", "security name", "stance", "since", "author", "reason")
    for t, members in listed:
        name = t.name_zh if lang == "zh" else t.name_en
        for m in members:
            table.add_row(t.id, name, m.security, *_cells(m, knowledge, lang))
        if not members:
            table.add_row(t.id, name, "", "", "", "", "", "")
    print_table(table, f"{len(listed)} themes, {sum(len(ms) for _, ms in listed)} members as of {day}")


@app.command()
def history(
    theme: Annotated[str, typer.Argument(help="The theme's id.")],
    security: Annotated[str, typer.Argument(help="Only this security.")] = "",
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one row a line.")] = False,
) -> None:
    """Every stance that was ever typed under a theme, oldest first, dropped ones too."""
    knowledge = read_knowledge(read_settings())
    rows = sorted(_known(knowledge, theme).members, key=lambda m: m.date)
    rows = [m for m in rows if not security or m.security == security]
    if as_json:
        print_lines(_told(m, knowledge) | {"dropped": m.dropped} for m in rows)
        return
    table = Table("security", "security name", "stance", "since", "author", "reason")
    for m in rows:
        table.add_row(m.security, *_cells(m, knowledge, lang))
    print_table(table, f"{len(rows)} rows under {theme}")


Author = Annotated[str, typer.Option(help="Who takes the stance; LAUNCHWATCH_AUTHOR without it.")]
Typed = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="From which day; today without it.")
]
Known = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help="Since when this could be known; today without it, so no look back sees it."
    ),
]


@app.command("set")
def set_(
    theme: Annotated[str, typer.Argument(help="The theme's id.")],
    security: Annotated[str, typer.Argument(help="300364.SZ, NASDAQ:NVDA, ...")],
    stance: Annotated[str, typer.Argument(help="recommend, watch or sector_member.")],
    reason_zh: Annotated[str, typer.Option(help="Why, in Chinese.")],
    reason_en: Annotated[str, typer.Option(help="Why, in English.")],
    author: Author = "",
    date: Typed = None,
    known_from: Known = None,
) -> None:
    """Type a stance on a security under a theme: a new row in your own knowledge folder; what stood before stays on record."""
    if stance not in get_args(Stance):
        raise Refusal(f"{stance!r} is no stance; take one of {', '.join(get_args(Stance))}", code=2)
    _type(theme, security, stance, reason_zh, reason_en, author, date, known_from)


@app.command()
def drop(
    theme: Annotated[str, typer.Argument(help="The theme's id.")],
    security: Annotated[str, typer.Argument(help="300364.SZ, NASDAQ:NVDA, ...")],
    reason_zh: Annotated[str, typer.Option(help="Why, in Chinese.")],
    reason_en: Annotated[str, typer.Option(help="Why, in English.")],
    author: Author = "",
    date: Typed = None,
    known_from: Known = None,
) -> None:
    """Take a security off a theme from a day on; a look back to an earlier day still sees it."""
    _type(theme, security, None, reason_zh, reason_en, author, date, known_from)


def _type(
    theme: str,
    security: str,
    stance: str | None,
    reason_zh: str,
    reason_en: str,
    author: str,
    at: datetime | None,
    known_from: datetime | None,
) -> None:
    """One more row under a theme; without a stance, one that drops the security."""
    settings = read_settings()
    knowledge, today = read_knowledge(settings), _today(settings)
    day, known = (at.date() if at else today), (known_from.date() if known_from else today)
    _known(knowledge, theme)
    found = knowledge.security(security)
    if found is None:
        raise Refusal(f"{security!r} is no security that we know; `launchwatch securities WORDS` finds them", code=2)
    if not (author or settings.author):
        raise Refusal("a person signs a stance: give --author, or set LAUNCHWATCH_AUTHOR", code=2)
    if not reason_zh.strip() or not reason_en.strip():
        raise Refusal("a stance has its reason in both languages: --reason-zh and --reason-en", code=2)
    if day > today:
        raise Refusal(f"--date: {day} is in the future; a stance holds from the day it is typed", code=2)
    row: dict[str, Any] = {
        "security": found.id,
        "stance": stance or _standing(knowledge, theme, found.id, day),
        "reason": reason_en,
        "reason_zh": reason_zh,
        "date": day.isoformat(),
        "author": author or settings.author,
    }
    if known > day:
        row["known_from"] = known.isoformat()
    if stance is None:
        row["dropped"] = True
    try:
        for warning in set_stance(settings.knowledge or HERE, theme, row, today):
            complain(str(warning))
    except (ChangeRefused, KnowledgeInvalid) as refused:
        raise Refusal(str(refused)) from refused
    what = f"stands as {stance}" if stance else "is dropped"
    complain(f"{found.id} {what} under {theme} from {day}, known from {max(day, known)}, by {row['author']}")


def _standing(knowledge: KnowledgeBase, theme: str, security: str, day: date) -> Stance:
    """The stance that a drop ends."""
    ends = next((m for m in knowledge.members(theme, day, date.max) if m.security == security), None)
    if ends is None:
        raise Refusal(
            f"{security} does not stand under {theme} on {day}; `launchwatch themes --theme {theme}` shows who does"
        )
    return ends.stance


def in_order(knowledge: KnowledgeBase) -> list[Theme]:
    """The themes, those of the founding report in its order first."""
    order = {name: place for place, name in enumerate(knowledge.framework.theme_order)}
    return sorted(knowledge.themes.values(), key=lambda t: (order.get(t.id, len(order)), not t.founding, t.id))


def _known(knowledge: KnowledgeBase, theme: str) -> Theme:
    if theme not in knowledge.themes:
        raise Refusal(f"there is no theme {theme!r}; `launchwatch themes` lists them", code=2)
    return knowledge.themes[theme]


def _today(settings: Settings) -> date:
    return now().astimezone(settings.zone).date()


def _head(theme: Theme) -> dict[str, Any]:
    return {"id": theme.id, "name_zh": theme.name_zh, "name_en": theme.name_en, "layer": theme.layer}


def _told(member: Member, knowledge: KnowledgeBase) -> dict[str, Any]:
    return {
        **member.model_dump(mode="json", exclude_none=True, exclude={"reason", "dropped"}),
        "name": _name(member.security, knowledge),
        "reason": {"zh": member.reason_zh or member.reason, "en": member.reason},
    }


def _cells(member: Member, knowledge: KnowledgeBase, lang: str) -> list[str]:
    stance = STANCES[member.stance] if lang == "zh" else member.stance
    reason = (member.reason_zh or member.reason) if lang == "zh" else member.reason
    ended = ("（移出）" if lang == "zh" else " (dropped)") if member.dropped else ""
    return [_name(member.security, knowledge), stance + ended, member.date.isoformat(), member.author or "", reason]


def _name(security: str, knowledge: KnowledgeBase) -> str:
    row = knowledge.securities.get(security)
    return (row.name_zh or row.name_en or "") if row else ""
