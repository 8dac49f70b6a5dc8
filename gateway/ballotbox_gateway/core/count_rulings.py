"""Officers' word on versions of a count by hand that exclude each other: which of them stands."""

from ballotbox_gateway.core.draft import Draft
from ballotbox_gateway.core.hand_counts import HandCounts
from ballotbox_gateway.core.outcome import RulingResult
from ballotbox_gateway.core.ports import StoredReport
from ballotbox_gateway.core.roster import Roster
from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.hand_count import decode_hand_count
from ballotbox_protocol.wire.statements import Ruling, RulingKind


class CountBench:
    """Applies rulings to the counts by hand of one draft."""

    def __init__(self, draft: Draft, roster: Roster, *, recorded: bool) -> None:
        """`recorded`: the rulings stand in the log."""
        self._draft = draft
        self._roster = roster
        self._recorded = recorded

    def apply(self, ruling: Ruling, row: StoredReport, *, heard: bool) -> RulingResult:
        """Name a version when two officers may, it has rivals, and none of them is named.

        One that is named gives way when the ruling overrules its naming.
        `heard`: a lower gateway has taken it. What it knows of rivals may still be on its way, so
        such a naming is kept whatever is here.
        """
        if ruling.kind is not RulingKind.NAME:
            return RulingResult.NOT_RELEASABLE
        if not (self._recorded or self._signed(ruling, row)):
            return RulingResult.OFFICERS
        # A naming asks of no version what speaks against it.
        counts = HandCounts(self._draft, lambda _: None)
        if counts.is_known(row, ruling):
            return RulingResult.ALREADY
        refusal = None if self._recorded or heard else counts.refusal(row, ruling)
        if refusal is not None:
            return refusal
        counts.name(row, ruling)
        return RulingResult.APPLIED

    def _signed(self, ruling: Ruling, row: StoredReport) -> bool:
        return self._roster.officers_signed(
            ruling.signatures,
            MessageType.RULING,
            ruling.payload(),
            Role.ELEVATED,
            decode_hand_count(row.data).precinct,
        )
