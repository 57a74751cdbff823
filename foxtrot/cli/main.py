"""The entry point: builds the command tree, and turns every error into one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from foxtrot.cli.exits import EPILOG, FAILED, INTERRUPTED, exit_code
from foxtrot.errors import FoxtrotError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; never shows a traceback for an expected error."""
    try:
        app = _app()
    except ModuleNotFoundError as error:
        print(f"The command line needs {error.name}; install it with: pip install 'foxtrot[cli]'.", file=sys.stderr)
        return FAILED
    try:
        app(args=None if arguments is None else list(arguments), prog_name="foxtrot")
    except FoxtrotError as error:
        print(f"foxtrot: {error}", file=sys.stderr)
        return exit_code(error)
    except SystemExit as leaving:  # how typer ends every command, well or badly
        return leaving.code if isinstance(leaving.code, int) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; what is still buffered must not raise once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _app() -> Any:  # typer is imported here only
    import typer

    from foxtrot.cli import (
        account,
        bars,
        demo,
        doctor,
        exchanges,
        journal,
        keys,
        market,
        orders,
        record,
        replay,
        sandbox,
        watch,
    )
    from foxtrot.plugins import load_hooks

    app = typer.Typer(
        help="Plug any exchange into a Python trading system.",
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.command()(demo.demo)
    app.add_typer(exchanges.app, name="exchanges")
    app.command()(doctor.doctor)
    for command in (market.markets, market.ticker, market.book, market.trades, bars.bars, watch.watch):
        app.command()(command)
    app.command()(record.record)
    app.command()(replay.replay)
    app.command()(account.balance)
    app.add_typer(orders.app, name="order")
    app.add_typer(journal.app, name="journal")
    app.add_typer(sandbox.app, name="sandbox")
    app.add_typer(keys.app, name="keys")
    load_hooks().hook.foxtrot_cli_commands(app=app)
    return app


if __name__ == "__main__":
    sys.exit(main())
