"""Dry runs: the real market, the venue's own rules and protocol, and nothing ever sent."""

from foxtrot.sandbox.paper.opening import DEFAULT_BALANCES, PAPER_MARKET, open_paper

__all__ = ["DEFAULT_BALANCES", "PAPER_MARKET", "open_paper"]
