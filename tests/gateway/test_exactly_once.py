"""Every report is decided once and kept, whatever the order, the repeats, restarts and rivals."""

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ballotbox_gateway.core.intake import Intake, Outcome, RulingResult
from ballotbox_gateway.core.ports import Ledger, Tally
from ballotbox_gateway.ledger import postgresql_opening
from ballotbox_gateway.ledger.memory import MemoryLedger
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.report import Incident, IncidentCode, ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Verdict
from tests.databases import NewSchema
from tests.gateway.model import ModelBox, Word
from tests.gateway.proofs import receipted
from tests.gateway.scripted import (
    NOW,
    ScriptedBox,
    arrivals,
    authority,
    binding,
    intake,
    memory,
    report_id,
    ruling,
)

GIVEN = authority()
BOXES = (1, 2)
FORK, LENGTH = 4, 9
_BAD = {5, 7}
_NO_FIRMWARE = bytes(32)


def _word(box: ScriptedBox, sequence: int, detail: int) -> Word:
    good = sequence not in _BAD
    changes = {} if good else {"firmware": _NO_FIRMWARE}
    if sequence < 3:
        kind = (ReportKind.BOOT, ReportKind.ZERO, ReportKind.OPEN)[sequence]
    else:
        kind = ReportKind.INCIDENT
        changes["incident"] = Incident(IncidentCode.SHEET_JAMMED, detail)
    previous = box.last_id
    data = box.report(kind, **changes)
    return Word(report_id(data), sequence, previous, good, data)


@cache
def scripts() -> dict[BoxId, tuple[Word, ...]]:
    """Per box, a chain and a second branch of the same sequences, as from a copied box."""
    found = {}
    for number in BOXES:
        box, twin = ScriptedBox(GIVEN, number), ScriptedBox(GIVEN, number)
        chain = [_word(box, sequence, 1) for sequence in range(LENGTH)]
        for sequence in range(FORK):
            _word(twin, sequence, 1)
        branch = [_word(twin, sequence, 2) for sequence in range(FORK, FORK + 3)]
        found[box.box] = (*chain, *branch)
    return found


ALL = [(box, at) for box in scripts() for at in range(LENGTH + 3)]
some = st.sampled_from(ALL)
which_intake = st.integers(0, 1)
KIND_FOR = {
    Verdict.EVIDENCE: RulingKind.NAME,
    Verdict.HELD: RulingKind.RELEASE,
    Verdict.QUARANTINED: RulingKind.RELEASE,
}


