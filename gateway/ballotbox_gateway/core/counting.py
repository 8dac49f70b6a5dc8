"""A count by hand as it comes to this gateway: believed, stored with its verdict, and receipted."""

from typing import NamedTuple

from ballotbox_gateway.core.books import Books, Case
from ballotbox_gateway.core.chain import Placed
from ballotbox_gateway.core.outcome import Arrival, Road, RoadKind
from ballotbox_gateway.core.ports import StoredReport
from ballotbox_gateway.core.samples import Sampler
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.hand_count_check import read_hand_count
from ballotbox_protocol.wire.verdict import Reason

_ROAD = Road(RoadKind.IMPORT, "hand count")


class CountOutcome(NamedTuple):
    """What became of a count: its row and receipt, or the reason why these bytes got none."""

    row: StoredReport | None
    reason: Reason
    new: bool = False
    receipt: bytes = b""


def take_count(books: Books, data: bytes, now: int, sampler: Sampler) -> CountOutcome:
    """Store a count that officers vouch for; of other bytes a sample is kept. See `Intake`."""
    given = read_hand_count(data, books.roster.trusted)

    def judge(case: Case) -> Placed | Reason:
        if isinstance(given, HandCount):
            return books.hand_counts(case).place(given, data)
        samples = sampler.samples([(Arrival(data, _ROAD), given)], now)
        case.draft.turn_away([given], samples)
        return given

    settled = books.settle(judge, now)
    placed = settled.result
    if isinstance(placed, Reason):
        return CountOutcome(None, placed)
    (receipt,) = books.receipts(settled, [placed.row])
    return CountOutcome(placed.row, placed.row.reason, placed.new, receipt.payload)
