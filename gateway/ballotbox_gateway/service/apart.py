"""Whether several elections can be served side by side, once their registers are known."""

from collections.abc import Sequence

from ballotbox_gateway.config import Config
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.wire.trust import Trusted


def require_apart(elections: Sequence[Trusted], settings: Config) -> None:
    """Raise Problem when what arrives could belong to two of the elections."""
    digests = {each.digest for each in elections}
    if len(digests) < len(elections):
        remedy = "Give each [[election]] its own election_file"
        raise Problem("election_file", "two elections have the same definition", remedy)
    if settings.http is not None:
        _require_own_logs(elections)


def _require_own_logs(elections: Sequence[Trusted]) -> None:
    """A request names the log that it brings, and by it the election."""
    seen: dict[str, Trusted] = {}
    for each in elections:
        for gateway in each.register.gateways:
            other = seen.setdefault(gateway.origin, each)
            if other is not each:
                names = f"{other.election.name} and {each.election.name}"
                what = f"gateway {gateway.origin} is listed for {names}"
                remedy = "Have it entered under another origin: one origin is one log"
                raise Problem("register_file", what, remedy)
