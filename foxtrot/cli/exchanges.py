"""`foxtrot exchanges`: what is installed and what it can do."""

from __future__ import annotations

from typing import Annotated

import typer

from foxtrot.cli.options import Json
from foxtrot.cli.output import show_record, show_rows

app = typer.Typer(help="Installed exchanges and what they can do.", no_args_is_help=True)


@app.command("list")
def list_exchanges(as_json: Json = False) -> None:
    """List every adapter found, also those that cannot be loaded, and why."""
    from foxtrot.plugins import default_registry

    rows = [
        {
            "name": record.name,
            "title": record.spec.title if record.spec else "",
            "package": f"{record.distribution} {record.version}".strip(),
            "state": record.state.value,
            "environments": list(record.spec.environments) if record.spec else [],
            "reason": record.reason,
        }
        for record in default_registry().check_all()
    ]
    shown = ["name", "title", "package", "state", "environments"]
    show_rows(rows, as_json=as_json, columns=[*shown, "reason"] if any(r["reason"] for r in rows) else shown)


@app.command("show")
def show_exchange(name: Annotated[str, typer.Argument(help="Venue id.")], as_json: Json = False) -> None:
    """Show one exchange's environments and capabilities."""
    from foxtrot.plugins import default_registry

    spec = default_registry().load(name)
    if not as_json:
        show_record(
            {"name": spec.name, "title": spec.title, "environments": spec.environments, "documents": spec.docs_url},
            as_json=False,
        )
        rows = [
            {"capability": c.value, "support": f.support.value, "note": f.note} for c, f in spec.capabilities.items()
        ]
        show_rows(rows, as_json=False)
        return
    show_record(
        {
            "name": spec.name,
            "title": spec.title,
            "environments": list(spec.environments),
            "documents": spec.docs_url,
            "capabilities": {
                c.value: {"support": f.support.value, "note": f.note} for c, f in spec.capabilities.items()
            },
        },
        as_json=True,
    )
