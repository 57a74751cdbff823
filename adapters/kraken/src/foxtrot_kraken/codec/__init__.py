"""Pure translations between the venue's wire and foxtrot's values."""
