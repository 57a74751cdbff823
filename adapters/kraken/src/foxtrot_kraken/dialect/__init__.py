"""The venue's wire protocol from its own side, for the sandbox; written from the documents, not from the codec."""

from foxtrot_kraken.dialect.core import KRAKEN_DIALECT

__all__ = ["KRAKEN_DIALECT"]
