"""Familiar ways in: one connection for a script, one object of order operations for a bot."""
