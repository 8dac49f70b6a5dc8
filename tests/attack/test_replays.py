"""Do copies of true reports, and boxes that sign one number twice, change what is counted?"""

import random
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import pytest

from ballotbox_gateway.core.addressing import Addresses
from ballotbox_gateway.core.greeting import check_hello
from ballotbox_gateway.core.intake import HelloResult, Outcome, Road, RoadKind
from ballotbox_gateway.core.ports import StoredReport
from ballotbox_gateway.core.roster import Authentic, Roster
from ballotbox_protocol.election.identifiers import ElectionDigest, Mode, ReportId
from ballotbox_protocol.wire import trust
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.report import Clock, ClockQuality, JournalHead, ReportKind
from ballotbox_protocol.wire.statements import Hello, open_statement, sign_statement
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.attack.marker import Without
from tests.attack.planted import KEEPS_THE_NEWEST
from tests.gateway.scene import Scene
from tests.gateway.scripted import NOW, ORIGIN, ScriptedBox, authority
from tests.gateway.two_elections import OFFICIAL, REKEYED, official, rehearsal

K = ReportKind
_LINE = Road(RoadKind.SERIAL, "line")
_LATER = Clock(NOW + 60, ClockQuality.FREE_RUNNING, 1)


def _rows(scene: Scene) -> list[StoredReport]:
    return scene.ledger.reports_of(scene.box.box, 0, None)


def _put_back(box: ScriptedBox) -> ScriptedBox:
    """A box with the memory that this one has now."""
    return replace(box, said=list(box.said))


@pytest.mark.attack(
    1,
    says=[Reason.IN_ORDER, Reason.GAP_CLOSED],
    without=[
        Without("ballotbox_gateway.core.boxchain:BoxChain.known", lambda *_: None),
        Without("ballotbox_gateway.ledger.memory:MemoryLedger._require_expected", lambda *_: None),
    ],
)
def test_a_thousand_copies_in_any_order_leave_what_one_delivery_leaves() -> None:
    chance = random.Random(1)
    once = Scene()
    day = once.box.day(turnouts=4)
    once.admit(*day)
    flood = day * (1_000 // len(day) + 1)
    for _ in range(4):
        scene = Scene(once.given)
        chance.shuffle(flood)
        for at in range(0, len(flood), 7):
            scene.admit(*flood[at : at + 7])
        assert {row.id for row in _rows(scene)} == {row.id for row in _rows(once)}
        assert {row.verdict for row in _rows(scene)} == {Verdict.ACCEPTED}
        facts = [each.ledger.box_head(each.box.box).facts for each in (scene, once)]
        assert facts[0] == facts[1]


def _any_challenge(roster: Roster, data: bytes, _challenge: bytes, road: Road) -> object:
    """A gateway that forgot which challenge it gave on this connection."""
    key = next(iter(roster.trusted.greeters.values())).key
    return check_hello(roster, data, open_statement(data, key, Hello).challenge, road)


@pytest.mark.attack(1, without=Without("ballotbox_gateway.core.intake:check_hello", _any_challenge))
def test_a_recorded_hello_proves_nothing_on_another_connection() -> None:
    scene = Scene()
    key, digest = scene.box.key, scene.given.trusted.digest
    recorded = sign_statement(Hello(digest, scene.box.box, bytes(16), 1, 0), key.public, key.sign)
    assert scene.intake.hello(recorded, bytes(16), _LINE).result is HelloResult.FRESH
    assert scene.intake.hello(recorded, b"another challeng", _LINE).result is HelloResult.CHALLENGE


_BIND = Roster._bind


def _any_election(self: Roster, given: Authentic) -> object:
    """A gateway that reads every report as one of its own election."""
    return _BIND(self, given._replace(report=replace(given.report, election=self.trusted.digest)))


@pytest.mark.attack(
    2,
    says=[Reason.OTHER_ELECTION],
    without=Without("ballotbox_gateway.core.roster:Roster._bind", _any_election),
)
def test_no_report_of_one_election_enters_the_log_of_another() -> None:
    """One box with one key serves two elections; every report of each is played to the other."""
    given = authority()
    other = replace(given.trusted, digest=ElectionDigest(b"\x02" * 32))
    scenes = [Scene(given), Scene(replace(given, trusted=other))]
    days = [scene.box.day() for scene in scenes]
    for scene, day in zip(scenes, reversed(days), strict=True):
        for message in day:
            answer = scene.answer(message)
            assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.OTHER_ELECTION)
            assert answer.message is not None
            assert answer.message.kind is MessageKind.REFUSAL
        assert (scene.ledger.log_head().size, _rows(scene)) == (0, [])


def _first_door(self: Addresses, _message: bytes) -> object:
    """A gateway that gives whatever a shared road brings to its first election."""
    return self._elections[0]


