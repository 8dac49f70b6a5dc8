"""What every side must agree on: the meaning of an election, then its bytes. Pure."""
