"""The auditor: knows the truth because it sees every sheet fall, and believes nobody else.

It shares no counting with what it audits. While the day runs it holds every report against the
sheets in the box; at the end it holds receipts against logs, the log against the published result,
and the result against the sheets.
"""

from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from ballotbox_device.core.outputs import PrintCopy, ReportMade
from ballotbox_device.core.profile import SecondChance
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.signals import Signal
from ballotbox_gateway.core.correspondence import Letter
from ballotbox_gateway.core.intake import CountOutcome, HelloOutcome, Road, RulingResult
from ballotbox_gateway.core.quota import Allowance
from ballotbox_protocol.election.definition import MarkPolicy
from ballotbox_protocol.election.identifiers import BoxId, PollState, ReportId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.receipt import Receipt, ReceiptFault, verify_receipt
from ballotbox_protocol.wire.report import Report, ReportKind, decode_report
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_simulator.world.blows import Blows
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.copy_audit import alike
from ballotbox_simulator.world.count_audit import SignedCounts
from ballotbox_simulator.world.count_naming import NamingSheet
from ballotbox_simulator.world.counter_audit import room_left
from ballotbox_simulator.world.exposure_audit import HandedOver
from ballotbox_simulator.world.faults import MECHANICS, PROMISES, FaultClass, FaultKind
from ballotbox_simulator.world.flood_audit import BEHIND, FloodAudit
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.hand_counting import Sheet as CountSheet
from ballotbox_simulator.world.hand_counting import Station
from ballotbox_simulator.world.log_reading import included, log_of
from ballotbox_simulator.world.speech_audit import SpeechAudit
from ballotbox_simulator.world.transcript import Transcript


class Breach(IntEnum):
    """What the auditor objects to; stable codes."""

    LOST = 1
    DOUBLED = 2
    WRONG_VOTES = 3
    NOT_NAMED = 4
    LAW = 5
    CHAIN = 6
    RECEIPT = 7
    UNEXPLAINED = 8
    LIVENESS = 9
    NOT_PUBLISHED = 10
    CRASH = 11
    SECRECY = 12
    FRESHNESS = 13


@dataclass(frozen=True, slots=True)
class Finding:
    """One objection: what, where, in words."""

    breach: Breach
    node: str
    words: str

    def __str__(self) -> str:
        return f"{self.breach.name} at {self.node}: {self.words}"


@dataclass(slots=True)
class _BoxWord:
    """What a box has said so far."""

    count: int = 0
    last: bytes = bytes(32)
    accepted: int = 0
    lifetime: int = -1


