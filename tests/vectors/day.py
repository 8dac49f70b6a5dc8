"""A polling day in bytes: the documents, reports, decisions and statements behind every vector.

All keys grow from seeds that repeat one byte; every number is fixed. Nothing here may change what
it made before: later formats get later values, the old ones stay.
"""

from dataclasses import replace
from hashlib import sha256
from typing import Final

from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Election,
    Handling,
    MarkPolicy,
    Option,
    Precinct,
)
from ballotbox_protocol.election.identifiers import NO_REPORT, Mode, PollState, ReportId
from ballotbox_protocol.election.law.law import Mark
from ballotbox_protocol.election.law.source import law_digest
from ballotbox_protocol.election.register import (
    BoxEntry,
    ClosedAs,
    Closure,
    GatewayEntry,
    Officer,
    Register,
    Role,
    origin_id,
)
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.definition import election_digest, encode_definition
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.joint import JointDocument, encode_joint
from ballotbox_protocol.wire.key_card import make_card
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.officers import sign_as_officer
from ballotbox_protocol.wire.publication import Publication, Status, configuration_digest
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.register import encode_register
from ballotbox_protocol.wire.replacement import Replacement
from ballotbox_protocol.wire.report import (
    WITH_OFFICERS,
    Clock,
    ClockQuality,
    HeldCheckpoint,
    Incident,
    IncidentCode,
    JournalHead,
    NewKey,
    OfficerSignature,
    Report,
    ReportKind,
    encode_report,
    key_proof_statement,
)
from ballotbox_protocol.wire.root_document import Holder, RootDocument, encode_root
from ballotbox_protocol.wire.rules_release import RulesRelease
from ballotbox_protocol.wire.statements import (
    Clearance,
    Hello,
    Refusal,
    Reprint,
    Resend,
    Ruling,
    RulingKind,
)
from ballotbox_protocol.wire.trust import RootKey, SharedRoot, sign_definition, sign_register
from ballotbox_protocol.wire.verdict import Reason, Verdict


def key_of(number: int) -> PrivateKey:
    return PrivateKey.from_seed(bytes([number]) * 32)


SEEDS: Final = {
    "root": 1,
    "register signer": 2,
    "box": 3,
    "box after its rotation": 4,
    "replaced box": 5,
    "gateway": 6,
    "centre": 7,
    "officer 1": 8,
    "officer 2": 9,
    "officer 3": 10,
}
KEYS: Final = {name: key_of(number) for name, number in SEEDS.items()}
ORIGIN: Final = "gateway.example/precinct-17"
CENTRE: Final = "centre.example/election"
BOX: Final = bytes.fromhex("b0000000000000000000000000000001")
REPLACED: Final = bytes.fromhex("b0000000000000000000000000000002")
FIRMWARE: Final = sha256(b"firmware").digest()
OPENING_TIME: Final = 1_781_416_800  # 2026-06-14 06:00:00 UTC

ELECTION: Final = Election(
    name="Выборы · Vectors",
    mode=Mode.TEST,
    day="2026-06-14",
    contests=(
        Contest("List", ContestKind.PARTY_LIST, 1, (Option("Mountain", 2), Option("River"))),
        Contest(
            "Council",
            ContestKind.CHOOSE_UP_TO,
            2,
            (Option("A. Asanova"), Option("B. Bakirov"), Option("C. Chynara uulu")),
        ),
        Contest("Mayor", ContestKind.CHOOSE_ONE, 1, (Option("Yes"), Option("No"))),
    ),
    styles=(BallotStyle("HOME", ((0,), (1, 2))), BallotStyle("AWAY", ((0,),))),
    precincts=(Precinct(17, "School No 17", 100, (0, 1)),),
    register_signers=(KEYS["register signer"].public,),
    policy=MarkPolicy(overvoted=Handling.SECOND_CHANCE),
)
#: The same under a law that has more to say of sheets that are not plain.
STRICTER: Final = replace(
    ELECTION,
    policy=MarkPolicy(
        overvoted=Handling.RETURN,
        blank=Handling.SECOND_CHANCE,
        undervoted=Handling.ACCEPT,
        marginal=Handling.SECOND_CHANCE,
        definite=30,
        faint=12,
        stamp=True,
    ),
)
ROOT: Final = RootKey(Mode.TEST, KEYS["root"].public)
DEFINITION: Final = sign_definition(ELECTION, ROOT.key, KEYS["root"].sign)
DIGEST: Final = election_digest(encode_definition(ELECTION))

