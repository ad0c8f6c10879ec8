"""Names of models taken apart: `Qwen3.5-397B-A17B` is Qwen, version 3.5, 397B in all, of which 17B active."""

from __future__ import annotations

import re
from typing import NamedTuple

_PIECE = re.compile(
    r"(?P<experts>\d+)x(?P<each>\d+(?:\.\d+)?)b\b"
    r"|(?<![a-z0-9.])[ae]?(?P<size>\d+(?:\.\d+)?)(?P<scale>[bmt])\b"
    r"|(?<![a-z0-9])v?(?P<number>\d+(?:\.\d+)*)(?P<letter>[a-z]?)(?![a-z0-9])",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[a-z]+|\d+(?:\.\d+)*", re.IGNORECASE)
_SCALE = {"m": 1e6, "b": 1e9, "t": 1e12}
_STAMP = re.compile(r"\d{4,}")


class Designation(NamedTuple):
    """What a model's name says."""

    family: str
    """The name before its version and size: `Qwen`."""
    version: str | None = None
    """`3.5`, `2`, `4o`."""
    size: float | None = None
    """Parameters in all."""
    active: float | None = None
    """Parameters at work for one token."""
    variant: tuple[str, ...] = ()
    """The words after it, in small letters: `flash`, `preview`."""


def parse(name: str) -> Designation:
    """A name's family, version, sizes and variant words. A name without numbers is all family."""
    spaced = re.sub(
        r"(?<=[a-z])(?=\d+(?:\.\d+)?(?:[bmt]?\b|[-_ ]))",
        " ",
        name.replace("_", "-").replace("‑", "-"),
        flags=re.IGNORECASE,
    )
    pieces = [p for p in re.split(r"[-\s]+", spaced) if p]
    family: list[str] = []
    version: str | None = None
    size: float | None = None
    active: float | None = None
    variant: list[str] = []
    for place, piece in enumerate(pieces):
        match = _PIECE.fullmatch(piece)
        if match and match["each"]:
            size = int(match["experts"]) * float(match["each"]) * 1e9
        elif match and match["size"] and (piece[0] in "aA" and size is not None):
            active = _count(match)
        elif match and match["size"] and family:
            size = _count(match) if size is None else size
        elif match and match["number"] and version is None and family and not _STAMP.fullmatch(match["number"]):
            version = match["number"] + match["letter"].lower()
        elif size is None and version is None and not (match and family):
            family.append(piece)
        elif place:
            variant.append(piece.lower())
    return Designation(" ".join(family) or name, version, size, active, tuple(variant))


def compare(left: str, right: str) -> int:
    """Whether one version follows another: -1, 0 or 1. `3.5` follows `3`, `4o` follows `4`, `10` follows `9`."""
    a, b = _key(left), _key(right)
    return (a > b) - (a < b)


def follows(newer: str, older: str) -> bool:
    """Whether a model's name is a later version of the same family: `Qwen3.5-Max` of `Qwen3`."""
    a, b = parse(newer), parse(older)
    same = _squash(a.family) == _squash(b.family)
    return same and a.version is not None and b.version is not None and compare(a.version, b.version) > 0


def _key(version: str) -> list[tuple[int, str]]:
    parts: list[tuple[int, str]] = []
    for part in _PARTS.findall(version.lower().removeprefix("v")):
        if part[0].isdigit():
            parts += [(int(number), "") for number in part.split(".")]
        else:
            parts.append((0, part))
    while parts and parts[-1] == (0, ""):
        parts.pop()
    return parts


def _count(match: re.Match[str]) -> float:
    return float(match["size"]) * _SCALE[match["scale"].lower()]


def _squash(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
