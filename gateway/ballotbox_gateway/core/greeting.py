"""Checking a box's hello: the proof that it is at the other end of this connection now."""

from ballotbox_gateway.core.outcome import HelloResult, Road
from ballotbox_gateway.core.roster import Roster, road_fault
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import EnvelopeError
from ballotbox_protocol.wire.statements import STATEMENT_MAX, Hello, open_statement


def check_hello(roster: Roster, data: bytes, challenge: bytes, road: Road) -> Hello | HelloResult:
    """Return the hello when it answers `challenge` on `road`, else what is wrong with it."""
    try:
        envelope = cose.parse(data, STATEMENT_MAX)
    except EnvelopeError:
        return HelloResult.MALFORMED
    entry = roster.greeter(envelope.protected)
    if entry is None:
        return HelloResult.UNKNOWN_KEY
    try:
        hello = open_statement(data, entry.key, Hello)
    except EnvelopeError:
        return HelloResult.SIGNATURE
    except ValueError:
        return HelloResult.MALFORMED
    if hello.election != roster.trusted.digest:
        return HelloResult.OTHER_ELECTION
    if hello.box != entry.box or road_fault(road, hello.box) is not None:
        return HelloResult.OTHER_BOX
    return hello if hello.challenge == challenge else HelloResult.CHALLENGE
