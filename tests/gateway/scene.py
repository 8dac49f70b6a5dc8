"""One gateway with one box before it: what each test of a decision starts from."""

from dataclasses import replace

from ballotbox_gateway.core.intake import Admission, Answer, Arrival, Intake, Outcome, Road
from ballotbox_gateway.core.ports import StoredReport
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.register import BoxEntry, Register
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_simulator.authority import Authority, seeded_key, with_register
from tests.gateway.scripted import (
    NOW,
    ORIGIN,
    ROAD,
    ScriptedBox,
    authority,
    intake,
    memory,
    report_id,
)


class Scene:
    """A gateway over a ledger in memory, and box 1."""

    def __init__(self, given: Authority | None = None, origin: str = ORIGIN) -> None:
        self.given = given or authority()
        self.origin = origin
        self.ledger = memory(self.given, origin)
        self.intake: Intake = intake(self.given, self.ledger, origin)
        self.box = ScriptedBox(self.given)
        self.now = NOW

    def admit(self, *messages: bytes, road: Road = ROAD) -> Admission:
        self.now += 1
        return self.intake.admit([Arrival(message, road) for message in messages], self.now)

    def answer(self, message: bytes, road: Road = ROAD) -> Answer:
        """Deliver one message and return what is said to it."""
        return self.admit(message, road=road).answers[0]

    def send(self, kind: ReportKind, **changes: object) -> Answer:
        """Let the box report, and deliver it."""
        return self.answer(self.box.report(kind, **changes))

    def until(self, last: ReportKind) -> "Scene":
        """Live the box's day up to and including the first report of this kind."""
        for kind in (*_DAY, None):
            assert kind is not None, last
            answer = self.send(kind, **({"accept": 10} if kind is ReportKind.TURNOUT else {}))
            assert answer.outcome is Outcome.ACCEPTED, answer
            if kind is last:
                return self
        raise AssertionError(last)

    def row(self, message: bytes) -> StoredReport:
        found = self.ledger.report(report_id(message))
        assert found is not None
        return found

    def counters(self, **changes: int) -> Counters:
        """The box's counters as they are, but for these."""
        assert self.box.last is not None
        return replace(self.box.last.counters, **changes)

    def votes(self, *edits: tuple[int, int]) -> tuple[int, ...]:
        """A lawful row for ten ballots, but for these (place, count)."""
        row = list(_lawful(self.given))
        for place, count in edits:
            row[place] = count
        return tuple(row)

    def place(self, contest: int, offset: int) -> int:
        """Where a contest's count stands in the row."""
        return Layout.of(self.given.trusted.election).spans[contest].start + offset

    def with_entries(self, *entries: BoxEntry) -> "Scene":
        """Use a register in which these stand besides or instead of the box's entry."""
        self.given = amended(self.given, *entries)
        self.intake.replace_register(self.given.trusted)
        return self


_DAY = (
    ReportKind.BOOT,
    ReportKind.ZERO,
    ReportKind.OPEN,
    ReportKind.TURNOUT,
    ReportKind.CLOSE,
    ReportKind.FINAL,
)


def _lawful(given: Authority) -> tuple[int, ...]:
    layout = Layout.of(given.trusted.election)
    row = [0] * layout.size
    for span in layout.spans:
        row[span.start] = 10
        row[span.start + 2] = 10 * (span.contest.votes_allowed - 1)
        row[span.votes.start] = 10
    return tuple(row)


def amended(given: Authority, *entries: BoxEntry) -> Authority:
    """The next register: these entries replace those of the same box and epoch, or are added."""
    register = given.trusted.register
    new = {(entry.box, entry.epoch): entry for entry in entries}
    kept = [new.pop((entry.box, entry.epoch), entry) for entry in register.boxes]
    return with_register(
        given,
        Register(
            register.election,
            register.version + 1,
            (*kept, *new.values()),
            register.gateways,
            register.officers,
        ),
    )


def next_epoch(box: ScriptedBox) -> tuple[BoxEntry, object]:
    """The register's entry of the box's next key, and that key."""
    entry = box.given.trusted.register.boxes[box.number - 1]
    key = seeded_key(9, "next key", box.number)
    return replace(entry, key=key.public, epoch=entry.epoch + 1), key
