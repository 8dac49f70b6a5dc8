"""Can a log be put back, forked, cut short, bypassed or flooded without anybody seeing it?"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import permutations

import pytest

from ballotbox_gateway.core.books import Books
from ballotbox_gateway.core.correspondence import Correspondence, Route
from ballotbox_gateway.core.draft import Draft
from ballotbox_gateway.core.intake import Arrival
from ballotbox_gateway.core.log import Log
from ballotbox_gateway.core.ports import LedgerFailure, LogHead, StoredReport, Unauthentic
from ballotbox_gateway.core.samples import SAMPLES_PER_PERIOD
from ballotbox_gateway.core.upward import UpwardConflict, UpwardFault
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.checkpoint import (
    Checkpoint,
    CheckpointFault,
    parse_note,
    sign_checkpoint,
    verify_checkpoint,
)
from ballotbox_protocol.wire.merkle import leaf_hash
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.report import HeldCheckpoint, ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core import outcome
from ballotbox_tabulation.core.faults import Fault, LogFault
from ballotbox_tabulation.core.log import open_log, read_leaves
from tests.attack.marker import Without
from tests.gateway.below import Levels
from tests.gateway.failing import FailingLedger
from tests.gateway.failing import Fault as CommitFault
from tests.gateway.scene import Scene
from tests.gateway.scripted import (
    CENTRE,
    NOW,
    ORIGIN,
    OTHER,
    ROAD,
    arrivals,
    authority,
    intake,
    memory,
    report_id,
    ruling,
)
from tests.tabulation.folding import codes, read
from tests.tabulation.log_builder import LogBuilder, authority_of, count

K = ReportKind
_NO_ECHO = Without("ballotbox_gateway.core.content:ContentRules._echo", lambda *_: None)


def _held(scene: Scene) -> HeldCheckpoint:
    size, root = scene.ledger.log_head()
    return HeldCheckpoint(origin_id(ORIGIN), size, root)


@pytest.mark.attack(4, 7, says=[Reason.HELD_AHEAD], without=_NO_ECHO)
def test_every_older_copy_of_a_ledger_is_exposed_by_the_next_report() -> None:
    """The box was given the newest receipt before the copy was put in place."""
    newest, copies = Scene(authority()), []
    for kind in (K.BOOT, K.ZERO, K.OPEN, K.TURNOUT, K.TURNOUT):
        copies.append(deepcopy(newest.ledger))
        newest.send(kind)
    message = newest.box.report(K.TURNOUT, held=_held(newest))
    for copy in copies:
        scene = Scene(newest.given)
        scene.ledger, scene.intake = copy, intake(newest.given, copy)
        answer = scene.admit(*newest.box.said[copy.log_head().size :]).answers[-1]
        assert scene.row(message).verdict is not Verdict.ACCEPTED
        assert answer.reason is Reason.HELD_AHEAD


def _believes_the_box(note: bytes, _origin: str, _key: bytes) -> object:
    """A gateway that asks for no signature of its own before it convicts itself."""
    signed = parse_note(note)
    return signed if isinstance(signed, CheckpointFault) else signed.checkpoint


@pytest.mark.attack(
    4,
    without=Without("ballotbox_gateway.core.exposure:verify_checkpoint", _believes_the_box),
)
def test_no_box_convicts_an_honest_log_with_a_note_of_its_own_making() -> None:
    scene = Scene().until(K.OPEN)
    told = Checkpoint(ORIGIN, 99, b"\x07" * 32)
    for key in (scene.box.key, scene.given.gateway_keys[OTHER]):
        forged = sign_checkpoint(told, key.public, key.sign)
        assert scene.intake.confront(forged, NOW) is None
    assert scene.ledger.contradictions() == []


@pytest.mark.attack(
    4,
    6,
    says=[Reason.HELD_FORK],
    without=Without("ballotbox_gateway.core.exposure:Exposure._convict", lambda *_: None),
)
def test_the_signed_checkpoint_of_another_view_convicts_the_log() -> None:
    """Both logs are of one length, so that nothing but the roots tells them apart."""
    scene, other = Scene().until(K.OPEN), Scene().until(K.BOOT)
    other.send(K.INCIDENT)
    other.send(K.INCIDENT)
    size = scene.ledger.log_head().size
    own, shown = (each.ledger.checkpoint_at(size) for each in (scene, other))
    assert scene.intake.confront(own.note, NOW) is None
    assert scene.intake.confront(shown.note, NOW) == Checkpoint(ORIGIN, size, shown.root)
    assert scene.ledger.contradictions() == [shown.note]
    assert scene.intake.confront(scene.ledger.checkpoint_at(1).note, NOW) is None


@pytest.mark.attack(4, says=[Reason.HELD_AHEAD], without=_NO_ECHO)
def test_an_echo_beyond_the_log_is_never_accepted() -> None:
    for beyond in (1, 2, 1_000):
        scene = Scene().until(K.OPEN)
        size, root = scene.ledger.log_head()
        echo = HeldCheckpoint(origin_id(ORIGIN), size + beyond, root)
        assert scene.send(K.TURNOUT, held=echo).reason is Reason.HELD_AHEAD


@pytest.mark.attack(
    4, without=Without("ballotbox_gateway.core.delivery:Outbox.conflict", lambda *_: None)
)
def test_an_older_copy_is_told_so_by_the_gateway_above() -> None:
    levels = Levels()
    copies = []
    for kind in (K.BOOT, K.ZERO, K.OPEN):
        copies.append(deepcopy(levels.lower.ledger))
        levels.lower.send(kind)
    levels.carry(levels.lower)
    for copy in copies[1:]:
        restored = intake(levels.given, copy)
        conflict = levels.take(restored.next_upward(CENTRE, 1))
        assert isinstance(conflict, UpwardConflict)
        fault = restored.upward_conflict(conflict, CENTRE)
        assert isinstance(fault, UpwardFault)
        assert "older copy" in fault.fix


@pytest.mark.attack(
    4, 6, without=Without("ballotbox_gateway.core.from_below:_two_logs", lambda *_: ())
)
@pytest.mark.parametrize("again", [2, 3])
def test_an_older_copy_that_grew_again_is_proved_two_logs_by_its_own_key_above(again: int) -> None:
    """At the length that is above it is compared, however much longer it is by then."""
    levels = Levels()
    levels.lower.send(K.BOOT)
    levels.carry(levels.lower)
    restored = intake(levels.given, deepcopy(levels.lower.ledger))
    for kind in (K.ZERO, K.OPEN):
        levels.lower.send(kind)
    levels.carry(levels.lower)
    twin = Scene(levels.given).until(K.BOOT)
    for _ in range(again):
        restored.admit(arrivals(twin.box.report(K.INCIDENT)), NOW)
    conflict = levels.take(restored.next_upward(CENTRE, 100))
    if isinstance(conflict, UpwardConflict):
        assert restored.upward_conflict(conflict, CENTRE) is None
        conflict = levels.take(restored.next_upward(CENTRE, 100))
    assert isinstance(conflict, UpwardFault)
    assert len(conflict.proof) == 2
    key = levels.given.gateway_keys[ORIGIN].public
    before, now = (verify_checkpoint(note, ORIGIN, key) for note in conflict.proof)
    assert before.size == now.size == 3
    assert before.root != now.root


@pytest.mark.attack(
    4, 11, without=Without("ballotbox_gateway.core.books:Books._require_ours", lambda *_: None)
)
def test_a_gateway_does_not_start_over_the_ledger_of_another() -> None:
    given = authority()
    with pytest.raises(InvalidField, match="belongs to"):
        intake(given, memory(given, OTHER))


def _believes_the_leaves(self: Log) -> None:
    """A gateway that takes what is there for the whole."""
    self._append([leaf_hash(leaf) for leaf in self._ledger.leaves(self._tree.size)])
    self.head = LogHead(self._tree.size, self._frontier.root())


@pytest.mark.attack(
    7, 4, without=Without("ballotbox_gateway.core.log:Log.catch_up", _believes_the_leaves)
)
def test_a_ledger_that_lost_its_tail_or_anything_else_stops_the_start() -> None:
    scene = Scene().until(K.FINAL)
    for kept in range(scene.ledger.log_head().size):
        for lost in (slice(kept, None), slice(kept, kept + 1)):
            ledger = deepcopy(scene.ledger)
            del ledger._leaves[lost]
            with pytest.raises(LedgerFailure, match="damaged or was tampered with"):
                intake(scene.given, ledger)


_STANDINGS = outcome.read_standings


def _skips_faults(log: object, entries: Iterable[object], shelf: object) -> object:
    """A reader that leaves out what it cannot read."""
    return _STANDINGS(log, [each for each in entries if not isinstance(each, Fault)], shelf)


@pytest.mark.attack(
    7, without=Without("ballotbox_tabulation.core.outcome:read_standings", _skips_faults)
)
def test_an_exported_log_cut_at_any_byte_has_no_result() -> None:
    given = authority_of(boxes=1)
    log = LogBuilder(given)
    row, counters = count(given, [])
    log.decide(log.pen(0).final(row, counters))
    files = log.files()
    assert _is_published(given, files)
    for path, data in files.items():
        for cut in range(len(data)):
            assert not _is_published(given, files | {path: data[:cut]}), (path, cut)


def _is_published(given: object, files: dict[str, bytes]) -> bool:
    opened = open_log(files.get, given.trusted)
    if isinstance(opened, Fault):
        return False
    return isinstance(
        outcome.conclude(opened, read_leaves(opened), given.root, "test 1"), outcome.Published
    )


@pytest.mark.attack(6, says=[Reason.HELD_FORK], without=_NO_ECHO)
def test_a_box_that_was_shown_another_log_exposes_it() -> None:
    scene, other = Scene().until(K.OPEN), Scene().until(K.BOOT)
    other.send(K.INCIDENT)
    other.send(K.INCIDENT)
    assert _held(scene).size == _held(other).size
    assert scene.send(K.TURNOUT, held=_held(other)).reason is Reason.HELD_FORK


@pytest.mark.attack(
    6,
    without=Without("ballotbox_tabulation.core.evidence:Evidence._lower_fault", lambda *_: None),
)
def test_two_signed_views_of_one_lower_log_do_not_pass_in_one_log() -> None:
    given = authority_of(boxes=1)
    log = LogBuilder(given)
    pen = log.pen(0)
    for kind, root in ((K.BOOT, b"\x01" * 32), (K.ZERO, b"\x02" * 32)):
        log.decide(pen.write(kind), note=log.lower_note(root, size=1))
    faults = read(given, log.files())
    assert isinstance(faults, list)
    assert codes(faults) == [(LogFault.LOWER_FORK, 1)]


# Row 25


def _bypasses(scene: Scene, message: bytes) -> dict[str, Callable[[], object]]:
    """Everything that the gateway's interfaces let anybody do about a report."""
    identity = report_id(message)

    def restart() -> None:
        scene.intake = intake(scene.given, scene.ledger)

    def ruled(kind: RulingKind, officers: tuple[int, ...]) -> Callable[[], object]:
        return lambda: scene.intake.rule(ruling(scene.given, kind, identity, officers), NOW)

    return {
        "sent again": lambda: scene.admit(message),
        "sent by another road": lambda: scene.admit(message, message),
        "a restart": restart,
        "the same register": lambda: scene.intake.replace_register(scene.given.trusted),
        "released by one": ruled(RulingKind.RELEASE, (0,)),
        "named by two": ruled(RulingKind.NAME, (0, 1)),
        "released by one twice": ruled(RulingKind.RELEASE, (1, 1)),
        "followed": lambda: scene.send(K.INCIDENT),
    }


