"""A rules file for whatever election a test has: whoever leads its first contest is elected."""

from ballotbox_protocol.election.definition import Election


def rules_of(election: Election) -> bytes:
    """Return the file; the first contest allows one vote."""
    return f"""name = "example"
source = "a test"

[[contest]]
kind = "plurality"
contest = "{election.contests[0].name}"
base = "all ballots"
""".encode()
