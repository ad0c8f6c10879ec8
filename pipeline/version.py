"""Names of models taken apart: `Qwen3.5-397B-A17B` is Qwen, version 3.5, 397B in all, of which 17B active."""

from __future__ import annotations

import re
from typing import NamedTuple

_EXPERTS = re.compile(r"(\d+)x(\d+(?:\.\d+)?)b", re.IGNORECASE)
_SPLIT_EXPERTS = re.compile(r"(?<=\d)x-(?=\d)", re.IGNORECASE)
_SIZE = re.compile(r"([ae]?)(\d+(?:\.\d+)?)([bmt])", re.IGNORECASE)
_NUMBER = re.compile(r"v?(\d{1,3}(?:\.\d+)*[a-z]?)", re.IGNORECASE)
_LETTER = re.compile(r"[a-z]\d{1,3}(?:\.\d+)*", re.IGNORECASE)
_GLUED = re.compile(r"([a-z]{2,})(\d{1,3}(?:\.\d+)*[a-z]?)", re.IGNORECASE)
_PARTS = re.compile(r"[a-z]+|\d+(?:\.\d+)*", re.IGNORECASE)
_SCALE = {"m": 1e6, "b": 1e9, "t": 1e12}


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
    family: list[str] = []
    variant: list[str] = []
    version: str | None = None
    size: float | None = None
    active: float | None = None
    for piece in re.split(r"[-_‑\s]+", _SPLIT_EXPERTS.sub("x", name.strip())):
        if experts := _EXPERTS.fullmatch(piece):
            size = int(experts[1]) * float(experts[2]) * 1e9
        elif (sized := _SIZE.fullmatch(piece)) and family:
            count = float(sized[2]) * _SCALE[sized[3].lower()]
            if sized[1] in ("A", "a"):
                active = count
            elif size is None:
                size = count
        elif version is None and size is None and (number := _number(piece, family)):
            version = number.lower()
        elif version is None and size is None and piece:
            family.append(piece)
        elif piece:
            variant.append(piece.lower())
    return Designation(" ".join(family) or name, version, size, active, tuple(variant))


def _number(piece: str, family: list[str]) -> str | None:
    """The version that a piece of a name tells; a name glued to it goes to the family."""
    if family and (number := _NUMBER.fullmatch(piece)):
        return number[1]
    if family and _LETTER.fullmatch(piece):
        return piece
    if glued := _GLUED.fullmatch(piece):
        family.append(glued[1])
        return glued[2]
    return None


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


def _squash(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
