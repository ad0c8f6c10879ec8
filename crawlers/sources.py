"""Where we look: every feed and site of sources.yaml and of a user's own files; errors say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

SOURCES = Path(__file__).with_name("sources.yaml")
"""The sources that come with the product."""

Kind = Literal[
    "rss",
    "atom",
    "json-feed",
    "listing",
    "sitemap",
    "json-api",
    "github-releases",
    "hf-org",
    "modelscope-org",
    "arxiv",
    "hacker-news",
]
"""Which reader a source takes. `rss` and `atom` read any feed, whatever it turns out to be."""

API_KINDS = frozenset({"json-api", "hf-org", "modelscope-org", "hacker-news"})
"""Documented for programs: robots.txt speaks of crawlers there."""

Verification = Literal["none", "listed", "live-checked by the cited list", "fetched"]
"""How far an address was checked: not at all; it stands in the cited list; the list's author fetched it; we did."""

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]


class Row(BaseModel):
    """A row of a sources file: frozen, and closed to fields it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Selectors(Row):
    """Where a listing page keeps its items: CSS selectors; `link`, `title`, `date` and `summary` inside `item`.

    A selector may end in `::text` or `::attr(name)`; without it, `link` reads `href` and the others the whole text.
    """

    item: str
    link: str = "a"
    title: str = ""
    """Without one, the words of the link."""
    date: str = ""
    date_format: str = ""
    """As of `strptime`: `%Y-%m-%d`, `%b %d, %Y`, `%Y年%m月%d日`; without one, the usual forms are tried."""
    summary: str = ""
    next: str = ""
    """The link to the next page, for a walk through the archive."""


class JsonPaths(Row):
    """Where a JSON answer keeps its items: dotted paths, `items` from the top, the others inside an item."""

    items: str = ""
    """Empty where the answer is itself the list."""
    id: str = ""
    url: str = ""
    """A path, or a template with paths in braces: `https://example.org/papers/{paper.id}`."""
    title: str = ""
    summary: str = ""
    author: str = ""
    date: str = ""
    date_unit: Literal["", "s", "ms"] = ""
    """For a date given as a number: seconds or milliseconds since 1970."""
    extra: dict[str, str] = {}


class Source(Row):
    """A feed or site that we read."""

    id: Id
    name: str = Field(min_length=1)
    url: str
    kind: Kind
    tier: Literal[1, 2, 3]
    """1 official, 2 media, 3 aggregator."""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
    company: Id | None = None
    """The company that publishes it, where it is official."""
    group: str = "own"
    cadence_hours: float = Field(default=24.0, gt=0, le=24 * 366)
    """How often a new item is expected; left out, the file's `cadence_hours` of its group."""
    selectors: Selectors | None = None
    paths: JsonPaths | None = None
    form: dict[str, str] | None = None
    """Sent as a POST form, for lists that answer to nothing else; `{today}` and `{days_ago_N}` as YYYY-MM-DD."""
    include: str = ""
    """Only items whose URL matches this regular expression: `/news/` of a sitemap."""
    timezone: str = ""
    """IANA name for dates that say no zone: `Asia/Shanghai`. Left out, they count as UTC days."""
    pages: Literal["auto", "always", "never"] = "auto"
    """Whether an item's own page is read: `auto` where the item is a link, has no date or little text."""
    enabled: bool = True
    note: str = ""
    evidence: str = "own"
    """Where the address was seen: `owner/repository:path`, a URL, or `own` for a user's."""
    verification: Verification = "none"
    as_of: date | None = None

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write a whole address that begins with http:// or https://")
        if "@" in parts.netloc or "\\" in url or re.search(r"[\x00-\x20\x7f]", url):
            raise ValueError("take user names, backslashes and spaces out of the address")
        return url

    @field_validator("include")
    @classmethod
    def _pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return pattern

    @model_validator(mode="after")
    def _paths_for_json(self) -> Source:
        if self.kind == "json-api" and self.paths is None:
            raise ValueError("a json-api source needs `paths`: say where its items, titles and dates are")
        return self

    @property
    def host(self) -> str:
        """The host that is asked: what delays and budgets count by."""
        return urlsplit(self.url).hostname or ""