REGISTER: Final = Register(
    election=DIGEST,
    version=2,
    boxes=(
        BoxEntry(BOX, KEYS["box"].public, 0, 17, (FIRMWARE,)),
        BoxEntry(BOX, KEYS["box after its rotation"].public, 1, 17, (FIRMWARE,)),
        BoxEntry(
            REPLACED,
            KEYS["replaced box"].public,
            0,
            17,
            (FIRMWARE,),
            Closure(ClosedAs.REPLACED, ((origin_id(ORIGIN), 3), (origin_id(CENTRE), 3))),
        ),
    ),
    gateways=(
        GatewayEntry(ORIGIN, KEYS["gateway"].public),
        GatewayEntry(CENTRE, KEYS["centre"].public),
    ),
    officers=(
        Officer(KEYS["officer 1"].public, Role.POLL, 17),
        Officer(KEYS["officer 2"].public, Role.POLL | Role.ELEVATED | Role.RELEASE, 17),
        Officer(KEYS["officer 3"].public, Role.ELEVATED | Role.RELEASE, None),
    ),
)
SIGNED_REGISTER: Final = sign_register(
    REGISTER, KEYS["register signer"].public, KEYS["register signer"].sign
)

#: Eight voters from home, of whom four handed in the second sheet.
VOTES: Final = (
    *(8, 1, 1, 1, 4, 2, 1, 2),
    *(4, 1, 3, 0, 2, 2, 1),
    *(4, 0, 0, 1, 2, 1),
)
#: A recount by hand found that the overvoted list was one vote for the second party.
CORRECTED: Final = (8, 1, 1, 0, 4, 3, 1, 2, *VOTES[8:])
NOTHING: Final = Counters(lifetime=500)
HALFWAY: Final = Counters(6, 4, 1, 1, 0, 4, 3, 504)
COUNTED: Final = Counters(14, 12, 2, 0, 1, 12, 8, 512)

_CONSENTING: Final = {
    ReportKind.OPEN: ("officer 1", "officer 2"),
    ReportKind.CLOSE: ("officer 1", "officer 2"),
    ReportKind.CORRECTION: ("officer 2", "officer 3"),
    ReportKind.KEY_ROTATION: ("officer 1", "officer 2"),
}


def signed_by_officers(
    names: tuple[str, ...], message_type: MessageType, payload: bytes
) -> tuple[OfficerSignature, ...]:
    keys = [KEYS[name] for name in names]
    return tuple(sign_as_officer(key.public, key.sign, message_type, payload) for key in keys)


def signed(report: Report) -> bytes:
    key = KEYS["box"]
    return cose.sign(key.public, key.sign, MessageType.REPORT, encode_report(report))


def id_of(message: bytes) -> ReportId:
    return ReportId(cose.statement_id(cose.parse(message).statement))


def journal_head(size: int) -> JournalHead:
    tree = Tree([leaf_hash(b"record %d" % number) for number in range(size)])
    return JournalHead(size, tree.root())


def consented(report: Report) -> Report:
    if report.kind not in WITH_OFFICERS:
        return report
    body = encode_report(report)
    names = _CONSENTING[report.kind]
    return replace(report, signatures=signed_by_officers(names, MessageType.CONSENT, body))


def log_of(leaves: list[bytes]) -> Tree:
    return Tree([leaf_hash(leaf) for leaf in leaves])


def note_of(leaves: list[bytes]) -> bytes:
    key = KEYS["gateway"]
    tree = log_of(leaves)
    return sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root()), key.public, key.sign)


def accepted_leaf(report: bytes, number: int) -> bytes:
    decided = Verdict.ACCEPTED, Reason.IN_ORDER
    return encode_leaf(Leaf(LeafType.REPORT, id_of(report), *decided, None, OPENING_TIME + number))


#: What the box reports, in order: kind, state and counters.
PLAN: Final = (
    (ReportKind.BOOT, PollState.SETUP, NOTHING),
    (ReportKind.ZERO, PollState.ZERO, NOTHING),
    (ReportKind.OPEN, PollState.OPEN, NOTHING),
    (ReportKind.TURNOUT, PollState.OPEN, HALFWAY),
    (ReportKind.INCIDENT, PollState.OPEN, HALFWAY),
    (ReportKind.CLOSE, PollState.CLOSED, COUNTED),
    (ReportKind.FINAL, PollState.FINAL, COUNTED),
    (ReportKind.CORRECTION, PollState.FINAL, COUNTED),
    (ReportKind.KEY_ROTATION, PollState.FINAL, COUNTED),
)


