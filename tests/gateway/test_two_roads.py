"""One box over two precinct gateways to one centre, in any order: the most severe word holds."""

from itertools import islice

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardReply
from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.verdict import SEVERITY, Verdict
from tests.gateway.below import Levels
from tests.gateway.model import ModelBox
from tests.gateway.proofs import proved
from tests.gateway.scripted import CENTRE, NOW, intake
from tests.gateway.test_exactly_once import GIVEN, LENGTH, scripts

BOX = next(iter(scripts()))
WORDS = scripts()[BOX]
sides = st.sampled_from(["lower", "other"])


class TwoRoads(RuleBasedStateMachine):
    """`words`: per precinct gateway, its newest verdict on each report, as it has travelled."""

    def __init__(self) -> None:
        super().__init__()
        self.levels = Levels(GIVEN)
        self.model = ModelBox()
        self.words: dict[str, dict[ReportId, Verdict]] = {"lower": {}, "other": {}}

    def side(self, name: str) -> object:
        return getattr(self.levels, name)

    @rule(side=sides, first=st.integers(0, LENGTH + 2), count=st.integers(1, 6))
    def report(self, side: str, first: int, count: int) -> None:
        self.side(side).admit(*(word.data for word in WORDS[first : first + count]))

    @rule(side=sides, limit=st.integers(1, 9), lost=st.booleans())
    def carry(self, side: str, limit: int, lost: bool) -> None:
        gateway = self.side(side).intake
        batch = gateway.next_upward(CENTRE, limit)
        if batch is None:
            return
        reply = self.levels.take(batch)
        if isinstance(reply, UpwardConflict):
            assert gateway.upward_conflict(reply, CENTRE) is None
            return
        assert isinstance(reply, UpwardReply)
        self.learn(side, batch)
        self.believe(batch, reply)
        if not lost:
            assert gateway.upward_receipted(batch, reply, CENTRE, NOW) is None

    def learn(self, side: str, batch: UpwardBatch) -> None:
        by_id = {word.id: word for word in WORDS}
        for entry in batch.entries:
            leaf = decode_leaf(entry.leaf)
            self.model.arrive(by_id[leaf.report])
        taken = self.levels.centre.ledger.lower_log(batch.origin).size
        leaves = map(decode_leaf, islice(self.side(side).ledger.leaves(0), taken))
        self.words[side] = {leaf.report: leaf.verdict for leaf in leaves}

    def believe(self, batch: UpwardBatch, reply: UpwardReply) -> None:
        for entry, receipt in zip(batch.entries, reply.receipts, strict=True):
            _, leaf = proved(GIVEN, receipt)
            assert leaf.report == decode_leaf(entry.leaf).report
            assert leaf.verdict is self.expected(leaf.report)

    def expected(self, report: ReportId) -> Verdict:
        said = [words.get(report) for words in self.words.values()]
        objections = [each for each in said if each in (Verdict.QUARANTINED, Verdict.EVIDENCE)]
        return max([self.model.verdicts[report], *objections], key=SEVERITY.__getitem__)

    @rule(side=sides)
    def restart(self, side: str) -> None:
        for scene in (self.side(side), self.levels.centre):
            scene.intake = intake(GIVEN, scene.ledger, scene.origin)

    @invariant()
    def centre_holds_the_most_severe_word(self) -> None:
        rows = self.levels.centre.ledger.reports_of(BOX, 0, None)
        assert {row.id for row in rows} == self.model.verdicts.keys()
        for row in rows:
            assert row.own_verdict is self.model.verdicts[row.id]
            assert row.verdict is self.expected(row.id)

    @invariant()
    def cursor_is_where_the_receipts_end(self) -> None:
        for side in self.words:
            ledger = self.side(side).ledger
            size, delivered = ledger.log_head().size, ledger.delivered(CENTRE)
            stored = [ledger.upper_receipt(CENTRE, at) is not None for at in range(size)]
            assert stored == [at < delivered for at in range(size)]

    def teardown(self) -> None:
        """Without further losses everything arrives."""
        for side in self.words:
            self.carry_all(side)
            ledger = self.side(side).ledger
            assert ledger.delivered(CENTRE) == ledger.log_head().size
        self.centre_holds_the_most_severe_word()

    def carry_all(self, side: str) -> None:
        while self.side(side).intake.next_upward(CENTRE, 9) is not None:
            self.carry(side, 9, lost=False)


TestTwoRoads = TwoRoads.TestCase
TestTwoRoads.settings = settings(max_examples=40, stateful_step_count=20)
