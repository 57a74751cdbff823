"""Market data as files."""
