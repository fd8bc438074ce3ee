"""Points as Apache Parquet."""

from __future__ import annotations

from itertools import islice
from typing import Any, BinaryIO

from hlr_tui.exports.points import COLUMNS, rows

GROUP = 1 << 16
"""Rows in a row group: so many are in memory at once, about 100 MB while they are Python objects."""


def write(db: Any, experiment: Any, file: BinaryIO) -> None:
    """The rows of the CSV in row groups of `GROUP`; texts, int64 and float64, NaN and ±inf as they are, an absent trial
    as null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    schema = pa.schema([pa.field(name, types[kind], nullable=name == "trial") for name, kind in COLUMNS.items()])
    found = rows(db, experiment)
    with pq.ParquetWriter(file, schema) as writer:
        while group := list(islice(found, GROUP)):
            columns = [
                pa.array([row[name] for row in group], field.type) for name, field in zip(COLUMNS, schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema), row_group_size=GROUP)