_BY_ONE = Without("ballotbox_gateway.core.rulings:Bench._signed", lambda *_: True)


@pytest.mark.attack(25, says=[Reason.FIRMWARE, Reason.RELEASED], without=_BY_ONE)
def test_no_order_of_anything_accepts_what_two_officers_did_not_release() -> None:
    nobody = Scene()
    for order in permutations(_bypasses(nobody, nobody.box.report(K.BOOT)), 3):
        scene = Scene(authority()).until(K.OPEN)
        message = scene.box.report(K.TURNOUT, firmware=bytes(32))
        scene.admit(message)
        for name in order:
            _bypasses(scene, message)[name]()
            assert scene.row(message).verdict is Verdict.QUARANTINED, order
        two = ruling(scene.given, RulingKind.RELEASE, report_id(message))
        before = scene.ledger.log_head().size
        scene.intake.rule(two, NOW)
        row = scene.row(message)
        assert (row.verdict, row.reason) == (Verdict.ACCEPTED, Reason.RELEASED)
        assert (row.newest, scene.ledger.log_head().size) == (before, before + 1)
        (entry,) = scene.ledger.entries(row.newest, row.newest + 1)
        assert entry.ruling == two


_DECIDE = Draft.decide


def _decides_silently(self: Draft, row: StoredReport) -> None:
    """A gateway that changes a verdict in its rows and not in its log."""
    if row.newest == row.first:
        _DECIDE(self, row)


