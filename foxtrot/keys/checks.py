"""What is visibly wrong with a credential, said without the value."""

from __future__ import annotations

import re

from foxtrot.keys.kinds import is_pem

# Whole values only: a real secret may contain "your" or "xxx" by chance.
_PLACEHOLDER = re.compile(
    r"<.*>|\{.*\}|\[.*\]|\$\{?\w+\}?|[x*.\-_]{3,}"
    r"|(?:your|insert|enter|paste|replace|change|put)[-_ ].*"
    r"|(?:your|my|the|insert|enter|paste|replace|change|put|me|api|key|secret|private|[-_ .])*"
    r"(?:your|change-?me|replace-?me|todo|placeholder|example|here|none|null)(?:api|key|secret|private|here|[-_ .])*",
    re.IGNORECASE | re.DOTALL,
)


def complaint(field: str, value: str) -> str:
    """Return what is wrong with `value` as the end of a sentence ("is empty"), "" when it may be right."""
    if not value.strip():
        return "is empty"
    if not value.isascii():
        return "has characters outside ASCII"
    if is_pem(value):
        return ""
    if value != value.strip():
        return "begins or ends with white space"
    return _complaint_about_text(field, value)


def _complaint_about_text(field: str, value: str) -> str:
    if value[0] in "\"'" and value[-1] == value[0]:
        return "is wrapped in quotes"
    if not value.isprintable():
        return "holds a line break or another control character"
    if field == "passphrase":  # chosen by its owner: any words, spaces and signs may belong to it
        return ""
    if _PLACEHOLDER.fullmatch(value):
        return "looks like a placeholder"
    if " " in value:
        return "holds a space"
    return "holds a quote mark" if set("\"'") & set(value) else ""
