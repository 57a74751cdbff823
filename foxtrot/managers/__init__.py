"""The six managers of an exchange: written once, no venue in them."""
