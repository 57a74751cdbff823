"""Sans-IO rooms: no asyncio, no sockets, no clock; time is always an argument."""
