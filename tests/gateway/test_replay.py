"""Does a ledger that is made again from its log know what the lost one knew?"""

import inspect
from dataclasses import replace

import pytest
from hypothesis import settings

from ballotbox_gateway.core.books import Books
from ballotbox_gateway.core.count_namings import naming_place
from ballotbox_gateway.core.intake import Identity
from ballotbox_gateway.core.ports import Damaged, Entry, Ledger
from ballotbox_gateway.core.replay import replay
from ballotbox_gateway.ledger.memory import MemoryLedger
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.hand_count import is_hand_count_place
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf, encode_leaf
from ballotbox_protocol.wire.merkle import EMPTY_ROOT
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import Authority, with_register
from tests.gateway import test_from_below, test_namings, test_rulings, test_stretches
from tests.gateway.below import Levels
from tests.gateway.scene import Scene
from tests.gateway.scripted import CENTRE, ORIGIN, binding, intake, report_id, ruling
from tests.gateway.test_exactly_once import GIVEN, MemoryGateway
from tests.house_law import LAWS

K = ReportKind


def again(given: Authority, ledger: Ledger, origin: str = ORIGIN, trusted: Trusted | None = None):
    """A new ledger made of what the log of the old one holds."""
    entries = ledger.entries(0, ledger.log_head().size)
    return made_of(entries, given, origin, trusted)


def made_of(entries, given=GIVEN, origin=ORIGIN, trusted=None):
    trusted = trusted or given.trusted
    new = MemoryLedger(binding(trusted, origin))
    replay(Books(trusted, Identity(origin, given.gateway_keys[origin]), new, LAWS), entries)
    return new


def known(ledger: Ledger):
    """All that follows from a log: heads but for their versions, and the rows of all it tells of.

    What lower gateways think that makes no difference is not in it; they say it again.
    """
    heads = [head._replace(version=0) for head in ledger.box_heads()]
    told = {decode_leaf(leaf).report for leaf in ledger.leaves(0)}
    boxes = {row.box for each in told if (row := ledger.report(each)) is not None}
    # An overruling naming has a row of its own id, beside the counts of its station.
    boxes |= {naming_place(box) for box in boxes if is_hand_count_place(box)}
    rows = [row for box in sorted(boxes) for row in ledger.reports_of(box, 0, None)]
    assert told <= {row.id for row in rows}
    return ledger.log_head(), heads, [row._replace(below=b"") for row in rows]


class LosingGateway(MemoryGateway):
    """Every restart finds a ledger that was made again."""

    def reopen(self) -> Ledger:
        new = again(GIVEN, self.ledger)
        assert known(new) == known(self.ledger)
        return new


TestLosingGateway = LosingGateway.TestCase
TestLosingGateway.settings = settings(max_examples=30, stateful_step_count=25)


def scenarios():
    """The tests of rulings, rivals and levels that need no parameters."""
    for module in (test_rulings, test_namings, test_from_below, test_stretches):
        for name, function in vars(module).items():
            if name.startswith("test_") and not inspect.signature(function).parameters:
                yield pytest.param(function, id=name)


@pytest.mark.parametrize("scenario", list(scenarios()))
def test_what_befell_a_gateway_is_repeated(scenario, monkeypatch) -> None:
    scenes = []
    real = Scene.__init__

    def recorded(self, *args, **kwargs):
        real(self, *args, **kwargs)
        scenes.append(self)

    monkeypatch.setattr(Scene, "__init__", recorded)
    scenario()
    for scene in scenes:
        trusted = scene.intake._books.roster.trusted
        new = again(scene.given, scene.ledger, scene.origin, trusted=trusted)
        assert known(new) == known(scene.ledger)


def test_a_centre_that_was_made_again_takes_its_lower_logs_in_anew() -> None:
    levels = Levels()
    day = levels.box.day(5)
    levels.lower.admit(*day)
    levels.carry(levels.lower, 4)
    before = levels.centre.ledger
    levels.centre.ledger = again(levels.given, before, CENTRE)
    levels.centre.intake = intake(levels.given, levels.centre.ledger, CENTRE)
    assert levels.centre.ledger.lower_log(ORIGIN).size == 0
    late = levels.box.report(K.INCIDENT)
    levels.lower.admit(late)
    levels.carry(levels.lower, 4)
    assert levels.centre.ledger.lower_log(ORIGIN).size == len(day) + 1
    assert levels.centre.ledger.log_head().size == before.log_head().size + 1
    assert levels.centre.row(late).verdict is Verdict.ACCEPTED


def story() -> tuple[Scene, list[Entry]]:
    """Six leaves: three in order, one quarantined and released, one after it."""
    scene = Scene().until(K.OPEN)
    aside = scene.box.report(K.TURNOUT, firmware=bytes(32))
    scene.admit(aside)
    scene.now += 1
    scene.intake.rule(ruling(scene.given, RulingKind.RELEASE, report_id(aside)), scene.now)
    scene.send(K.TURNOUT)
    return scene, scene.ledger.entries(0, 6)


def test_a_verdict_stands_although_the_register_would_have_it_otherwise_now() -> None:
    """The firmware was not listed then; now it is."""
    scene, entries = story()
    entry = scene.given.trusted.register.boxes[0]
    scene.with_entries(replace(entry, firmware=(*entry.firmware, bytes(32))))
    new = made_of(entries, scene.given)
    assert known(new) == known(scene.ledger)


