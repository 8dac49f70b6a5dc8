"""Do a gateway and the tabulation of its log agree on every box, whatever happened to it?

The gateway keeps rows and moves them; the tabulation folds leaves. They share no code, so where
they agree on which final counts, what is disputed and what is awaited, the log told everything.
"""

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import NO_REPORT
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.report import JournalHead, ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.tiles import CHECKPOINT_PATH, export_attachments, export_tiles
from ballotbox_tabulation.core.fold import BoxState, Standings
from ballotbox_tabulation.core.log import OpenedLog, open_log, read_leaves
from ballotbox_tabulation.core.outcome import read_standings
from tests.gateway.scene import Scene
from tests.gateway.scripted import ScriptedBox, report_id, ruling

K = ReportKind
#: A journal that no honest box has at this point: what makes a rival of a report.
_OTHER_JOURNAL = JournalHead(90, bytes(32))


def reports_of(scene: Scene) -> list[bytes]:
    """Return what one box and its rival twins can say of one day, in no order that matters."""
    box = ScriptedBox(scene.given)
    said = box.open_poll()
    for kind in (K.TURNOUT, K.CLOSE, K.FINAL):
        twin = copy.copy(box)
        said.append(twin.report(kind, journal=_OTHER_JOURNAL))
        said += _to_the_end(twin)
        said.append(box.report(kind, **({"accept": 10} if kind is K.TURNOUT else {})))
    said.append(box.report(K.INCIDENT, firmware=bytes(32)))
    return said + _corrections(box)


def _to_the_end(box: ScriptedBox) -> list[bytes]:
    """Let a box go on from turnout or close to its final, whichever comes next."""
    assert box.last is not None
    kinds = {K.TURNOUT: (K.CLOSE, K.FINAL), K.CLOSE: (K.FINAL,), K.FINAL: ()}[box.last.kind]
    return [box.report(kind) for kind in kinds]


def _corrections(box: ScriptedBox) -> list[bytes]:
    final = report_id(box.said[-2])
    first = box.report(K.CORRECTION, corrects=final)
    return [first, box.report(K.CORRECTION, corrects=report_id(first))]


def export(scene: Scene) -> dict[str, bytes]:
    """Return the gateway's log as its export writes it."""
    size = scene.ledger.log_head().size
    entries = scene.ledger.entries(0, size)
    tree = Tree([leaf_hash(entry.leaf) for entry in entries])
    files = dict(export_tiles(tree, [entry.leaf for entry in entries]))
    parts = [cbor.encode([each.report, each.ruling, each.note]) for each in entries]
    files |= export_attachments(size, parts)
    files[CHECKPOINT_PATH] = scene.ledger.checkpoint_at(size).note
    return files


def tabulated(scene: Scene) -> Standings:
    opened = open_log(export(scene).get, scene.given.trusted)
    assert isinstance(opened, OpenedLog), opened
    standings = read_standings(opened, read_leaves(opened))
    assert isinstance(standings, Standings), standings
    return standings


def assert_agreed(scene: Scene) -> None:
    head = scene.ledger.box_head(scene.box.box)
    (box,) = (box for box in tabulated(scene).boxes if box.box == scene.box.box)
    assert (box.state is BoxState.DISPUTED) == (head.disputed > 0)
    if head.disputed:
        assert box.counts == ()
        return
    facts = head.facts
    counted = facts.final if facts.correction == NO_REPORT else facts.correction
    expected = [] if facts.final == NO_REPORT else [counted]
    assert [count.report for count in box.counts] == expected
    assert (box.state is BoxState.COUNTED) == (facts.final != NO_REPORT)
    if box.state is BoxState.HELD:
        assert box.waiting_for == head.sequence + 1


_STEPS = st.lists(
    st.tuples(st.sampled_from(["send", "send", "send", "release", "name"]), st.integers(0, 99)),
    min_size=1,
    max_size=40,
)


def live(scene: Scene, steps: list[tuple[str, int]]) -> None:
    """Deliver and rule as the steps say."""
    reports = reports_of(scene)
    scene.admit(reports[0])
    for step, number in steps:
        report = reports[number % len(reports)]
        if step == "send":
            scene.admit(report)
        else:
            kind = RulingKind.RELEASE if step == "release" else RulingKind.NAME
            scene.intake.rule(ruling(scene.given, kind, report_id(report)), scene.now)


@settings(max_examples=150)
@given(_STEPS)
def test_they_agree_after_any_history(steps: list[tuple[str, int]]) -> None:
    scene = Scene()
    live(scene, steps)
    assert_agreed(scene)


@settings(max_examples=150)
@given(_STEPS)
def test_they_agree_when_a_day_goes_well_until_it_does_not(steps: list[tuple[str, int]]) -> None:
    """The honest branch first and whole, so that disputes and rulings meet a counted final."""
    scene = Scene()
    box = ScriptedBox(scene.given)
    for message in box.day(turnouts=1):
        scene.admit(message)
    live(scene, steps)
    assert_agreed(scene)
