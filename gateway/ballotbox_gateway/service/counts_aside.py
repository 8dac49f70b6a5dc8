"""The counts by hand of all stations that are not accepted: which, and why."""

from collections import Counter
from typing import Any, Final

from ballotbox_gateway.core.ports import Ledger, StoredReport
from ballotbox_gateway.service.count_records import why_so
from ballotbox_gateway.service.count_standings import standings_at
from ballotbox_protocol.wire.hand_count import HAND_COUNT_PLACES, decode_hand_count

#: So many are told one by one: what fits on a screen.
SHOWN_MAX: Final = 20


def counts_aside(ledger: Ledger, begins: str = "") -> dict[str, Any]:
    """Return what is set aside as JSON-able values, of all whose id begins so.

    Their number by verdict, and the first of them, station by station.
    """
    found = ledger.set_aside(*HAND_COUNT_PLACES)
    rows = [row for row in found if row.id.hex().startswith(begins)]
    return {
        "by_verdict": dict(Counter(row.verdict.name.lower() for row in rows)),
        "counts": [_told(row, ledger) for row in rows[:SHOWN_MAX]],
    }


def _told(row: StoredReport, ledger: Ledger) -> dict[str, Any]:
    count = decode_hand_count(row.data)
    found = standings_at(ledger, row.box)
    return {
        "id": row.id.hex(),
        "precinct": count.precinct,
        "contest": count.contest,
        "version": count.version,
        "verdict": row.verdict.name.lower(),
        "why": why_so(row, found),
        "rivals_named": [
            {"naming": each.id.hex(), "count": each.version.hex()}
            for each in found.rivals_named(row.id)
        ],
    }
