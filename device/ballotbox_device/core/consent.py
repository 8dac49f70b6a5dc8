"""Officers' consent: what two of them are asked to sign, and what happens when they have."""

from collections.abc import Sequence
from dataclasses import dataclass

from ballotbox_device.core.events import Event
from ballotbox_device.core.outputs import ConsentNeeded
from ballotbox_protocol.election.identifiers import PollState, PrecinctId
from ballotbox_protocol.election.register import Register, Role
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.officers import two_officers_signed
from ballotbox_protocol.wire.report import OFFICERS_MAX, OfficerSignature, Report, encode_report
from ballotbox_protocol.wire.statements import Clearance, Reprint


@dataclass(frozen=True, slots=True)
class Draft:
    """Something that waits for two officers.

    event: what was asked, to ask it again when the draft is void. moment: of the box's history,
    which the draft describes; mail may come and go meanwhile. report: None when no report is meant
    but a clearance or, with `reprint`, a copy. target, key: what a signed report brings.
    """

    event: Event
    needed: ConsentNeeded
    moment: int
    report: Report | None = None
    target: PollState | None = None
    key: PrivateKey | None = None
    reprint: int | None = None

    def is_signed(
        self, register: Register, signatures: Sequence[OfficerSignature], precinct: PrecinctId
    ) -> bool:
        """Tell whether two officers with the role needed signed exactly this."""
        needed = self.needed
        # A report has room for so many signatures and no more.
        return len(signatures) <= OFFICERS_MAX and two_officers_signed(
            register, signatures, needed.message_type, needed.payload, needed.role, precinct
        )


def draft_of_report(
    event: Event, report: Report, moment: int, role: Role, *,
    target: PollState | None = None, key: PrivateKey | None = None,
) -> Draft:  # fmt: skip
    """Return the draft of a report; its body without signatures is what the officers sign."""
    needed = ConsentNeeded(MessageType.CONSENT, encode_report(report), role)
    return Draft(event, needed, moment, report, target, key)


def draft_of_clearance(event: Event, clearance: Clearance, moment: int) -> Draft:
    """Return the draft of clearing a box: what the officers sign names its last report."""
    needed = ConsentNeeded(MessageType.CLEARANCE, clearance.payload(), Role.ELEVATED)
    return Draft(event, needed, moment)


def draft_of_reprint(event: Event, reprint: Reprint, moment: int, sequence: int) -> Draft:
    """Return the draft of one more copy of report `sequence`: the officers sign which it is."""
    needed = ConsentNeeded(MessageType.REPRINT, reprint.payload(), Role.POLL)
    return Draft(event, needed, moment, reprint=sequence)
