"""Prints what pandas, DuckDB and Polars read from the Parquet files of a folder: types, and every value."""

import json
import sys

import duckdb
import numpy
import pandas
import polars
import pyarrow.parquet

files = sorted(sys.argv[1:])


def bits(vector):
    """A float of Python's own is no float32: it would lose a NaN's bits."""
    return None if vector is None else vector.view(numpy.uint32).tolist()


def arrow_rows(table):
    columns = {name: table[name].to_pylist() for name in table.column_names if name != "vector"}
    vectors = [row.values.to_numpy() if row.is_valid else None for row in table["vector"]]
    return rows({**columns, "vector": vectors})


def plain(name, value):
    if name == "vector":
        return bits(value)
    if value is None or value is pandas.NA or value is pandas.NaT:
        return None
    return None if isinstance(value, float) and value != value else value


def rows(columns):
    names = list(columns)
    return [
        {name: plain(name, columns[name][row]) for name in names}
        for row in range(len(columns["id"]))
    ]


frame = pandas.concat([pandas.read_parquet(file) for file in files], ignore_index=True)
table = duckdb.sql(f"select * from read_parquet({files!r})")
types = dict(zip(table.columns, map(str, table.types)))
polar = polars.concat([polars.read_parquet(file) for file in files])
print(
    json.dumps(
        {
            "pandas": rows({name: list(frame[name]) for name in frame.columns}),
            "duckdb": arrow_rows(table.to_arrow_table()),
            "polars": arrow_rows(polar.to_arrow()),
            "types": {
                "arrow": {
                    field.name: str(field.type)
                    for field in pyarrow.parquet.read_schema(files[0])
                },
                "duckdb": types,
                "polars": {name: str(kind) for name, kind in polar.schema.items()},
            },
        }
    )
)
