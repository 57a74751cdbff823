"""Pure translations between the venue's wire and foxtrot's values: no sockets, no clock."""
