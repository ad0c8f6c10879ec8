"""Events x securities as Parquet, every column with its type. Needs pyarrow, which is an extra."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow
import pyarrow.parquet

_TYPES = {
    "text": pyarrow.string(),
    "texts": pyarrow.list_(pyarrow.string()),
    "day": pyarrow.date32(),
    "time": pyarrow.timestamp("us", tz="UTC"),
    "truth": pyarrow.bool_(),
    "number": pyarrow.float64(),
}


def as_parquet(rows: Sequence[dict[str, Any]], columns: Mapping[str, str]) -> bytes:
    """The rows as one Parquet file: times as UTC timestamps, days as dates, lists as lists, what is unknown as null.

    `columns` says what each holds, in order: a key of _TYPES.
    """
    schema = pyarrow.schema([(name, _TYPES[holds]) for name, holds in columns.items()])
    table = pyarrow.Table.from_pylist(list(rows), schema=schema)
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file, compression="zstd")
    return file.getvalue()
