"""From the public log to totals: a pure fold that anyone can run again."""
