"""Boxes that say exactly what a test tells them to, truthfully signed or not."""

from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256

from ballotbox_gateway.core.intake import Arrival, Identity, Intake, Road, RoadKind
from ballotbox_gateway.core.ports import Binding, Ledger
from ballotbox_gateway.ledger.memory import MemoryLedger
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import NO_REPORT, BoxId, PollState, ReportId
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.officers import sign_as_officer
from ballotbox_protocol.wire.report import (
    WITH_OFFICERS,
    WITH_VOTES,
    Clock,
    ClockQuality,
    Incident,
    IncidentCode,
    JournalHead,
    Report,
    ReportKind,
    encode_report,
)
from ballotbox_protocol.wire.statements import Ruling, RulingKind
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_simulator.authority import FIRMWARE, Authority, Plan, make_authority
from tests.house_law import DIGEST, LAWS

ORIGIN = "rehearsal.example/precinct"
OTHER = "rehearsal.example/precinct-2"
CENTRE = "rehearsal.example/centre"
NOW = 1_800_000_000
ROAD = Road(RoadKind.MQTT, "mqtt")


@cache
def authority(boxes: int = 4, seed: int = 1) -> Authority:
    """An election small enough to be made once per run."""
    return make_authority(Plan(seed=seed, boxes=boxes, origins=(ORIGIN, OTHER, CENTRE)))


def binding(trusted: Trusted, origin: str = ORIGIN) -> Binding:
    return Binding(origin, trusted.digest, trusted.register.version)


def memory(given: Authority, origin: str = ORIGIN) -> MemoryLedger:
    return MemoryLedger(binding(given.trusted, origin))


def intake(given: Authority, ledger: Ledger, origin: str = ORIGIN) -> Intake:
    return Intake(given.trusted, Identity(origin, given.gateway_keys[origin]), ledger, laws=LAWS)


def arrivals(*messages: bytes, road: Road = ROAD) -> list[Arrival]:
    return [Arrival(message, road) for message in messages]


def report_id(message: bytes) -> ReportId:
    return ReportId(cose.statement_id(cose.parse(message).statement))


def sign_report(report: Report, key: PrivateKey) -> bytes:
    return cose.sign(key.public, key.sign, MessageType.REPORT, encode_report(report))


_JAM = Incident(IncidentCode.SHEET_JAMMED, 1)
_STATE_AFTER = {
    ReportKind.ZERO: PollState.ZERO,
    ReportKind.OPEN: PollState.OPEN,
    ReportKind.CLOSE: PollState.CLOSED,
    ReportKind.FINAL: PollState.FINAL,
}


def votes_for(given: Authority, ballots: int) -> tuple[int, ...]:
    """A lawful row: every ballot is of the first style and marks the first option everywhere."""
    layout = Layout.of(given.trusted.election)
    row = [0] * layout.size
    for span in layout.spans:
        allowed = span.contest.votes_allowed
        row[span.start] = ballots
        row[span.start + 2] = ballots * (allowed - 1)
        row[span.votes.start] = ballots
    return tuple(row)


