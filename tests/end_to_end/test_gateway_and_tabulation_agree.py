"""Whatever a gateway went through, its exported log tabulates to what the gateway itself believes.

Neither imports the other: what they share is the log.
"""

from collections.abc import Sequence
from functools import cache

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from ballotbox_gateway.core.upward import UpwardReply
from ballotbox_protocol.election.identifiers import NO_REPORT, ReportId
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.tiles import CHECKPOINT_PATH, export_attachments, export_tiles
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.evidence import VerifiedLeaf
from ballotbox_tabulation.core.fold import BoxState, Fold, Use
from ballotbox_tabulation.core.log import OpenedLog, open_log, read_leaves
from tests.gateway.below import Levels
from tests.gateway.scene import Scene
from tests.gateway.scripted import CENTRE, NOW, ScriptedBox, authority, report_id, ruling

K = ReportKind
GIVEN = authority()
_LATE = (K.TURNOUT, K.CLOSE, K.FINAL, K.CORRECTION, K.FINAL)


def _say(box: ScriptedBox, kind: ReportKind, **changes: object) -> bytes:
    if kind is K.CORRECTION:
        changes["corrects"] = report_id(box.said[-1])
    return box.report(kind, **changes)


@cache
def messages() -> tuple[bytes, ...]:
    """A day, the end of another day as a copied box would tell it, and a few odd reports."""
    box, twin, odd = (ScriptedBox(GIVEN) for _ in range(3))
    said = box.open_poll()
    for copy in (twin, odd):
        copy.open_poll()
    said += [_say(box, kind, accept=2 * (kind is K.TURNOUT)) for kind in _LATE]
    said += [_say(twin, kind, accept=3 * (kind is K.TURNOUT)) for kind in _LATE]
    odd.report(K.TURNOUT, accept=2)
    said.append(odd.forge(K.CLOSE, firmware=bytes(32)))
    said.append(odd.forge(K.INCIDENT, sequence=6, previous=bytes(32)))
    return tuple(said)


def files_of(scene: Scene) -> dict[str, bytes]:
    """The log as the static files that leave the house."""
    size = scene.ledger.log_head().size
    entries = scene.ledger.entries(0, size)
    tree = Tree([leaf_hash(entry.leaf) for entry in entries])
    beside = (cbor.encode([entry.report, entry.ruling, entry.note]) for entry in entries)
    return {
        **dict(export_tiles(tree, (entry.leaf for entry in entries))),
        **dict(export_attachments(size, beside)),
        CHECKPOINT_PATH: scene.intake._books.log.note_at(size),
    }


def agree(scene: Scene) -> None:
    """Fold the exported log, and compare with the ledger it came from."""
    if not scene.ledger.log_head().size:
        return
    opened = open_log(files_of(scene).get, GIVEN.trusted)
    assert isinstance(opened, OpenedLog), opened
    fold = Fold(GIVEN.trusted.register)
    for leaf in read_leaves(opened):
        assert isinstance(leaf, VerifiedLeaf), leaf
        assert leaf.objection is None, leaf
        assert fold.add(leaf) is None
    assert fold.contradictions() == []
    head = scene.ledger.box_head(scene.box.box)
    (result,) = [each for each in fold.standings().boxes if each.box == scene.box.box]
    assert (result.state is BoxState.DISPUTED) == (head.disputed > 0)
    believed = {row.id: row.verdict for row in scene.ledger.reports_of(scene.box.box, 0, None)}
    for listed in result.reports:
        # A correction of a final that does not count (now) is left out by the tabulation itself.
        left_out = listed.kind is K.CORRECTION and listed.reason is Reason.CORRECTS
        assert left_out or listed.verdict is believed[listed.id]
        counted = listed.use in (Use.COUNTED, Use.REPLACED)
        assert not counted or believed[listed.id] is Verdict.ACCEPTED
    assert (result.state is BoxState.COUNTED) == counts_one(head, believed)


def counts_one(head: object, believed: dict[ReportId, Verdict]) -> bool:
    final = head.facts.final
    accepted = final != NO_REPORT and believed[final] is Verdict.ACCEPTED
    return accepted and not head.disputed


class AnyElectionDay(RuleBasedStateMachine):
    """Reports at a precinct gateway or at the centre, rulings at either, stretches upward."""

    def __init__(self) -> None:
        super().__init__()
        self.levels = Levels(GIVEN)

    def scene(self, name: str) -> Scene:
        return getattr(self.levels, name)

    levels_ = st.sampled_from(["lower", "centre"])

    @rule(at=levels_, first=st.integers(0, 14), count=st.integers(1, 8))
    def report(self, at: str, first: int, count: int) -> None:
        self.scene(at).admit(*messages()[first : first + count])

    @initialize(at=levels_, count=st.integers(1, 8))
    def begin(self, at: str, count: int) -> None:
        self.report(at, 0, count)

    @rule(at=levels_, data=st.data(), count=st.integers(1, 3))
    def rule_on_what_is_open(self, at: str, data: st.DataObject, count: int) -> None:
        scene = self.scene(at)
        for _ in range(count):
            rows = scene.ledger.reports_of(scene.box.box, 0, None)
            open_rows = [row for row in rows if row.verdict is not Verdict.ACCEPTED]
            if open_rows:
                row = data.draw(st.sampled_from(open_rows))
                evidence = row.verdict is Verdict.EVIDENCE
                kind = RulingKind.NAME if evidence else RulingKind.RELEASE
                scene.intake.rule(ruling(GIVEN, kind, row.id), NOW)

    @rule(limit=st.integers(1, 9))
    def carry(self, limit: int) -> None:
        batch = self.levels.lower.intake.next_upward(CENTRE, limit)
        if batch is not None:
            reply = self.levels.take(batch)
            assert isinstance(reply, UpwardReply)
            stored: Sequence[bytes] = reply.receipts
            assert len(stored) == len(batch.entries)
            assert self.levels.lower.intake.upward_receipted(batch, reply, CENTRE, NOW) is None

    def teardown(self) -> None:
        agree(self.levels.lower)
        agree(self.levels.centre)


TestAnyElectionDay = AnyElectionDay.TestCase
TestAnyElectionDay.settings = settings(max_examples=100, stateful_step_count=12)
