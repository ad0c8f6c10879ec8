"""Model hubs and JSON lists to entries: Hugging Face, ModelScope, Hacker News, and any API by its paths."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from crawlers.addresses import joined
from crawlers.dates import UNKNOWN, Moment, from_number, read_date
from crawlers.entry import Entry
from crawlers.feeds import NotAFeed, title
from crawlers.limits import ITEMS, TEXT_CHARACTERS
from crawlers.sources import JsonPaths

_BRACED = re.compile(r"\{([\w.]+)\}")


def read_json(body: bytes, paths: JsonPaths, zone: tzinfo = UTC) -> list[Entry]:
    """The items of a JSON answer, by paths. Raises NotAFeed for what is no JSON or has no list there."""
    items = at(_load(body), paths.items)
    if isinstance(items, str):
        items = _load(items.encode())
    if not isinstance(items, list):
        raise NotAFeed("json", f"the answer has no list at {paths.items or 'its top'!r}")
    return [_item(item, paths, zone) for item in items[:ITEMS] if isinstance(item, dict)]


def read_hugging_face(body: bytes) -> list[Entry]:
    """The models of an organisation, as `huggingface.co/api/models` lists them: new ones are announcements."""
    rows = _load(body)
    if not isinstance(rows, list):
        raise NotAFeed("json", f"Hugging Face answered with no list: {str(rows)[:100]}")
    return [_hugging_face_model(row) for row in rows[:ITEMS] if isinstance(row, dict) and _name(row)]


def read_model_scope(body: bytes) -> list[Entry]:
    """The models of an organisation, as ModelScope's `openapi/v1/models` lists them (or the site's own list of models)."""
    answer = _load(body)
    lists = [at(answer, path) for path in ("data.models", "Data.Models", "Data.Model.Models")]
    rows = next((found for found in lists if isinstance(found, list)), None)
    if rows is None:
        raise NotAFeed("json", f"ModelScope answered with no list of models: {str(answer)[:100]}")
    return [_model_scope_model(row) for row in rows[:ITEMS] if isinstance(row, dict) and _model_scope_name(row)]


def read_hacker_news(body: bytes) -> list[Entry]:
    """The stories of a Hacker News search (Algolia); the link is the story's, the discussion stands in `extra`."""
    rows = at(_load(body), "hits")
    if not isinstance(rows, list):
        raise NotAFeed("json", "Hacker News answered with no `hits`")
    return [_story(row) for row in rows[:ITEMS] if isinstance(row, dict) and row.get("title")]


READERS: dict[str, Callable[[bytes], list[Entry]]] = {
    "hf-org": read_hugging_face,
    "modelscope-org": read_model_scope,
    "hacker-news": read_hacker_news,
}


def at(data: Any, path: str) -> Any:
    """What stands at a dotted path: `paper.authors.0.name`; None where the path ends early."""
    for part in path.split(".") if path else ():
        if isinstance(data, list) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        elif isinstance(data, dict):
            data = data.get(part)
        else:
            return None
    return data


def dated(text: str, today: datetime) -> str:
    """A form value or address with `{today}` and `{days_ago_3}` written as YYYY-MM-DD."""

    def day(match: re.Match[str]) -> str:
        return (today - timedelta(days=int(match.group(1) or 0))).strftime("%Y-%m-%d")

    return re.sub(r"\{(?:today|days_ago_(\d{1,3}))\}", day, text)


# ---- one item -------------------------------------------------------------------------------------------------------


def _item(item: dict[str, Any], paths: JsonPaths, zone: tzinfo) -> Entry:
    published, precision = _date(at(item, paths.date), paths.date_unit, zone)
    return Entry(
        guid=_text(at(item, paths.id)) or None if paths.id else None,
        url=_address(item, paths.url),
        title=title(_text(at(item, paths.title))) if paths.title else "",
        summary=_text(at(item, paths.summary))[:TEXT_CHARACTERS] if paths.summary else "",
        author=_text(at(item, paths.author))[:500] if paths.author else "",
        published_at=published,
        published_precision=precision,
        extra={name: value for name, path in paths.extra.items() if (value := _text(at(item, path))[:1_000])},
    )


def _address(item: dict[str, Any], path: str) -> str | None:
    template = path if "{" in path else f"{{{path}}}"
    found = _BRACED.sub(lambda match: _text(at(item, match.group(1))), template)
    return joined("", found) or None


