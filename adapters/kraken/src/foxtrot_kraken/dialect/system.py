"""The state of the whole venue, and what each state lets pass.

Source: https://docs.kraken.com/api/docs/rest-api/get-system-status
"""

from __future__ import annotations

from typing import Literal

from foxtrot.model.order import OrderType
from foxtrot_kraken.dialect.asked import Ticket
from foxtrot_kraken.dialect.errors import WireError

State = Literal["online", "maintenance", "cancel_only", "post_only", "limit_only"]


class System:
    """Hold the state of now."""

    def __init__(self, state: State) -> None:
        self.state = state

    def check_open(self) -> None:
        """Refuse every request under maintenance. Raises WireError."""
        if self.state == "maintenance":
            raise WireError("EService:Unavailable")

    def check_order(self, ticket: Ticket) -> None:
        """Refuse an order that the state does not let pass. Raises WireError."""
        self.check_change()
        passes = {
            "post_only": "post" in ticket.asked.flags,
            "limit_only": ticket.new.type in (OrderType.LIMIT, OrderType.LIMIT_MAKER),
        }.get(self.state, True)
        if not passes:
            raise WireError(f"EService:Market in {self.state} mode")

    def check_change(self) -> None:
        """Refuse changes of orders where only cancels pass. Raises WireError."""
        self.check_open()
        if self.state == "cancel_only":
            raise WireError("EService:Market in cancel_only mode")
