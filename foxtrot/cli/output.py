"""Three faces of the same rows: a table on a terminal, plain lines in a pipe, JSON when asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]


def show_rows(rows: Sequence[Row], *, as_json: bool, title: str = "", columns: Sequence[str] = ()) -> None:
    """Print rows that share their keys; `columns` picks and orders the shown ones."""
    if as_json:
        print(json.dumps([dict(row) for row in rows], default=_plain))
        return
    names = list(columns) or (list(rows[0]) if rows else [])
    if sys.stdout.isatty():
        _table(title, names, rows)
    else:
        print("\t".join(names))
        for row in rows:
            print("\t".join(text(row[name]) for name in names))


def show_record(record: Row, *, as_json: bool, title: str = "") -> None:
    """Print one thing with its properties."""
    if as_json:
        print(json.dumps(dict(record), default=_plain))
        return
    rows = [{"": name, " ": value} for name, value in record.items()]
    if sys.stdout.isatty():
        _table(title, ["", " "], rows)
    else:
        for name, value in record.items():
            print(f"{name}\t{text(value)}")


def text(value: Any) -> str:
    """Write a value for people: decimals plain, lists joined, nothing as a dash."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(text, value))
    return "-" if value is None or value == "" else str(value)


def _table(title: str, names: Sequence[str], rows: Sequence[Row]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    numeric = {name for name in names if rows and all(isinstance(r[name], int | float | Decimal) for r in rows)}
    for name in names:
        table.add_column(name, justify="right" if name in numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(text(row[name]) for name in names))
    Console().print(table)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)
