"""What speaks against a count by hand, as a gateway and whoever verifies its log ask it.

First whether officers of the register vouch for the bytes, then what they say. A law is known by
the digest of its file.
"""

from collections.abc import Mapping

from ballotbox_protocol.election.definition import Contest
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.binding import BoundLaw
from ballotbox_protocol.election.law.judgement import Judge
from ballotbox_protocol.election.law.law import Law
from ballotbox_protocol.election.law.sheet import bind_sheet
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.hand_count import HAND_COUNT_MAX, HandCount, decode_hand_count
from ballotbox_protocol.wire.officers import officer_statement, two_officers_signed
from ballotbox_protocol.wire.report import OfficerSignature
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason

#: The laws in use, by the digests of their files.
Laws = Mapping[bytes, Law]


def read_hand_count(data: bytes, trusted: Trusted) -> HandCount | Reason:
    """Return the count that officers of the register vouch for, or why these bytes are none."""
    if len(data) > HAND_COUNT_MAX:
        return Reason.SIZE
    try:
        count = decode_hand_count(data)
    except ValueError:
        return Reason.BODY
    if count.election != trusted.digest:
        return Reason.OTHER_ELECTION
    payload = count.payload()
    for given in count.signatures:
        if given.key_id not in trusted.register.officers_by_key_id:
            return Reason.OLD_REGISTER
        if not _is_good(given, trusted.register, payload):
            return Reason.SIGNATURE
    return count if count.signatures else Reason.SIGNATURE


def _is_good(given: OfficerSignature, register: Register, payload: bytes) -> bool:
    officers = register.officers_by_key_id[given.key_id]
    return any(
        cose.verify(
            officer_statement(officer.key, MessageType.HAND_COUNT, payload),
            given.signature,
            officer.key,
        )
        for officer in officers
    )


def standing_fault(count: HandCount, trusted: Trusted) -> Reason | None:
    """Return the reason when those who signed may not, or the station is none of this election."""
    signed = two_officers_signed(
        trusted.register,
        count.signatures,
        MessageType.HAND_COUNT,
        count.payload(),
        count.role,
        count.precinct,
    )
    if not signed:
        return Reason.OFFICERS
    known = count.precinct in trusted.election.precinct_by_number
    return None if known else Reason.PRECINCT


def content_fault(count: HandCount, trusted: Trusted, laws: Laws) -> Reason | None:
    """Return the first reason against what an authentic count says, or None."""
    fault = standing_fault(count, trusted)
    if fault is not None:
        return fault
    law = laws.get(count.law_digest)
    if law is None:
        return Reason.LAW_UNKNOWN
    contest = contest_of(count, trusted)
    sheet = None if contest is None else sheet_of(count, law, contest)
    if sheet is None:
        return Reason.LINES
    broken = Judge(sheet).failures(count.values)
    return Reason.RELATION if any(each.relation.blocks for each in broken) else None


def contest_of(count: HandCount, trusted: Trusted) -> Contest | None:
    """Return the contest that was counted, None when its station does not issue it."""
    election = trusted.election
    styles = (election.styles[at] for at in election.precinct_by_number[count.precinct].styles)
    issued = any(count.contest in style.contests for style in styles)
    return election.contests[count.contest] if issued else None


def sheet_of(count: HandCount, law: Law, contest: Contest) -> BoundLaw | None:
    """Return the law bound to the columns of a count, None when it has others than its law."""
    if [number for number, _ in count.lines] != [line.number for line in law.lines]:
        return None
    alike = all(len(values) == len(contest.options) for _, values in count.options)
    if not alike or bool(law.groups) != bool(count.options):
        return None
    try:
        return bind_sheet(law, contest, (name for name, _ in count.options))
    except InvalidField:
        return None