@dataclass
class ScriptedBox:
    """One box's own view; `report` moves it on, `forge` does not."""

    given: Authority
    number: int = 1
    said: list[bytes] = field(default_factory=list)
    last: Report | None = None
    last_id: ReportId = NO_REPORT
    officers: tuple[int, int] = (0, 1)

    @property
    def box(self) -> BoxId:
        return self.given.trusted.register.boxes[self.number - 1].box

    @property
    def key(self) -> PrivateKey:
        return self.given.box_keys[self.box]

    def next_report(self, kind: ReportKind, **changes: object) -> Report:
        last = self.last
        entry = self.given.trusted.register.boxes[self.number - 1]
        counters = last.counters if last else Counters(lifetime=100)
        accepted = int(changes.pop("accept", 0))  # type: ignore[call-overload]
        if accepted:
            counters = replace(
                counters,
                presented=counters.presented + accepted,
                accepted=counters.accepted + accepted,
                box=counters.box + accepted,
                ballots=counters.ballots + accepted,
                lifetime=counters.lifetime + accepted,
            )
        fields = {
            "kind": kind,
            "election": self.given.trusted.digest,
            "precinct": entry.precinct,
            "box": self.box,
            "epoch": entry.epoch,
            "boot": (last.boot if last else 0) + (kind is ReportKind.BOOT),
            "sequence": last.sequence + 1 if last else 0,
            "previous": self.last_id,
            "journal": JournalHead((last.journal.size if last else 0) + 3, sha256(b"j").digest()),
            "counters": counters,
            "firmware": FIRMWARE,
            "firmware_sequence": 1,
            "state": _STATE_AFTER.get(kind, last.state if last else PollState.SETUP),
            "debug": False,
            "clock": Clock(NOW, ClockQuality.SYNCHRONISED, 1),
            "incident": _JAM if kind is ReportKind.INCIDENT else None,
            "votes": votes_for(self.given, counters.ballots) if kind in WITH_VOTES else None,
        } | changes
        report = Report(**fields)  # type: ignore[arg-type]
        if kind in WITH_OFFICERS and "signatures" not in changes:
            report = replace(report, signatures=self.consents(report))
        return report

    def consents(self, report: Report, *officers: int) -> tuple:
        body = encode_report(replace(report, signatures=()))
        keys = [self.given.officer_keys[each] for each in officers or self.officers]
        return tuple(
            sign_as_officer(key.public, key.sign, MessageType.CONSENT, body) for key in keys
        )

    def forge(self, kind: ReportKind, **changes: object) -> bytes:
        """A signed report that the box itself does not remember."""
        return sign_report(self.next_report(kind, **changes), self.key)

    def report(self, kind: ReportKind, **changes: object) -> bytes:
        report = self.next_report(kind, **changes)
        message = sign_report(report, self.key)
        self.said.append(message)
        self.last, self.last_id = report, report_id(message)
        return message

    def open_poll(self) -> list[bytes]:
        return [self.report(kind) for kind in (ReportKind.BOOT, ReportKind.ZERO, ReportKind.OPEN)]

    def day(self, turnouts: int = 2) -> list[bytes]:
        messages = self.open_poll()
        messages += [self.report(ReportKind.TURNOUT, accept=10) for _ in range(turnouts)]
        messages += [self.report(kind) for kind in (ReportKind.CLOSE, ReportKind.FINAL)]
        return messages


def ruling(
    given: Authority,
    kind: RulingKind,
    report: ReportId,
    officers: tuple = (0, 1),
    overrules: tuple = (),
) -> bytes:
    bare = Ruling(given.trusted.digest, kind, report, overrules=tuple(sorted(overrules)))
    signatures = tuple(
        sign_as_officer(key.public, key.sign, MessageType.RULING, bare.payload())
        for key in (given.officer_keys[each] for each in officers)
    )
    return replace(bare, signatures=signatures).to_bytes()


def counted(given: Authority, officers: tuple = (0, 1), **changes: object) -> HandCount:
    """A count by hand of the district in the first precinct, in the lines of the house law."""
    election = given.trusted.election
    bare = HandCount(
        election=given.trusted.digest,
        precinct=election.precincts[0].number,
        contest=1,
        law="house",
        law_digest=DIGEST,
        lines=(("1", 105), ("1a", 5)),
        options=(("votes", (60, 30, 10, 0)),),
    )
    bare = replace(bare, **changes)  # type: ignore[arg-type]
    signatures = tuple(
        sign_as_officer(key.public, key.sign, MessageType.HAND_COUNT, bare.payload())
        for key in (given.officer_keys[each] for each in officers)
    )
    return replace(bare, signatures=signatures)


def corrected(given: Authority, before: HandCount, why: str = "read again", **changes) -> HandCount:
    """The next version after `before`, with these changes."""
    number = {"version": before.version + 1, "corrects": before.id, "reason": why}
    kept = {"lines": before.lines, "options": before.options, "precinct": before.precinct}
    return counted(given, **(kept | number | changes))
