"""What a country's law makes of the sums: seats, mandates, answers; docs/rules.md shows a file."""
