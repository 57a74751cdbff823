"""Frozen values that every room shares; no behaviour beyond reading themselves."""