class GatewayMachine(RuleBasedStateMachine):
    """Two intakes over one ledger, two boxes with twins, two officers, any order at all."""

    def __init__(self) -> None:
        super().__init__()
        self.models = {box: ModelBox() for box in scripts()}
        self.receipts: dict[ReportId, bytes] = {}
        self.arrived = 0
        self.now = NOW

    def open_ledger(self) -> Ledger:
        raise NotImplementedError

    def reopen(self) -> Ledger:
        raise NotImplementedError

    def seats(self) -> list[Intake]:
        return [intake(GIVEN, self.ledger) for _ in range(2)]

    @initialize()
    def begin(self) -> None:
        self.ledger = self.open_ledger()
        self.intakes = self.seats()

    @rule(
        box=st.sampled_from(list(scripts())),
        first=st.integers(0, LENGTH + 2),
        count=st.integers(1, LENGTH + 3),
        which=which_intake,
    )
    def deliver_in_order(self, box: BoxId, first: int, count: int, which: int) -> None:
        self.deliver([(box, at) for at in range(first, min(first + count, LENGTH + 3))], which)

    @rule(chosen=st.lists(some, min_size=1, max_size=6), which=which_intake)
    def deliver_at_random(self, chosen: Sequence[tuple[BoxId, int]], which: int) -> None:
        self.deliver(chosen, which)

    def deliver(self, chosen: Sequence[tuple[BoxId, int]], which: int) -> None:
        self.now += 1
        words = [(box, scripts()[box][at]) for box, at in chosen]
        admission = self.intakes[which].admit(arrivals(*(w.data for _, w in words)), self.now)
        new = [self.models[box].arrive(word) for box, word in words]
        for (box, word), fresh, answer in zip(words, new, admission.answers, strict=True):
            verdict = self.models[box].verdicts[word.id]
            assert receipted(GIVEN, answer.message) == (word.id, verdict)
            assert answer.outcome is (Outcome(verdict) if fresh else Outcome.DUPLICATE)
            self.receipts[word.id] = answer.message.payload
        self.hear(admission.also)

    def hear(self, also: Sequence[tuple[BoxId, object]]) -> None:
        for box, message in also:
            if message.kind.name == "RECEIPT":
                report, verdict = receipted(GIVEN, message)
                assert self.models[box].verdicts[report] is verdict
                self.receipts[report] = message.payload

    @rule(chosen=some, kind=st.sampled_from(RulingKind), which=which_intake)
    def rule_on_anything(self, chosen: tuple[BoxId, int], kind: RulingKind, which: int) -> None:
        box, at = chosen
        self.ruling(box, scripts()[box][at].id, kind, which)

    @rule(data=st.data(), which=which_intake)
    def rule_where_it_matters(self, data: st.DataObject, which: int) -> None:
        open_questions = [
            (box, report, KIND_FOR[verdict])
            for box, model in self.models.items()
            for report, verdict in model.verdicts.items()
            if verdict in KIND_FOR
        ]
        if open_questions:
            self.ruling(*data.draw(st.sampled_from(open_questions)), which)

    def ruling(self, box: BoxId, report: ReportId, kind: RulingKind, which: int) -> None:
        self.now += 1
        outcome = self.intakes[which].rule(ruling(GIVEN, kind, report), self.now)
        model = self.models[box]
        changed = model.release(report) if kind is RulingKind.RELEASE else model.name(report)
        assert (outcome.result is RulingResult.APPLIED) == changed
        self.hear(outcome.also)

    @rule()
    def restart(self) -> None:
        self.ledger = self.reopen()
        self.intakes = self.seats()

    @invariant()
    def ledger_holds_what_the_model_believes(self) -> None:
        for box, model in self.models.items():
            rows = self.ledger.reports_of(box, 0, None)
            assert {row.id: row.verdict for row in rows} == model.verdicts
            head = self.ledger.box_head(box)
            assert (head.sequence, head.disputed) == (model.head, len(model.disputed))
            accepted = [row.sequence for row in rows if row.verdict is Verdict.ACCEPTED]
            assert len(accepted) == len(set(accepted)), "a sequence is counted twice"

    @invariant()
    def log_says_the_same(self) -> None:
        leaves = [decode_leaf(leaf) for leaf in self.ledger.leaves(0)]
        newest = {leaf.report: leaf.verdict for leaf in leaves}
        believed: dict[ReportId, Verdict] = {}
        for model in self.models.values():
            believed |= model.verdicts
        assert newest == believed
        assert len(leaves) == sum(model.decisions for model in self.models.values())
        counted = sum(n for (tally, _), n in self.ledger.counts().items() if tally is Tally.LEAVES)
        assert counted == len(leaves)

    @invariant()
    def boxes_hold_the_newest_receipts(self) -> None:
        known = [(box, word) for box in scripts() for word in scripts()[box]]
        asked = [(b, w) for b, w in known if w.id in self.models[b].verdicts]
        if not asked:
            return
        answers = self.intakes[0].admit(arrivals(*(w.data for _, w in asked)), self.now).answers
        for (_, word), answer in zip(asked, answers, strict=True):
            assert answer.outcome is Outcome.DUPLICATE
            assert answer.message.payload == self.receipts[word.id]


class MemoryGateway(GatewayMachine):
    def open_ledger(self) -> MemoryLedger:
        return memory(GIVEN)

    def reopen(self) -> Ledger:
        return self.ledger


class SqliteGateway(GatewayMachine):
    def open_ledger(self) -> Ledger:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "ledger"
        create(self.path, binding(GIVEN.trusted))
        return open_ledger(self.path)

    def reopen(self) -> Ledger:
        self.ledger.close()
        return open_ledger(self.path)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.ledger.close()
            self.folder.cleanup()


class PostgresqlGateway(GatewayMachine):
    """Each intake over a connection of its own, as two processes have it; a third one looks on."""

    new_schema: NewSchema

    def open_ledger(self) -> Ledger:
        self.settings = self.new_schema()
        self.opened: list[Ledger] = []
        postgresql_opening.create(self.settings, binding(GIVEN.trusted))
        return self._another()

    def _another(self) -> Ledger:
        ledger = postgresql_opening.open_ledger(self.settings)
        self.opened.append(ledger)
        return ledger

    def reopen(self) -> Ledger:
        self.teardown()
        return self._another()

    def seats(self) -> list[Intake]:
        return [intake(GIVEN, self._another()) for _ in range(2)]

    def teardown(self) -> None:
        for ledger in getattr(self, "opened", ()):
            ledger.close()


class TestPostgresqlGateway(PostgresqlGateway.TestCase):
    settings = settings(max_examples=10, stateful_step_count=12)

    @pytest.fixture(autouse=True)
    def _cluster(self, new_schema: NewSchema) -> None:
        PostgresqlGateway.new_schema = staticmethod(new_schema)


TestMemoryGateway = MemoryGateway.TestCase
TestMemoryGateway.settings = settings(max_examples=60, stateful_step_count=25)
TestSqliteGateway = SqliteGateway.TestCase
TestSqliteGateway.settings = settings(max_examples=15, stateful_step_count=15)
