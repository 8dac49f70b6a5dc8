"""The simulated boxes over real brokers, pseudo-terminals and processes; not deterministic."""
