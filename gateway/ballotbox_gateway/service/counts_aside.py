"""The counts by hand of all stations that are not accepted: which, and why."""

from collections import Counter
from typing import Any, Final

from ballotbox_gateway.core.ports import Ledger, StoredReport
from ballotbox_gateway.service.count_records import decided
from ballotbox_gateway.service.reasons import count_in_words
from ballotbox_protocol.wire.hand_count import HAND_COUNT_PLACES, decode_hand_count
from ballotbox_protocol.wire.hand_count_force import settled

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
    why = count_in_words(row.reason)
    if row.id in settled(decided(ledger.reports_of(row.box, 0, None))):
        why += "; another one was named"
    return {
        "id": row.id.hex(),
        "precinct": count.precinct,
        "contest": count.contest,
        "version": count.version,
        "verdict": row.verdict.name.lower(),
        "why": why,
    }
