"""An embedded exchange: one venue's truth, rendered in that venue's own wire protocol on a loopback port."""
