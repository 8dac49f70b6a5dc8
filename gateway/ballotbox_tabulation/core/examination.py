"""One report or one receipt examined by itself: what holds and what does not, in plain words."""

from collections.abc import Iterable
from typing import Final

from ballotbox_protocol.election.conservation import VoteLaws, counter_breach, settled_breach
from ballotbox_protocol.election.counters import COUNTER_NAMES
from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.election.register import BoxEntry, Role
from ballotbox_protocol.election.tally import ContestTally, Layout
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.hand_count_check import Laws
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf
from ballotbox_protocol.wire.officers import two_officers_signed
from ballotbox_protocol.wire.paper import PaperCopy, PaperCount, PaperError, print_entry, read_paper
from ballotbox_protocol.wire.receipt import (
    Receipt,
    ReceiptFault,
    VerifiedReceipt,
    verify_receipt,
)
from ballotbox_protocol.wire.report import (
    WITH_OFFICERS,
    WITH_VOTES,
    Report,
    ReportKind,
    consent_payload,
    decode_report,
)
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_tabulation.core.findings import (
    Finding,
    Findings,
    Mark,
    fails,
    holds,
    point,
    says,
)
from ballotbox_tabulation.core.hand_count_examination import examine_count
from ballotbox_tabulation.core.wording import reason_in_words

__all__ = [
    "Finding",
    "Mark",
    "examine_paper",
    "examine_receipt",
    "examine_report",
    "fails",
    "holds",
    "says",
]


def examine_report(data: bytes, trusted: Trusted) -> Findings:
    """Yield what holds of a report, as bytes from the wire, and then what it says."""
    try:
        envelope = cose.parse(data)
    except cose.EnvelopeError as error:
        yield fails(f"it is a signed message: {error}")
        return
    yield says(f"report id {cose.statement_id(envelope.statement).hex()}")
    entry = trusted.reporters.get(envelope.protected)
    if entry is None:
        yield fails("it names the key of a box of the register")
        return
    signed = cose.verify(envelope.statement, envelope.signature, entry.key)
    yield point(signed, f"box {entry.box.hex()} signed it, with its key of epoch {entry.epoch}")
    yield from _closure(entry)
    try:
        report = decode_report(envelope.payload)
    except ValueError as error:
        yield fails(f"its body is well-formed: {error}")
        return
    yield from _enrolment(report, entry, trusted)
    yield from _consent(report, envelope.payload, entry, trusted)
    yield from _numbers(report, trusted)
    yield from _sayings(report, trusted)


def _closure(entry: BoxEntry) -> Findings:
    if entry.closed is None:
        return
    reason = entry.closed.reason.name.lower()
    if entry.closed.positions:
        yield says(f"the register closed that entry as {reason}: the log tells whether before")
    else:
        yield fails(f"that entry was ever valid: the register closed it as {reason} from the start")


def examine_paper(parts: Iterable[str], trusted: Trusted, laws: Laws | None = None) -> Findings:
    """Yield what holds of a signed paper, given the texts of its QR codes, and what it says.

    `laws` are those that a count by hand is held against.
    """
    try:
        copy = read_paper(parts)
    except PaperError as error:
        yield fails(f"its QR codes make one signed result: {error}")
        return
    if isinstance(copy, PaperCount):
        yield holds("its QR codes make one whole copy")
        yield from examine_count(copy.count, trusted, laws or {})
    else:
        yield from _examine_tape(copy, trusted)


def _examine_tape(copy: PaperCopy, trusted: Trusted) -> Findings:
    try:
        envelope = cose.parse(copy.report)
    except cose.EnvelopeError as error:
        yield fails(f"its QR codes make one signed result: {error}")
        return
    yield holds("its QR codes make one whole copy")
    signer = trusted.reporters.get(envelope.protected)
    same = signer is not None and print_entry(signer) == copy.entry
    yield point(same, "the register's entry of the key that signed is printed on it")
    yield point(_is_result(envelope.payload), "it is a final or a correction")
    yield from examine_report(copy.report, trusted)


def _is_result(body: bytes) -> bool:
    try:
        return decode_report(body).kind in WITH_VOTES
    except ValueError:
        return False


def _enrolment(report: Report, entry: BoxEntry, trusted: Trusted) -> Findings:
    mode = trusted.election.mode.name.lower()
    yield point(report.election == trusted.digest, f"it was made for this {mode} election")
    yield point(report.box == entry.box, "it names the box that signed it")
    yield point(report.precinct == entry.precinct, f"it names precinct {entry.precinct}")
    yield point(report.epoch == entry.epoch, f"it names key epoch {entry.epoch}")
    yield point(report.firmware in entry.firmware, "its firmware is on the box's list")
    if trusted.election.mode is Mode.OFFICIAL:
        yield point(not report.debug, "its box did not run in debug mode")


