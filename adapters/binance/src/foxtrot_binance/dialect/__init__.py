"""The family's wire protocol from the venue's side, for the sandbox; written from the documents, not from the codec."""

from foxtrot_binance.dialect.core import BINANCE_DIALECT, BINANCEUS_DIALECT

__all__ = ["BINANCEUS_DIALECT", "BINANCE_DIALECT"]
