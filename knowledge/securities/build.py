"""Makes `all.tsv.gz`, the compact list of every listed security, from a CSV of code lists.

    python -m knowledge.securities.build LIST.csv

The CSV has the columns code, exchange (SSE, SZSE, BSE, HKEX, NASDAQ, NYSE, AMEX), short_name_zh, name_en, name_en_long,
aliases (joined with `|`), type, status, sector, industry, zh_source, en_source. Its origins are named in NOTICE.
"""

from __future__ import annotations

import csv
import gzip
import re
import sys
from collections import defaultdict
from pathlib import Path

from knowledge.listed import Origin, table_text

OUT = Path(__file__).parent / "all.tsv.gz"

ORIGINS = {
    "open-stock-data": Origin("o", "2026-08-20", "irachex/open-stock-data (2026-08-20)"),
    "adata": Origin("a", "2025-12-31", "adata 2.9.5 (code list of 2025-12)"),
    "FinanceDatabase": Origin("f", "2026-08-16", "JerBouma/FinanceDatabase (2026-08-16)"),
    "vote>=2 public dictionaries": Origin("v", "2026-08-20", "two or more of five public name tables agree"),
}
SUFFIXES = {"SSE": "SH", "SZSE": "SZ", "BSE": "BJ", "HKEX": "HK"}

# What a US list writes behind the name: the class of the instrument.
_CLASS = re.compile(
    r"""\s*(?:,\s*)?(?:\bNew\b\s+)?(?:
        (?:Class|Series)\s+[A-Z]\s+(?:Subordinate\s+Voting|Common|Ordinary|Limited\s+Voting|Voting|Non-Voting)?\s*(?:Shares?|Stock)\b.*
      | \(?(?:The\)\s+)?(?:Common|Ordinary|Subordinate\ Voting|Registered|Capital)\s+(?:Shares?|Stock|Units?)\b.*
      | (?:Sponsored\s+)?(?:American|Global)\s+(?:Depositary|Depository)\s+(?:Shares?|Receipts?)\b.*
      | (?:Sponsored\s+)?AD[SR]s?\b.*
      | Shares\s+of\s+Beneficial\s+Interest\b.*
    )$""",
    re.IGNORECASE | re.VERBOSE,
)
_TRADING = re.compile(r"(?:XD|XR|DR|N|C)(?=[\u3400-\u9fff])")
"""What a mainland exchange writes before a name for a day or a few: ex-dividend, ex-rights, first days of trading. The name
behind it is cut to fit. ST and *ST are part of a name as long as they stand."""
_KINDS = (
    ("warrant", re.compile(r"\bwarrants?\b", re.IGNORECASE)),
    ("right", re.compile(r"\brights?$", re.IGNORECASE)),
    ("preferred", re.compile(r"\b(?:preferred|preference)\b", re.IGNORECASE)),
    (
        "note",
        re.compile(r"\b(?:notes?|debentures?|bonds?)\b.*\b(?:due|20\d\d)\b|subordinated notes", re.IGNORECASE),
    ),
    ("unit", re.compile(r"(?<!common )(?<!partnership )\bunits?$", re.IGNORECASE)),
)


def main(argv: list[str]) -> int:
    """Writes the table; 0 when done, 2 on wrong use."""
    if len(argv) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with Path(argv[0]).open(encoding="utf-8", newline="") as file:
        rows = compact(list(csv.DictReader(file)))
    text = table_text(ORIGINS.values(), rows)
    OUT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{OUT.name}: {len(rows)} securities, {OUT.stat().st_size} bytes")
    return 0


def compact(listed: list[dict[str, str]]) -> list[dict[str, str]]:
    """Rows of the table from rows of the CSV: ids, clean names, and superseded codes folded into what replaced them."""
    rows = [_row(given) for given in listed]
    return sorted(_without_superseded(rows), key=lambda row: row["id"])


def security_id(code: str, exchange: str) -> str:
    """The id of a code on an exchange: `300364.SZ`, `00700.HK`, `NASDAQ:NVDA`."""
    return f"{code}.{SUFFIXES[exchange]}" if exchange in SUFFIXES else f"{exchange}:{code}"


def _row(given: dict[str, str]) -> dict[str, str]:
    # A line break or tab inside a name would break the table apart.
    value = {key: " ".join(text.split()) for key, text in given.items()}
    row = {key: value[key] for key in ("aliases", "type", "status", "sector", "industry")}
    row["id"] = security_id(value["code"], value["exchange"])
    row["name_zh"], row["aliases"] = _without_marks(value["short_name_zh"], value["aliases"], row["id"])
    row["listed_name"], row["name_en"] = value["name_en"], value["name_en_long"] or value["name_en"]
    if value["exchange"] not in SUFFIXES:
        row["name_en"], row["type"] = _american(value["name_en"], value["type"])
    if row["listed_name"] == row["name_en"]:
        row["listed_name"] = ""
    row["type"] = "" if row["type"] == "stock" else row["type"]
    row["status"] = "" if row["status"] == "listed" else row["status"]
    keys = (ORIGINS[origin].key for origin in (value["zh_source"], value["en_source"]) if origin)
    row["source"] = "".join(dict.fromkeys(keys))
    return row


def _without_marks(name: str, aliases: str, security: str) -> tuple[str, str]:
    """A mainland short name and aliases without an exchange's mark of the day: the whole name from among the aliases."""
    others = [other for other in aliases.split("|") if other]
    if not security.endswith((".SH", ".SZ", ".BJ")):
        return name, aliases
    kept = [other for other in others if not _TRADING.match(other)]
    mark = _TRADING.match(name)
    if mark:
        bare = name[mark.end() :]
        name = next((other for other in kept if other.startswith(bare)), bare)
    return name, "|".join(other for other in kept if other != name)


def _american(name: str, kind: str) -> tuple[str, str]:
    """The issuer's name without the class of the instrument, and what kind of instrument it is."""
    for found, pattern in _KINDS:
        if pattern.search(name) and kind == "stock":
            return name, found
    return _CLASS.sub("", name).strip(" -,") or name, kind


def _without_superseded(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Beijing renumbered to 920xxx in 2025 and a few issuers moved to other exchanges: one row an issuer remains."""
    present = {row["id"]: row for row in rows if not _is_old_beijing(row)}
    by_name: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in present.values():
        if row["id"].endswith((".SH", ".SZ", ".BJ")):
            for name in (row["name_zh"], *row["aliases"].split("|")):
                by_name[name].append(row)
    left = []
    for row in filter(_is_old_beijing, rows):
        heirs = by_name[row["name_zh"]] or _renamed(row, present)
        if len(heirs) == 1:
            _inherit(heirs[0], row)
        else:
            left.append(row)
    return [*present.values(), *left]


def _is_old_beijing(row: dict[str, str]) -> bool:
    return row["id"].endswith(".BJ") and not row["id"].startswith("920")


def _renamed(row: dict[str, str], present: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    """The 920 row with the same last three digits, if its name shares two characters: 三维股份 became 三维装备."""
    heir = present.get(f"920{row['id'][3:]}")
    if heir is None or len(set(row["name_zh"]) & set(heir["name_zh"])) < 2:
        return []
    return [heir]


def _inherit(heir: dict[str, str], row: dict[str, str]) -> None:
    heir["alt_codes"] = "|".join(filter(None, (heir.get("alt_codes", ""), row["id"])))
    if row["name_zh"] not in (heir["name_zh"], *heir["aliases"].split("|")):
        heir["former_names"] = "|".join(filter(None, (heir.get("former_names", ""), row["name_zh"])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
