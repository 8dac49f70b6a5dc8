"""The rehearsal of an election night: a country's boxes against real parts, ending in a verdict."""
