"""The running gateway: roads and ledger around the one intake, and what people may ask of it."""
