"""A small log made by hand: reports signed by boxes, leaves decided by the test, files exported.

The test decides every verdict itself, so that it can also build what no honest gateway would.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import NO_REPORT, BoxId, PollState, ReportId
from ballotbox_protocol.election.tally import Layout, Marks, Row
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.merkle import EMPTY_ROOT, Tree, leaf_hash
from ballotbox_protocol.wire.report import (
    WITH_OFFICERS,
    Clock,
    ClockQuality,
    JournalHead,
    Report,
    ReportKind,
    consent_payload,
    encode_report,
)
from ballotbox_protocol.wire.statements import Ruling, RulingKind
from ballotbox_protocol.wire.tiles import CHECKPOINT_PATH, export_attachments, export_tiles
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import (
    FIRMWARE,
    FIRMWARE_SEQUENCE,
    Authority,
    Plan,
    make_authority,
)

ORIGIN = "rehearsal.example/centre"
LOWER_ORIGIN = "rehearsal.example/precinct"
TIME = 1_795_950_000
NOTHING = Counters()

_STATES = {
    ReportKind.BOOT: PollState.SETUP,
    ReportKind.ZERO: PollState.ZERO,
    ReportKind.OPEN: PollState.OPEN,
    ReportKind.TURNOUT: PollState.OPEN,
    ReportKind.CLOSE: PollState.CLOSED,
    ReportKind.FINAL: PollState.FINAL,
    ReportKind.CORRECTION: PollState.FINAL,
}


@dataclass(frozen=True)
class Ballot:
    """One voter's ballot: its style, and the marks of each contest on it."""

    style: int
    marks: dict[int, Marks]


def authority_of(boxes: int = 2, seed: int = 7, **plan: object) -> Authority:
    return make_authority(Plan(seed=seed, boxes=boxes, **plan))


def count(authority: Authority, ballots: Sequence[Ballot]) -> tuple[Row, Counters]:
    """Return what a box that was fed these ballots reports."""
    election = authority.trusted.election
    layout, row, sheets = Layout.of(election), [], 0
    row = list(layout.zero())
    for ballot in ballots:
        style = election.styles[ballot.style]
        sheets += len(style.sheets)
        for contest in style.contests:
            layout.add(row, contest, ballot.marks.get(contest, Marks()))
    counters = Counters(
        presented=sheets, accepted=sheets, box=sheets, ballots=len(ballots), lifetime=sheets
    )
    return tuple(row), counters


def simple_ballots(number: int) -> list[Ballot]:
    """Return `number` full ballots, each marked otherwise than the one before it."""
    return [
        Ballot(
            0,
            {
                0: Marks(
                    frozenset({n % 5}), frozenset({(n % 5, n % 3)}) if n % 5 < 4 else frozenset()
                ),
                1: Marks(frozenset({n % 4})) if n % 7 else Marks(),
                2: Marks(frozenset({n % 7, (n + 2) % 7})) if n % 3 else Marks(frozenset(range(4))),
            },
        )
        for n in range(number)
    ]


@dataclass(frozen=True)
class Signed:
    """A report as its box signed it."""

    data: bytes
    id: ReportId
    report: Report


class BoxPen:
    """Writes the reports of one box in order."""

    def __init__(self, authority: Authority, box: BoxId) -> None:
        self._authority = authority
        self.box = box
        self.sequence = 0
        self.previous = NO_REPORT
        entry = authority.trusted.register.entries_of[box][-1]
        self._fields = {"precinct": entry.precinct, "epoch": entry.epoch}
        self._key: PrivateKey = authority.box_keys[box]

    def write(self, kind: ReportKind, counters: Counters = NOTHING, **fields: object) -> Signed:
        """Return the next report of the box; `fields` overrides any field of it."""
        report = Report(
            **{
                "kind": kind,
                "election": self._authority.trusted.digest,
                "box": self.box,
                "boot": 1,
                "sequence": self.sequence,
                "previous": self.previous,
                "journal": JournalHead(self.sequence, sha256(b"journal").digest()),
                "counters": counters,
                "firmware": FIRMWARE,
                "firmware_sequence": FIRMWARE_SEQUENCE,
                "state": _STATES[kind],
                "debug": False,
                "clock": Clock(TIME, ClockQuality.FREE_RUNNING, 1_000),
                **self._fields,
                **fields,
            }
        )
        if kind in WITH_OFFICERS and "signatures" not in fields:
            consent = consent_payload(encode_report(report), 0)
            report = replace(report, signatures=self._authority.consent(consent))
        signed = self.sign(encode_report(report), report)
        self.sequence, self.previous = report.sequence + 1, signed.id
        return signed

    def sign(self, body: bytes, report: Report, key: PrivateKey | None = None) -> Signed:
        key = key or self._key
        data = cose.sign(key.public, key.sign, MessageType.REPORT, body)
        return Signed(data, ReportId(cose.statement_id(cose.parse(data).statement)), report)

    def final(self, row: Row, counters: Counters, **fields: object) -> Signed:
        return self.write(ReportKind.FINAL, counters, votes=row, **fields)

    def correction(self, corrected: Signed, row: Row, **fields: object) -> Signed:
        counters = fields.pop("counters", corrected.report.counters)
        corrects = fields.pop("corrects", corrected.id)
        return self.write(ReportKind.CORRECTION, counters, votes=row, corrects=corrects, **fields)


