"""The row of a statement that officers signed, as it is kept where it came."""

from typing import NamedTuple

from ballotbox_gateway.core.ports import Place, StoredReport
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.wire.verdict import Reason, Verdict


class Signed(NamedTuple):
    """A statement with what stands for its box and its number there, and what was decided."""

    id: ReportId
    place: BoxId
    sequence: int
    reason: Reason
    data: bytes
    verdict: Verdict = Verdict.ACCEPTED


def statement_row(signed: Signed, index: int, *, ruled: bool) -> StoredReport:
    """Return the row of a statement whose only leaf has this index."""
    return StoredReport(
        id=signed.id,
        box=signed.place,
        sequence=signed.sequence,
        place=Place.ASIDE,
        first=index,
        newest=index,
        verdict=signed.verdict,
        reason=signed.reason,
        own_verdict=signed.verdict,
        own_reason=signed.reason,
        ruled=ruled,
        below=b"",
        data=signed.data,
    )
