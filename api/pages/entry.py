"""The door: where the key is typed, and where it is given back."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import desk_of
from api.keys import COOKIE
from api.pages.showing import page

router = APIRouter()


@router.get("/key")
def key_page(request: Request) -> Response:
    """Where the key is typed."""
    return page(request, "key.html", refused=False)


@router.post("/key")
async def take_key(request: Request) -> Response:
    """The key, kept in a cookie that only this site sends."""
    shown = parse_qs((await request.body())[:4096].decode("utf-8", "replace")).get("key", [""])[0].strip()
    if not desk_of(request).keys.opens(shown):
        return page(request, "key.html", status=403, refused=True)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE, shown, max_age=90 * 86400, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer


@router.post("/leave")
def leave() -> Response:
    """The browser without its key."""
    answer = RedirectResponse("/key", 303)
    answer.delete_cookie(COOKIE)
    return answer
