"""What went wrong, as a page for people; the API tells the same as problem+json."""

from __future__ import annotations

from fastapi import Request, Response

from api.pages.showing import language_of, page

HEADINGS = {
    403: ("Not with this key", "此密钥无权操作"),
    404: ("Nothing is here", "没有这个页面"),
    409: ("That cannot be done now", "现在无法完成"),
    413: ("Too long", "内容过长"),
    422: ("That cannot be read", "无法读取"),
    429: ("Too fast", "请求过快"),
}


def problem_page(request: Request, status: int, detail: str) -> Response:
    """An error as a page, with the way on."""
    english, chinese = HEADINGS.get(status, ("Something went wrong", "出现错误"))
    heading = chinese if language_of(request) == "zh" else english
    return page(request, "problem.html", status=status, heading=heading, detail=detail)
