"""Buffers as Parquet files that outlive the process."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from foxtrot.data.buffers import Buffer
from foxtrot.data.ring import Rows
from foxtrot.errors import ConfigError


class BufferStore:
    """Keep one file per exchange, symbol and kind in a folder. Raises ConfigError where pyarrow is missing."""

    def __init__(self, folder: Path) -> None:
        try:
            import pyarrow.parquet
        except ModuleNotFoundError as error:
            raise ConfigError("Keeping buffers needs pyarrow; install it with: pip install 'foxtrot[data]'.") from error
        self._parquet = pyarrow.parquet
        self._table = pyarrow.table
        self._folder = folder

    def save(self, exchange: str, symbol: str, buffer: Buffer) -> None:
        """Write a buffer; the file is replaced as a whole. Raises ConfigError when it cannot be written."""
        rows, path = buffer.rows(), self._path(exchange, symbol, buffer)
        partial = path.with_suffix(".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._parquet.write_table(self._table({name: rows[name] for name, _ in buffer.kind.columns}), partial)
            partial.replace(path)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror or error}.") from error

    def load(self, exchange: str, symbol: str, buffer: Buffer) -> bool:
        """Fill a buffer; return False where nothing is kept. Raises ConfigError for a file that cannot be read."""
        path = self._path(exchange, symbol, buffer)
        if not path.exists():
            return False
        try:
            table = self._parquet.read_table(path)
            rows: Rows = np.zeros(table.num_rows, dtype=buffer.kind.columns)
            for name, _ in buffer.kind.columns:
                rows[name] = table[name].to_numpy()
        except (OSError, ValueError, KeyError) as error:  # pyarrow's own errors are ValueErrors
            raise ConfigError(f"{path} cannot be read ({error}); delete it, and it is fetched anew.") from error
        buffer.merge(rows)
        return True

    def _path(self, exchange: str, symbol: str, buffer: Buffer) -> Path:
        return self._folder / exchange / symbol.replace("/", "-") / f"{buffer.kind.value}.parquet"
