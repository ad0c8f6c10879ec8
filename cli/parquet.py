"""Events x securities as Parquet, every column with its type. Needs pyarrow, which is an extra."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pyarrow
import pyarrow.parquet

from cli.export import COLUMNS

_TYPES = {
    "text": pyarrow.string(),
    "texts": pyarrow.list_(pyarrow.string()),
    "day": pyarrow.date32(),
    "time": pyarrow.timestamp("us", tz="UTC"),
    "truth": pyarrow.bool_(),
    "number": pyarrow.float64(),
}
_SCHEMA = pyarrow.schema([(name, _TYPES[holds]) for name, holds in COLUMNS.items()])


def as_parquet(rows: Sequence[dict[str, Any]]) -> bytes:
    """The rows as one Parquet file: times as UTC timestamps, days as dates, lists as lists, what is unknown as null."""
    table = pyarrow.Table.from_pylist(list(rows), schema=_SCHEMA)
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file, compression="zstd")
    return file.getvalue()
