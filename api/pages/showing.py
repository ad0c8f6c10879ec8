"""How a page is shown: its language, its words, and the policy under which a browser may run it. Templates decide nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import HTTPException, Request, Response
from fastapi.templating import Jinja2Templates
from markupsafe import Markup

from api.deps import desk_of
from api.keys import caller_of
from pipeline.digest.figures import show
from pipeline.records import Event

templates = Jinja2Templates(directory=Path(__file__).parent.parent / "templates")

WORDS_ZH = {
    "novelty": "新颖度",
    "actor": "主体",
    "type": "类型",
    "step": "跨度",
    "heat": "热度",
    "tier": "来源级别",
    "themes": "主题",
    "stocks": "证券",
    "preferred": "偏好",
    "certainty": "确定性",
    "high": "强",
    "medium": "中",
    "low": "弱",
    "rumour": "传闻",
    "denial": "否认",
    "question": "存疑",
    "forecast": "预期",
    "retrospect": "回顾",
    "fact": "事实",
    "noise": "噪声",
    "fresh": "正常",
    "quiet": "平静",
    "late": "迟到",
    "failing": "失败",
    "blocked": "被拒",
    "gone": "失效",
    "unknown": "未知",
    "open": "开放",
    "closed": "闭源",
    "mixed": "部分开放",
    "recommend": "推荐",
    "watch": "关注",
    "sector_member": "板块成分",
    "merge": "合并",
    "split": "拆分",
    "move": "移动",
    "retitle": "改标题",
    "mark": "标记",
    "at_once": "立即",
    "hourly": "每小时",
    "daily": "每日",
    "sessions": "按交易时段",
    "new": "待发",
    "sending": "发送中",
    "sent": "已送达",
    "failed": "失败，将重试",
    "dead": "未能送达",
    "draft": "草稿",
    "edited": "已修改",
    "reviewed": "已复核",
    "locked": "已定稿",
    "paused": "已暂停",
    "read": "读",
    "write": "写",
    "admin": "管理",
}
"""Our own few words, as a Chinese page says them."""

LANGUAGE_COOKIE = "launchwatch_lang"
MOST_FORM = 64 * 1024


def language_of(request: Request) -> str:
    """The language to show: as asked in the address, as chosen before, else as the browser prefers."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if asked in ("zh", "en"):
        return str(asked)
    return "en" if request.headers.get("accept-language", "zh").lower().startswith("en") else "zh"


def page(request: Request, name: str, status: int = 200, **values: Any) -> Response:
    """A page in the reader's language. Only the scripts that it names itself may run."""
    language, nonce = language_of(request), secrets.token_urlsafe(18)
    answer = templates.TemplateResponse(
        request, name, {**words(request, language), "nonce": nonce, **values}, status_code=status
    )
    answer.headers["Content-Security-Policy"] = policy(nonce)
    if request.query_params.get("lang") in ("zh", "en"):
        secure = request.url.scheme == "https"
        answer.set_cookie(
            LANGUAGE_COOKIE, language, max_age=365 * 86400, httponly=True, samesite="strict", secure=secure
        )
    return answer


def piece(request: Request, name: str, **values: Any) -> str:
    """A part of a page, for one that is open already."""
    return templates.get_template(name).render({**words(request, language_of(request)), "request": request, **values})


def policy(nonce: str) -> str:
    """What a browser may do with a page of ours: nothing from elsewhere, no script but those that bear the nonce."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; connect-src 'self'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
    )


def words(request: Request, language: str) -> dict[str, Any]:
    """What every template may say."""
    desk = desk_of(request)
    base = desk.knowledge
    caller = getattr(request.state, "caller", None)

    def named(row: Any, fallback: str) -> str:
        if row is None:
            return fallback
        in_chinese = language == "zh" and getattr(row, "name_zh", None)
        return in_chinese or getattr(row, "name_en", None) or getattr(row, "name", None) or fallback

    def security_name(key: str) -> str:
        row = base.securities.get(key)
        name = (row.name_zh or row.name_en or row.listed_name) if row and language == "zh" else named(row, "")
        return f"{name or ''} {key}".strip()

    return {
        "language": language,
        "here": request.url.path,
        "other_language_url": address(request, lang="en" if language == "zh" else "zh"),
        "csrf": desk.keys.csrf(request),
        "is_admin": caller is not None and caller.may("admin"),
        "may_write": caller is not None and caller.may("write"),
        "say": lambda en, zh: zh if language == "zh" else en,
        "told": lambda reason: reason.zh if language == "zh" else reason.en,
        "zone": desk.zone,
        "stamp": lambda at, form="%Y-%m-%d %H:%M": stamp(at, desk.zone, form),
        "company_name": lambda key: named(base.companies.get(key), key),
        "product_name": lambda key: named(base.products.get(key), key),
        "is_product": lambda key: key in base.products,
        "event_type_name": lambda key: named(base.event_types.get(key), key),
        "fact_kind_name": lambda key: named(base.fact_kinds.get(key), key),
        "modality_name": lambda key: named(next((m for m in base.taxonomy.modalities if m.id == key), None), key),
        "relation_name": lambda key: named(base.relation_kinds.get(key), key),
        "theme_name": lambda key: named(base.themes.get(key), key),
        "lens_name": lambda key: named(base.lenses.get(key), key),
        "layer_name": lambda key: named(next((x for x in base.framework.layers if x.id == key), None), key),
        "security_name": security_name,
        "figure": lambda fact: show(fact, language),
        "word": lambda key: WORDS_ZH.get(key, key) if language == "zh" else key.replace("_", " "),
        "outside": outside,
        "address": lambda **changes: address(request, **changes),
    }


def stamp(at: datetime | None, zone: Any, form: str) -> Markup:
    """A time in the report's zone, with the exact moment for machines; empty for none."""
    if at is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), at.astimezone(zone).strftime(form))


def outside(url: str | None) -> str | None:
    """An address that may stand in a link: a web page's, nothing that runs."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def address(request: Request, **changes: object) -> str:
    """This page's address with other values; a value of None is left out."""
    held = [(key, value) for key, value in request.query_params.multi_items() if key not in changes]
    query = urlencode([*held, *((key, value) for key, value in changes.items() if value not in (None, ""))])
    return f"{request.url.path}?{query}" if query else request.url.path


def pieces(text: str, spans: Iterable[Sequence[int]]) -> list[tuple[str, bool]]:
    """A text cut where it is marked: each piece, and whether it is."""
    found: list[tuple[str, bool]] = []
    at = 0
    for start, end in spans:
        found += [(text[at:start], False), (text[start:end], True)]
        at = end
    return [(part, marked) for part, marked in [*found, (text[at:], False)] if part]


async def form_of(request: Request) -> dict[str, list[str]]:
    """What a form sent. The gate has looked at its token."""
    body = await request.body()
    if len(body) > MOST_FORM:
        raise HTTPException(413, "the form is too long")
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)


def one(form: dict[str, list[str]], name: str) -> str:
    """A field's single value, without spaces around it."""
    return form.get(name, [""])[0].strip()


def event_row(request: Request, event: Event) -> str:
    """An event as it stands in a list."""
    return piece(request, "event_row.html", event=event)


def who(request: Request) -> str:
    """Whose name a change bears."""
    return caller_of(request).owner
