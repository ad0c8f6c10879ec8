"""Model hubs and JSON lists to entries."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from crawlers.feeds import NotAFeed
from crawlers.hubs import at, dated, read_hacker_news, read_hugging_face, read_json, read_model_scope
from crawlers.sources import JsonPaths


def as_json(data: object) -> bytes:
    return json.dumps(data).encode()


def test_a_hugging_face_model_has_licence_task_size_and_base() -> None:
    row = {
        "id": "hpcai-tech/Open-Sora",
        "createdAt": "2024-03-18T03:00:00.000Z",
        "lastModified": "2024-03-19T03:00:00.000Z",
        "pipeline_tag": "text-to-video",
        "library_name": "diffusers",
        "tags": ["license:apache-2.0", "base_model:acme/dit", "base_model:finetune:acme/dit", "arxiv:2403.00001"],
        "safetensors": {"total": 1_100_000_000},
    }
    entry = read_hugging_face(as_json([row, {"nothing": 1}, 5]))[0]
    assert entry.url == "https://huggingface.co/hpcai-tech/Open-Sora"
    assert entry.published_at == datetime(2024, 3, 18, 3, tzinfo=UTC)
    assert entry.extra == {
        "licence": "apache-2.0",
        "pipeline_tag": "text-to-video",
        "parameters": "1100000000",
        "library": "diffusers",
        "base_model": "acme/dit",
        "arxiv": "2403.00001",
    }
    assert "pipeline tag: text-to-video" in entry.summary


def test_a_model_scope_model_has_its_owner_and_times() -> None:
    row = {"id": "Qwen/Qwen1.5-7B", "created_at": "2024-03-18T10:30:00Z", "last_modified": "2024-03-20T00:00:00Z",
           "license": "apache-2.0", "tasks": ["text-generation"], "display_name": "通义千问"}  # fmt: skip
    entry = read_model_scope(as_json({"success": True, "data": {"models": [row], "total_count": 1}}))[0]
    assert entry.url == "https://modelscope.cn/models/Qwen/Qwen1.5-7B"
    assert (entry.author, entry.extra["name_zh"]) == ("Qwen", "通义千问")
    assert entry.published_at == datetime(2024, 3, 18, 10, 30, tzinfo=UTC)
    assert entry.updated_at == datetime(2024, 3, 20, tzinfo=UTC)


def test_a_model_scope_model_without_a_date_has_none() -> None:
    entry = read_model_scope(as_json({"data": {"models": [{"id": "a/b", "last_modified": "2024-03-20T00:00:00Z"}]}}))[0]
    assert (entry.published_at, entry.published_precision) == (None, "unknown")


def test_the_list_of_model_scopes_own_pages_is_read_too() -> None:
    row = {"Path": "qwen", "Name": "Qwen1.5-7B", "CreatedTime": 1710757800}
    entry = read_model_scope(as_json({"Data": {"Models": [row]}}))[0]
    assert (entry.title, entry.published_at) == ("qwen/Qwen1.5-7B", datetime(2024, 3, 18, 10, 30, tzinfo=UTC))


def test_a_story_links_to_its_page_and_keeps_its_discussion() -> None:
    hits = [
        {
            "objectID": "1",
            "title": "Open-Sora 1.0",
            "url": "https://e.org/",
            "created_at": "2024-03-18T10:00:00Z",
            "points": 9,
        },
        {"objectID": "2", "title": "Ask HN: which model?", "url": None, "created_at": "2024-03-18T11:00:00Z"},
    ]
    first, second = read_hacker_news(as_json({"hits": hits}))
    assert first.url == "https://e.org/"
    assert first.extra["discussion"] == "https://news.ycombinator.com/item?id=1"
    assert second.url == "https://news.ycombinator.com/item?id=2"


def test_a_list_is_read_by_paths() -> None:
    answer = {
        "data": {"list": [{"no": 7, "t": "公告", "when": 1710757800000, "file": "a/b.PDF", "who": {"name": "某公司"}}]}
    }
    paths = JsonPaths(
        items="data.list", id="no", url="https://e.org/{file}", title="t", date="when", date_unit="ms",
        author="who.name", extra={"number": "no"},
    )  # fmt: skip
    entry = read_json(as_json(answer), paths)[0]
    assert (entry.guid, entry.url, entry.title, entry.author) == ("7", "https://e.org/a/b.PDF", "公告", "某公司")
    assert entry.published_at == datetime(2024, 3, 18, 10, 30, tzinfo=UTC)
    assert entry.extra == {"number": "7"}


def test_a_list_inside_a_string_is_read_too() -> None:
    assert read_json(as_json({"result": '[{"T": "x"}]'}), JsonPaths(items="result", title="T"))[0].title == "x"


@pytest.mark.parametrize(
    ("body", "thing"),
    [(b"", "empty"), (b"<html>", "html"), (b"nope", "text"), (b'{"error": 1}', "json"), (b"[" * 99_999, "text")],
)
def test_what_is_no_answer_says_what_it_is(body: bytes, thing: str) -> None:
    for read in (read_hugging_face, read_hacker_news, lambda b: read_json(b, JsonPaths(items="x"))):
        with pytest.raises(NotAFeed) as error:
            read(body)
        assert error.value.thing == thing


@pytest.mark.parametrize(
    "row", [{}, {"id": None}, {"id": 5, "tags": "x"}, {"id": "a/b", "tags": [1, None], "safetensors": []}]
)
def test_odd_rows_do_not_raise(row: dict[str, object]) -> None:
    read_hugging_face(as_json([row]))
    read_hacker_news(as_json({"hits": [row]}))
    read_json(as_json([row]), JsonPaths(id="id", title="tags", date="safetensors", url="id"))


def test_a_path_that_ends_early_finds_nothing() -> None:
    assert at({"a": [{"b": 1}]}, "a.0.b") == 1
    assert at({"a": [{"b": 1}]}, "a.1.b") is None
    assert at({"a": 5}, "a.b.c") is None


def test_days_are_written_into_forms() -> None:
    assert dated("{days_ago_1}~{today}", datetime(2024, 3, 1, tzinfo=UTC)) == "2024-02-29~2024-03-01"
