"""Where API keys come from, and how requests are signed with them; values are never shown."""

from foxtrot.keys.checks import complaint
from foxtrot.keys.kinds import KeyKind, kind_of
from foxtrot.keys.manager import KeyManager, ResolvedCredentials, fingerprint
from foxtrot.keys.signer import Signer, signer
from foxtrot.keys.sources import Keyring, variable

__all__ = [
    "KeyKind",
    "KeyManager",
    "Keyring",
    "ResolvedCredentials",
    "Signer",
    "complaint",
    "fingerprint",
    "kind_of",
    "signer",
    "variable",
]
