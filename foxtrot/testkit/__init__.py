"""What proves an adapter: conformance rules, a virtual clock, an in-memory network."""
