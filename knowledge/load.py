"""The only reader of the knowledge files: reviewed YAML and the compact list of securities in, a KnowledgeBase out."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from knowledge import schema
from knowledge.index import KnowledgeBase
from knowledge.listed import SecurityTable

HERE = Path(__file__).parent

SECURITIES_TABLE = "securities/all.tsv.gz"
FRAMEWORK = "themes/framework.yaml"

SHAPES: Mapping[str, type[schema.Row]] = {
    "companies": schema.Company,
    "products": schema.Product,
    "securities": schema.Security,
    "relations": schema.Relation,
    "themes": schema.Theme,
    "lenses": schema.Lens,
}
"""What a folder's rows are."""

LISTS: Mapping[str, type[schema.Row]] = {
    "taxonomy/event_types.yaml": schema.EventType,
    "taxonomy/modalities.yaml": schema.Modality,
    "taxonomy/fact_kinds.yaml": schema.FactKind,
    "taxonomy/relation_kinds.yaml": schema.RelationKind,
    "taxonomy/concepts.yaml": schema.Concept,
    "taxonomy/actor_weights.yaml": schema.ActorWeight,
    "taxonomy/terms.yaml": schema.Term,
    "taxonomy/cluster_weights.yaml": schema.ClusterWeights,
    "taxonomy/words.yaml": schema.WordGroup,
    "taxonomy/markets.yaml": schema.Market,
    FRAMEWORK: schema.Framework,
}
"""Files with a shape of their own."""

REQUIRED = frozenset(
    {
        "taxonomy/event_types.yaml",
        "taxonomy/modalities.yaml",
        "taxonomy/fact_kinds.yaml",
        "taxonomy/relation_kinds.yaml",
        FRAMEWORK,
    }
)
"""Without these nothing works; any other file may be absent."""


WEIGHED = frozenset({"heat", "type", "actor", "step", "tier", "themes", "stocks", "preferred"})
"""The parts of an event's importance that a lens may weigh."""


class KnowledgeInvalid(Exception):
    """A knowledge file cannot be used: which file, which row, and what is wrong with it."""

    def __init__(self, file: str, row: str, what: str) -> None:
        super().__init__(": ".join(part for part in (file, row, what) if part))
        self.file, self.row, self.what = file, row, what


class Found(NamedTuple):
    """One row as it stands in a file, not yet validated."""

    file: str
    place: str
    """How to find it: its id, or `row 3`."""
    values: dict[str, Any]


def load(folder: Path = HERE, cache: Path | None = None, lenses: Path | None = None) -> KnowledgeBase:
    """The knowledge base of a folder, every row validated; `KnowledgeInvalid` names the first thing that is wrong.

    `lenses` is a folder of an installation's own points of view, one or several a YAML file, read besides the base's.

    `cache` is a folder that may keep parsed rows between starts. They are used only for files with the very same bytes,
    and nothing fails when it cannot be read or written.
    """
    files = read_files(folder)
    version = _version(files)
    rows = _parsed(files, version, _cache_file(cache, folder))
    shaped: dict[str, list[Any]] = {name: [] for name in (*SHAPES, *LISTS)}
    for found in rows:
        shaped[part_of(found.file)].append(shape(found))
    own = _own_files(lenses)
    shaped["lenses"] += own_lenses(own, shaped)
    version = _version({**files, **own}) if own else version
    if not shaped[FRAMEWORK]:
        raise KnowledgeInvalid(FRAMEWORK, "", "is missing or empty")
    return KnowledgeBase(
        version=version,
        companies=shaped["companies"],
        products=shaped["products"],
        securities=securities(files, shaped["securities"], shaped["relations"]),
        relations=shaped["relations"],
        themes=shaped["themes"],
        framework=shaped[FRAMEWORK][0],
        concepts=shaped["taxonomy/concepts.yaml"],
        lenses=shaped["lenses"],
        taxonomy=schema.Taxonomy.model_construct(
            event_types=tuple(shaped["taxonomy/event_types.yaml"]),
            modalities=tuple(shaped["taxonomy/modalities.yaml"]),
            fact_kinds=tuple(shaped["taxonomy/fact_kinds.yaml"]),
            relation_kinds=tuple(shaped["taxonomy/relation_kinds.yaml"]),
            actor_weights=tuple(shaped["taxonomy/actor_weights.yaml"]),
            terms=tuple(shaped["taxonomy/terms.yaml"]),
            clustering=next(iter(shaped["taxonomy/cluster_weights.yaml"]), None),
            words=tuple(shaped["taxonomy/words.yaml"]),
            markets=tuple(shaped["taxonomy/markets.yaml"]),
        ),
    )