class Auditor:
    """Witness of everything; `findings` must be empty at the end of a day."""

    def __init__(self, trusted: Trusted, transcript: Transcript) -> None:
        self.findings: list[Finding] = []
        self.blows = Blows()
        self.transcript = transcript
        #: Per log, the leaf that a good receipt showed at each index, and to which box.
        self.receipts: dict[str, dict[int, tuple[bytes, str]]] = defaultdict(dict)
        #: Who took a receipt as good that proves nothing, and whose log it names.
        self.unproved: list[tuple[str, str]] = []
        self.final_signed = False
        self.handed_over = HandedOver()
        #: What people counted by hand.
        self.by_hand = SignedCounts()
        #: The result that was published at the end, if one was.
        self.published: Mapping[str, Any] | None = None
        self.reports = 0
        self.sheets = 0
        #: What whoever listens in can have recorded: reports with their boxes, and receipts.
        self.heard_reports: list[tuple[BoxId, bytes]] = []
        self.heard_receipts: list[bytes] = []
        #: Every report that a box signed, and each box's own in the order it signed them.
        self.signed: dict[ReportId, Report] = {}
        self.signed_by: dict[str, list[ReportId]] = defaultdict(list)
        #: Who audits the boxes that were set up for another election.
        self.elsewhere: dict[str, Auditor] = {}
        self._sent: dict[bytes, BoxId] = {}
        self.speech = SpeechAudit(self.signed, self._sent)
        self.floods = FloodAudit(self._sent)
        self._copies: Counter[tuple[str, int]] = Counter()
        self._trusted = trusted
        self._words: dict[str, _BoxWord] = defaultdict(_BoxWord)
        self._lenient = trusted.election.policy == MarkPolicy()

    def join(self, other: "Auditor") -> None:
        """Share findings, blows and what is heard with whoever audits the other election here."""
        self.findings, self.blows, self.speech = other.findings, other.blows, other.speech
        self.speech.listen_for(self.signed, self._sent)

    def object_to(self, breach: Breach, node: str, words: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(breach, node, words))
        self.transcript.note(node, "OBJECTION", f"{breach.name} {words}")

    # Witness

    def noted(self, node: str, what: str, detail: object = "") -> None:
        """Write a line."""
        self.transcript.note(node, what, detail)

    def struck(self, kind: FaultKind, node: str) -> None:
        """Note a fault."""
        self.blows.strike(kind, node)
        self.transcript.note(node, "is struck by", kind.value)

    def healthy(self, node: str) -> None:
        """Note that a node works."""
        self.blows.heal(node)

    def greeted(self, gateway: GatewayNode, road: Road, outcome: HelloOutcome) -> None:
        """Note what came of a hello."""
        self.transcript.note(gateway.name, "is greeted", outcome.result.name)
        words = self.speech.greeted(gateway, road, outcome)
        if words:
            self.object_to(Breach.FRESHNESS, gateway.name, words)

    def heard(self, gateway: GatewayNode, data: bytes, road: Road) -> None:
        """Note what came by a line."""
        self.speech.heard(gateway, data, road)
        self.handed_over.heard(gateway, data)

    def said(self, gateway: GatewayNode, message: Message, road: Road) -> None:
        """Hold what is about to be said against what the ledger holds by now."""
        words = self.speech.said(gateway, message, road)
        if words:
            fresh = message.kind is MessageKind.CHALLENGE
            self.object_to(Breach.FRESHNESS if fresh else Breach.RECEIPT, gateway.name, words)

    def settled(self, gateway: GatewayNode, letters: Sequence[Letter]) -> None:
        """Hold what was decided during a flood against what arrived."""
        if self.floods.laid_at:
            forgot = self.blows.struck.keys() & BEHIND
            for words in () if forgot else self.floods.undecided(gateway, letters):
                self.object_to(Breach.LIVENESS, gateway.name, words)

    def ran_dry(self, gateway: GatewayNode, who: bytes, allowance: Allowance) -> None:
        """Hold a sender's empty quota against what is stored of it."""
        self.transcript.note(gateway.name, "has enough of", who.hex())
        at_box = self.blows.at.get(f"box {int.from_bytes(who):d}", set())
        # Another gateway may get what was sent before; and each failure of mechanics is a report.
        talkative = self.blows.struck[FaultKind.CABLES_SWAPPED] > 0 or bool(at_box & MECHANICS)
        words = self.floods.ran_dry(gateway, who, allowance, talkative=talkative)
        if words:
            self.object_to(Breach.UNEXPLAINED, gateway.name, words)

    def broke(self, node: str, words: str) -> None:
        """Object to a gateway that gives up although nobody hurt it."""
        self.object_to(Breach.CRASH, node, words)

    def booted(self, box: BoxNode, boot: int) -> None:
        """Hold the copies of a memory against each other once whatever differed is mended."""
        self.transcript.note(box.name, "boots", boot)
        if not alike(box.disk):
            self.object_to(Breach.LAW, box.name, "the copies of the memory differ behind a boot")

    def refused_as_full(self, box: BoxNode) -> None:
        """Hold against the paper that a box can count no more sheets."""
        if room_left(box) > 0 and not self.paper_may_differ(box):
            words = "a sheet is refused for full counters, which are not full"
            self.object_to(Breach.LAW, box.name, words)

    def sheet_fell(self, box: BoxNode, sheet: Sheet, *, insisted: bool) -> None:
        """See a sheet fall, which none may but while the poll takes in sheets of its kind."""
        if not (insisted or self._lenient) and self._to_be_reconsidered(box, sheet):
            words = "a sheet was taken in of which its voter was to be told first"
            self.object_to(Breach.LAW, box.name, words)
        self.sheets += 1
        open_for = PollState.PORTABLE if sheet.portable else PollState.OPEN
        state = open_for if box.device is None else box.device.state
        if state is not open_for:
            words = f"a sheet was let in while the box was {state.name}"
            self.object_to(Breach.LAW, box.name, words)
        if room_left(box) < 0 and not self.paper_may_differ(box):
            self.object_to(Breach.LAW, box.name, "a sheet was let in that no report can tell")
        if box.ailing and (shut := MUST_BE_SHUT.intersection(box.ailing)):
            self.object_to(Breach.LAW, box.name, f"a sheet was let in despite {min(shut).name}")
        mouth, capacity = box.mouth, box.habits.capacity
        fallen = len(mouth.container)
        held = fallen - mouth.put_away
        if capacity is not None and held > capacity and not self.paper_may_differ(box):
            words = f"{held} sheets in a container for {capacity}"
            self.object_to(Breach.LAW, box.name, words)
        self.transcript.note(box.name, "holds", f"{fallen} style {sheet.style}")

    def _to_be_reconsidered(self, box: BoxNode, sheet: Sheet) -> bool:
        election = self._trusted.election
        policy = election.policy
        if box.habits.second_chance is SecondChance.ACCEPT:
            return False
        contests = election.styles[sheet.style].sheets[sheet.number]
        allowed = [election.contests[index].votes_allowed for index in contests]
        marked = [len(marks.options) for marks in sheet.marks]
        too_many = any(count > most for count, most in zip(marked, allowed, strict=True))
        return bool((policy.overvoted and too_many) or (policy.blank and not any(marked)))

    def copied(self, box: BoxNode, copy: PrintCopy, *, by_officers: bool) -> None:
        """Hold a copy on paper against what was signed, and against the copies before it."""
        self._copies[box.name, copy.sequence] += 1
        if not by_officers:
            self.object_to(Breach.LAW, box.name, "a copy was printed without two officers")
        known = Message(MessageKind.REPORT, copy.data).to_bytes() in self._sent
        # What such a box signed just before power failed was told to nobody, see `_catch_up`.
        if not known and not self._may_have_forgotten(box.name):
            self.object_to(Breach.CHAIN, box.name, "a copy was printed of what was never signed")
        number = self._copies[box.name, copy.sequence] + 1
        if copy.copy < number and not self._may_have_forgotten(box.name):
            words = f"copy {copy.copy} of report {copy.sequence} was printed before"
            self.object_to(Breach.LAW, box.name, words)

    def objected(self, box: BoxNode, words: str) -> None:
        """Object to what whoever stands at a box sees of it."""
        self.object_to(Breach.LAW, box.name, words)

    def receipt_taken(self, box: BoxNode, data: bytes) -> None:
        """Verify a receipt that a box took as good, and remember what it promises."""
        if self._keep_receipt(box.name, data):
            self.heard_receipts.append(Message(MessageKind.RECEIPT, data).to_bytes())

    def _keep_receipt(self, node: str, data: bytes) -> bool:
        receipt = Receipt.from_bytes(data)
        keys = self._trusted.register.gateway_keys
        proved = receipt if isinstance(receipt, ReceiptFault) else verify_receipt(receipt, keys)
        if isinstance(receipt, ReceiptFault) or isinstance(proved, ReceiptFault):
            self.unproved.append((node, log_of(data)))
            self.object_to(Breach.RECEIPT, node, "a bad receipt was taken as good")
            return False
        origin, size, root, *_ = receipt.note.decode().split("\n")
        if not included(receipt.leaf, receipt.index, receipt.path, int(size), b64decode(root)):
            self.object_to(Breach.RECEIPT, node, "a receipt without proof was taken as good")
        known = self.receipts[origin].setdefault(receipt.index, (receipt.leaf, node))
        if known[0] != receipt.leaf and not self.was_rolled_back(origin):
            self.object_to(Breach.RECEIPT, origin, f"two leaves are receipted as {receipt.index}")
        self.transcript.note(node, "is receipted", f"{origin} {receipt.index}")
        return True

    def counted(self, station: Station, sheet: CountSheet) -> None:
        """See people sign a count by hand, which none may before its boxes have told their own."""
        self.transcript.note(station.name, "counts by hand", sheet.count.id.hex()[:16])
        for box in station.boxes:
            told = self.elsewhere.get(box.name, self).has_final(box)
            if not told and not box.stopped:
                words = f"a count by hand was signed before the final of {box.name}"
                self.object_to(Breach.SECRECY, station.name, words)
        self.by_hand.sign(sheet)

    def has_final(self, box: BoxNode) -> bool:
        """Tell whether a box has signed its final."""
        if box.device is not None:
            self._catch_up(box, box.device.outgoing.count)
        told = (self.signed[report].kind for report in self.signed_by[box.name])
        return ReportKind.FINAL in told

    def count_answered(
        self, gateway: GatewayNode, sheet: CountSheet, outcome: CountOutcome
    ) -> None:
        """Hold what a gateway answered to a count by hand against its ledger."""
        for words in self.by_hand.answer(gateway, sheet, outcome):
            self.object_to(Breach.RECEIPT, gateway.name, words)
        if outcome.receipt:
            self._keep_receipt(f"count {sheet.count.id.hex()[:16]}", outcome.receipt)

    def naming_signed(self, sheet: NamingSheet) -> None:
        """See people name one of several counts by hand."""
        self.by_hand.namings.signed.append(sheet)

    def named(self, gateway: GatewayNode, sheet: NamingSheet, result: RulingResult) -> None:
        """Hold what a gateway answered to a naming against its ledger."""
        for words in self.by_hand.namings.answer(gateway, sheet, result):
            self.object_to(Breach.LAW, gateway.name, words)

    def was_rolled_back(self, gateway: str) -> bool:
        """Tell whether an older copy of a gateway's ledger was put in place."""
        return not _ROLLED_BACK.isdisjoint(self.blows.at.get(gateway, ()))

    def report_made(self, box: BoxNode, made: ReportMade) -> None:
        """Hold a signed report against the paper and against what the box said before."""
        self._catch_up(box, made.sequence)
        self.reports += 1
        envelope = cose.parse(made.data)
        report = decode_report(envelope.payload)
        identity = cose.statement_id(envelope.statement)
        self.transcript.note(
            box.name, "signs", f"{made.kind.name} {made.sequence} {identity.hex()[:16]}"
        )
        word = self._words[box.name]
        self._hold_against_chain(box.name, report, word)
        self._hold_against_paper(box, report)
        if report.votes is not None and report.kind not in WITH_VOTES:
            self.object_to(Breach.SECRECY, box.name, f"votes in a {report.kind.name} report")
        message = Message(MessageKind.REPORT, made.data).to_bytes()
        self.heard_reports.append((report.box, message))
        self._sent[message] = report.box
        self.signed[ReportId(identity)] = report
        self.signed_by[box.name].append(ReportId(identity))
        self.final_signed |= report.kind is ReportKind.FINAL
        word.count, word.last = report.sequence + 1, identity
        word.accepted, word.lifetime = report.counters.accepted, report.counters.lifetime

    def _catch_up(self, box: BoxNode, sequence: int) -> None:
        """Read reports that were signed and kept just before power failed, and told to nobody."""
        if self._may_have_forgotten(box.name):
            return
        for unseen in range(self._words[box.name].count, sequence):
            data = box.kept_report(unseen)
            if data is not None:
                kind = decode_report(cose.parse(data).payload).kind
                self.report_made(box, ReportMade(kind, unseen, data))

    def _hold_against_chain(self, node: str, report: Report, word: _BoxWord) -> None:
        """Law D8: sequence numbers without gap, each report naming the one before."""
        if self._may_have_forgotten(node):
            return
        if (report.sequence, report.previous) != (word.count, word.last):
            self.object_to(Breach.CHAIN, node, f"report {report.sequence} does not follow")
        if report.counters.accepted < word.accepted:
            self.object_to(Breach.LAW, node, f"D3: accepted fell to {report.counters.accepted}")
        if word.lifetime >= 0 and (
            report.counters.lifetime - word.lifetime != report.counters.accepted - word.accepted
        ):
            self.object_to(Breach.LAW, node, "D4: the lifetime counter moved by another number")

    def _may_have_forgotten(self, node: str) -> bool:
        return FaultKind.BOX_RESTORED in self.blows.at.get(node, ()) or node.endswith("clone")

    def _hold_against_paper(self, box: BoxNode, report: Report) -> None:
        counters, fell = report.counters, len(box.container)
        if report.kind is ReportKind.ZERO and any(
            (counters.accepted, counters.presented, counters.returned, counters.box)
        ):
            self.object_to(Breach.LAW, box.name, "D5: a zero report that is not zero")
        if counters.presented != counters.accepted + counters.returned + counters.pending:
            self.object_to(Breach.LAW, box.name, "D2: presented sheets do not add up")
        if counters.accepted != counters.box or counters.ballots > counters.accepted:
            self.object_to(Breach.LAW, box.name, "D6: sheets, box counter and ballots disagree")
        if self.paper_may_differ(box):
            return
        if not counters.accepted <= fell <= counters.accepted + counters.pending:
            words = f"D10: {counters.accepted} accepted, {fell} in the box"
            self.object_to(Breach.LAW, box.name, words)

    def paper_may_differ(self, box: BoxNode) -> bool:
        """Tell whether what befell a box lets it count otherwise than its paper says."""
        kinds = self.blows.at.get(box.name, set())
        return bool(kinds & _PAPER_DIFFERS) or box.name.endswith("clone")

    def verify_receipts(self, origin: str, leaves: Sequence[bytes]) -> None:
        """Hold every receipt of a log against the log as it is at the end."""
        for index, (leaf, box) in sorted(self.receipts.get(origin, {}).items()):
            if index >= len(leaves) or leaves[index] != leaf:
                self.object_to(Breach.RECEIPT, origin, f"leaf {index}, receipted to {box}, is gone")


_ROLLED_BACK: Final = frozenset({FaultKind.GATEWAY_RESTORED, FaultKind.CENTRE_RESTORED})
#: While a box says this of itself, no sheet may fall.
MUST_BE_SHUT: Final = frozenset({Signal.COVER_OPENED, Signal.BATTERY_LOW, Signal.SCANNER_DIRTY})
#: The kinds that carry votes, written down here apart from the product.
WITH_VOTES: Final = frozenset({ReportKind.FINAL, ReportKind.CORRECTION})
#: After these the count of a box may differ from its paper: that is what they are.
_PAPER_DIFFERS: Final = frozenset(
    kind
    for kind in FaultKind
    if kind in (FaultKind.WRONG_ANSWER, FaultKind.BOX_RESTORED)
    or PROMISES[kind].leaves is FaultClass.UNDETECTABLE
)
