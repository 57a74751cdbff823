"""Importing what takes long, without holding up whoever else runs in the event loop."""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
from collections.abc import Iterable

_LOG = logging.getLogger("foxtrot.imports")


async def import_aside(modules: Iterable[str]) -> None:
    """Import modules in a thread. One that is not installed is left to whoever needs it, who says so in clear words."""
    for name in modules:
        if name in sys.modules:
            continue
        try:
            await asyncio.to_thread(importlib.import_module, name)
        except ModuleNotFoundError as error:
            _LOG.info("%s cannot be imported: %s", name, error)