def _date(value: Any, unit: str, zone: tzinfo) -> Moment:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return from_number(value / 1000 if unit == "ms" and value < 1e11 else value)
    return read_date(_text(value), zone) if value else UNKNOWN


def _name(row: dict[str, Any]) -> str:
    return _text(row.get("modelId") or row.get("id"))


def _hugging_face_model(row: dict[str, Any]) -> Entry:
    name = _name(row)
    tags = [str(tag) for tag in row.get("tags") or () if isinstance(tag, str)]
    licence = next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")
    bases = [tag.removeprefix("base_model:") for tag in tags if re.match(r"base_model:[^:]+$", tag)]
    parameters = at(row, "safetensors.total")
    known = {
        "licence": licence,
        "pipeline_tag": _text(row.get("pipeline_tag")),
        "parameters": _text(parameters),
        "library": _text(row.get("library_name")),
        "base_model": ", ".join(bases),
        "arxiv": ", ".join(tag.removeprefix("arxiv:") for tag in tags if tag.startswith("arxiv:")),
        "gated": _text(row.get("gated")) if row.get("gated") else "",
    }
    extra = {key: value for key, value in known.items() if value}
    published, precision = read_date(_text(row.get("createdAt")))
    return Entry(
        guid=f"huggingface:{name}",
        url=f"https://huggingface.co/{name}",
        title=name,
        summary=_card(name, extra),
        author=name.split("/")[0] if "/" in name else "",
        language="en",
        published_at=published,
        published_precision=precision,
        updated_at=read_date(_text(row.get("lastModified")))[0],
        extra=extra,
    )


def _model_scope_name(row: dict[str, Any]) -> str:
    return _text(row.get("id")) or "/".join(filter(None, (_text(row.get("Path")), _text(row.get("Name")))))


def _model_scope_model(row: dict[str, Any]) -> Entry:
    name = _model_scope_name(row)
    known = {
        "licence": _text(row.get("license") or row.get("License")),
        "pipeline_tag": _text(at(row, "tasks.0") or at(row, "Tasks.0.Name")),
        "parameters": _text(row.get("params")),
        "library": _text(at(row, "libraries.0") or at(row, "Libraries.0")),
        "name_zh": _text(row.get("display_name") or row.get("ChineseName")),
    }
    extra = {key: value for key, value in known.items() if value}
    published, precision = _date(row.get("created_at") or row.get("CreatedTime"), "s", UTC)
    return Entry(
        guid=f"modelscope:{name}",
        url=f"https://modelscope.cn/models/{name}",
        title=name,
        summary=" ".join(filter(None, (_card(name, extra), _text(row.get("description"))[:TEXT_CHARACTERS]))),
        author=name.split("/")[0] if "/" in name else "",
        language="zh",
        published_at=published,
        published_precision=precision,
        updated_at=_date(row.get("last_modified") or row.get("LastUpdatedTime"), "s", UTC)[0],
        extra=extra,
    )


def _card(name: str, known: dict[str, str]) -> str:
    """The fields of a model as one line of words, which later steps can quote."""
    words = ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in known.items())
    return f"{name} ({words})" if words else name


def _story(row: dict[str, Any]) -> Entry:
    number = _text(row.get("objectID"))
    discussion = f"https://news.ycombinator.com/item?id={number}"
    published, precision = read_date(_text(row.get("created_at")))
    return Entry(
        guid=f"hackernews:{number}",
        url=_text(row.get("url")) or discussion,
        title=title(_text(row.get("title")), markup=False),
        summary=_text(row.get("story_text"))[:TEXT_CHARACTERS],
        author=_text(row.get("author")),
        language="en",
        published_at=published,
        published_precision=precision,
        extra={"discussion": discussion, "points": _text(row.get("points"))},
    )


def _load(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        start = body[:60].decode("utf-8", "replace").strip()
        if not body.strip():
            raise NotAFeed("empty", "the answer is empty") from error
        if start.startswith("<"):
            raise NotAFeed("html", f"an HTML page in place of JSON: {start!r}") from error
        raise NotAFeed("text", f"not JSON: {start!r}") from error


def _text(value: object) -> str:
    return (
        value if isinstance(value, str) else str(value) if isinstance(value, int | float) and value is not True else ""
    )
