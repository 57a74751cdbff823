"""The venue's wire messages. Each struct carries a real payload, and the tests decode exactly that."""
