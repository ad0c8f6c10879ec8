"""A small sound knowledge base on disk, for tests to break."""

from __future__ import annotations

import gzip
from pathlib import Path

from knowledge.listed import Origin, table_text

COMPANIES = {
    "openai": """
id: openai
name_en: OpenAI
aliases: [Open AI]
type: lab
country: US
status: private
source: ['somebody/list:a.md']
evidence: mention
as_of: '2026-01-01'
""",
    "tencent": """
id: tencent
name_en: Tencent
name_zh: 腾讯
type: bigtech
country: CN
status: listed
source: ['somebody/list:b.md']
evidence: read
as_of: '2026-01-01'
""",
}
PRODUCTS = """
- id: sora
  name: Sora
  company: openai
  modality_in: [text]
  modality_out: [video]
  weights: closed
  first_release: 2024-02
  first_release_precision: month
  source: ['somebody/list:c.md']
  evidence: mention
  as_of: '2026-01-01'
"""
SECURITIES = """
- id: 00700.HK
  name_zh: 腾讯控股
  market: HK
  company: tencent
  alt_codes: [0700.HK]
  source: ['somebody/list:d.md']
  as_of: '2026-01-01'
"""
RELATIONS = """
- id: tencent/is_listed_as/00700.HK
  company: tencent
  security: 00700.HK
  kind: is_listed_as
  strength: high
  what: 腾讯控股 00700
  valid_from: '2004-06-16'
  confidence: 0.95
  source: ['somebody/list:d.md']
  verification: read
  as_of: '2026-01-01'
"""
THEME = """
id: ai-video
name_zh: AI+视频
name_en: AI + video
layer: large_model
trigger_modalities: [video]
trigger_event_types: [model_release]
trigger_products: [sora]
trigger_fact_kinds: [duration]
members:
- security: 300364.SZ
  stance: watch
  reason: typed in a test
  date: '2026-01-01'
source: a test
as_of: '2026-01-01'
"""
FRAMEWORK = """
name_zh: 大模型
name_en: large model
layers:
- {id: large_model, name_zh: 大模型, name_en: large model}
selections:
- {id: benefit, name_zh: 受益, name_en: benefit, selects_by: modality, themes: [ai-video]}
publisher: a test
report_date: '2024-03-25'
sector: 传媒
sector_rating: 增持
rating_change: 维持
emphasis_sectors: [游戏]
theme_order: [ai-video]
risk_topics_zh: [监管]
source: a test
as_of: '2024-03-25'
"""
TAXONOMY = {
    "event_types": "- {id: model_release, name_zh: 模型发布, name_en: model release, weight: 1.0}",
    "modalities": "- {id: text, name_zh: 文本, name_en: text}\n- {id: video, name_zh: 视频, name_en: video}",
    "fact_kinds": "- {id: duration, name_zh: 时长, name_en: duration, units: [second]}",
    "relation_kinds": """
- {id: is_listed_as, meaning: is the company, name_zh: 上市主体, name_en: listed as, weight: 1.0}
- {id: concept, meaning: market label, name_zh: 概念, name_en: concept, weight: 0.3}
""",
    "concepts": """
- {id: sora, name_zh: Sora概念, provider: a test, companies: [openai], source: a test, as_of: '2026-01-01'}
""",
}
LENS = "id: media\nname_zh: 传媒\nname_en: Media\nthemes: [ai-video]\n"

LISTED = [
    {"id": "00700.HK", "name_en": "Tencent Holdings Ltd.", "listed_name": "TENCENT", "source": "o"},
    {"id": "300364.SZ", "name_zh": "中文在线", "aliases": "ST中在", "source": "ao", "industry": "出版"},
    {"id": "920592.BJ", "name_zh": "华信永道", "alt_codes": "837592.BJ", "source": "o"},
    {"id": "NASDAQ:NVDA", "name_en": "NVIDIA Corporation", "source": "o"},
]
ORIGINS = (Origin("o", "2026-08-20", "somebody/open-list"), Origin("a", "2025-12-31", "another list"))


def sound_base(folder: Path) -> Path:
    """A base of two companies without a fault, written below the folder."""
    for company, text in COMPANIES.items():
        put(folder, f"companies/{company}.yaml", text)
    put(folder, "products/openai.yaml", PRODUCTS)
    put(folder, "securities/hong-kong.yaml", SECURITIES)
    put(folder, "relations/tencent.yaml", RELATIONS)
    put(folder, "themes/ai-video.yaml", THEME)
    put(folder, "themes/framework.yaml", FRAMEWORK)
    for name, text in TAXONOMY.items():
        put(folder, f"taxonomy/{name}.yaml", text)
    put(folder, "lenses/media.yaml", LENS)
    put_table(folder, table_text(ORIGINS, LISTED))
    return folder


def put(folder: Path, name: str, text: str) -> None:
    """A file of the base, written anew."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def put_table(folder: Path, text: str) -> None:
    """The compact list of securities, written anew."""
    (folder / "securities/all.tsv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def change(folder: Path, name: str, old: str, new: str) -> None:
    """A file of the base with some words replaced; they must be there."""
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {name}"
    put(folder, name, text.replace(old, new))
