"""Buffers as Parquet files that outlive the process."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from foxtrot.data.buffers import Buffer
from foxtrot.data.ring import Rows
from foxtrot.data.tables import Tables, in_path
from foxtrot.errors import ConfigError

_LOG = logging.getLogger("foxtrot.data")


class BufferStore:
    """Keep one file per exchange, place, symbol and kind in a folder. Raises ConfigError where pyarrow is missing.

    A place is what `place_name` returns: the venues of two environments never share a file.
    """

    def __init__(self, folder: Path) -> None:
        self._tables = Tables()
        self._folder = folder

    def save(self, exchange: str, place: str, symbol: str, buffer: Buffer) -> None:
        """Write a buffer. Raises ConfigError when it cannot be written."""
        rows, path = buffer.rows(), self._path(exchange, place, symbol, buffer)
        self._tables.write(path, {name: rows[name] for name, _ in buffer.kind.columns})

    def load(self, exchange: str, place: str, symbol: str, buffer: Buffer) -> bool:
        """Fill a buffer; return False where nothing is kept. Raises ConfigError for a file that cannot be read."""
        path = self._path(exchange, place, symbol, buffer)
        if not path.exists():
            self._tell_of_older(exchange, symbol, buffer, path)
            return False
        names = [name for name, _ in buffer.kind.columns]
        table = self._tables.read(path, names)
        rows: Rows = np.zeros(table.num_rows, dtype=buffer.kind.columns)
        for name, kind in buffer.kind.columns:
            values = table[name].to_numpy()
            if table[name].null_count or (values.dtype.kind in "iuf") != (np.dtype(kind).kind in "if"):
                raise ConfigError(
                    f"{path} cannot be read (its column {name} holds {table[name].type}, or nothing in places); "
                    "delete it, and it is fetched anew."
                )
            rows[name] = values
        buffer.merge(rows)
        return True

    def _tell_of_older(self, exchange: str, symbol: str, buffer: Buffer, path: Path) -> None:
        """Name a file of the time when paths did not say of which environment it is."""
        older = self._folder / exchange / in_path(symbol) / path.name
        if older.exists():
            _LOG.warning(
                "%s is not read: it does not say of which environment it is; delete it, or move it to %s if it is of "
                "that place",
                older,
                path,
            )

    def _path(self, exchange: str, place: str, symbol: str, buffer: Buffer) -> Path:
        return self._folder / exchange / place / in_path(symbol) / f"{buffer.kind.value}.parquet"
