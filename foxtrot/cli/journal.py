"""`foxtrot journal`: what a journal says, and whether it is as it was written."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foxtrot.cli.exits import FAILED
from foxtrot.cli.options import Json
from foxtrot.cli.output import show_rows, text
from foxtrot.errors import ConfigError, InvalidRequest

if TYPE_CHECKING:
    from foxtrot.model.order import Fill, Order

app = typer.Typer(help="Look into the journal of orders that a process has left.", no_args_is_help=True)
JournalPath = Annotated[Path, typer.Argument(metavar="JOURNAL", help="The file; no process may have it open.")]
_ORDER_COLUMNS = ("exchange", "account", "client_order_id", "symbol", "side", "type", "status", "quantity", "price")


@app.command("verify")
def verify(journal: JournalPath, as_json: Json = False) -> None:
    """Check every row and compare the parts with each other; exit code 1 when anything is wrong."""
    from foxtrot.engine.journal import JournalReader

    with JournalReader(journal) as reader:
        found = reader.verify()
        orders = 0 if found else len(reader.orders())
    rows = [{"table": f.table, "key": f.key, "problem": f.text} for f in found]
    if as_json or found:
        show_rows(rows, as_json=as_json, title=str(journal), columns=("table", "key", "problem"))
    else:
        print(f"{journal}: {orders} orders, everything is as it was written")
    if found:
        raise typer.Exit(FAILED)


@app.command("orders")
def orders(
    journal: JournalPath,
    everything: Annotated[bool, typer.Option("--all", help="Done orders, too.")] = False,
    as_json: Json = False,
) -> None:
    """List the orders as last known."""
    from foxtrot.engine.journal import JournalReader

    with JournalReader(journal) as reader:
        rows = [order_row(*found) for found in reader.orders(living_only=not everything)]
    shown = (*_ORDER_COLUMNS, "filled", "order_id", "reason")
    show_rows(rows, as_json=as_json, title=str(journal), columns=shown)


@app.command("replay")
def replay(
    journal: JournalPath,
    order: Annotated[str, typer.Option("--order", help="Only this client order id.")] = "",
    as_json: Json = False,
) -> None:
    """Tell, in order, every intent and every event with the state that it led to."""
    from foxtrot.engine.journal import JournalReader
    from foxtrot.model.times import to_iso

    with JournalReader(journal) as reader:
        rows: list[dict[str, Any]] = [
            {
                "time": to_iso(entry.ts_ns),
                "what": entry.what,
                "client_order_id": entry.order.client_order_id,
                "symbol": entry.order.symbol,
                "status": entry.order.status.value,
                "filled": entry.order.filled,
                "reason": entry.order.reason,
            }
            for entry in reader.history(order)
        ]
    columns = ("time", "what", "client_order_id", "symbol", "status", "filled", "reason")
    show_rows(rows, as_json=as_json, title=str(journal), columns=columns)


@app.command("export")
def export(
    journal: JournalPath,
    output: Annotated[Path, typer.Option("--output", "-o", help="A file that ends in .csv or .json.")],
    what: Annotated[str, typer.Option(help="fills or orders")] = "fills",
) -> None:
    """Write all fills, or all orders, to a file."""
    from foxtrot.engine.journal import JournalReader

    if what not in ("fills", "orders"):
        raise InvalidRequest(f"--what must be fills or orders, not {what!r}.", field="what")
    if output.suffix not in (".csv", ".json"):
        raise InvalidRequest(f"{output.name} must end in .csv or .json.", field="output")
    with JournalReader(journal) as reader:
        if what == "fills":
            rows = [fill_row(*found) for found in reader.fills()]
        else:
            rows = [order_row(*found) for found in reader.orders()]
    _write(rows, output)
    print(f"{output}: {len(rows)} {what}")


def order_row(exchange: str, account: str, order: Order) -> dict[str, Any]:
    """Return an order as a row."""
    return {
        "exchange": exchange,
        "account": account,
        "client_order_id": order.client_order_id,
        "order_id": order.order_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "status": order.status.value,
        "quantity": order.quantity,
        "price": order.price,
        "filled": order.filled,
        "filled_quote": order.filled_quote,
        "reason": order.reason,
    }


def fill_row(exchange: str, account: str, fill: Fill) -> dict[str, Any]:
    """Return a fill as a row."""
    from foxtrot.model.times import to_iso

    return {
        "time": to_iso(fill.ts_event),
        "exchange": exchange,
        "account": account,
        "symbol": fill.symbol,
        "side": fill.side.value,
        "price": fill.price,
        "quantity": fill.quantity,
        "quote_quantity": fill.quote_quantity,
        "fee": fill.fee,
        "fee_asset": fill.fee_asset,
        "is_maker": fill.is_maker,
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "client_order_id": fill.client_order_id,
    }


def _write(rows: list[dict[str, Any]], output: Path) -> None:
    plain = [{name: "" if value is None else text(value) for name, value in row.items()} for row in rows]
    try:
        with output.open("w", newline="", encoding="utf-8") as file:
            if output.suffix == ".json":
                json.dump(plain, file, indent=1)
            elif plain:
                writer = csv.DictWriter(file, list(plain[0]))
                writer.writeheader()
                writer.writerows(plain)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror or error}.") from error