# ---- files ----------------------------------------------------------------------------------------------------------


def read_files(folder: Path) -> dict[str, bytes]:
    """The bytes of every knowledge file, by its path below the folder, in the order of the paths."""
    files: dict[str, bytes] = {}
    try:
        for name in sorted(SHAPES):
            for file in _yaml_in(folder / name):
                files[f"{name}/{file}"] = _bytes_of(f"{folder}/{name}/{file}")
        for name in (*sorted(LISTS), SECURITIES_TABLE):
            if name in REQUIRED or (folder / name).exists():
                files[name] = (folder / name).read_bytes()
    except OSError as error:
        name = Path(error.filename).relative_to(folder).as_posix() if error.filename else str(folder)
        raise KnowledgeInvalid(name, "", f"cannot be read: {error.strerror}") from None
    return files


def _yaml_in(folder: Path) -> list[str]:
    """The names of a folder's YAML files in order; none where there is no such folder."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - two thousand Path objects cost more than reading their files
        return sorted(name for name in names if name.endswith(".yaml"))
    except FileNotFoundError:
        return []


def _bytes_of(path: str) -> bytes:
    """A file's bytes, by plain calls: two thousand small files are read at each start."""
    handle = os.open(path, os.O_RDONLY)
    try:
        found = bytearray()
        while piece := os.read(handle, 1 << 16):
            found += piece
        return bytes(found)
    finally:
        os.close(handle)


def _own_files(folder: Path | None) -> dict[str, bytes]:
    """The bytes of an installation's own lenses, by full path; none where it has no such folder."""
    try:
        return {str(p): p.read_bytes() for p in sorted(folder.glob("*.yaml"))} if folder and folder.is_dir() else {}
    except OSError as error:
        raise KnowledgeInvalid(str(error.filename or folder), "", f"cannot be read: {error.strerror}") from None


def own_lenses(files: Mapping[str, bytes], base: Mapping[str, Sequence[Any]]) -> list[schema.Lens]:
    """An installation's own lenses, held against the base: ids that are free, themes and companies that exist."""
    taken = {lens.id for lens in base["lenses"]}
    known = {
        "theme": {t.id for t in base["themes"]},
        "company": {c.id for c in base["companies"]},
        "security": {s.id for s in base["securities"]},
    }
    read: list[schema.Lens] = []
    for file, content in files.items():
        for found in parse(file, content):
            try:
                lens = schema.Lens(**found.values)
            except ValidationError as error:
                raise KnowledgeInvalid(file, found.place, _in_words(error)) from None
            if lens.id in taken:
                raise KnowledgeInvalid(file, found.place, "there is a lens of this id already; give yours another")
            pointers = (
                ("theme", lens.themes),
                ("company", lens.prefer_companies),
                ("security", lens.prefer_stocks),
            )
            for kind, ids in pointers:
                unknown = [i for i in ids if i not in known[kind]]
                if unknown:
                    raise KnowledgeInvalid(file, found.place, f"no {kind} has the id {unknown[0]!r}")
            odd = sorted(set(lens.weights) - WEIGHED)
            if odd:
                raise KnowledgeInvalid(
                    file, found.place, f"weights: no part {odd[0]!r}; parts are {', '.join(sorted(WEIGHED))}"
                )
            taken.add(lens.id)
            read.append(lens)
    return read


def part_of(file: str) -> str:
    """Which part of the base a file belongs to: its folder, or itself where it has a shape of its own."""
    return file if file in LISTS else file.partition("/")[0]


def shape(found: Found) -> schema.Row:
    """A row validated; `KnowledgeInvalid` says what is wrong with it."""
    part = part_of(found.file)
    kind = LISTS.get(part) or SHAPES[part]
    try:
        return kind(**found.values)
    except ValidationError as error:
        raise KnowledgeInvalid(found.file, found.place, _in_words(error)) from None