class LogBuilder:
    """Collects leaves and what stands beside them; `files` exports the whole log."""

    def __init__(self, authority: Authority, origin: str = ORIGIN) -> None:
        self.authority = authority
        self.origin = origin
        self.leaves: list[bytes] = []
        self.attachments: list[bytes] = []

    @property
    def size(self) -> int:
        return len(self.leaves)

    def pen(self, number: int) -> BoxPen:
        return BoxPen(self.authority, self.authority.boxes[number])

    def put(
        self, leaf: bytes, report: bytes | None, ruling: bytes | None, note: bytes | None = None
    ) -> int:
        """Append a leaf with its attachment; return its index."""
        self.leaves.append(leaf)
        self.attachments.append(cbor.encode([report, ruling, note]))
        return len(self.leaves) - 1

    def decide(
        self,
        signed: Signed,
        verdict: Verdict = Verdict.ACCEPTED,
        reason: Reason = Reason.IN_ORDER,
        *,
        attached: bool = True,
        note: bytes | None = None,
    ) -> int:
        leaf = Leaf(LeafType.REPORT, signed.id, verdict, reason, None, TIME + self.size)
        return self.put(encode_leaf(leaf), signed.data if attached else None, None, note)

    def hold(self, signed: Signed, reason: Reason = Reason.GAP_BEFORE) -> int:
        return self.decide(signed, Verdict.HELD, reason)

    def quarantine(self, signed: Signed, reason: Reason = Reason.FIRMWARE) -> int:
        return self.decide(signed, Verdict.QUARANTINED, reason)

    def evidence(self, signed: Signed, **options: bool) -> int:
        return self.decide(signed, Verdict.EVIDENCE, Reason.SAME_SEQUENCE, **options)

    def ruling(self, kind: RulingKind, report: ReportId) -> Ruling:
        bare = Ruling(self.authority.trusted.digest, kind, report)
        return replace(bare, signatures=self.authority.consent(bare.payload(), MessageType.RULING))

    def rule(self, kind: RulingKind, signed: Signed) -> int:
        ruling = self.ruling(kind, signed.id)
        reason = Reason.RELEASED if kind is RulingKind.RELEASE else Reason.NAMED
        leaf = Leaf(LeafType.RULING, signed.id, Verdict.ACCEPTED, reason, ruling.digest, TIME)
        return self.put(encode_leaf(leaf), None, ruling.to_bytes())

    def day(self, pen: BoxPen, ballots: Sequence[Ballot]) -> Signed:
        """Let a box report an ordinary day, all accepted; return its final."""
        row, counters = count(self.authority, ballots)
        self.morning(pen)
        self.decide(pen.write(ReportKind.CLOSE, counters))
        final = pen.final(row, counters)
        self.decide(final)
        return final

    def morning(self, pen: BoxPen) -> None:
        for kind in (ReportKind.BOOT, ReportKind.ZERO, ReportKind.OPEN):
            self.decide(pen.write(kind))

    def tree(self) -> Tree:
        return Tree([leaf_hash(leaf) for leaf in self.leaves])

    def note(self, size: int | None = None) -> bytes:
        """Return the checkpoint that the log's gateway signs at `size`."""
        tree = self.tree()
        size = tree.size if size is None else size
        key = self.authority.gateway_keys[self.origin]
        return sign_checkpoint(Checkpoint(self.origin, size, tree.root(size)), key.public, key.sign)

    def lower_note(
        self,
        root: bytes = EMPTY_ROOT,
        size: int = 0,
        origin: str = LOWER_ORIGIN,
        signer: PrivateKey | None = None,
    ) -> bytes:
        """Return a checkpoint of the gateway below."""
        key = signer or self.authority.gateway_keys[LOWER_ORIGIN]
        return sign_checkpoint(Checkpoint(origin, size, root), key.public, key.sign)

    def files(self) -> dict[str, bytes]:
        """Return the exported log, by the names of its files."""
        tree = self.tree()
        files = dict(export_tiles(tree, self.leaves))
        files |= export_attachments(tree.size, self.attachments)
        files[CHECKPOINT_PATH] = self.note()
        return files
