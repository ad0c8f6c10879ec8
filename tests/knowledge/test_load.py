"""The knowledge files, read: fast when nothing changed, never stale, and plain words when a file is broken."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from knowledge import load as reader
from knowledge.load import KnowledgeInvalid, load
from tests.knowledge.bases import change, put, put_table, sound_base


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return sound_base(tmp_path / "base")


def test_a_base_holds_its_rows_and_every_listed_security(base: Path) -> None:
    knowledge = load(base)
    assert set(knowledge.companies) == {"openai", "tencent"}
    assert knowledge.products["sora"].company == "openai"
    assert set(knowledge.securities) == {"00700.HK", "300364.SZ", "920592.BJ", "NASDAQ:NVDA"}
    assert [s.id for s in knowledge.listings("tencent", date(2026, 5, 1))] == ["00700.HK"]


def test_the_bundled_base_loads() -> None:
    knowledge = load()
    assert len(knowledge.companies) > 240
    assert len(knowledge.securities) > 16_000
    assert knowledge.securities["300364.SZ"].company == "col"


def test_the_version_follows_the_content_alone(base: Path, tmp_path: Path) -> None:
    twin = sound_base(tmp_path / "twin")
    assert load(base).version == load(twin).version
    change(twin, "companies/openai.yaml", "Open AI", "OpenAI Inc")
    assert load(base).version != load(twin).version


@pytest.mark.parametrize(
    ("value", "read_as"),
    [("NO", "NO"), ("00700", "00700"), ("2023-10-09", "2023-10-09"), ("yes", "yes"), ("1:30", "1:30")],
)
def test_yaml_that_looks_like_something_else_stays_text(value: str, read_as: str) -> None:
    assert reader.parse("x.yaml", f"a: {value}\n".encode())[0].values == {"a": read_as}


@pytest.mark.parametrize(
    ("name", "old", "new", "row", "what"),
    [
        ("companies/openai.yaml", "[Open AI]", "[Open AI", "line", ""),
        ("companies/openai.yaml", "type: lab", "type: lab\ntype: app", "line 6", "stands twice"),
        ("companies/openai.yaml", "type: lab", "typ: lab", "openai", "type: is missing"),
        ("companies/openai.yaml", "id: openai", "id: Open AI", "Open AI", "id"),
        ("products/openai.yaml", "weights: closed", "weights: free", "sora", "weights"),
        ("products/openai.yaml", "- id: sora", "- 7\n- id: sora", "row 1", "not a row"),
        ("products/openai.yaml", "  name: Sora", "  name: Sora\n  colour: red", "sora", "colour: no such field"),
        ("relations/tencent.yaml", "confidence: 0.95", "confidence: 95", "tencent/is_listed_as/00700.HK", "confidence"),
    ],
)
def test_a_broken_file_is_named_with_its_row(base: Path, name: str, old: str, new: str, row: str, what: str) -> None:
    change(base, name, old, new)
    with pytest.raises(KnowledgeInvalid) as raised:
        load(base)
    assert raised.value.file == name
    assert row in raised.value.row
    assert what in str(raised.value)
    assert raised.value.__cause__ is None


def test_bytes_that_are_no_text_are_an_error_with_the_file(base: Path) -> None:
    (base / "companies/openai.yaml").write_bytes(b"\xff\xfe\xfa\x00")
    with pytest.raises(KnowledgeInvalid, match=r"companies/openai\.yaml"):
        load(base)


def test_a_missing_file_is_named(base: Path) -> None:
    (base / "taxonomy/modalities.yaml").unlink()
    with pytest.raises(KnowledgeInvalid, match=r"taxonomy/modalities\.yaml: cannot be read"):
        load(base)


@pytest.mark.parametrize("content", [b"not gzip", b"\x1f\x8b\x08\x00cut"])
def test_a_damaged_list_of_securities_is_named(base: Path, content: bytes) -> None:
    (base / "securities/all.tsv.gz").write_bytes(content)
    with pytest.raises(KnowledgeInvalid, match=r"securities/all\.tsv\.gz"):
        load(base)


def test_a_list_of_securities_with_a_short_line_is_named(base: Path) -> None:
    put_table(base, "\t".join(["id", "name_zh"]) + "\n")
    with pytest.raises(KnowledgeInvalid, match="names the columns"):
        load(base)


def test_a_second_start_parses_no_yaml(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(base, cache=tmp_path / "cache")

    def fail(file: str, content: bytes) -> None:
        raise AssertionError(f"{file} was parsed again")

    monkeypatch.setattr(reader, "parse", fail)
    second = load(base, cache=tmp_path / "cache")
    assert second.version == first.version
    assert second.companies == first.companies
    assert second.relations == first.relations
    assert second.themes == first.themes


def test_the_cache_is_never_stale(base: Path, tmp_path: Path) -> None:
    load(base, cache=tmp_path / "cache")
    before = (base / "companies/openai.yaml").stat()
    change(base, "companies/openai.yaml", "Open AI", "Open-AI")  # as long as before, and with the same time
    os.utime(base / "companies/openai.yaml", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert load(base, cache=tmp_path / "cache").companies["openai"].aliases == ("Open-AI",)


@pytest.mark.parametrize("damage", [b"", b"{", b"launchwatch knowledge 1 x\nabc\n[]"])
def test_a_damaged_cache_is_ignored_and_written_anew(base: Path, tmp_path: Path, damage: bytes) -> None:
    cache = tmp_path / "cache"
    whole = load(base, cache=cache)
    kept = next(cache.iterdir())
    good = kept.read_bytes()
    kept.write_bytes(damage)
    assert load(base, cache=cache).companies == whole.companies
    assert kept.read_bytes() == good


def test_a_cache_whose_rows_were_changed_is_ignored(base: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load(base, cache=cache)
    kept = next(cache.iterdir())
    kept.write_bytes(kept.read_bytes().replace(b"OpenAI", b"ClosedA"))
    assert load(base, cache=cache).companies["openai"].name_en == "OpenAI"


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(base: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder should be")
    assert load(base, cache=blocked / "cache").companies["openai"].name_en == "OpenAI"


def test_two_bases_do_not_share_a_cache(base: Path, tmp_path: Path) -> None:
    other = sound_base(tmp_path / "other")
    put(other, "companies/openai.yaml", (other / "companies/openai.yaml").read_text().replace("Open AI", "OAI"))
    cache = tmp_path / "cache"
    assert load(base, cache=cache).companies["openai"].aliases == ("Open AI",)
    assert load(other, cache=cache).companies["openai"].aliases == ("OAI",)
    assert len(list(cache.iterdir())) == 2


def test_many_may_start_at_once(base: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(8) as pool:
        versions = set(pool.map(lambda _: load(base, cache=cache).version, range(24)))
    assert len(versions) == 1
    assert [path.suffix for path in cache.iterdir()] == [".json"]
    json.loads(next(cache.iterdir()).read_bytes().split(b"\n", 2)[2])
