"""The namings of counts by hand as a ledger has them.

That officers named a version, overruling nobody, is a mark on its row: all who say so say the same.
A naming that overrules others has a row of its own, beside the station's counts.
"""

from collections.abc import Iterable
from typing import Final

from ballotbox_gateway.core.ports import StoredReport
from ballotbox_gateway.core.statement_row import Signed, statement_row
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.hand_count import decode_hand_count
from ballotbox_protocol.wire.hand_count_naming import Naming, naming_of
from ballotbox_protocol.wire.statements import Ruling, RulingKind, decode_ruling
from ballotbox_protocol.wire.verdict import Reason

#: Begins what stands for a box beside namings, where counts by hand have theirs.
_PLACE: Final = b"hand named"


def naming_place(count_place: BoxId) -> BoxId:
    """Return what stands for a box beside the namings of one station and contest."""
    return BoxId(_PLACE + count_place[len(_PLACE) :])


def namings_in(counts: Iterable[StoredReport], overruling: Iterable[StoredReport]) -> list[Naming]:
    """Return all namings of one station and contest, from the rows of its two places."""
    plain = [_plain(row) for row in counts if row.ruled]
    return plain + [naming_of(decode_ruling(row.data)) for row in overruling]


def _plain(row: StoredReport) -> Naming:
    election = decode_hand_count(row.data).election
    return naming_of(Ruling(election, RulingKind.NAME, row.id))


def row_of(ruling: Ruling, count_place: BoxId, index: int) -> StoredReport:
    """Return the row of a naming that overrules others, whose leaf has this index."""
    place = naming_place(count_place)
    return statement_row(
        Signed(ruling.id, place, 0, Reason.NAMED, ruling.to_bytes()), index, ruled=True
    )