def test_a_ruling_stands_although_its_officers_have_left() -> None:
    scene, entries = story()
    register = scene.given.trusted.register
    left = Register(register.election, 2, register.boxes, register.gateways, register.officers[2:])
    new = made_of(entries, with_register(scene.given, left))
    assert known(new) == known(scene.ledger)


def leaf_of(entry: Entry, **changes: object) -> Entry:
    return entry._replace(leaf=encode_leaf(replace(decode_leaf(entry.leaf), **changes)))


def signed_nonsense() -> bytes:
    key = GIVEN.box_keys[GIVEN.trusted.register.boxes[0].box]
    return cose.sign(key.public, key.sign, MessageType.REPORT, b"\xa0")


LIES = {
    "no leaf": (lambda e: e[1]._replace(leaf=b"\xa0"), "leaf 1 is none"),
    "another report": (
        lambda e: e[1]._replace(report=e[2].report),
        "the report of leaf 1 is not the one it decides on",
    ),
    "no report": (
        lambda e: e[1]._replace(report=None),
        "the report of leaf 1 is not the one it decides on",
    ),
    "a report without a body": (
        lambda e: leaf_of(e[1], report=report_id(signed_nonsense()))._replace(
            report=signed_nonsense()
        ),
        "the report of leaf 1 is none",
    ),
    "another verdict": (
        lambda e: leaf_of(e[1], verdict=Verdict.HELD, reason=Reason.GAP_BEFORE),
        "the decision of leaf 1 does not come out again",
    ),
    "a decision again": (
        lambda e: e[0]._replace(position=1),
        "the decision of leaf 1 does not come out again",
    ),
    "a decision again from below": (
        lambda e: e[0]._replace(position=1, note=NOTE),
        "the decision of leaf 1 does not come out again",
    ),
    "a quarantine below without a checkpoint": (
        lambda e: leaf_of(e[1], verdict=Verdict.QUARANTINED, reason=Reason.QUARANTINED_BELOW),
        "a lower gateway's checkpoint is none",
    ),
    "a replacement without its statement": (
        lambda e: leaf_of(
            e[1], type=LeafType.REPLACEMENT, reason=Reason.REPLACES, statement=bytes(32)
        ),
        "the statement of leaf 1 is none",
    ),
    "no ruling": (
        lambda e: e[4]._replace(position=1, ruling=None),
        "the ruling of leaf 1 has no effect: MALFORMED",
    ),
}
NOTE = sign_checkpoint(
    Checkpoint(CENTRE, 0, EMPTY_ROOT),
    GIVEN.gateway_keys[CENTRE].public,
    GIVEN.gateway_keys[CENTRE].sign,
)


@pytest.mark.parametrize("lie", LIES)
def test_what_cannot_have_happened_is_not_repeated(lie: str) -> None:
    _, entries = story()
    change, told = LIES[lie]
    entries[1] = change(entries)
    with pytest.raises(Damaged, match=told):
        made_of(entries)


def test_a_log_that_ends_within_a_decision_is_not_repeated() -> None:
    """The report that closes a gap decides those that waited for it, too."""
    scene = Scene().until(K.OPEN)
    missing = scene.box.report(K.TURNOUT)
    scene.admit(scene.box.report(K.TURNOUT))
    scene.admit(missing)
    entries = scene.ledger.entries(0, scene.ledger.log_head().size)
    assert len(entries) == 6
    assert made_of(entries).log_head() == scene.ledger.log_head()
    with pytest.raises(Damaged, match="the decision of leaf 4 does not come out again"):
        made_of(entries[:5])


def test_a_log_that_ends_before_its_ruling_is_not_repeated() -> None:
    """A naming first sets aside what was built on the rival, then stands in the log."""
    scene = Scene().until(K.OPEN)
    rival = scene.box.forge(K.TURNOUT, accept=3)
    scene.send(K.TURNOUT)
    scene.send(K.TURNOUT)
    scene.admit(rival)
    named = ruling(scene.given, RulingKind.NAME, report_id(rival))
    scene.intake.rule(named, scene.now + 1)
    entries = scene.ledger.entries(0, scene.ledger.log_head().size)
    assert made_of(entries).log_head() == scene.ledger.log_head()
    at = next(entry.position for entry in entries if entry.ruling is not None)
    with pytest.raises(Damaged, match="does not come out again"):
        made_of(entries[:at])


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_log_that_lost_what_follows_a_ruling_is_not_repeated(lost: int) -> None:
    """What waited for the ruling is decided by it, report by report, beyond the end of the log."""
    scene = Scene().until(K.OPEN)
    first, _ = test_rulings.rivals(scene)
    for _ in range(3):
        scene.admit(scene.box.report(K.TURNOUT))
    scene.intake.rule(ruling(scene.given, RulingKind.NAME, report_id(first)), scene.now + 1)
    entries = scene.ledger.entries(0, scene.ledger.log_head().size)
    assert [entry.ruling is not None for entry in entries[-4:]] == [True, False, False, False]
    assert made_of(entries).log_head() == scene.ledger.log_head()
    with pytest.raises(Damaged, match="does not come out again"):
        made_of(entries[:-lost])
