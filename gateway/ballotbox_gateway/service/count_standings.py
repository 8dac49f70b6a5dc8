"""What was decided about each version of one station's count by hand, and what officers named."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ballotbox_gateway.core.count_namings import naming_place, namings_in
from ballotbox_gateway.core.ports import Ledger, StoredReport
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.wire.hand_count import decode_hand_count
from ballotbox_protocol.wire.hand_count_force import Decided, in_force, settled
from ballotbox_protocol.wire.hand_count_naming import Naming, that_hold
from ballotbox_protocol.wire.verdict import Verdict


class CountStandings(NamedTuple):
    """The versions of one station and contest as stored; holding: namings that none overrules."""

    rows: Sequence[StoredReport]
    versions: Mapping[ReportId, Decided]
    holding: Sequence[Naming]

    @property
    def in_force(self) -> ReportId | None:
        """The version in force, None when there is none."""
        return in_force(self.versions)

    def rivals_named(self, own: ReportId) -> list[Naming]:
        """Return the namings that hold of versions that exclude this one."""
        place = self.versions[own].said.corrects
        return [
            each
            for each in self.holding
            if each.version != own
            and each.version in self.versions
            and self.versions[each.version].said.corrects == place
        ]

    def aside(self, own: ReportId) -> str:
        """Return what namings have to do with a version that is set aside, "" when nothing."""
        version = self.versions[own]
        if own in settled(self.versions):
            return "another one was named"
        if version.verdict is not Verdict.EVIDENCE:
            return ""
        if version.named and self.rivals_named(own):
            return "named, and a rival of it as well: name one of them again"
        if len({each.version for each in self.rivals_named(own)}) > 1:
            return "several others were named: name one again"
        return ""


def standings_at(ledger: Ledger, place: BoxId) -> CountStandings:
    """Return what a ledger holds of one station and contest."""
    rows = ledger.reports_of(place, 0, None)
    holding = that_hold(namings_in(rows, ledger.reports_of(naming_place(place), 0, None)))
    named = {each.version for each in holding}
    versions = {
        row.id: Decided(decode_hand_count(row.data), row.verdict, row.id in named) for row in rows
    }
    return CountStandings(rows, versions, holding)
