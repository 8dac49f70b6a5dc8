"""The box itself, without clock, disk, link or randomness of its own."""
