"""The election model: definition, ballots, counts and the laws they obey."""
