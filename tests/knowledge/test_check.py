"""Each kind of fault, seen in a small base that has it, and in no other place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from knowledge.check import check, worst
from knowledge.load import HERE
from tests.knowledge.bases import COMPANIES, PRODUCTS, change, put, put_table, sound_base

OPENAI, SORA, TENCENT = "companies/openai.yaml", "products/openai.yaml", "companies/tencent.yaml"
HK, TIES, THEME = "securities/hong-kong.yaml", "relations/tencent.yaml", "themes/ai-video.yaml"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return sound_base(tmp_path)


def test_the_bundled_base_has_no_error() -> None:
    assert [str(p) for p in check(HERE) if p.severity == "error"] == []


def test_a_sound_base_has_no_problem(base: Path) -> None:
    assert check(base, today=date(2026, 6, 1)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "row", "what"),
    [
        (OPENAI, "status: private", "status: private\nparent: nobody", "openai", "parent: no such company: nobody"),
        (OPENAI, "status: private", "status: private\nparent: openai", "openai", "parent: goes round in a ring"),
        (OPENAI, "type: lab", "typ: lab", "openai", "type: is missing"),
        (OPENAI, "['somebody/list:a.md']", "['']", "openai", "source: names none"),
        (OPENAI, "['somebody/list:a.md']", "['unsourced: general knowledge']", "openai", "evidence: says mention"),
        (OPENAI, "evidence: mention", "evidence: heard", "openai", "evidence"),
        (OPENAI, "'2026-01-01'", "'2027-01-01'", "openai", "is in the future"),
        (OPENAI, "status: private", "status: listed", "openai", "is_listed_as"),
        (OPENAI, "[Open AI]", "[X]", "openai", "'X' is too short"),
        (OPENAI, "id: openai", "id: open-ai", "open-ai", "companies/open-ai.yaml"),
        (SORA, "company: openai", "company: nobody", "sora", "company: no such company: nobody"),
        (SORA, "modality_out: [video]", "modality_out: [smell]", "sora", "modality_out: no such modality: smell"),
        (SORA, "2024-02", "2024-13", "sora", "first_release: no such day: 2024-13"),
        (SORA, "precision: month", "precision: day", "sora", "first_release: 2024-02 is not given to the day"),
        (SORA, "company: openai", "company: tencent", "sora", "products/tencent.yaml"),
        (HK, "company: tencent", "company: nobody", "00700.HK", "company: no such company: nobody"),
        (HK, "market: HK", "market: US", "00700.HK", "market: US does not go"),
        (HK, "id: 00700.HK", "id: 600700.SZ", "600700.SZ", "no code that this exchange gives"),
        (HK, "[0700.HK]", "['BOERSE:SAP']", "00700.HK", "BOERSE:SAP: no code"),
        (HK, "company: tencent", "company: openai", "00700.HK", "openai has no relation is_listed_as"),
        (HK, "company: tencent", "company: openai", "tencent/is_listed_as/00700.HK", "names openai as its issuer"),
        (TIES, "security: 00700.HK", "security: 00799.HK", "tencent/is_listed_as", "no such security: 00799.HK"),
        (TIES, "kind: is_listed_as", "kind: friend", "tencent/is_listed_as", "kind: no such relation kind: friend"),
        (TIES, "kind: is_listed_as", "kind: concept", "tencent/is_listed_as", "does not go with its fields"),
        (TIES, "kind: is_listed_as", "kind: concept", "tencent/is_listed_as", "concept: is missing"),
        (TIES, "strength: high", "strength: high\n  concept: x", "tencent/is", "concept: no such concept: x"),
        (TIES, "'2004-06-16'", "'2004-06-31'", "tencent/is", "valid_from: no such day: 2004-06-31"),
        (TIES, "'2004-06-16'", "'2004-06-16'\n  valid_to: '2003'", "tencent/is", "valid_to: 2003 is before"),
        (THEME, "layer: large_model", "layer: huge_model", "ai-video", "layer: no such layer: huge_model"),
        (THEME, "[model_release]", "[model_party]", "ai-video", "no such event type: model_party"),
        (THEME, "[duration]", "[length]", "ai-video", "no such fact kind: length"),
        (THEME, "[sora]", "[veo]", "ai-video", "no such product: veo"),
        (THEME, "300364.SZ", "300365.SZ", "ai-video", "members: no such security: 300365.SZ"),
        ("lenses/media.yaml", "[ai-video]", "[ai-smell]", "media", "no such theme: ai-smell"),
        ("themes/framework.yaml", "theme_order: [ai-video]", "theme_order: [x]", "row 1", "no such theme: x"),
        ("taxonomy/concepts.yaml", "[openai]", "[nobody]", "sora", "companies: no such company: nobody"),
    ],
)
def test_a_fault_is_told_with_file_and_row(base: Path, file: str, old: str, new: str, row: str, what: str) -> None:
    change(base, file, old, new)
    told = [p for p in check(base, today=date(2026, 6, 1)) if p.row.startswith(row) and what in p.what]
    assert [p.severity for p in told] == ["error"]


def test_an_id_that_stands_twice_is_told(base: Path) -> None:
    put(base, SORA, PRODUCTS + PRODUCTS.replace("name: Sora", "name: Sora Turbo"))
    assert "the id stands already in products/openai.yaml" in [p.what for p in check(base)]


def test_two_strangers_with_one_name_are_an_error(base: Path) -> None:
    change(base, TENCENT, "name_zh: 腾讯", "name_zh: 腾讯\naliases: [open-ai]")
    (told,) = check(base)
    assert (told.severity, told.row) == ("error", "tencent")
    assert "'open-ai' is also a name of openai" in told.what


def test_a_chief_of_two_companies_is_an_error(base: Path) -> None:
    chief = "chiefs:\n- {names: [Ada], role: CEO, source: [s], evidence: read, as_of: '2024-01-01'}\nname_zh: "
    change(base, TENCENT, "name_zh: ", chief)
    assert not check(base)
    change(base, OPENAI, "name_en: ", chief.replace("name_zh", "name_en"))
    assert [(p.severity, "'Ada' is also a name of" in p.what) for p in check(base)] == [("error", True)]


def test_a_shared_name_with_context_words_is_no_problem(base: Path) -> None:
    change(
        base,
        TENCENT,
        "name_zh: 腾讯",
        "name_zh: 腾讯\naliases: [open-ai]\nambiguous: [{alias: Open-AI, context: [混元]}]",
    )
    assert check(base) == []


def test_a_name_shared_within_a_group_is_a_warning(base: Path) -> None:
    lab = (
        COMPANIES["openai"]
        .replace("id: openai", "id: openai-lab\nparent: openai")
        .replace("name_en: OpenAI", "name_en: Lab")
    )
    put(base, "companies/openai-lab.yaml", lab)
    assert worst(check(base)) == "warning"


def test_a_product_may_bear_its_company_s_name(base: Path) -> None:
    change(base, SORA, "name: Sora", "name: OpenAI")
    assert check(base) == []


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        (lambda base: put(base, OPENAI, "id: [1"), OPENAI),
        (lambda base: put(base, SORA, ""), SORA),
        (lambda base: put_table(base, "no header"), "securities/all.tsv.gz"),
        (lambda base: (base / "taxonomy/modalities.yaml").unlink(), "taxonomy/modalities.yaml"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(base: Path, damage: Callable[[Path], None], file: str) -> None:
    damage(base)
    assert file in [p.file for p in check(base) if p.severity == "error"]


def test_all_faults_are_told_at_once(base: Path) -> None:
    change(base, OPENAI, "type: lab", "typ: lab")
    change(base, THEME, "[sora]", "[veo]")
    assert {p.file for p in check(base)} >= {OPENAI, THEME}
