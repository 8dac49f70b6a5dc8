"""A second computation of the result, by SQL over the log: it shares the wire with the first."""
