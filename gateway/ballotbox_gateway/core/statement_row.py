"""The row of a statement that officers signed: accepted where it came, or not stored at all."""

from typing import NamedTuple

from ballotbox_gateway.core.ports import Place, StoredReport
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.wire.verdict import Reason, Verdict


class Signed(NamedTuple):
    """A statement with what stands for its box and its number there, and why it is accepted."""

    id: ReportId
    place: BoxId
    sequence: int
    reason: Reason
    data: bytes


def statement_row(signed: Signed, index: int, *, ruled: bool) -> StoredReport:
    """Return the row of an accepted statement whose only leaf has this index."""
    return StoredReport(
        id=signed.id,
        box=signed.place,
        sequence=signed.sequence,
        place=Place.ASIDE,
        first=index,
        newest=index,
        verdict=Verdict.ACCEPTED,
        reason=signed.reason,
        own_verdict=Verdict.ACCEPTED,
        own_reason=signed.reason,
        ruled=ruled,
        below=b"",
        data=signed.data,
    )
