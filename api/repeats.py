"""Requests that are sent again: one with an Idempotency-Key is done once, and answered every time as it was the first time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import cast

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from api.problems import Next, problem
from storage import answers
from storage.engine import Store

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def answered_once(store: Store, key_id: str, request: Request, call_next: Next) -> Response:
    """The route's answer to a change; to one that was made before under the same Idempotency-Key, what it was told then."""
    name = request.headers.get(HEADER)
    if name is None:
        return await call_next(request)
    if not _KEY.fullmatch(name):
        return problem(422, "Bad value", f"{HEADER}: write 1 to 255 visible ASCII characters")
    asked = await _fingerprint(request)
    before = await run_in_threadpool(_claim, store, key_id, name, asked)
    if before is not None:
        return _again(before, asked)
    try:
        response = await call_next(request)
        parts = cast(StreamingResponse, response).body_iterator
        body = b"".join([bytes(part) async for part in parts if not isinstance(part, str)])
    except Exception:
        await run_in_threadpool(_withdraw, store, key_id, name)
        raise
    whole = Response(body, response.status_code, response.headers)
    if whole.status_code < 500:
        await run_in_threadpool(
            _keep, store, key_id, name, whole.status_code, response.headers.get("content-type", ""), body
        )
    else:
        await run_in_threadpool(_withdraw, store, key_id, name)
    return whole


def _again(before: answers.Answered, asked: str) -> Response:
    if before.asked != asked:
        return problem(
            422, "Key was used", f"{HEADER}: another request was made with it; take a new one for each change"
        )
    if before.status is None:
        return problem(409, "Still at work", "the same request is being answered; ask again in a moment")
    headers = {REPLAYED: "true"} | ({"content-type": before.media_type} if before.media_type else {})
    return Response(before.body, before.status, headers)


async def _fingerprint(request: Request) -> str:
    """What was asked: the same for the same method, address and body."""
    said = f"{request.method} {request.url.path}?{request.url.query} {request.headers.get('content-type', '')}\n"
    return sha256(said.encode() + await request.body()).hexdigest()


def _claim(store: Store, key_id: str, name: str, asked: str) -> answers.Answered | None:
    with store.writing() as session:
        return answers.claim(session, key_id, name, asked, datetime.now(UTC))


def _keep(store: Store, key_id: str, name: str, status: int, media_type: str, body: bytes) -> None:
    with store.writing() as session:
        answers.keep(session, key_id, name, status, media_type, body)


def _withdraw(store: Store, key_id: str, name: str) -> None:
    with store.writing() as session:
        answers.withdraw(session, key_id, name)
