"""Write the generated parts of README and docs anew from the manifests: `python docs/generate.py [--check]`."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from foxtrot.capabilities import Capability, Support
from foxtrot.plugins import default_registry, import_string
from foxtrot.sandbox.stage import traits_of
from foxtrot.spec import AdapterSpec

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "docs" / "how-to" / "history.md", ROOT / "docs" / "reference" / "venues.md"]
_MARKS = {
    Support.FULL: "yes",
    Support.PARTIAL: "partly",
    Support.EMULATED: "emulated",
    Support.NOT_IMPLEMENTED: "not yet",
    Support.UNSUPPORTED: "no",
}


def specs() -> list[AdapterSpec]:
    """Return the manifests of all installed adapters, by rank and name."""
    found = [record.spec for record in default_registry().load_all() if record.spec is not None]
    return sorted(found, key=lambda spec: (spec.rank, spec.name))


def venues_table() -> str:
    """Render venues and capabilities as one Markdown table, with the notes below it."""
    shown = specs()
    lines = [
        "| | " + " | ".join(f"{spec.title} (`{spec.name}`)" for spec in shown) + " |",
        "|---|" + "---|" * len(shown),
        "| environments | " + " | ".join(", ".join(spec.environments) for spec in shown) + " |",
    ]
    for capability in Capability:
        cells = [_MARKS[spec.capabilities[capability].support] for spec in shown]
        lines.append(f"| {capability.value} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def options_lists() -> str:
    """Render the options of each family: the adapter's and the dialect's."""
    of: dict[type[BaseModel], list[str]] = {}
    for spec in specs():
        dialect = import_string(spec.dialect) if spec.dialect else None
        for model in (import_string(spec.options) if spec.options else None, getattr(dialect, "options_model", None)):
            if model is not None:
                of.setdefault(model, []).append(f"`{spec.name}`")
    return "\n\n".join(_options(model, ", ".join(names)) for model, names in of.items())


def _options(model: type[BaseModel], names: str) -> str:
    kind = "the dialect's options" if ".dialect." in model.__module__ else "the adapter's options"
    rows = [
        f"| `{name}` | {_values(field.annotation)} | `{field.default}` |" for name, field in model.model_fields.items()
    ]
    table = "\n".join(["| option | values | default |", "|---|---|---|", *rows])
    return f"## {names}: {kind}\n\n{inspect.getdoc(model)}\n\n{table}"


def _values(annotation: Any) -> str:
    """Return what an option may be: the words, or the kind of value."""
    words = get_args(annotation)
    if words and not any(isinstance(word, type) for word in words):
        return ", ".join(f"`{word}`" for word in words)
    kinds = [kind.__name__ for kind in (words or (annotation,)) if kind is not type(None)]
    return ", ".join({"str": "text", "int": "whole number", "float": "number", "bool": "yes or no"}[k] for k in kinds)


def intervals_table() -> str:
    """Render the intervals of each venue's candles, and how far back they go, as one Markdown table."""
    lines = ["| | intervals | what is partial |", "|---|---|---|"]
    for spec in specs():
        note = spec.capabilities[Capability.FETCH_OHLCV].note or "-"
        lines.append(f"| {spec.title} (`{spec.name}`) | {' '.join(traits_of(spec).intervals)} | {note} |")
    return "\n".join(lines)


def rewritten(text: str) -> str:
    """Replace each generated part of a page."""
    tables = {"venues": venues_table, "intervals": intervals_table, "options": options_lists}
    return re.sub(
        r"<!-- generated: (\w+) -->.*?<!-- /generated -->",
        lambda part: f"<!-- generated: {part[1]} -->\n{tables[part[1]]()}\n<!-- /generated -->",
        text,
        flags=re.DOTALL,
    )


def main() -> int:
    """Rewrite the pages; with --check only tell whether they are true."""
    stale = [page for page in PAGES if rewritten(page.read_text("utf-8")) != page.read_text("utf-8")]
    if "--check" not in sys.argv:
        for page in stale:
            page.write_text(rewritten(page.read_text("utf-8")), "utf-8")
        return 0
    for page in stale:
        print(f"{page.name} is not up to date; run: make docs")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
