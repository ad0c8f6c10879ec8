"""The API's description: what FastAPI knows of each route, with an example of every answer and the problems that it may tell of."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.keys import SAFE_METHODS, scope_needed
from api.problems import MEDIA_TYPE
from api.repeats import HEADER

EXAMPLES = Path(__file__).parent / "examples.json"
"""What each route was asked and answered over a store of one event; `python -m tests.api.inventory` writes it anew."""

PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong, and in `detail` what would do (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "example": {"type": "about:blank", "title": "Bad value", "status": 422, "detail": "since: yesterday is no time"},
}
TOLD = {
    401: "No key is shown, or one that opens nothing",
    403: "The key's scope is too small",
    404: "There is no such thing, or it is another's",
    409: "It cannot be done now",
    413: "The request is too long",
    422: "The request cannot be read; the detail says which part",
    429: "Too fast; Retry-After says when to come back",
}
_ONCE = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "Sent again with the same key within 24 hours, the request changes nothing twice and is answered the same.",
}
_TAGGED = ("/v1/events", "/v1/documents", "/v1/digests")
_KNOWN = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag of an earlier answer: 304 while nothing has changed.",
}


def describe(app: FastAPI) -> None:
    """The description at `/v1/openapi.json`, made once."""
    app.openapi = cache(lambda: _described(app))  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schema["components"]["schemas"]["Problem"] = PROBLEM
    schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"key": []}]
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)
    examples = json.loads(EXAMPLES.read_text("utf-8"))
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            _complete(operation, method.upper(), path, examples.get(f"{method.upper()} {path}", {}))
    return schema


def _complete(operation: dict[str, Any], method: str, path: str, example: dict[str, Any]) -> None:
    """One operation with its example, its problems and its headers."""
    answers = operation["responses"]
    answers.pop("422", None)
    for answer in answers.values():
        for media_type, media in answer.get("content", {}).items():
            if media_type == example.get("media_type"):
                media["example"] = example["answered"]
    for media in operation.get("requestBody", {}).get("content", {}).values():
        media["example"] = example.get("asked")
    if not path.startswith("/v1/"):
        return
    is_change = method not in SAFE_METHODS
    extra = [_ONCE] if is_change else [_KNOWN] if path.startswith(_TAGGED) else []
    operation["parameters"] = [*operation.get("parameters", ()), *extra]
    operation["x-scope"] = scope_needed(method, path)
    for status, said in TOLD.items():
        if is_change or status not in (409, 413):
            content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            answers[str(status)] = {"description": said, "content": content}
    if _KNOWN in extra:
        answers["304"] = {"description": "Nothing has changed"}