def only_in(kind: ReportKind, before: ReportId) -> dict[str, object]:
    """What only this kind carries; the proof of a new key is made later."""
    only: dict[ReportKind, dict[str, object]] = {
        ReportKind.INCIDENT: {"incident": Incident(IncidentCode.DROP_UNCERTAIN, 1)},
        ReportKind.FINAL: {"votes": VOTES},
        ReportKind.CORRECTION: {"votes": CORRECTED, "corrects": before},
        ReportKind.KEY_ROTATION: {
            "new_key": NewKey(KEYS["box after its rotation"].public, bytes(64))
        },
    }
    return only.get(kind, {})


def proven(report: Report) -> Report:
    if report.new_key is None:
        return report
    proof = KEYS["box after its rotation"].sign(key_proof_statement(report))
    return replace(report, new_key=replace(report.new_key, proof=proof))


def make_reports() -> tuple[list[Report], list[bytes], list[bytes]]:
    """Return the day's reports, their signed bytes, and the leaves that accepted them."""
    reports: list[Report] = []
    messages: list[bytes] = []
    leaves: list[bytes] = []
    for sequence, (kind, state, counters) in enumerate(PLAN):
        before = id_of(messages[-1]) if messages else NO_REPORT
        held = HeldCheckpoint(origin_id(ORIGIN), len(leaves), log_of(leaves).root())
        report = Report(
            kind=kind,
            election=DIGEST,
            precinct=17,
            box=BOX,
            epoch=0,
            boot=41,
            sequence=sequence,
            previous=before,
            journal=journal_head(3 + 5 * sequence),
            counters=counters,
            firmware=FIRMWARE,
            firmware_sequence=7,
            state=state,
            debug=False,
            clock=Clock(OPENING_TIME + sequence, ClockQuality.SYNCHRONISED, 1_000 * sequence),
            held=held if leaves else None,
            **only_in(kind, before),
        )
        reports.append(consented(proven(report)))
        messages.append(signed(reports[-1]))
        leaves.append(accepted_leaf(messages[-1], sequence))
    return reports, messages, leaves


REPORTS, MESSAGES, LEAVES = make_reports()
BY_KIND: Final = {report.kind: report for report in REPORTS}
MESSAGE_OF: Final = {
    report.kind: message for report, message in zip(REPORTS, MESSAGES, strict=True)
}
FINAL_ID: Final = id_of(MESSAGE_OF[ReportKind.FINAL])
NOTE: Final = note_of(LEAVES)


def receipt_for(index: int) -> Receipt:
    """The receipt for a leaf of the day's log, in the log of all its leaves."""
    return Receipt(LEAVES[index], index, tuple(log_of(LEAVES).inclusion(index)), NOTE)


def ruling(kind: RulingKind) -> Ruling:
    plain = Ruling(DIGEST, kind, FINAL_ID)
    signatures = signed_by_officers(("officer 2", "officer 3"), MessageType.RULING, plain.payload())
    return replace(plain, signatures=signatures)


RELEASE: Final = ruling(RulingKind.RELEASE)
NAMING: Final = ruling(RulingKind.NAME)
REFUSAL: Final = Refusal(ORIGIN, FINAL_ID, Reason.OTHER_ELECTION, OPENING_TIME)
RESEND: Final = Resend(DIGEST, BOX, ORIGIN, 5)
HELLO: Final = Hello(DIGEST, BOX, bytes(range(16)), 41, 9)
CLEARANCE: Final = Clearance(DIGEST, BOX, id_of(MESSAGES[-1]))
_CLOSED: Final = Replacement(DIGEST, ORIGIN, "gateway.example/precinct-17-b", 7)
REPLACEMENT: Final = replace(
    _CLOSED,
    signatures=signed_by_officers(
        ("officer 2", "officer 3"), MessageType.REPLACEMENT, _CLOSED.payload()
    ),
)
REPRINT: Final = Reprint(DIGEST, BOX, FINAL_ID, 2)


def counted_by_hand(count: HandCount, *officers: str) -> HandCount:
    signatures = signed_by_officers(officers, MessageType.HAND_COUNT, count.payload())
    return replace(count, signatures=signatures)


_COUNTED: Final = HandCount(
    election=DIGEST,
    precinct=17,
    contest=2,
    law="example",
    law_digest=law_digest('name = "example"\n'),
    lines=(("1", 100), ("1a", Mark.NO_DATA), ("10", 3), ("11", 1)),
    options=(("votes", (2, Mark.ILLEGIBLE)),),
)
HAND_COUNT: Final = counted_by_hand(_COUNTED, "officer 1", "officer 2")
HAND_CORRECTION: Final = counted_by_hand(
    replace(
        _COUNTED,
        options=(("votes", (2, 1)),),
        version=2,
        corrects=_COUNTED.id,
        reason="the second line was read again",
    ),
    "officer 2",
    "officer 3",
)


