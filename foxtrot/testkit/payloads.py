"""Check that wire structs read the payloads that their docstrings show."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

import msgspec

_JSON = json.JSONDecoder()


def structs_of(package: ModuleType) -> list[type[msgspec.Struct]]:
    """Return the wire structs that the modules of a package define, bases without fields left out."""
    modules = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    found = [(kind, module) for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)]
    return [
        kind
        for kind, module in found
        if kind.__module__ == module.__name__ and issubclass(kind, msgspec.Struct) and kind.__struct_fields__
    ]


def check_payload(struct: type[msgspec.Struct]) -> list[str]:
    """Return what the struct does not read as its docstring's payload says; an empty list when it reads all."""
    return [problem for text in _payloads(struct.__doc__ or "") for problem in _differences(struct, text)]


def _payloads(doc: str) -> Iterator[str]:
    """Yield the payloads of a docstring's first paragraph: its lines joined, several parted by words."""
    text = re.sub(r"\s*\n\s*", "", doc.split("\n\n")[0])
    while (begin := re.search(r"[{\[]", text)) is not None:
        _, end = _JSON.raw_decode(text, begin.start())
        yield text[begin.start() : end]
        text = text[end:]


def _differences(struct: type[msgspec.Struct], text: str) -> Iterator[str]:
    payload = json.loads(text)
    decoded = msgspec.json.decode(text, type=struct, strict=False)
    names = zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    read = {sent: getattr(decoded, ours) for ours, sent in names}
    sent = dict(zip(read, payload, strict=False)) if isinstance(payload, list) else payload
    shared = read.keys() & sent.keys()
    if not shared:
        yield f"{struct.__name__} reads nothing of {text}"
    for name in shared:
        if not _same(read[name], sent[name]):
            yield f"{struct.__name__}.{name} is read as {read[name]!r} from {sent[name]!r}"


def _same(read: Any, sent: Any) -> bool:
    if isinstance(read, Decimal):
        return f"{read:f}" == sent if isinstance(sent, str) else bool(Decimal(str(sent)) == read)
    if isinstance(read, float):
        return read == float(sent)
    if isinstance(read, datetime):
        return f"{read:%Y-%m-%dT%H:%M:%S}" == str(sent)[:19]
    if isinstance(read, msgspec.Raw):
        return bool(json.loads(bytes(read)) == sent)
    if isinstance(read, msgspec.Struct):
        return isinstance(sent, dict)  # its own docstring is read by its own test
    if isinstance(read, list | tuple | dict):
        return len(read) == len(sent)
    return bool(read == sent)
