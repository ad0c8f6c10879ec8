"""The only reader of the knowledge files: reviewed YAML and the compact list of securities, in; a KnowledgeBase, out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml

from knowledge import schema
from knowledge.index import KnowledgeBase

HERE = Path(__file__).parent


def load(folder: Path = HERE) -> KnowledgeBase:
    """The knowledge base of a folder, every row validated."""
    taxonomy = schema.Taxonomy(
        event_types=_rows(folder, "taxonomy/event_types.yaml"),
        modalities=_rows(folder, "taxonomy/modalities.yaml"),
        fact_kinds=_rows(folder, "taxonomy/fact_kinds.yaml"),
        relation_kinds=_rows(folder, "taxonomy/relation_kinds.yaml"),
    )
    return KnowledgeBase(
        version=_version(folder),
        companies=[schema.Company(**r) for r in _each(folder / "companies")],
        products=[schema.Product(**r) for r in _each(folder / "products")],
        securities=[schema.Security(**r) for r in _each(folder / "securities")],
        relations=[schema.Relation(**r) for r in _each(folder / "relations")],
        themes=[schema.Theme(**r) for r in _each(folder / "themes", leave_out="framework")],
        framework=schema.Framework(**_read(folder / "themes/framework.yaml")),
        concepts=[schema.Concept(**r) for r in _rows(folder, "taxonomy/concepts.yaml")],
        lenses=[schema.Lens(**r) for r in _each(folder / "lenses")],
        taxonomy=taxonomy,
    )


def _read(path: Path) -> Any:
    return yaml.load(path.read_bytes(), yaml.CSafeLoader)


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _read(folder / name)
    return rows


def _each(folder: Path, leave_out: str = "") -> list[dict[str, Any]]:
    """Every row of a folder's files; a file holds one row or a list of them."""
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.stem != leave_out:
            found = _read(path)
            rows += found if isinstance(found, list) else [found]
    return rows


def _version(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