class Problem(Row):
    """One thing wrong in a sources file: where, what, and what to do."""

    file: str
    row: str
    field: str
    message: str

    def __str__(self) -> str:
        field = f", {self.field}" if self.field else ""
        return f"{self.file}: source {self.row}{field}: {self.message}"


class SourcesBroken(Exception):
    """A sources file cannot be used; every problem is named."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def load_sources(path: Path = SOURCES, *more: Path, base: str = "") -> list[Source]:
    """The sources of a file, and of further files whose rows add to it or replace those of the same id.

    `{base}` in an address stands for `base`: the loopback address of a local demonstration site.
    Raises SourcesBroken with every problem of every file.
    """
    found: dict[str, Source] = {}
    problems: list[Problem] = []
    for file in (path, *more):
        sources, wrong = _read(file, base)
        found.update({source.id: source for source in sources})
        problems += wrong
    if problems:
        raise SourcesBroken(problems)
    return list(found.values())


def _read(file: Path, base: str) -> tuple[list[Source], list[Problem]]:
    try:
        text = file.read_text("utf-8")
        content = yaml.load(text, yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return [], [Problem(file=str(file), row="-", field="", message=f"cannot be read: {error}")]
    cadences = content.get("cadence_hours", {}) if isinstance(content, dict) else {}
    rows = content.get("sources") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not isinstance(cadences, dict):
        message = "write a list of sources, or `sources:` with a list under it (and `cadence_hours:` by group)"
        return [], [Problem(file=str(file), row="-", field="sources", message=message)]
    sources: list[Source] = []
    problems: list[Problem] = []
    for place, row in enumerate(rows, start=1):
        source, wrong = _one(row, f"{file}", place, base, cadences)
        problems += wrong
        if source:
            if any(source.id == other.id for other in sources):
                problems.append(
                    Problem(
                        file=str(file), row=source.id, field="id", message="used twice: give one of them another id"
                    )
                )
            sources.append(source)
    return sources, problems


def _one(
    row: object, file: str, place: int, base: str, cadences: dict[str, Any]
) -> tuple[Source | None, list[Problem]]:
    if not isinstance(row, dict):
        return None, [
            Problem(
                file=file,
                row=f"number {place}",
                field="",
                message="write fields with values: `id:`, `name:`, `url:`, `kind:`",
            )
        ]
    name = str(row.get("id") or f"number {place}")
    values = {"cadence_hours": cadences[row["group"]], **row} if row.get("group") in cadences else dict(row)
    values["url"] = str(values.get("url", "")).replace("{base}", base)
    try:
        return Source.model_validate(values), []
    except ValidationError as error:
        return None, [
            Problem(file=file, row=name, field=_field(e["loc"]), message=_advice(dict(e))) for e in error.errors()
        ]


def _field(where: tuple[int | str, ...]) -> str:
    return ".".join(map(str, where))


def _advice(error: dict[str, Any]) -> str:
    """What to do about a validation error, in plain words."""
    given = error.get("input")
    match error["type"]:
        case "missing":
            return "is missing: add it"
        case "extra_forbidden":
            return "is no field of a source: check its spelling, or take it out"
        case "literal_error":
            return f"is {given!r}: write {error['ctx']['expected']}"
        case "string_pattern_mismatch":
            return f"is {given!r}: write it as {error['ctx']['pattern']}"
        case "value_error":
            return f"is {given!r}: {error['ctx']['error']}" if error["loc"] else str(error["ctx"]["error"])
        case _:
            return f"is {given!r}: {error['msg'][:1].lower()}{error['msg'][1:]}"
