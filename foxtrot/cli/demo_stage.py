"""Where the demo is shown: a terminal, plain lines, or one JSON document at the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, Protocol

from foxtrot.cli.output import Row, text


class Stage(Protocol):
    """Show the demo's parts as they happen."""

    def open(self, title: str) -> None: ...
    def act(self, title: str) -> None: ...
    def step(self, name: str, said: str, *, good: bool = True, **facts: Any) -> None: ...
    def table(self, name: str, rows: Sequence[Row]) -> None: ...
    def close(self, *, good: bool, said: str) -> None: ...


def make_stage(*, as_json: bool) -> Stage:
    """Return the stage that fits where the output goes."""
    if as_json:
        return JsonStage()
    return TerminalStage() if sys.stdout.isatty() else PlainStage()


class PlainStage:
    """Print one line per step."""

    def open(self, title: str) -> None:
        print(title, flush=True)

    def act(self, title: str) -> None:
        print(f"\n{title}", flush=True)

    def step(self, name: str, said: str, *, good: bool = True, **facts: Any) -> None:
        print(f"  {'ok  ' if good else 'FAIL'} {name:<18} {said}", flush=True)

    def table(self, name: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        names = list(rows[0])
        lines = [names, *([text(row[n]) for n in names] for row in rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
        for line in lines:
            print("  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)), flush=True)

    def close(self, *, good: bool, said: str) -> None:
        print(f"\n{'OK' if good else 'FAILED'}: {said}", flush=True)


class TerminalStage:
    """Draw with colours and tables."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False)

    def open(self, title: str) -> None:
        from rich.panel import Panel

        self._console.print(Panel(title, style="bold cyan", expand=False))

    def act(self, title: str) -> None:
        self._console.print(f"\n[bold]{title}[/bold]")

    def step(self, name: str, said: str, *, good: bool = True, **facts: Any) -> None:
        from rich.markup import escape
        from rich.padding import Padding
        from rich.table import Table

        row = Table.grid(padding=(0, 1))
        row.add_column(width=1)
        row.add_column(width=18)
        row.add_column(ratio=1)
        mark = "[green]✓[/green]" if good else "[bold red]✗[/bold red]"
        row.add_row(mark, f"[cyan]{escape(name)}[/cyan]", escape(said))
        self._console.print(Padding(row, (0, 0, 0, 2)))

    def table(self, name: str, rows: Sequence[Row]) -> None:
        from rich import box
        from rich.padding import Padding
        from rich.table import Table

        drawn = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for column in rows[0] if rows else ():
            drawn.add_column(column, justify="left" if isinstance(rows[0][column], str) else "right")
        for row in rows:
            drawn.add_row(*(text(value) for value in row.values()))
        self._console.print(Padding(drawn, (0, 0, 0, 2)))

    def close(self, *, good: bool, said: str) -> None:
        from rich.panel import Panel

        self._console.print(Panel(said, style="bold green" if good else "bold red", expand=False))


class JsonStage:
    """Collect everything and print one document at the end."""

    def __init__(self) -> None:
        self._document: dict[str, Any] = {"steps": []}

    def open(self, title: str) -> None:
        self._document["title"] = title

    def act(self, title: str) -> None:
        return

    def step(self, name: str, said: str, *, good: bool = True, **facts: Any) -> None:
        self._document["steps"].append({"name": name, "ok": good, "text": said, **facts})

    def table(self, name: str, rows: Sequence[Row]) -> None:
        self._document[name] = [dict(row) for row in rows]

    def close(self, *, good: bool, said: str) -> None:
        self._document |= {"ok": good, "text": said}
        print(json.dumps(self._document, default=text))