@pytest.mark.attack(
    25,
    says=[Reason.GAP_CLOSED],
    without=Without("ballotbox_gateway.core.draft:Draft.decide", _decides_silently),
)
def test_a_verdict_changes_with_a_leaf_and_never_without() -> None:
    scene = Scene().until(K.OPEN)
    missing, held = scene.box.report(K.TURNOUT), scene.box.report(K.TURNOUT)
    scene.admit(held)
    assert scene.row(held).verdict is Verdict.HELD
    try:
        scene.admit(missing)
        size = scene.ledger.log_head().size
    except LookupError:
        size = -1
    assert size == 6
    assert scene.row(held).newest == 5


# Row 26


def _careless(self: Books, *commit: object) -> None:
    """A gateway that answers whatever the disk says."""
    try:
        _COMMIT(self, *commit)
    except LedgerFailure:
        return


_COMMIT = Books._commit


class _Letter:
    """A letter that came in by the scene's road."""

    def __init__(self, data: bytes, route: Route) -> None:
        self.data = Message(MessageKind.REPORT, data).to_bytes()
        self.route = route


@pytest.mark.attack(
    26,
    says=[Reason.DISK],
    without=Without("ballotbox_gateway.core.books:Books._commit", _careless),
)
def test_a_full_disk_acknowledges_nothing() -> None:
    scene, said = Scene(), []
    failing = FailingLedger(scene.ledger)
    words = Correspondence(intake(scene.given, failing), lambda: bytes(16), lambda *_: None)
    route = Route(ROAD, said.append)
    message = scene.box.report(K.BOOT)
    for _ in range(3):
        failing.fault = CommitFault.DISK_FULL
        with pytest.raises(LedgerFailure):
            words.settle([_Letter(message, route)], NOW)
        assert said == []
    words.settle([_Letter(message, route)], NOW)
    assert [each.kind for each in said] == [MessageKind.RECEIPT]


def _keeps_everything(
    _self: object, turned_away: Iterable[tuple[Arrival, Reason]], now: int
) -> list[Unauthentic]:
    """A gateway that keeps whatever anybody sends."""
    return [
        Unauthentic(arrival.data[-32:], reason, arrival.road.name, arrival.data, 1, now)
        for arrival, reason in turned_away
    ]


@pytest.mark.attack(
    26,
    says=[Reason.ENVELOPE],
    without=Without("ballotbox_gateway.core.samples:Sampler.samples", _keeps_everything),
)
def test_a_flood_of_what_nobody_signed_leaves_a_bounded_record() -> None:
    scene = Scene()
    for burst in range(8):
        scene.admit(*(b"%16000d %40d" % (burst, number) for number in range(64)))
    kept = scene.ledger.unauthentic()
    assert len(kept) <= SAMPLES_PER_PERIOD
    assert sum(len(each.sample) for each in kept) <= SAMPLES_PER_PERIOD * 1_024
    assert sum(scene.ledger.counts().values()) == 8 * 64