def parse(file: str, content: bytes) -> list[Found]:
    """The rows of one YAML file; a file holds one row or a list of them."""
    try:
        parsed = yaml.load(content, _Loader)  # noqa: S506 - a safe loader with fewer implicit types
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise KnowledgeInvalid(file, line, error.problem or "is not YAML") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise KnowledgeInvalid(file, "", f"is not YAML: {str(error).splitlines()[0]}") from None
    rows = parsed if isinstance(parsed, list) else [] if parsed is None else [parsed]
    return [_found(file, number, row) for number, row in enumerate(rows, start=1)]


def securities(
    files: Mapping[str, bytes], reviewed: list[schema.Security], listings: Iterable[schema.Relation] = ()
) -> SecurityTable:
    """The whole list of securities: the compact table, the reviewed rows over it, and the issuers that relations name."""
    issuers = {tie.security: tie.company for tie in listings if tie.kind == "is_listed_as"}
    content = files.get(SECURITIES_TABLE)
    try:
        text = gzip.decompress(content).decode() if content else ""
        return SecurityTable(text, reviewed, issuers)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, ValueError) as error:
        raise KnowledgeInvalid(SECURITIES_TABLE, "", str(error)) from None


def _found(file: str, number: int, row: Any) -> Found:
    if not isinstance(row, dict):
        raise KnowledgeInvalid(file, f"row {number}", "is not a row of named fields")
    return Found(file, str(row.get("id") or f"row {number}"), row)


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    message = {"extra_forbidden": "no such field", "missing": "is missing"}.get(first["type"], first["msg"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{field}: {message}{more}"


def _version(files: Mapping[str, bytes]) -> str:
    """A name for the exact content: the same files give the same name on every machine."""
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


# ---- YAML, without its traps ----------------------------------------------------------------------------------------


class _Loader(yaml.CSafeLoader):
    """Safe YAML where a value is text unless it looks plainly like true, false, null or a number.

    YAML 1.1 would read the country NO as false, the code 00700 as the number 448 and 2023-10-09 as a date.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own attribute

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys are text and all differ: of a field written twice PyYAML would keep the last."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise yaml.constructor.ConstructorError(None, None, "a field name must be text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the field {key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _starts in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_starts))


# ---- parsed rows, kept between starts -------------------------------------------------------------------------------


def _parsed(files: Mapping[str, bytes], version: str, kept: Path | None) -> list[Found]:
    rows = _kept(kept, version)
    if rows is None:
        rows = list(_each(files))
        _keep(kept, version, rows)
    return rows


def _each(files: Mapping[str, bytes]) -> Iterator[Found]:
    for file, content in files.items():
        if file != SECURITIES_TABLE:
            yield from parse(file, content)


def _cache_file(cache: Path | None, folder: Path) -> Path | None:
    """One file for each base, so that two bases do not push each other out."""
    if cache is None:
        return None
    return cache / f"knowledge-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}.json"


def _kept(kept: Path | None, version: str) -> list[Found] | None:
    """The rows kept for exactly this content, if they are there and whole."""
    if kept is None:
        return None
    try:
        name, digest, body = kept.read_bytes().split(b"\n", 2)
    except (OSError, ValueError):
        return None
    if name != _cache_name(version) or digest != hashlib.sha256(body).hexdigest().encode():
        return None
    return [Found(*row) for row in json.loads(body)]


def _keep(kept: Path | None, version: str, rows: list[Found]) -> None:
    """Written beside and renamed: another process that starts now sees the whole of it or nothing."""
    if kept is None:
        return
    body = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
    digest = hashlib.sha256(body).hexdigest().encode()
    with suppress(OSError):  # a full or read-only disk costs time at the next start, nothing else
        kept.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=kept.parent, prefix=kept.name, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(b"\n".join((_cache_name(version), digest, body)))
            Path(name).replace(kept)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _cache_name(version: str) -> bytes:
    """What the first line must say: the shape of the cache, and the content it was made from."""
    return f"launchwatch knowledge 1 {version}".encode()
