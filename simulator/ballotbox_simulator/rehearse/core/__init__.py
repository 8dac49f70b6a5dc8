"""What a rehearsal decides: pure, without clock, socket, file, thread or randomness."""
