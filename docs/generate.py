"""Write the generated parts of README and docs anew from the manifests: `python docs/generate.py [--check]`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from foxtrot.capabilities import Capability, Support
from foxtrot.plugins import default_registry
from foxtrot.sandbox.stage import traits_of
from foxtrot.spec import AdapterSpec

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "docs" / "how-to" / "history.md"]
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


def intervals_table() -> str:
    """Render the intervals of each venue's candles, and how far back they go, as one Markdown table."""
    lines = ["| | intervals | what is partial |", "|---|---|---|"]
    for spec in specs():
        note = spec.capabilities[Capability.FETCH_OHLCV].note or "-"
        lines.append(f"| {spec.title} (`{spec.name}`) | {' '.join(traits_of(spec).intervals)} | {note} |")
    return "\n".join(lines)


def rewritten(text: str) -> str:
    """Replace each generated part of a page."""
    tables = {"venues": venues_table, "intervals": intervals_table}
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