def _consent(report: Report, body: bytes, entry: BoxEntry, trusted: Trusted) -> Findings:
    if report.kind not in WITH_OFFICERS:
        return
    role = Role.ELEVATED if report.kind is ReportKind.CORRECTION else Role.POLL
    payload = consent_payload(body, len(report.signatures))
    signed = two_officers_signed(
        trusted.register,
        report.signatures,
        MessageType.CONSENT,
        payload,
        role,
        entry.precinct,
    )
    yield point(signed, "two officers of the register signed it")


def _numbers(report: Report, trusted: Trusted) -> Findings:
    breach = counter_breach(report.counters)
    if breach is None and report.votes is not None:
        breach = settled_breach(report.counters)
    law = f": {breach}" if breach else ""
    yield point(breach is None, f"its counters keep their laws{law}")
    if report.votes is None:
        return
    layout = Layout.of(trusted.election)
    fits = len(report.votes) == layout.size
    yield point(fits, "its votes fit the contests of the election")
    if fits:
        broken = list(VoteLaws(trusted.election, layout).breaches(report.votes, report.counters))
        yield from (fails(f"its votes keep the law that {each}") for each in broken)
        if not broken:
            yield holds("its votes keep every law of votes")


def _sayings(report: Report, trusted: Trusted) -> Findings:
    kind, state = _words(report.kind.name), _words(report.state.name)
    yield says(f"{kind}, report {report.sequence} of its box, poll state {state}")
    counters = report.counters
    listed = ", ".join(f"{name} {getattr(counters, name)}" for name in COUNTER_NAMES)
    yield says(f"counters: {listed}")
    layout = Layout.of(trusted.election)
    if report.votes is None or len(report.votes) != layout.size:
        return
    for index, span in enumerate(layout.spans):
        tally = layout.read(report.votes, index)
        names = [option.name for option in span.contest.options]
        yield says(f"{span.contest.name}: {_tally_words(tally, names)}")
        for name, preferred in zip(names, tally.preferences, strict=True):
            if preferred:
                counts = ", ".join(f"{at}: {count}" for at, count in enumerate(preferred, start=1))
                yield says(f"{span.contest.name}, candidates of {name}: {counts}")


def _tally_words(tally: ContestTally, names: list[str]) -> str:
    votes = ", ".join(f"{name} {count}" for name, count in zip(names, tally.votes, strict=True))
    rest = f"undervotes {tally.undervotes}, overvotes {tally.overvotes}, blank {tally.blank}"
    return f"{votes}; {rest}; on {tally.ballots} ballots"


def _words(name: str) -> str:
    return name.lower().replace("_", " ")


def examine_receipt(data: bytes, trusted: Trusted, report: bytes | None = None) -> Findings:
    """Yield what holds of a receipt; with a `report`, also whether the receipt is for it."""
    receipt = Receipt.from_bytes(data)
    if isinstance(receipt, ReceiptFault):
        yield fails(f"it is a receipt: {_RECEIPT_FAULTS[receipt]}")
        return
    proved = verify_receipt(receipt, trusted.register.gateway_keys)
    if isinstance(proved, ReceiptFault):
        yield fails(f"a gateway of the register vouches for it: {_RECEIPT_FAULTS[proved]}")
        return
    yield holds(f"the gateway of {proved.origin} signed its log at size {proved.size}")
    yield holds(f"the decision is leaf {proved.index} of that log")
    try:
        leaf = decode_leaf(proved.leaf)
    except ValueError as error:
        yield fails(f"the leaf is well-formed: {error}")
        return
    yield from _decision(leaf, proved)
    if report is not None:
        yield _same_report(leaf, report)


_RECEIPT_FAULTS: Final[dict[ReceiptFault, str]] = {
    ReceiptFault.NOT_CBOR: "the bytes are no deterministic CBOR",
    ReceiptFault.BAD_SHAPE: "its parts are not those of a receipt",
    ReceiptFault.UNKNOWN_VERSION: "its version is not known here",
    ReceiptFault.BAD_CHECKPOINT: "its checkpoint is malformed",
    ReceiptFault.UNKNOWN_ORIGIN: "the register knows no gateway of that origin",
    ReceiptFault.NOT_SIGNED: "the checkpoint lacks the gateway's signature",
    ReceiptFault.WRONG_SIGNATURE: "the gateway's signature does not verify",
    ReceiptFault.NOT_INCLUDED: "the leaf is not in the log that was signed",
}


def _decision(leaf: Leaf, proved: VerifiedReceipt) -> Findings:
    yield says(f"about report id {leaf.report.hex()}")
    ruled = " by a ruling of two officers" if leaf.type is LeafType.RULING else ""
    why = reason_in_words(leaf.reason)
    yield says(f"{_words(leaf.verdict.name)}{ruled}: {why} (reason {leaf.reason.value})")
    yield says(f"root of the log {proved.root.hex()}")


def _same_report(leaf: Leaf, report: bytes) -> Finding:
    try:
        given = cose.statement_id(cose.parse(report).statement)
    except cose.EnvelopeError as error:
        return fails(f"the receipt is for the report given: {error}")
    return point(given == leaf.report, "the receipt is for the report given")
