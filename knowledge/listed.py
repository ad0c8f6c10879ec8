"""Every listed security in compact form: one line of text each, made into a Security when somebody asks for it.

The table is `securities/all.tsv.gz`; rows of the reviewed YAML win over its lines, field by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from knowledge.schema import Security

COLUMNS = (
    "id",
    "name_zh",
    "name_en",
    "listed_name",
    "aliases",
    "former_names",
    "alt_codes",
    "type",
    "status",
    "sector",
    "industry",
    "source",
)
"""The columns of the table, in order. Lists are joined with `|`; sources are one-letter keys of the `#` lines."""

_LISTS = frozenset({"aliases", "former_names", "alt_codes"})
_HEADER = "\t".join(COLUMNS)

Market = Literal["CN-A", "HK", "US"]


class ListedName(NamedTuple):
    """What a tagger needs of a security, without the cost of a whole row."""

    id: str
    names: tuple[str, ...]
    """Every name and alias, the Chinese short name first."""
    code: str
    market: Market
    type: str
    status: str


class Origin(NamedTuple):
    """Where lines of the table come from, and for which day they speak."""

    key: str
    as_of: str
    source: str


class SecurityTable(Mapping[str, Security]):
    """Securities by id. Lines stay text until asked for; reviewed rows are whole from the start."""

    def __init__(
        self, text: str = "", reviewed: Iterable[Security] = (), issuers: Mapping[str, str] | None = None
    ) -> None:
        """From the table's text (may be empty), reviewed rows, and which company a security is a share of.

        `ValueError` names the first line that is wrong.
        """
        self._origins, self._lines = _split(text)
        self._issuers = issuers or {}
        self._rows = {row.id: _merged(row, self._fields(row.id)) for row in reviewed}
        self._reviewed = frozenset(self._rows)
        self._ids = tuple(dict.fromkeys((*self._rows, *self._lines)))
        self._alternatives = _alternatives(self)

    def __getitem__(self, security: str) -> Security:
        """The security of an id; built at the first call and kept."""
        row = self._rows.get(security)
        if row is None:
            if security not in self._lines:
                raise KeyError(security)
            row = self._rows[security] = Security(**self._fields(security))
        return row

    def __contains__(self, security: object) -> bool:
        return security in self._lines or security in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def names(self) -> Iterator[ListedName]:
        """Every security's names, code, market, type and status, in the order of ids; nothing else is built."""
        for security in self._ids:
            line = self._lines.get(security)
            yield _name_in(line) if line and security not in self._reviewed else _name_of(self._rows[security])

    def by_code(self, code: str) -> str | None:
        """The id behind an id, another form of it (`0700.HK`), or a code that was replaced (`837592.BJ`)."""
        return code if code in self else self._alternatives.get(code)

    def _fields(self, security: str) -> dict[str, Any]:
        """What the table and the issuers say of a security; a reviewed row may be all there is."""
        issuer = {"company": self._issuers[security]} if security in self._issuers else {}
        return {**self._line_fields(security), **issuer} if security in self._lines else issuer

    def _line_fields(self, security: str) -> dict[str, Any]:
        values: dict[str, Any] = dict(zip(COLUMNS, self._lines[security].split("\t"), strict=True))
        for column in _LISTS:
            values[column] = tuple(values[column].split("|")) if values[column] else ()
        origins = [self._origins[key] for key in values.pop("source")]
        fields = {column: value for column, value in values.items() if value}
        fields["market"] = market_of(security)
        fields["source"] = tuple(origin.source for origin in origins)
        fields["as_of"] = max((origin.as_of for origin in origins), default=None)
        return fields


def market_of(security: str) -> Market:
    """The market that an id belongs to: `300364.SZ` CN-A, `00700.HK` HK, `NASDAQ:NVDA` US."""
    if ":" in security:
        return "US"
    return "HK" if security.endswith(".HK") else "CN-A"


def code_of(security: str) -> str:
    """The exchange's own code or ticker in an id: `300364`, `00700`, `NVDA`."""
    return security.split(":")[1] if ":" in security else security.split(".")[0]


def table_text(origins: Iterable[Origin], rows: Iterable[Mapping[str, str]]) -> str:
    """The table as text: one `#` line an origin, the header, one line a row."""
    top = ["\t".join(("#", *origin)) for origin in origins]
    lines = ["\t".join(row.get(column, "") for column in COLUMNS) for row in rows]
    return "\n".join([*top, _HEADER, *lines]) + "\n"


def _split(text: str) -> tuple[dict[str, Origin], dict[str, str]]:
    if not text:
        return {}, {}
    top, found, body = text.partition(f"{_HEADER}\n")
    if not found:
        raise ValueError("the line that names the columns is missing or other than expected")
    origins = {origin.key: origin for origin in (Origin(*line.split("\t")[1:]) for line in top.splitlines())}
    lines = body.splitlines()
    by_id = {line.partition("\t")[0]: line for line in lines if "\t" in line}
    if len(by_id) != len(lines):
        raise ValueError("a line is empty, or an id stands twice")
    for line in lines:
        if line.count("\t") != len(COLUMNS) - 1:
            raise ValueError(f"{line[: line.index(chr(9))]}: {line.count(chr(9)) + 1} fields instead of {len(COLUMNS)}")
    return origins, by_id


def _merged(row: Security, fields: Mapping[str, Any]) -> Security:
    """The reviewed row, with what only the table has."""
    if not fields:
        return row
    given = row.model_dump(exclude_unset=True)
    merged = {**fields, **given}
    for column in _LISTS:
        merged[column] = tuple(dict.fromkeys((*given.get(column, ()), *fields.get(column, ()))))
    kept = {row.name_zh, row.name_en, row.listed_name, *merged["aliases"]}
    for column in ("name_zh", "name_en"):
        other = fields.get(column)
        if other and other not in kept:
            merged["aliases"] = (*merged["aliases"], other)
    return Security(**merged)


def _name_of(row: Security) -> ListedName:
    return ListedName(row.id, row.names, row.code, row.market, row.type, row.status)


def _name_in(line: str) -> ListedName:
    security, zh, en, listed, aliases, former, _, kind, status, _ = line.split("\t", 9)
    names = tuple(dict.fromkeys(filter(None, (zh, en, listed, *aliases.split("|"), *former.split("|")))))
    return ListedName(security, names, code_of(security), market_of(security), kind or "stock", status or "listed")


def _alternatives(table: SecurityTable) -> dict[str, str]:
    found: dict[str, str] = {}
    for security, line in table._lines.items():
        codes = line.split("\t", 7)[6]
        if codes:
            found.update(dict.fromkeys(codes.split("|"), security))
    for row in table._rows.values():
        found.update(dict.fromkeys(row.alt_codes, row.id))
    return found