def overruling() -> Ruling:
    """Officers name a count by hand, and that its rival was named no longer holds."""
    other = Ruling(DIGEST, RulingKind.NAME, HAND_CORRECTION.id)
    plain = Ruling(DIGEST, RulingKind.NAME, HAND_COUNT.id, overrules=(other.id,))
    signatures = signed_by_officers(("officer 2", "officer 3"), MessageType.RULING, plain.payload())
    return replace(plain, signatures=signatures)


OVERRULING: Final = overruling()
_PUBLISHED: Final = Publication(
    election=DIGEST,
    mode=Mode.TEST,
    status=Status.PRELIMINARY,
    version=1,
    previous=None,
    rules=sha256(b"rules").digest(),
    program=sha256(b"program").digest(),
    configuration=configuration_digest(DEFINITION, SIGNED_REGISTER, ROOT),
    origin=ORIGIN,
    size=len(LEAVES),
    root=log_of(LEAVES).root(),
    result=sha256(b"result").digest(),
)


def released(plain: Publication) -> Publication:
    signatures = signed_by_officers(
        ("officer 2", "officer 3"), MessageType.PUBLICATION, plain.payload()
    )
    return replace(plain, signatures=signatures)


PUBLICATION: Final = released(_PUBLISHED)
CERTIFIED: Final = released(
    replace(
        _PUBLISHED,
        status=Status.CERTIFIED,
        version=2,
        previous=_PUBLISHED.id,
        result=sha256(b"another result").digest(),
    )
)
BY_RELEASE: Final = released(
    replace(_PUBLISHED, version=3, previous=CERTIFIED.id, status=Status.CORRECTION, release=7)
)
_RULES: Final = RulesRelease(DIGEST, 1, _PUBLISHED.rules, _PUBLISHED.program)
RULES_RELEASE: Final = replace(
    _RULES,
    signatures=signed_by_officers(
        ("officer 2", "officer 3"), MessageType.RULES_RELEASE, _RULES.payload()
    ),
)

#: No two numbers alike, so that no two fields can be taken for each other; it keeps no law.
DISTINCT: Final = Report(
    kind=ReportKind.INCIDENT,
    election=DIGEST,
    precinct=1_001,
    box=BOX,
    epoch=1_002,
    boot=1_003,
    sequence=1_004,
    previous=FINAL_ID,
    journal=JournalHead(1_005, sha256(b"journal").digest()),
    counters=Counters(11, 12, 13, 14, 15, 16, 17, 18),
    firmware=FIRMWARE,
    firmware_sequence=1_006,
    state=PollState.PAUSED,
    debug=True,
    clock=Clock(1_007, ClockQuality.FREE_RUNNING, 1_008),
    held=HeldCheckpoint(origin_id(CENTRE), 1_009, sha256(b"checkpoint").digest()),
    incident=Incident(IncidentCode.MEMORY_REPAIRED, 1_010),
)

_HOLDERS: Final = ("officer 1", "officer 2", "officer 3")
_SHARED_ROOT: Final = RootDocument(
    Mode.TEST, 2, tuple(Holder(name, KEYS[name].public) for name in _HOLDERS)
)
ROOT_DOCUMENT: Final = encode_root(_SHARED_ROOT)
SHARED: Final = SharedRoot(Mode.TEST, _SHARED_ROOT.digest)
KEY_CARD: Final = make_card("officer 1", KEYS["officer 1"].public, KEYS["officer 1"].sign)
JOINT_ELECTION: Final = replace(ELECTION, register_signers=_SHARED_ROOT.keys, signers_needed=2)


def _signed_by_two(document: JointDocument) -> bytes:
    for name in ("officer 1", "officer 3"):
        document = document.signed_with(KEYS[name].public, KEYS[name].sign)
    return encode_joint(document)


JOINT_DEFINITION: Final = _signed_by_two(
    JointDocument(MessageType.DEFINITION, ROOT_DOCUMENT, encode_definition(JOINT_ELECTION))
)
_JOINT_DIGEST: Final = election_digest(encode_definition(JOINT_ELECTION))
_JOINT_ENTRIES: Final = replace(REGISTER, election=_JOINT_DIGEST)
JOINT_REGISTER: Final = _signed_by_two(
    JointDocument(MessageType.REGISTER, b"", encode_register(_JOINT_ENTRIES))
)
