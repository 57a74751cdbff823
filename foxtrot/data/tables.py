"""Parquet files that are written as a whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foxtrot.errors import ConfigError


def pyarrow() -> Any:
    """Return the library, with `parquet` in it. Raises ConfigError where it is missing."""
    try:
        import pyarrow as library
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise ConfigError("Parquet needs pyarrow; install it with: pip install 'foxtrot[parquet]'.") from error
    return library


def in_path(symbol: str) -> str:
    """Write a symbol as a folder's name: BTC/USDT as BTC-USDT."""
    return symbol.replace("/", "-").replace(":", "-")


class Tables:
    """Write and read tables. Raises ConfigError where pyarrow is missing."""

    def __init__(self) -> None:
        self._arrow = pyarrow()

    def write(self, path: Path, columns: Mapping[str, Any], label: Mapping[bytes, bytes] | None = None) -> None:
        """Replace a file; a reader never sees half of it. Raises ConfigError when it cannot be written.

        `label` is what the file says about itself beside its columns.
        """
        partial = path.with_suffix(".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            table = self._arrow.table(dict(columns)).replace_schema_metadata(dict(label or {}))
            self._arrow.parquet.write_table(table, partial)
            partial.replace(path)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror or error}.") from error

    def read(self, path: Path, columns: list[str]) -> Any:
        """Return a file's columns as a pyarrow table. Raises ConfigError for one that is damaged or lacks a column."""
        try:
            return self._arrow.parquet.read_table(path).select(columns)
        except (OSError, ValueError, KeyError) as error:  # pyarrow's own errors are ValueErrors
            raise ConfigError(f"{path} cannot be read ({error}); delete it, and it is fetched anew.") from error