@pytest.mark.attack(
    2,
    says=[Reason.IN_ORDER, Reason.UNKNOWN_KEY],
    without=Without("ballotbox_gateway.core.addressing:Addresses.of_message", _first_door),
)
def test_two_elections_on_one_line_stay_two() -> None:
    """Each report lands where it says; who names an election without its keys gets nowhere."""
    scenes = [Scene(rehearsal(), ORIGIN), Scene(official(), OFFICIAL)]
    addresses = Addresses(
        [SimpleNamespace(trusted=s.given.trusted, origin=s.origin, at=s) for s in scenes]
    )

    def on_the_line(report: bytes) -> tuple[Scene, Reason]:
        scene = addresses.of_message(Message(MessageKind.REPORT, report).to_bytes()).at
        return scene, scene.answer(report, _LINE).reason

    for both in zip(*(scene.box.day() for scene in scenes), strict=True):
        for scene, report in zip(scenes, both, strict=True):
            assert on_the_line(report) == (scene, Reason.IN_ORDER)
    sizes = [scene.ledger.log_head().size for scene in scenes]
    for scene, other in (scenes, scenes[::-1]):
        stolen = ScriptedBox(scene.given, REKEYED)
        forged = stolen.forge(K.BOOT, election=other.given.trusted.digest)
        assert on_the_line(forged) == (other, Reason.UNKNOWN_KEY)
    assert [scene.ledger.log_head().size for scene in scenes] == sizes


_OPEN = trust.open_definition


def _any_mode(signed: bytes, root: trust.RootKey) -> object:
    """A reader that does not ask for which mode the root key may sign."""
    for mode in Mode:
        try:
            return _OPEN(signed, replace(root, mode=mode))
        except trust.Distrust:
            continue
    raise trust.Distrust("no mode fits")


@pytest.mark.attack(2, without=Without("ballotbox_protocol.wire.trust:open_definition", _any_mode))
def test_the_root_of_one_mode_vouches_for_no_other() -> None:
    given = authority()
    for mode in sorted(set(Mode) - {given.root.mode}):
        with pytest.raises(trust.Distrust, match="mode is"):
            trust.establish(replace(given.root, mode=mode), given.definition, given.register)


@pytest.mark.attack(3, says=[Reason.SAME_SEQUENCE], without=KEEPS_THE_NEWEST)
def test_a_box_put_back_at_any_step_is_caught_by_its_next_report() -> None:
    given = authority()
    for cut in range(len(Scene(given).box.day())):
        scene, copies = Scene(given), []
        for kind in (K.BOOT, K.ZERO, K.OPEN, K.TURNOUT, K.TURNOUT, K.CLOSE, K.FINAL):
            copies.append(_put_back(scene.box))
            scene.send(kind)
        answer = scene.answer(copies[cut].report(K.BOOT, clock=_LATER))
        assert (answer.outcome, answer.reason) == (Outcome.EVIDENCE, Reason.SAME_SEQUENCE), cut
        both = scene.ledger.reports_of(scene.box.box, cut, cut + 1)
        assert [row.verdict for row in both] == [Verdict.EVIDENCE] * 2
        assert scene.ledger.box_head(scene.box.box).disputed == 1


@pytest.mark.attack(
    3,
    says=[Reason.BOOT, Reason.JOURNAL],
    without=Without("ballotbox_gateway.core.content:_ratchets", lambda *_: None),
)
def test_boot_count_and_journal_never_turn_back() -> None:
    """The old memory goes on under the next number: somebody has seen what came since."""
    scene = Scene().until(K.OPEN)
    assert scene.send(K.BOOT).reason is Reason.IN_ORDER
    assert scene.send(K.BOOT, boot=2).reason is Reason.BOOT
    assert scene.send(K.TURNOUT, boot=1).reason is Reason.BOOT
    for size in range(scene.ledger.box_head(scene.box.box).facts.journal_size + 1):
        told = scene.send(K.TURNOUT, boot=2, journal=JournalHead(size, bytes(32)))
        assert told.reason is Reason.JOURNAL, size


@pytest.mark.attack(
    3,
    says=[Reason.LAW_MONOTONE, Reason.LAW_LIFETIME],
    without=[
        Without("ballotbox_gateway.core.content:monotone_breach", lambda *_: None),
        Without("ballotbox_gateway.core.content:lifetime_breach", lambda *_: None),
    ],
)
def test_no_counter_of_a_box_turns_back() -> None:
    scene = Scene().until(K.TURNOUT)
    earlier = scene.counters(presented=5, accepted=5, box=5, ballots=5, lifetime=105)
    assert scene.send(K.TURNOUT, counters=earlier).reason is Reason.LAW_MONOTONE
    longer_life = scene.counters(presented=10, accepted=10, box=10, ballots=10, lifetime=111)
    assert scene.send(K.TURNOUT, counters=longer_life).reason is Reason.LAW_LIFETIME


@pytest.mark.attack(5, says=[Reason.SAME_SEQUENCE, Reason.BOX_DISPUTED], without=KEEPS_THE_NEWEST)
def test_of_two_twins_at_most_one_is_accepted_and_what_both_said_is_kept() -> None:
    """Acceptance 14: a cloned key, in any order of the two: at most one is accepted."""
    given = authority()
    for turns in combinations(range(6), 3):
        scene = Scene(given).until(K.OPEN)
        twin = _put_back(scene.box)
        said = [scene.box.report(K.TURNOUT, accept=10) for _ in range(3)]
        rival = [twin.report(K.TURNOUT, accept=90) for _ in range(3)]
        order = [(said if at in turns else rival).pop(0) for at in range(6)]
        for message in order:
            scene.admit(message)
        rows = [row for row in _rows(scene) if row.sequence > 2]
        assert len(rows) == 6
        accepted = [row.sequence for row in rows if row.verdict is Verdict.ACCEPTED]
        assert len(accepted) == len(set(accepted))
        first = [row.verdict for row in rows if row.sequence == 3]
        assert first == [Verdict.EVIDENCE] * 2
        assert {ReportId(row.id) for row in rows} == {scene.row(each).id for each in order}
