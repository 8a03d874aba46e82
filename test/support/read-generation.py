"""Runs the Python of docs/archive-format.md on an archive, and prints what each library reads of its collection `docs`, as JSON."""

import json
import pathlib
import re
import sys

folder, page = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
number = int(sys.argv[3]) if len(sys.argv) > 3 else None
*_, code = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
recipe = {}
exec(code.replace('"folder"', json.dumps(str(folder))), recipe)
docs = recipe["collection"](folder, "docs", number)


def plain(value):
    """Numbers, texts, lists and objects as JSON has them."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return None if value is None or value != value else value


def rows(columns, count):
    return [{name: plain(values[row]) for name, values in columns.items()} for row in range(count)]


frame = recipe["with_pandas"](folder, docs)
table = recipe["with_duckdb"](folder, docs).to_arrow_table()
polar = recipe["with_polars"](folder, docs)
print(
    json.dumps(
        {
            "pandas": rows({name: list(frame[name]) for name in frame.columns}, len(frame)),
            "duckdb": rows({name: table[name].to_pylist() for name in table.column_names}, len(table)),
            "polars": rows({name: polar[name].to_list() for name in polar.columns}, len(polar)),
        }
    )
)
