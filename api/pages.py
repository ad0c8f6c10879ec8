"""The pages: what an analyst keeps open. They show what the queries return; templates decide nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates

from api.deps import AtDesk, Desk, desk_of, now
from api.digests import file_of
from api.keys import COOKIE
from api.routes.events import read_cursor, write_cursor
from api.routes.search import answers
from pipeline import digest
from pipeline.query import read_query
from storage import events, sources, watches

router = APIRouter(default_response_class=HTMLResponse)
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")

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
    "fresh": "正常",
    "quiet": "平静",
    "late": "迟到",
    "failing": "失败",
    "blocked": "被拒",
    "gone": "失效",
    "unknown": "未知",
}
"""Our own few words, as a Chinese page says them."""

LANGUAGE_COOKIE = "launchwatch_lang"

DIGEST_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


@router.get("/")
def week(request: Request, desk: AtDesk, week: str = "", lens: str = "media") -> Response:
    """This week: the digest, with week and lens to switch."""
    today = now().astimezone(desk.zone).date()
    shown = digest.Week.parse(week, str(desk.zone), today) if week else digest.Week.of(today, str(desk.zone))
    after = digest.Week.of(shown.last_day + timedelta(days=1), str(desk.zone))
    return _page(
        request,
        "week.html",
        week=shown.label,
        before=shown.previous().label,
        after=after.label if after.first_day <= today else None,
        lens=_lens(desk, lens),
        lenses=desk.knowledge.lenses.values(),
    )


@router.get("/digests/{period}")
def digest_page(desk: AtDesk, period: str, lens: str = "media", lang: str = "zh") -> Response:
    """A digest as its own page, which the week's page frames."""
    clock = now()
    asked = digest.parse_period(period, str(desk.zone), clock.astimezone(desk.zone).date())
    content = file_of(desk, asked, desk.knowledge.lenses[_lens(desk, lens)], lang, "html", clock)
    return HTMLResponse(content, headers={"Content-Security-Policy": DIGEST_POLICY})


@router.get("/events")
def event_list(
    request: Request,
    desk: AtDesk,
    company: str | None = None,
    type: str | None = None,
    security: str | None = None,
    cursor: str | None = None,
) -> Response:
    """The events, newest first."""
    with desk.store.reading() as session:
        page = events.page(session, company=company, event_type=type, security=security, cursor=read_cursor(cursor))
    asked = {"company": company, "type": type, "security": security, "cursor": write_cursor(page.next)}
    query = urlencode({name: value for name, value in asked.items() if value})
    heading = company or security or type or ("事件" if _language(request) == "zh" else "Events")
    return _page(request, "events.html", heading=heading, events=page.events, next_url=page.next and f"/events?{query}")


@router.get("/events/{event_id}")
def event_page(request: Request, desk: AtDesk, event_id: str) -> Response:
    """All about one event."""
    with desk.store.reading() as session:
        event = events.get(session, event_id)
        if event is None:
            raise HTTPException(404, "there is no such event")
        links, scores = events.links_of(session, event.id), events.scores_of(session, event.id)
    return _page(request, "event.html", event=event, links=links, scores=scores)


@router.get("/search")
def search_page(request: Request, desk: AtDesk, q: str = "") -> Response:
    """Events that hold the words."""
    question = read_query(q, desk.names, desk.knowledge, desk.zone, now())
    found = answers(desk, question, "relevance", facets=False, limit=50)
    ordered = [answer.event for answer in found.events]
    return _page(request, "events.html", heading=q, events=ordered, next_url=None, words=q)


@router.get("/sources")
def sources_page(request: Request, desk: AtDesk) -> Response:
    """How each source fares."""
    with desk.store.reading() as session:
        states = sources.all_states(session)
    return _page(request, "sources.html", states=states)


@router.get("/alerts")
def alerts_page(request: Request, desk: AtDesk) -> Response:
    """What was told."""
    with desk.store.reading() as session:
        return _page(request, "alerts.html", alerts=watches.alerts(session))


@router.get("/key")
def key_page(request: Request) -> Response:
    """Where the key is typed."""
    return templates.TemplateResponse(request, "key.html", {"refused": False})


@router.post("/key")
async def take_key(request: Request) -> Response:
    """The key, kept in a cookie that only this site sends."""
    shown = parse_qs((await request.body())[:4096].decode("utf-8", "replace")).get("key", [""])[0].strip()
    if not desk_of(request).keys.opens(shown):
        return templates.TemplateResponse(request, "key.html", {"refused": True}, status_code=403)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE, shown, max_age=90 * 86400, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer


def _lens(desk: Desk, lens: str) -> str:
    if lens not in desk.knowledge.lenses:
        raise HTTPException(404, f"no lens is called {lens}")
    return lens


def _language(request: Request) -> str:
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if asked in ("zh", "en"):
        return str(asked)
    return "en" if request.headers.get("accept-language", "zh").lower().startswith("en") else "zh"


def _page(request: Request, name: str, **values: Any) -> Response:
    desk, language = desk_of(request), _language(request)
    base = desk.knowledge
    other = request.url.include_query_params(lang="en" if language == "zh" else "zh")

    def named(row: Any, fallback: str) -> str:
        if row is None:
            return fallback
        return (language == "zh" and getattr(row, "name_zh", None)) or getattr(row, "name_en", None) or fallback

    answer = templates.TemplateResponse(
        request,
        name,
        {
            "language": language,
            "other_language_url": f"{other.path}?{other.query}",
            "say": lambda en, zh: zh if language == "zh" else en,
            "zone": desk.zone,
            "company_name": lambda key: named(base.companies.get(key), key),
            "event_type_name": lambda key: named(base.event_types.get(key), key),
            "fact_kind_name": lambda key: named(base.fact_kinds.get(key), key),
            "lens_name": lambda key: named(base.lenses.get(key), key),
            "security_name": lambda key: f"{named(base.securities.get(key), '')} {key}".strip(),
            "word": lambda key: WORDS_ZH.get(key, key) if language == "zh" else key,
            **values,
        },
    )
    if "lang" in request.query_params:
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=365 * 86400, httponly=True, samesite="strict")
    return answer
