"""What all boxes of one election share: prepared once, never copied."""

from dataclasses import dataclass

from ballotbox_device.core.slot_format import SlotFormat
from ballotbox_protocol.election.conservation import VoteLaws
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire.trust import Trusted


@dataclass(frozen=True, slots=True)
class ElectionRules:
    """A trusted election with its tally layout, its laws of votes and its slot format."""

    trusted: Trusted
    layout: Layout
    laws: VoteLaws
    slots: SlotFormat

    @classmethod
    def of(cls, trusted: Trusted) -> "ElectionRules":
        """Return the rules of an election; make them once and hand them to every box."""
        layout = Layout.of(trusted.election)
        laws = VoteLaws(trusted.election, layout)
        return cls(trusted, layout, laws, SlotFormat(trusted.election))
