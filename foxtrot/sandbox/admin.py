"""Faults switched on and off while a venue is served, by HTTP."""

from __future__ import annotations

from aiohttp import web

from foxtrot.errors import ConfigError
from foxtrot.sandbox.switches import FaultSwitches, parse_order

_PATH = "/_sandbox/faults"


class FaultAdmin:
    """Answer at `/_sandbox/faults`, which no venue has.

    GET tells what is on and what has fired; POST switches on what its body asks for, one order a line as for
    `foxtrot sandbox serve --fault` ("cut=0.05"; "cut=0" switches off); DELETE switches everything off. An order that
    cannot be read is answered with 400 and changes nothing.
    """

    def __init__(self, switches: FaultSwitches) -> None:
        self._switches = switches

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Answer these requests before the venue does."""
        router.add_get(_PATH, self._tell)
        router.add_post(_PATH, self._switch)
        router.add_delete(_PATH, self._clear)

    async def _tell(self, request: web.Request) -> web.Response:
        return web.json_response(self._switches.state())

    async def _switch(self, request: web.Request) -> web.Response:
        lines = (await request.text()).splitlines()
        try:
            orders = [parse_order(line) for line in lines if line.strip()]
        except ConfigError as error:
            return web.json_response({"error": error.message}, status=400)
        for order in orders:
            self._switches.switch(order)
        return await self._tell(request)

    async def _clear(self, request: web.Request) -> web.Response:
        self._switches.clear()
        return await self._tell(request)
